//! Doing faults when they are due, and undoing what lasts.
//!
//! Owns what may happen at once: Redis and the broker suffer one fault at a time, a service's link too, and an instance
//! that stands still is left alone. What cannot begin yet is tried again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kefu_test_rig::{Link, Result};

use crate::SERVICES;

use super::APART;
use super::ended::Ended;
use super::fleet::{Fleet, Place};
use super::monitor::Monitor;
use super::plan::{Fault, Server, Step, Trouble};
use super::poison::{self, Poison};
use super::progress::Progress;
use super::site::Site;

/// What a slow link adds in each direction.
const SLOW: Duration = Duration::from_millis(40);
/// How long after a fault a stillness may begin that it led to.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// A fault that was done.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) step: Step,
    /// What was done to whom.
    pub(super) what: String,
    /// From when to when.
    from: Instant,
    until: Instant,
    /// How long output stood still after it.
    pub(super) still: Duration,
    /// Whether intake had consumed the whole load by then.
    pub(super) after_events: bool,
}

/// A fault that lasts.
struct Lasting {
    index: usize,
    until: Instant,
    /// The instance that stands still.
    frozen: Option<Place>,
}

/// What was done in a run.
pub(super) struct Deeds {
    pub(super) done: Vec<Done>,
    /// Faults that were planned and could not be done.
    pub(super) left: usize,
    pub(super) poisons: Vec<Poison>,
    pub(super) ended: Vec<Ended>,
}

/// Does what is planned.
pub(super) struct Actor {
    fleet: Fleet,
    waiting: Vec<Step>,
    lasting: Vec<Lasting>,
    done: Vec<Done>,
    poisons: Vec<Poison>,
    /// How often a record was put without an answer, by its choice.
    unanswered: BTreeMap<u64, usize>,
    ended: Vec<Ended>,
    away: Duration,
    begun: Instant,
    record: PathBuf,
}

impl Actor {
    /// Starts all instances.
    pub(super) fn start(site: &Site, plan: Vec<Step>, away: Duration) -> Self {
        Self {
            fleet: Fleet::start(site.access()),
            waiting: plan,
            lasting: Vec::new(),
            done: Vec::new(),
            poisons: Vec::new(),
            unanswered: BTreeMap::new(),
            ended: Vec::new(),
            away,
            begun: Instant::now(),
            record: site.files.record(),
        }
    }

