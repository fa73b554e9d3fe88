//! What is known of a case at an instant, as far as rules ask for it.

use kefu_contracts::{Category, Channel, Priority, Severity, Subtype};
use kefu_policy::CaseFacts;

use crate::domain::fact::{Fact, What};
use crate::domain::names::{Name, Names};

/// What rules may ask of a case, its channel excepted, which is one for all instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    category: Option<Category>,
    subtype: Option<Subtype>,
    severity: Option<Severity>,
    priority: Option<Priority>,
    tier: Option<Name>,
    team: Option<Name>,
    assignee: Option<Name>,
}

impl View {
    /// Takes note of what a fact says.
    pub fn learn(&mut self, fact: &Fact) {
        self.tier = fact.tier.or(self.tier);
        match fact.what {
            What::Classified { category, subtype, severity, priority } => {
                (self.category, self.subtype, self.severity) = (category, subtype, severity);
                self.priority = self.priority.or(priority);
            }
            What::Prioritised(priority) => self.priority = priority,
            What::Assigned { team, assignee } => (self.team, self.assignee) = (team.or(self.team), assignee),
            What::Opened { .. }
            | What::CustomerMessage
            | What::Reply { .. }
            | What::BotReply
            | What::Acknowledged
            | What::Status { .. }
            | What::Promised { .. }
            | What::Merged => {}
        }
    }

    /// The facts that rules match.
    pub fn facts(self, channel: Channel, names: &Names) -> CaseFacts<'_> {
        CaseFacts {
            channel,
            category: self.category,
            subtype: self.subtype,
            severity: self.severity,
            priority: self.priority,
            tier: self.tier.map(|tier| names.text(tier)),
            team: self.team(names),
        }
    }

    /// The team responsible.
    pub fn team(self, names: &Names) -> Option<&str> {
        self.team.map(|team| names.text(team))
    }

    /// The agent responsible.
    pub fn assignee(self, names: &Names) -> Option<&str> {
        self.assignee.map(|assignee| names.text(assignee))
    }
}
