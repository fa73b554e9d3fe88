//! Whether the outcome is that of a replay.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::DeadLetter;
use crate::program::try_kefu_for;

use super::poison::{self, Poison, Refusal};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What `kefu compare` says.
    pub compared: String,
    /// Whether it found no difference.
    pub same: bool,
    /// Dead letters in all.
    pub dead_letters: usize,
    /// Records put on topics that could not be processed.
    pub poisoned: usize,
    /// Dead letters that are missing, doubled or of nobody.
    pub wrong_letters: Vec<String>,
}

/// Holds what the services wrote against what they should have, and what they refused against a replay.
pub(super) fn judge(expected: &Path, replayed: &Path, live: &Path, poisons: &[Poison]) -> Verdict {
    let folders = [expected, live].map(|folder| folder.display().to_string());
    let hour = std::time::Duration::from_secs(3_600);
    let output = try_kefu_for(hour, &["compare", &folders[0], &folders[1]]);
    let letters: Vec<DeadLetter> = rows(live).iter().map(DeadLetter::read).collect();
    let (others, mut wrong_letters) = poison::account(poisons, &letters);
    wrong_letters.extend(differences(&refusals(replayed), &others));
    Verdict {
        compared: String::from_utf8_lossy(&output.stdout).trim_end().to_owned(),
        same: output.status.success(),
        dead_letters: letters.len(),
        poisoned: poisons.len(),
        wrong_letters,
    }
}

fn rows(folder: &Path) -> Vec<Value> {
    let path = folder.join("cs.dlq.ndjson");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// What a replay refused.
fn refusals(folder: &Path) -> BTreeMap<Refusal, usize> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut refusals = BTreeMap::new();
    for row in rows(folder) {
        let refusal = (text(&row["headers"]["service"]), text(&row["headers"]["code"]), text(&row["key"]));
        *refusals.entry(refusal).or_default() += 1;
    }
    refusals
}

fn differences(expected: &BTreeMap<Refusal, usize>, live: &BTreeMap<Refusal, usize>) -> Vec<String> {
    let all: std::collections::BTreeSet<&Refusal> = expected.keys().chain(live.keys()).collect();
    let count = |of: &BTreeMap<Refusal, usize>, refusal: &Refusal| of.get(refusal).copied().unwrap_or(0);
    all.into_iter()
        .map(|refusal| (refusal, count(expected, refusal), count(live, refusal)))
        .filter(|(_, wanted, told)| wanted != told)
        .map(|((service, code, key), wanted, told)| {
            format!("{service} refused {key} with {code} {told} times, a replay {wanted} times")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_too_many_or_too_few_is_found() {
        let of = |keys: &[&str]| {
            let mut all = BTreeMap::new();
            for key in keys {
                *all.entry(("intake".to_owned(), "no_case".to_owned(), (*key).to_owned())).or_default() += 1;
            }
            all
        };
        assert!(differences(&of(&["a", "b", "b"]), &of(&["b", "a", "b"])).is_empty());
        let found = differences(&of(&["a", "b"]), &of(&["b", "b", "c"]));
        let wanted = ["a with no_case 0 times, a replay 1", "b with no_case 2 times", "c with no_case 1 times"];
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        assert!(found.iter().zip(wanted).all(|(found, wanted)| found.contains(wanted)), "{found:?}");
    }
}
