//! The closed sets of words that records use.
//!
//! Owns the words and their spelling, the same in JSON, Avro and policies. What a word leads to is the services'
//! matter.

use std::collections::HashSet;

use apache_avro::Schema;
use apache_avro::schema::Name;

/// Declares an enum whose variants are spelled as words: `as_str`, `ALL`, `Display` and `FromStr` beside serde and
/// Avro.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = ""]
                #[doc = concat!("Written `", $word, "`.")]
                #[serde(rename = $word)]
                $variant
            ),+
        }

        impl $name {
            /// Every word, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl apache_avro::serde::AvroSchemaComponent for $name {
            fn get_schema_in_ctxt(
                names: &mut std::collections::HashSet<apache_avro::schema::Name>,
                _: apache_avro::schema::NamespaceRef<'_>,
            ) -> apache_avro::Schema {
                $crate::vocabulary::words_schema(stringify!($name), &[$($word),+], names)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err($crate::vocabulary::UnknownWord::new(word, &[$($word),+])),
                }
            }
        }
    };
}
pub(crate) use words;

/// An Avro enum of `words`, or a string where Avro's rules for symbols forbid one of them.
pub(crate) fn words_schema(name: &str, words: &[&str], seen: &mut HashSet<Name>) -> Schema {
    let is_symbol = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let Ok(name) = Name::new(format!("kefu.v1.{name}")) else { return Schema::String };
    if !words.iter().all(is_symbol) {
        Schema::String
    } else if seen.insert(name.clone()) {
        Schema::r#enum(name, words.iter().copied().map(String::from).collect::<Vec<_>>()).build()
    } else {
        Schema::Ref { name }
    }
}

/// A word outside its closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word `{word}`; use one of {}", known.join(", "))]
pub struct UnknownWord {
    word: String,
    known: &'static [&'static str],
}

impl UnknownWord {
    pub(crate) fn new(word: &str, known: &'static [&'static str]) -> Self {
        Self { word: word.chars().take(64).collect(), known }
    }
}

words! {
    /// Where a contact came in.
    Channel {
        Chat = "chat", Phone = "phone", Email = "email", Social = "social", Video = "video", WebForm = "web_form",
        Review = "review", Letter = "letter", Visit = "visit", Regulator = "regulator",
    }
}
words! {
    /// Who did something.
    ActorKind {
        Customer = "customer", Agent = "agent", Bot = "bot", System = "system", Department = "department",
        Supervisor = "supervisor",
    }
}
words! {
    /// Where a case stands.
    Status {
        Open = "open", PendingCustomer = "pending_customer", PendingDepartment = "pending_department",
        Resolved = "resolved", Closed = "closed",
    }
}
words! {
    /// What a case is about.
    Category {
        Inquiry = "inquiry", Complaint = "complaint", AfterSales = "after_sales", Suggestion = "suggestion",
        Praise = "praise", Other = "other",
    }
}
words! {
    /// What a case is about, more closely; each word belongs to one category.
    Subtype {
        ProductInfo = "product_info", OrderStatus = "order_status", OrderManagement = "order_management",
        Payment = "payment", Account = "account", Invoice = "invoice", Promotion = "promotion",
        AfterSalesPolicy = "after_sales_policy", HumanAgent = "human_agent",
        /// Of an inquiry or of a complaint.
        Logistics = "logistics",
        Quality = "quality", Service = "service", Price = "price", Fraud = "fraud",
        Return = "return", Exchange = "exchange", Refund = "refund", Repair = "repair",
        Feedback = "feedback", General = "general", Chitchat = "chitchat", Spam = "spam",
    }
}
words! {
    /// How bad it is.
    Severity { Critical = "critical", Major = "major", Minor = "minor" }
}
words! {
    /// What is done first.
    Priority { Urgent = "urgent", High = "high", Normal = "normal", Low = "low" }
}
words! {
    /// The language of a text or of a customer.
    Language { ZhHans = "zh-Hans", ZhHant = "zh-Hant", En = "en", Other = "other" }
}
words! {
    /// What a clock measures.
    Metric {
        Acknowledge = "acknowledge", FirstReply = "first_reply", NextReply = "next_reply",
        PeriodicUpdate = "periodic_update", RequesterWait = "requester_wait", AgentWork = "agent_work",
        Resolution = "resolution", Promised = "promised",
    }
}
words! {
    /// Why a case was closed.
    CloseReason {
        Solved = "solved", Spam = "spam", Duplicate = "duplicate", NoResponse = "no_response", Other = "other",
    }
}
words! {
    /// A mark that people put on a case.
    Flag { Important = "important", SpecialAttention = "special_attention" }
}
words! {
    /// What a customer asks for after a sale.
    AfterSalesKind { Return = "return", Exchange = "exchange", Refund = "refund", Repair = "repair" }
}
words! {
    /// Why the shop's policy grants an after-sales request or not. People may write other words.
    AfterSalesReason {
        WithinPolicy = "within_policy", FreightBuyer = "freight_buyer", FreightSeller = "freight_seller",
        OrderUnknown = "order_unknown", ItemUnknown = "item_unknown", NotOffered = "not_offered",
        NotYet = "step_not_reached", PeriodOver = "period_over", CategoryExcepted = "category_excepted",
        ConditionRefused = "condition_refused", ConditionUnknown = "condition_unknown"
    }
}
words! {
    /// How far an order is.
    OrderStatus {
        Placed = "placed", Paid = "paid", Packed = "packed", Shipped = "shipped", OutForDelivery = "out_for_delivery",
        Delivered = "delivered", Cancelled = "cancelled", Returned = "returned", Refunded = "refunded",
    }
}

impl Subtype {
    /// Whether this subtype may stand under `category`.
    pub fn belongs_to(self, category: Category) -> bool {
        use Subtype as S;
        match category {
            Category::Inquiry => matches!(
                self,
                S::ProductInfo
                    | S::OrderStatus
                    | S::OrderManagement
                    | S::Payment
                    | S::Logistics
                    | S::Account
                    | S::Invoice
                    | S::Promotion
                    | S::AfterSalesPolicy
                    | S::HumanAgent
            ),
            Category::Complaint => matches!(self, S::Quality | S::Service | S::Logistics | S::Price | S::Fraud),
            Category::AfterSales => matches!(self, S::Return | S::Exchange | S::Refund | S::Repair),
            Category::Suggestion => self == S::Feedback,
            Category::Praise => self == S::General,
            Category::Other => matches!(self, S::Chitchat | S::Spam),
        }
    }
}

impl ActorKind {
    /// Whether the contract calls this actor "a person": someone of the shop whose reply counts.
    pub fn is_person(self) -> bool {
        matches!(self, ActorKind::Agent | ActorKind::Supervisor | ActorKind::Department)
    }
}

impl Language {
    /// What is said in this language, of Simplified and Traditional Chinese and English; others get English.
    pub fn pick<T>(self, [zh_hans, zh_hant, en]: [T; 3]) -> T {
        match self {
            Language::ZhHans => zh_hans,
            Language::ZhHant => zh_hant,
            Language::En | Language::Other => en,
        }
    }
}

impl Status {
    /// Whether the case waits for work: not resolved and not closed.
    pub fn is_live(self) -> bool {
        matches!(self, Status::Open | Status::PendingCustomer | Status::PendingDepartment)
    }
}
