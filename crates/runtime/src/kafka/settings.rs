//! What librdkafka is told: kefu's settings of each client, and those that whoever runs it may change.
//!
//! Owns the order: kefu's settings first, then `kafka.properties`, which win. Names that correctness rests on are
//! protected: they are refused where they are given, and never taken from there.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::producer::BaseProducer;

use super::client::{Connection, RECORD_BYTES_MAX, SETTLING};
use super::grouping::Grouping;

const NAMED: &str = "kefu makes it of kafka.prefix, the service and kafka.instance";
const SHARED: &str =
    "kefu shares partitions out cooperatively; the settings are kafka.group_protocol and kafka.membership";
const READ: &str = "kefu reads from the offsets that it commits with its results, and only what was committed";
const ONCE: &str = "nothing may be lost, doubled or overtaken on the way to the log";
const ADDRESS: &str = "the address is the setting kafka.bootstrap, or the flag --kafka";

/// Names that cannot be changed, and why.
const PROTECTED: [(&str, &str); 28] = [
    ("bootstrap.servers", ADDRESS),
    ("metadata.broker.list", ADDRESS),
    ("group.id", NAMED),
    ("group.instance.id", NAMED),
    ("transactional.id", NAMED),
    ("group.protocol", SHARED),
    ("group.protocol.type", SHARED),
    ("group.remote.assignor", SHARED),
    ("partition.assignment.strategy", SHARED),
    ("auto.commit.enable", READ),
    ("auto.commit.interval.ms", READ),
    ("auto.offset.reset", READ),
    ("enable.auto.commit", READ),
    ("enable.auto.offset.store", READ),
    ("enable.partition.eof", READ),
    ("isolation.level", READ),
    ("offset.store.method", READ),
    ("offset.store.path", READ),
    ("offset.store.sync.interval.ms", READ),
    ("acks", ONCE),
    ("request.required.acks", ONCE),
    ("enable.idempotence", ONCE),
    ("enable.gapless.guarantee", ONCE),
    ("queuing.strategy", ONCE),
    ("message.send.max.retries", ONCE),
    ("retries", ONCE),
    ("delivery.report.only.error", "kefu answers a request when its records are durable"),
    ("partitioner", "kefu chooses the partition of each record"),
];

/// Second names of settings that kefu sets; two names of one setting would contradict each other.
const ALIASES: [(&str, &str); 3] = [
    ("queue.buffering.max.ms", "linger.ms"),
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
];

/// Why `name` cannot be changed, if it cannot.
fn protection(name: &str) -> Option<&'static str> {
    PROTECTED.iter().find(|(protected, _)| *protected == name).map(|(_, why)| *why)
}

/// Refuses a property that cannot be set.
///
/// # Errors
/// What is wrong with it, without its value, which may be a secret.
pub fn check_property(name: &str, value: &str) -> Result<(), String> {
    if let Some(why) = protection(name) {
        return Err(format!("cannot be changed: {why}; take it out"));
    }
    match ClientConfig::new().set(name, value).create_native_config() {
        Err(ClientError::ClientConfig(_, reason, _, _)) => {
            // librdkafka repeats the value at the start of some reasons
            Err(format!("librdkafka does not take it: {}", reason.replacen(&format!("\"{value}\""), "the value", 1)))
        }
        Err(error) => Err(format!("librdkafka does not take it: {error}")),
        Ok(_) if name == "transaction.timeout.ms" => {
            let longest = SETTLING.as_millis();
            let fits = value.parse::<u128>().is_ok_and(|timeout| timeout < longest);
            let problem = || format!("not less than {longest}, the longest wait for a last owner; use less");
            if fits { Ok(()) } else { Err(problem()) }
        }
        Ok(_) => Ok(()),
    }
}

