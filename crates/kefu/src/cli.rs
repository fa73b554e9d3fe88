//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use kefu_contracts::{Language, Timestamp};
use kefu_runtime::policies;

use crate::replay::Order;
use crate::{Failure, demo, dlq, export, load, policy, replay, serve, topics};

/// Cases, classification, SLA clocks, surveys, handovers and key figures for the customer service of online shops.
#[derive(Parser)]
#[command(name = "kefu", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the built-in sample through all six services, show what came of it, then serve the supervisor board.
    Demo(demo::DemoArgs),
    /// Run recorded events through all six services in virtual time.
    Replay(ReplayArgs),
    /// Run some or all services, live.
    Serve(serve::ServeArgs),
    /// Send recorded or made-up events to Kafka or an intake API, or write made-up ones to a file.
    ///
    /// Says at the end how many were confirmed, how many a second, and how long they took from when they were due. With
    /// `--until` it also moves the time of services that run with the event clock. Ctrl-C ends it with the summary.
    Load(Box<load::LoadArgs>),
    /// Write recorded inputs, or every public topic, to files.
    Export(export::ExportArgs),
    /// Make the topics in Kafka.
    Topics {
        #[command(subcommand)]
        command: topics::TopicsCommand,
    },
    /// Look at records that could not be processed, and send them back.
    Dlq {
        #[command(subcommand)]
        command: dlq::DlqCommand,
    },
    /// Check a policy, or print the default one.
    Policy {
        #[command(subcommand)]
        command: policy::PolicyCommand,
    },
    /// Compare two folders of topic files, as `replay` and `export --topics` write them; exit code 2 if they differ.
    Compare {
        /// The first folder.
        left: PathBuf,
        /// The second folder.
        right: PathBuf,
        #[command(flatten)]
        page: PageArgs,
        /// Prefix of the topics' names.
        #[arg(long, default_value = "cs.")]
        prefix: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where a comparison goes as a page.
#[derive(Args)]
struct PageArgs {
    /// Write what differs as a page for a supervisor (HTML) to this file: promises, escalations, routes, decisions.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Language of the page.
    #[arg(long, default_value = "en", value_parser = ["zh-Hans", "zh-Hant", "en"], requires = "page")]
    lang: String,
}

impl PageArgs {
    fn write(&self, left: &Path, right: &Path, prefix: &str) -> Result<(), Failure> {
        let Some(file) = &self.page else { return Ok(()) };
        let language = self.lang.parse().unwrap_or(Language::En);
        let page = replay::what_if([left, right], prefix, language).map_err(Failure::work)?;
        std::fs::write(file, page).map_err(|error| Failure::work(format!("{}: {error}", file.display())))?;
        say_line!("page in {}", file.display());
        Ok(())
    }
}

/// Flags of `kefu replay`.
#[derive(Args)]
struct ReplayArgs {
    /// Recorded ChannelEvents, OrderEvents and Commands, one JSON object a line; `.gz` and `.zst` are unpacked, `-` is
    /// standard input. May be given more than once.
    #[arg(long, required = true, num_args = 1..)]
    input: Vec<PathBuf>,
    /// Folder for one file a topic and `summary.json`.
    #[arg(long)]
    out: PathBuf,
    /// Policy files (YAML, TOML or JSON).
    #[arg(long, num_args = 1..)]
    policy: Vec<PathBuf>,
    /// How far time runs on after the last input; by default until no timer of a case, survey or escalation is left.
    #[arg(long)]
    until: Option<Timestamp>,
    /// In which order inputs are taken.
    #[arg(long, value_enum, default_value = "time")]
    order: Order,
    /// Folder of an earlier output to compare with.
    #[arg(long)]
    compare: Option<PathBuf>,
    #[command(flatten)]
    page: PageArgs,
    /// Exit with 2 if a line or record was refused.
    #[arg(long)]
    strict: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    /// Prefix of the topics' names.
    #[arg(long, default_value = "cs.")]
    prefix: String,
}

/// Runs the command that was given.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Replay(args) => run_replay(args),
        Command::Serve(args) => serve::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Topics { command } => topics::run(&command),
        Command::Dlq { command } => dlq::run(&command),
        Command::Policy { command } => policy::run(&command),
        Command::Compare { left, right, page, prefix, json } => {
            page.write(&left, &right, &prefix)?;
            let comparison = replay::compare(&left, &right, &prefix).map_err(Failure::work)?;
            say_line!("{}", comparison.describe(json));
            if comparison.is_same() { Ok(()) } else { Err(Failure::findings("the folders differ")) }
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "kefu", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn run_replay(args: ReplayArgs) -> Result<(), Failure> {
    if args.page.page.is_some() && args.compare.is_none() {
        return Err(Failure::usage("--page: name the output to compare with, by --compare FOLDER"));
    }
    let options = replay::Options {
        inputs: args.input,
        out: args.out.clone(),
        policies: policies::read_files(&args.policy).map_err(Failure::usage)?,
        until: args.until,
        order: args.order,
        prefix: args.prefix.clone(),
    };
    let summary = replay::run_with_progress(options).map_err(Failure::work)?;
    if args.json {
        say_line!("{}", serde_json::to_string_pretty(&summary).map_err(Failure::work)?);
    } else {
        say!("{}", replay::describe(&summary));
        say_line!("files in {}", args.out.display());
    }
    if let Some(earlier) = args.compare {
        args.page.write(&earlier, &args.out, &args.prefix)?;
        let comparison = replay::compare(&earlier, &args.out, &args.prefix).map_err(Failure::work)?;
        say_line!("{}", comparison.describe(args.json));
    }
    let refused: u64 = summary.refused.values().sum();
    if args.strict && refused > 0 {
        return Err(Failure::findings(format!(
            "{refused} lines or records were refused; see {}dlq.ndjson",
            args.prefix
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_fit_together_and_every_command_has_completions() {
        Cli::command().debug_assert();
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut Cli::command(), "kefu", &mut script);
        let script = String::from_utf8(script).unwrap();
        for flag in ["--max-attempts", "--per-day", "--compare"] {
            assert!(script.contains(flag), "{flag}");
        }
    }
}
