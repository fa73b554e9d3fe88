//! After-sales rules: what may be returned, exchanged, refunded or repaired, within which time and on which terms.
//!
//! Owns the terms. Holding an order against them, with reasons for the customer, belongs to the escalation service.

use std::str::FromStr;

use kefu_contracts::{AfterSalesKind, OrderStatus};
use serde::Serialize;

use crate::read::{At, Fields, Report, distinct, integer, list, text, word};

/// The longest period of a rule, in days.
const DAYS_MAX: i64 = 3_660;

/// Who pays for sending goods back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Freight {
    /// The customer.
    Buyer,
    /// The shop.
    Seller,
}

impl FromStr for Freight {
    type Err = String;

    fn from_str(word: &str) -> Result<Freight, String> {
        match word {
            "buyer" => Ok(Freight::Buyer),
            "seller" => Ok(Freight::Seller),
            _ => Err(format!("unknown payer `{word}`; use buyer or seller")),
        }
    }
}

/// The terms for some kinds of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AfterSalesRule {
    /// Kinds of requests; empty means all.
    pub kinds: Vec<AfterSalesKind>,
    /// Days of 24 hours counted from `of`; `None` is without limit.
    pub within_days: Option<u32>,
    /// The order's step from which the days count.
    pub of: OrderStatus,
    /// Product categories that are excepted.
    pub except_categories: Vec<String>,
    /// Conditions of the goods that are taken; empty means any.
    pub condition: Vec<String>,
    /// Who pays for sending back, if the rule says.
    pub freight: Option<Freight>,
    /// What the customer does next, in order.
    pub steps: Vec<String>,
}

impl AfterSalesRule {
    /// Whether the rule is for this kind of request.
    pub fn covers(&self, kind: AfterSalesKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// The length of the period in milliseconds, if it is limited.
    pub fn within_ms(&self) -> Option<i64> {
        self.within_days.map(|days| i64::from(days) * crate::duration::DAY_MS)
    }
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<Vec<AfterSalesRule>> {
    list(at, report, read_rule)
}

fn read_rule(at: &At<'_>, report: &mut Report) -> Option<AfterSalesRule> {
    let mut fields = Fields::of(at, report)?;
    let rule = AfterSalesRule {
        kinds: fields.or("kinds", Vec::new(), report, |at, report| distinct(at, report, word)),
        within_days: fields.optional("within_days", report, read_days),
        of: fields.or("of", OrderStatus::Delivered, report, word),
        except_categories: fields.or("except_categories", Vec::new(), report, |at, report| distinct(at, report, text)),
        condition: fields.or("condition", Vec::new(), report, |at, report| distinct(at, report, text)),
        freight: fields.optional("freight", report, word),
        steps: fields.or("steps", Vec::new(), report, |at, report| list(at, report, text)),
    };
    fields.finish(report);
    Some(rule)
}

fn read_days(at: &At<'_>, report: &mut Report) -> Option<u32> {
    match integer(at, report)? {
        days @ 1..=DAYS_MAX => u32::try_from(days).ok(),
        days => report.refuse(at, format!("{days} days; write 1 to {DAYS_MAX}, or leave it out for no limit")),
    }
}
