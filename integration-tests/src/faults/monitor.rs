//! How far the services are, and when they stood still.
//!
//! Owns what standing still means: a partition of a service has committed records before it, and the offsets that the
//! service has committed there do not move. A partition with nothing before it is at rest, not still. What was written
//! in a transaction is followed by a marker, which nobody has to consume: one offset ahead is nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kefu_test_rig::{Offsets, Positions};

use crate::SERVICES;

use super::site::PARTITIONS;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(200);
/// A shorter stillness is none.
const LEAST: Duration = Duration::from_millis(600);
/// The topics that the load goes to.
const LOADED: [&str; 2] = ["cs.channel-events", "cs.order-events"];

/// A partition of a service stood still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Still {
    pub(super) service: usize,
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// What was seen of a partition of a service.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The sum of the committed offsets.
    committed: i64,
    /// When it last moved or rested.
    alive: Instant,
    /// Whether it had nothing before it then.
    rests: bool,
}

/// What was seen.
pub(super) struct View {
    seen: Vec<Vec<Seen>>,
    still: Vec<Still>,
    /// Records before intake on the topics of the load, those that come back to it among them; none before a look.
    intake_lag: Option<u64>,
    /// Records before all services.
    lag: i64,
    /// When any of them last committed other offsets than before.
    moved: Instant,
}

impl View {
    fn new(now: Instant) -> Self {
        let partitions = usize::try_from(PARTITIONS).unwrap_or(0);
        let seen = vec![vec![Seen { committed: 0, alive: now, rests: true }; partitions]; SERVICES.len()];
        Self { seen, still: Vec::new(), intake_lag: None, lag: i64::MAX, moved: now }
    }

    /// Takes in what each service has committed, and the ends of what it reads.
    fn take(&mut self, committed: &[Positions], ends: &Positions, now: Instant) {
        self.lag = 0;
        for (service, (of, committed)) in self.seen.iter_mut().zip(committed).enumerate() {
            for (partition, seen) in (0..).zip(of.iter_mut()) {
                let here = || committed.iter().filter(move |((_, number), _)| *number == partition);
                let sum: i64 = here().map(|(_, offset)| *offset).sum();
                let before = |(at, offset): (&(String, i32), &i64)| ends.get(at).map_or(0, |end| end - offset);
                // one offset of a topic may be a marker
                let lag: i64 = here().map(before).filter(|before| *before > 1).sum();
                self.lag += lag;
                if sum == seen.committed && lag > 0 {
                    continue;
                }
                if sum != seen.committed {
                    self.moved = now;
                }
                let rests = lag == 0;
                // at rest before and after: nothing was missed, though nobody could look meanwhile
                if now.duration_since(seen.alive) >= LEAST && !(seen.rests && rests) {
                    self.still.push(Still { service, from: seen.alive, to: now });
                }
                *seen = Seen { committed: sum, alive: now, rests };
            }
        }
        let of_load = |at: &&(String, i32)| LOADED.contains(&at.0.as_str());
        let committed = |at: &(String, i32)| committed.first().and_then(|of_intake| of_intake.get(at)).unwrap_or(&0);
        let before = ends.iter().filter(|(at, _)| of_load(at)).map(|(at, end)| end - committed(at));
        self.intake_lag =
            Some(before.filter(|before| *before > 1).map(|before| u64::try_from(before).unwrap_or(0)).sum());
    }
}

/// Looks at the services until it is dropped.
pub(super) struct Monitor {
    view: Arc<Mutex<View>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    pub(super) fn start(offsets: Offsets) -> Self {
        let view = Arc::new(Mutex::new(View::new(Instant::now())));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (view.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // while the broker is away nothing moves
                if let Ok((committed, ends)) = look(offsets) {
                    lock(&shared).take(&committed, &ends, Instant::now());
                }
                std::thread::sleep(PERIOD);
            }
        });
        Self { view, stop, thread: Some(thread) }
    }

    /// Records before intake on the topics of the load; none before anything was seen.
    pub(super) fn intake_lag(&self) -> Option<u64> {
        lock(&self.view).intake_lag
    }

    /// Whether no service has anything before it.
    pub(super) fn is_at_rest(&self) -> bool {
        lock(&self.view).lag == 0
    }

    /// How long nothing at all has moved.
    pub(super) fn idle(&self) -> Duration {
        lock(&self.view).moved.elapsed()
    }

    /// How long a partition of `services` stood still at most, from `from` on, beginning before `until`.
    pub(super) fn stillness(&self, services: &[usize], from: Instant, until: Instant) -> Duration {
        let view = lock(&self.view);
        let now = Instant::now();
        let open = view
            .seen
            .iter()
            .enumerate()
            .flat_map(|(service, of)| of.iter().map(move |seen| Still { service, from: seen.alive, to: now }));
        let all = view.still.iter().copied().chain(open.filter(|still| now - still.from >= 2 * LEAST));
        let within = all.filter(|still| services.contains(&still.service) && still.to > from && still.from <= until);
        within.map(|still| still.to - still.from.max(from)).max().unwrap_or_default()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // it has nothing to say
            thread.join().ok();
        }
    }
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(offsets: Offsets) -> std::io::Result<(Vec<Positions>, Positions)> {
    let groups = SERVICES.iter().map(|service| offsets.committed_by(&format!("cs.{service}")));
    let committed = groups.collect::<std::io::Result<Vec<_>>>()?;
    let topics: BTreeSet<String> = committed.iter().flatten().map(|((topic, _), _)| topic.clone()).collect();
    let ends = offsets.ends(&topics.into_iter().collect::<Vec<_>>(), PARTITIONS)?;
    Ok((committed, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(topic: &str, offset: i64) -> Positions {
        (0..PARTITIONS).map(|partition| ((topic.to_owned(), partition), offset)).collect()
    }

    fn committed(offset: i64) -> Vec<Positions> {
        let mut all = vec![Positions::new(); SERVICES.len()];
        all[0] = at(LOADED[0], offset);
        all
    }

    #[test]
    fn what_waits_and_does_not_move_stands_still_until_it_moves() {
        let begun = Instant::now();
        let second = |number: u32| begun + Duration::from_secs(1) * number;
        let mut view = View::new(begun);
        view.take(&committed(5), &at(LOADED[0], 9), second(0));
        view.take(&committed(5), &at(LOADED[0], 9), second(1));
        view.take(&committed(5), &at(LOADED[0], 9), second(4));
        assert!(view.still.is_empty() && view.lag == 4 * i64::from(PARTITIONS));
        view.take(&committed(7), &at(LOADED[0], 9), second(5));
        assert_eq!(view.still.len(), usize::try_from(PARTITIONS).unwrap());
        assert!(view.still.iter().all(|still| still.service == 0 && still.to - still.from == Duration::from_secs(5)));
        assert_eq!(view.intake_lag, Some(2 * 12));
    }

    #[test]
    fn a_partition_with_nothing_before_it_rests() {
        let begun = Instant::now();
        let mut view = View::new(begun);
        for second in 0..9 {
            // the end is a marker
            view.take(&committed(5), &at(LOADED[0], 6), begun + Duration::from_secs(second));
        }
        assert!(view.still.is_empty() && view.lag == 0);
    }
}
