//! Rules of tidiness that no compiler checks.
//!
//! Each rule is a function over files that gives what it found, so that it can be tested on made-up files. The test
//! `tidy` holds the repository against all of them.

mod documents;
mod sources;

pub use documents::{decisions_are_linked, links_resolve};
pub use sources::{
    Long, crate_roots_forbid_unsafe_code, file_lengths, file_names, line_widths, machine_paths, package_sources,
    unfinished, unsafe_code,
};

/// What a rule found: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

impl Finding {
    fn at_line(path: &str, line_index: usize, text: impl std::fmt::Display) -> Self {
        Self(format!("{path}:{}: {text}", line_index + 1))
    }

    fn of_file(path: &str, text: impl std::fmt::Display) -> Self {
        Self(format!("{path}: {text}"))
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
fn file(path: &str, text: &str) -> crate::repository::SourceFile {
    crate::repository::SourceFile { path: path.to_owned(), text: text.to_owned() }
}
