//! Ids as hashes of business identity.
//!
//! Never of a log position: a replay, Kafka and a dead letter sent back give the same ids.

use sha2::{Digest, Sha256};

/// The id of what `parts` identify: 128 bits of SHA-256 over the parts with their lengths, in hexadecimal.
pub fn hash_id(parts: &[&str]) -> String {
    let digits = digest(parts).into_iter().take(16).flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// 64 bits of the same hash, for compact sets of ids.
pub fn hash_64(parts: &[&str]) -> u64 {
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(&digest(parts)[..8]);
    u64::from_be_bytes(bytes)
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash_id(&["ab", "c"]), hash_id(&["a", "bc"]));
        assert_eq!(hash_id(&["ab", "c"]).len(), 32);
    }

    #[test]
    fn ids_stay_the_same_across_releases() {
        assert_eq!(hash_id(&["demo", "c-1#1", "e-1"]), "480b0dcb0b470b9c975a3c9c2b2b2b74");
    }
}
