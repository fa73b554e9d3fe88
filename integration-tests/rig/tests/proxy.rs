//! The rig's promises about links: slow is slow, silent holds up and loses nothing, a cut closes.
#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use kefu_test_rig::{Error, Link, Proxy};

/// Sends back what comes, to whoever connects.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut back = socket.try_clone().expect("a second handle");
                std::io::copy(&mut socket, &mut back).ok();
            });
        }
    });
    port
}

fn connect(proxy: &Proxy) -> TcpStream {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect("the proxy listens");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("time-out");
    socket
}

fn answer(socket: &mut TcpStream) -> std::io::Result<[u8; 2]> {
    let mut bytes = [0; 2];
    socket.read_exact(&mut bytes).map(|()| bytes)
}

#[test]
fn a_slow_link_delays_both_directions_and_a_silent_one_holds_everything_up() -> Result<(), Error> {
    let proxy = Proxy::to(echo())?;
    let mut socket = connect(&proxy);
    socket.write_all(b"ab").expect("sent");
    assert_eq!(answer(&mut socket).expect("carried"), *b"ab");

    let delay = Duration::from_millis(150);
    proxy.set(Link::Slow(delay));
    let begun = Instant::now();
    socket.write_all(b"cd").expect("sent");
    assert_eq!(answer(&mut socket).expect("carried"), *b"cd");
    assert!(begun.elapsed() >= 2 * delay, "{:?}", begun.elapsed());

    proxy.set(Link::Silent);
    socket.write_all(b"ef").expect("taken");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("time-out");
    let silence = answer(&mut socket).expect_err("nothing is carried").kind();
    assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    proxy.set(Link::Open);
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("time-out");
    assert_eq!(answer(&mut socket).expect("carried at last"), *b"ef");
    Ok(())
}

#[test]
fn a_cut_closes_what_is_open_and_nothing_else() -> Result<(), Error> {
    let proxy = Proxy::to(echo())?;
    let mut socket = connect(&proxy);
    socket.write_all(b"ab").expect("sent");
    answer(&mut socket).expect("carried");
    proxy.cut();
    assert!(answer(&mut socket).is_err(), "the connection is closed");
    let mut again = connect(&proxy);
    again.write_all(b"cd").expect("sent");
    assert_eq!(answer(&mut again).expect("carried"), *b"cd");
    Ok(())
}

#[test]
fn nobody_behind_it_is_a_closed_connection() -> Result<(), Error> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("an address").port();
    let proxy = Proxy::to(free)?;
    assert!(answer(&mut connect(&proxy)).is_err());
    Ok(())
}
