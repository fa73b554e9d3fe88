//! What must hold, whatever happened.

use crate::kafka::{Output, State, Timer, Transaction};
use crate::process::Process;
use crate::setup::{KEYS, Setup};
use crate::world::World;

/// What is wrong with a world.
pub(crate) fn fault_of(world: &World, setup: &Setup) -> Option<String> {
    (0..setup.partitions()).find_map(|partition| {
        log_fault(world, setup, partition)
            .or_else(|| copy_fault(world, partition))
            .or_else(|| owner_fault(world, setup, partition))
    })
}

/// The state of a key after the first `inputs` of its partition, each counted once.
fn counted_once(setup: &Setup, partition: u8, key: u8, inputs: u8, fired: bool) -> State {
    let mut state = State::default();
    for (input, of) in (0..inputs).zip(setup.inputs[partition as usize]) {
        if *of == key {
            state.seen |= 1 << (2 * input);
            if setup.sets_timer(partition, input) {
                state.timer = if fired { Timer::Fired } else { Timer::Due };
            }
        }
    }
    state
}

/// Each input is counted once in what is committed: in states, in outputs, and a timer fires once.
fn log_fault(world: &World, setup: &Setup, partition: u8) -> Option<String> {
    let kafka = &world.kafka;
    let (inputs, changelog) = (kafka.decided[partition as usize], &kafka.changelogs[partition as usize]);
    let mut expected = Vec::new();
    let times = |output| kafka.outputs.iter().filter(|other| **other == output).count();
    for key in 0..KEYS as u8 {
        let fired = times(Output::Fired { partition, key });
        if fired > 1 {
            return Some(format!("the timer of key {key} in partition {partition} fired {fired} times"));
        }
        let (state, right) =
            (changelog.decided(key, changelog.end()), counted_once(setup, partition, key, inputs, fired == 1));
        if state != right {
            return Some(format!(
                "after {inputs} inputs of partition {partition} the log has {state:?} for key {key}, not {right:?}"
            ));
        }
        if fired == 1 {
            expected.push(Output::Fired { partition, key });
        }
    }
    for input in 0..inputs {
        let key = setup.inputs[partition as usize][input as usize];
        let seen = counted_once(setup, partition, key, input + 1, false).seen;
        expected.push(Output::Counted { partition, input, seen });
    }
    expected.sort_unstable();
    let is_of = |output: &&Output| {
        let (Output::Counted { partition: of, .. } | Output::Fired { partition: of, .. }) = output;
        *of == partition
    };
    let outputs: Vec<Output> = kafka.outputs.iter().filter(is_of).copied().collect();
    (outputs != expected).then(|| format!("after {inputs} inputs the outputs are {outputs:?}, not {expected:?}"))
}

/// Redis has nothing that the log has not, and nothing older than its watermark says; if it says that it is whole,
/// nothing older than when its owner claimed it.
fn copy_fault(world: &World, partition: u8) -> Option<String> {
    let copy = &world.redis.copies[partition as usize];
    let changelog = &world.kafka.changelogs[partition as usize];
    (0..).zip(copy.states).find_map(|(key, state)| {
        let least = if copy.whole { copy.watermark.max(copy.claimed_at) } else { copy.watermark };
        let fits = changelog.has_at_or_after(key, state, least);
        (!fits).then(|| format!("redis has {state:?} for key {key} of partition {partition} at {least}: {copy:?}"))
    })
}

/// Whoever owns a partition and begins to work has what is committed: offsets, states and timers.
fn owner_fault(world: &World, setup: &Setup, partition: u8) -> Option<String> {
    let kafka = &world.kafka;
    let owner = (0..).zip(&world.processes).find(|(number, process)| {
        process.runs
            && !process.fenced
            && process.is_member(*number, kafka)
            && kafka.holder[partition as usize] == Some(process.instance)
            && process.worker.next() == kefu_commit::Step::Work
            && !process.worker.is_open()
    });
    let (number, process) = owner?;
    let position = process.position(partition)?;
    let committed = kafka.decided[partition as usize];
    if position != committed {
        return Some(format!(
            "process {number} goes on from input {position} of {partition}, {committed} is committed"
        ));
    }
    (0..KEYS as u8).find_map(|key| {
        let changelog = &kafka.changelogs[partition as usize];
        let state = changelog.decided(key, changelog.end());
        let known = known_state(process, world, setup, partition, key).unwrap_or(state);
        if known != state {
            return Some(format!(
                "process {number} takes {known:?} for key {key} of {partition}, the log has {state:?}"
            ));
        }
        let has_timer = process.memory[partition as usize].timers[key as usize];
        (has_timer != (state.timer == Timer::Due))
            .then(|| format!("process {number} is wrong about the timer of key {key} of {partition}: {state:?}"))
    })
}

/// What a process takes for the state of a key; none if it finds that the hot copy is not its own.
fn known_state(process: &Process, world: &World, setup: &Setup, partition: u8, key: u8) -> Option<State> {
    let memory = &process.memory[partition as usize];
    let here = memory.loaded[key as usize].or(memory.pinned[key as usize]);
    here.or_else(|| world.redis.read(partition, process.mark(partition)?, key, setup))
}

/// Whether everything is done: all inputs counted, all timers fired, no transaction left.
pub(crate) fn is_done(world: &World, setup: &Setup) -> bool {
    let kafka = &world.kafka;
    kafka.transactions.iter().all(|transaction| *transaction == Transaction::None)
        && (0..setup.partitions()).all(|partition| {
            let inputs = setup.inputs[partition as usize].len() as u8;
            let changelog = &kafka.changelogs[partition as usize];
            kafka.decided[partition as usize] == inputs
                && (0..KEYS as u8).all(|key| changelog.decided(key, changelog.end()).timer != Timer::Due)
        })
}
