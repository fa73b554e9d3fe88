//! What a missing section means, in words, for documents and for `kefu policy default`.

/// The default of one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultDefinition {
    /// The section's key in the document.
    pub section: &'static str,
    /// What applies if it is missing.
    pub definition: &'static str,
}

const fn define(section: &'static str, definition: &'static str) -> DefaultDefinition {
    DefaultDefinition { section, definition }
}

/// Every section that may be missing, in the order of the document.
pub const DEFAULTS: [DefaultDefinition; 18] = [
    define("version", "1; a tenant without a policy has version 0"),
    define("effective_from", "in force always"),
    define("timezone", "UTC"),
    define("calendars", "`always`, which is open at every instant and which every tenant has"),
    define("acknowledge", "automatic acknowledgements on chat and email, counted when they are sent"),
    define("sla", "acknowledge within 30 s on chat and 4 h on email, in the calendar `always`; no other clock"),
    define("escalation", "no rules: a breach is recorded and nobody is called"),
    define("routing", "no rules: cases stay with whoever they are assigned to"),
    define("after_sales", "no rules: people decide every request"),
    define("teams", "no teams"),
    define("staff", "no staff; ids in events are taken as they come"),
    define("shifts", "no shifts: nobody is on shift and no handover is due"),
    define(
        "survey",
        "a customer is asked at most every 30 d, may answer for 7 d and is reminded after 2 d; factors speed, solved, \
         politeness, knowledge and effort; on social within 24 h of the last message",
    ),
    define(
        "follow_up",
        "a visit 3 d after a complaint and 2 d after a return or exchange, every 90 d to important customers; care 5 d \
         after delivery; promotions to those who agreed; a key written as null switches its visit off",
    ),
    define("orders", "an order is stuck after 48 h in paid and 7 d in shipped"),
    define("service_level", "calls answered within 20 s and chats within 30 s are in target"),
    define("reopen_window", "72 h"),
    define("auto_close", "72 h; null never closes by itself"),
];
