//! The catalogue of public topics: name, value, partitions, policy and writer of each.
//!
//! Topics that move keys within one service are declared by that service with [`Topic::repartition`].

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::case::Case;
use crate::case_event::CaseEvent;
use crate::channel_event::ChannelEvent;
use crate::classification::Classification;
use crate::codec::{AvroRecord, Codec, DecodeError, EncodeError, avro_record};
use crate::command::{Command, CommandResult};
use crate::customer::Customer;
use crate::escalation::Escalation;
use crate::handover::Handover;
use crate::knowledge::Article;
use crate::kpi::{HotIssue, KpiRow};
use crate::order::{Order, OrderEvent};
use crate::outbound::OutboundMessage;
use crate::partition::PartitionBy;
use crate::policy::PolicyRecord;
use crate::sla_event::SlaEvent;
use crate::survey::{FollowUp, Survey};
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// What becomes of a topic's old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// The last of each key stays.
    Compact,
    /// They go after this many milliseconds.
    Delete(i64),
}

/// What a topic is, whatever its values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// The name without the configured prefix.
    pub name: &'static str,
    /// What decides the partition.
    pub partition_by: PartitionBy,
    /// What becomes of old records.
    pub cleanup: Cleanup,
    /// Whether other teams may read it.
    pub public: bool,
}

/// A value as its writer made it. Within one process readers take it as it is and need not decode the payload.
pub type Value = Arc<dyn Any + Send + Sync>;

/// A topic whose values are `T`.
pub struct Topic<T> {
    /// What it is.
    pub info: TopicInfo,
    /// The name of its values, for the `event-type` header.
    pub event_type: &'static str,
    event_time: fn(&T) -> Option<Timestamp>,
    encode: fn(&Codec, &T, &mut Vec<u8>) -> Result<(), EncodeError>,
    decode: fn(&Codec, &[u8]) -> Result<T, DecodeError>,
    values: PhantomData<fn() -> T>,
}

/// A topic whose values' type is not known here.
pub trait AnyTopic: Sync {
    /// Appends `value` as it goes on the wire to `buffer`.
    ///
    /// # Errors
    /// If it does not fit its schema, or is no value of this topic.
    fn encode_any(&self, codec: &Codec, value: &Value, buffer: &mut Vec<u8>) -> Result<(), EncodeError>;
}

impl<T: Send + Sync + 'static> AnyTopic for Topic<T> {
    fn encode_any(&self, codec: &Codec, value: &Value, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        match value.downcast_ref::<T>() {
            Some(value) => self.encode(codec, value, buffer),
            None => Err(EncodeError::new(self.info.name, &"the value is of another topic")),
        }
    }
}

impl<T: AvroRecord> Topic<T> {
    const fn public(name: &'static str, partition_by: PartitionBy, cleanup: Cleanup) -> Self {
        Self {
            info: TopicInfo { name, partition_by, cleanup, public: true },
            event_type: T::NAME,
            event_time: T::event_time,
            encode: |codec, value, buffer| codec.encode(value, buffer),
            decode: |codec, payload| codec.decode(payload),
            values: PhantomData,
        }
    }
}

/// How long a service may be down before what waits for it on its own topics is lost.
const WAITING_MS: i64 = 7 * DAY_MS;

/// The format of values that only their own service reads.
const INTERNAL_VERSION: u8 = 1;

impl<T: Serialize + DeserializeOwned> Topic<T> {
    /// A topic on which one service moves records to another key. `name` is `<service>.<name>.repartition`.
    pub const fn repartition(name: &'static str, partition_by: PartitionBy) -> Self {
        Self {
            info: TopicInfo { name, partition_by, cleanup: Cleanup::Delete(WAITING_MS), public: false },
            event_type: "internal",
            event_time: |_| None,
            encode: |_, value, buffer| encode_internal(value, buffer),
            decode: |_, payload| decode_internal(payload),
            values: PhantomData,
        }
    }
}

fn encode_internal<T: Serialize>(value: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    buffer.push(INTERNAL_VERSION);
    *buffer = postcard::to_extend(value, std::mem::take(buffer))
        .map_err(|error| EncodeError::new("internal record", &error))?;
    Ok(())
}

