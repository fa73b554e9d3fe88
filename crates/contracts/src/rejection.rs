//! Why a record or a command was refused.
//!
//! Each code has a page in `docs/rejections` that says what it means and what to do; a test keeps both lists equal.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// Why a record or a command was refused; a bounded set, so that it can label a metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant),+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as it stands in headers, problems and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word),+ }
            }
        }
    };
}

codes! {
    /// The payload cannot be decoded.
    Undecodable = "undecodable",
    /// The payload names a schema nobody knows.
    UnknownSchema = "unknown_schema",
    /// A key that is no UTF-8, or does not fit its value.
    BadKey = "bad_key",
    /// A processor panicked on the record.
    Panic = "panic",
    /// The event's type is unknown.
    UnknownEventType = "unknown_event_type",
    /// A field is missing that the type needs.
    MissingField = "missing_field",
    /// A field holds what it must not hold.
    InvalidField = "invalid_field",
    /// A field or record is larger than allowed.
    TooLarge = "too_large",
    /// The instant is before 2000 or too far ahead.
    TimeOutOfRange = "time_out_of_range",
    /// The event needs a case, and there is none.
    NoCase = "no_case",
    /// The case is closed.
    CaseClosed = "case_closed",
    /// The case cannot be merged into that one.
    MergeRefused = "merge_refused",
    /// The command's kind is unknown.
    UnknownCommand = "unknown_command",
    /// What the command is aimed at does not exist.
    NotFound = "not_found",
    /// What the command is aimed at is in a state that does not allow it.
    Conflict = "conflict",
    /// It was answered before.
    AlreadyAnswered = "already_answered",
    /// Its time is over.
    Expired = "expired",
    /// The actor may not do this.
    Forbidden = "forbidden",
    /// The command's id was used for something else.
    IdempotencyMismatch = "idempotency_mismatch",
    /// The policy has faults.
    InvalidPolicy = "invalid_policy",
}

/// The codes of problems that only HTTP requests have; no record is refused with them.
pub const HTTP_CODES: &[&str] = &[
    "bad_request",
    "no_survey_key",
    "state_unreadable",
    "unauthorized",
    "unavailable",
    "unsupported_encoding",
    "unsupported_media_type",
    "unwritable",
];

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: the record becomes a dead letter, the command gets a problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Reject {
    /// Why.
    pub code: Code,
    /// What, where, and what to do; no personal data.
    pub detail: String,
}

impl Reject {
    /// A refusal with its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}
