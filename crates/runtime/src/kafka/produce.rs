//! Queueing records with the producer.
//!
//! Owns the handles of topics, so that no name is looked up for a record, and the two calls that queue: one record with
//! headers, or many of one partition without. The client library copies what it is given.
#![expect(unsafe_code, reason = "the safe wrapper looks up the topic and copies its name for each record")]

use std::ffi::{CStr, CString, c_void};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::producer::{DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::client::KafkaError;
use crate::clock;

/// Pause while the producer's own queue is full.
const FULL: Duration = Duration::from_millis(1);

/// A topic that records go to, by its place among the handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicId(usize);

/// A record to be queued.
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: TopicId,
    pub(crate) partition: i32,
    pub(crate) key: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    /// Milliseconds since 1970.
    pub(crate) at_ms: i64,
}

struct Handle {
    name: String,
    topic: *mut rd::rd_kafka_topic_t,
}

/// The client.
pub(crate) type Client = ThreadedProducer<DefaultProducerContext>;

/// A producer and the handles of its topics.
pub(crate) struct ProduceQueue {
    handles: Vec<Handle>,
    /// Room for a call that queues many.
    messages: Vec<rd::rd_kafka_message_t>,
    producer: Arc<Client>,
}

// SAFETY: handles may be used from any thread; they are owned by this value alone, and the pointers in `messages` are
// read only within the call that wrote them.
unsafe impl Send for ProduceQueue {}

impl ProduceQueue {
    pub(crate) fn new(producer: Arc<Client>) -> Self {
        Self { handles: Vec::new(), messages: Vec::new(), producer }
    }

    pub(crate) fn producer(&self) -> &Arc<Client> {
        &self.producer
    }

    /// The topic called `name` in the cluster.
    pub(crate) fn topic(&mut self, name: &str) -> Result<TopicId, KafkaError> {
        if let Some(known) = self.handles.iter().position(|handle| handle.name == name) {
            return Ok(TopicId(known));
        }
        let c_name = CString::new(name).map_err(|error| KafkaError::Fatal(format!("topic `{name}`: {error}")))?;
        // SAFETY: the client lives as long as `self`, the name is a C string; null asks for the client's settings.
        let topic = unsafe {
            rd::rd_kafka_topic_new(self.producer.client().native_ptr(), c_name.as_ptr(), std::ptr::null_mut())
        };
        if topic.is_null() {
            return Err(KafkaError::Fatal(format!("topic `{name}` cannot be written: the client refuses the name")));
        }
        self.handles.push(Handle { name: name.to_owned(), topic });
        Ok(TopicId(self.handles.len() - 1))
    }

