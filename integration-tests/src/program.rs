//! The `kefu` program and what comes with it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than any load of a test.
const ENDED_WITHIN: Duration = Duration::from_secs(420);

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The demo's recorded events.
pub fn sample_events() -> PathBuf {
    repository().join("crates/kefu/sample/events.ndjson")
}

/// The demo's policy.
pub fn sample_policy() -> PathBuf {
    repository().join("crates/kefu/sample/policy.yaml")
}

/// The `kefu` program: the one that `KEFU_PROGRAM` names, else built by the first test that needs it.
pub fn kefu() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("KEFU_PROGRAM").map_or_else(built, PathBuf::from))
}

/// Builds it beside this program, in the same profile.
fn built() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    // target/<profile>/<program>, or target/<profile>/deps/<test>
    let folder = exe.parent().filter(|folder| !folder.ends_with("deps"));
    let folder = folder.or_else(|| exe.ancestors().nth(2));
    let folder = folder.unwrap_or_else(|| panic!("{} is in no target folder", exe.display()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "kefu"]).current_dir(repository());
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().is_ok_and(|status| status.success()), "kefu does not build");
    folder.join("kefu")
}

/// Runs `kefu` to its end and gives what it wrote; panics if it fails.
pub fn run_kefu(args: &[&str]) -> String {
    let output = try_kefu(args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "kefu {args:?} ended with {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs `kefu` to its end.
pub fn try_kefu(args: &[&str]) -> Output {
    try_kefu_for(ENDED_WITHIN, args)
}

/// Runs `kefu` to its end, which must come within `limit`.
pub fn try_kefu_for(limit: Duration, args: &[&str]) -> Output {
    let mut child = Command::new(kefu())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("kefu does not start: {error}"));
    let (out, err) = (drained(child.stdout.take()), drained(child.stderr.take()));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < limit => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // it may end at this moment
                child.kill().ok();
                let said = String::from_utf8_lossy(&err.join().unwrap_or_default()).into_owned();
                panic!("kefu {args:?} does not end within {limit:?}; it says\n{said}");
            }
            Err(error) => panic!("{error}"),
        }
    };
    Output { status, stdout: out.join().unwrap_or_default(), stderr: err.join().unwrap_or_default() }
}

/// Reads to the end, so that the program never waits for its reader.
fn drained(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // what was read until then is there
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes).ok());
        bytes
    })
}
