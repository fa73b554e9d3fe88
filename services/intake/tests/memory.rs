//! What bodies made to fill the memory take of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::io::Write;

use kefu_policy::Policies;
use kefu_testkit::Server;

const MIB: usize = 1024 * 1024;
/// The largest body, unpacked.
const BODY: usize = 16 * MIB;
/// What a body may take at most: itself, the room it was unpacked into, and what an allocator holds back.
const ROOM: usize = 4 * BODY;

/// The most memory this process had since the last [`forget_peak`], in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn forget_peak() {
    // where a kernel does not do it, the peak is that of the whole test
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

/// Text that does not pack, so that what is around it may: a body may not grow more than a hundredfold.
fn noise() -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'A' + u8::try_from(state >> 60).unwrap())
    };
    (0..400_000).map(|_| letter()).collect()
}

fn gzip(plain: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_body_takes_memory_in_proportion_to_its_length() {
    let server = Server::start(kefu_intake::api::definition, Policies::default());
    let noise = noise();
    let fill = |unit: &str, length: usize| unit.repeat(length / unit.len());
    let rest = BODY - MIB;
    let event = |index: usize| {
        let orders = fill("\"\",", 250_000);
        format!(
            r#"{{"event_id":"e-{index}","tenant":"demo","conversation_id":"c-1","channel":"chat","occurred_at":
            "2026-03-02T09:00:00Z","type":"message","actor":{{"kind":"customer","id":"u"}},"order_ids":[{orders}""]}}"#
        )
    };
    let events: Vec<String> = (0..rest / 251_000).map(event).collect();
    for (name, media_type, body, status) in [
        ("elements", "application/json", format!("[{}\"{noise}\"]", fill("1,", rest)), 413),
        ("lines", "application/x-ndjson", format!("{}\"{noise}\"", fill("1\n", rest)), 413),
        ("one value", "application/cloudevents+json", format!("{{\"data\":[{}\"{noise}\"]}}", fill("1,", rest)), 202),
        ("events", "application/json", format!("[{},\"{noise}\"]", events.join(",")), 202),
    ] {
        let packed = gzip(&body);
        assert!(packed.len() * 100 > body.len() && body.len() < BODY, "{name}: {} of {}", packed.len(), body.len());
        drop(body);
        let headers = [("content-type", media_type), ("content-encoding", "gzip")];
        forget_peak();
        let before = peak();
        let answer = server.call("POST /v1/events", "demo-ingest", &headers, packed);
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        let taken = peak() - before;
        assert!(taken < ROOM, "{name}: {} MiB", taken / MIB);
    }
}
