//! Which dead letters are meant.

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_runtime::kafka::Letter;

/// What a dead letter must be; what is not given does not matter.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only those of this service.
    #[arg(long)]
    service: Option<String>,
    /// Only those with this code.
    #[arg(long)]
    code: Option<String>,
    /// Only records that came from this topic, such as `cs.channel-events`.
    #[arg(long)]
    topic: Option<String>,
    /// Only those of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Only those refused at this instant or later.
    #[arg(long)]
    since: Option<Timestamp>,
    /// Only those refused before this instant.
    #[arg(long)]
    until: Option<Timestamp>,
}

impl Filter {
    /// Whether every letter passes.
    pub(super) fn is_empty(&self) -> bool {
        let names = [&self.service, &self.code, &self.topic, &self.tenant];
        names.iter().all(|name| name.is_none()) && self.since.is_none() && self.until.is_none()
    }

    /// Whether `letter` is meant.
    pub(super) fn takes(&self, letter: &Letter) -> bool {
        let is = |wanted: &Option<String>, header| {
            wanted.as_deref().is_none_or(|wanted| letter.header(header) == Some(wanted))
        };
        let at = letter.record().appended_at;
        let tenant_of = |key: &[u8]| key.split(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        is(&self.service, "service")
            && is(&self.code, "code")
            && is(&self.topic, "source-topic")
            && self.tenant.as_ref().is_none_or(|tenant| tenant_of(&letter.record().key) == tenant.as_bytes())
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

#[cfg(test)]
mod tests {
    use kefu_runtime::kafka::LogRecord;

    use super::*;

    fn letter() -> Letter {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Letter::new(LogRecord {
            partition: 0,
            offset: 5,
            appended_at: Timestamp::from_ms(1_000),
            key: b"demo/c-1".to_vec(),
            payload: None,
            headers: vec![
                header("service", "intake"),
                header("code", "no_case"),
                header("source-topic", "cs.channel-events"),
            ],
        })
    }

    #[test]
    fn every_condition_must_hold() {
        let text = |text: &str| Some(text.to_owned());
        let at = |ms| Some(Timestamp::from_ms(ms));
        for (filter, takes) in [
            (Filter::default(), true),
            (Filter { service: text("intake"), code: text("no_case"), ..Filter::default() }, true),
            (Filter { service: text("intake"), code: text("panic"), ..Filter::default() }, false),
            (Filter { topic: text("cs.channel-events"), tenant: text("demo"), ..Filter::default() }, true),
            (Filter { topic: text("orders"), ..Filter::default() }, false),
            (Filter { tenant: text("dem"), ..Filter::default() }, false),
            (Filter { since: at(1_000), until: at(1_001), ..Filter::default() }, true),
            (Filter { until: at(1_000), ..Filter::default() }, false),
            (Filter { since: at(1_001), ..Filter::default() }, false),
        ] {
            assert_eq!(filter.takes(&letter()), takes, "{filter:?}");
        }
    }

    #[test]
    fn only_no_condition_is_none() {
        assert!(Filter::default().is_empty());
        assert!(!Filter { since: Some(Timestamp::from_ms(0)), ..Filter::default() }.is_empty());
    }
}
