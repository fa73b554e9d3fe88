//! Connections: how long they may take, and how they end.
//!
//! Owns the socket. A client that sends slowly, or not at all, holds a connection for a bounded time and never holds up
//! the end of the process.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::clock;

/// How long a request's header may take, and how long a connection may wait for the next one.
pub const HEADER_MAX: Duration = Duration::from_secs(10);
/// How long requests under way may take once the process was told to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);
/// Rest after a connection could not be taken, such as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long things may take; the constants but in tests.
#[derive(Clone, Copy, Debug)]
struct Patience {
    header: Duration,
    drain: Duration,
}

/// Takes an address.
///
/// # Errors
/// If it cannot be had, with what to do.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        let todo = "choose another address with --listen, or end the program that uses it";
        std::io::Error::new(error.kind(), format!("cannot listen at {listen}: {error}; {todo}"))
    })
}

/// Serves until `stop` resolves, then takes no more connections and gives requests under way [`DRAIN_MAX`].
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send) {
    serve_with(listener, router, Patience { header: HEADER_MAX, drain: DRAIN_MAX }, stop).await;
}

async fn serve_with(listener: TcpListener, router: Router, patience: Patience, stop: impl Future<Output = ()> + Send) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = Box::pin(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connect(&mut connections, &graceful, stream, &router, patience.header),
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let begun = clock::monotonic();
    if tokio::time::timeout(patience.drain, graceful.shutdown()).await.is_err() {
        while connections.try_join_next().is_some() {}
        tracing::warn!(open = connections.len(), waited = ?begun.elapsed(), "connections are cut off");
    }
    connections.shutdown().await;
}

fn connect(
    connections: &mut JoinSet<()>,
    graceful: &GracefulShutdown,
    stream: TcpStream,
    router: &Router,
    header: Duration,
) {
    // answers are written at once; without it only latency suffers
    stream.set_nodelay(true).ok();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(header);
    let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
    let watched = graceful.watch(connection);
    connections.spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{mpsc, oneshot};
    use tokio::task::JoinHandle;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(100);
    const HEADER: &str = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n";

    struct Started {
        address: SocketAddr,
        begun: mpsc::Receiver<()>,
        stop: oneshot::Sender<()>,
        server: JoinHandle<()>,
    }

    /// Serves a page that gives back what it is sent, and tells when it begins to wait for it.
    async fn start(patience: Patience) -> Started {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, begun) = mpsc::channel(1);
        let echo = move |body: axum::body::Body| async move {
            tell.send(()).await.unwrap();
            axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            stopped.await.ok();
        };
        let server = tokio::spawn(serve_with(listener, Router::new().route("/", post(echo)), patience, stopped));
        Started { address, begun, stop, server }
    }

    async fn send(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn read(mut stream: TcpStream) -> String {
        let mut text = String::new();
        // a connection that is cut off gives what it has
        tokio::time::timeout(LONG / 2, stream.read_to_string(&mut text)).await.unwrap().ok();
        text
    }

    #[tokio::test]
    async fn a_header_that_does_not_end_is_given_up() {
        let started = start(Patience { header: SHORT, drain: LONG }).await;
        let stream = send(started.address, HEADER).await;
        assert_eq!(read(stream).await, "");
    }

    #[tokio::test]
    async fn the_end_waits_for_requests_under_way_and_takes_no_more() {
        let mut started = start(Patience { header: LONG, drain: LONG }).await;
        let mut stream = send(started.address, &format!("{HEADER}\r\n")).await;
        started.begun.recv().await.unwrap();
        started.stop.send(()).unwrap();
        while TcpStream::connect(started.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!started.server.is_finished());
        stream.write_all(b"here").await.unwrap();
        assert!(read(stream).await.ends_with("here"));
        tokio::time::timeout(LONG / 2, started.server).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_a_slow_client() {
        let mut started = start(Patience { header: LONG, drain: SHORT }).await;
        let stream = send(started.address, &format!("{HEADER}\r\n")).await;
        started.begun.recv().await.unwrap();
        started.stop.send(()).unwrap();
        tokio::time::timeout(LONG / 2, started.server).await.unwrap().unwrap();
        assert_eq!(read(stream).await, "");
    }
}
