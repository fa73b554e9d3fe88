//! The HTTP API: events come in, cases, conversations, customers' files and orders are read.
//!
//! Owns what is particular to HTTP. Whether an event is taken in is `domain::admission`'s matter, what it does to a
//! case the processors'.

mod cloud_event;
mod form;
mod reads;
mod receive;
mod recent;
mod tally;

use std::sync::Arc;

use axum::Extension;
use kefu_contracts::codec::Codec;
use kefu_runtime::http::{Operation, Routes, Scope};
use kefu_runtime::lifecycle::Definition;

use self::receive::Desk;

/// What a body of events may be.
const MEDIA_TYPES: &[&str] =
    &["application/json", "application/x-ndjson", "application/cloudevents+json", "application/cloudevents-batch+json"];

const SEND: Operation = Operation::of(
    &[Scope::Ingest],
    "Send events: one, an array or one a line; or as CloudEvents 1.0, structured, binary or as a batch",
)
.body("the events; gzip and zstd are unpacked", MEDIA_TYPES)
.answers(&[
    (202, "accepted, duplicates, rejected[index, event_id, code, detail, retryable] in the order sent"),
    (413, "the batch is too large"),
    (415, "the media type or encoding is not known"),
    (503, "nothing was taken; send it again after Retry-After"),
]);

const REJECTIONS: Operation = Operation::of(
    &[Scope::Ingest, Scope::Read],
    "How many events of the tenant this instance refused since its start, by code",
)
.answers(&[(200, "counts by code")]);

const CASE: Operation = Operation::of(&[Scope::Read], "A case as it stands").answers(&[(200, "the case")]);

const CONVERSATION: Operation =
    Operation::of(&[Scope::Read], "A conversation's cases as they stand").answers(&[(200, "the cases")]);

const CUSTOMER: Operation = Operation::of(&[Scope::Read], "A customer's file").answers(&[(200, "the file")]);

const ORDER: Operation =
    Operation::of(&[Scope::Read], "An order as the shop reports it").answers(&[(200, "the order")]);

/// The service as a process runs it.
pub fn definition(_: &Codec) -> Definition {
    let routes = Routes::default()
        .post("/v1/events", SEND, receive::receive)
        .get("/v1/rejections", REJECTIONS, receive::rejections)
        .get("/v1/cases/{id}", CASE, reads::case)
        .get("/v1/conversations/{id}", CONVERSATION, reads::conversation)
        .get("/v1/customers/{id}", CUSTOMER, reads::customer)
        .get("/v1/orders/{id}", ORDER, reads::order);
    let paths = routes.paths();
    let desk = Extension(Arc::new(Desk::default()));
    Definition { service: crate::service(), routes: routes.router.layer(desk), paths, views: Vec::new() }
}
