//! Goes through every world that can come about, breadth first, so that what it finds wrong is found in the fewest
//! steps.

use std::collections::hash_map::{Entry, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::judge::{fault_of, is_done};
use crate::setup::Setup;
use crate::world::{Action, World};

/// How much was looked at.
pub(crate) struct Explored {
    pub(crate) states: usize,
    /// From one state to another, or the same.
    pub(crate) steps: usize,
}

/// What is wrong, and how it comes about.
pub(crate) struct Counterexample {
    pub(crate) wrong: String,
    trace: Vec<(Action, bool)>,
    setup: Setup,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.wrong)?;
        let mut world = World::new(&self.setup);
        for (number, (action, is_fault)) in self.trace.iter().enumerate() {
            let step = match action {
                Action::Step(process, _) => format!(" {:?}", world.processes[*process as usize].worker.next()),
                _ => String::new(),
            };
            let fault = if *is_fault { "  <- fault" } else { "" };
            writeln!(f, "{:3}. {action:?}{step}{fault}", number + 1)?;
            world = world.after((*action, *is_fault), &self.setup).ok_or(fmt::Error)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Explorer<'s> {
    setup: &'s Setup,
    /// By fingerprint.
    known: HashMap<u64, u32>,
    /// How each state was come to first.
    came_from: Vec<(u32, Option<(Action, bool)>)>,
    /// Steps without a fault.
    steps: Vec<(u32, u32)>,
}

/// Explores a setup.
pub(crate) fn explore(setup: &Setup) -> Result<Explored, Counterexample> {
    let mut explorer = Explorer { setup, known: HashMap::new(), came_from: vec![(0, None)], steps: Vec::new() };
    let first = World::new(setup);
    explorer.known.insert(fingerprint(&first), 0);
    let mut layer = vec![(0, first)];
    let mut steps = 0;
    while !layer.is_empty() {
        let mut next = Vec::new();
        for (from, world) in layer {
            steps += explorer.expand(from, &world, &mut next)?;
        }
        layer = next;
    }
    explorer.every_run_ends()?;
    Ok(Explored { states: explorer.came_from.len(), steps })
}

impl Explorer<'_> {
    fn expand(&mut self, from: u32, world: &World, next: &mut Vec<(u32, World)>) -> Result<usize, Counterexample> {
        let (mut steps, mut goes_on) = (0, false);
        for (action, is_fault) in world.actions(self.setup) {
            let Some(after) = world.after((action, is_fault), self.setup) else { continue };
            steps += 1;
            goes_on |= !is_fault;
            let number = self.came_from.len() as u32;
            let to = match self.known.entry(fingerprint(&after)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    new.insert(number);
                    self.came_from.push((from, Some((action, is_fault))));
                    if let Some(wrong) = fault_of(&after, self.setup) {
                        return Err(self.counterexample(number, wrong));
                    }
                    next.push((number, after));
                    number
                }
            };
            if !is_fault {
                self.steps.push((from, to));
            }
        }
        if !goes_on && !is_done(world, self.setup) {
            return Err(self.counterexample(from, "nothing goes on".to_owned()));
        }
        Ok(steps)
    }

    /// Without faults, every run comes to an end, however its steps are mixed: there is no way back to a state.
    fn every_run_ends(&self) -> Result<(), Counterexample> {
        let mut coming = vec![0_u32; self.came_from.len()];
        let mut starts = vec![0_u32; self.came_from.len() + 1];
        for (from, to) in &self.steps {
            coming[*to as usize] += 1;
            starts[*from as usize + 1] += 1;
        }
        for number in 1..starts.len() {
            starts[number] += starts[number - 1];
        }
        // steps were found in the order of where they start
        let mut free: Vec<u32> = (0..coming.len() as u32).filter(|number| coming[*number as usize] == 0).collect();
        while let Some(from) = free.pop() {
            let own = starts[from as usize] as usize..starts[from as usize + 1] as usize;
            for (_, to) in &self.steps[own] {
                coming[*to as usize] -= 1;
                if coming[*to as usize] == 0 {
                    free.push(*to);
                }
            }
        }
        match coming.iter().position(|coming| *coming > 0) {
            Some(number) => Err(self.counterexample(number as u32, "this may come again and again".to_owned())),
            None => Ok(()),
        }
    }

    fn counterexample(&self, mut number: u32, wrong: String) -> Counterexample {
        let mut trace = Vec::new();
        while let (from, Some(action)) = self.came_from[number as usize] {
            trace.push(action);
            number = from;
        }
        trace.reverse();
        Counterexample { wrong, trace, setup: self.setup.clone() }
    }
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = Fingerprint(0);
    world.hash(&mut hasher);
    hasher.finish()
}

/// A fast hash of many small fields; the standard one takes most of the time.
struct Fingerprint(u64);

impl Fingerprint {
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ mixed >> 32
    }
}
