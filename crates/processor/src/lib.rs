//! The seam between kefu's rules and its runtime.
//!
//! A service is a handful of [`Processor`]s: synchronous state machines over keyed records. Everything they need from
//! the world comes in as records, timers and a [`Context`]; everything they want from it goes out through that context.
//! [`task`] runs one processor, [`pipeline`] runs all of them in one thread and in virtual time, which is what replays,
//! tests and the embedded backend do. No clock, no I/O and no async belongs here.
#![forbid(unsafe_code)]

pub mod backend;
pub mod command_queue;
pub mod context;
pub mod effects;
pub mod flow;
pub mod input;
pub mod ledger;
pub mod pipeline;
pub mod processor;
mod processor_task;
mod running;
mod slot;
pub mod state;
pub mod task;
pub mod timers;
pub mod topology;

pub use backend::{NoStates, Sink, StateSource};
pub use command_queue::CommandQueue;
pub use context::{Clock, Context, Environment};
pub use effects::{DeadLetter, Effects, Emission, Encoding, Fired, Outcome};
pub use input::Input;
pub use ledger::{Done, Ledger};
pub use pipeline::{Pipeline, PipelineError};
pub use processor::Processor;
pub use running::StageCounts;
pub use state::{Nothing, StateRecord};
pub use task::{Record, Task};
pub use timers::{Due, Place, Reached, TimerClass};
pub use topology::{Service, Stage, Topology};
