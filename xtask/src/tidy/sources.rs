//! Rules for code and configuration.

use crate::repository::SourceFile;
use crate::tidy::Finding;

/// Lines of a Rust file.
const LINES_MAX: usize = 400;
/// Characters of a line.
const WIDTH_MAX: usize = 120;
/// How far a listed file may have shrunk before its entry must follow.
const SLACK: usize = 20;
/// Names that say nothing of what a file owns.
const VAGUE: [&str; 6] = ["common", "helper", "helpers", "misc", "util", "utils"];
/// Files that may call C.
const UNSAFE: [&str; 3] = [
    "crates/runtime/src/kafka/fetch.rs",
    "crates/runtime/src/kafka/produce.rs",
    "crates/runtime/src/kafka/transaction.rs",
];
/// The one crate that has them.
const UNSAFE_CRATE: &str = "crates/runtime/";

/// A file that is longer than the rule allows.
#[derive(Clone, Copy, Debug)]
pub struct Long {
    /// Its path.
    pub path: &'static str,
    /// Its lines at most; only ever lowered.
    pub lines: usize,
    /// Why it is so long.
    pub reason: &'static str,
}

fn rust(files: &[SourceFile]) -> impl Iterator<Item = &SourceFile> {
    files.iter().filter(|file| file.extension() == "rs")
}

/// No Rust file has more than 400 lines, but those in `long`, which may only shrink.
pub fn file_lengths(files: &[SourceFile], long: &[Long]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in rust(files) {
        let lines = file.text.lines().count();
        let listed = long.iter().find(|entry| entry.path == file.path);
        let most = listed.map_or(LINES_MAX, |entry| entry.lines);
        if lines > most {
            found.push(Finding::of_file(&file.path, format!("{lines} lines, at most {most} are allowed; divide it")));
        } else if listed.is_some() && lines <= LINES_MAX {
            found.push(Finding::of_file(&file.path, "short enough by now; take it off the list of long files"));
        } else if listed.is_some() && lines + SLACK < most {
            found.push(Finding::of_file(&file.path, format!("shrank to {lines} lines; lower its entry to that")));
        }
    }
    let gone = long.iter().filter(|entry| !files.iter().any(|file| file.path == entry.path));
    found.extend(gone.map(|entry| Finding::of_file(entry.path, "is gone; take it off the list of long files")));
    found
}

/// No line has more than 120 characters, but rows of tables and blocks of code in documents.
pub fn line_widths(files: &[SourceFile]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files {
        let document = file.extension() == "md";
        if !document && file.extension() != "rs" && file.extension() != "sh" {
            continue;
        }
        let mut in_block = false;
        for (index, line) in file.text.lines().enumerate() {
            in_block ^= document && line.trim_start().starts_with("```");
            let table = line.trim_start().trim_start_matches("//!").trim_start().starts_with('|');
            let width = line.chars().count();
            if width > WIDTH_MAX && !table && !in_block {
                found.push(Finding::at_line(&file.path, index, format!("{width} characters; break the line")));
            }
        }
    }
    found
}

/// Nothing is marked as unfinished: what is left is in ARCHITECTURE.md.
pub fn unfinished(files: &[SourceFile]) -> Vec<Finding> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let checked = files.iter().filter(|file| ["rs", "md", "toml", "yaml", "sh"].contains(&file.extension()));
    let mut found = Vec::new();
    for file in checked {
        for (index, line) in file.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
            if let Some(mark) = words.find(|word| marks.contains(word)) {
                found.push(Finding::at_line(&file.path, index, format!("{mark}; do it, or list it as left for later")));
            }
        }
    }
    found
}

/// No file or folder of code has a name that says nothing.
pub fn file_names(files: &[SourceFile]) -> Vec<Finding> {
    let vague = |file: &&SourceFile| {
        let mut parts = file.path.split('/').map(|part| part.split_once('.').map_or(part, |(stem, _)| stem));
        parts.any(|part| VAGUE.contains(&part))
    };
    rust(files).filter(vague).map(|file| Finding::of_file(&file.path, "name it for what it owns")).collect()
}

fn is_crate_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") || path.contains("/src/bin/")
}

/// Each crate but the runtime forbids unsafe code.
pub fn crate_roots_forbid_unsafe_code(files: &[SourceFile]) -> Vec<Finding> {
    let roots = rust(files).filter(|file| is_crate_root(&file.path) && !file.path.starts_with(UNSAFE_CRATE));
    let missing = roots.filter(|file| !file.text.lines().any(|line| line == "#![forbid(unsafe_code)]"));
    missing.map(|file| Finding::of_file(&file.path, "add `#![forbid(unsafe_code)]`")).collect()
}

