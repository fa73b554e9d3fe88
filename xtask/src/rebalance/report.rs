//! The report: what stood still, event by event.

use std::fmt::Write as _;

use serde::Serialize;

use super::stall::Stall;
use crate::bench::machine::Machine;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    command: String,
    pub(crate) machine: Machine,
    pub(crate) stalls: Vec<Stall>,
}

impl Report {
    pub(crate) fn new(command: String, machine: Machine) -> Self {
        Self { command, machine, stalls: Vec::new() }
    }

    pub(crate) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!("`{}`\n\n{}\n", self.command, self.machine.parts());
        writeln!(text, "No event was lost or doubled.\n")?;
        writeln!(text, "| members, protocol | what happens | longest, s | begun after, s | > 0.3 s | > 1 s | load |")?;
        writeln!(text, "|---|---|---|---|---|---|---|")?;
        for stall in &self.stalls {
            let Stall { grouping, event, longest_ms, begun_ms, partitions, for_a_second, load, .. } = stall;
            let (longest, begun, what) = (seconds(*longest_ms), seconds(*begun_ms), event.told());
            writeln!(
                text,
                "| {grouping} | {what} | {longest} | {begun} | {partitions} | {for_a_second} | {load:.1} |"
            )?;
        }
        Ok(text)
    }
}

fn seconds(ms: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are below 2^52")]
    let seconds = ms as f64 / 1000.0;
    format!("{seconds:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebalance::args::{Grouping, Membership, Protocol};
    use crate::rebalance::stall::{Event, Pause};

    #[test]
    fn every_event_is_told_with_how_members_belong_to_their_group() {
        let machine =
            Machine { processor: "a chip".to_owned(), cores: 2, memory_gib: 8, load_before: 0.1, load_after: 1.0 };
        let mut report = Report::new("cargo xtask rebalance".to_owned(), machine);
        let grouping = Grouping { membership: Membership::Static, protocol: Protocol::Consumer };
        let pause = Pause { partition: 3, begin_ms: 1_250, took_ms: 640 };
        report.stalls.push(Stall::between((1_000, 2_000), &[pause], (grouping, Event::Restarts)));
        let text = report.markdown().unwrap();
        let row = "| static, consumer | it is told to end and started again at once | 0.64 | 0.25 | 1 | 0 | 0.0 |";
        assert!(text.contains(row), "{text}");
    }
}
