//! A replay and a live run of six processes on Kafka and Redis end with the same result.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kefu_integration_tests::{
    Cluster, Running, SERVICES, run_kefu, sample_events, sample_policy, try_kefu, wait_until,
};

/// After the last survey, follow-up and window of the sample.
const UNTIL: &str = "2026-03-15T16:00:00Z";

fn replay(folder: &Path) -> PathBuf {
    let out = folder.join("replay");
    let (input, policy) = (sample_events(), sample_policy());
    run_kefu(&[
        "replay",
        "--input",
        &input.display().to_string(),
        "--policy",
        &policy.display().to_string(),
        "--out",
        &out.display().to_string(),
        "--until",
        UNTIL,
    ]);
    out
}

fn assert_same(left: &Path, right: &Path, services: &[Running]) {
    let output = try_kefu(&["compare", &left.display().to_string(), &right.display().to_string()]);
    let differences = String::from_utf8_lossy(&output.stdout).into_owned();
    let logs: Vec<String> = services
        .iter()
        .map(|service| {
            let log = service.log();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" INFO ")).take(20).collect();
            format!("== {}\n{}", service.name(), lines.join("\n"))
        })
        .collect();
    assert!(output.status.success(), "{differences}\n{}", logs.join("\n"));
}

#[test]
fn the_sample_gives_the_same_on_kafka_as_in_a_replay() {
    let cluster = Cluster::start(4);
    let expected = replay(cluster.folder());
    let services = cluster.serve_all();
    cluster.load(&sample_events(), UNTIL, 300, None);
    let live = cluster.export("live");
    assert_same(&expected, &live, &services);
}

#[test]
fn a_killed_and_restarted_service_changes_nothing() {
    let cluster = Cluster::start(4);
    let expected = replay(cluster.folder());
    let mut services = cluster.serve_all();
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| cluster.load(&sample_events(), UNTIL, 400, Some(60)));
        for (index, service) in SERVICES.iter().enumerate() {
            // each once, while events still come
            wait_for_commits(&services[index]);
            assert!(!loading.is_finished(), "the load was over before {service} was killed");
            services[index].kill();
            services[index] = cluster.serve(service);
        }
        loading.join().unwrap();
    });
    let live = cluster.export("live");
    assert_same(&expected, &live, &services);
}

/// Waits until a service owns its partitions.
fn wait_for_commits(service: &Running) {
    wait_until(&format!("{} owns its partitions", service.name()), Duration::from_secs(60), || {
        service.log().contains("partition taken over")
    });
}

#[test]
fn a_replay_gives_the_same_bytes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let first = replay(&folder.path().join("a"));
    let second = replay(&folder.path().join("b"));
    let mut names: Vec<_> = std::fs::read_dir(&first).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let read = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert!(read(&first) == read(&second), "{} differs", name.display());
    }
}
