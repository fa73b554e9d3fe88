//! All six services in one process: on Kafka and Redis, and on one file.
//!
//! Owns what is done with them. Their load is `kefu load`'s; what is told of it is `six_report`'s.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kefu_test_rig::{Kafka, Offsets, Redis, SERVICES};
use serde_json::Value;

use super::Failure;
use super::args::BenchArgs;
use super::process::{Program, Usage, broker, built, client, empty_folder};
use super::six_report::{Backlog, Live, Restore, SixReport};

const PARTITIONS: i32 = 12;
const CONFIG: &str = "keys = [{ token = \"a-key-for-the-load\", tenant = \"load-1\", scopes = [\"ingest\"] }]\n";
const KEY: &str = "load-1=a-key-for-the-load";
const ENDED_WITHIN: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks in a row that must find nothing left.
const LOOKS: u32 = 10;

struct Servers {
    kafka: Kafka,
    redis: Redis,
}

/// All six, in a folder of their own.
pub(super) struct Six<'a> {
    args: &'a BenchArgs,
    /// Where they keep what they have; none if that is one file.
    servers: Option<Servers>,
    folder: PathBuf,
    starts: u32,
}

/// Measures them on both backends.
pub(super) fn measure(args: &BenchArgs, report: &mut SixReport) -> Result<(), Failure> {
    let kafka = broker(args.common.broker.clone())?;
    let redis = Redis::start()?;
    for servers in [Some(Servers { kafka, redis }), None] {
        Six::new(args, servers)?.run(report)?;
    }
    Ok(())
}

impl<'a> Six<'a> {
    fn new(args: &'a BenchArgs, servers: Option<Servers>) -> Result<Self, Failure> {
        let folder = empty_folder(if servers.is_some() { "bench/six-kafka" } else { "bench/six-file" })?;
        std::fs::write(folder.join("kefu.toml"), CONFIG)?;
        Ok(Self { args, servers, folder, starts: 0 })
    }

