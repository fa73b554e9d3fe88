//! By what figures are broken down.
//!
//! Owns the dimension sets that are written and how a set's values stand in a key.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A dimension, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Agent,
    Category,
    Channel,
    Priority,
    Product,
    Shop,
    Subtype,
    Team,
}

/// The sets written; within a set in the order of the names, as keys have them.
const SETS: &[&[Dimension]] = &[
    &[],
    &[Dimension::Channel],
    &[Dimension::Category],
    &[Dimension::Category, Dimension::Subtype],
    &[Dimension::Priority],
    &[Dimension::Team],
    &[Dimension::Agent],
    &[Dimension::Shop],
    &[Dimension::Category, Dimension::Channel],
    &[Dimension::Channel, Dimension::Priority],
    &[Dimension::Category, Dimension::Team],
    &[Dimension::Product],
];

/// How the empty set stands in a key.
const NONE: &str = "-";

/// What stays as it is in a key: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is known of where a figure belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    /// The channel.
    pub channel: Option<&'a str>,
    /// The category.
    pub category: Option<&'a str>,
    /// The subtype.
    pub subtype: Option<&'a str>,
    /// The priority.
    pub priority: Option<&'a str>,
    /// The team.
    pub team: Option<&'a str>,
    /// The agent.
    pub agent: Option<&'a str>,
    /// The label `shop`.
    pub shop: Option<&'a str>,
    /// The label `product`.
    pub product: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn value(&self, dimension: Dimension) -> Option<&'a str> {
        match dimension {
            Dimension::Agent => self.agent,
            Dimension::Category => self.category,
            Dimension::Channel => self.channel,
            Dimension::Priority => self.priority,
            Dimension::Product => self.product,
            Dimension::Shop => self.shop,
            Dimension::Subtype => self.subtype,
            Dimension::Team => self.team,
        }
    }

    /// The dimensions, as they stand in keys, of every set of which all values are known.
    pub fn sets(&self) -> Vec<String> {
        SETS.iter().filter_map(|set| self.text(set)).collect()
    }

    fn text(&self, set: &[Dimension]) -> Option<String> {
        let mut text = String::new();
        for dimension in set {
            let value = self.value(*dimension)?;
            let comma = if text.is_empty() { "" } else { "," };
            text.extend([comma, name(*dimension), "="]);
            text.extend(utf8_percent_encode(value, ENCODED));
        }
        Some(if text.is_empty() { NONE.to_owned() } else { text })
    }
}

const fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Agent => "agent",
        Dimension::Category => "category",
        Dimension::Channel => "channel",
        Dimension::Priority => "priority",
        Dimension::Product => "product",
        Dimension::Shop => "shop",
        Dimension::Subtype => "subtype",
        Dimension::Team => "team",
    }
}

/// The values of dimensions as they stand in a key.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_sets_it_has_all_values_of() {
        let place = Place {
            channel: Some("chat"),
            category: Some("complaint"),
            team: Some("售后"),
            agent: Some("a/1,x=2"),
            ..Place::default()
        };
        assert_eq!(
            place.sets(),
            [
                "-",
                "channel=chat",
                "category=complaint",
                "team=%E5%94%AE%E5%90%8E",
                "agent=a%2F1%2Cx%3D2",
                "category=complaint,channel=chat",
                "category=complaint,team=%E5%94%AE%E5%90%8E",
            ]
        );
    }

    #[test]
    fn every_value_known_gives_every_set() {
        let [some, other] = [Some("x"), Some("y")];
        let place = Place {
            channel: some,
            category: other,
            subtype: some,
            priority: other,
            team: some,
            agent: other,
            shop: some,
            product: other,
        };
        assert_eq!(place.sets().len(), SETS.len());
    }

    #[test]
    fn keys_can_be_read_back() {
        let place = Place { agent: Some("a/1,x=2%"), ..Place::default() };
        let texts = place.sets();
        assert_eq!(parse(&texts[1]), BTreeMap::from([("agent".to_owned(), "a/1,x=2%".to_owned())]));
        assert_eq!(parse("-"), BTreeMap::new());
    }

    #[test]
    fn names_stand_in_order_within_a_set() {
        for set in SETS {
            assert!(set.is_sorted_by(|a, b| name(*a) < name(*b)), "{set:?}");
        }
    }
}
