//! What a command says on standard output.
//!
//! Owns the end of it: whoever reads may stop reading, as `head` does, and that is no failure.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Writes to standard output; ends the program if nobody reads it any more.
pub(crate) fn write(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("kefu: standard output: {error}");
            std::process::exit(1);
        }
    }
}

/// As `print!`, for a reader that may leave.
macro_rules! say {
    ($($part:tt)*) => { crate::output::write(format_args!($($part)*)) };
}

/// As `println!`, for a reader that may leave.
macro_rules! say_line {
    ($($part:tt)*) => { crate::output::write(format_args!("{}\n", format_args!($($part)*))) };
}
