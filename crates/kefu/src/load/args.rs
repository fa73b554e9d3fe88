//! The flags of `kefu load`, and what is wrong with them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_runtime::clock;

use super::crowd::{Crowd, Shape};
use super::source::{EventTime, Source};
use crate::replay::{Inputs, Order};
use crate::topics::ClusterArgs;
use crate::{Failure, progress};

/// The instant at which a made-up file begins if none is given: a Monday, midnight in Shanghai.
const FILE_START: Timestamp = Timestamp::from_ms(1_772_380_800_000);

/// Flags of `kefu load`.
#[derive(Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// An intake API to send to instead of Kafka, `http://host:port`. It takes events of conversations only.
    #[arg(long, conflicts_with_all = ["kafka", "until"])]
    pub(super) url: Option<String>,
    /// A tenant's key for the API, `tenant=token`; once for each tenant.
    #[arg(long = "key", env = "KEFU_KEYS", hide_env_values = true, value_delimiter = ',', value_parser = key)]
    keys: Vec<(String, String)>,
    /// Requests to the API at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) connections: u32,
    /// A file to write instead of sending, as `replay` takes it; `.gz` and `.zst` are packed, `-` is standard output.
    #[arg(long, conflicts_with_all = ["kafka", "url", "until"])]
    pub(super) out: Option<PathBuf>,
    /// Recorded inputs, as `replay` takes them; without, events are made up.
    #[arg(long, num_args = 1..)]
    input: Vec<PathBuf>,
    /// In which order recorded inputs are sent.
    #[arg(long, value_enum, default_value = "time")]
    order: Order,
    /// Events a second; as fast as it goes by default.
    #[arg(long)]
    pub(super) rate: Option<f64>,
    /// For how long, such as `90s`, `10m` or `2h`.
    #[arg(long, value_parser = duration)]
    pub(super) duration: Option<Duration>,
    /// How many events.
    #[arg(long)]
    pub(super) events: Option<u64>,
    /// Shops of made-up events: how many (`load-1`, `load-2` and so on), or their names, separated by commas.
    #[arg(long, default_value = "1", value_parser = tenants, conflicts_with = "input")]
    tenants: Tenants,
    /// Made-up events of the same seed and instants are the same. By default 1 for a file, else a new one each time, so
    /// that a second run does not repeat the first.
    #[arg(long, conflicts_with = "input")]
    seed: Option<u64>,
    /// When made-up events begin to happen; time then runs by `--per-day`. By default they happen when they are sent,
    /// in a file from 2026-03-01T16:00:00Z on.
    #[arg(long, conflicts_with = "input")]
    start: Option<Timestamp>,
    /// Made-up events a day, with `--start` and in a file; more by day than by night.
    #[arg(long, default_value_t = 50_000.0, conflicts_with = "input")]
    per_day: f64,
    /// Made-up contacts and orders that run at once, at most; bounds memory and open cases.
    #[arg(long, default_value_t = 20_000, conflicts_with = "input")]
    open: usize,
    /// Made-up customers of each shop.
    #[arg(long, default_value_t = 50_000, conflicts_with = "input")]
    customers: u32,
    /// Publish progress for services that run with `--clock event`, and say at the end that time has reached this.
    #[arg(long)]
    pub(super) until: Option<Timestamp>,
    /// Seconds that the services may take, with `--until`, to follow a day of events; the end of the load waits too.
    #[arg(long, requires = "until", default_value_t = 120)]
    pub(super) wait: u64,
    /// Tell on standard error, some times a second, how many events are confirmed so far: `{"confirmed":1200}`.
    #[arg(long)]
    pub(super) tell_progress: bool,
    /// Print as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Shops by name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tenants(Vec<String>);

/// Shops that a load may have.
const TENANTS_MAX: u16 = 10_000;