    /// Whether everything that was planned is done and over.
    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.lasting.is_empty()
    }

    /// What was done last.
    pub(super) fn last(&self) -> &str {
        self.done.last().map_or("", |done| &done.what)
    }

    /// Starts again what ended by itself.
    pub(super) fn look_after(&mut self) {
        for ended in self.fleet.look_after() {
            self.note(Instant::now(), &format!("{} {}", ended.name, ended.describe()));
            self.ended.push(ended);
        }
    }

    /// Does what is due where the load is. After the last event one fault comes after the other.
    pub(super) fn turn(&mut self, site: &mut Site, progress: Progress) {
        self.look_after();
        self.undo(site, Instant::now());
        let now = Instant::now();
        let apart = self.lasting.is_empty() && self.done.last().is_none_or(|done| now - done.until >= APART);
        let mut one_more = progress.is_over && apart;
        for step in std::mem::take(&mut self.waiting) {
            let due = step.at.is_some_and(|at| at <= progress.consumed) || std::mem::take(&mut one_more);
            if !due || !self.is_possible(&step) || !self.begin(site, step, progress) {
                self.waiting.push(step);
            }
        }
    }

    /// Whether what it needs is not disturbed already.
    fn is_possible(&self, step: &Step) -> bool {
        let lasting = || self.lasting.iter().filter_map(|lasting| self.done.get(lasting.index)).map(|done| done.step);
        match step.fault {
            Fault::RedisFlushed | Fault::RedisAway | Fault::RedisEmptied | Fault::RedisOlder => {
                !lasting().any(|other| matches!(other.fault, Fault::RedisAway | Fault::RedisOlder))
            }
            Fault::Link(server, _) => {
                let same = |other: Fault| matches!(other, Fault::Link(of, _) if of == server);
                !lasting().any(|other| other.service == step.service && same(other.fault))
            }
            _ => true,
        }
    }

    /// Does a fault, or begins it; gives whether it could.
    fn begin(&mut self, site: &mut Site, step: Step, progress: Progress) -> bool {
        let from = Instant::now();
        let mut frozen = None;
        let whom = match step.fault {
            Fault::Killed => self.fleet.kill(step.service, step.choice),
            Fault::Frozen => self.fleet.freeze(step.service, step.choice).map(|(place, name)| {
                frozen = Some(place);
                name
            }),
            Fault::Scaled => {
                self.fleet.scale(step.service).map(|(before, to)| format!("{} {before} to {to}", step.service()))
            }
            Fault::Poisoned(bad) => match poison::put(&site.kafka, bad, step.choice, self.doubtful(step.choice)) {
                Ok(poison) => {
                    let at = poison.place();
                    self.poisons.push(poison);
                    Some(at)
                }
                // the broker is busy with something else, and may have taken it all the same
                Err(_) => {
                    *self.unanswered.entry(step.choice).or_default() += 1;
                    None
                }
            },
            Fault::Link(server, trouble) => {
                set_link(site, step.service, server, trouble);
                Some(step.service().to_owned())
            }
            _ => {
                servers(site, step.fault).unwrap_or_else(|error| panic!("{}: {error}", step.fault));
                Some(String::new())
            }
        };
        let Some(whom) = whom else { return false };
        let what = format!("{} {whom}", step.fault).trim_end().to_owned();
        let when = if progress.is_over { "after all".to_owned() } else { format!("{:>9}", progress.consumed) };
        self.note(from, &format!("{when} events  {what}"));
        let until = Instant::now().max(from + step.fault.lasts(self.away));
        self.done.push(Done { step, what, from, until, still: Duration::ZERO, after_events: progress.is_over });
        if until > Instant::now() {
            self.lasting.push(Lasting { index: self.done.len() - 1, until, frozen });
        }
        true
    }

    fn doubtful(&self, choice: u64) -> usize {
        self.unanswered.get(&choice).copied().unwrap_or(0)
    }

    /// Writes down what happens, so that a run that comes to no end can be understood.
    fn note(&self, at: Instant, what: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.record);
        let at = (at - self.begun).as_secs_f64();
        let written = file.and_then(|mut file| writeln!(file, "{at:8.1} s {what}"));
        written.unwrap_or_else(|error| panic!("{}: {error}", self.record.display()));
    }

    /// Undoes what has lasted long enough.
    fn undo(&mut self, site: &mut Site, now: Instant) {
        let (over, lasting) = std::mem::take(&mut self.lasting).into_iter().partition(|lasting| lasting.until <= now);
        self.lasting = lasting;
        for Lasting { index, frozen, .. } in over as Vec<Lasting> {
            let Some(done) = self.done.get_mut(index) else { continue };
            let back = match done.step.fault {
                Fault::Link(server, _) => {
                    link(site, done.step.service, server, |proxy| proxy.set(Link::Open));
                    Ok(())
                }
                Fault::RedisAway => site.redis.restart_empty(),
                Fault::RedisOlder => site.redis.restart_from_copy(),
                _ => Ok(()),
            };
            back.unwrap_or_else(|error| panic!("{} cannot be undone: {error}", done.what));
            if let Some(place) = frozen {
                self.fleet.thaw(place);
            }
            done.until = Instant::now();
        }
    }

    /// Undoes what lasts, and measures how long output stood still after each fault.
    pub(super) fn finish(&mut self, site: &mut Site, monitor: &Monitor) {
        self.undo(site, Instant::now() + Duration::from_secs(3_600));
        for done in &mut self.done {
            let all: Vec<usize> = (0..SERVICES.len()).collect();
            let services = if done.step.fault.is_of_all() { all } else { vec![done.step.service] };
            done.still = monitor.stillness(&services, done.from, done.until + AFTERWARDS);
        }
        for done in &self.done {
            self.note(done.from, &format!("{}: output stood still for {:.1} s", done.what, done.still.as_secs_f64()));
        }
    }

    /// Ends all instances; gives what was done.
    pub(super) fn end(mut self) -> Deeds {
        // what happened since it was last looked after
        self.look_after();
        let Self { waiting, done, poisons, ended, .. } = self;
        Deeds { done, left: waiting.len(), poisons, ended }
    }
}

fn link(site: &Site, service: usize, server: Server, act: impl FnOnce(&kefu_test_rig::Proxy)) {
    let proxy = match server {
        Server::Kafka => site.kafka.link(service),
        Server::Redis => site.redis_links.get(service),
    };
    proxy.map(act);
}

fn set_link(site: &Site, service: usize, server: Server, trouble: Trouble) {
    link(site, service, server, |proxy| match trouble {
        Trouble::Slow => proxy.set(Link::Slow(SLOW)),
        Trouble::Silent => proxy.set(Link::Silent),
        Trouble::Cut => proxy.cut(),
    });
}

/// Does to a server what the fault says.
fn servers(site: &mut Site, fault: Fault) -> Result<()> {
    match fault {
        Fault::BrokerKilled => {
            site.kafka.kill()?;
            site.kafka.restart()
        }
        Fault::BrokerRestarted => site.kafka.restart(),
        Fault::RedisFlushed => site.redis.flushall(),
        Fault::RedisAway => site.redis.kill(),
        Fault::RedisEmptied => site.redis.restart_empty(),
        Fault::RedisOlder => site.redis.keep_copy(),
        Fault::Killed | Fault::Frozen | Fault::Scaled | Fault::Link(..) | Fault::Poisoned(_) => Ok(()),
    }
}
