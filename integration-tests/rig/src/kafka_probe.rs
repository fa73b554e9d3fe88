//! One Metadata request over a plain socket: the broker is ready when it lists itself to clients.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// True if the broker on `port` answers and lists a broker on that port.
pub(crate) fn lists_itself(port: u16) -> bool {
    ask(port).is_ok_and(|answer| first_broker_port(&answer) == Some(i32::from(port)))
}

fn ask(port: u16) -> std::io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let mut request = Vec::new();
    request.extend_from_slice(&3_i16.to_be_bytes()); // Metadata
    request.extend_from_slice(&1_i16.to_be_bytes()); // version 1: the oldest with an empty topic list
    request.extend_from_slice(&1_i32.to_be_bytes()); // correlation id
    request.extend_from_slice(&(-1_i16).to_be_bytes()); // no client id
    request.extend_from_slice(&0_i32.to_be_bytes()); // no topics
    let length = i32::try_from(request.len()).unwrap_or_default();
    socket.write_all(&length.to_be_bytes())?;
    socket.write_all(&request)?;
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or_default().min(MAX_ANSWER_BYTES);
    let mut answer = vec![0; length];
    socket.read_exact(&mut answer)?;
    Ok(answer)
}

/// Port of the first broker in a Metadata answer of version 1, or `None` if it lists none.
fn first_broker_port(answer: &[u8]) -> Option<i32> {
    let int = |at: usize| Some(i32::from_be_bytes(answer.get(at..at + 4)?.try_into().ok()?));
    if int(4)? < 1 {
        return None;
    }
    let host_length = i16::from_be_bytes(answer.get(12..14)?.try_into().ok()?);
    int(14 + usize::try_from(host_length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::first_broker_port;

    #[test]
    fn finds_the_port_of_the_first_broker() {
        let mut answer = vec![0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 2, b'h', b'i'];
        answer.extend_from_slice(&20_001_i32.to_be_bytes());
        assert_eq!(first_broker_port(&answer), Some(20_001));
    }

    #[test]
    fn no_broker_or_a_cut_answer_is_not_ready() {
        assert_eq!(first_broker_port(&[0, 0, 0, 1, 0, 0, 0, 0]), None);
        assert_eq!(first_broker_port(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 2, b'h']), None);
    }
}
