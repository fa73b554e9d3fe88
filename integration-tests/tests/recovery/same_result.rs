//! Kafka's changelog alone holds what matters: whatever becomes of the processes and of Redis, the result is that of a
//! replay.
//!
//! Were a state in Redis before it is in the log, a power cut between the two would leave Redis ahead: what led to the
//! state would be taken for a repetition, and what followed from it would never be written.

use std::path::PathBuf;
use std::time::Duration;

use kefu_integration_tests::{Client, Cluster, Running, run_kefu, sample_events, sample_policy, try_kefu, wait_until};

/// Orders of the months before the sample's week: time would have to come to one after the other.
const EARLY: usize = 60;
/// Inputs taken of the sample after those.
const INPUTS: usize = 1_600;
/// After the last survey, follow-up and window of the sample.
const UNTIL: &str = "2026-03-15T16:00:00Z";
/// Enough for a machine that does much else: a restart alone may take some seconds.
const SOON: Duration = Duration::from_secs(300);

/// A run that is held against a replay of the same inputs.
struct Run {
    cluster: Cluster,
    inputs: PathBuf,
}

impl Run {
    fn new() -> Self {
        let cluster = Cluster::start(2);
        let inputs = cluster.folder().join("inputs.ndjson");
        let sample = std::fs::read_to_string(sample_events()).unwrap();
        let lines: Vec<&str> = sample.lines().skip(EARLY).take(INPUTS).collect();
        std::fs::write(&inputs, lines.join("\n")).unwrap();
        Self { cluster, inputs }
    }

    /// Starts all six services in one process.
    fn start(&self) -> Running {
        let mut args = self.cluster.flags("all-0");
        let policy = sample_policy().display().to_string();
        args.extend(["--clock", "event", "--policy", &policy].map(str::to_owned));
        Running::start("kefu", self.cluster.folder(), &args)
    }

    fn assert_as_replayed(&self) {
        let out = self.cluster.folder().join("replay");
        let [input, policy, out] = [&self.inputs, &sample_policy(), &out].map(|path| path.display().to_string());
        run_kefu(&["replay", "--input", &input, "--policy", &policy, "--out", &out, "--until", UNTIL]);
        let live = self.cluster.export("live");
        let compared = try_kefu(&["compare", &out, &live.display().to_string()]);
        assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stdout));
    }

    /// Loads the inputs while `disturb` does what it does.
    fn load_while(&mut self, disturb: impl FnOnce(&mut Self, &dyn Fn() -> bool)) {
        let args = self.load_args();
        let loading = std::thread::spawn(move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            run_kefu(&args)
        });
        disturb(self, &|| loading.is_finished());
        loading.join().unwrap();
    }

    fn load_args(&self) -> Vec<String> {
        let (bootstrap, inputs) = (self.cluster.bootstrap(), self.inputs.display().to_string());
        let cluster = ["load", "--kafka", &bootstrap, "--prefix", self.cluster.prefix(), "--input", &inputs];
        let pace = ["--rate", "200", "--until", UNTIL, "--wait", "900"];
        cluster.iter().chain(&pace).map(|&arg| arg.to_owned()).collect()
    }
}

/// Records that intake has processed since the process began.
fn processed(running: &mut Running) -> f64 {
    running.must_run();
    let address = running.address().unwrap_or_default();
    let metrics = Client::new(&address, "none").try_get("/metrics").map(|answer| answer.text).unwrap_or_default();
    let of_intake: Vec<&str> = metrics.lines().filter(|line| line.contains("service=\"intake\"")).collect();
    sum(&of_intake.join("\n"), "kefu_records_processed_total")
}

/// The sum of a metric over its labels.
pub(crate) fn sum(metrics: &str, name: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn wait_for_processed(running: &mut Running, count: f64) {
    wait_until(&format!("intake processes {count} records"), SOON, || processed(running) >= count);
}

#[test]
fn after_power_cuts_and_with_an_empty_redis_the_result_is_that_of_a_replay() {
    let mut run = Run::new();
    let mut running = run.start();
    run.load_while(|run, is_over| {
        for (cut, loses_redis) in [false, false, true, false, true].into_iter().enumerate() {
            wait_for_processed(&mut running, 100.0);
            assert!(!is_over(), "the load was over before cut {cut}");
            running.kill();
            if loses_redis {
                run.cluster.redis.flushall().unwrap();
            }
            running = run.start();
        }
        // and while it runs
        wait_for_processed(&mut running, 100.0);
        run.cluster.redis.flushall().unwrap();
    });
    run.assert_as_replayed();
}

#[test]
fn with_an_older_redis_the_result_is_that_of_a_replay() {
    let mut run = Run::new();
    let mut running = run.start();
    run.load_while(|run, is_over| {
        wait_for_processed(&mut running, 200.0);
        run.cluster.redis.keep_copy().unwrap();
        let then = run.cluster.redis.keys().unwrap();
        wait_for_processed(&mut running, 400.0);
        assert!(run.cluster.redis.keys().unwrap() > then, "the copy is older");
        // under a running process
        run.cluster.redis.restart_from_copy().unwrap();
        wait_for_processed(&mut running, 600.0);
        // and under one that begins
        running.kill();
        run.cluster.redis.restart_from_copy().unwrap();
        running = run.start();
        wait_for_processed(&mut running, 50.0);
        assert!(!is_over(), "the load was over before the last one");
    });
    run.assert_as_replayed();
}
