//! Record batches as they stand in Kafka's log (magic 2), uncompressed.

use std::io::Result;

use crate::wire::length;

/// A record with any bytes at all, such as no client of kefu would write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRecord {
    /// Its key, if it has one.
    pub key: Option<Vec<u8>>,
    /// Its value, if it has one.
    pub value: Option<Vec<u8>>,
}

/// One batch with `records` in their order, all created at `created_ms`, milliseconds since 1970.
pub(crate) fn encode(records: &[RawRecord], created_ms: i64) -> Result<Vec<u8>> {
    let mut checked = Vec::new();
    checked.extend_from_slice(&0_i16.to_be_bytes()); // no compression, create time, no transaction
    checked.extend_from_slice(&length(records.len().saturating_sub(1))?.to_be_bytes());
    checked.extend_from_slice(&created_ms.to_be_bytes()); // first timestamp
    checked.extend_from_slice(&created_ms.to_be_bytes()); // latest timestamp
    checked.extend_from_slice(&(-1_i64).to_be_bytes()); // no producer id
    checked.extend_from_slice(&(-1_i16).to_be_bytes()); // no producer epoch
    checked.extend_from_slice(&(-1_i32).to_be_bytes()); // no sequence
    checked.extend_from_slice(&length(records.len())?.to_be_bytes());
    for (index, record) in records.iter().enumerate() {
        put_record(&mut checked, i64::from(length(index)?), record)?;
    }
    let mut rest = Vec::new();
    rest.extend_from_slice(&0_i32.to_be_bytes()); // leader epoch: the broker sets it
    rest.push(2); // magic
    rest.extend_from_slice(&crc32c(&checked).to_be_bytes());
    rest.extend_from_slice(&checked);
    let mut batch = 0_i64.to_be_bytes().to_vec(); // first offset: the broker sets it
    batch.extend_from_slice(&length(rest.len())?.to_be_bytes());
    batch.extend_from_slice(&rest);
    Ok(batch)
}

fn put_record(out: &mut Vec<u8>, offset_delta: i64, record: &RawRecord) -> Result<()> {
    let mut body = vec![0]; // attributes
    put_varint(&mut body, 0); // timestamp delta
    put_varint(&mut body, offset_delta);
    for field in [&record.key, &record.value] {
        let size = field.as_ref().map_or(Ok(-1), |bytes| length(bytes.len()))?;
        put_varint(&mut body, i64::from(size));
        body.extend_from_slice(field.as_deref().unwrap_or_default());
    }
    put_varint(&mut body, 0); // no headers
    put_varint(out, i64::from(length(body.len())?));
    out.extend_from_slice(&body);
    Ok(())
}

/// Zigzag, then seven bits a byte.
fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// CRC-32C (Castagnoli), bit by bit: batches of tests are small.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn varints_are_zigzag() {
        for (value, bytes) in [(0, vec![0]), (-1, vec![1]), (1, vec![2]), (64, vec![0x80, 1]), (-65, vec![0x81, 1])] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
    }

    #[test]
    fn a_record_tells_nothing_from_empty() {
        let size = |value: Option<Vec<u8>>| {
            let mut out = Vec::new();
            put_record(&mut out, 0, &RawRecord { key: None, value }).unwrap();
            out
        };
        assert_eq!(size(None), [12, 0, 0, 0, 1, 1, 0]);
        assert_eq!(size(Some(Vec::new())), [12, 0, 0, 0, 1, 0, 0]);
    }
}
