//! The HTTP shell that every service has: health, readiness, metrics, OpenAPI, keys, problems, bodies, commands.
//!
//! Owns what is the same in all APIs. The routes under `/v1` belong to the services.

pub mod auth;
pub mod body;
mod deadline;
mod early;
mod listen;
pub mod openapi;
mod pages;
mod pass;
pub mod person;
pub mod problem;
pub mod server;

pub use auth::{ApiKey, Caller, Scope};
pub use body::{read_body, read_body_within};
pub use early::early_router;
pub use listen::{DRAIN_MAX, HEADER_MAX, bind, serve};
pub use openapi::{CommandMethod, Operation, Routes};
pub use problem::Problem;
pub use server::{Api, BODY_MAX, Readiness, router};
