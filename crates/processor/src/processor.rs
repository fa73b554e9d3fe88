//! What a service implements.

use kefu_contracts::Reject;
use kefu_contracts::topic::TopicInfo;

use crate::context::Context;
use crate::input::Input;
use crate::state::StateRecord;
use crate::timers::Due;

/// A state machine over keyed records.
///
/// Pure and synchronous: the same records and timers in the same order give the same state and emissions. A refusal
/// or a panic leaves the state as it was and makes the record a dead letter. Timers are no calls: a processor says in
/// [`Processor::due`] when its state next wants to be woken, so a restored state brings its timer with it and a timer
/// can neither leak nor be lost.
pub trait Processor: Send + Sync + 'static {
    /// The name within its service, part of the names of its stores.
    const NAME: &'static str;
    /// The topics it may write to.
    const OUTPUTS: &'static [TopicInfo];
    /// Whether a record first fires its key's timers that lie before it, though the watermark may not have passed
    /// them: right where a key's records come in their order. A processor that decides in timers what records of
    /// several partitions led to must wait for the watermark, and says no.
    const EAGER: bool = true;
    /// Whether its states hold what a policy decided, so that [`Processor::on_policies`] must hear of a new one.
    const HEEDS_POLICIES: bool = false;
    /// Whether it has something to say in [`Processor::on_end`].
    const HEEDS_END: bool = false;
    /// What it remembers of a key.
    type State: StateRecord;
    /// What it reads.
    type Input: Input;

    /// The state's key for a record; the record's own key unless the processor says otherwise. Records of one
    /// partition must lead to keys of the same partition.
    fn key<'k>(&self, record_key: &'k str, input: &Self::Input) -> &'k str {
        let _ = input;
        record_key
    }

    /// Whether a record says anything to this processor. One that does not is over at once: its state is not asked for,
    /// and no timer of its key fires before it.
    fn heeds(&self, input: &Self::Input) -> bool {
        let _ = input;
        true
    }

    /// Takes a record in. `None` as state is a key never heard of; leaving `None` forgets the key.
    ///
    /// # Errors
    /// A refusal, which makes the record a dead letter and undoes what was done with it.
    fn on_record(
        &self,
        state: &mut Option<Self::State>,
        input: Self::Input,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject>;

    /// Does what is due at [`Context::now`]; called while [`Processor::due`] gives an instant that has passed.
    ///
    /// # Errors
    /// A refusal is a fault of this project: it is counted and logged, and the timer is given up for this key until
    /// its next record.
    fn on_timer(&self, state: &mut Option<Self::State>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let _ = (state, ctx);
        Ok(())
    }

    /// When `state` next wants [`Processor::on_timer`].
    fn due(&self, state: &Self::State) -> Option<Due> {
        let _ = state;
        None
    }

    /// The tenant's policies are others than those the state was computed under; a new version may take effect later.
    /// Called once for each key that has a state, if the processor [heeds](Processor::HEEDS_POLICIES) them: before its
    /// next record or timer, and soon if neither comes, also when the policies changed while the service was down.
    ///
    /// # Errors
    /// As for [`Processor::on_timer`].
    fn on_policies(&self, state: &mut Option<Self::State>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let _ = (state, ctx);
        Ok(())
    }

    /// A replay is over: emit what would only have been emitted later, as it stands. Called for each state, if the
    /// processor [heeds](Processor::HEEDS_END) it.
    fn on_end(&self, state: &mut Option<Self::State>, ctx: &mut Context<'_>) {
        let _ = (state, ctx);
    }
}
