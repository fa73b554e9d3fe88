//! The flags of `cargo xtask rebalance`.

use std::fmt;

use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::bench::args::Common;

/// Measures for how long output stands still while instances of a service come and go, on a Kafka and a Redis of its
/// own.
#[derive(Parser, Clone, Debug)]
pub(crate) struct RebalanceArgs {
    /// Rounds of everything, each with new brokers.
    #[arg(long, default_value_t = 1)]
    pub(crate) rounds: u32,
    /// Events a second.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) rate: u32,
    /// Seconds that are looked at after something happened.
    #[arg(long, default_value_t = 12)]
    pub(crate) window: u64,
    /// Seconds before anything is looked at.
    #[arg(long, default_value_t = 15)]
    pub(crate) warm_up: u64,
    /// Kinds of members.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Membership::Static, Membership::Dynamic])]
    pub(crate) membership: Vec<Membership>,
    /// Protocols of the group.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Protocol::Classic, Protocol::Consumer])]
    pub(crate) protocol: Vec<Protocol>,
    /// What every measurement takes.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// The setting `kafka.membership`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Membership {
    Static,
    Dynamic,
}

/// The setting `kafka.group_protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    Classic,
    Consumer,
}

/// How instances belong to their group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Grouping {
    pub(crate) membership: Membership,
    pub(crate) protocol: Protocol,
}

impl Grouping {
    pub(crate) fn membership(self) -> &'static str {
        match self.membership {
            Membership::Static => "static",
            Membership::Dynamic => "dynamic",
        }
    }

    pub(crate) fn protocol(self) -> &'static str {
        match self.protocol {
            Protocol::Classic => "classic",
            Protocol::Consumer => "consumer",
        }
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.membership(), self.protocol())
    }
}

impl RebalanceArgs {
    pub(crate) fn groupings(&self) -> Vec<Grouping> {
        let of = |protocol: &Protocol| {
            let protocol = *protocol;
            self.membership.iter().map(move |membership| Grouping { membership: *membership, protocol })
        };
        self.protocol.iter().flat_map(of).collect()
    }
}
