//! Requests to a broker over a plain socket: one for each question, answered or failed within seconds.
//!
//! Owns framing and the primitive types of Kafka's protocol. What is asked belongs to the callers.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Sends a request of a version without tagged fields and gives the answer after its correlation id.
pub(crate) fn ask(port: u16, api_key: i16, version: i16, body: &[u8]) -> Result<Vec<u8>> {
    let mut socket = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let mut request = Vec::new();
    request.extend_from_slice(&api_key.to_be_bytes());
    request.extend_from_slice(&version.to_be_bytes());
    request.extend_from_slice(&1_i32.to_be_bytes()); // correlation id
    request.extend_from_slice(&(-1_i16).to_be_bytes()); // no client id
    request.extend_from_slice(body);
    socket.write_all(&length(request.len())?.to_be_bytes())?;
    socket.write_all(&request)?;
    let mut size = [0; 4];
    socket.read_exact(&mut size)?;
    let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or_default().min(MAX_ANSWER_BYTES);
    let mut answer = vec![0; size];
    socket.read_exact(&mut answer)?;
    answer.drain(..answer.len().min(4));
    Ok(answer)
}

/// Appends a string with its length.
pub(crate) fn put_string(body: &mut Vec<u8>, text: &str) -> Result<()> {
    let length = i16::try_from(text.len()).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(text.as_bytes());
    Ok(())
}

/// A length as the protocol writes it.
pub(crate) fn length(length: usize) -> Result<i32> {
    i32::try_from(length).map_err(|_| Error::from(ErrorKind::InvalidInput))
}

/// Reads an answer field by field.
pub(crate) struct Answer<'a>(pub(crate) &'a [u8]);

impl<'a> Answer<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn int16(&mut self) -> Result<i16> {
        Ok(i16::from_be_bytes(self.take()?))
    }

    pub(crate) fn int32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    pub(crate) fn int64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    /// A string; empty if there is none.
    pub(crate) fn string(&mut self) -> Result<&'a str> {
        let length = usize::try_from(self.int16()?).unwrap_or_default();
        let (text, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Error::from(ErrorKind::InvalidData))
    }
}

fn cut() -> Error {
    Error::from(ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn fields_come_in_order_and_a_cut_answer_is_an_error() {
        let mut answer = Answer(&[0, 0, 0, 7, 0, 2, b'h', b'i', 255, 255, 0]);
        assert_eq!(answer.int32().unwrap(), 7);
        assert_eq!(answer.string().unwrap(), "hi");
        assert_eq!(answer.string().unwrap(), "", "there is none");
        assert!(answer.int16().is_err());
    }
}
