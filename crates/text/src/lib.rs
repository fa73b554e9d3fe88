//! What can be read in a customer's text without a model: its script and language, whether it says no more than
//! thanks or goodbye, the personal data in it, and facts such as order numbers and amounts; and how any text is put
//! into a page.
//!
//! Pure functions over text. What a text means for a case is the services' matter; what it is about is the
//! classifier's.
#![forbid(unsafe_code)]

pub mod facts;
pub mod gratitude;
pub mod html;
pub mod language;
pub mod lexicon;
pub mod mask;
mod numbers;
mod personal;
pub mod script;
