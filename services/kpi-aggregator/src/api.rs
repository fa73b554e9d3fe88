//! The HTTP API: rows of key figures, and the supervisor's board.

mod access;
mod board;
mod figures;
mod page;
mod plot;
mod rows;
mod view;
mod words;

use std::sync::Arc;

use axum::Extension;
use kefu_contracts::codec::Codec;
use kefu_runtime::http::{Operation, Routes, Scope};
use kefu_runtime::lifecycle::Definition;

pub use view::KpiTable;
pub use words::name;

const KPI: Operation = Operation::of(&[Scope::Read], "Rows of key figures by window; their sketches are on the topic")
    .query(&[
        ("size", "PT1M (kept 3 h), PT1H (8 d), P1D (default), P1W, P1M or P3M (400 d)"),
        ("from", "the first window start wanted"),
        ("to", "the first window start no longer wanted"),
        ("dimensions", "as in a row's key, such as `channel=chat`; a name alone takes every value; none by default"),
    ])
    .answers(&[(200, "the rows, in order; `truncated` if there are more")]);

const BOARD: Operation = Operation::open(
    "The supervisor's board: refreshes itself; asks for a key with the scope read or supervisor, once in twelve hours",
)
.query(&[
    ("lang", "zh-Hans, zh-Hant or en; else what the browser prefers"),
    ("day", "another day, as 2026-03-02"),
    ("tenant", "whose board, if no key is configured at all"),
])
.answers(&[(200, "the board"), (401, "a page that asks for the key")]);

const SIGN_IN: Operation =
    Operation::open("Give the board a key").body("the field `key`", &["application/x-www-form-urlencoded"]).answers(&[
        (303, "the key was taken; a cookie admits the browser to the board"),
        (401, "the key is not known"),
        (413, "the form is larger than 4 KiB"),
    ]);

/// The service as a process runs it.
pub fn definition(_: &Codec) -> Definition {
    let table = Arc::new(KpiTable::default());
    let routes = Routes::default().get("/v1/kpi", KPI, rows::rows).get("/board", BOARD, board::board).post(
        "/board",
        SIGN_IN,
        board::sign_in,
    );
    let paths = routes.paths();
    let routes = routes.router.layer(Extension(table.clone()));
    Definition { service: crate::service(), routes, paths, views: vec![table] }
}
