//! Scripts of characters: Han or not, Traditional or Simplified, wide or narrow.
//!
//! Folding is meant for comparing and classifying, never for showing: it goes character by character, keeps every
//! position, and takes what context would decide (著 as 着) the way customers' messages mostly mean it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

/// Pairs that a dictionary of characters leaves to context, or does not call Traditional.
const EXTRA: [(char, char); 3] = [('妳', '你'), ('甚', '什'), ('著', '着')];

/// Characters that stand in Simplified texts for another one, and in Traditional texts for themselves.
const SHARED: &str = "丑万云仆仇价伙佣余克准凌几凶划千升卜占卷厂只台叶吁合吊同后向周咸哄回困夸奸姜家尸局岩布帘干并幸弦征御志念愿戚才托\
    折拐挂据控斗旋昆曲术朱朴松板极果核梁欲沈沾注泛涂涌游熏玩痴症确秋种秘签糊系群胡致舍范荐虫蜡表谷赞迹适郁采里雇雕面须";

/// By code point, as every character of every text is looked up.
struct Tables {
    simplified: Vec<char>,
    simplified_only: Vec<bool>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut simplified = HashMap::new();
    // the dictionary is compiled in; without it texts stay as they are, which `the_dictionary_is_there` would notice
    if let Ok(dictionary) = OpenCC::from_config(BuiltinConfig::T2s) {
        let mut buffer = [0; 4];
        for traditional in ('\u{3400}'..='\u{9fff}').chain('\u{f900}'..='\u{faff}') {
            let folded = dictionary.convert(traditional.encode_utf8(&mut buffer));
            let mut folded = folded.chars();
            if let (Some(one), None) = (folded.next(), folded.next())
                && one != traditional
            {
                simplified.insert(traditional, one);
            }
        }
    }
    let shared: HashSet<char> = SHARED.chars().collect();
    let images = simplified.values().copied();
    let simplified_only: HashSet<char> =
        images.filter(|c| !shared.contains(c) && !simplified.contains_key(c)).collect();
    simplified.extend(EXTRA);
    Tables {
        simplified: up_to(simplified.keys().max(), |c| simplified.get(&c).copied().unwrap_or(c)),
        simplified_only: up_to(simplified_only.iter().max(), |c| simplified_only.contains(&c)),
    }
});

/// `entry` of every character up to `last`, each at its code point.
fn up_to<T>(last: Option<&char>, entry: impl Fn(char) -> T) -> Vec<T> {
    let codes = 0..=last.copied().map_or(0, u32::from);
    // surrogates are no characters and only fill their places
    codes.map(|code| entry(char::from_u32(code).unwrap_or_default())).collect()
}

/// Whether `c` is a Han character.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' | '々' | '〇')
}

/// The Simplified form of `c`; `c` itself if it has none.
pub fn simplified(c: char) -> char {
    TABLES.simplified.get(c as usize).copied().unwrap_or(c)
}

/// Whether `c` is written so in Traditional texts only.
pub fn is_traditional(c: char) -> bool {
    simplified(c) != c && !EXTRA.iter().any(|(shared, _)| *shared == c && c != '妳')
}

/// Whether `c` is written so in Simplified texts only.
pub fn is_simplified(c: char) -> bool {
    TABLES.simplified_only.get(c as usize).copied().unwrap_or_default()
}

/// The ASCII form of a full-width character or ideographic space; `c` itself if it is none.
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        _ => c,
    }
}

/// `c` in the one form that comparisons use: narrow, lower case, Simplified.
pub fn fold_char(c: char) -> char {
    let c = narrow(c);
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if is_han(c) {
        return simplified(c);
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => simplified(one),
        _ => c,
    }
}

/// [`fold_char`] over a text: as many characters, each at its place.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_there() {
        let other = ('\0'..=char::MAX).filter(|c| simplified(*c) != *c).count();
        assert!(other > 3_000, "{other}");
    }

    #[test]
    fn folding_makes_scripts_and_widths_equal() {
        for (text, folded) in [
            ("訂單還沒收到,我要退貨", "订单还没收到,我要退货"),
            ("妳們甚麼時候發貨,等著呢", "你们什么时候发货,等着呢"),
            ("ＯＲＤＥＲ　Ａ１００１", "order a1001"),
            ("Straße İstanbul", "straße İstanbul"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded);
            assert_eq!(fold(text).chars().count(), text.chars().count());
        }
    }

    #[test]
    fn scripts_are_told_apart_where_they_differ() {
        for c in "訂單貨們這個還麼說開關".chars() {
            assert!(is_traditional(c) && !is_simplified(c), "{c}");
        }
        for c in "订单货们这个还么说开关".chars() {
            assert!(is_simplified(c) && !is_traditional(c), "{c}");
        }
        for c in "你好后里只台干面我要a1,".chars() {
            assert!(!is_simplified(c) && !is_traditional(c), "{c}");
        }
    }
}