/// Everything that is wrong with `kafka.properties`, with the name if one alone is at fault.
pub(crate) fn property_faults(
    properties: &BTreeMap<String, String>,
    grouping: Grouping,
) -> Vec<(Option<String>, String)> {
    let check = |(name, value): (&String, &String)| Some((Some(name.clone()), check_property(name, value).err()?));
    let faults: Vec<_> = properties.iter().filter_map(check).collect();
    if !faults.is_empty() || properties.is_empty() {
        return faults;
    }
    let given = properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    contradiction(given, grouping).map(|problem| (None, problem)).into_iter().collect()
}

/// Properties that fit one by one can contradict each other or kefu's; librdkafka tells when it makes a client.
fn contradiction(properties: Vec<(String, String)>, grouping: Grouping) -> Option<String> {
    let connection = Connection { bootstrap: String::new(), prefix: String::new(), properties };
    let without_broker = |mut config: ClientConfig| {
        config.remove("bootstrap.servers");
        config
    };
    let consumers = [connection.reader("read_committed"), connection.member("check", "check", grouping)];
    let producers = [connection.appender(), connection.transactional("check")];
    let consumers = consumers.map(|config| without_broker(config).create::<BaseConsumer>().err());
    let producers = producers.map(|config| without_broker(config).create::<BaseProducer>().err());
    let first = consumers.into_iter().chain(producers).flatten().next();
    first.map(|error| match error {
        ClientError::ClientCreation(reason) => format!("they do not fit together: {reason}"),
        error => format!("they do not fit together: {error}"),
    })
}

impl Connection {
    /// Settings of a client: `ours`, then the properties.
    pub(crate) fn client(&self, ours: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("client.id", "kefu");
        config.set("topic.metadata.refresh.interval.ms", "30000").set("log.connection.close", "false");
        for (name, value) in ours {
            config.set(*name, *value);
        }
        for (name, value) in self.properties.iter().filter(|(name, _)| protection(name).is_none()) {
            let alias = ALIASES.iter().find(|(alias, _)| alias == name);
            config.set(alias.map_or(name.as_str(), |(_, ours)| ours), value);
        }
        config
    }

    /// Settings for any client.
    pub(crate) fn config(&self) -> ClientConfig {
        self.client(&[])
    }

    /// Settings for a consumer that chooses its partitions itself.
    pub(crate) fn reader(&self, isolation: &str) -> ClientConfig {
        self.consumer(&format!("{}kefu.reader", self.prefix), isolation, &[])
    }

    /// Settings for a consumer of `group`.
    pub(super) fn consumer(&self, group: &str, isolation: &str, further: &[(&str, &str)]) -> ClientConfig {
        let ours = [
            ("group.id", group),
            ("isolation.level", isolation),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("enable.partition.eof", "true"),
            ("fetch.wait.max.ms", "50"),
            ("fetch.queue.backoff.ms", "5"),
            ("queued.max.messages.kbytes", "16384"),
        ];
        self.client(&[&ours, further].concat())
    }

    /// Settings for the producer of a process' APIs.
    pub(crate) fn appender(&self) -> ClientConfig {
        self.client(&[
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("message.max.bytes", RECORD_BYTES_MAX),
            ("linger.ms", "5"),
            ("compression.type", "lz4"),
            ("message.timeout.ms", "10000"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "131072"),
        ])
    }

