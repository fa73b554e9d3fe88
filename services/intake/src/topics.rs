//! The topics on which intake moves records to another key.

use kefu_contracts::Topic;
use kefu_contracts::partition::PartitionBy;

use crate::domain::customer_file::CustomerNews;
use crate::domain::merge::MergeMessage;

/// What conversations say to each other about merged cases; the key is the conversation spoken to.
pub const MERGES: Topic<MergeMessage> = Topic::repartition("intake.merges.repartition", PartitionBy::Key);

/// What a case says of its customer; the key is `tenant/customer_id`.
pub const CUSTOMER_NEWS: Topic<CustomerNews> = Topic::repartition("intake.customers.repartition", PartitionBy::Key);
