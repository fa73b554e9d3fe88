//! What a user waits for.

use std::collections::BTreeSet;
use std::time::Duration;

use kefu_integration_tests::{Client, wait_until};
use serde_json::Value;

/// How long a service may take to show what was sent.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits until the first case of a conversation has so many messages of the customer, and gives it.
pub(crate) fn case_with_messages(client: &Client, conversation: &str, messages: i64) -> Value {
    let path = format!("/v1/cases/{conversation}%231");
    let mut case = Value::Null;
    wait_until(&format!("the case of {conversation} has {messages} messages; it is {case}"), SOON, || {
        let answer = client.get(&path);
        case = answer.json();
        answer.status == 200 && case["customer_messages"].as_i64().is_some_and(|count| count >= messages)
    });
    assert_eq!(case["customer_messages"], messages, "{case}");
    case
}

/// How many different values the facts of a kind have at a JSON pointer.
pub(crate) fn distinct(facts: &[Value], kind: &str, pointer: &str) -> usize {
    let of_kind = facts.iter().filter(|fact| fact["kind"] == kind);
    of_kind.filter_map(|fact| fact.pointer(pointer).and_then(Value::as_str)).collect::<BTreeSet<_>>().len()
}
