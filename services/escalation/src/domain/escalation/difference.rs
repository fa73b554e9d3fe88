//! What of a case's escalations is news: changed snapshots, and people to be told.

use kefu_contracts::Timestamp;
use kefu_contracts::escalation::EscalationState;
use serde::{Deserialize, Serialize};

use super::act::Which;
use super::{Origin, Raised, Recipient};

/// An escalation as it was told last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What it comes from.
    pub origin: Origin,
    /// The step of the chain, from 1.
    pub level: u32,
    /// Who has it: who was told first, or whom somebody asked for since.
    pub to: Recipient,
    /// When.
    pub raised_at: Timestamp,
    /// When the breached clock was due.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub state: EscalationState,
    /// Counts its snapshots.
    pub revision: u32,
    /// How often somebody was told.
    told: u32,
}

impl Known {
    fn of(raised: &Raised) -> Self {
        Self {
            origin: raised.origin,
            level: raised.level,
            to: raised.to.clone(),
            raised_at: raised.raised_at,
            due_at: raised.due_at,
            state: raised.state,
            revision: 1,
            told: 0,
        }
    }

    /// Which one of its case it is.
    pub fn which(&self) -> Which {
        Which { origin: self.origin, level: self.level }
    }

    fn is(&self, raised: &Raised) -> bool {
        raised.is(self.which())
    }

    fn agrees(&self, raised: &Raised) -> bool {
        (&self.to, self.raised_at, self.due_at, self.state)
            == (&raised.to, raised.raised_at, raised.due_at, raised.state)
    }
}

/// Something to be told of an escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The snapshot changed at this instant.
    Changed(Known, Timestamp),
    /// This person is to be told at this instant.
    Tell(Known, Timestamp, Recipient),
}

/// What is news in `raised`, all that a case raised; `known` becomes that.
///
/// What a late event makes untrue is cancelled; whoever was told stays told.
pub fn difference(known: &mut Vec<Known>, raised: &[Raised]) -> Vec<News> {
    let mut news = Vec::new();
    for old in known.iter_mut() {
        let gone = !raised.iter().any(|raised| old.is(raised));
        if gone && old.state != EscalationState::Cancelled {
            old.state = EscalationState::Cancelled;
            old.revision += 1;
            news.push(News::Changed(old.clone(), old.raised_at));
        }
    }
    for raised in raised {
        let index = known.iter().position(|known| known.is(raised)).unwrap_or(known.len());
        if index == known.len() {
            known.push(Known::of(raised));
            news.extend(known.last().map(|new| News::Changed(new.clone(), raised.state_at)));
        }
        let Some(known) = known.get_mut(index) else { continue };
        if !known.agrees(raised) {
            *known = Known { revision: known.revision + 1, told: known.told, ..Known::of(raised) };
            news.push(News::Changed(known.clone(), raised.state_at));
        }
        for (at, recipient) in raised.told.iter().skip(known.told as usize) {
            known.told += 1;
            news.push(News::Tell(known.clone(), *at, recipient.clone()));
        }
    }
    news
}
