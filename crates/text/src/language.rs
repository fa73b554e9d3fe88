//! In which language a text is written, as far as the service distinguishes them.
//!
//! Made for short messages: order numbers, product names and emoji count for nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use kefu_contracts::Language;

use crate::script;

/// How many Latin letters a Han character outweighs: a Chinese word is two characters, an English one some five.
const HAN_WEIGHT: usize = 3;

/// Words that make an English text: function words, and those of which short English messages consist.
const ENGLISH: &str = "\
    a about after again all am an and any are arrive as ask at back be because been before broken but buy by bye can \
    cancel cannot change could customer delivery did do does doesn don for from get give goodbye got great has have \
    he hello help her here hey hi his how i if in information invoice is isn it its just know like long make me \
    money more much my need never new no not now of off ok okay on one open or order our out package pay payment \
    person please price product received refund return see send service shipping should size so some still talk \
    thank thanks that the their them then there these they this time to track up us very wait want was we were what \
    when where which who why will with would wrong yes yet you your";

/// Function words of other languages in Latin letters, some of which are spelled like English ones.
const FOREIGN: &str = "\
    aku al auf avec bitte che comment como con da dan danke das de dei del den der des di die donde du e een ein \
    eine el en es est et estoy gracias het ich il ist je kein la las le les los mais meine merci mi mijn mit mon muy \
    nicht niet non não o os para pas per pero por pour que quiero qué saya se si sie sin sono su sur tidak tu um uma \
    un una und une van von vous wo wie y yang zu";

struct Words {
    english: HashSet<&'static str, FixedState>,
    foreign: HashSet<&'static str, FixedState>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    english: ENGLISH.split_whitespace().collect(),
    foreign: FOREIGN.split_whitespace().collect(),
});

#[derive(Default)]
struct Letters {
    han: usize,
    latin: usize,
    other: usize,
    traditional: usize,
    simplified: usize,
}

/// The language of `text`. Chinese characters that both scripts share alone are taken as Simplified; a text without
/// words is `other`.
pub fn detect(text: &str) -> Language {
    let letters = count(text);
    let chinese = letters.han * HAN_WEIGHT;
    if letters.other > 0 && letters.other * HAN_WEIGHT >= chinese.max(letters.latin) {
        Language::Other
    } else if letters.han > 0 && chinese >= letters.latin {
        chinese_script(&letters)
    } else if is_english(text) {
        Language::En
    } else if letters.han > 1 {
        chinese_script(&letters)
    } else {
        Language::Other
    }
}

fn count(text: &str) -> Letters {
    let mut letters = Letters::default();
    for c in text.chars().map(script::narrow) {
        if script::is_han(c) {
            letters.han += 1;
            letters.traditional += usize::from(script::is_traditional(c));
            letters.simplified += usize::from(script::is_simplified(c));
        } else if is_latin(c) {
            letters.latin += 1;
        } else if matches!(c, '\u{3100}'..='\u{312f}') {
            letters.han += 1;
            letters.traditional += 1; // Bopomofo is written in Taiwan
        } else if c.is_alphabetic() {
            letters.other += 1;
        }
    }
    letters
}

fn chinese_script(letters: &Letters) -> Language {
    if letters.traditional > letters.simplified { Language::ZhHant } else { Language::ZhHans }
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && c.is_alphabetic()
}

/// One English word in six is enough, if other languages do not have as many; a word with an accent is theirs.
fn is_english(text: &str) -> bool {
    let folded = text.to_lowercase();
    let (mut words, mut english, mut foreign) = (0, 0, 0);
    for word in folded.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() || !word.chars().all(is_latin) {
            continue;
        }
        words += 1;
        english += usize::from(WORDS.english.contains(word));
        foreign += usize::from(!word.is_ascii() || WORDS.foreign.contains(word));
    }
    english > foreign && english * 6 >= words
}

/// The language of a BCP 47 tag, if it is one that kefu speaks.
pub fn of_tag(tag: &str) -> Option<Language> {
    let tag = tag.to_ascii_lowercase().replace('_', "-");
    let mut parts = tag.split('-');
    match parts.next()? {
        "zh" if parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo")) => Some(Language::ZhHant),
        "zh" => Some(Language::ZhHans),
        "en" => Some(Language::En),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_short_messages() {
        use Language::{En, Other, ZhHans, ZhHant};
        for (text, language) in [
            ("衣服收到有破洞", ZhHans),
            ("我的订单A1001什么时候到", ZhHans),
            ("衣服收到有破洞,訂單 A1001,我要退貨", ZhHant),
            ("請問台灣可以寄嗎", ZhHant),
            ("后面的台子里面只有一个", ZhHans),
            ("裡面只有一個", ZhHant),
            ("ㄏㄏ 好喔", ZhHant),
            ("你好", ZhHans),
            ("iPhone 17 Pro Max 有货吗", ZhHans),
            ("Where is my order A1001?", En),
            ("refund please", En),
            ("Thanks, got it", En),
            ("The 客服 told me it would arrive yesterday", En),
            ("¿Dónde está mi pedido? No me gusta", Other),
            ("Wo ist mein Paket, bitte", Other),
            ("Je veux un remboursement", Other),
            ("注文はまだ届いていません", Other),
            ("주문이 아직 안 왔어요", Other),
            ("Где мой заказ?", Other),
            ("A1001", Other),
            ("👍👍", Other),
            ("", Other),
        ] {
            assert_eq!(detect(text), language, "{text}");
        }
    }
}
