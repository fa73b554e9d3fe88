//! A process of the desks' service, on a store and a port of its own.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use kefu_contracts::codec::Codec;
use kefu_policy::Policies;
use kefu_runtime::clock;
use kefu_runtime::config::Config;
use kefu_runtime::lifecycle::{self, Process, ServeError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::desk;

/// How long what must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn code(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap_or_default()["code"].clone()
    }
}

impl Running {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |scope: &str| json!({"token": format!("{scope}-key-00000000"), "tenant": "demo", "scopes": [scope]});
        let settings = json!({
            "data_dir": folder.path(),
            "http": {"listen": "127.0.0.1:0"},
            "keys": [key("agent"), key("read"), key("ingest")],
        });
        let config = Config::load(None, settings).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let codec = Codec::single_object();
            let here = vec![desk::definition(&codec)];
            let process = Process { here, policies: Policies::default(), codec };
            let bound = |address, _| tell.send(address).unwrap();
            lifecycle::serve_until(&config, process, bound, async {
                stopped.await.ok();
            })
        });
        let address = told.recv_timeout(PATIENCE).unwrap();
        Self { address, stop, thread, _folder: folder }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(self) -> Result<(), ServeError> {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap()
    }

    pub(crate) fn call(&self, line: &str, scope: &str, headers: &[(&str, &str)]) -> Answer {
        call(self.address, line, scope, headers)
    }

    /// Reads a page until `wanted` holds.
    pub(crate) fn until(&self, line: &str, scope: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begun = clock::monotonic();
        loop {
            let answer = self.call(line, scope, &[]);
            if wanted(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{line}: {answer:?}");
            clock::rest(Duration::from_millis(5));
        }
    }
}

/// Sends a request without a body and reads the answer.
pub(crate) fn call(address: SocketAddr, line: &str, scope: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\ncontent-length: 0\r\n");
    request.push_str(&format!("authorization: bearer {scope}-key-00000000\r\n"));
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let text = exchange(address, &request, || {});
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, headers: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Sends `text` and reads what comes until the connection ends; calls `begun` once the first of it is there.
pub(crate) fn exchange(address: SocketAddr, text: &str, begun: impl FnOnce()) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await.unwrap().unwrap();
        begun();
        // a connection that is cut off gives what it has
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await.unwrap().ok();
        String::from_utf8(read).unwrap()
    })
}
