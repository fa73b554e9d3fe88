//! Everything at once, and what may happen next.

use kefu_commit::Step;

use crate::guards::Guard;
use crate::kafka::{Kafka, Part};
use crate::process::{Around, Luck, Process};
use crate::redis::Redis;
use crate::setup::{Fault, KEYS, Setup};

/// Something that may happen. Numbers are those of processes, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Start(u8),
    /// Its producer takes the transactional id over.
    TakeId(u8),
    Step(u8, Luck),
    Take {
        process: u8,
        partition: u8,
    },
    Fire {
        process: u8,
        partition: u8,
        key: u8,
    },
    Commit(u8),
    EndTurn(u8),
    /// It finds that a hot copy is not its own any more.
    FindLost(u8),
    /// What it sent reaches the log.
    Deliver(u8),
    /// Its consumer learns that it is no member any more.
    Learn(u8),
    /// A part of Kafka learns how the last transaction of an instance ended.
    Mark {
        instance: u8,
        part: Part,
    },
    /// Redis takes a late call.
    Arrive,
    /// A copy of Redis is made, to which it may fall back.
    Copy,
    Crash(u8),
    Expire {
        instance: u8,
    },
    Move {
        partition: u8,
        instance: u8,
    },
    TimeOut {
        instance: u8,
    },
    Flush,
    Failover,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) kafka: Kafka,
    pub(crate) redis: Redis,
    pub(crate) processes: Vec<Process>,
    /// Faults that may still happen.
    pub(crate) faults: u8,
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            kafka: Kafka::new(setup),
            redis: Redis::new(),
            processes: setup.processes.iter().map(|instance| Process::new(*instance)).collect(),
            faults: setup.faults,
        }
    }

    /// What may happen next, each with whether it is a fault.
    pub(crate) fn actions(&self, setup: &Setup) -> Vec<(Action, bool)> {
        let mut all = Vec::new();
        for (number, process) in (0..).zip(&self.processes) {
            if process.runs {
                self.work_of(number, process, setup, &mut all);
            } else {
                self.starts_of(number, process, setup, &mut all);
            }
        }
        for instance in 0..setup.instances() as u8 {
            all.extend(self.kafka.unmarked(instance).into_iter().map(|part| (Action::Mark { instance, part }, false)));
            let ends_it = |process: &Process| process.has_id && !process.fenced && process.instance == instance;
            if self.kafka.transactions[instance as usize].is_open() && !self.processes.iter().any(ends_it) {
                all.push((Action::TimeOut { instance }, false));
            }
        }
        if self.redis.late.is_some() {
            all.push((Action::Arrive, false));
        }
        if self.redis.replica.is_some() {
            all.push((Action::Failover, true));
        }
        if self.faults > 0 {
            self.faults_of_the_world(setup, &mut all);
        }
        all
    }

    fn starts_of(&self, number: u8, process: &Process, setup: &Setup, all: &mut Vec<(Action, bool)>) {
        let is_second = self.processes.iter().any(|other| other.runs && other.instance == process.instance);
        // which of them comes first makes no difference
        if number > 0 && self.kafka.holder[0].is_none() {
            return;
        }
        if !is_second {
            all.push((Action::Start(number), false));
        } else if self.faults > 0 && setup.kinds.contains(&Fault::SecondStart) && number > 0 {
            all.push((Action::Start(number), true));
        }
    }

    fn work_of(&self, number: u8, process: &Process, setup: &Setup, all: &mut Vec<(Action, bool)>) {
        let is_id_free = self.kafka.can_send(process.instance);
        let can_send = process.fenced || (process.has_id && is_id_free);
        if !process.has_id && is_id_free {
            all.push((Action::TakeId(number), false));
        }
        let step = process.worker.next();
        if step == Step::Work {
            for partition in 0..setup.partitions() {
                let Some(position) = process.position(partition) else { continue };
                if can_send && usize::from(position) < setup.inputs[partition as usize].len() {
                    all.push((Action::Take { process: number, partition }, false));
                }
                let timers = process.memory[partition as usize].timers;
                let due = (0..KEYS as u8).filter(|key| timers[*key as usize] && can_send);
                all.extend(due.map(|key| (Action::Fire { process: number, partition, key }, false)));
            }
            let open = process.worker.is_open();
            if open {
                all.push((Action::Commit(number), false));
            }
            if (!open || !setup.has(Guard::GroupBetweenTransactions)) && process.has_news(number, &self.kafka, setup) {
                all.push((Action::EndTurn(number), false));
            }
            let is_lost = |partition: &u8| {
                process.mark(*partition).is_some_and(|mark| !self.redis.is_owned(*partition, mark, setup))
            };
            if !open && (0..setup.partitions()).any(|partition| is_lost(&partition)) {
                all.push((Action::FindLost(number), false));
            }
        } else if can_send || !matches!(step, Step::SendOffsets | Step::EndTransaction | Step::Abort) {
            all.push((Action::Step(number, Luck::Good), false));
            for (luck, kind) in bad_luck(step) {
                let is_free = *luck != Luck::Late || self.redis.late.is_none();
                if self.faults > 0 && is_free && setup.kinds.contains(kind) {
                    all.push((Action::Step(number, *luck), true));
                }
            }
        }
        if !process.queue.is_empty() && can_send && step != Step::Abort {
            all.push((Action::Deliver(number), false));
        }
        if self.faults > 0 && setup.kinds.contains(&Fault::Crash) {
            all.push((Action::Crash(number), true));
        }
        let is_alone = self.kafka.member.iter().all(Option::is_none);
        if is_alone && process.joined && !process.knows_lost && process.worker.is_open() {
            all.push((Action::Learn(number), false));
        }
    }

    fn faults_of_the_world(&self, setup: &Setup, all: &mut Vec<(Action, bool)>) {
        for kind in setup.kinds {
            match kind {
                Fault::Expire => {
                    let members = (0..).zip(&self.kafka.member).filter(|(_, member)| member.is_some());
                    all.extend(members.map(|(instance, _)| (Action::Expire { instance }, true)));
                }
                Fault::Move => {
                    for partition in 0..setup.partitions() {
                        for (instance, member) in (0..).zip(&self.kafka.member) {
                            let at = partition as usize;
                            let held = self.kafka.holder[at].is_some_and(|holder| holder != instance);
                            if held && member.is_some() && self.kafka.wanted[at].is_none() {
                                all.push((Action::Move { partition, instance }, true));
                            }
                        }
                    }
                }
                Fault::TimeOut => {
                    let open = (0..).zip(&self.kafka.transactions).filter(|(_, transaction)| transaction.is_open());
                    all.extend(open.map(|(instance, _)| (Action::TimeOut { instance }, true)));
                }
                Fault::Flush => all.push((Action::Flush, true)),
                Fault::Failover if self.redis.replica.is_none() => all.push((Action::Copy, true)),
                _ => {}
            }
        }
    }

    /// What comes of an action; none if it cannot happen now.
    pub(crate) fn after(&self, (action, is_fault): (Action, bool), setup: &Setup) -> Option<World> {
        let mut world = self.clone();
        // to fall back to a copy was paid for when it was made
        if is_fault && action != Action::Failover {
            world.faults -= 1;
        }
        match action {
            Action::Start(number) => world.start(number),
            Action::TakeId(number) => world.take_id(number, setup)?,
            Action::Step(number, luck) => world.drive(number, setup, |process, around| process.step(luck, around))?,
            Action::Take { process, partition } => world.drive(process, setup, |process, around| {
                process.take(partition, around);
                true
            })?,
            Action::Fire { process, partition, key } => world.drive(process, setup, |process, around| {
                process.fire(partition, key, around);
                true
            })?,
            Action::Deliver(number) => world.drive(number, setup, |process, around| {
                process.deliver(around);
                true
            })?,
            Action::Commit(number) => world.processes[number as usize].worker.commit(),
            Action::EndTurn(number) => {
                let worker = &mut world.processes[number as usize].worker;
                if setup.has(Guard::GroupBetweenTransactions) {
                    worker.end_turn();
                } else {
                    return world.serve_in_transaction(number, setup);
                }
            }
            Action::FindLost(number) => world.processes[number as usize].worker.give_up(),
            Action::Learn(number) => world.processes[number as usize].knows_lost = true,
            Action::Mark { instance, part } => world.kafka.mark(instance, part),
            Action::Arrive => {
                let (partition, call) = world.redis.late.take()?;
                world.redis.call(partition, call, &world.kafka.changelogs[partition as usize], setup);
            }
            Action::Copy => world.redis.replica = Some(world.redis.copies),
            Action::Crash(number) => {
                let process = &mut world.processes[number as usize];
                *process = Process::new(process.instance);
            }
            Action::Expire { instance } => world.kafka.expire(instance),
            Action::Move { partition, instance } => world.kafka.wanted[partition as usize] = Some(instance),
            Action::TimeOut { instance } => {
                world.kafka.end(instance, false);
                world.fence(instance);
            }
            Action::Flush => world.redis.flush(),
            Action::Failover => world.redis.copies = world.redis.replica.take()?,
        }
        Some(world)
    }

    fn start(&mut self, number: u8) {
        let process = &mut self.processes[number as usize];
        *process = Process::new(process.instance);
        process.runs = true;
    }

    fn take_id(&mut self, number: u8, setup: &Setup) -> Option<()> {
        let instance = self.processes[number as usize].instance;
        if !self.kafka.can_send(instance) {
            return None;
        }
        if setup.has(Guard::ProducerFence) {
            self.fence(instance);
        }
        self.kafka.end(instance, false);
        self.processes[number as usize].has_id = true;
        Some(())
    }

    /// Whoever had the transactional id has it no more.
    fn fence(&mut self, instance: u8) {
        let of_instance = self.processes.iter_mut().filter(|process| process.has_id && process.instance == instance);
        of_instance.for_each(|process| process.fenced = true);
    }

    fn drive(
        &mut self,
        number: u8,
        setup: &Setup,
        work: impl FnOnce(&mut Process, &mut Around<'_>) -> bool,
    ) -> Option<()> {
        let fresh = self.fresh_incarnation(setup);
        let Self { kafka, redis, processes, .. } = self;
        let mut around = Around { me: number, kafka, redis, setup, fresh };
        work(&mut processes[number as usize], &mut around).then_some(())
    }

    /// A worker that lets the group give and take though its transaction is open.
    fn serve_in_transaction(mut self, number: u8, setup: &Setup) -> Option<World> {
        self.drive(number, setup, Process::serve_group)?;
        Some(self)
    }

    /// The least incarnation that nothing knows; which one it is makes no difference, that it is new does.
    fn fresh_incarnation(&self, setup: &Setup) -> u128 {
        let marks = self.processes.iter().flat_map(|process| (0..setup.partitions()).map(|at| process.mark(at)));
        let known: Vec<u128> = marks.flatten().map(|mark| mark.incarnation).chain(self.redis.incarnations()).collect();
        (1..).find(|incarnation| !known.contains(incarnation)).unwrap_or_default()
    }
}

/// How a step may go wrong.
fn bad_luck(step: Step) -> &'static [(Luck, Fault)] {
    match step {
        Step::Restore(_, kefu_commit::CopyStep::Settle | kefu_commit::CopyStep::Note) => &[],
        Step::Restore(..) | Step::WriteCopies => {
            &[(Luck::NotDone, Fault::RedisCall), (Luck::Unsaid, Fault::RedisCall), (Luck::Late, Fault::LateCall)]
        }
        Step::Produce | Step::SendOffsets => &[(Luck::NotDone, Fault::KafkaCall)],
        Step::EndTransaction => &[(Luck::NotDone, Fault::KafkaCall), (Luck::Unsaid, Fault::KafkaCall)],
        _ => &[],
    }
}
