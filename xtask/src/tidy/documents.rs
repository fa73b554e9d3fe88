//! Rules for documents.

use std::collections::BTreeSet;

use crate::repository::SourceFile;
use crate::tidy::Finding;

/// The page that lists all decisions.
const ARCHITECTURE: &str = "ARCHITECTURE.md";
const DECISIONS: &str = "docs/decisions/";

fn documents(files: &[SourceFile]) -> impl Iterator<Item = &SourceFile> {
    files.iter().filter(|file| file.extension() == "md")
}

/// Every relative link in a document leads to a file or folder.
pub fn links_resolve(files: &[SourceFile]) -> Vec<Finding> {
    let known = places(files);
    let mut found = Vec::new();
    for file in documents(files) {
        for (index, target) in links(&file.text) {
            if let Some(path) = target_of(&file.path, target)
                && !known.contains(path.as_str())
            {
                found.push(Finding::at_line(&file.path, index, format!("`{target}` leads nowhere")));
            }
        }
    }
    found
}

/// Every page of a decision is linked from ARCHITECTURE.md.
pub fn decisions_are_linked(files: &[SourceFile]) -> Vec<Finding> {
    let architecture = files.iter().find(|file| file.path == ARCHITECTURE);
    let linked: BTreeSet<String> = architecture
        .iter()
        .flat_map(|file| links(&file.text))
        .filter_map(|(_, target)| target_of(ARCHITECTURE, target))
        .collect();
    let pages = documents(files).filter(|file| file.path.starts_with(DECISIONS));
    let missing = pages.filter(|file| !linked.contains(&file.path));
    missing.map(|file| Finding::of_file(&file.path, format!("link it from {ARCHITECTURE}"))).collect()
}

/// Every file and folder.
fn places(files: &[SourceFile]) -> BTreeSet<&str> {
    let mut places = BTreeSet::from([""]);
    for file in files {
        places.insert(&file.path);
        places.extend(file.path.match_indices('/').filter_map(|(at, _)| file.path.get(..at)));
    }
    places
}

/// The targets of `[text](target)`, with their lines; not in blocks of code, nor in `code`.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        in_block ^= line.trim_start().starts_with("```");
        if in_block {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let in_code = line.get(..at).is_some_and(|before| before.matches('`').count() % 2 == 1);
            let rest = line.get(at + 2..).unwrap_or_default();
            if let Some((target, _)) = rest.split_once(')')
                && !in_code
            {
                links.push((index, target));
            }
        }
    }
    links
}

/// The path from the root that a link in `document` leads to; none for an address or a place in the same document.
fn target_of(document: &str, target: &str) -> Option<String> {
    let path = target.split(['#', ' ']).next().unwrap_or_default();
    if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // above the root there is nothing to link to
            ".." => {
                if parts.pop().is_none() {
                    return Some(path.to_owned());
                }
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    #[test]
    fn a_link_must_lead_to_a_file_or_folder() {
        let text =
            "[a](b.md) [c](../src) [d](https://x.y/z) [e](#here) [f](b.md#there) `[g](gone)`\n```\n[h](gone)\n```";
        let files = [file("docs/a.md", text), file("docs/b.md", ""), file("src/lib.rs", "")];
        assert_eq!(links_resolve(&files), []);
        for target in ["gone.md", "../docs/gone", "../../docs/b.md", "src/lib.rs"] {
            let files = [file("docs/a.md", &format!("\n[x]({target})")), files[1].clone(), files[2].clone()];
            assert_eq!(links_resolve(&files), [Finding(format!("docs/a.md:2: `{target}` leads nowhere"))]);
        }
    }

    #[test]
    fn a_decision_must_be_linked() {
        let architecture = file(ARCHITECTURE, "[one](docs/decisions/one.md)");
        let files = [architecture, file("docs/decisions/one.md", ""), file("docs/decisions/two.md", "")];
        let found = decisions_are_linked(&files);
        assert_eq!(found, [Finding("docs/decisions/two.md: link it from ARCHITECTURE.md".into())]);
    }
}
