//! One Metadata request: the broker is ready when it lists itself to clients.

use std::io::Result;

use crate::wire::{self, Answer};

const METADATA: i16 = 3;
/// The oldest with an empty list of topics.
const VERSION: i16 = 1;

/// True if the broker on `port` answers and lists a broker on that port.
pub(crate) fn lists_itself(port: u16) -> bool {
    let no_topics = 0_i32.to_be_bytes();
    let answer = wire::ask(port, METADATA, VERSION, &no_topics);
    answer.is_ok_and(|answer| first_broker_port(&answer).is_ok_and(|listed| listed == Some(i32::from(port))))
}

/// Port of the first broker in an answer, or `None` if it lists none.
fn first_broker_port(answer: &[u8]) -> Result<Option<i32>> {
    let mut answer = Answer(answer);
    if answer.int32()? < 1 {
        return Ok(None);
    }
    answer.int32()?; // its id
    answer.string()?; // its host
    answer.int32().map(Some)
}

#[cfg(test)]
mod tests {
    use super::first_broker_port;

    #[test]
    fn finds_the_port_of_the_first_broker() {
        let mut answer = vec![0, 0, 0, 1, 0, 0, 0, 9, 0, 2, b'h', b'i'];
        answer.extend_from_slice(&20_001_i32.to_be_bytes());
        assert_eq!(first_broker_port(&answer).unwrap(), Some(20_001));
    }

    #[test]
    fn no_broker_or_a_cut_answer_is_not_ready() {
        assert_eq!(first_broker_port(&[0, 0, 0, 0]).unwrap(), None);
        assert!(first_broker_port(&[0, 0, 0, 1, 0, 0, 0, 9, 0, 2, b'h']).is_err());
    }
}
