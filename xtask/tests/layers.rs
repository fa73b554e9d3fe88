//! Which crate may depend on which.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::process::Command;

use serde_json::Value;
use xtask::repository;

/// Libraries that reach a broker, a cache or a file, and who alone may use them.
const OUTSIDE: [&str; 3] = ["rdkafka", "redis", "redb"];
const RUNTIME: &str = "kefu-runtime";
/// Measures the client library alone, so it is not spared from it.
const BENCH_CLIENT: &str = "kefu-bench-client";

/// The crates of kefu that a shared crate may use.
const SHARED: &[(&str, &[&str])] = &[
    ("kefu-calendar", &[]),
    ("kefu-commit", &[]),
    ("kefu-contracts", &[]),
    ("kefu-text", &["kefu-contracts"]),
    ("kefu-policy", &["kefu-calendar", "kefu-contracts"]),
    ("kefu-processor", &["kefu-contracts", "kefu-policy"]),
    (RUNTIME, &["kefu-commit", "kefu-contracts", "kefu-policy", "kefu-processor"]),
    ("kefu-testkit", &["kefu-contracts", "kefu-policy", "kefu-processor", RUNTIME]),
    ("kefu-test-rig", &[]),
    ("kefu-integration-tests", &["kefu-contracts", "kefu-test-rig"]),
    ("kefu-bench", &["kefu-contracts", "kefu-processor", RUNTIME]),
    (BENCH_CLIENT, &["kefu-bench", "kefu-contracts", "kefu-processor", RUNTIME]),
];

/// What the shared crates that hold rules must do without: async and HTTP.
const PURE: [&str; 6] =
    ["kefu-calendar", "kefu-commit", "kefu-contracts", "kefu-text", "kefu-policy", "kefu-processor"];
const ASYNC: [&str; 3] = ["tokio", "axum", "futures"];

struct Package {
    name: String,
    folder: String,
    /// Names as the registry has them, with whether only tests use them.
    uses: Vec<(String, bool)>,
}

fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = repository::root();
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let package = |value: &Value| Package {
        name: text(&value["name"]),
        folder: text(&value["manifest_path"]).rsplit('/').nth(1).unwrap_or_default().to_owned(),
        uses: value["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|used| (text(&used["name"]), used["kind"] == "dev"))
            .collect(),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn only_the_runtime_reaches_kafka_redis_and_the_embedded_file() {
    let packages = packages();
    for package in packages.iter().filter(|package| package.name != RUNTIME && package.name != BENCH_CLIENT) {
        let outside: Vec<_> = package.uses.iter().filter(|(used, _)| OUTSIDE.contains(&used.as_str())).collect();
        assert!(outside.is_empty(), "{} uses {outside:?}; that is the runtime's matter", package.name);
    }
    let runtime = packages.iter().find(|package| package.name == RUNTIME).unwrap();
    for library in OUTSIDE {
        assert!(runtime.uses.iter().any(|(used, _)| used == library), "the runtime does not use {library} any more");
    }
}

#[test]
fn shared_crates_depend_downwards() {
    let packages = packages();
    for (name, allowed) in SHARED {
        let package = packages.iter().find(|package| package.name == *name);
        let package = package.unwrap_or_else(|| panic!("{name} is gone; take it off the list"));
        for (used, _) in package.uses.iter().filter(|(used, only_tests)| used.starts_with("kefu-") && !only_tests) {
            assert!(allowed.contains(&used.as_str()), "{name} must not depend on {used}");
        }
    }
}

#[test]
fn services_do_not_depend_on_each_other() {
    let packages = packages();
    let root = repository::root();
    let services: Vec<&Package> =
        packages.iter().filter(|package| root.join("services").join(&package.folder).is_dir()).collect();
    assert_eq!(services.len(), 6);
    for service in &services {
        for (used, _) in &service.uses {
            assert!(!services.iter().any(|other| other.name == *used), "{} depends on {used}", service.name);
        }
    }
}

#[test]
fn rules_are_neither_async_nor_http() {
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for (used, _) in &package.uses {
            assert!(!ASYNC.contains(&used.as_str()), "{} depends on {used}", package.name);
        }
    }
}
