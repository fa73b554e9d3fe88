//! The committed schemas are what the Rust types say.
//!
//! `KEFU_UPDATE=1 cargo test -p kefu-contracts --test schemas` writes them anew after a change of a type.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod records;

use std::collections::BTreeSet;
use std::path::PathBuf;

use kefu_contracts::codec::AvroRecord;
use records::{for_each_record, repository};

fn generated<T: AvroRecord>() -> (PathBuf, String) {
    let mut text = serde_json::to_string_pretty(&T::get_schema()).unwrap();
    text.push('\n');
    (repository().join(T::PATH), text)
}

#[test]
fn committed_schemas_are_those_of_the_types() {
    let mut stale = Vec::new();
    for (path, text) in for_each_record!(generated) {
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            stale.push(path.display().to_string());
            if std::env::var_os("KEFU_UPDATE").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
    }
    assert!(stale.is_empty(), "differ from their types (run with KEFU_UPDATE=1 and commit): {stale:#?}");
}

#[test]
fn there_is_one_schema_for_each_record_and_no_other() {
    fn path<T: AvroRecord>() -> String {
        T::PATH.to_owned()
    }
    let mut committed = BTreeSet::new();
    for folder in std::fs::read_dir(repository().join("schemas")).unwrap().map(|entry| entry.unwrap()) {
        let writer = folder.file_name().into_string().unwrap();
        if folder.file_type().unwrap().is_dir() && writer != "released" {
            let files = std::fs::read_dir(folder.path()).unwrap();
            committed.extend(files.map(|file| format!("schemas/{writer}/{}", file.unwrap().file_name().display())));
        }
    }
    assert_eq!(committed, BTreeSet::from(for_each_record!(path)));
}
