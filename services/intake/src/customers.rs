//! Customers' files across conversations.
//!
//! Keyed by customer. Fed by the cases; each tells what it knows when that changes.

use std::sync::Arc;

use kefu_contracts::Reject;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{CUSTOMERS, TopicInfo};
use kefu_processor::{Context, Processor, StateRecord};

use crate::domain::customer_file::{CustomerFile, CustomerNews};
use crate::topics::CUSTOMER_NEWS;

kefu_processor::input! {
    /// What the customers' processor reads.
    pub enum CustomersInput {
        /// What a case knows of its customer.
        News(CustomerNews) from CUSTOMER_NEWS,
    }
}

impl StateRecord for CustomerFile {
    const VERSION: u8 = 1;
}

/// The processor that keeps customers' files.
#[derive(Clone, Copy, Debug)]
pub struct Customers;

impl Processor for Customers {
    const NAME: &'static str = "customers";
    const OUTPUTS: &'static [TopicInfo] = &[CUSTOMERS.info];
    type State = CustomerFile;
    type Input = CustomersInput;

    fn on_record(
        &self,
        state: &mut Option<CustomerFile>,
        input: CustomersInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let CustomersInput::News(news) = input;
        let file = state.get_or_insert_default();
        if file.learn(Arc::unwrap_or_clone(news)) {
            file.revision += 1;
            let (tenant, customer_id) = split_key(ctx.key());
            if let Some(customer) = file.snapshot(tenant, customer_id) {
                let at = customer.last_seen_at;
                ctx.emit(&CUSTOMERS, ctx.key(), customer, at);
            }
        }
        Ok(())
    }
}