fn decode_internal<T: DeserializeOwned>(payload: &[u8]) -> Result<T, DecodeError> {
    let malformed = |cause: String| DecodeError::Malformed { record: "internal record", cause };
    match payload.split_first() {
        Some((&INTERNAL_VERSION, datum)) => postcard::from_bytes(datum).map_err(|error| malformed(error.to_string())),
        Some((version, _)) => Err(malformed(format!("version {version} is newer than this program"))),
        None => Err(DecodeError::TooShort(0)),
    }
}

impl<T> Topic<T> {
    /// A topic whose values have a format of their own.
    pub const fn with_format(
        info: TopicInfo,
        event_type: &'static str,
        event_time: fn(&T) -> Option<Timestamp>,
        encode: fn(&Codec, &T, &mut Vec<u8>) -> Result<(), EncodeError>,
        decode: fn(&Codec, &[u8]) -> Result<T, DecodeError>,
    ) -> Self {
        Self { info, event_type, event_time, encode, decode, values: PhantomData }
    }

    /// Appends `value` as it goes on the wire to `buffer`.
    ///
    /// # Errors
    /// If the value does not fit its schema.
    pub fn encode(&self, codec: &Codec, value: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        (self.encode)(codec, value, buffer)
    }

    /// When what `value` tells of happened; none for a snapshot.
    pub fn event_time(&self, value: &T) -> Option<Timestamp> {
        (self.event_time)(value)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// If the payload is none of this topic's.
    pub fn decode(&self, codec: &Codec, payload: &[u8]) -> Result<T, DecodeError> {
        (self.decode)(codec, payload)
    }
}

impl<T: Send + Sync + 'static> Topic<T> {
    /// The value of a record: `known` if it is one of this topic's, else what `payload` says, which is then known.
    ///
    /// # Errors
    /// If the payload is none of this topic's.
    pub fn read(&self, known: &mut Option<Value>, codec: &Codec, payload: &[u8]) -> Result<Arc<T>, DecodeError> {
        if let Some(value) = known.as_ref().and_then(|value| value.clone().downcast::<T>().ok()) {
            return Ok(value);
        }
        let value = Arc::new(self.decode(codec, payload)?);
        *known = Some(value.clone());
        Ok(value)
    }
}

/// Declares the public topics, their constants, and the list of all.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $constant:ident: $type:ty = $name:literal, $partition:expr, $cleanup:expr;)+) => {
        $($(#[$doc])* pub const $constant: Topic<$type> = Topic::public($name, $partition, $cleanup);)+

        /// Every public topic with an Avro value, in the order of the flow.
        pub const PUBLIC: &[TopicInfo] = &[$($constant.info),+];

        /// Turns a payload of the public topic called `name` into plain JSON; none if there is no such topic.
        pub fn payload_to_json(
            name: &str, codec: &Codec, payload: &[u8],
        ) -> Option<Result<serde_json::Value, DecodeError>> {
            match name {
                $($name => Some($constant.decode(codec, payload).and_then(|value| to_json(&value))),)+
                _ => None,
            }
        }

        /// Appends a value of the public topic called `name` as plain JSON text; gives whether it is such a value.
        ///
        /// # Errors
        /// If it cannot be told in JSON.
        pub fn value_to_json_text(name: &str, value: &Value, text: &mut Vec<u8>) -> serde_json::Result<bool> {
            match name {
                $($name => append_json(value.downcast_ref::<$type>(), text),)+
                _ => Ok(false),
            }
        }

        /// Writes a payload of the public topic called `name` as plain JSON text; none if there is no such topic.
        pub fn payload_to_json_text(
            name: &str, codec: &Codec, payload: &[u8],
        ) -> Option<Result<String, DecodeError>> {
            match name {
                $($name => Some($constant.decode(codec, payload).and_then(|value| to_json_text(&value))),)+
                _ => None,
            }
        }
    };
}

fn to_json<T: AvroRecord>(value: &T) -> Result<serde_json::Value, DecodeError> {
    serde_json::to_value(value).map_err(|error| DecodeError::Malformed { record: T::NAME, cause: error.to_string() })
}

fn append_json<T: AvroRecord>(value: Option<&T>, text: &mut Vec<u8>) -> serde_json::Result<bool> {
    value.map(|value| serde_json::to_writer(text, value)).transpose().map(|written| written.is_some())
}

