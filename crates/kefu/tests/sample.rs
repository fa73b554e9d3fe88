//! Every command of the sample finds what it is aimed at.
//!
//! Their targets are hashes and the cases they place are those of that minute, so a rule that changes must not leave
//! them behind unnoticed.
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Those that the sample has on purpose: leaving without having come, a second answer, and one after a week.
const REFUSED: [(&str, i64); 3] = [("k-03150", 409), ("k-survey-022", 409), ("k-survey-096", 410)];

fn rows(folder: &Path, topic: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(format!("cs.{topic}.ndjson"))).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["value"].take()).collect()
}

#[test]
fn every_command_of_the_sample_is_done_but_those_refused_on_purpose() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample");
    let folder = tempfile::tempdir().unwrap();
    let replay = Command::new(env!("CARGO_BIN_EXE_kefu"))
        .arg("replay")
        .args(["--input".as_ref(), sample.join("events.ndjson").as_os_str()])
        .args(["--policy".as_ref(), sample.join("policy.yaml").as_os_str()])
        .args(["--out".as_ref(), folder.path().as_os_str()])
        .output()
        .unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let asked: BTreeMap<String, String> = rows(folder.path(), "commands")
        .iter()
        .map(|command| (text(&command["command_id"]), text(&command["kind"])))
        .collect();
    let results = rows(folder.path(), "command-results");
    let told: BTreeMap<String, i64> =
        results.iter().map(|result| (text(&result["command_id"]), result["status"].as_i64().unwrap())).collect();
    assert!(asked.keys().eq(told.keys()), "each command has its answer");
    let refused: Vec<(&str, i64)> =
        told.iter().map(|(id, status)| (id.as_str(), *status)).filter(|(_, status)| *status >= 300).collect();
    assert_eq!(refused, REFUSED, "{results:#?}");
    for kind in ["answer", "start_review", "sign_out", "sign_in", "audit", "review_update", "follow_up_done"] {
        assert!(asked.values().any(|asked| asked == kind), "{kind}");
    }
}
