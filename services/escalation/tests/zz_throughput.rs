mod story;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::CASE_EVENTS;
use kefu_processor::task::StateChange;
use kefu_processor::*;
use std::time::Instant;
struct Nul(u64);
impl Sink for Nul {
    fn emission(&mut self, _: &Stage, _: &Emission) {
        self.0 += 1;
    }
    fn dead_letter(&mut self, _: &Stage, _: &Record<'_>, _: &DeadLetter) {
        panic!()
    }
}
#[test]
#[allow(clippy::disallowed_methods)]
fn throughput() {
    let policy = r#"
calendars: {office: {weekly: {mon: ["09:00-12:00","13:30-18:00"], tue: ["09:00-12:00","13:30-18:00"], wed: ["09:00-12:00","13:30-18:00"]}}}
sla: [{name: x, calendar: office, targets: {acknowledge: 30s, first_reply: 5m, next_reply: 15m, periodic_update: 4h, requester_wait: 48h, agent_work: 8h, resolution: 24h}, warn_at: [0.8]}]
"#;
    let codec = Codec::single_object();
    let mut recs: Vec<(i64, String, Vec<u8>)> = vec![];
    for c in 0..20000 {
        let fs = story::facts_of(&format!("c-{c}#1"), "
            02T09:00 opened\n + message hello there\n + acknowledged\n + classified inquiry minor normal
            02T09:01 bot_reply\n 02T09:02 assigned care a-1\n 02T09:04 reply\n 02T09:06 message hm\n 02T09:07 reply\n + status pending_customer
            02T10:07 message x\n + status open\n 02T10:10 reply\n 02T10:11 status resolved\n 02T10:13 message thanks\n + status closed customer");
        for f in fs {
            let mut b = vec![];
            CASE_EVENTS.encode(&codec, &f, &mut b).unwrap();
            recs.push((f.at.ms(), format!("demo/c-{c}#1"), b));
        }
    }
    recs.sort_by_key(|r| r.0);
    let topo = Topology::new(&[kefu_escalation::service()]).unwrap();
    let mut p = Pipeline::new(
        &topo,
        codec,
        story::policies(&[policy]),
        Clock { now: kefu_contracts::Timestamp::MIN, live: false },
    );
    let mut sink = Nul(0);
    let n = recs.len();
    let t = Instant::now();
    for (at, k, b) in &recs {
        let at = kefu_contracts::Timestamp::from_ms(*at);
        p.advance(at, false, &NoStates, &mut sink).unwrap();
        p.set_now(at);
        p.push(Record { topic: "case-events", key: k.as_bytes(), payload: b, index: 0 }, &NoStates, &mut sink).unwrap();
    }
    let e = t.elapsed();
    eprintln!("{n} facts {:?} {:.0}/s emitted {}", e, n as f64 / e.as_secs_f64(), sink.0);
    let _: Option<StateChange> = None;
}
