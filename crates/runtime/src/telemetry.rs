//! Logs and traces of a process.
//!
//! Owns where lines go. The log is on standard error; standard output has only what people read, which is nothing if
//! the log is for programs.

use std::net::SocketAddr;

use kefu_contracts::Timestamp;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde_json::json;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::clock;
use crate::config::{LogFormat, TelemetrySettings};
use crate::trace;

/// What the log leaves out unless the setting names it: the wrapper of Kafka's client tells each end of a partition as
/// an error; what the client itself has to say is there.
const QUIET: &str = "rdkafka=off";

/// Flushes what is still to be exported when it is dropped.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Begins writing logs to standard error, and exporting traces if there is an endpoint.
///
/// # Errors
/// What is wrong with a setting.
pub fn start(settings: &TelemetrySettings, name: &str) -> Result<Telemetry, String> {
    let filter = format!("{QUIET},{}", settings.log);
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("telemetry.log: {error}"))?;
    let provider = settings.otlp.as_deref().map(|endpoint| provider(endpoint, settings.sample, name)).transpose()?;
    if let Some(provider) = &provider {
        global::set_tracer_provider(provider.clone());
        trace::begin_exporting();
    }
    // whatever the log leaves out
    let requests = Targets::new().with_target(trace::REQUESTS, tracing::Level::INFO);
    let spans = provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("kefu")));
    let registry = tracing_subscriber::registry().with(spans.with_filter(requests));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => registry.with(lines.with_ansi(false).with_filter(filter)).try_init(),
        LogFormat::Json => registry.with(lines.json().with_filter(filter)).try_init(),
    };
    started.map_err(|error| error.to_string())?;
    Ok(Telemetry { provider })
}

/// Tells that `name` can be reached at `address`: people on standard output, programs in the log.
#[expect(clippy::print_stdout, reason = "people read it on standard output")]
pub fn tell_listening(format: LogFormat, name: &str, address: SocketAddr) {
    match format {
        LogFormat::Text => println!("{name} listens at http://{address}"),
        LogFormat::Json => tracing::info!(name, %address, "listens"),
    }
}

/// Tells on standard error why `name` ends, whatever the log leaves out.
#[expect(clippy::print_stderr, reason = "the log may not be there, or leave it out")]
pub fn tell_fatal(format: LogFormat, name: &str, error: &str) {
    eprintln!("{}", fatal_line(format, name, error, clock::now()));
}

fn fatal_line(format: LogFormat, name: &str, error: &str, now: Timestamp) -> String {
    match format {
        LogFormat::Text => format!("{name}: {error}"),
        // the same members as the log's other lines have
        LogFormat::Json => json!({
            "timestamp": now,
            "level": "ERROR",
            "fields": {"message": format!("{name} stops"), "error": error},
            "target": "kefu",
        })
        .to_string(),
    }
}

fn provider(endpoint: &str, sample: f64, name: &str) -> Result<SdkTracerProvider, String> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| format!("telemetry.otlp: {error}"))?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample))))
        .with_resource(Resource::builder().with_service_name(name.to_owned()).build())
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_error_is_one_line_of_json_where_the_log_is_json() {
        let error = "the configuration has 2 fault(s):\n  a\n  b";
        let now = Timestamp::from_ms(1_772_413_200_000);
        assert_eq!(fatal_line(LogFormat::Text, "intake", error, now), format!("intake: {error}"));
        let line = fatal_line(LogFormat::Json, "intake", error, now);
        assert!(!line.contains('\n'));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let wanted = json!({
            "timestamp": "2026-03-02T01:00:00.000Z",
            "level": "ERROR",
            "fields": {"message": "intake stops", "error": error},
            "target": "kefu",
        });
        assert_eq!(line, wanted);
    }
}
