//! Clocks run by the wall, whether or not anything happens.

use kefu_integration_tests::{BackendKind, Clock, Shop, at, message, now, wait_until};
use serde_json::Value;

use crate::seen::SOON;

const POLICY: &str = "
tenant: demo
version: 1
acknowledge: {channels: [], on: emitted}
sla: [{name: all, match: {}, calendar: always, targets: {first_reply: 4s}, warn_at: [0.5]}]
calendars: {always: {always_open: true}}
";

pub(crate) fn a_clock_breaches_although_nothing_else_happens(kind: BackendKind) {
    let shop = Shop::new(kind, Clock::Wall, POLICY);
    let (mut running, client) = shop.start();
    let opened = now();
    client.events(&[message("c-1", "e-1", &opened)]);
    wait_until("the clock is breached", SOON, || {
        let clocks = client.get("/v1/cases/c-1%231/clocks").json();
        clocks.pointer("/clocks/0/breached_at").is_some_and(Value::is_string)
    });
    assert!(running.terminate().success());
    let told: Vec<(String, String)> = shop
        .values("sla-events")
        .iter()
        .map(|event| (event["event"].as_str().unwrap().to_owned(), event["at"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [("started", at(&opened, 0)), ("warned", at(&opened, 2)), ("breached", at(&opened, 4))];
    assert_eq!(told, expected.map(|(event, at)| (event.to_owned(), at)));
}
