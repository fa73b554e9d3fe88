//! Which stages must have the same partitions.
//!
//! Stages of one service that read a common topic form a sub-topology: partition `p` of all its topics belongs to one
//! worker. The group protocol hands out the partitions of one topic, the lead; the others follow it.

use std::collections::BTreeSet;

use kefu_contracts::topic::TopicInfo;
use kefu_processor::Stage;

/// Stages whose partitions go together.
#[derive(Clone, Debug)]
pub struct SubTopology {
    /// Indices of its stages in the list it was made from.
    pub stages: Vec<usize>,
    /// All topics its stages read; the first is the lead.
    pub topics: Vec<TopicInfo>,
}

impl SubTopology {
    /// The topic whose partitions the group hands out.
    pub fn lead(&self) -> Option<&TopicInfo> {
        self.topics.first()
    }
}

/// Groups the stages of a service.
pub fn sub_topologies(stages: &[Stage]) -> Vec<SubTopology> {
    let mut groups: Vec<SubTopology> = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let names: BTreeSet<&str> = stage.inputs.iter().map(|topic| topic.name).collect();
        let (touched, mut rest): (Vec<_>, Vec<_>) = std::mem::take(&mut groups)
            .into_iter()
            .partition(|group| group.topics.iter().any(|topic| names.contains(topic.name)));
        let mut merged = SubTopology { stages: Vec::new(), topics: Vec::new() };
        for group in touched {
            merged.stages.extend(group.stages);
            merged.topics.extend(group.topics);
        }
        merged.stages.push(index);
        for topic in stage.inputs {
            if !merged.topics.iter().any(|known| known.name == topic.name) {
                merged.topics.push(*topic);
            }
        }
        rest.push(merged);
        groups = rest;
    }
    groups
}
