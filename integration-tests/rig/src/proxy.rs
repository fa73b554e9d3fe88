//! What lies between clients and a server: a TCP proxy on loopback that delays, holds up and cuts connections.
//!
//! Owns the ways in which a connection goes wrong. Who connects to what belongs to the callers.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::ports::Port;
use crate::{Error, Result};

/// Bytes read at once, and pieces that may be under way in one direction of a connection.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 256;

/// How a link behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// It carries at once.
    #[default]
    Open,
    /// It carries everything this much later, in each direction.
    Slow(Duration),
    /// It takes connections and carries nothing, until it is another; then what waited goes on.
    Silent,
}

impl Link {
    fn delay(self) -> Duration {
        match self {
            Link::Slow(delay) => delay,
            Link::Open | Link::Silent => Duration::ZERO,
        }
    }
}

/// A proxy in front of one port. Dropping it closes its connections.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    link: Option<watch::Sender<Link>>,
    cuts: watch::Sender<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to what listens on `target`, now or later.
    pub fn to(target: u16) -> Result<Self> {
        let port = Port::reserve()?;
        let doing = || format!("listen on port {} for a proxy", port.number());
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port.number())).map_err(Error::io(doing()))?;
        listener.set_nonblocking(true).map_err(Error::io(doing()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::io(doing()))?;
        let (link, links) = watch::channel(Link::Open);
        let (cuts, cut) = watch::channel(0);
        let work = move || {
            runtime.block_on(async move {
                // a listener that the runtime does not take ends the proxy, and its clients see nobody there
                if let Ok(listener) = TcpListener::from_std(listener) {
                    accept(&listener, target, links, &cut).await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("proxy".to_owned()).spawn(work).map_err(Error::io(doing()))?;
        Ok(Self { port, link: Some(link), cuts, thread: Some(thread) })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Makes the link behave so from now on.
    pub fn set(&self, link: Link) {
        if let Some(sender) = &self.link {
            sender.send_replace(link);
        }
    }

    /// Closes every connection; new ones are taken.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.link.take());
        if let Some(thread) = self.thread.take() {
            // it has nothing to say
            thread.join().ok();
        }
    }
}

/// Takes connections until the owner is gone.
async fn accept(listener: &TcpListener, target: u16, mut links: watch::Receiver<Link>, cut: &watch::Receiver<u64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            changed = links.changed() => if changed.is_err() { return },
            taken = listener.accept() => {
                // whoever was too quick to leave has left
                let Ok((client, _)) = taken else { continue };
                connections.spawn(carry(client, target, links.clone(), cut.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries a connection until either side ends it or it is cut.
async fn carry(client: TcpStream, target: u16, links: watch::Receiver<Link>, mut cut: watch::Receiver<u64>) {
    cut.mark_unchanged();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    for socket in [&client, &server] {
        // a socket that does not take it is only slower
        socket.set_nodelay(true).ok();
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let both = async {
        tokio::join!(pump(from_client, to_server, links.clone()), pump(from_server, to_client, links.clone()))
    };
    tokio::select! {
        _ = both => {}
        _ = cut.changed() => {}
    }
}

/// Carries one direction to its end. What is under way keeps the delay that it was sent with.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let delays = link.clone();
    let read = async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let due = Instant::now() + delays.borrow().delay();
            let bytes = piece.get(..length).unwrap_or_default().to_vec();
            if sender.send((due, bytes)).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = pieces.recv().await {
            if due > Instant::now() {
                sleep_until(due).await;
            }
            let silent = |link: &Link| *link != Link::Silent;
            if link.wait_for(silent).await.is_err() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // the other side may have closed first
        to.shutdown().await.ok();
    };
    tokio::join!(read, write);
}
