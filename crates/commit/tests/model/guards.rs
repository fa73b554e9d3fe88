//! The guards of the protocol and of the world it runs in. A test leaves one out and shows what happens then.

/// What keeps something from happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Kafka: a new producer fences those of the same transactional id, and ends their transaction.
    ProducerFence,
    /// Kafka: offsets are refused to whoever is no member of the group's generation.
    GroupFence,
    /// Kafka: offsets are not told while a transaction may change them.
    StableOffsets,
    /// Redis: a mark is of one incarnation.
    Incarnation,
    /// Redis: a write names the write before it.
    CompareAndSet,
    /// Worker: each write has a number, also one that does not move the watermark.
    EveryWriteCounts,
    /// Worker: each write has a number of its own, also after one that failed.
    OwnNumber,
    /// Redis: a read says whether the copy is what its owner wrote last.
    MarkOnRead,
    /// Redis: a copy is emptied by its owner alone, and says first that it has nothing.
    ClearAsOwner,
    /// Worker: the offsets of all partitions go into a transaction.
    AllOffsets,
    /// Worker: a member that knows that it is none any more sends no offsets.
    Membership,
    /// Worker: the group takes partitions only between transactions.
    GroupBetweenTransactions,
    /// Worker: whoever cannot take a partition over asks the group before it tries again.
    GroupBeforeClaim,
    /// Worker: Redis is written to after the commit.
    RedisAfterCommit,
    /// Worker: states that Redis does not have stay in memory.
    Pinned,
    /// Worker: a takeover waits for the transactions that were open.
    Settle,
    /// Worker: a takeover reads the changelog up to its end before it says that the copy is whole.
    WholeAtTheEnd,
    /// Worker: a takeover takes note of the timers.
    Timers,
    /// Worker: what was computed is forgotten after an abort.
    Forget,
    /// Worker: positions go back to what is committed after an abort.
    GoBack,
    /// Worker: a commit that an error was told of does not count as done.
    Uncertain,
}
