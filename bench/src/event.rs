//! An event of a conversation, read in place.
//!
//! Layout: id 0..16, event time in ms 16..24, scheduled send time in us 24..32, channel 32, direction 33, flags 34,
//! lengths of tenant 35 and conversation 36, length of the text 37..39, then tenant, conversation and text. All numbers
//! are big-endian.

const HEAD: usize = 39;

/// Bit of the flags: the agent says that the case is resolved.
pub const RESOLVES: u8 = 1;

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The customer.
    Customer = 0,
    /// An agent.
    Agent = 1,
}

/// What an event is made of.
#[derive(Clone, Copy, Debug)]
pub struct EventParts<'a> {
    /// Unique; a repetition has the same.
    pub id: [u64; 2],
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// When it was to be sent, in microseconds since 1970.
    pub sent_us: i64,
    /// Which of four channels.
    pub channel: u8,
    /// Who wrote.
    pub direction: Direction,
    /// See [`RESOLVES`].
    pub flags: u8,
    /// The tenant.
    pub tenant: &'a str,
    /// The conversation within its tenant.
    pub conversation: &'a str,
    /// What was written.
    pub text: &'a [u8],
}

/// An event as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event(Box<[u8]>);

impl Event {
    /// Takes a payload; none if its lengths do not add up.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let event = Self(payload.into());
        (payload.len() >= HEAD && payload.len() == event.text_start() + event.text_length()).then_some(event)
    }

    /// Writes an event.
    pub fn write(parts: &EventParts<'_>) -> Vec<u8> {
        let names = parts.tenant.len() + parts.conversation.len();
        let mut bytes = Vec::with_capacity(HEAD + names + parts.text.len());
        for id in parts.id {
            bytes.extend_from_slice(&id.to_be_bytes());
        }
        bytes.extend_from_slice(&parts.at_ms.to_be_bytes());
        bytes.extend_from_slice(&parts.sent_us.to_be_bytes());
        let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        bytes.extend_from_slice(&[parts.channel, parts.direction as u8, parts.flags]);
        bytes.extend_from_slice(&[length(parts.tenant), length(parts.conversation)]);
        bytes.extend_from_slice(&u16::try_from(parts.text.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend_from_slice(parts.tenant.as_bytes());
        bytes.extend_from_slice(parts.conversation.as_bytes());
        bytes.extend_from_slice(parts.text);
        bytes
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id.
    pub fn id(&self) -> &[u8; 16] {
        // it was read, so it has its head
        self.0.first_chunk().unwrap_or(&[0; 16])
    }

    /// The event time in milliseconds.
    pub fn at_ms(&self) -> i64 {
        self.number(16)
    }

    /// The scheduled send time in microseconds.
    pub fn sent_us(&self) -> i64 {
        self.number(24)
    }

    /// Id, event time, send time and channel, as they are.
    pub fn head(&self) -> &[u8] {
        self.0.get(..33).unwrap_or_default()
    }

    /// The channel.
    pub fn channel(&self) -> u8 {
        self.byte(32)
    }

    /// Who wrote.
    pub fn direction(&self) -> Direction {
        if self.byte(33) == Direction::Customer as u8 { Direction::Customer } else { Direction::Agent }
    }

    /// See [`RESOLVES`].
    pub fn flags(&self) -> u8 {
        self.byte(34)
    }

    /// Lengths of the names of tenant and conversation.
    pub fn name_lengths(&self) -> [u8; 2] {
        [self.byte(35), self.byte(36)]
    }

    /// The tenant followed by the conversation.
    pub fn names(&self) -> &[u8] {
        self.0.get(HEAD..self.text_start()).unwrap_or_default()
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        self.0.get(self.text_start()..).unwrap_or_default()
    }

    fn text_start(&self) -> usize {
        HEAD + usize::from(self.byte(35)) + usize::from(self.byte(36))
    }

    fn text_length(&self) -> usize {
        usize::from(self.byte(37)) << 8 | usize::from(self.byte(38))
    }

    fn byte(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn number(&self, at: usize) -> i64 {
        self.0.get(at..).and_then(<[u8]>::first_chunk).copied().map(i64::from_be_bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let parts = EventParts {
            id: [1, u64::MAX],
            at_ms: -5,
            sent_us: 7,
            channel: 3,
            direction: Direction::Agent,
            flags: RESOLVES,
            tenant: "t001",
            conversation: "c1",
            text: "你好".as_bytes(),
        };
        let bytes = Event::write(&parts);
        let event = Event::read(&bytes).unwrap();
        assert_eq!((event.at_ms(), event.sent_us(), event.channel(), event.flags()), (-5, 7, 3, RESOLVES));
        assert_eq!((event.direction(), event.names(), event.text()), (Direction::Agent, &b"t001c1"[..], parts.text));
        assert_eq!((&event.id()[..], event.head(), event.name_lengths()), (&bytes[..16], &bytes[..33], [4, 2]));
        for cut in 0..bytes.len() {
            assert_eq!(Event::read(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
