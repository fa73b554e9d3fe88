//! Articles of the knowledge base.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::{Category, Language, Subtype, Timestamp};

/// An article as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Article {
    /// The article.
    pub article_id: String,
    /// The shop.
    pub tenant: String,
    /// Counts its edits.
    pub version: i64,
    /// The title.
    pub title: String,
    /// The answer it gives.
    pub body: String,
    /// The language it is written in.
    pub language: Language,
    /// What it is about.
    pub category: Option<Category>,
    /// What it is about, more closely.
    pub subtype: Option<Subtype>,
    /// Words that lead to it.
    pub keywords: Vec<String>,
    /// Whether it is no longer used.
    pub retired: bool,
    /// Who edited it last.
    pub edited_by: String,
    /// When it was edited last.
    pub edited_at: Timestamp,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