    /// Queues a record; waits while the queue is full.
    pub(crate) fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), String> {
        let handle = self.handle(outgoing.topic)?;
        let headers = Headers::new(outgoing.headers);
        let arguments = [
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT, Content { rkt: handle }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION, Content { i32_: outgoing.partition }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS, Content { i: rd::RD_KAFKA_MSG_F_COPY }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, Content { mem: memory(outgoing.key) }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE, Content { mem: memory(outgoing.payload) }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP, Content { i64_: outgoing.at_ms }),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS, Content { headers: headers.0 }),
        ];
        let client = self.producer.client().native_ptr();
        loop {
            // SAFETY: the client and the topic live as long as `self`, key and payload as long as `outgoing`; both are
            // copied. The headers are the client's once it took the record, else they stay this function's.
            let refused = unsafe {
                let error = rd::rd_kafka_produceva(client, arguments.as_ptr(), arguments.len());
                if error.is_null() {
                    std::mem::forget(headers);
                    return Ok(());
                }
                let text = CStr::from_ptr(rd::rd_kafka_error_string(error)).to_string_lossy().into_owned();
                let code = rd::rd_kafka_error_code(error);
                rd::rd_kafka_error_destroy(error);
                (code, text)
            };
            match refused {
                (rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL, _) => clock::rest(FULL),
                (_, text) => return Err(text),
            }
        }
    }

    /// Queues records of one partition in their order; without a payload the key is gone. Waits while the queue is
    /// full.
    pub(crate) fn send_many<'a>(
        &mut self,
        topic: TopicId,
        partition: i32,
        records: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) -> Result<(), String> {
        let handle = self.handle(topic)?;
        self.messages.clear();
        self.messages.extend(records.map(|(key, payload)| message(key, payload)));
        let mut left: &mut [rd::rd_kafka_message_t] = &mut self.messages;
        while !left.is_empty() {
            let count = i32::try_from(left.len()).unwrap_or(i32::MAX);
            // SAFETY: the topic lives as long as `self`, keys and payloads as long as the caller's `'a`, and `left` has
            // `count` messages; what they point to is copied.
            let queued = unsafe {
                rd::rd_kafka_produce_batch(handle, partition, rd::RD_KAFKA_MSG_F_COPY, left.as_mut_ptr(), count)
            };
            let is_queued =
                |message: &rd::rd_kafka_message_t| message.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
            // those after the first that was refused for want of room were refused too
            let first_refused = left.iter().position(|message| !is_queued(message)).unwrap_or(left.len());
            let refused = left.get(first_refused).map(|message| message.err);
            match refused {
                None => return Ok(()),
                Some(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL)
                    if usize::try_from(queued) == Ok(first_refused) => {}
                Some(error) => return Err(RDKafkaErrorCode::from(error).to_string()),
            }
            clock::rest(FULL);
            left = left.get_mut(first_refused..).unwrap_or_default();
        }
        Ok(())
    }

    fn handle(&self, topic: TopicId) -> Result<*mut rd::rd_kafka_topic_t, String> {
        self.handles.get(topic.0).map(|handle| handle.topic).ok_or_else(|| "the topic was not opened".to_owned())
    }
}

impl Drop for ProduceQueue {
    fn drop(&mut self) {
        for handle in &self.handles {
            // SAFETY: each handle was made by `topic` and is released once, before its client.
            unsafe { rd::rd_kafka_topic_destroy(handle.topic) }
        }
    }
}

use rd::rd_kafka_vu_s__bindgen_ty_1 as Content;
use rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 as Memory;

fn argument(vtype: rd::rd_kafka_vtype_t, u: Content) -> rd::rd_kafka_vu_t {
    rd::rd_kafka_vu_t { vtype, u }
}

fn memory(bytes: &[u8]) -> Memory {
    // the client only reads it
    Memory { ptr: bytes.as_ptr().cast_mut().cast::<c_void>(), size: bytes.len() }
}

fn message(key: &[u8], payload: Option<&[u8]>) -> rd::rd_kafka_message_t {
    let pointer = |bytes: &[u8]| bytes.as_ptr().cast_mut().cast::<c_void>();
    rd::rd_kafka_message_t {
        err: rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        rkt: std::ptr::null_mut(),
        partition: 0,
        payload: payload.map_or(std::ptr::null_mut(), pointer),
        len: payload.map_or(0, <[u8]>::len),
        key: pointer(key),
        key_len: key.len(),
        offset: 0,
        _private: std::ptr::null_mut(),
    }
}

/// Headers of a record that is not queued yet; null without any.
struct Headers(*mut rd::rd_kafka_headers_t);

impl Headers {
    fn new(headers: &[(&str, &[u8])]) -> Self {
        if headers.is_empty() {
            return Self(std::ptr::null_mut());
        }
        let size = |bytes: &[u8]| isize::try_from(bytes.len()).unwrap_or(isize::MAX);
        // SAFETY: names and values live through the call, which copies as many bytes as it is told.
        unsafe {
            let list = rd::rd_kafka_headers_new(headers.len());
            for (name, value) in headers {
                let (name, name_size) = (name.as_ptr().cast(), size(name.as_bytes()));
                // it only fails for a list that was given away
                rd::rd_kafka_header_add(list, name, name_size, value.as_ptr().cast(), size(value));
            }
            Self(list)
        }
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list was made by `new`, and no record took it.
            unsafe { rd::rd_kafka_headers_destroy(self.0) }
        }
    }
}
