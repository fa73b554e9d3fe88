//! One Redis server that keeps everything in memory.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::cache;
use crate::install;
use crate::ports::Port;
use crate::service::{Service, Signal};
use crate::{Error, Result};

const NAME: &str = "redis";
const ATTEMPTS: u32 = 5;
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long a command may take: `SAVE` writes everything to disk, on a machine that does other things.
const DONE_WITHIN: Duration = Duration::from_secs(60);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A running (or killed) Redis server. Dropping it ends the process.
#[derive(Debug)]
pub struct Redis {
    service: Service,
    port: Port,
}

impl Redis {
    /// Starts a server and waits until it answers; installs Redis first if need be and possible.
    pub fn start() -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::start_once() {
                Err(error) if error.is_port_taken() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    fn start_once() -> Result<Self> {
        let port = Port::reserve()?;
        let service = Service::new(NAME, cache::new_run_folder(NAME)?)?;
        let mut redis = Self { service, port };
        redis.launch()?;
        Ok(redis)
    }

    fn launch(&mut self) -> Result<()> {
        let port = self.port.number();
        let mut command = Command::new(install::redis_server()?);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        self.service.spawn(&mut command)?;
        self.service.wait_ready(READY_WITHIN, || ask(port, "PING").is_ok_and(|answer| answer == "+PONG"))
    }

    /// Address for clients, `redis://host:port`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number())
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Process id, or `None` after [`Redis::kill`].
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Removes every key.
    pub fn flushall(&self) -> Result<()> {
        let answer = ask(self.port.number(), "FLUSHALL").map_err(Error::io("send FLUSHALL to redis"))?;
        if answer == "+OK" { Ok(()) } else { Err(Error::Protocol { service: NAME, answer }) }
    }

    /// Lets it take no more than so many bytes, or as many as there are: with one byte it is full.
    pub fn limit_memory(&self, bytes: Option<u64>) -> Result<()> {
        let command = format!("CONFIG SET maxmemory {}", bytes.unwrap_or(0));
        let answer = ask(self.port.number(), &command).map_err(Error::io("send CONFIG SET to redis"))?;
        if answer == "+OK" { Ok(()) } else { Err(Error::Protocol { service: NAME, answer }) }
    }

    /// Freezes the server: its sockets stay open but nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.service.signal(Signal::Stop)
    }

    /// Lets a paused server go on.
    pub fn resume(&self) -> Result<()> {
        self.service.signal(Signal::Continue)
    }

    /// Kills the server at once; its port stays for [`Redis::restart_empty`].
    pub fn kill(&mut self) -> Result<()> {
        self.service.kill()
    }

    /// Starts the server again on the same port with no data; kills it first if it runs.
    pub fn restart_empty(&mut self) -> Result<()> {
        self.service.kill()?;
        self.launch()
    }

    /// Keeps a copy of all keys for [`Redis::restart_from_copy`].
    pub fn keep_copy(&self) -> Result<()> {
        let answer = ask(self.port.number(), "SAVE").map_err(Error::io("send SAVE to redis"))?;
        if answer != "+OK" {
            return Err(Error::Protocol { service: NAME, answer });
        }
        // out of the way: a server that starts reads its dump
        fs::rename(self.dump(), self.copy()).map_err(Error::io("keep the copy of redis"))
    }

    /// Starts the server again on the same port with the data of the last [`Redis::keep_copy`], as a backup or a
    /// replica that lagged would bring them; kills it first if it runs.
    pub fn restart_from_copy(&mut self) -> Result<()> {
        self.service.kill()?;
        fs::copy(self.copy(), self.dump()).map_err(Error::io("bring back the copy of redis"))?;
        self.launch()?;
        fs::remove_file(self.dump()).map_err(Error::io("remove the dump of redis"))
    }

    /// How many keys it has.
    pub fn keys(&self) -> Result<u64> {
        let answer = ask(self.port.number(), "DBSIZE").map_err(Error::io("send DBSIZE to redis"))?;
        let count = answer.strip_prefix(':').and_then(|count| count.parse().ok());
        count.ok_or(Error::Protocol { service: NAME, answer })
    }

    fn dump(&self) -> PathBuf {
        self.service.folder().join("dump.rdb")
    }

    fn copy(&self) -> PathBuf {
        self.service.folder().join("copy.rdb")
    }
}

/// Sends one inline command and returns the first line of the answer.
fn ask(port: u16, command: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER_WITHIN)?;
    socket.set_read_timeout(Some(DONE_WITHIN))?;
    socket.write_all(format!("{command}\r\n").as_bytes())?;
    let mut line = Vec::new();
    let mut byte = [0];
    while socket.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
