//! Random values of an Avro schema, the same for the same seed.
//!
//! Owns the choice of values: every branch of a union, every symbol, lists with and without items, the ends of number
//! ranges, text in several scripts. [`Values::never_taken`] tells what was left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use apache_avro::Schema;
use apache_avro::schema::Name;
use apache_avro::types::Value;
use kefu_contracts::Language;

/// Rounds that reach every choice of every schema.
pub(crate) const ROUNDS: usize = 600;

/// Fields whose text is JSON, in the spelling that kefu writes.
const JSON_FIELDS: [&str; 4] = ["Command.data", "CommandResult.body", "Policy.document", "OutboundMessage.data"];
const JSON: [&str; 6] =
    ["null", "{}", "-1.5", "\"破洞 \\\"A\\\"\"", "[true,[],{}]", r#"{"a":{"b":[1,"二"]},"c":null}"#];

const TEXTS: [&str; 8] = ["", "a", "e-1", "訂單 A1001", "王小明", "👕\u{200d}👖", "\u{0}\n\"\\", "退货\u{301}"];
const LONGS: [i64; 9] = [0, 1, -1, 63, -65, 1_772_413_200_123, 1 << 53, i64::MIN, i64::MAX];
const DOUBLES: [f64; 9] = [0.0, -0.0, 1.0, -1.0, 0.1, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY];
const LENGTHS: [usize; 3] = [0, 1, 3];

/// Makes values of one schema.
pub(crate) struct Values<'s> {
    schema: &'s Schema,
    named: HashMap<Name, &'s Schema>,
    random: u64,
    taken: BTreeMap<String, (usize, BTreeSet<usize>)>,
}

impl<'s> Values<'s> {
    pub(crate) fn new(schema: &'s Schema, seed: u64) -> Self {
        let mut named = HashMap::new();
        collect_named(schema, &mut named);
        Self { schema, named, random: seed, taken: BTreeMap::new() }
    }

    /// The next value.
    pub(crate) fn next(&mut self) -> Value {
        self.value(self.schema, "")
    }

    /// The choices that no value took so far, by field.
    pub(crate) fn never_taken(&self) -> Vec<String> {
        let left = self.taken.iter().flat_map(|(place, (count, taken))| {
            (0..*count).filter(|choice| !taken.contains(choice)).map(move |choice| format!("{place}: {choice}"))
        });
        left.collect()
    }

    fn value(&mut self, schema: &'s Schema, place: &str) -> Value {
        match schema {
            Schema::Null => Value::Null,
            Schema::Boolean => Value::Boolean(self.choose(place, 2) == 1),
            Schema::Long => Value::Long(LONGS[self.choose(place, LONGS.len())]),
            Schema::TimestampMillis => Value::TimestampMillis(LONGS[self.choose(place, LONGS.len())]),
            Schema::Double => Value::Double(DOUBLES[self.choose(place, DOUBLES.len())]),
            Schema::String => Value::String(self.text(place)),
            Schema::Array(array) => {
                let length = LENGTHS[self.choose(&format!("{place}[]"), LENGTHS.len())];
                Value::Array((0..length).map(|_| self.value(&array.items, place)).collect())
            }
            // at most one entry: apache-avro writes entries in no fixed order
            Schema::Map(map) => {
                let length = self.choose(&format!("{place}{{}}"), 2);
                Value::Map((0..length).map(|_| (self.text(place), self.value(&map.types, place))).collect())
            }
            Schema::Union(union) => {
                let branch = self.choose(&format!("{place}|"), union.variants().len());
                let value = self.value(&union.variants()[branch], place);
                Value::Union(u32::try_from(branch).unwrap(), Box::new(value))
            }
            Schema::Enum(words) => {
                let word = self.choose(place, words.symbols.len());
                Value::Enum(u32::try_from(word).unwrap(), words.symbols[word].clone())
            }
            Schema::Record(record) => {
                let fields = record.fields.iter().map(|field| {
                    let place = format!("{}.{}", record.name.name(), field.name);
                    (field.name.clone(), self.value(&field.schema, &place))
                });
                Value::Record(fields.collect())
            }
            Schema::Ref { name } => self.value(self.named[name], place),
            other => panic!("no values for {other:?} at {place}; teach them here"),
        }
    }

    fn text(&mut self, place: &str) -> String {
        if JSON_FIELDS.contains(&place) {
            JSON[self.choose(place, JSON.len())].to_owned()
        } else if place.ends_with(".language") {
            // a closed set whose words are no Avro symbols
            Language::ALL[self.choose(place, Language::ALL.len())].as_str().to_owned()
        } else {
            TEXTS[self.choose(place, TEXTS.len())].to_owned()
        }
    }

    fn choose(&mut self, place: &str, count: usize) -> usize {
        let choice = (self.next_random() % count as u64) as usize;
        self.taken.entry(place.to_owned()).or_insert_with(|| (count, BTreeSet::new())).1.insert(choice);
        choice
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn collect_named<'s>(schema: &'s Schema, named: &mut HashMap<Name, &'s Schema>) {
    if let (Some(name), false) = (schema.name(), matches!(schema, Schema::Ref { .. })) {
        named.insert(name.clone(), schema);
    }
    match schema {
        Schema::Array(array) => collect_named(&array.items, named),
        Schema::Map(map) => collect_named(&map.types, named),
        Schema::Union(union) => union.variants().iter().for_each(|branch| collect_named(branch, named)),
        Schema::Record(record) => record.fields.iter().for_each(|field| collect_named(&field.schema, named)),
        _ => {}
    }
}
