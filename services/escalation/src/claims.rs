//! The processor that brings after-sales requests to the order that they are about.

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::topic::{CASE_EVENTS, TopicInfo};
use kefu_contracts::{Code, Reject};
use kefu_processor::{Context, Nothing, Processor, input};

use crate::domain::after_sales::Request;
use crate::topics::{CLAIMS, Claim};

/// How intake calls the fact that something was asked for.
const REQUESTED: &str = "requested";

input! {
    /// What the processor reads.
    pub enum Read {
        /// A fact about a case.
        Fact(CaseEvent) from CASE_EVENTS,
    }
}

/// Finds the order of a request.
#[derive(Clone, Copy, Debug)]
pub struct Claims;

impl Processor for Claims {
    const NAME: &'static str = "claims";
    const OUTPUTS: &'static [TopicInfo] = &[CLAIMS.info];
    type State = Nothing;
    type Input = Read;

    fn heeds(&self, Read::Fact(fact): &Read) -> bool {
        fact.kind == FactKind::AfterSales && fact.to.as_deref() == Some(REQUESTED)
    }

    fn on_record(&self, _: &mut Option<Nothing>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Read::Fact(fact) = input;
        if let Some(claim) = claim(&fact)? {
            let key = format!("{}/{}", fact.tenant, claim.order_id);
            ctx.emit(&CLAIMS, key, claim, fact.at);
        }
        Ok(())
    }
}

fn claim(fact: &CaseEvent) -> Result<Option<Claim>, Reject> {
    let Some(data) = fact.data.as_ref() else { return Ok(None) };
    let Some((kind, order_id)) = data.kind.as_deref().zip(data.order_id.clone()) else { return Ok(None) };
    let kind = kind.parse().map_err(|error| Reject::new(Code::InvalidField, format!("after_sales: {error}")))?;
    let skus = data.items.iter().flatten().map(|item| item.sku.clone()).collect();
    Ok(Some(Claim {
        cause_id: fact.cause_id.clone(),
        case_id: fact.case_id.clone(),
        channel: fact.channel,
        order_id,
        request: Request { at: fact.at, kind, skus, condition: data.condition.clone() },
    }))
}