    /// Settings for the producer of a worker.
    pub(crate) fn transactional(&self, id: &str) -> ClientConfig {
        self.client(&[
            ("transactional.id", id),
            // how long whoever takes over may have to wait for a transaction that was left open
            ("transaction.timeout.ms", "10000"),
            ("message.max.bytes", RECORD_BYTES_MAX),
            ("linger.ms", "5"),
            ("batch.size", "262144"),
            ("compression.type", "lz4"),
            // the wait after "another transaction is ending", which every commit in a row meets
            ("retry.backoff.ms", "2"),
            ("retry.backoff.max.ms", "10"),
            ("queue.buffering.max.messages", "500000"),
            ("queue.buffering.max.kbytes", "262144"),
            ("delivery.report.only.error", "true"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::grouping::GroupProtocol;

    fn connection(properties: &[(&str, &str)]) -> Connection {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Connection { bootstrap: "kafka:9092".to_owned(), prefix: "cs.".to_owned(), properties }
    }

    fn faults(properties: &[(&str, &str)]) -> Vec<(Option<String>, String)> {
        property_faults(&connection(properties).properties.into_iter().collect(), Grouping::default())
    }

    fn of_every_client(connection: &Connection) -> [ClientConfig; 5] {
        [
            connection.config(),
            connection.reader("read_uncommitted"),
            connection.member("intake", "i0-0", Grouping::default()),
            connection.appender(),
            connection.transactional("cs.intake.i0-0"),
        ]
    }

    #[test]
    fn what_can_be_tuned_wins_over_our_settings() {
        let tuned = [
            ("session.timeout.ms", "45000"),
            ("fetch.wait.max.ms", "500"),
            ("linger.ms", "50"),
            ("message.timeout.ms", "9000"),
            ("transaction.timeout.ms", "20000"),
            ("topic.metadata.refresh.interval.ms", "60000"),
        ];
        assert_eq!(faults(&tuned), []);
        for config in of_every_client(&connection(&tuned)) {
            for (name, value) in tuned {
                assert_eq!(config.get(name), Some(value));
            }
        }
    }

    #[test]
    fn the_page_on_settings_names_what_is_protected() {
        let page = include_str!("../../../../docs/settings.md");
        for (name, _) in PROTECTED {
            assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/settings.md");
        }
    }

    #[test]
    fn a_second_name_replaces_the_first() {
        let config = connection(&[("queue.buffering.max.ms", "50")]).appender();
        assert_eq!((config.get("linger.ms"), config.get("queue.buffering.max.ms")), (Some("50"), None));
    }

    #[test]
    fn protected_names_are_refused_and_never_reach_a_client() {
        let plain = of_every_client(&connection(&[])).map(|config| format!("{:?}", config.config_map()));
        for (name, why) in PROTECTED {
            let given = [(name, "1")];
            let [(Some(at), problem)] = &faults(&given)[..] else { panic!("{name} is taken") };
            assert_eq!((at.as_str(), problem.contains(why)), (name, true), "{problem}");
            let with = of_every_client(&connection(&given)).map(|config| format!("{:?}", config.config_map()));
            assert_eq!(with, plain, "{name}");
        }
    }

    /// Whatever our clients are told is either protected or can be tuned, and librdkafka knows it.
    #[test]
    fn librdkafka_knows_every_name() {
        for config in of_every_client(&connection(&[])) {
            config.create_native_config().unwrap();
        }
        for name in PROTECTED.iter().map(|(name, _)| name).chain(ALIASES.iter().map(|(alias, _)| alias)) {
            let known = ClientConfig::new().set(*name, "").create_native_config();
            let is_unknown = known.is_err_and(|error| error.to_string().contains("No such configuration property"));
            assert!(!is_unknown, "{name}");
        }
    }

    #[test]
    fn what_librdkafka_would_refuse_is_told_at_once() {
        let found =
            faults(&[("linger.msec", "5"), ("session.timeout.ms", "soon"), ("transaction.timeout.ms", "60000")]);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_deref().unwrap_or_default()).collect();
        assert_eq!(names, ["linger.msec", "session.timeout.ms", "transaction.timeout.ms"], "{found:#?}");
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        let found = faults(&[("message.timeout.ms", "30000")]);
        assert!(matches!(&found[..], [(None, text)] if text.contains("transaction.timeout.ms")), "{found:#?}");
        assert_eq!(faults(&[("message.timeout.ms", "30000"), ("transaction.timeout.ms", "30000")]), []);
        let session = connection(&[("session.timeout.ms", "9000")]).properties.into_iter().collect();
        let of_the_broker = Grouping { protocol: GroupProtocol::Consumer, ..Grouping::default() };
        let found = property_faults(&session, of_the_broker);
        assert!(matches!(&found[..], [(None, text)] if text.contains("defined broker side")), "{found:#?}");
    }
}
