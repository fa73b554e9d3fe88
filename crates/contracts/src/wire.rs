//! Tells whether a value is on its way to Avro or to JSON.
//!
//! Serde's `is_human_readable` would be the natural switch, but the Avro serializer leaves it at its default. The flag
//! is set by [`crate::codec`] alone, for the length of one encode or decode on one thread.

use std::cell::Cell;

thread_local! {
    static AVRO: Cell<bool> = const { Cell::new(false) };
}

/// Whether the value at hand is read from or written to Avro.
pub(crate) fn is_avro() -> bool {
    AVRO.get()
}

/// Runs `work` with the flag set, and puts the flag back even if `work` panics.
pub(crate) fn as_avro<R>(work: impl FnOnce() -> R) -> R {
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            AVRO.set(self.0);
        }
    }
    let _reset = Reset(AVRO.replace(true));
    work()
}
