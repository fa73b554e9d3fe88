//! Why a record or a command was refused.
//!
//! Each code has a page in `docs/rejections` that says what it means and what to do; a test keeps both lists equal.

macro_rules! codes {
    ($(#[$about:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant),+
        }

        impl $name {
            /// Every code.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The code as it stands in headers, problems and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// Its page in `docs/rejections`, as Markdown.
            pub const fn page(self) -> &'static str {
                match self { $($name::$variant => include_str!(concat!("../../../docs/rejections/", $word, ".md"))),+ }
            }
        }
    };
}

codes! {
    /// Why a record or a command was refused; a bounded set, so that it can label a metric.
    Code:
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

impl Code {
    /// The HTTP status of the answer to a command that is refused with this code.
    pub const fn status(self) -> i64 {
        match self {
            Code::Forbidden => 403,
            Code::NotFound => 404,
            Code::Conflict | Code::AlreadyAnswered | Code::CaseClosed | Code::MergeRefused => 409,
            Code::Expired => 410,
            Code::Undecodable
            | Code::UnknownSchema
            | Code::BadKey
            | Code::Panic
            | Code::UnknownEventType
            | Code::MissingField
            | Code::InvalidField
            | Code::TooLarge
            | Code::TimeOutOfRange
            | Code::NoCase
            | Code::UnknownCommand
            | Code::IdempotencyMismatch
            | Code::InvalidPolicy => 422,
        }
    }
}

codes! {
    /// Why an HTTP request was refused; no record is refused with these.
    HttpCode:
    /// The request cannot be read.
    BadRequest = "bad_request",
    /// A fault of kefu.
    Internal = "internal",
    /// The path does not take this method.
    MethodNotAllowed = "method_not_allowed",
    /// No key signs links for the tenant.
    NoSurveyKey = "no_survey_key",
    /// The processor refused for a reason that this release does not know.
    Refused = "refused",
    /// The request came too slowly.
    RequestTimeout = "request_timeout",
    /// A stored state cannot be read.
    StateUnreadable = "state_unreadable",
    /// The request has no key, or one that is not known.
    Unauthorized = "unauthorized",
    /// The service cannot do it now.
    Unavailable = "unavailable",
    /// The body's encoding is not known.
    UnsupportedEncoding = "unsupported_encoding",
    /// The body's media type is not known.
    UnsupportedMediaType = "unsupported_media_type",
    /// What was checked cannot be written.
    Unwritable = "unwritable",
}

/// The code of an HTTP problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemCode {
    /// A record or a command is refused with it too.
    Shared(Code),
    /// Only requests are.
    Http(HttpCode),
}

impl ProblemCode {
    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        Code::ALL.iter().copied().map(Self::Shared).chain(HttpCode::ALL.iter().copied().map(Self::Http))
    }

    /// Reads a code; none if this release does not know it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|code| code.as_str() == text)
    }

    /// The code as it stands in problems.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProblemCode::Shared(code) => code.as_str(),
            ProblemCode::Http(code) => code.as_str(),
        }
    }

    /// Its page in `docs/rejections`, as Markdown.
    pub const fn page(self) -> &'static str {
        match self {
            ProblemCode::Shared(code) => code.page(),
            ProblemCode::Http(code) => code.page(),
        }
    }
}

impl From<Code> for ProblemCode {
    fn from(code: Code) -> Self {
        ProblemCode::Shared(code)
    }
}

impl From<HttpCode> for ProblemCode {
    fn from(code: HttpCode) -> Self {
        ProblemCode::Http(code)
    }
}

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
