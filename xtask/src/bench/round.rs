//! A round: one broker, one loaded topic, every program on it.

use std::path::PathBuf;

use kefu_test_rig::{Jaeger, Kafka, Redis};
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::args::BenchArgs;
use super::latency;
use super::machine::load;
use super::process::{Program, Usage, broker, client, drained, empty_folder};
use super::report::Report;
use super::system::{Aim, System};

/// Seconds after which a drain has failed.
const DRAINED_WITHIN_S: u32 = 900;

/// What it cost to drain the topic.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Drain {
    pub(crate) system: &'static str,
    pub(crate) events: u64,
    /// From the start of the process.
    pub(crate) seconds: f64,
    /// From the first commit on.
    pub(crate) events_per_second: f64,
    pub(crate) cpu_s_per_million: f64,
    pub(crate) broker_cpu_s_per_million: f64,
    pub(crate) redis_cpu_s_per_million: f64,
    pub(crate) peak_mib: u64,
    pub(crate) load: f64,
}

pub(crate) struct Round<'a> {
    args: &'a BenchArgs,
    number: u32,
    kafka: Kafka,
    redis: Redis,
    /// Where traces go, if they do.
    jaeger: Option<Jaeger>,
    folder: PathBuf,
}

impl<'a> Round<'a> {
    pub(crate) fn start(args: &'a BenchArgs, number: u32) -> Result<Self, Failure> {
        let kafka = broker(args.common.broker.clone())?;
        let redis = Redis::start()?;
        let jaeger = if args.traced > 0.0 { Some(Jaeger::start()?) } else { None };
        let folder = empty_folder(&format!("bench/round-{number}"))?;
        Ok(Self { args, number, kafka, redis, jaeger, folder })
    }

    pub(crate) fn run(self, report: &mut Report) -> Result<(), Failure> {
        self.client(&["topics"])?;
        let conversations = self.args.conversations.to_string();
        let traced = self.args.traced.to_string();
        let mut load = vec!["load", "--conversations", &conversations, "--traced", &traced];
        load.extend(self.args.plain.then_some("--plain"));
        self.client(&load)?;
        let mut systems = vec![System::Kefu];
        systems.extend(self.args.peer.clone().map(System::Streams));
        if self.number % 2 == 1 {
            systems.reverse();
        }
        for system in &systems {
            report.drains.push(self.drain(system)?);
        }
        // the broker is warm, and the topic loaded, for all of them alike
        if self.args.seconds > 0 {
            for system in &systems {
                let mut program = self.start_program(system, Aim::Latency)?;
                drained(system, &mut program, &self.kafka.bootstrap(), DRAINED_WITHIN_S)?;
                let told = latency::measure(self.args, &self.kafka.bootstrap(), system, &mut program);
                report.latencies.push(told?);
                program.stop()?;
            }
        }
        let events = (self.args.conversations * 10).to_string();
        let moved = self.client(&["passthrough", "--events", &events])?;
        report.passthroughs.push(moved["cpu_s_per_million"].as_f64().ok_or("the passthrough told no cost")?);
        Ok(())
    }

    fn client(&self, args: &[&str]) -> Result<Value, Failure> {
        eprintln!("xtask: bench: bench-client {}", args.join(" "));
        client(&self.kafka.bootstrap(), args)
    }

    fn start_program(&self, system: &System, aim: Aim) -> Result<Program, Failure> {
        eprintln!("xtask: bench: {} starts", system.name());
        let mut args = self.args.clone();
        args.common.settings.extend(self.jaeger.iter().map(|jaeger| ("telemetry.otlp".to_owned(), jaeger.otlp())));
        system.start(&args, (&self.kafka.bootstrap(), &self.redis.url()), &self.folder, aim)
    }

    fn drain(&self, system: &System) -> Result<Drain, Failure> {
        let servers = || -> Result<[Usage; 2], Failure> {
            let pid = |pid: Option<u32>| pid.ok_or("a server has ended");
            Ok([Usage::of(pid(self.kafka.pid())?)?, Usage::of(pid(self.redis.pid())?)?])
        };
        let [kafka, redis] = servers()?;
        let mut program = self.start_program(system, Aim::Throughput)?;
        let drained = drained(system, &mut program, &self.kafka.bootstrap(), DRAINED_WITHIN_S)?;
        let seconds = program.begun.elapsed().as_secs_f64();
        let (usage, [kafka_after, redis_after]) = (program.usage()?, servers()?);
        let load = load();
        program.stop()?;
        self.check(system)?;
        let number = |name: &str| drained[name].as_f64().unwrap_or_default();
        let per_million = |cpu_s: f64| cpu_s * 1e6 / number("events");
        Ok(Drain {
            system: system.name(),
            events: drained["events"].as_u64().unwrap_or_default(),
            seconds,
            events_per_second: number("events_after_first_commit") / number("after_first_commit_s"),
            cpu_s_per_million: per_million(usage.cpu_s),
            broker_cpu_s_per_million: per_million(kafka_after.cpu_s - kafka.cpu_s),
            redis_cpu_s_per_million: per_million(redis_after.cpu_s - redis.cpu_s),
            peak_mib: usage.peak_mib,
            load,
        })
    }

    /// Holds what came out against what must come out, once each.
    fn check(&self, system: &System) -> Result<(), Failure> {
        let counted = self.client(&[&["verify"], &system.outputs()[..]].concat())?;
        let conversations = self.args.conversations;
        // nothing of the repetition in every tenth conversation, a message of which is one
        let repeated = conversations.div_ceil(10);
        let messages = 6 * conversations - repeated;
        let expected = [
            ("cases", 10 * conversations - repeated),
            ("classified", messages),
            ("kpi_messages", messages),
            ("first_replies", conversations),
        ];
        for (name, count) in expected {
            if counted[name].as_u64() != Some(count) {
                return Err(format!("{} wrote {name} {}, not {count}", system.name(), counted[name]).into());
            }
        }
        Ok(())
    }
}
