//! Measures the classifier on labelled texts: `evaluate DIR` reads every `*.jsonl` in it, lines with `text`,
//! `category` and `subtype`, and prints accuracy and macro-F1 by file, how far confidence is from accuracy, and how
//! many texts a second it reads. Files of category `sentiment` measure the mood's sign. `--errors FILE` lists errors.
#![expect(clippy::print_stdout, reason = "it is a report")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use kefu_classifier::domain::verdict::{Situation, Verdict, verdict};
use kefu_classifier::model::Model;
use kefu_contracts::Channel;

struct Example {
    text: String,
    category: String,
    subtype: String,
}

/// What was expected and what was said.
type Pair = (String, String);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("say which folder: evaluate DIR [--errors FILE]")?;
    let listed = arguments.iter().position(|argument| argument == "--errors").and_then(|at| arguments.get(at + 1));
    #[expect(clippy::disallowed_methods, reason = "it measures throughput")]
    let start = std::time::Instant::now();
    let model = Model::standard();
    println!("model {}: {} features, ready in {:?}", model.version, model.features(), start.elapsed());
    println!(
        "{:<28}{:>7}{:>10}{:>10}{:>10}{:>10}{:>13}",
        "file", "lines", "category", "F1", "subtype", "F1", "calibration"
    );
    #[expect(clippy::disallowed_methods, reason = "it measures throughput")]
    let start = std::time::Instant::now();
    let mut texts = 0;
    for file in files(Path::new(folder))? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let examples = read(&std::fs::read_to_string(&file)?)?;
        texts += examples.len();
        let verdicts: Vec<Verdict> = examples.iter().map(|example| judge(&example.text, model)).collect();
        if examples.iter().all(|example| example.category == "sentiment") {
            report_moods(&name, &examples, &verdicts);
        } else {
            report(&name, &examples, &verdicts, listed == Some(&name));
        }
    }
    println!("{:.0} texts/s", texts as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

fn judge(text: &str, model: &Model) -> Verdict {
    let text = text.to_owned();
    verdict(&Situation { text, channel: Channel::Chat, tier: None, important: false, rating: None }, model)
}

fn report(name: &str, examples: &[Example], verdicts: &[Verdict], list: bool) {
    let (mut categories, mut subtypes): (Vec<Pair>, Vec<Pair>) = Default::default();
    let mut bins = [(0.0, 0.0); 10];
    for (example, verdict) in examples.iter().zip(verdicts) {
        let category = verdict.category.map(|category| category.to_string()).unwrap_or_default();
        let subtype = verdict.subtype.map(|subtype| format!("{category}/{subtype}")).unwrap_or_default();
        let expected = format!("{}/{}", example.category, example.subtype);
        if list && subtype != expected {
            println!("{expected:<32}{subtype:<32}{:.2}  {}", verdict.confidence, example.text);
        }
        if let Some(bin) = bins.get_mut(((verdict.confidence * 10.0) as usize).min(9)) {
            bin.0 += verdict.confidence;
            bin.1 += f64::from(subtype == expected);
        }
        categories.push((example.category.clone(), category));
        subtypes.push((expected, subtype));
    }
    let calibration = bins.iter().map(|(sure, right)| (sure - right).abs()).sum::<f64>() / examples.len().max(1) as f64;
    println!(
        "{name:<28}{:>7}{:>10.3}{:>10.3}{:>10.3}{:>10.3}{calibration:>13.3}",
        examples.len(),
        accuracy(&categories),
        macro_f1(&categories),
        accuracy(&subtypes),
        macro_f1(&subtypes),
    );
}

fn report_moods(name: &str, examples: &[Example], verdicts: &[Verdict]) {
    let pairs: Vec<Pair> = examples
        .iter()
        .zip(verdicts)
        .map(|(example, verdict)| {
            let said = if verdict.sentiment > 0.0 { "positive" } else { "negative" };
            (example.subtype.clone(), said.to_owned())
        })
        .collect();
    println!("{name:<28}{:>7}{:>10.3}{:>10.3}  (sign of the mood)", examples.len(), accuracy(&pairs), macro_f1(&pairs));
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(text: &str) -> Result<Vec<Example>, Box<dyn Error>> {
    let mut examples = Vec::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        examples.push(Example { text: field("text"), category: field("category"), subtype: field("subtype") });
    }
    Ok(examples)
}

fn accuracy(pairs: &[Pair]) -> f64 {
    pairs.iter().filter(|(expected, said)| expected == said).count() as f64 / pairs.len().max(1) as f64
}

/// The mean over the labels that are expected somewhere.
fn macro_f1(pairs: &[Pair]) -> f64 {
    let mut counts: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for (expected, said) in pairs {
        counts.entry(expected).or_default().1 += 1.0;
        counts.entry(said).or_default().2 += 1.0;
        if expected == said {
            counts.entry(expected).or_default().0 += 1.0;
        }
    }
    let scores: Vec<f64> =
        counts.values().filter(|count| count.1 > 0.0).map(|(hits, real, said)| 2.0 * hits / (real + said)).collect();
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}
