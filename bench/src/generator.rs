//! The events that both programs are fed with.
//!
//! Ten events a conversation; in every tenth conversation the seventh repeats the sixth, so that 1 % of all events are
//! repetitions. Half a second or half a minute lies between two events of a conversation, so that many are open at
//! once.

use crate::event::{Direction, Event, EventParts, RESOLVES};
use crate::keywords::KEYWORDS;
use crate::random::JavaRandom;

/// Events of a conversation.
pub const STEPS: u64 = 10;

use Direction::{Agent, Customer};
const DIRECTIONS: [Direction; 10] =
    [Customer, Customer, Agent, Customer, Agent, Customer, Customer, Agent, Customer, Agent];

/// Whether a customer writes the event of this step.
pub fn is_message(step: u64) -> bool {
    usize::try_from(step).is_ok_and(|step| DIRECTIONS.get(step) == Some(&Customer))
}

/// Whether the event repeats the one before it.
pub fn is_repetition(conversation: u64, step: u64) -> bool {
    step == REPEATING && conversation.is_multiple_of(10)
}

/// The sixth event, and the one that repeats it in every tenth conversation.
const REPEATED: u64 = 5;
const REPEATING: u64 = 6;

const TENANTS: u64 = 50;
const TEXTS: u64 = 8_192;
const TEXT_CHARS: usize = 110;
const SEED: u64 = 42;

const ENGLISH: &str = "hello I bought this last week and now it does not look right please help me check the order as \
                       soon as possible thanks a lot regards";
const CHINESE: &str =
    "您好我上周在你们这里买的东西现在有一些问题请帮我看一下订单情况谢谢希望尽快处理我已经等了好几天了麻烦你们联系我";

/// An event to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// `tenant/conversation`.
    pub key: String,
    /// The event's bytes.
    pub payload: Vec<u8>,
    /// The event time in milliseconds.
    pub at_ms: i64,
}

/// Makes events.
#[derive(Clone, Debug)]
pub struct Generator {
    texts: Vec<String>,
    /// How much earlier an agent may have answered, in milliseconds of event time.
    spread_ms: u64,
}

impl Generator {
    /// For events whose event time is an hour of many conversations, sent as fast as can be.
    pub fn of_a_backlog() -> Self {
        Self { texts: texts(), spread_ms: 25_000 }
    }

    /// For events that happen when they are sent.
    pub fn of_now() -> Self {
        Self { texts: texts(), spread_ms: 900 }
    }

    /// Event `step` of a conversation.
    pub fn event(&self, conversation: u64, step: u64, at_ms: i64, sent_us: i64) -> Made {
        let hash = mix(conversation);
        let tenant = format!("t{:03}", (hash >> 1) % TENANTS);
        let name = format!("c{}", 1_000_000_000 + conversation);
        let key = format!("{tenant}/{name}");
        let direction = usize::try_from(step).ok().and_then(|step| DIRECTIONS.get(step)).copied().unwrap_or(Customer);
        let earlier = if direction == Agent { (hash >> 32) % self.spread_ms } else { 0 };
        let at_ms = at_ms - i64::try_from(earlier).unwrap_or_default();
        let repeats = is_repetition(conversation, step);
        let id = mix(conversation.wrapping_mul(16).wrapping_add(if repeats { REPEATED } else { step }));
        let text = usize::try_from((id >> 40) % TEXTS).ok().and_then(|index| self.texts.get(index));
        let payload = Event::write(&EventParts {
            id: [mix(id), id],
            at_ms,
            sent_us,
            channel: u8::try_from((hash >> 20) & 3).unwrap_or_default(),
            direction,
            flags: if step + 1 == STEPS { RESOLVES } else { 0 },
            tenant: &tenant,
            conversation: &name,
            text: text.map(String::as_bytes).unwrap_or_default(),
        });
        Made { key, payload, at_ms }
    }
}

/// Conversations that overlap: at each tick one begins, and each that is open goes on after `lag` ticks.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The number of the first conversation.
    pub first: u64,
    /// How many conversations.
    pub conversations: u64,
    /// Ticks between two events of a conversation.
    pub lag: u64,
}

impl Schedule {
    /// Ticks until all conversations are over.
    pub fn ticks(&self) -> u64 {
        self.conversations + (STEPS - 1) * self.lag
    }

    /// The conversations that say something at `tick`, and which step it is for each.
    pub fn at(self, tick: u64) -> impl Iterator<Item = (u64, u64)> {
        (0..STEPS).filter_map(move |step| {
            let begun = tick.checked_sub(step * self.lag).filter(|begun| *begun < self.conversations)?;
            Some((self.first + begun, step))
        })
    }

    /// As [`Schedule::at`], with earlier conversations that go on from the first tick, so that there are ten events at
    /// each.
    pub fn level(self, tick: u64) -> impl Iterator<Item = (u64, u64)> {
        (0..STEPS).map(move |step| {
            let begun = tick.checked_sub(step * self.lag);
            (self.first + begun.unwrap_or_else(|| tick + self.ticks() - step * self.lag), step)
        })
    }
}

fn texts() -> Vec<String> {
    let english: Vec<&str> = ENGLISH.split(' ').collect();
    let chinese: Vec<char> = CHINESE.chars().collect();
    let mut random = JavaRandom::new(SEED);
    (0..TEXTS).map(|_| text(&mut random, &english, &chinese)).collect()
}

fn text(random: &mut JavaRandom, english: &[&str], chinese: &[char]) -> String {
    let mut text = String::new();
    let mut chars = 0;
    let category = random.below(6);
    while chars < TEXT_CHARS {
        let words = match random.below(10) {
            0..4 => english.get(random.below(i32::try_from(english.len()).unwrap_or(1))).map(|word| format!("{word} ")),
            4..9 => {
                let from = random.below(i32::try_from(chinese.len() - 8).unwrap_or(1));
                let to = from + 3 + random.below(5);
                chinese.get(from..to).map(|some| some.iter().collect())
            }
            _ => KEYWORDS.get(category).map(|keywords| {
                let keyword = keywords.get(random.below(20)).copied().unwrap_or_default();
                format!("{keyword} ")
            }),
        };
        let words = words.unwrap_or_default();
        chars += words.chars().count();
        text.push_str(&words);
    }
    text
}

/// Spreads numbers evenly (the finalizer of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
