//! Spans, as whoever collects them sees them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span as Told;
use prost::Message;
use serde_json::Value;

/// A span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its trace, in hexadecimal digits, like all ids.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// The span that it follows from; empty if there is none.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// The service of kefu that did it; empty for a request.
    pub service: String,
    /// Traces that it follows from besides.
    pub links: Vec<String>,
    /// How long it took.
    pub took_us: u64,
}

/// Collects spans in memory: the least that OTLP over HTTP asks for.
pub struct Collector {
    address: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    /// Starts one on a free port; it ends with the program.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let spans = Arc::new(Mutex::new(Vec::new()));
        let into = spans.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = into.clone();
                // who sends may go away
                std::thread::spawn(move || receive(&stream, &into).ok());
            }
        });
        Self { address: address.to_string(), spans }
    }

    /// Where to send to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans called `name`.
    pub fn named(&self, name: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.name == name).cloned().collect()
    }

    /// What came of a trace.
    pub fn of_trace(&self, trace: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace == trace).cloned().collect()
    }
}

/// Takes requests from a connection until it ends.
fn receive(mut stream: &TcpStream, into: &Mutex<Vec<Span>>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut lines = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            lines += 1;
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() && lines > 1 {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap_or_else(|error| panic!("{error}"));
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans).map(|span| of_wire(&span));
        into.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn of_wire(span: &Told) -> Span {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let service = span.attributes.iter().find(|attribute| attribute.key == "kefu.service");
    let service = service.and_then(|attribute| attribute.value.as_ref()?.value.clone());
    let service = if let Some(Attribute::StringValue(service)) = service { service } else { String::new() };
    Span {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name.clone(),
        service,
        links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
        took_us: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1000,
    }
}

/// What Jaeger at `address` tells of a trace; nothing if it does not know it.
pub fn of_jaeger(address: &str, trace: &str) -> Vec<Span> {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        // an answer to the older version is in one piece
        write!(stream, "GET /api/traces/{trace} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    let answer = asked.unwrap_or_else(|error| panic!("jaeger at {address}: {error}"));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    let spans = told["data"][0]["spans"].as_array().cloned().unwrap_or_default();
    spans.iter().map(|span| of_told(trace, span)).collect()
}

fn of_told(trace: &str, span: &Value) -> Span {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let references = span["references"].as_array().cloned().unwrap_or_default();
    let (parents, links): (Vec<_>, Vec<_>) = references.into_iter().partition(|to| to["refType"] == "CHILD_OF");
    let tags = span["tags"].as_array().cloned().unwrap_or_default();
    Span {
        trace: trace.to_owned(),
        id: text(&span["spanID"]),
        parent: parents.first().map(|to| text(&to["spanID"])).unwrap_or_default(),
        name: text(&span["operationName"]),
        service: tags
            .iter()
            .find(|tag| tag["key"] == "kefu.service")
            .map(|tag| text(&tag["value"]))
            .unwrap_or_default(),
        links: links.iter().map(|to| text(&to["traceID"])).collect(),
        took_us: span["duration"].as_u64().unwrap_or_default(),
    }
}

/// The services that did something.
pub fn services(spans: &[Span]) -> BTreeSet<&str> {
    spans.iter().map(|span| span.service.as_str()).filter(|service| !service.is_empty()).collect()
}
