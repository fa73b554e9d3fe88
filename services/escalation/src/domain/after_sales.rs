//! After-sales requests held against the shop's policy.
//!
//! Owns whether a request is granted, why, and what happens next. The terms are the policy's; telling the customer is
//! intake's matter.

use kefu_contracts::order::OrderEvent;
use kefu_contracts::{AfterSalesKind, AfterSalesReason, OrderStatus, Timestamp};
use kefu_policy::{AfterSalesRule, Freight, Policy};
use serde::{Deserialize, Serialize};

/// The most articles of an order that are kept; the rest is unknown here.
const ITEMS_MAX: usize = 500;

/// An order as far as after-sales rules ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Each article with its category.
    items: Vec<(String, Option<String>)>,
    /// When each status was first reached.
    reached: Vec<(OrderStatus, Timestamp)>,
}

/// A request as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When it was made.
    pub at: Timestamp,
    /// What is asked for.
    pub kind: AfterSalesKind,
    /// The articles concerned; none means the whole order.
    pub skus: Vec<String>,
    /// Their condition.
    pub condition: Option<String>,
}

/// What the policy says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'p> {
    /// Whether it is granted.
    pub eligible: bool,
    /// Why.
    pub reasons: Vec<AfterSalesReason>,
    /// What happens next.
    pub steps: &'p [String],
}

impl Order {
    /// Takes note of a change of the order, in any order of arrival.
    pub fn learn(&mut self, event: &OrderEvent) {
        for item in &event.items {
            let has_room = self.items.len() < ITEMS_MAX;
            match self.items.iter_mut().find(|(sku, _)| *sku == item.sku) {
                Some((_, category)) => *category = item.category.clone().or(category.take()),
                None if has_room => self.items.push((item.sku.clone(), item.category.clone())),
                None => {}
            }
        }
        match self.reached.iter_mut().find(|(status, _)| *status == event.status) {
            Some((_, at)) => *at = event.occurred_at.min(*at),
            None => self.reached.push((event.status, event.occurred_at)),
        }
    }

    /// The instant of the last status that it came to.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.reached.iter().map(|(_, at)| *at).max()
    }

    fn reached_at(&self, wanted: OrderStatus) -> Option<Timestamp> {
        self.reached.iter().find(|(status, _)| *status == wanted).map(|(_, at)| *at)
    }
}

/// What `policy` says to `request`: the first rule that grants it, else the one that comes nearest.
pub fn decide<'p>(request: &Request, order: &Order, policy: &'p Policy) -> Decision<'p> {
    use AfterSalesReason as Reason;
    let refused = |reasons| Decision { eligible: false, reasons, steps: &[] };
    let known = order.reached.iter().any(|(_, at)| *at <= request.at);
    if !known {
        return refused(vec![Reason::OrderUnknown]);
    }
    let held = policy.after_sales_rules(request.kind).map(|rule| (rule, obstacles(rule, request, order)));
    // a rule for goods in another condition is not meant; of those that are equally near, the first
    let distance = |obstacles: &[Reason]| (obstacles.contains(&Reason::ConditionRefused), obstacles.len());
    let Some((rule, obstacles)) = held.min_by_key(|(_, obstacles)| distance(obstacles)) else {
        return refused(vec![Reason::NotOffered]);
    };
    if !obstacles.is_empty() {
        return refused(obstacles);
    }
    let freight = rule.freight.map(|freight| match freight {
        Freight::Buyer => Reason::FreightBuyer,
        Freight::Seller => Reason::FreightSeller,
    });
    let reasons = std::iter::once(Reason::WithinPolicy).chain(freight).collect();
    Decision { eligible: true, reasons, steps: &rule.steps }
}

/// What keeps a request from being granted by a rule.
fn obstacles(rule: &AfterSalesRule, request: &Request, order: &Order) -> Vec<AfterSalesReason> {
    use AfterSalesReason as Reason;
    let reached = order.reached_at(rule.of).filter(|at| *at <= request.at);
    let in_time = |at: Timestamp| rule.within_ms().is_none_or(|within| request.at <= at.plus_ms(within));
    let period = match reached {
        None => Some(Reason::NotYet),
        Some(at) => (!in_time(at)).then_some(Reason::PeriodOver),
    };
    [period, items_of(rule, request, order), condition_of(rule, request)].into_iter().flatten().collect()
}

fn items_of(rule: &AfterSalesRule, request: &Request, order: &Order) -> Option<AfterSalesReason> {
    let concerned = |sku: &String| request.skus.is_empty() || request.skus.contains(sku);
    if request.skus.iter().any(|wanted| !order.items.iter().any(|(sku, _)| sku == wanted)) {
        return Some(AfterSalesReason::ItemUnknown);
    }
    let mut categories =
        order.items.iter().filter(|(sku, _)| concerned(sku)).filter_map(|(_, category)| category.as_ref());
    categories.any(|category| rule.except_categories.contains(category)).then_some(AfterSalesReason::CategoryExcepted)
}

