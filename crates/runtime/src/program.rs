//! A service as a program of its own.
//!
//! Owns the flags, the order of starting, and the exit codes: 0 after a signal, 1 if it could not go on, 64 if what it
//! was given is wrong. Every setting is also a flag by its name: `--http.listen 0.0.0.0:8080`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use figment::value::Value;
use kefu_contracts::codec::Codec;

use crate::config::{Config, ConfigFaults, Flag, LogFormat};
use crate::lifecycle::{self, Definition, Process};
use crate::telemetry;

/// Exit code of a bad configuration, as in sysexits(3).
const EX_USAGE: u8 = 64;
/// Exit code of a process that could not go on.
const EX_FAILED: u8 = 1;

const HELP: &str = "\
Settings come from the file, then the environment (KEFU__HTTP__LISTEN=...), then flags, each weighing more.

  --config FILE        settings in TOML
  --SECTION.NAME VALUE one setting, such as --http.listen 0.0.0.0:8080 or --kafka.bootstrap kafka:9092
  --check              only check the settings and the policies
  --help               this text
  --version            the version";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    Help,
    Version,
    Run { file: Option<PathBuf>, settings: Vec<(String, Value)>, only_check: bool },
}

/// Runs the service called `name` until it is told to stop. `define` puts the service together.
pub fn run(name: &str, define: impl FnOnce(&Config, &Codec) -> Result<Definition, ConfigFaults>) -> ExitCode {
    let (file, settings, only_check) = match parse(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => return say(&format!("{name}: a service of kefu\n\n{HELP}")),
        Ok(Asked::Version) => return say(&format!("{name} {}", env!("CARGO_PKG_VERSION"))),
        Ok(Asked::Run { file, settings, only_check }) => (file, settings, only_check),
        // nothing says yet how lines are to look
        Err(fault) => return stop(LogFormat::Text, name, &fault, EX_USAGE),
    };
    let codec = Codec::single_object();
    let flag = |(key, value)| Flag { name: format!("--{key}"), key, value };
    let reading = Config::read(file.as_deref(), settings.into_iter().map(flag).collect());
    let format = reading.config.telemetry.format;
    let (config, policies, definition) = match reading.with(|config| define(config, &codec)) {
        Ok(prepared) => prepared,
        Err(faults) => return stop(format, name, &faults.to_string(), EX_USAGE),
    };
    if only_check {
        return say(&format!("{name}: the settings have no faults"));
    }
    let _telemetry = match telemetry::start(&config.telemetry, name) {
        Ok(telemetry) => telemetry,
        Err(fault) => return stop(format, name, &fault, EX_USAGE),
    };
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let process = Process { here: vec![definition], policies, codec };
    let served = lifecycle::serve(&config, process, |address, _| telemetry::tell_listening(format, name, address));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(format, name, &error.to_string(), EX_FAILED),
    }
}

fn stop(format: LogFormat, name: &str, fault: &str, code: u8) -> ExitCode {
    telemetry::tell_fatal(format, name, fault);
    ExitCode::from(code)
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut args = args.into_iter();
    let (mut file, mut settings, mut only_check) = (None, Vec::new(), false);
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        let (flag, joined) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(OsString::from(value))),
            None => (text, None),
        };
        match flag {
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            "--check" => {
                only_check = true;
                continue;
            }
            _ => {}
        }
        let name = flag.strip_prefix("--").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| format!("`{}` is no flag; see --help", arg.to_string_lossy()))?;
        let value = joined.or_else(|| args.next()).ok_or_else(|| format!("{flag}: no value; write {flag} VALUE"))?;
        if name == "config" {
            file = Some(PathBuf::from(value));
        } else {
            let value = value.to_str().ok_or_else(|| format!("{flag}: the value is no UTF-8"))?;
            settings.push((name.to_owned(), read(value)));
        }
    }
    Ok(Asked::Run { file, settings, only_check })
}

/// A value as the environment would give it: `3` is a number, `[\"a\"]` a list, anything else a text.
fn read(text: &str) -> Value {
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for is written to standard output")]
fn say(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(args: &[&str]) -> Result<Asked, String> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn every_setting_is_a_flag() {
        let settings = vec![
            ("http.listen".to_owned(), Value::from("0.0.0.0:80")),
            ("kafka.threads".to_owned(), read("3")),
            ("policies".to_owned(), read("[\"a.yaml\"]")),
        ];
        let asked = asked(&[
            "--config",
            "kefu.toml",
            "--http.listen",
            "0.0.0.0:80",
            "--kafka.threads=3",
            "--policies",
            "[\"a.yaml\"]",
        ]);
        assert_eq!(asked, Ok(Asked::Run { file: Some("kefu.toml".into()), settings, only_check: false }));
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        for (args, wanted) in [
            (&["serve"][..], "`serve` is no flag"),
            (&["--"], "`--` is no flag"),
            (&["--http.listen"], "--http.listen: no value"),
        ] {
            assert!(asked(args).unwrap_err().contains(wanted), "{args:?}");
        }
    }
}
