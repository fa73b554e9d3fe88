//! Measures the standard model on labelled texts: `evaluate DIR` reads every `*.jsonl` in it, lines with `text`,
//! `category`, `subtype`, and prints accuracy and macro-F1 by file. `--errors FILE` lists that file's errors.
#![expect(clippy::print_stdout, reason = "it is a report")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kefu_classifier::model::Model;
use kefu_classifier::model::labels::LABELS;

struct Example {
    text: String,
    category: String,
    subtype: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("say which folder: evaluate DIR [--errors FILE]")?;
    let listed = arguments.iter().position(|argument| argument == "--errors").and_then(|at| arguments.get(at + 1));
    let model = Model::standard();
    println!("{} features", model.features());
    println!("{:<28}{:>6}{:>10}{:>10}{:>10}{:>10}", "file", "lines", "category", "macro-F1", "subtype", "macro-F1");
    for file in files(Path::new(folder))? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let examples = read(&std::fs::read_to_string(&file)?)?;
        if examples.iter().any(|example| example.category == "sentiment") {
            continue;
        }
        let (mut categories, mut subtypes) = (Vec::new(), Vec::new());
        for example in &examples {
            let said = best(model, &example.text);
            let (category, subtype) = (said.0.clone(), format!("{}/{}", said.0, said.1));
            let expected = format!("{}/{}", example.category, example.subtype);
            if listed == Some(&name) && subtype != expected {
                println!("{expected:<32}{subtype:<32}{:.2}  {}", said.2, example.text);
            }
            categories.push((example.category.clone(), category));
            subtypes.push((expected, subtype));
        }
        println!(
            "{name:<28}{:>6}{:>10.3}{:>10.3}{:>10.3}{:>10.3}",
            examples.len(),
            accuracy(&categories),
            macro_f1(&categories),
            accuracy(&subtypes),
            macro_f1(&subtypes)
        );
    }
    Ok(())
}

fn best(model: &Model, text: &str) -> (String, String, f32) {
    let Some(probabilities) = model.probabilities(text) else { return Default::default() };
    let likeliest = LABELS.iter().zip(probabilities).max_by(|a, b| a.1.total_cmp(&b.1));
    let (label, confidence) = likeliest.unwrap_or((&LABELS[0], 0.0));
    (label.category.to_string(), label.subtype.to_string(), confidence)
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

fn read(text: &str) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
    let mut examples = Vec::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        examples.push(Example { text: field("text"), category: field("category"), subtype: field("subtype") });
    }
    Ok(examples)
}

fn accuracy(pairs: &[(String, String)]) -> f64 {
    pairs.iter().filter(|(expected, said)| expected == said).count() as f64 / pairs.len().max(1) as f64
}

/// The mean over the labels that are expected somewhere.
fn macro_f1(pairs: &[(String, String)]) -> f64 {
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
