//! Prints how many computations a second a calendar does on one core.
//!
//! `cargo run --release -p kefu-calendar --example throughput`
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads a clock and prints")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kefu_calendar::windows::Period;
use kefu_calendar::{Calendar, CalendarSpec, DateHours, Hours, HoursError, Zone, parse_hours};

const HOUR_MS: i64 = 3_600_000;
const FROM_MS: i64 = 1_767_225_600_000;
const TWO_YEARS_MS: i64 = 730 * 24 * HOUR_MS;
const ROUNDS: u32 = 5_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let office = ["09:00-12:00", "13:30-18:00"];
    // Two intervals on six days, holidays and a closure; then six a day, the nights and changing clocks included.
    let shop = CalendarSpec {
        holidays: (1..=7).map(|day| format!("2026-10-0{day}").parse()).collect::<Result<_, _>>()?,
        closures: vec![DateHours { date: "2026-10-12".parse()?, hours: hours(&["15:00-16:00"])? }],
        ..weekly("Asia/Shanghai", &office, 6)?
    };
    let six = ["06:00-08:00", "08:30-11:00", "11:30-14:00", "14:30-17:00", "17:30-20:00", "22:00-02:00"];
    for (name, spec) in [("shop", shop), ("six a day", weekly("Europe/Berlin", &six, 7)?)] {
        let calendar = build(name, spec)?;
        measure(name, "add_business_ms, 40 to 240 h", |from, amount| calendar.add_business_ms(from, amount));
        measure(name, "latest_with_elapsed, 40 to 240 h", |from, amount| calendar.latest_with_elapsed(from, amount));
        measure(name, "business_ms_between, 40 to 240 h", |from, amount| {
            Some(calendar.business_ms_between(from, from + 4 * amount))
        });
        measure(name, "next_open", |from, _| calendar.next_open(from));
    }
    let berlin = Zone::named("Europe/Berlin")?;
    measure("Berlin", "week of an instant", |at, _| Some(Period::Week.window(&berlin, at).start_ms));
    Ok(())
}

fn hours(texts: &[&str]) -> Result<Vec<Hours>, HoursError> {
    texts.iter().map(|text| parse_hours(text)).collect()
}

fn weekly(timezone: &str, texts: &[&str], days: usize) -> Result<CalendarSpec, HoursError> {
    let mut spec = CalendarSpec { timezone: timezone.to_owned(), ..CalendarSpec::default() };
    for day in spec.weekly.iter_mut().take(days) {
        *day = hours(texts)?;
    }
    Ok(spec)
}

/// The first answer of a year pays for laying out its open time.
fn build(name: &str, spec: CalendarSpec) -> Result<Calendar, String> {
    let start = Instant::now();
    let calendar = Calendar::new(spec).map_err(|faults| format!("{faults:?}"))?;
    let built = start.elapsed();
    black_box(calendar.business_ms_between(FROM_MS, FROM_MS + TWO_YEARS_MS + 3000 * HOUR_MS));
    println!("{name}: built in {built:?}, first answers over 3 years in {:?}", start.elapsed() - built);
    Ok(calendar)
}

fn measure(name: &str, what: &str, compute: impl Fn(i64, i64) -> Option<i64>) {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: i64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 1) as i64 % below
    };
    // One to six working weeks, from any millisecond of two years.
    let questions: Vec<_> =
        (0..1 << 16).map(|_| (FROM_MS + next(TWO_YEARS_MS), 40 * HOUR_MS + next(200 * HOUR_MS))).collect();
    let start = Instant::now();
    for (from_ms, amount_ms) in questions.iter().cycle().take(ROUNDS as usize) {
        black_box(compute(black_box(*from_ms), black_box(*amount_ms)));
    }
    let took = start.elapsed().max(Duration::from_nanos(1));
    println!("{name}: {what}: {:.1} million/s", f64::from(ROUNDS) / took.as_secs_f64() / 1e6);
}