fn to_json_text<T: AvroRecord>(value: &T) -> Result<String, DecodeError> {
    serde_json::to_string(value).map_err(|error| DecodeError::Malformed { record: T::NAME, cause: error.to_string() })
}

use Cleanup::{Compact, Delete};
use PartitionBy::{Conversation, Key};

catalogue! {
    /// Events of conversations; written by gateways and the intake API, and by services for what they do themselves.
    CHANNEL_EVENTS: ChannelEvent = "channel-events", Key, Delete(7 * DAY_MS);
    /// Events of orders; written by shop back-ends.
    ORDER_EVENTS: OrderEvent = "order-events", Key, Delete(30 * DAY_MS);
    /// What people do through the APIs.
    COMMANDS: Command = "commands", Key, Delete(7 * DAY_MS);
    /// Answers to commands.
    COMMAND_RESULTS: CommandResult = "command-results", Key, Delete(7 * DAY_MS);
    /// Tenants' policies.
    POLICIES: PolicyRecord = "policies", Key, Compact;
    /// Orders as they stand.
    ORDERS: Order = "orders", Key, Compact;
    /// Cases as they stand.
    CASES: Case = "cases", Conversation, Compact;
    /// Facts about cases.
    CASE_EVENTS: CaseEvent = "case-events", Conversation, Delete(30 * DAY_MS);
    /// Customers' files.
    CUSTOMERS: Customer = "customers", Key, Compact;
    /// Verdicts of the classifier.
    CLASSIFICATIONS: Classification = "classifications", Conversation, Delete(30 * DAY_MS);
    /// The knowledge base.
    ARTICLES: Article = "articles", Key, Compact;
    /// What happens to clocks.
    SLA_EVENTS: SlaEvent = "sla-events", Conversation, Delete(30 * DAY_MS);
    /// Escalations as they stand.
    ESCALATIONS: Escalation = "escalations", Conversation, Compact;
    /// Surveys as they stand.
    SURVEYS: Survey = "surveys", Key, Compact;
    /// Follow-ups as they stand.
    FOLLOW_UPS: FollowUp = "follow-ups", Key, Compact;
    /// Handovers as they stand.
    HANDOVERS: Handover = "handovers", Key, Compact;
    /// Rows of key figures.
    KPI: KpiRow = "kpi", Key, Compact;
    /// What came for a row after it was final.
    KPI_LATE: KpiRow = "kpi-late", Key, Delete(30 * DAY_MS);
    /// Issues that stand out.
    HOT_ISSUES: HotIssue = "hot-issues", Key, Compact;
    /// Messages for gateways to deliver.
    OUTBOUND: OutboundMessage = "outbound", Key, Delete(7 * DAY_MS);
}

/// Records that could not be processed, with their original bytes.
pub const DEAD_LETTERS: TopicInfo =
    TopicInfo { name: "dlq", partition_by: Key, cleanup: Delete(30 * DAY_MS), public: true };

avro_record!(ChannelEvent, "ChannelEvent", "gateways", occurred_at);
avro_record!(OrderEvent, "OrderEvent", "shop", occurred_at);
avro_record!(Command, "Command", "api", at);
avro_record!(CommandResult, "CommandResult", "api");
avro_record!(PolicyRecord, "Policy", "escalation");
avro_record!(Order, "Order", "intake");
avro_record!(Case, "Case", "intake");
avro_record!(CaseEvent, "CaseEvent", "intake", at);
avro_record!(Customer, "Customer", "intake");
avro_record!(Classification, "Classification", "classifier", at);
avro_record!(Article, "Article", "classifier");
avro_record!(SlaEvent, "SlaEvent", "escalation", at);
avro_record!(Escalation, "Escalation", "escalation");
avro_record!(Survey, "Survey", "satisfaction-survey");
avro_record!(FollowUp, "FollowUp", "satisfaction-survey");
avro_record!(Handover, "Handover", "handover");
avro_record!(KpiRow, "KpiRow", "kpi-aggregator");
avro_record!(HotIssue, "HotIssue", "kpi-aggregator");
avro_record!(OutboundMessage, "OutboundMessage", "any-service");
