//! Each code has a page in `docs/rejections`, and each page a code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kefu_contracts::rejection::{Code, HTTP_CODES};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn codes() -> BTreeSet<String> {
    let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).chain(HTTP_CODES.iter().copied()).collect();
    let codes: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(codes.len(), all.len(), "a code stands twice in {all:?}");
    codes
}

#[test]
fn codes_and_pages_are_the_same_set() {
    let files = std::fs::read_dir(repository().join("docs/rejections")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect();
    let mut expected = codes();
    expected.insert("README".to_owned());
    assert_eq!(pages, expected);
}

#[test]
fn the_index_lists_each_code_with_its_page() {
    let index = std::fs::read_to_string(repository().join("docs/rejections/README.md")).unwrap();
    let listed: BTreeSet<String> =
        index.lines().filter_map(|line| Some(line.strip_prefix("| [`")?.split_once('`')?.0.to_owned())).collect();
    assert_eq!(listed, codes());
    let unlinked: Vec<String> = codes().into_iter().filter(|code| !index.contains(&format!("]({code}.md)"))).collect();
    assert!(unlinked.is_empty(), "{unlinked:?}");
}

#[test]
fn each_page_answers_the_same_questions() {
    for code in codes() {
        let page = std::fs::read_to_string(repository().join(format!("docs/rejections/{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# `{code}`\n")), "{code}");
        for heading in ["## When", "## What to do", "## Try again?", "## Example"] {
            assert!(page.contains(&format!("\n{heading}\n\n")), "{code}: {heading}");
        }
    }
}

/// Problems take their code as text; what is written there must be a listed code.
#[test]
fn the_apis_use_listed_codes_only() {
    let mut used = BTreeSet::new();
    for folder in ["crates", "services"] {
        each_source(&repository().join(folder), &mut |source| {
            for call in source.split("Problem::new(").skip(1) {
                let code = call.split_once(',').and_then(|(_, code)| code.trim_start().strip_prefix('"'));
                used.extend(code.and_then(|code| Some(code.split_once('"')?.0.to_owned())));
            }
        });
    }
    assert!(used.contains("unauthorized"), "the search finds only {used:?}");
    let unlisted: Vec<String> = used.difference(&codes()).cloned().collect();
    assert!(unlisted.is_empty(), "list these in crates/contracts/src/rejection.rs: {unlisted:?}");
}

fn each_source(folder: &Path, read: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_dir() {
            each_source(&entry.path(), read);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            read(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}