fn tenants(text: &str) -> Result<Tenants, String> {
    if let Ok(count) = text.parse::<u16>() {
        let names = (1..=count).map(|number| format!("load-{number}"));
        let fits = (1..=TENANTS_MAX).contains(&count);
        return if fits { Ok(Tenants(names.collect())) } else { Err(format!("use 1 to {TENANTS_MAX}")) };
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    match names.iter().find(|name| name.is_empty() || name.len() > 64 || !name.bytes().all(allowed)) {
        Some(name) => Err(format!("`{name}` is no tenant; use a-z, 0-9, _ and -")),
        None => Ok(Tenants(names)),
    }
}

fn key(text: &str) -> Result<(String, String), String> {
    let (tenant, token) = text.split_once('=').ok_or_else(|| "write it as tenant=token".to_owned())?;
    Ok((tenant.to_owned(), token.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match text.get(number.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        _ => return Err("write it as 90s, 10m or 2h".to_owned()),
    };
    let number: u32 = number.parse().map_err(|_| "write it as 90s, 10m or 2h".to_owned())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

impl LoadArgs {
    /// Refuses what cannot be meant.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let wrong = if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            "--rate: use a number above 0"
        } else if !(self.per_day.is_finite() && self.per_day >= 1.0) {
            "--per-day: use 1 or more"
        } else if self.out.is_some() && self.input.is_empty() && self.events.or(self.seconds()).is_none() {
            "--out: made-up events have no end; give --events or --duration"
        } else if self.until.is_some() && self.input.is_empty() && self.start.is_none() {
            "--until: made-up events need --start to happen in a time of their own"
        } else {
            return self.check_keys();
        };
        Err(Failure::usage(wrong))
    }

    /// Refuses shops without a key before anything is sent.
    fn check_keys(&self) -> Result<(), Failure> {
        let tokens = self.tokens();
        let is_made = self.url.is_some() && self.input.is_empty();
        match self.tenants.0.iter().find(|tenant| is_made && !tokens.contains_key(*tenant)) {
            Some(tenant) => {
                Err(Failure::usage(format!("--url: there is no key for `{tenant}`; give --key {tenant}=TOKEN")))
            }
            None => Ok(()),
        }
    }

    fn seconds(&self) -> Option<u64> {
        self.duration.map(|duration| duration.as_secs())
    }

    /// The tokens by tenant.
    pub(super) fn tokens(&self) -> BTreeMap<String, String> {
        self.keys.iter().cloned().collect()
    }

    /// The events, and the seed of made-up ones.
    pub(super) fn source(&self) -> Result<(Source, Option<u64>), Failure> {
        if !self.input.is_empty() {
            let bar = progress::counter("lines read");
            let read = Inputs::new(self.input.clone(), self.order, |lines| bar.set_position(lines));
            bar.finish_and_clear();
            return Ok((Source::Recorded(Box::new(read.map_err(Failure::usage)?)), None));
        }
        let is_file = self.out.is_some();
        let seed = self.seed.unwrap_or_else(|| if is_file { 1 } else { clock::now().ms().unsigned_abs() });
        let start = self.start.or(is_file.then_some(FILE_START));
        let time = start.map_or(EventTime::Now, |start| EventTime::from(start, self.per_day));
        let crowd = Crowd::new(Shape {
            seed,
            tenants: self.tenants.0.clone(),
            open_max: self.open,
            customers: self.customers,
            orders: self.url.is_none(),
        });
        Ok((Source::Made(Box::new(crowd), time), Some(seed)))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn shops_are_counted_or_named() {
        let names = |names: &[&str]| Ok(Tenants(names.iter().map(|name| (*name).to_owned()).collect()));
        for (text, wanted) in [
            ("2", names(&["load-1", "load-2"])),
            ("demo", names(&["demo"])),
            ("demo,acme-2", names(&["demo", "acme-2"])),
            ("0", Err("use 1 to 10000".to_owned())),
            ("Demo", Err("`Demo` is no tenant; use a-z, 0-9, _ and -".to_owned())),
            ("demo,", Err("`` is no tenant; use a-z, 0-9, _ and -".to_owned())),
        ] {
            assert_eq!(tenants(text), wanted, "{text}");
        }
    }

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn checked(flags: &[&str]) -> Result<(), String> {
        let parsed = Line::try_parse_from(std::iter::once("load").chain(flags.iter().copied()));
        let line = parsed.map_err(|error| error.to_string())?;
        line.args.check().map_err(|failure| failure.text)
    }

    #[test]
    fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
        let api = "http://localhost:1";
        for (flags, wanted) in [
            (&["--rate", "100"][..], None),
            (&["--out", "f", "--events", "5"], None),
            (&["--out", "f", "--input", "g"], None),
            (&["--url", api, "--key", "load-1=t"], None),
            (&["--until", "2026-03-02T00:00:00Z", "--start", "2026-03-01T00:00:00Z"], None),
            (&["--out", "f"], Some("have no end")),
            (&["--rate", "0"], Some("--rate")),
            (&["--per-day", "NaN"], Some("--per-day")),
            (&["--url", api], Some("no key for `load-1`")),
            (&["--url", api, "--key", "load-1=t", "--tenants", "2"], Some("no key for `load-2`")),
            (&["--url", api, "--kafka", "h:1"], Some("cannot be used with")),
            (&["--until", "2026-03-02T00:00:00Z"], Some("need --start")),
            (&["--input", "f", "--seed", "1"], Some("cannot be used with")),
        ] {
            match (checked(flags), wanted) {
                (Ok(()), None) => {}
                (Err(told), Some(wanted)) => assert!(told.contains(wanted), "{flags:?}: {told}"),
                (told, _) => panic!("{flags:?}: {told:?}"),
            }
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("2h", Some(7_200)),
            ("2d", None),
            ("", None),
            ("-1s", None),
        ] {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
