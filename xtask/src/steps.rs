//! What each command does, step by step.
//!
//! Owns the steps, their order, and what to do when one fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::repository;

/// Crates whose tests start Kafka and Redis.
const BROKER_TESTS: [&str; 2] = ["kefu-integration-tests", "kefu-test-rig"];

/// One step of a command.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, as it is printed.
    pub name: &'static str,
    /// What to do if it fails.
    pub advice: &'static str,
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    Cargo(Vec<String>),
    /// The same, for tests of the `kefu` that was built there.
    Beside(Vec<String>, PathBuf),
    Install,
}

impl Step {
    fn cargo(name: &'static str, args: &str, advice: &'static str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self { name, advice, work: Work::Cargo(args) }
    }

    /// What is going to be done.
    pub fn title(&self) -> String {
        match &self.work {
            Work::Cargo(args) | Work::Beside(args, _) => format!("{}: cargo {}", self.name, args.join(" ")),
            Work::Install => format!(
                "{}: if missing, Kafka's jars come by Maven into the target folder, redis-server by apt-get (as root)",
                self.name
            ),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// What went wrong, in a line.
    pub fn run(&self, root: &Path) -> Result<(), String> {
        match &self.work {
            Work::Install => kefu_test_rig::ensure_installed().map_err(|error| error.to_string()),
            Work::Cargo(args) => cargo(args, root, &[]),
            Work::Beside(args, kefu) => cargo(args, root, &[("KEFU_PROGRAM", kefu)]),
        }
    }
}

fn cargo(args: &[String], root: &Path, environment: &[(&str, &Path)]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(args).envs(environment.iter().copied()).current_dir(root).status();
    let status = status.map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo ended with {status}")) }
}

/// Everything, the tests against a broker last and one at a time.
pub fn test() -> Vec<Step> {
    let mut steps = vec![install()];
    steps.extend(fast_test());
    steps.push(Step::cargo(
        "tests with Redis",
        "test --package kefu-runtime --lib -- --ignored",
        "run the failed test alone, with `-- --ignored --nocapture`",
    ));
    steps.push(Step::cargo("build", "build --package kefu", "mend what the compiler says"));
    let packages = BROKER_TESTS.map(|name| format!("--package {name}")).join(" ");
    steps.push(Step::cargo(
        "broker tests",
        &format!("test {packages} -- --test-threads=1"),
        "run the failed test alone, with `-- --nocapture`; it prints what the services logged",
    ));
    steps
}

/// Runs with faults; `args` are those of the program that makes them.
pub fn faults(args: &[&str]) -> Vec<Step> {
    let build = Step::cargo("build", "build --release --package kefu", "mend what the compiler says");
    // millions of records are read back and compared
    let program = "run --release --quiet --package kefu-integration-tests --bin faults --";
    let words = program.split(' ').chain(args.iter().copied()).map(str::to_owned);
    let run = Step {
        name: "faults",
        advice: "the folder that it names has logs, both outputs and what was done when; the same --seed repeats it",
        work: Work::Beside(words.collect(), repository::target().join("release/kefu")),
    };
    if args.contains(&"--help") { vec![run] } else { vec![install(), build, run] }
}

/// Everything but the tests that start Kafka and Redis.
pub fn fast_test() -> Vec<Step> {
    let left_out = BROKER_TESTS.map(|name| format!("--exclude {name}")).join(" ");
    let tests = Step::cargo(
        "tests",
        &format!("test --workspace {left_out}"),
        "run the failed test alone: cargo test -p CRATE NAME -- --nocapture",
    );
    vec![format(), lints(), tests]
}

/// One trace through Kafka, Redis and Jaeger.
pub fn trace_test() -> Vec<Step> {
    let test = "test --package kefu-integration-tests --test trace -- --include-ignored --test-threads=1";
    vec![install(), Step::cargo("traces", test, "run it again with `--nocapture`; Jaeger needs Go 1.23 or later")]
}

/// What needs no run of the tests.
pub fn check() -> Vec<Step> {
    let mut steps = vec![format(), lints()];
    if has_deny() {
        steps.push(Step::cargo("dependencies", "deny check", "read what cargo deny says, and deny.toml"));
    } else {
        eprintln!("xtask: dependencies are not checked: cargo-deny is not installed (cargo install cargo-deny)\n");
    }
    steps.push(Step::cargo("tidiness", "test --package xtask", "each line names a file and what to change in it"));
    steps
}

fn install() -> Step {
    Step {
        name: "install",
        advice: "install Java 17 or later, Maven and Redis 7 or later, or leave out what needs them with --fast",
        work: Work::Install,
    }
}

fn format() -> Step {
    Step::cargo("format", "fmt --all --check", "run `cargo fmt --all`")
}

fn lints() -> Step {
    let args = "clippy --workspace --all-targets -- -D warnings";
    Step::cargo("lints", args, "mend what clippy says; an exception needs `#[expect(..., reason = \"...\")]`")
}

fn has_deny() -> bool {
    let asked = Command::new("cargo").args(["deny", "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// A duration as people read it.
pub fn minutes(took: Duration) -> String {
    match took.as_secs() {
        0..=9 => format!("{:.1} s", took.as_secs_f64()),
        seconds @ 10..=119 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(steps: &[Step]) -> Vec<String> {
        steps.iter().map(Step::title).collect()
    }

    #[test]
    fn broker_tests_come_last_and_one_at_a_time() {
        let titles = titles(&test());
        assert!(titles.last().is_some_and(|last| last.contains("integration-tests") && last.contains("threads=1")));
    }

    #[test]
    fn tests_that_start_redis_are_run_but_by_a_fast_test() {
        let runs = |steps: &[Step]| titles(steps).iter().any(|title| title.contains("kefu-runtime --lib -- --ignored"));
        assert!(runs(&test()) && !runs(&fast_test()));
    }

    #[test]
    fn a_fast_test_starts_no_broker() {
        for title in titles(&fast_test()) {
            for name in BROKER_TESTS {
                assert!(!title.contains("test ") || title.contains(&format!("--exclude {name}")), "{title}");
            }
        }
    }

    #[test]
    fn durations_are_short() {
        for (ms, wanted) in [(40, "0.0 s"), (1_240, "1.2 s"), (90_000, "90 s"), (185_000, "3 min 5 s")] {
            assert_eq!(minutes(Duration::from_millis(ms)), wanted);
        }
    }

    #[test]
    fn a_step_that_fails_says_so() {
        let step = Step::cargo("nothing", "no-such-command", "no advice");
        assert!(step.run(Path::new(".")).is_err());
    }
}
