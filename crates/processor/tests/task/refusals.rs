//! What becomes of a record that cannot be processed.

use kefu_contracts::Code;

use crate::till::{Bench, sum};

#[test]
fn a_refused_or_panicking_record_leaves_no_trace_but_its_dead_letter() {
    let mut bench = Bench::new();
    let effects = bench.take(&[
        ("demo/a", b"add 1"),
        ("demo/a", b"panic"),
        ("demo/a", b"refuse"),
        ("demo/b", b"panic"),
        ("demo/a", b"add 2"),
    ]);
    let letters: Vec<(usize, Code)> = effects.dead_letters.iter().map(|letter| (letter.cause, letter.code)).collect();
    assert_eq!(letters, [(1, Code::Panic), (2, Code::NoCase), (3, Code::Panic)]);
    assert_eq!(effects.dead_letters[0].detail, "it was told to panic");
    assert_eq!((effects.processed, effects.rejected), (2, 3));
    assert_eq!(bench.changed(), [("demo/a".to_owned(), sum(3))], "and nothing of b");
}

#[test]
fn what_cannot_be_read_is_refused_before_any_state_is_loaded() {
    let mut bench = Bench::new();
    let effects = bench.take(&[("demo/a", b"\xff\xfe"), ("no-tenant", b"add 1"), ("demo/a", b"add 5")]);
    let letters: Vec<(usize, Code)> = effects.dead_letters.iter().map(|letter| (letter.cause, letter.code)).collect();
    assert_eq!(letters, [(0, Code::Undecodable), (1, Code::BadKey)]);
    assert_eq!(bench.changed(), [("demo/a".to_owned(), sum(5))]);
}

#[test]
fn what_is_not_heeded_asks_for_no_state_and_changes_none() {
    let mut bench = Bench::new();
    let effects = bench.take(&[("demo/a", b"chat"), ("demo/b", b"add 1"), ("demo/b", b"chat")]);
    assert_eq!((effects.processed, effects.rejected, effects.duplicates), (1, 0, 0));
    assert_eq!(bench.changed(), [("demo/b".to_owned(), sum(1))]);
    assert_eq!(bench.task().loaded(), 1, "nothing of a");
}

#[test]
fn a_forgotten_key_is_stored_as_gone() {
    let mut bench = Bench::new();
    bench.take(&[("demo/a", b"add 1")]);
    bench.changed();
    bench.take(&[("demo/a", b"forget")]);
    assert_eq!(bench.changed(), [("demo/a".to_owned(), None)]);
    assert_eq!(bench.task().loaded(), 0);
}

#[test]
fn a_state_that_could_not_be_stored_any_more_refuses_its_record() {
    let mut bench = Bench::new();
    let long = [b"keep ".as_slice(), &vec![b'x'; 900_000]].concat();
    let words: Vec<(&str, &[u8])> = (0..6).map(|_| ("demo/a", long.as_slice())).collect();
    let effects = bench.take(&words);
    let codes: Vec<(usize, Code)> = effects.dead_letters.iter().map(|letter| (letter.cause, letter.code)).collect();
    assert_eq!(codes, [(4, Code::TooLarge), (5, Code::TooLarge)], "four fit into 4 MiB");
    let effects = bench.take(&[("demo/a", b"add 1")]);
    assert_eq!((effects.processed, effects.rejected), (1, 0), "smaller ones go on");
}
