//! The processor that sends a case to the team and the department that can solve it.
//!
//! It decides once for each case, so it waits for the verdicts on it. A department that is consulted stops clocks: with
//! the event clock these wait for what was decided here, which is why it is a processor of its own.

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::outbound::Recipient;
use kefu_contracts::topic::{CASE_EVENTS, CHANNEL_EVENTS, OUTBOUND, TopicInfo};
use kefu_contracts::{Channel, Language, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use kefu_text::language::of_tag;
use serde::{Deserialize, Serialize};

use crate::domain::fact::{Facts, Taken};
use crate::domain::moment::LATENESS_MS;
use crate::domain::routing::{Spoken, asks_for_words, concerns, concerns_routed, route};
use crate::records::CaseKey;

input! {
    /// What the processor reads.
    pub enum Read {
        /// A fact about a case.
        Fact(CaseEvent) from CASE_EVENTS,
    }
}

/// What is remembered of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseRoute {
    /// Where the case came in.
    channel: Channel,
    /// The facts that decide; once it is routed, those that tell when it ends.
    facts: Facts,
    /// What the customer said, until it is routed.
    spoken: Spoken,
    /// The language to write to the customer in.
    language: Language,
    /// Whom to write to.
    customer: Option<Recipient>,
    /// The rule that was followed: policy version and place.
    routed: Option<(i64, u32)>,
    /// When it is to be routed.
    route_at: Option<Timestamp>,
    /// When it is forgotten.
    forget_at: Option<Timestamp>,
}

impl StateRecord for CaseRoute {
    const VERSION: u8 = 1;
}

impl CaseRoute {
    fn new(channel: Channel) -> Self {
        Self {
            channel,
            facts: Facts::default(),
            spoken: Spoken::default(),
            language: Language::Other,
            customer: None,
            routed: None,
            route_at: None,
            forget_at: None,
        }
    }

    /// Keeps what the decision may need of a fact, and plans it for when everything up to the classification has
    /// arrived.
    fn plan(&mut self, fact: &CaseEvent, ctx: &Context<'_>) {
        let history = ctx.policies().history(ctx.tenant());
        if let Some(text) = &fact.text
            && matches!(fact.kind, FactKind::Opened | FactKind::CustomerMessage)
            && asks_for_words(history, fact.at)
        {
            self.spoken.keep(fact.at, text);
        }
        if fact.kind == FactKind::Classified {
            self.language = language(fact);
            self.customer = customer(fact).or(self.customer.take());
        }
        self.route_at = route(&self.facts, self.channel, &self.spoken, history).map(|route| route.at);
    }

    /// Sends the case where the first classification with a rule says.
    fn route(&mut self, ctx: &mut Context<'_>) {
        self.route_at = None;
        let history = ctx.policies().history(ctx.tenant());
        let Some(route) = route(&self.facts, self.channel, &self.spoken, history) else { return };
        self.routed = Some((route.version, u32::try_from(route.place).unwrap_or(u32::MAX)));
        self.spoken.clear();
        let case = CaseKey::new(ctx.key());
        for event in case.routing(route, self.channel, self.language) {
            ctx.emit(&CHANNEL_EVENTS, case.conversation_key(), event, route.at);
        }
        if let Some(message) = case.expected_time(route, self.channel, self.language, self.customer.clone()) {
            ctx.emit(&OUTBOUND, case.conversation_key(), message, route.at);
        }
        self.facts.forget_all_but_life();
    }
}

/// Routes cases.
pub struct Routing;

impl Processor for Routing {
    const NAME: &'static str = "routing";
    /// It is decided once: verdicts may still be on their way.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[CHANNEL_EVENTS.info, OUTBOUND.info];
    type State = CaseRoute;
    type Input = Read;

    fn heeds(&self, Read::Fact(fact): &Read) -> bool {
        concerns(fact) || fact.kind == FactKind::Erased
    }

    fn on_record(&self, state: &mut Option<CaseRoute>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Read::Fact(fact) = input;
        if let (FactKind::Erased, Some(case)) = (fact.kind, state.as_mut()) {
            case.spoken.clear();
        }
        let routed = state.as_ref().is_some_and(|case| case.routed.is_some());
        if !(if routed { concerns_routed(&fact) } else { concerns(&fact) }) {
            return Ok(());
        }
        let case = state.get_or_insert_with(|| CaseRoute::new(fact.channel));
        match case.facts.take_from(&fact, &mut case.channel)? {
            Taken::Repeated => ctx.duplicate(),
            Taken::Irrelevant if case.facts.list().is_empty() => case.forget_at = Some(fact.at.plus_ms(LATENESS_MS)),
            Taken::Irrelevant => {}
            Taken::Changed => {
                if !routed {
                    case.plan(&fact, ctx);
                }
                let history = ctx.policies().history(ctx.tenant());
                case.forget_at = case.facts.forgotten_at(case.facts.closed_at(), history);
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseRoute>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(case) = state else { return Ok(()) };
        if case.route_at.is_some_and(|at| at <= ctx.now()) {
            case.route(ctx);
        } else if case.forget_at.is_some_and(|at| at <= ctx.now()) {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &CaseRoute) -> Option<Due> {
        let route = state.route_at.map(|at| Due::once(at, TimerClass::First));
        let forget = state.forget_at.map(Due::tidy);
        [route, forget].into_iter().flatten().min()
    }
}

/// The language the customer writes in, else the one preferred.
fn language(fact: &CaseEvent) -> Language {
    let written = fact.classification.as_ref().and_then(|verdict| verdict.language);
    let preferred = || fact.context.locale.as_deref().and_then(of_tag);
    written.or_else(preferred).unwrap_or(Language::Other)
}

fn customer(fact: &CaseEvent) -> Option<Recipient> {
    let id = fact.context.customer_id.clone()?;
    Some(Recipient { kind: "customer".to_owned(), id, address: fact.context.address.clone() })
}
