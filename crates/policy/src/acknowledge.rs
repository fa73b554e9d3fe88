//! Who gets an automatic acknowledgement, and when it counts.

use std::str::FromStr;

use kefu_contracts::Channel;
use serde::Serialize;

use crate::read::{At, Fields, Report, distinct, word};

/// The instant at which a case counts as acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AcknowledgedOn {
    /// When the acknowledgement was sent.
    Emitted,
    /// When its receipt says that it was delivered.
    Delivered,
}

impl FromStr for AcknowledgedOn {
    type Err = String;

    fn from_str(word: &str) -> Result<AcknowledgedOn, String> {
        match word {
            "emitted" => Ok(AcknowledgedOn::Emitted),
            "delivered" => Ok(AcknowledgedOn::Delivered),
            _ => Err(format!("`{word}` is no such instant; use emitted or delivered")),
        }
    }
}

/// Automatic acknowledgements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcknowledgeSettings {
    /// Channels on which they are sent.
    pub channels: Vec<Channel>,
    /// When a case counts as acknowledged.
    pub on: AcknowledgedOn,
}

impl Default for AcknowledgeSettings {
    fn default() -> Self {
        AcknowledgeSettings { channels: vec![Channel::Chat, Channel::Email], on: AcknowledgedOn::Emitted }
    }
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<AcknowledgeSettings> {
    let mut fields = Fields::of(at, report)?;
    let default = AcknowledgeSettings::default();
    let settings = AcknowledgeSettings {
        channels: fields.or("channels", default.channels, report, |at, report| distinct(at, report, word)),
        on: fields.or("on", default.on, report, word),
    };
    fields.finish(report);
    Some(settings)
}
