//! README.md shows what the demo prints.
//!
//! `KEFU_UPDATE=1 cargo test -p kefu --test readme` writes it anew after a rule has changed.
#![expect(clippy::disallowed_methods, reason = "a test is told by the environment to write instead of to compare")]

use std::path::Path;
use std::process::Command;

const BEGIN: &str = "```text\n";
const END: &str = "\n```";

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let demo = Command::new(env!("CARGO_BIN_EXE_kefu")).args(["demo", "--exit"]).output().unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let printed = String::from_utf8(demo.stdout).unwrap();
    // the line before the figures says what the text above them says
    let (_, figures) = printed.trim_end().split_once("\n\n").unwrap();

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var("KEFU_UPDATE").is_ok() {
        std::fs::write(&file, format!("{before}{BEGIN}{figures}{END}{after}")).unwrap();
    }
    assert_eq!(shown, figures, "run `KEFU_UPDATE=1 cargo test -p kefu --test readme`");
}