/// The runtime has unsafe code in three files only, where it calls librdkafka.
pub fn unsafe_code(files: &[SourceFile]) -> Vec<Finding> {
    let elsewhere = rust(files).filter(|file| file.path.starts_with(UNSAFE_CRATE));
    let elsewhere = elsewhere.filter(|file| !UNSAFE.contains(&file.path.as_str()));
    let has = |file: &&SourceFile| file.text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == "unsafe");
    elsewhere.filter(has).map(|file| Finding::of_file(&file.path, "unsafe code; only kafka/ may call C")).collect()
}

/// No file names a place on one machine.
pub fn machine_paths(files: &[SourceFile]) -> Vec<Finding> {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| begins_path(line, place)) {
                found.push(Finding::at_line(&file.path, index, format!("{place} is a place on one machine")));
            }
        }
    }
    found
}

/// Whether `place` stands in `line` as the start of a path, not in the middle of one or of an address.
fn begins_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | '>'))
    })
}

/// Packages come from crates.io, by cargo's own settings: no file here names another registry.
pub fn package_sources(files: &[SourceFile]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files {
        let (locked, set) = (file.path == "Cargo.lock", file.path.starts_with(".cargo/"));
        for (index, line) in file.text.lines().enumerate() {
            let other_source = line.starts_with("source = ") && line != CRATES_IO;
            let replaced = ["[source", "[registr", "replace-with"].iter().any(|start| line.trim().starts_with(start));
            if (locked && other_source) || (set && replaced) {
                found.push(Finding::at_line(&file.path, index, "another registry; set it outside of the repository"));
            }
        }
    }
    found
}

const CRATES_IO: &str = r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    fn lines(count: usize) -> String {
        "x\n".repeat(count)
    }

    #[test]
    fn a_long_file_must_be_listed_and_its_entry_must_follow() {
        let long = [Long { path: "a.rs", lines: 500, reason: "" }];
        for (lines_now, wanted) in
            [(501, Some("at most 500")), (500, None), (481, None), (450, Some("lower")), (400, Some("off the list"))]
        {
            let found = file_lengths(&[file("a.rs", &lines(lines_now))], &long);
            assert_eq!(found.first().map(|finding| finding.0.contains(wanted.unwrap_or(""))), wanted.map(|_| true));
        }
        assert_eq!(file_lengths(&[file("b.rs", &lines(401)), file("c.md", &lines(401))], &[]).len(), 1);
        assert!(file_lengths(&[], &long)[0].0.contains("is gone"));
    }

    #[test]
    fn tables_and_blocks_may_be_wide() {
        let wide = "字".repeat(121);
        assert_eq!(line_widths(&[file("a.rs", &wide)]), [Finding("a.rs:1: 121 characters; break the line".into())]);
        for text in [format!("|{wide}"), format!("```\n{wide}\n```"), "字".repeat(120)] {
            assert_eq!(line_widths(&[file("a.md", &text)]), [], "{text}");
        }
        assert_eq!(line_widths(&[file("a.md", &format!("```\n```\n{wide}"))]).len(), 1);
    }

    #[test]
    fn marks_of_unfinished_work_are_found_as_words() {
        let mark = concat!("TO", "DO");
        assert_eq!(unfinished(&[file("a.rs", &format!("// {mark}: more"))]).len(), 1);
        assert_eq!(unfinished(&[file("a.rs", "let mastodon = TODOS;"), file("a.tsv", mark)]), []);
    }

    #[test]
    fn names_must_say_something() {
        let files = ["a/utils.rs", "a/common/mod.rs", "a/helpers_of_state.rs", "utils/a.md"].map(|path| file(path, ""));
        assert_eq!(file_names(&files).len(), 2);
    }

    #[test]
    fn unsafe_code_is_forbidden_but_in_three_files() {
        let files = [
            file("crates/a/src/lib.rs", "//! A\n"),
            file("crates/b/src/lib.rs", "#![forbid(unsafe_code)]\n"),
            file("crates/runtime/src/lib.rs", ""),
            file("crates/a/src/other.rs", ""),
        ];
        assert_eq!(crate_roots_forbid_unsafe_code(&files).len(), 1);
        let files = [file(UNSAFE[0], "unsafe {}"), file("crates/runtime/src/clock.rs", "unsafe {}")];
        assert_eq!(unsafe_code(&files).len(), 1);
    }

    #[test]
    fn places_on_one_machine_are_found() {
        for (line, count) in [
            (concat!("cd /wo", "rk/main"), 1),
            (concat!("\"/ho", "me/someone\""), 1),
            (concat!("https://a.b/wo", "rk/x"), 0),
            (concat!("teams/ho", "me/x"), 0),
        ] {
            assert_eq!(machine_paths(&[file("a.md", line)]).len(), count, "{line}");
        }
    }

    #[test]
    fn another_registry_is_found() {
        let lock = format!("{CRATES_IO}\nsource = \"registry+https://mirror.example/index\"\n");
        let files = [file("Cargo.lock", &lock), file(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"m\"")];
        assert_eq!(package_sources(&files).len(), 3);
    }
}
