//! Which partition a key belongs to.
//!
//! Owns Kafka's murmur2 and the part of a key that is hashed, so that a case's topics are co-partitioned.

/// Which part of a key decides its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionBy {
    /// All of it.
    Key,
    /// `tenant/conversation_id`, whatever follows the last `#`.
    Conversation,
}

impl PartitionBy {
    /// The partition of `key` among `partitions`, as Java's default partitioner gives it for the deciding part.
    pub fn partition(self, key: &str, partitions: u32) -> u32 {
        (murmur2(self.deciding(key).as_bytes()) & 0x7fff_ffff) % partitions.max(1)
    }

    /// The part of `key` that decides.
    pub fn deciding(self, key: &str) -> &str {
        match self {
            PartitionBy::Key => key,
            PartitionBy::Conversation => conversation_of(key),
        }
    }
}

/// The `tenant/conversation_id` of a key that may go on with `#ordinal` and more.
pub fn conversation_of(key: &str) -> &str {
    key.rsplit_once('#').map_or(key, |(conversation, _)| conversation)
}

/// The tenant of a key, and what follows its first `/`.
pub fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or((key, ""))
}

/// Kafka's variant of MurmurHash2, with its seed.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mut hash = SEED ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        let mut k = word.iter().rev().fold(0u32, |k, byte| (k << 8) | u32::from(*byte)).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        hash ^= tail.iter().rev().fold(0u32, |k, byte| (k << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_gives_the_values_of_kafkas_own_test() {
        // org.apache.kafka.common.utils.UtilsTest.testMurmur2
        for (text, hash) in [
            ("21", -973932308),
            ("foobar", -790332482),
            ("a-little-bit-long-string", -985981536),
            ("a-little-bit-longer-string", -1486304829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            ("abc", 479470107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }

    #[test]
    fn a_cases_topics_share_a_partition() {
        for conversation in ["demo/c-1", "demo/a#b", "demo/order:A/1", "demo/會話"] {
            let expected = PartitionBy::Key.partition(conversation, 12);
            for key in [format!("{conversation}#1"), format!("{conversation}#12/0f3a")] {
                assert_eq!(PartitionBy::Conversation.partition(&key, 12), expected, "{key}");
            }
        }
    }
}
