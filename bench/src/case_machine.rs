//! A conversation's case: which events it has seen, and what state they left it in.

use kefu_processor::StateRecord;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::event::{Direction, Event, RESOLVES};

/// Ids remembered; the oldest goes.
const IDS_MAX: usize = 64;
const ID_BYTES: usize = 16;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nobody has answered.
    Open = 0,
    /// An agent wrote last.
    Replied = 1,
    /// The customer wrote again.
    Waiting = 2,
    /// An agent said so.
    Resolved = 3,
}

/// What is remembered of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    status: Status,
    opened_ms: i64,
    first_reply_ms: Option<i64>,
    last_ms: i64,
    waiting_since_ms: Option<i64>,
    from_customer: u16,
    from_agents: u16,
    /// The ids of the events taken in, one after the other.
    ids: ByteBuf,
    /// What the customer wrote first, until somebody answers.
    opening: ByteBuf,
}

impl StateRecord for Case {
    const VERSION: u8 = 1;
}

/// What an event led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// How long the first reply took, if this was it.
    pub first_reply_took_ms: Option<i64>,
    /// What the first reply answers.
    pub answered: Option<Vec<u8>>,
}

impl Case {
    /// A case that begins with an event of `at_ms`.
    pub fn opened(at_ms: i64) -> Self {
        Self {
            status: Status::Open,
            opened_ms: at_ms,
            first_reply_ms: None,
            last_ms: at_ms,
            waiting_since_ms: None,
            from_customer: 0,
            from_agents: 0,
            ids: ByteBuf::new(),
            opening: ByteBuf::new(),
        }
    }

    /// Whether the event was taken in before, as far as is remembered.
    pub fn has_seen(&self, event: &Event) -> bool {
        let id: &[u8; ID_BYTES] = event.id();
        self.ids.rchunks_exact(ID_BYTES).any(|known| known.first_chunk() == Some(id))
    }

    /// Takes an event in that was not seen.
    pub fn take(&mut self, event: &Event) -> Step {
        let at_ms = event.at_ms();
        if self.ids.len() >= IDS_MAX * ID_BYTES {
            self.ids.drain(..ID_BYTES);
        }
        self.ids.extend_from_slice(event.id());
        self.last_ms = at_ms;
        match event.direction() {
            Direction::Customer => {
                self.hear(event, at_ms);
                Step::default()
            }
            Direction::Agent => self.reply(event, at_ms),
        }
    }

    fn hear(&mut self, event: &Event, at_ms: i64) {
        self.from_customer = self.from_customer.saturating_add(1);
        self.waiting_since_ms.get_or_insert(at_ms);
        self.status = if self.first_reply_ms.is_some() { Status::Waiting } else { Status::Open };
        if self.first_reply_ms.is_none() && self.opening.is_empty() {
            self.opening.extend_from_slice(event.text());
        }
    }

    fn reply(&mut self, event: &Event, at_ms: i64) -> Step {
        self.from_agents = self.from_agents.saturating_add(1);
        self.waiting_since_ms = None;
        self.status = if event.flags() & RESOLVES == 0 { Status::Replied } else { Status::Resolved };
        if self.first_reply_ms.is_some() || self.from_customer == 0 {
            return Step::default();
        }
        self.first_reply_ms = Some(at_ms);
        let answered = std::mem::take(&mut self.opening).into_vec();
        Step { first_reply_took_ms: Some((at_ms - self.opened_ms).max(0)), answered: Some(answered) }
    }

    /// The case as it is written: status, instants (-1 is none), counts, and how long the first reply took.
    pub fn snapshot(&self) -> [u8; 45] {
        let mut bytes = [0; 45];
        let mut write = |at: usize, field: &[u8]| {
            bytes.iter_mut().skip(at).zip(field).for_each(|(byte, value)| *byte = *value);
        };
        let took = self.first_reply_ms.map(|at| at - self.opened_ms);
        write(0, &[self.status as u8]);
        let instants = [(1, Some(self.opened_ms)), (9, self.first_reply_ms), (17, Some(self.last_ms))];
        for (at, instant) in instants.into_iter().chain([(25, self.waiting_since_ms), (37, took)]) {
            write(at, &instant.unwrap_or(-1).to_be_bytes());
        }
        write(33, &self.from_customer.to_be_bytes());
        write(35, &self.from_agents.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventParts;

    fn event(number: u64, at_ms: i64, direction: Direction, flags: u8, text: &str) -> Event {
        let (tenant, conversation, text) = ("t000", "c1", text.as_bytes());
        let id = [number, number];
        Event::read(&Event::write(&EventParts {
            id,
            at_ms,
            sent_us: 0,
            channel: 0,
            direction,
            flags,
            tenant,
            conversation,
            text,
        }))
        .unwrap()
    }

    fn instant(snapshot: &[u8; 45], field: usize) -> i64 {
        i64::from_be_bytes(snapshot[field..field + 8].try_into().unwrap())
    }

    #[test]
    fn the_first_reply_answers_the_opening_words() {
        use Direction::{Agent, Customer};
        let mut case = Case::opened(10);
        assert_eq!(case.take(&event(1, 10, Customer, 0, "where is it")), Step::default());
        assert_eq!(case.take(&event(2, 12, Customer, 0, "hello?")), Step::default());
        let step = case.take(&event(3, 30, Agent, 0, "on its way"));
        assert_eq!(step, Step { first_reply_took_ms: Some(20), answered: Some(b"where is it".to_vec()) });
        assert_eq!(case.status, Status::Replied);
        case.take(&event(4, 40, Customer, 0, "thanks"));
        assert_eq!((case.status, case.waiting_since_ms), (Status::Waiting, Some(40)));
        assert_eq!(case.take(&event(5, 50, Agent, RESOLVES, "bye")), Step::default());
        let snapshot = case.snapshot();
        assert_eq!(snapshot[0], Status::Resolved as u8);
        assert_eq!([1, 9, 17, 25, 37].map(|field| instant(&snapshot, field)), [10, 30, 50, -1, 20]);
        assert_eq!(snapshot[33..37], [0, 3, 0, 2]);
    }

    #[test]
    fn the_last_64_ids_are_remembered() {
        let mut case = Case::opened(0);
        for number in 0..70 {
            case.take(&event(number, 0, Direction::Customer, 0, "x"));
        }
        let seen = |number| case.has_seen(&event(number, 9, Direction::Customer, 0, "y"));
        assert!((6..70).all(seen) && !(0..6).any(seen) && !seen(70));
    }
}
