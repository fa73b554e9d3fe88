//! Each code has a page in `docs/rejections`, and each page a code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kefu_contracts::rejection::ProblemCode;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn codes() -> BTreeSet<String> {
    let all: Vec<&str> = ProblemCode::all().map(ProblemCode::as_str).collect();
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

#[test]
fn a_page_shows_the_problem_as_it_is_answered() {
    for code in codes() {
        let page = ProblemCode::parse(&code).unwrap().page();
        let shown = format!("\"type\": \"/rejections/{code}\"");
        assert!(!page.contains("as an HTTP problem") || page.contains(&shown), "{code}: no {shown}");
    }
}
