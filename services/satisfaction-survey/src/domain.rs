//! The rules of surveys and follow-ups: pure functions over plain data.
//!
//! A case's facts (`case_facts`) become the ends of its service (`course`, `resolution`), each with a verdict
//! (`eligibility`), and the visits and importance that follow (`visits`, `importance`); `told` finds what changed.
//! `quiet` spaces a customer's invitations, `important_visits` plans those visits. `survey` is the life of a survey,
//! `answer` checks what came back, `messages` and `texts` write to the customer, `token` signs links. `follow_up` and
//! `review` are the life of a follow-up, `care` writes after a delivery. Nothing here knows of contexts or clocks.

pub mod answer;
pub mod care;
pub mod case_facts;
pub mod course;
pub mod eligibility;
pub mod follow_up;
pub mod follow_up_cause;
pub mod importance;
pub mod important_visits;
pub mod messages;
pub mod news;
pub mod party;
pub mod quiet;
pub mod resolution;
pub mod review;
pub mod survey;
pub mod texts;
pub mod token;
pub mod told;
pub mod visits;
