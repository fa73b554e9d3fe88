//! The processor that gathers notices to each member of staff into one message.

use std::sync::Arc;

use kefu_contracts::Reject;
use kefu_contracts::topic::{OUTBOUND, TopicInfo};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::notice::Gathering;
use crate::records::gathered;
use crate::topics::{NOTICES, StaffNotice};

input! {
    /// What the processor reads.
    pub enum Read {
        /// A notice.
        Notice(StaffNotice) from NOTICES,
    }
}

/// What waits for a member of staff.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting(pub Gathering);

impl StateRecord for Waiting {
    const VERSION: u8 = 1;
}

/// Gathers notices.
pub struct Notices;

impl Processor for Notices {
    const NAME: &'static str = "notices";
    const OUTPUTS: &'static [TopicInfo] = &[OUTBOUND.info];
    type State = Waiting;
    type Input = Read;

    fn on_record(&self, state: &mut Option<Waiting>, input: Read, _: &mut Context<'_>) -> Result<(), Reject> {
        let Read::Notice(told) = input;
        let new = || Waiting(Gathering::new(told.recipient_kind.clone(), told.language));
        let Waiting(gathering) = state.get_or_insert_with(new);
        gathering.add(Arc::unwrap_or_clone(told).notice);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<Waiting>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(Waiting(gathering)) = state else { return Ok(()) };
        let notices = gathering.take();
        let now = ctx.now();
        let message = gathered(ctx.key(), &gathering.recipient_kind, gathering.language, &notices, now);
        if let Some(message) = message {
            ctx.emit(&OUTBOUND, ctx.key(), message, now);
        }
        if gathering.is_empty() {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &Waiting) -> Option<Due> {
        state.0.due().map(|at| Due::once(at, TimerClass::Last))
    }
}
