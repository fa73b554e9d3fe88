//! Which facts a case lacks before it can be worked on (IN4).

use kefu_contracts::Category;

use super::facts::Facts;

/// What happened.
pub const CONTENT: &str = "content";
/// When it happened.
pub const TIME: &str = "time_of_occurrence";
/// Which order it is about.
pub const ORDER: &str = "order_number";

/// The facts that a case of its category needs and that no input has told.
pub fn of(facts: &Facts) -> Vec<&'static str> {
    if !facts.is(Category::Complaint) {
        return Vec::new();
    }
    let needed = [(CONTENT, facts.has_content), (TIME, facts.has_time), (ORDER, !facts.order_ids.is_empty())];
    needed.into_iter().filter(|(_, known)| !known).map(|(name, _)| name).collect()
}
