//! Where a load's events come from: recorded files, or a made-up crowd in its own time.

use kefu_contracts::Timestamp;
use kefu_runtime::clock;

use super::crowd::Crowd;
use crate::replay::{Inputs, Recorded};

/// What part of an average hour's events an hour of the day has, in percent, in the crowd's zone.
const BY_HOUR: [u16; 24] =
    [45, 25, 15, 10, 10, 15, 30, 55, 90, 125, 145, 140, 115, 115, 130, 140, 140, 130, 115, 130, 175, 200, 180, 125];
/// The crowd lives eight hours east of Greenwich.
const ZONE_MS: i64 = 8 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: f64 = 86_400_000.0;

/// What time is for the crowd.
#[derive(Clone, Copy, Debug)]
pub(super) enum EventTime {
    /// Events happen when they are sent.
    Now,
    /// They happen from an instant on, so many a day, more by day than by night.
    Running { at: Timestamp, per_day: f64, part_ms: f64 },
}

impl EventTime {
    pub(super) fn from(at: Timestamp, per_day: f64) -> Self {
        EventTime::Running { at, per_day, part_ms: 0.0 }
    }

    /// The instant of the next event.
    fn next(&mut self) -> Timestamp {
        match self {
            EventTime::Now => clock::now(),
            EventTime::Running { at, per_day, part_ms } => {
                let happens = *at;
                *part_ms += DAY_MS * 100.0 / (*per_day * f64::from(share(happens)));
                #[expect(clippy::cast_possible_truncation, reason = "the time between two events is no aeon")]
                let whole = *part_ms as i64;
                #[expect(clippy::cast_precision_loss, reason = "as above")]
                let rest = *part_ms - whole as f64;
                (*at, *part_ms) = (happens.plus_ms(whole), rest);
                happens
            }
        }
    }
}

fn share(at: Timestamp) -> u16 {
    let hour = at.plus_ms(ZONE_MS).ms().div_euclid(HOUR_MS).rem_euclid(24);
    usize::try_from(hour).ok().and_then(|hour| BY_HOUR.get(hour)).copied().unwrap_or(100)
}

/// An event, with the line it was read from.
pub(super) struct Item {
    pub(super) recorded: Recorded,
    /// The line of a recorded event.
    pub(super) text: Option<String>,
}

/// Where events come from.
pub(super) enum Source {
    /// Files.
    Recorded(Box<Inputs>),
    /// Chance.
    Made(Box<Crowd>, EventTime),
}

/// A line that is no event.
pub(super) struct BadLine {
    pub(super) number: u64,
    pub(super) error: String,
}

impl Source {
    /// The next event; none if there are no more.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Result<Item, BadLine>>> {
        match self {
            Source::Made(crowd, time) => Ok(Some(Ok(Item { recorded: crowd.next(time.next()), text: None }))),
            Source::Recorded(inputs) => Ok(inputs.next()?.map(|line| match line.parse() {
                Ok(recorded) => Ok(Item { recorded, text: Some(line.text) }),
                Err(error) => Err(BadLine { number: line.number, error }),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_day_make_a_day() {
        assert_eq!(BY_HOUR.iter().sum::<u16>(), 2_400);
    }

    #[test]
    fn as_many_events_as_wanted_happen_in_a_day_and_more_of_them_in_the_evening() {
        let start = Timestamp::from_ms(1_772_380_800_000);
        for per_day in [1_000.0, 250_000.0] {
            let mut time = EventTime::from(start, per_day);
            let day = start.plus_ms(24 * HOUR_MS);
            let instants: Vec<Timestamp> =
                std::iter::from_fn(|| Some(time.next())).take_while(|at| *at < day).collect();
            let off = (instants.len() as f64 / per_day - 1.0).abs();
            assert!(off < 0.01, "{} of {per_day}", instants.len());
            let at_hour = |hour| instants.iter().filter(|at| (at.ms() + ZONE_MS) / HOUR_MS % 24 == hour).count();
            assert!(at_hour(21) > 10 * at_hour(3), "{} {}", at_hour(21), at_hour(3));
            assert!(instants.is_sorted());
        }
    }
}
