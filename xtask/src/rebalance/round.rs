//! A round: one broker, events at a rate, and instances that come and go one after the other.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kefu_test_rig::{Kafka, Redis};
use serde_json::Value;

use super::args::{Grouping, RebalanceArgs};
use super::instance::Instances;
use super::stall::{Event, Pause, Stall};
use crate::bench::Failure;
use crate::bench::machine::load;
use crate::bench::process::{Program, broker, client, drained, empty_folder};
use crate::bench::system::System;

/// Seconds in which everything that was sent must be done.
const DRAINED_WITHIN_S: u32 = 120;
/// What the classic protocol has from kefu, the other has from the broker: the same, to be compared.
const AS_CLASSIC: [(&str, &str); 4] = [
    ("group.consumer.min.session.timeout.ms", "6000"),
    ("group.consumer.session.timeout.ms", "6000"),
    ("group.consumer.min.heartbeat.interval.ms", "500"),
    ("group.consumer.heartbeat.interval.ms", "500"),
];

pub(crate) struct Round<'a> {
    args: &'a RebalanceArgs,
    grouping: Grouping,
    kafka: Kafka,
    redis: Redis,
}

/// What happened, and when.
type Windows = Vec<(Event, (i64, i64), f64)>;

impl<'a> Round<'a> {
    pub(crate) fn start(args: &'a RebalanceArgs, grouping: Grouping) -> Result<Self, Failure> {
        let ours = AS_CLASSIC.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let properties = ours.chain(args.common.broker.iter().cloned()).collect();
        Ok(Self { args, grouping, kafka: broker(properties)?, redis: Redis::start()? })
    }

    pub(crate) fn run(self) -> Result<Vec<Stall>, Failure> {
        self.client(&["topics"])?;
        let mut instances = self.instances()?;
        let mut first = instances.start("i0")?;
        let (told, windows) = thread::scope(|scope| {
            let watching = scope.spawn(|| self.watch().map_err(|failure| failure.to_string()));
            let windows = self.disturb(&mut instances, || !watching.is_finished());
            (watching.join(), windows)
        });
        let (told, windows) = (told.map_err(|_| "what watched panicked")??, windows?);
        drained(&System::Kefu, &mut first, &self.kafka.bootstrap(), DRAINED_WITHIN_S)?;
        first.stop()?;
        self.check(&told["sent"])?;
        let pauses: Vec<Pause> = serde_json::from_value(told["pauses"].clone())?;
        let stall = |(event, window, load): (Event, (i64, i64), f64)| {
            let stall = Stall::between(window, &pauses, (self.grouping, event));
            Stall { load, ..stall }
        };
        Ok(windows.into_iter().map(stall).collect())
    }

    fn instances(&self) -> Result<Instances<'a>, Failure> {
        let name = format!("{}-{}", self.grouping.membership(), self.grouping.protocol());
        let folder = empty_folder(&format!("rebalance/{name}"))?;
        let (kafka, redis) = (self.kafka.bootstrap(), self.redis.url());
        Ok(Instances { args: self.args, grouping: self.grouping, kafka, redis, folder, started: 0 })
    }

    fn client(&self, args: &[&str]) -> Result<Value, Failure> {
        eprintln!("xtask: rebalance: bench-client {}", args.join(" "));
        client(&self.kafka.bootstrap(), args)
    }

    /// Sends events and looks at what comes out until all windows are over.
    fn watch(&self) -> Result<Value, Failure> {
        let windows = u64::try_from(Event::ALL.len())?;
        let seconds = (self.args.warm_up + windows * self.args.window + 1).to_string();
        let rate = self.args.rate.to_string();
        let [_, cases, ..] = System::Kefu.outputs();
        self.client(&["stalls", "--cases", cases, "--rate", &rate, "--seconds", &seconds])
    }

    /// Lets instances come and go, each time at the begin of a window.
    fn disturb(&self, instances: &mut Instances<'_>, is_watched: impl Fn() -> bool) -> Result<Windows, Failure> {
        let mut next = Instant::now() + Duration::from_secs(self.args.warm_up);
        let mut windows = Windows::new();
        let mut second = None;
        for event in Event::ALL {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            if !is_watched() {
                return Ok(windows);
            }
            eprintln!("xtask: rebalance: {}", event.told());
            let from_ms = now_ms();
            second = happen(event, second, instances)?;
            next += Duration::from_secs(self.args.window);
            windows.push((event, (from_ms, from_ms + i64::try_from(self.args.window * 1000)?), load()));
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
        Ok(windows)
    }

    /// Holds what came out against what was sent, once each.
    fn check(&self, sent: &Value) -> Result<(), Failure> {
        let counted = self.client(&[&["verify"], &System::Kefu.outputs()[..]].concat())?;
        for (name, expected) in [("cases", "distinct"), ("classified", "messages"), ("kpi_messages", "messages")] {
            if counted[name].as_u64() != sent[expected].as_u64() {
                return Err(format!("of {} events {name} are {}", sent[expected], counted[name]).into());
            }
        }
        Ok(())
    }
}

/// Does what is to happen with the second instance, and gives the one that runs then.
fn happen(event: Event, second: Option<Program>, instances: &mut Instances<'_>) -> Result<Option<Program>, Failure> {
    match (event, second) {
        (Event::Nothing, second) => return Ok(second),
        (Event::IsKilled, Some(program)) => drop(program),
        (Event::Restarts | Event::Leaves, Some(program)) => {
            let begun = Instant::now();
            program.stop()?;
            eprintln!("xtask: rebalance: it ended after {} ms", begun.elapsed().as_millis());
        }
        (Event::Joins | Event::IsKilled | Event::Restarts | Event::Leaves, _) => {}
    }
    if event == Event::Leaves { Ok(None) } else { instances.start("i1").map(Some) }
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
