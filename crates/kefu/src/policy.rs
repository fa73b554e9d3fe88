//! `kefu policy`: check a policy, or print the default one.

use std::path::PathBuf;

use clap::Subcommand;

use crate::Failure;

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// List every fault of a policy file with its path and line; exit code 64 if there is one.
    Check {
        /// The file (YAML, TOML or JSON, by its name).
        file: PathBuf,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the policy of a tenant that has none, as JSON.
    Default {
        /// The tenant.
        #[arg(default_value = "demo")]
        tenant: String,
    },
}

pub(crate) fn run(command: &PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check { file, json } => check(file, *json),
        PolicyCommand::Default { tenant } => {
            let text = kefu_policy::Policy::default_for(tenant).to_json().map_err(Failure::work)?;
            let value: serde_json::Value = serde_json::from_str(&text).map_err(Failure::work)?;
            say_line!("{}", serde_json::to_string_pretty(&value).map_err(Failure::work)?);
            Ok(())
        }
    }
}

fn check(file: &PathBuf, json: bool) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let format = kefu_policy::Format::of_file_name(&file.to_string_lossy()).ok_or_else(|| {
        Failure::usage(format!("{}: the name must end in .yaml, .yml, .toml or .json", file.display()))
    })?;
    let (faults, warnings) = match kefu_policy::parse(&text, format) {
        Ok((_, warnings)) => (Vec::new(), warnings),
        Err(faults) => (faults, Vec::new()),
    };
    let lines = |items: Vec<String>| items;
    let faults = lines(faults.iter().map(ToString::to_string).collect());
    let warnings = lines(warnings.iter().map(ToString::to_string).collect());
    if json {
        say_line!("{}", serde_json::json!({"faults": faults, "warnings": warnings}));
    } else {
        for warning in &warnings {
            say_line!("warning: {warning}");
        }
        if faults.is_empty() {
            say_line!("{}: no faults", file.display());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::usage(list(&file.display().to_string(), &faults))) }
}

fn list(file: &str, faults: &[String]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    format!("{file} has {} fault(s):\n{}", faults.len(), lines.join("\n"))
}
