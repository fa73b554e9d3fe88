//! The wall clock. Nothing else in kefu reads it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kefu_contracts::Timestamp;

/// The wall clock's time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A monotonic instant, for measuring.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Lets this thread rest.
#[expect(clippy::disallowed_methods, reason = "this is the one place that rests a thread")]
pub fn rest(time: Duration) {
    std::thread::sleep(time);
}