fn condition_of(rule: &AfterSalesRule, request: &Request) -> Option<AfterSalesReason> {
    if rule.condition.is_empty() {
        return None;
    }
    let Some(condition) = request.condition.as_deref().map(str::trim) else {
        return Some(AfterSalesReason::ConditionUnknown);
    };
    let taken = rule.condition.iter().any(|taken| taken.eq_ignore_ascii_case(condition));
    (!taken).then_some(AfterSalesReason::ConditionRefused)
}

#[cfg(test)]
mod tests {
    use kefu_policy::{Format, parse};

    use super::*;

    const DAY: i64 = 86_400_000;

    fn policy() -> Policy {
        let text = "
            tenant: demo
            after_sales:
              - {kinds: [return, exchange], within_days: 15, condition: [defective], freight: seller, steps: [send]}
              - {kinds: [return], within_days: 7, except_categories: [underwear], condition: [unused], freight: buyer}
              - {kinds: [repair], within_days: 365}
        ";
        parse(text, Format::Yaml).unwrap_or_else(|faults| panic!("{faults:#?}")).0
    }

    fn order(statuses: &[(i64, OrderStatus)]) -> Order {
        let mut order = Order::default();
        for (day, status) in statuses {
            let items = serde_json::json!([
                {"sku": "s-1", "name": "shirt", "category": "clothes", "quantity": 1, "unit_price": 9.0},
                {"sku": "u-1", "name": "socks", "category": "underwear", "quantity": 2, "unit_price": 1.0},
            ]);
            let event = serde_json::json!({
                "event_id": format!("o-{day}"), "tenant": "demo", "order_id": "A1", "customer_id": "u-1",
                "occurred_at": Timestamp::from_ms(day * DAY), "status": status, "items": items,
                "currency": null, "amount": null, "carrier": null, "tracking_no": null,
            });
            order.learn(&serde_json::from_value(event).unwrap());
        }
        order
    }

    #[test]
    fn the_first_rule_that_grants_a_request_or_the_nearest_decides() {
        use AfterSalesKind::{Exchange, Refund, Repair, Return};
        use AfterSalesReason as R;
        let delivered = order(&[(3, OrderStatus::Shipped), (10, OrderStatus::Delivered), (12, OrderStatus::Delivered)]);
        let shipped = order(&[(3, OrderStatus::Shipped)]);
        for (what, order, (ms, kind), (skus, condition), expected) in [
            (
                "defective",
                &delivered,
                (25 * DAY, Return),
                (&["s-1"][..], Some("defective")),
                &[R::WithinPolicy, R::FreightSeller][..],
            ),
            ("a moment late", &delivered, (25 * DAY + 1, Exchange), (&["s-1"], Some("Defective ")), &[R::PeriodOver]),
            ("unused", &delivered, (17 * DAY, Return), (&["s-1"], Some("unused")), &[R::WithinPolicy, R::FreightBuyer]),
            ("excepted", &delivered, (17 * DAY, Return), (&["u-1"], Some("unused")), &[R::CategoryExcepted]),
            ("whole order", &delivered, (17 * DAY, Return), (&[], Some("unused")), &[R::CategoryExcepted]),
            ("no condition", &delivered, (17 * DAY, Return), (&["s-1"], None), &[R::ConditionUnknown]),
            ("worn", &delivered, (17 * DAY, Return), (&["s-1"], Some("worn")), &[R::ConditionRefused]),
            ("unused, late", &delivered, (18 * DAY, Return), (&["s-1"], Some("unused")), &[R::PeriodOver]),
            ("not there", &delivered, (17 * DAY, Return), (&["x"], Some("defective")), &[R::ItemUnknown]),
            ("not delivered", &shipped, (17 * DAY, Repair), (&[], None), &[R::NotYet]),
            ("before it was", &delivered, (9 * DAY, Repair), (&[], None), &[R::NotYet]),
            ("not offered", &delivered, (17 * DAY, Refund), (&[], None), &[R::NotOffered]),
            ("unknown order", &Order::default(), (17 * DAY, Return), (&[], None), &[R::OrderUnknown]),
        ] {
            let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
            let condition = condition.map(str::to_owned);
            let request = Request { at: Timestamp::from_ms(ms), kind, skus, condition };
            let policy = policy();
            let decision = decide(&request, order, &policy);
            assert_eq!(decision.reasons, expected, "{what}");
            assert_eq!(decision.eligible, expected[0] == R::WithinPolicy, "{what}");
            assert_eq!(decision.steps.len(), usize::from(expected.contains(&R::FreightSeller)), "{what}");
        }
    }
}
