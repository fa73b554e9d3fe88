//! HTTP as a user of the APIs would speak it, one request a connection.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Longer than an API waits for a command's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Speaks with a process under one key.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
    token: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Speaks with `address`, `host:port`, under the key `token`.
    pub fn new(address: &str, token: &str) -> Self {
        Self { address: address.to_owned(), token: token.to_owned() }
    }

    /// The same address under another key.
    #[must_use]
    pub fn with_key(&self, token: &str) -> Self {
        Self::new(&self.address, token)
    }

    /// Reads.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Reads from a process that may be down.
    ///
    /// # Errors
    /// If nothing answers.
    pub fn try_get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], "")
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, &headers, &body.to_string()).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Sends events, all of which must be accepted.
    pub fn events(&self, events: &[Value]) {
        let answer = self.post("/v1/events", &Value::Array(events.to_vec()));
        assert_eq!((answer.status, &answer.json()["accepted"]), (202, &events.len().into()), "{}", answer.text);
    }

    /// Sends anything.
    ///
    /// # Errors
    /// If nothing answers.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let mut socket = TcpStream::connect(&self.address)?;
        socket.set_read_timeout(Some(ANSWER_WITHIN))?;
        let further: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-length: {}\r\n{further}\r\n",
            self.address,
            self.token,
            body.len()
        );
        socket.write_all(head.as_bytes())?;
        socket.write_all(body.as_bytes())?;
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes)?;
        read(&String::from_utf8_lossy(&bytes)).ok_or_else(|| Error::from(ErrorKind::InvalidData))
    }
}

/// Reads an answer whose body goes to the connection's end.
fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some(Answer { status, text: body.to_owned(), headers })
}
