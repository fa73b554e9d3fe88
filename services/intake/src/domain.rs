//! The rules of intake: pure functions over plain data.
//!
//! An event is checked and typed (`event`, `admission`), becomes an [`input::Input`], is given to a case (`division`)
//! and changes it (`life_cycle`, `step`); `fold` makes a case's facts from all of its inputs, `case_record` keeps both
//! and tells what changed. `budget` bounds what is
//! kept. `case_fact`, `notices` and
//! `decisions` put facts and messages into records. Nothing here knows of
//! contexts, topics or clocks.

pub mod admission;
pub mod budget;
pub mod case_fact;
pub mod case_record;
pub mod conversation;
pub mod customer_file;
pub mod decisions;
pub mod division;
pub mod event;
pub mod facts;
pub mod fold;
pub mod input;
pub mod known_customer;
pub mod life_cycle;
pub mod limits;
pub mod merge;
pub mod missing;
pub mod notices;
pub mod order_record;
pub mod seen;
pub mod status;
pub mod step;
pub mod texts;
