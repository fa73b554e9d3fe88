//! To which windows a minute's changes go, and when.
//!
//! Owns the books of one set of dimensions: changes that wait for the next publication of their window, the backlog,
//! and the decision that something comes too late. Adding up is the rows' matter.

use std::collections::{BTreeMap, BTreeSet};

use kefu_calendar::Zone;
use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::backlog::Backlog;
use crate::domain::delta::Delta;
use crate::domain::metric::Count;
use crate::domain::window::{GRACE_MS, Size, Window, minute_of, minute_start};

/// What waits for a window's next publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    /// Changes of its row; empty if only its backlog may have changed.
    delta: Delta,
    /// When it goes.
    at: Timestamp,
}

/// The changes of one minute's row, gathered from many subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// The minute, counted from 1970.
    pub minute: i64,
    /// The changes, added up.
    pub delta: Delta,
    /// From how many records they come.
    pub records: i64,
    /// When the last of them arrived, at least the minute's end.
    pub at: Timestamp,
}

/// What a row is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowUpdate {
    /// The row's window.
    pub window: Window,
    /// What to add to it.
    pub delta: Delta,
    /// Cases open or pending at the window's end, as far as known.
    pub backlog: i64,
    /// Whether the window is over.
    pub ended: bool,
}

/// The books of one set of dimensions of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    waiting: BTreeMap<Window, Waiting>,
    backlog: Backlog,
    /// Long windows that have a row and are not final.
    rows: BTreeSet<Window>,
    /// The end of the running local day, when long windows end.
    day_end: Timestamp,
}

impl Dispatch {
    /// Empty books, opened at `now`.
    pub fn new(zone: &Zone, now: Timestamp) -> Self {
        Self {
            waiting: BTreeMap::new(),
            backlog: Backlog::default(),
            rows: BTreeSet::new(),
            day_end: Size::Day.window(zone, now).end,
        }
    }

    /// Takes in a minute's changes, and returns what comes too late for its row.
    pub fn take(&mut self, gathered: Gathered, zone: &Zone) -> Vec<(Window, Delta)> {
        let Gathered { minute, mut delta, records, at: now } = gathered;
        let change = delta.take(Count::BacklogChange);
        let late = if delta.is_empty() { Vec::new() } else { self.spread(minute, &delta, zone, now) };
        if late.iter().any(|(window, _)| window.size == Size::Minute) {
            let mut count = Delta::default();
            count.count(Count::Late, records);
            // a window that is running cannot be final
            self.spread(minute_of(now), &count, zone, now);
        }
        if change != 0 {
            self.backlog.change(minute, change, now);
            self.backlog_changed(minute, zone, now);
        }
        late
    }

    /// When something goes next.
    pub fn due(&self) -> Timestamp {
        self.waiting.values().map(|waiting| waiting.at).min().map_or(self.day_end, |first| first.min(self.day_end))
    }

    /// Closes the local day if it is over at `now`, then gives out what is due.
    pub fn collect(&mut self, zone: &Zone, now: Timestamp) -> Vec<RowUpdate> {
        if self.day_end <= now {
            self.close_day(zone, now);
        }
        let mut due = BTreeMap::new();
        self.waiting.retain(|window, waiting| {
            let goes = waiting.at <= now;
            if goes {
                due.insert(*window, std::mem::take(&mut waiting.delta));
            }
            !goes
        });
        self.with_backlog(due, now)
    }

    /// Gives out everything that waits, as it stands at `now`.
    pub fn collect_all(&mut self, now: Timestamp) -> Vec<RowUpdate> {
        let waiting = std::mem::take(&mut self.waiting);
        self.with_backlog(waiting.into_iter().map(|(window, waiting)| (window, waiting.delta)).collect(), now)
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.backlog.is_empty() && self.rows.is_empty()
    }

    /// Adds changes to the windows of all sizes around a minute; returns those that are final.
    fn spread(&mut self, minute: i64, delta: &Delta, zone: &Zone, now: Timestamp) -> Vec<(Window, Delta)> {
        let mut late = Vec::new();
        for size in Size::ALL {
            let window = size.window(zone, minute_start(minute));
            if window.is_final(now) {
                late.push((window, delta.clone()));
                continue;
            }
            // a minute's changes were gathered on their way here: they need not wait again
            let at = if size == Size::Minute { window.end } else { window.publish_at(zone, now) };
            self.wait(window, at).merge(delta);
            if size.is_short() {
                self.backlog.written(minute);
            } else {
                self.rows.insert(window);
            }
        }
        late
    }

    /// Lets every row learn of its backlog whose window ends after a minute in which the backlog changed.
    fn backlog_changed(&mut self, minute: i64, zone: &Zone, now: Timestamp) {
        let changed = minute_start(minute);
        let hour = Size::Hour.window(zone, changed);
        let written: Vec<i64> = self.backlog.written_from(minute_of(hour.start)).collect();
        for other in written {
            let windows = [Size::Minute, Size::Hour].map(|size| size.window(zone, minute_start(other)));
            for window in windows.into_iter().filter(|window| window.end > changed && !window.is_final(now)) {
                self.wait(window, window.publish_at(zone, now));
            }
        }
        // windows that end before this are final
        let open_from = changed.max(now.plus_ms(-GRACE_MS));
        for size in Size::LONG {
            let following =
                |window: &Window| Some(size.window(zone, window.end)).filter(|next| next.start > window.start);
            let windows = std::iter::successors(Some(size.window(zone, open_from)), following);
            for window in windows.take_while(|window| window.start <= now.max(changed)) {
                if window.end <= now || self.rows.contains(&window) {
                    self.wait(window, window.publish_at(zone, now));
                }
            }
        }
    }

    /// At the end of a local day: long windows that end with it have a row if there is a backlog.
    fn close_day(&mut self, zone: &Zone, now: Timestamp) {
        let end = self.day_end;
        if self.backlog.at(end) != 0 {
            for size in Size::LONG {
                let window = size.window(zone, end.plus_ms(-1));
                if window.end == end {
                    self.rows.insert(window);
                    self.wait(window, end);
                }
            }
        }
        self.backlog.fold(now);
        self.rows.retain(|window| !window.is_final(now));
        self.day_end = Size::Day.window(zone, end).end;
    }

    /// The changes that wait for a window; they go at `at` at the latest.
    fn wait(&mut self, window: Window, at: Timestamp) -> &mut Delta {
        let waiting = self.waiting.entry(window).or_insert_with(|| Waiting { delta: Delta::default(), at });
        waiting.at = waiting.at.min(at);
        &mut waiting.delta
    }

    fn with_backlog(&self, due: BTreeMap<Window, Delta>, now: Timestamp) -> Vec<RowUpdate> {
        let mut due: Vec<(Window, Delta)> = due.into_iter().collect();
        due.sort_by_key(|(window, _)| (window.end, window.size));
        let update = |(window, delta): (Window, Delta)| {
            let (backlog, ended) = (self.backlog.at(window.end), window.end <= now);
            RowUpdate { window, delta, backlog, ended }
        };
        due.into_iter().map(update).collect()
    }
}
