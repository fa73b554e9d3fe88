//! What is done first follows from what is in force, whoever set that.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use kefu_contracts::channel_event::{ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::classification::Classification;
use kefu_contracts::{Category, Priority};
use scenario::*;

fn word(word: &str) -> Option<String> {
    Some(word.to_owned())
}

fn category_set(ms: i64, category: &str, severity: Option<&str>) -> ChannelEvent {
    let data = EventData { category: word(category), severity: severity.map(str::to_owned), ..EventData::default() };
    agent(&format!("set-{ms}"), ms, "category_set", data)
}

fn by_vip(event: ChannelEvent) -> ChannelEvent {
    let info = info("130").map(|info| CustomerInfo { tier: word("vip"), ..info });
    ChannelEvent { customer: info, ..event }
}

/// What the classifier says of an inquiry after `ms`: nothing is severe about it.
fn inquiry(ms: i64) -> Classification {
    verdict("c-1#1", ms, 1, Category::Inquiry, &[])
}

#[test]
fn the_priority_follows_what_people_set() {
    use Priority::{High, Low, Normal, Urgent};
    let opening = || customer("e-1", 0, "hello");
    for (name, opening, set, wanted) in [
        ("critical", opening(), category_set(10, "complaint", Some("critical")), Urgent),
        ("major", opening(), category_set(10, "complaint", Some("major")), High),
        ("minor", opening(), category_set(10, "complaint", Some("minor")), Normal),
        ("no severity", opening(), category_set(10, "after_sales", None), Normal),
        ("praise", opening(), category_set(10, "praise", None), Low),
        ("praise by an important customer", by_vip(opening()), category_set(10, "praise", None), High),
    ] {
        for verdict_comes_last in [false, true] {
            let mut driver = driver();
            driver.late(&opening);
            if !verdict_comes_last {
                driver.classify(&inquiry(0));
            }
            driver.late(&set);
            assert_eq!(driver.case("c-1#1").priority, Some(wanted), "{name}");
            if verdict_comes_last {
                driver.classify(&inquiry(0));
            }
            // a later verdict changes nothing of what people set
            driver.classify(&Classification { revision: 2, ..inquiry(20) });
            assert_eq!(driver.case("c-1#1").priority, Some(wanted), "{name}, the verdict last: {verdict_comes_last}");
            let told = driver.facts().into_iter().filter(|fact| fact.kind.as_str() == "priority_changed");
            let told: Vec<(Option<String>, Option<String>)> = told.map(|fact| (fact.from, fact.to)).collect();
            let last = told.last().and_then(|(_, to)| to.clone());
            assert_eq!(last.as_deref(), Some(wanted.as_str()), "{name}: {told:?}");
        }
    }
}

#[test]
fn a_severity_set_stays_when_the_category_is_the_classifiers() {
    let mut driver = driver();
    driver.late(&customer("e-1", 0, "hello"));
    driver.late(&category_set(10, "complaint", Some("critical")));
    driver.late(&category_set(20, "inquiry", None));
    driver.classify(&verdict("c-1#1", 30, 1, Category::Complaint, &[]));
    let case = driver.case("c-1#1");
    assert_eq!((case.category, case.priority), (Some(Category::Inquiry), Some(Priority::Urgent)));
}

#[test]
fn a_priority_that_people_set_stays() {
    let low = agent("e-2", 5, "priority_set", EventData { priority: word("low"), ..EventData::default() });
    for late in [false, true] {
        let mut driver = driver();
        driver.late(&customer("e-1", 0, "hello"));
        if !late {
            driver.late(&low);
        }
        driver.late(&category_set(10, "complaint", Some("critical")));
        driver.classify(&inquiry(0));
        if late {
            driver.late(&low);
        }
        assert_eq!(driver.case("c-1#1").priority, Some(Priority::Low), "late: {late}");
    }
}
