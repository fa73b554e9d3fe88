//! What is not set up is refused at the start, with an exit code and words that say what to do.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use kefu_integration_tests::{
    BackendKind, Client, Clock, Cluster, Running, Shop, message, now, run_kefu, try_kefu_for, wait_until,
};

/// Longer than a broker is waited for at a start.
const SOON: Duration = Duration::from_secs(30);
/// Configuration, policy or flags are wrong.
const USAGE: i32 = 64;
/// They are right, but something else is not.
const FAILED: i32 = 1;

/// Runs `kefu`, which must end with `code` and say all of `words`.
fn refused(args: &[&str], code: i32, words: &[&str]) {
    let output = try_kefu_for(SOON, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
    assert!(missing.is_empty(), "kefu {args:?} does not say {missing:?}; it says\n{said}");
    assert_eq!(output.status.code(), Some(code), "kefu {args:?} says\n{said}");
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// An address where nothing listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn all_faults_of_a_configuration_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(
        folder.path(),
        "kefu.toml",
        r#"
        keys = [{ token = "short", tenant = "demo", scopes = ["read"] }]
        survey_keys = [{ id = "s-1", tenant = "demo", secret = "short" }]
        [http]
        listen = "nowhere"
        [telemetry]
        sample = 2.0
        [kafka]
        threads = 0
        "#,
    );
    let faults = ["http.listen", "telemetry.sample", "kafka.threads", "keys[0].token", "survey_keys"];
    refused(&["serve", "--config", &file], USAGE, &faults);
}

#[test]
fn what_a_configuration_cannot_say_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (text, words) in [
        ("htpp = {}", &["htpp"][..]),
        ("backend = \"tape\"", &["backend", "tape", "embedded"]),
        ("[http]\nlisten = 8080", &["http.listen"]),
        ("not toml at all", &["kefu.toml"]),
    ] {
        let file = written(folder.path(), "kefu.toml", text);
        refused(&["serve", "--config", &file], USAGE, words);
    }
    refused(&["serve", "--config", "no-such-file.toml"], USAGE, &["no-such-file.toml", "no such file"]);
    refused(&["serve", "--services", "intake,kitchen"], USAGE, &["kitchen", "kpi-aggregator"]);
    refused(&["serve", "--listen", "here"], USAGE, &["listen", "here"]);
    refused(&["serve", "--no-such-flag"], USAGE, &["--no-such-flag"]);
}

#[test]
fn all_faults_of_a_policy_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{tenant: demo, version: 1, timezone: Mars/Olympus, auto_close: soon, no_such_section: {}}";
    let file = written(folder.path(), "policy.yaml", text);
    let faults = ["policy.yaml", "timezone", "auto_close", "no_such_section"];
    refused(&["serve", "--policy", &file], USAGE, &faults);
    refused(&["policy", "check", &file], USAGE, &faults[1..]);
    refused(&["serve", "--policy", "no-such-policy.yaml"], USAGE, &["no-such-policy.yaml"]);
    let twice = written(folder.path(), "same.yaml", "{tenant: demo, version: 1}");
    refused(&["serve", "--policy", &twice, &twice], USAGE, &["version 1", "demo", "given"]);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    refused(&["serve", "--data-dir", &data, "--listen", &address], FAILED, &[&address, "--listen"]);
}

#[test]
fn a_folder_that_is_in_use_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let args = ["--data-dir", &data].map(str::to_owned);
    let mut first = Running::start("first", folder.path(), &args);
    first.ready("none");
    refused(&["serve", "--data-dir", &data, "--listen", "127.0.0.1:0"], FAILED, &[&data, "another"]);
}

#[test]
fn a_broker_that_is_away_is_told() {
    let away = nowhere();
    let words = [away.as_str(), "no Kafka broker answers", "check the address"];
    refused(&["serve", "--kafka", &away, "--listen", "127.0.0.1:0"], FAILED, &words);
    refused(&["topics", "apply", "--kafka", &away], FAILED, &words);
}

/// A Redis may come later than its services: they wait, say so, and are not ready meanwhile.
#[test]
fn a_redis_that_is_away_is_waited_for() {
    let mut cluster = Cluster::start(1);
    cluster.redis.kill().unwrap();
    let mut running = Running::start("kefu", cluster.folder(), &cluster.flags("shop-0"));
    wait_until("it says that redis is away", SOON, || {
        running.must_run();
        let log = running.log();
        running.address().is_some() && log.contains("redis does not answer") && log.contains(&cluster.redis.url())
    });
    let client = Client::new(&running.address().unwrap(), "none");
    assert_eq!((client.get("/readyz").status, client.get("/healthz").status), (503, 200));
    cluster.redis.restart_empty().unwrap();
    running.ready("none");
}

#[test]
fn topics_that_are_missing_or_have_other_partitions_are_told() {
    let cluster = Cluster::without_topics();
    let (bootstrap, url) = (cluster.bootstrap(), cluster.redis.url());
    let at = ["--kafka", &bootstrap, "--prefix", cluster.prefix()];
    let serve = [&["serve", "--listen", "127.0.0.1:0", "--redis", &url], &at[..]].concat();
    refused(&serve, FAILED, &["channel-events", "does not exist", "kefu topics apply"]);

    let apply = [&["topics", "apply", "--partitions", "2"], &at[..]].concat();
    assert!(run_kefu(&apply).contains("topics made"));
    for topic in ["orders", "intake.cases.changelog"] {
        cluster.kafka().grow(&format!("{}{topic}", cluster.prefix()), 3).unwrap();
    }
    let words = ["orders` has 3 partitions", "cases.changelog` has 3 partitions", "must agree"];
    wait_until("the broker lists the new partitions", SOON, || {
        let said = String::from_utf8_lossy(&try_kefu_for(SOON, &apply).stderr).into_owned();
        words.iter().all(|word| said.contains(word))
    });
    refused(&apply, FAILED, &words);
    refused(&serve, FAILED, &words);
}

#[test]
fn topics_that_are_there_are_left_alone() {
    let cluster = Cluster::start(2);
    let again = ["topics", "apply", "--kafka", &cluster.bootstrap(), "--prefix", cluster.prefix(), "--partitions", "2"];
    assert!(run_kefu(&again).starts_with("0 topics made"), "nothing is left to make");
}

/// Somebody starts a service twice, on the same port: the first must not notice.
#[test]
fn a_second_start_on_the_same_port_leaves_the_first_alone() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let (mut running, client) = shop.start();
    let address = running.address().unwrap();
    let flags = shop.cluster().flags("shop-0");
    let mut args = vec!["serve", "--listen", &address];
    args.extend(flags.iter().map(String::as_str));
    refused(&args, FAILED, &[&address, "--listen"]);
    client.events(&[message("c-1", "e-1", &now())]);
    wait_until("the first goes on", SOON, || {
        running.must_run();
        client.try_get("/v1/cases/c-1%231").is_ok_and(|answer| answer.status == 200)
    });
}
