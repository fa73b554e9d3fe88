//! Batches of borrowed messages.
//!
//! Owns taking many messages at once: rdkafka has no call for it, and it drops the topic and offset of an end of
//! partition, which the watermark needs.
#![expect(unsafe_code, reason = "librdkafka's batch call has no safe wrapper; each block says why it is sound")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::Arc;

use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::assignment::{Assignment, Forward, WeakConsumer};

/// How long a batch is gathered: a turn of the worker costs more than a message, and a commit comes much later.
const GATHER_MS: i32 = 3;

/// Messages taken in one call, at most: each batch asks Redis once for each task.
pub(crate) const BATCH_MAX: usize = 8_000;

/// A queue that receives the messages and ends of the partitions forwarded to it. Rebalances and errors stay on the
/// consumer's own queue.
pub(crate) struct FetchQueue {
    queue: *mut rd::rd_kafka_queue_t,
    slots: Vec<*mut rd::rd_kafka_message_t>,
    /// Keeps the client alive: the queue must go before it.
    _consumer: Arc<BaseConsumer<Assignment>>,
}

// SAFETY: librdkafka's queues may be used from any thread; the raw pointers are owned by this value alone.
unsafe impl Send for FetchQueue {}

impl FetchQueue {
    pub(crate) fn new(consumer: Arc<BaseConsumer<Assignment>>, capacity: usize) -> Self {
        // SAFETY: the client lives as long as `consumer`, which this value holds.
        let queue = unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) };
        Self { queue, slots: vec![ptr::null_mut(); capacity.max(2)], _consumer: consumer }
    }

    /// A function that sends what is fetched of a partition here. To be called before each assignment of the
    /// partition: librdkafka resets it when the partition is taken away.
    pub(crate) fn forwarder(&self, consumer: WeakConsumer) -> Forward {
        struct Target(*mut rd::rd_kafka_queue_t);
        // SAFETY: as for `FetchQueue`.
        unsafe impl Send for Target {}
        // SAFETY: librdkafka guards its queues with locks of its own.
        unsafe impl Sync for Target {}
        let target = Target(self.queue);
        Box::new(move |topic, partition| {
            let target = &target;
            let (Ok(topic), Some(consumer)) = (CString::new(topic), consumer.upgrade()) else { return };
            // SAFETY: rebalances are served by the thread that holds both the consumer and this queue, so both live;
            // the name is a C string, and the partition's queue is released after its use.
            unsafe {
                let queue = rd::rd_kafka_queue_get_partition(consumer.client().native_ptr(), topic.as_ptr(), partition);
                if !queue.is_null() {
                    rd::rd_kafka_queue_forward(queue, target.0);
                    rd::rd_kafka_queue_destroy(queue);
                }
            }
        })
    }

    /// Waits up to `wait_ms` for a first message, then takes what else comes within [`GATHER_MS`], `most` in all.
    pub(crate) fn take(&mut self, wait_ms: i32, most: usize) -> Batch<'_> {
        let most = most.clamp(2, self.slots.len());
        let (first, more) = self.slots.get_mut(..most).unwrap_or_default().split_at_mut(1);
        let mut count = consume(self.queue, first, wait_ms);
        if count == 1 {
            count += consume(self.queue, more, GATHER_MS);
        }
        Batch { slots: self.slots.get(..count).unwrap_or_default() }
    }
}

fn consume(queue: *mut rd::rd_kafka_queue_t, slots: &mut [*mut rd::rd_kafka_message_t], wait_ms: i32) -> usize {
    // SAFETY: the queue is alive and `slots` has room for as many pointers as are asked for.
    let count = unsafe { rd::rd_kafka_consume_batch_queue(queue, wait_ms, slots.as_mut_ptr(), slots.len()) };
    usize::try_from(count).unwrap_or(0)
}

impl Drop for FetchQueue {
    fn drop(&mut self) {
        // SAFETY: the queue was made by `new` and is released once.
        unsafe { rd::rd_kafka_queue_destroy(self.queue) }
    }
}

/// Messages of one call, released together.
pub(crate) struct Batch<'q> {
    slots: &'q [*mut rd::rd_kafka_message_t],
}

impl Batch<'_> {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Fetched<'_>> {
        // SAFETY: each slot holds a message that lives until the batch is dropped.
        self.slots.iter().map(|message| Fetched { message: unsafe { &**message } })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for message in self.slots {
            // SAFETY: the message was given by `consume` and is released once.
            unsafe { rd::rd_kafka_message_destroy(*message) }
        }
    }
}

/// What a message is.
pub(crate) enum Kind {
    Record,
    EndOfPartition,
    Error(String),
}

/// A message of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Fetched<'b> {
    message: &'b rd::rd_kafka_message_t,
}

impl<'b> Fetched<'b> {
    pub(crate) fn kind(&self) -> Kind {
        match self.message.err {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Kind::Record,
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF => Kind::EndOfPartition,
            error => Kind::Error(format!("{error:?}")),
        }
    }

    pub(crate) fn topic(&self) -> &'b str {
        if self.message.rkt.is_null() {
            return "";
        }
        // SAFETY: the handle belongs to a living message; its name is a C string that lives with it.
        unsafe { CStr::from_ptr(rd::rd_kafka_topic_name(self.message.rkt)) }.to_str().unwrap_or("")
    }

    /// Whether `other` is of the same partition of the same topic.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        std::ptr::eq(self.message.rkt, other.message.rkt) && self.message.partition == other.message.partition
    }

    pub(crate) fn partition(&self) -> i32 {
        self.message.partition
    }

    /// The record's offset; at an end of partition the offset that the next record will have at least.
    pub(crate) fn offset(&self) -> i64 {
        self.message.offset
    }

    pub(crate) fn key(&self) -> &'b [u8] {
        bytes(self.message.key, self.message.key_len).unwrap_or_default()
    }

    pub(crate) fn payload(&self) -> &'b [u8] {
        bytes(self.message.payload, self.message.len).unwrap_or_default()
    }

    /// When it was written, in milliseconds since 1970; 0 if that is not known.
    pub(crate) fn written_ms(&self) -> i64 {
        // SAFETY: the message lives; no kind of timestamp is asked for.
        unsafe { rd::rd_kafka_message_timestamp(self.message, ptr::null_mut()) }.max(0)
    }

    /// The W3C trace context it came with.
    pub(crate) fn traceparent(&self) -> Option<&'b str> {
        self.header(c"traceparent").and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &CStr) -> Option<&'b [u8]> {
        let mut headers = ptr::null_mut();
        let (mut value, mut size): (*const c_void, usize) = (ptr::null(), 0);
        // SAFETY: librdkafka parses the headers of a living message into memory that lives with the message; `value`
        // is only read when the call says that the header is there.
        unsafe {
            let message: *const rd::rd_kafka_message_t = self.message;
            if rd::rd_kafka_message_headers(message, &raw mut headers)
                != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
                || rd::rd_kafka_header_get_last(headers, name.as_ptr().cast::<c_char>(), &raw mut value, &raw mut size)
                    != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                return None;
            }
        }
        bytes(value, size)
    }
}

fn bytes<'b>(start: *const c_void, length: usize) -> Option<&'b [u8]> {
    // SAFETY: librdkafka gives a pointer to `length` bytes that live with the message, or null.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), length) })
}
