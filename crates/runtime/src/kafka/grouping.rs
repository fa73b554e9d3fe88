//! How a worker belongs to its service's group.
//!
//! Owns what the group is told of a member: whether its place is kept while it is away, and by which protocol
//! partitions are shared out. With either one, what stays is worked on until something comes: while a worker takes a
//! partition over it does nothing else.

use rdkafka::ClientConfig;
use serde::Deserialize;

use super::client::Connection;

/// Whether the group keeps a member's place while it is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// A member that comes back within the session time-out finds its partitions, and nothing moves.
    #[default]
    Static,
    /// A member leaves when it ends, and its partitions are handed over at once.
    Dynamic,
}

/// By which protocol the group shares partitions out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupProtocol {
    /// One member does it for all, cooperatively.
    #[default]
    Classic,
    /// The broker does it (KIP-848). It has the time-outs too.
    Consumer,
}

/// How a worker belongs to its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Whether its place is kept.
    pub membership: Membership,
    /// How partitions are shared out.
    pub protocol: GroupProtocol,
}

impl Connection {
    /// Settings for a member of a service's group; `instance` is unique among its members.
    pub(crate) fn member(&self, service: &str, instance: &str, grouping: Grouping) -> ClientConfig {
        let name = format!("{service}-{instance}");
        // one step of a takeover may read a long changelog; a thread that is stuck shows in its heartbeat
        let mut further = vec![("max.poll.interval.ms", "3600000")];
        if grouping.membership == Membership::Static {
            further.push(("group.instance.id", name.as_str()));
        }
        match grouping.protocol {
            GroupProtocol::Classic => further.extend([
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("session.timeout.ms", "6000"),
                // who joined learns by it that the others have let go: so long nobody works on what moves
                ("heartbeat.interval.ms", "200"),
            ]),
            // the broker chooses the rest, and librdkafka refuses to be told
            GroupProtocol::Consumer => further.push(("group.protocol", "consumer")),
        }
        self.consumer(&format!("{}{service}", self.prefix), "read_committed", &further)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    #[test]
    fn a_member_of_either_kind_and_protocol_is_one_that_librdkafka_makes() {
        let connection = Connection { bootstrap: String::new(), prefix: "cs.".to_owned(), properties: Vec::new() };
        for (membership, name) in [(Membership::Static, Some("intake-i0")), (Membership::Dynamic, None)] {
            for (protocol, told) in [(GroupProtocol::Classic, None), (GroupProtocol::Consumer, Some("consumer"))] {
                let config = connection.member("intake", "i0", Grouping { membership, protocol });
                assert_eq!((config.get("group.instance.id"), config.get("group.protocol")), (name, told));
                let mut alone = config.clone();
                alone.remove("bootstrap.servers");
                assert!(alone.create::<BaseConsumer>().is_ok(), "{membership:?} {protocol:?}");
            }
        }
    }
}