    fn name(&self) -> &'static str {
        if self.servers.is_some() { "Kafka and Redis" } else { "one file" }
    }

    fn run(mut self, report: &mut SixReport) -> Result<(), Failure> {
        let program = self.backlog(report)?;
        let program = self.live(program, report)?;
        self.restores(program, report)
    }

    /// A backlog is worked off as fast as it goes; on a file, requests are answered as fast as they can be.
    fn backlog(&mut self, report: &mut SixReport) -> Result<Program, Failure> {
        let events = self.args.events.to_string();
        let (program, seconds) = match &self.servers {
            Some(Servers { kafka, .. }) => {
                let (bootstrap, offsets) = (kafka.bootstrap(), kafka.offsets());
                let partitions = PARTITIONS.to_string();
                self.kefu(&["topics", "apply", "--partitions", &partitions, "--kafka", &bootstrap])?;
                self.kefu(&["load", "--json", "--events", &events, "--kafka", &bootstrap])?;
                let program = self.start()?;
                let done = wait_for_rest(offsets)?;
                let seconds = done.duration_since(program.begun).as_secs_f64();
                (program, seconds)
            }
            None => {
                let program = self.start()?;
                let address = listening(&self.log())?;
                let begun = Instant::now();
                self.kefu(&["load", "--json", "--events", &events, "--url", &address, "--key", KEY])?;
                (program, begun.elapsed().as_secs_f64())
            }
        };
        let Usage { cpu_s, peak_mib } = program.usage()?;
        report.backlogs.push(Backlog::new(self.name(), self.args.events, seconds, cpu_s, peak_mib));
        Ok(program)
    }

    /// Events at a rate that is kept up with.
    fn live(&mut self, program: Program, report: &mut SixReport) -> Result<Program, Failure> {
        let (rate, seconds) = (self.args.live_rate.to_string(), self.args.seconds.to_string());
        let duration = format!("{}s", self.args.seconds + 2);
        let before = program.usage()?;
        let told = match &self.servers {
            Some(Servers { kafka, .. }) => {
                let bootstrap = kafka.bootstrap();
                let mut load = kefu_command(&["load", "--rate", &rate, "--duration", &duration, "--kafka", &bootstrap]);
                let mut load = load.stdout(Stdio::null()).spawn()?;
                let told = client(&bootstrap, &["facts", "--seconds", &seconds]);
                if !load.wait()?.success() {
                    return Err("the load failed".into());
                }
                told?
            }
            None => {
                let address = listening(&self.log())?;
                let flags =
                    ["load", "--json", "--rate", &rate, "--duration", &duration, "--url", &address, "--key", KEY];
                let load = self.kefu(&flags)?;
                serde_json::json!({"answers": {"percentiles": load["latency"]}})
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of a run are below 2^52")]
        let cores = (program.usage()?.cpu_s - before.cpu_s) / (self.args.seconds + 2) as f64;
        for (what, told) in told.as_object().into_iter().flatten() {
            report.lives.push(Live::new(self.name(), self.args.live_rate, what, &told["percentiles"], cores)?);
        }
        Ok(program)
    }

    /// It is killed and started again, with and without its hot copy.
    fn restores(&mut self, program: Program, report: &mut SixReport) -> Result<(), Failure> {
        drop(program);
        let program = self.restore("killed and started again", report)?;
        if let Some(Servers { redis, .. }) = &self.servers {
            drop(program);
            redis.flushall()?;
            self.restore("killed, and Redis is empty", report)?;
        }
        Ok(())
    }

    fn restore(&mut self, what: &'static str, report: &mut SixReport) -> Result<Program, Failure> {
        let program = self.start()?;
        let address = listening(&self.log())?;
        let begun = program.begun;
        while !get(&address, "/readyz").is_ok_and(|answer| answer.contains(" 200 ")) {
            if begun.elapsed() > ENDED_WITHIN {
                return Err(program.explain(&"it is not ready".into()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let seconds = begun.elapsed().as_secs_f64();
        let metrics = get(&address, "/metrics")?;
        let of = |name: &str| -> f64 {
            let lines = metrics.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let read_back = of("kefu_states_restored_total");
        report.restores.push(Restore { place: self.name(), what, seconds, read_back });
        Ok(program)
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("kefu-{}.log", self.starts))
    }

    fn start(&mut self) -> Result<Program, Failure> {
        eprintln!("xtask: bench: kefu starts on {}", self.name());
        self.starts += 1;
        let config = self.folder.join("kefu.toml").display().to_string();
        let mut command = kefu_command(&["serve", "--config", &config, "--listen", "127.0.0.1:0"]);
        match &self.servers {
            Some(Servers { kafka, redis }) => {
                command.args(["--kafka", &kafka.bootstrap(), "--redis", &redis.url(), "--instance", "bench"])
            }
            None => command.arg("--data-dir").arg(self.folder.join("data")),
        };
        Program::start(&mut command, &self.log())
    }

    /// Runs `kefu` to its end and gives what it told as JSON.
    fn kefu(&self, args: &[&str]) -> Result<Value, Failure> {
        eprintln!("xtask: bench: kefu {}", args.join(" "));
        let output = kefu_command(args).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("kefu {} ended with {}", args.join(" "), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }
}

fn kefu_command(args: &[&str]) -> Command {
    let mut command = Command::new(built("kefu"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Waits until the services have consumed everything, what they sent each other among it; gives when that was.
fn wait_for_rest(offsets: Offsets) -> Result<Instant, Failure> {
    let begun = Instant::now();
    let (mut looks, mut done) = (0, begun);
    while looks < LOOKS {
        if begun.elapsed() > ENDED_WITHIN {
            return Err("the services do not come to the end of the backlog".into());
        }
        std::thread::sleep(LOOK_EVERY);
        if lag(offsets)? > 0 {
            looks = 0;
        } else {
            done = if looks == 0 { Instant::now() } else { done };
            looks += 1;
        }
    }
    Ok(done)
}

/// Records before the services. A marker at the end of a transaction is no record.
fn lag(offsets: Offsets) -> Result<i64, Failure> {
    let mut lag = 0;
    for service in SERVICES {
        let committed = offsets.committed_by(&format!("cs.{service}"))?;
        let mut topics: Vec<String> = committed.keys().map(|(topic, _)| topic.clone()).collect();
        topics.dedup();
        if topics.is_empty() {
            return Ok(i64::MAX);
        }
        let ends = offsets.ends(&topics, PARTITIONS)?;
        let before = committed.iter().map(|(at, offset)| ends.get(at).map_or(0, |end| end - offset));
        lag += before.filter(|before| *before > 1).sum::<i64>();
    }
    Ok(lag)
}

/// Where the program listens, once it says so.
fn listening(log: &Path) -> Result<String, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < ENDED_WITHIN {
        let text = std::fs::read_to_string(log)?;
        if let Some((_, rest)) = text.split_once("listens at ")
            && let Some((address, _)) = rest.split_once('\n')
        {
            return Ok(address.to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("{}: it does not listen", log.display()).into())
}

fn get(address: &str, path: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://"))?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
