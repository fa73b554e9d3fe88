//! `kefu demo`: the built-in sample through all six services on the embedded store, then the supervisor board.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::{DEAD_LETTERS, KPI, PUBLIC, TopicInfo};
use kefu_policy::{Format, Policies};
use kefu_processor::Topology;
use kefu_runtime::backend::{Backend, NewRecord, View, Written};
use kefu_runtime::dead_letter::Envelope;
use kefu_runtime::embedded::{Embedded, EmbeddedOptions};
use kefu_runtime::heartbeat::Heartbeats;
use kefu_runtime::metrics::Metrics;
use kefu_runtime::policies::PolicyTable;

use crate::replay::{self, Inputs, Order, Rows};
use crate::{Failure, progress, serve, services};

const EVENTS: &[u8] = include_bytes!("../sample/events.ndjson");
const POLICY: &str = include_str!("../sample/policy.yaml");
/// Records appended at once.
const BATCH: usize = 256;
/// How far time runs on after the sample's week, so that every window, survey and follow-up is settled.
const UNTIL_MS: i64 = 1_773_590_400_000; // 2026-03-15T16:00:00Z

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Leave after the summary instead of serving the board.
    #[arg(long)]
    exit: bool,
    /// Where the board listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Folder for the embedded store; a temporary one by default.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// Counts what was written.
#[derive(Default)]
struct Seen {
    rows: Mutex<Rows>,
    topics: Mutex<BTreeMap<String, u64>>,
    refused: Mutex<BTreeMap<String, u64>>,
}

impl View for Seen {
    fn topics(&self) -> Vec<TopicInfo> {
        PUBLIC.iter().chain([&DEAD_LETTERS]).copied().collect()
    }

    fn needs_history(&self) -> bool {
        false
    }

    fn apply(&self, record: Written<'_>, _: &Codec) {
        if record.topic == DEAD_LETTERS.name {
            let letter = serde_json::from_slice::<Envelope>(record.payload.unwrap_or_default()).ok();
            let code = letter.and_then(|letter| letter.headers.get("code").cloned()).unwrap_or_default();
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
        }
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        *topics.entry(record.topic.to_owned()).or_default() += 1;
        if record.topic == KPI.info.name {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            rows.take(record.topic, record.key, None, record.payload.unwrap_or_default());
        }
    }
}

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if !args.exit {
        check_listen(&args.listen)?;
    }
    let temporary = tempfile::tempdir().map_err(Failure::work)?;
    let folder = args.data_dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    if folder.join("kefu.redb").exists() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "--data-dir {folder}: a store is there already, and the week would be played into it a second time; use an \
             empty folder, or `kefu serve --data-dir {folder}`"
        )));
    }
    say_line!("kefu plays a week of a shop's customer service: chats, calls, mails and orders in three languages.\n");
    let seen = Arc::new(Seen::default());
    let played = play(&folder, &seen)?;
    let topics = std::mem::take(&mut *seen.topics.lock().unwrap_or_else(PoisonError::into_inner));
    let totals = seen.rows.lock().unwrap_or_else(PoisonError::into_inner).totals();
    let summary = replay::Summary {
        inputs: played,
        bad_lines: 0,
        topics,
        refused: std::mem::take(&mut *seen.refused.lock().unwrap_or_else(PoisonError::into_inner)),
        stages: Vec::new(),
        faults: Vec::new(),
        totals,
    };
    say!("{}", replay::describe(&summary));
    std::io::stdout().flush().map_err(Failure::work)?;
    if args.exit {
        return Ok(());
    }
    say_line!("\nSupervisor board: http://{}/board   (Ctrl-C ends)", args.listen);
    serve::demo(&folder, &args.listen, policies()?)
}

/// Tells now, not after the week was played, that the board could not be shown.
fn check_listen(listen: &str) -> Result<(), Failure> {
    let address = listen.parse().map_err(|_| Failure::usage(format!("--listen {listen}: give address and port")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::work)?;
    runtime.block_on(kefu_runtime::http::bind(address)).map(drop).map_err(Failure::work)
}

/// The sample's policy.
pub(crate) fn policies() -> Result<Policies, Failure> {
    let (policy, _) = kefu_policy::parse(POLICY, Format::Yaml)
        .map_err(|faults| Failure::work(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let mut policies = Policies::default();
    // the first and only one, so none is replaced
    policies.insert(Arc::new(policy));
    Ok(policies)
}

fn play(folder: &std::path::Path, seen: &Arc<Seen>) -> Result<u64, Failure> {
    let codec = Codec::single_object();
    let topology = Topology::new(&services::all()).map_err(Failure::work)?;
    let table = Arc::new(PolicyTable::new(policies()?));
    let options = EmbeddedOptions { data_dir: folder.to_owned(), live: false };
    let views: Vec<Arc<dyn View>> = vec![seen.clone()];
    let (backend, handle) =
        Embedded::start(&options, &topology, &codec, &table, views, &Metrics::default(), &Heartbeats::default())
            .map_err(Failure::work)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::work)?;
    let file = folder.join("sample.ndjson");
    std::fs::write(&file, EVENTS).map_err(Failure::work)?;
    let mut inputs = Inputs::new(vec![file], Order::Time, |_| {}).map_err(Failure::work)?;
    let bar = progress::counter("events");
    let mut batch: Vec<NewRecord> = Vec::with_capacity(BATCH);
    let mut played = 0;
    loop {
        let line = inputs.next().map_err(Failure::work)?;
        let ended = line.is_none();
        if let Some(line) = line {
            let recorded = line.parse().map_err(Failure::work)?;
            batch.push(recorded.to_record(&codec).map_err(Failure::work)?);
        }
        if batch.len() >= BATCH || ended {
            played += batch.len() as u64;
            for result in runtime.block_on(backend.append(std::mem::take(&mut batch))) {
                result.map_err(Failure::work)?;
            }
            bar.set_position(played);
        }
        if ended {
            break;
        }
    }
    bar.set_message("timers after the last event");
    runtime.block_on(backend.run_out(Some(Timestamp::from_ms(UNTIL_MS)))).map_err(Failure::work)?;
    bar.finish_and_clear();
    drop(backend);
    handle.stop().map_err(Failure::work)?;
    Ok(played)
}
