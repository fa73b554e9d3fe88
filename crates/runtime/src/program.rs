//! A service as a program of its own.
//!
//! Owns the flags, the order of starting, and the exit codes: 0 after a signal, 1 if it could not go on, 64 if what it
//! was given is wrong. Every setting is also a flag by its name: `--http.listen 0.0.0.0:8080`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use figment::value::Value;
use kefu_contracts::codec::Codec;

use crate::config::{Config, ConfigFaults};
use crate::lifecycle::{self, Definition, Process};
use crate::{policies, telemetry};

/// Exit code of a bad configuration, as in sysexits(3).
const EX_USAGE: u8 = 64;

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
        Err(fault) => return usage(name, &fault),
    };
    let codec = Codec::single_object();
    let prepared = Config::load_with(file.as_deref(), settings)
        .map_err(|faults| faults.to_string())
        .and_then(|config| Ok((policies::read_files(&config.policies).map_err(|error| error.to_string())?, config)))
        .and_then(|(policies, config)| {
            Ok((define(&config, &codec).map_err(|faults| faults.to_string())?, policies, config))
        });
    let (definition, policies, config) = match prepared {
        Ok(prepared) => prepared,
        Err(fault) => return usage(name, &fault),
    };
    if only_check {
        return say(&format!("{name}: the settings have no faults"));
    }
    let _telemetry = match telemetry::start(&config.telemetry, name) {
        Ok(telemetry) => telemetry,
        Err(fault) => return usage(name, &fault),
    };
    let process = Process { here: vec![definition], policies, codec };
    let served = lifecycle::serve(&config, process, |address, _| tracing::info!(%address, "{name} listens"));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "{name} stops");
            ExitCode::FAILURE
        }
    }
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

#[expect(clippy::print_stderr, reason = "the log is not there before the settings are")]
fn usage(name: &str, fault: &str) -> ExitCode {
    eprintln!("{name}: {fault}");
    ExitCode::from(EX_USAGE)
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

    #[test]
    fn a_flag_weighs_more_than_the_default_and_an_unknown_one_is_refused() {
        let listen = ("http.listen".to_owned(), Value::from("127.0.0.1:9"));
        let config = Config::load_with(None, vec![listen, ("kafka.threads".to_owned(), read("4"))]).unwrap();
        assert_eq!((config.http.listen.as_str(), config.kafka.threads), ("127.0.0.1:9", 4));
        assert!(Config::load_with(None, vec![("htpp.listen".to_owned(), Value::from("x"))]).is_err());
    }
}
