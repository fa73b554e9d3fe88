//! Surveys and follow-up visits: when they go out and when not.

use std::collections::BTreeMap;
use std::str::FromStr;

use kefu_contracts::Channel;
use serde::Serialize;

use crate::duration::{self, DAY_MS, HOUR_MS};
use crate::read::{At, Fields, Report, distinct, duration, id, positive_duration, time_to, word};

/// How satisfaction is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SurveySettings {
    /// Time between two invitations of one customer, in milliseconds.
    #[serde(rename = "quiet", serialize_with = "duration::as_text")]
    pub quiet_ms: i64,
    /// Time to answer, in milliseconds.
    #[serde(rename = "expires", serialize_with = "duration::as_text")]
    pub expires_ms: i64,
    /// Time from the invitation to the reminder in milliseconds; `None` sends none.
    #[serde(rename = "remind_after", serialize_with = "duration::as_optional_text")]
    pub remind_after_ms: Option<i64>,
    /// The factors that customers rank.
    pub factors: Vec<String>,
    /// Time after the customer's last message in which a channel may still be used, in milliseconds.
    #[serde(serialize_with = "duration::as_text_by_key")]
    pub channel_window: BTreeMap<Channel, i64>,
}

impl Default for SurveySettings {
    fn default() -> Self {
        SurveySettings {
            quiet_ms: 30 * DAY_MS,
            expires_ms: 7 * DAY_MS,
            remind_after_ms: Some(2 * DAY_MS),
            factors: ["speed", "solved", "politeness", "knowledge", "effort"].map(str::to_owned).to_vec(),
            channel_window: BTreeMap::from([(Channel::Social, 24 * HOUR_MS)]),
        }
    }
}

impl SurveySettings {
    /// The time in milliseconds for which the channel may be used after the customer's last message, if limited.
    pub fn channel_window_ms(&self, channel: Channel) -> Option<i64> {
        self.channel_window.get(&channel).copied()
    }
}

/// Who is told of promotions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promotions {
    /// Customers who agreed, until they opt out.
    OptIn,
    /// Nobody.
    Never,
}

impl FromStr for Promotions {
    type Err = String;

    fn from_str(word: &str) -> Result<Promotions, String> {
        match word {
            "opt_in" => Ok(Promotions::OptIn),
            "never" => Ok(Promotions::Never),
            _ => Err(format!("`{word}` is no way to send promotions; use opt_in or never")),
        }
    }
}

/// When customers are visited again; `None` is never (written `null`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowUpSettings {
    /// Time from the end of a complaint to the visit, in milliseconds.
    #[serde(rename = "complaint", serialize_with = "duration::as_optional_text")]
    pub complaint_ms: Option<i64>,
    /// Time from the end of a return or exchange to the visit, in milliseconds.
    #[serde(rename = "after_sales", serialize_with = "duration::as_optional_text")]
    pub after_sales_ms: Option<i64>,
    /// Time between two visits of an important customer, in milliseconds.
    #[serde(rename = "important_every", serialize_with = "duration::as_optional_text")]
    pub important_every_ms: Option<i64>,
    /// Time from delivery to a message of care, in milliseconds.
    #[serde(rename = "care_after_delivery", serialize_with = "duration::as_optional_text")]
    pub care_after_delivery_ms: Option<i64>,
    /// Who is told of promotions.
    pub promotions: Promotions,
}

impl Default for FollowUpSettings {
    fn default() -> Self {
        FollowUpSettings {
            complaint_ms: Some(3 * DAY_MS),
            after_sales_ms: Some(2 * DAY_MS),
            important_every_ms: Some(90 * DAY_MS),
            care_after_delivery_ms: Some(5 * DAY_MS),
            promotions: Promotions::OptIn,
        }
    }
}

pub(crate) fn read_survey(at: &At<'_>, report: &mut Report) -> Option<SurveySettings> {
    let mut fields = Fields::of(at, report)?;
    let default = SurveySettings::default();
    let settings = SurveySettings {
        quiet_ms: fields.or("quiet", default.quiet_ms, report, duration),
        expires_ms: fields.or("expires", default.expires_ms, report, positive_duration),
        remind_after_ms: fields.or_off("remind_after", default.remind_after_ms, report, positive_duration),
        factors: fields.or("factors", default.factors, report, |at, report| distinct(at, report, id)),
        channel_window: fields.or("channel_window", default.channel_window, report, time_to),
    };
    fields.finish(report);
    if settings.remind_after_ms.is_some_and(|remind| remind >= settings.expires_ms) {
        report.warn(at, "the reminder falls after the survey has expired: none is sent; shorten `remind_after`");
    }
    Some(settings)
}

pub(crate) fn read_follow_up(at: &At<'_>, report: &mut Report) -> Option<FollowUpSettings> {
    let mut fields = Fields::of(at, report)?;
    let default = FollowUpSettings::default();
    let mut delay = |key, default, report: &mut Report| fields.or_off(key, default, report, positive_duration);
    let settings = FollowUpSettings {
        complaint_ms: delay("complaint", default.complaint_ms, report),
        after_sales_ms: delay("after_sales", default.after_sales_ms, report),
        important_every_ms: delay("important_every", default.important_every_ms, report),
        care_after_delivery_ms: delay("care_after_delivery", default.care_after_delivery_ms, report),
        promotions: fields.or("promotions", default.promotions, report, word),
    };
    fields.finish(report);
    Some(settings)
}
