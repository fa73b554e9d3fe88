//! How instances are set up, beside where they find their servers.

use std::fmt;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// The setting `kafka.membership`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Who comes back within the session finds its partitions.
    #[default]
    Static,
    /// Who goes leaves its partitions to the others.
    Dynamic,
}

/// The setting `kafka.group_protocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// A member shares partitions out.
    #[default]
    Classic,
    /// The broker does (KIP-848).
    Consumer,
}

/// How instances are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args, Serialize)]
pub struct Instances {
    /// Worker threads of each instance.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: u16,
    /// How instances are members of their group.
    #[arg(long, value_enum, default_value_t)]
    pub membership: Membership,
    /// The protocol of the group.
    #[arg(long, value_enum, default_value_t)]
    pub protocol: Protocol,
}

impl Default for Instances {
    fn default() -> Self {
        Self { threads: 1, membership: Membership::default(), protocol: Protocol::default() }
    }
}

impl Membership {
    fn as_str(self) -> &'static str {
        match self {
            Membership::Static => "static",
            Membership::Dynamic => "dynamic",
        }
    }
}

impl Protocol {
    fn as_str(self) -> &'static str {
        match self {
            Protocol::Classic => "classic",
            Protocol::Consumer => "consumer",
        }
    }
}

impl Instances {
    /// The variables of `kefu serve`'s environment that say so.
    pub(super) fn variables(self) -> Vec<(String, String)> {
        let (membership, protocol) = (self.membership.as_str(), self.protocol.as_str());
        let settings = [
            ("THREADS", self.threads.to_string()),
            ("MEMBERSHIP", membership.to_owned()),
            ("GROUP_PROTOCOL", protocol.to_owned()),
        ];
        settings.map(|(name, value)| (format!("KEFU__KAFKA__{name}"), value)).to_vec()
    }
}

impl fmt::Display for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, membership, protocol } = self;
        write!(f, "{threads} thread(s) each, {} members, {} protocol", membership.as_str(), protocol.as_str())
    }
}

/// What the broker has to be told so that a session lasts as long as the classic protocol's.
pub(super) const BROKER: [(&str, &str); 4] = [
    ("group.consumer.min.session.timeout.ms", "6000"),
    ("group.consumer.session.timeout.ms", "6000"),
    ("group.consumer.min.heartbeat.interval.ms", "500"),
    ("group.consumer.heartbeat.interval.ms", "500"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_told_how_they_are_set_up() {
        let instances = Instances { threads: 2, membership: Membership::Dynamic, protocol: Protocol::Consumer };
        let told: Vec<String> =
            instances.variables().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let wanted = "KEFU__KAFKA__THREADS=2 KEFU__KAFKA__MEMBERSHIP=dynamic KEFU__KAFKA__GROUP_PROTOCOL=consumer";
        assert_eq!(told.join(" "), wanted);
        assert_eq!(Instances::default().to_string(), "1 thread(s) each, static members, classic protocol");
    }
}
