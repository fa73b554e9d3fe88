//! Whether a message says no more than thanks or goodbye.
//!
//! Such a message after a solution confirms it. The whole text must be made of known phrases, one of them thanks or
//! goodbye: a word too many, a number or a question makes it a message like any other.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use crate::script;

/// Thanks and goodbyes; written Simplified and in lower case, a space between Latin words.
const COURTESIES: &str = "谢谢/谢谢你/谢谢您/谢谢你们/谢谢您们/谢谢啦/谢/谢啦/谢了/谢过/多谢/感谢/感恩/非常感谢/十分感谢/万分感谢/太感谢/\
    感激/感激不尽/多谢晒/唔该/唔该晒/三克油/3q/蟹蟹/谢谢支持/辛苦/辛苦了/您辛苦了/你辛苦了/你们辛苦了/麻烦你了/\
    麻烦您了/麻烦了/有劳/有劳了/费心了/再见/再会/拜/拜拜/掰/掰掰/白白/88/886/回见/回头见/下次见/晚安/后会有期/\
    thanks/thank you/thank u/thankyou/thx/tks/tnx/thnx/thanx/ty/tysm/cheers/much obliged/appreciate it/\
    appreciate your help/i appreciate it/i appreciate your help/much appreciated/appreciated/many thanks/bye/\
    goodbye/good bye/bye bye/byebye/see you/see ya/see u/cya/farewell/take care/good night/no thanks/no thank you/\
    have a nice day/have a good day/have a great day/have a good one/have a nice evening/\
    have a great weekend/have a nice weekend";

/// What may stand beside them: politeness, agreement, forms of address, and that it is solved.
const BESIDE: &str = "啊/呀/哦/喔/噢/嗯/嗯嗯/恩/呢/吧/哈/哈哈/嘻嘻/呵呵/啦/了/咯/嘞/哟/哒/的/好/好的/好滴/好吧/好啊/好哒/好了/行/行了/\
    可以/可以了/可以的/ok/okay/okok/k/是的/对/知道了/我知道了/明白/明白了/我明白了/了解/了解了/懂了/清楚了/收到/\
    收到了/已收到/没事/没事了/没有了/没了/没问题/没问题了/没有问题了/没有其他问题了/没别的事了/没有别的了/不用了/\
    不需要了/那/那就这样/就这样/就这样吧/先这样/先这样吧/解决了/已解决/已经解决了/问题解决了/问题已解决/\
    问题已经解决了/搞定/搞定了/弄好了/处理好了/已经好了/亲/亲爱的/你/您/你们/您们/我/客服/小姐姐/小哥哥/美女/帅哥/\
    姐/哥/老板/店家/店主/卖家/掌柜/大家/各位/真的/真是/太/很/非常/十分/实在/先/再次/万分/感谢您的帮助/感谢你的帮助/\
    您的帮助/你的帮助/你们的帮助/帮助/帮忙/你的帮忙/您的帮忙/回复/您的回复/你的回复/解答/您的解答/你的解答/耐心解答/\
    的耐心/您的耐心/你的耐心/你的服务/您的服务/喽/祝好/祝你生活愉快/祝您生活愉快/祝生意兴隆/工作顺利/祝您工作顺利/\
    祝你工作顺利/用心/爱你/么么哒/a lot/a bunch/a million/a ton/so much/very much/so/very/again/all/you/u/too/and/\
    oh/ah/well/yes/yep/yeah/sure/great/perfect/good/cool/nice/awesome/alright/all right/right/fine/got it/\
    i got it/noted/understood/i see/will do/that is all/that s all/thats all/nothing else/that helps/that helped/\
    solved/it is solved/it s solved/problem solved/issue solved/all good/all set/it works/it works now/works now/\
    it is working now/it s working now/for your help/for the help/for your time/for your reply/for the reply/\
    for your support/for the info/for the information/for your patience/for helping/for helping me/for everything/\
    for letting me know/for the quick reply/for the quick response/for your quick reply/for your prompt reply/\
    for your assistance/for the clarification/for now/then/guys/folks/everyone/team/dear/sir/madam/mate/man/friend/\
    kindly/really/later/soon/tomorrow/best/regards/best regards/kind regards";

/// A longer text says more than that.
const MOST_WORDS: usize = 40;

/// Faces that make thanks bitter.
const BITTER: &str = "😠😡🤬👎💩🖕😤🙄😒🙃💔";

struct Phrase {
    words: Vec<String>,
    is_courtesy: bool,
}

/// All phrases by their first words: most texts begin with none of them.
static PHRASES: LazyLock<HashMap<String, Vec<Phrase>, FixedState>> = LazyLock::new(|| {
    let mut by_first: HashMap<String, Vec<Phrase>, FixedState> = HashMap::default();
    for (phrases, is_courtesy) in [(COURTESIES, true), (BESIDE, false)] {
        for words in phrases.split('/').filter_map(Words::of) {
            let words: Vec<String> = words.iter().map(str::to_owned).collect();
            if let Some(first) = words.first() {
                by_first.entry(first.clone()).or_default().push(Phrase { words, is_courtesy });
            }
        }
    }
    by_first
});

/// Whether `text` is thanks or goodbye and nothing else, in Chinese of either script or English.
pub fn is_thanks_or_goodbye_only(text: &str) -> bool {
    let Some(words) = Words::of(text) else { return false };
    let words: Vec<&str> = words.iter().collect();
    are_courteous(&words) && !text.chars().any(|c| matches!(c, '?' | '？') || BITTER.contains(c))
}

/// Whether `words` are known phrases one after another, one of them a courtesy at least.
fn are_courteous(words: &[&str]) -> bool {
    // which prefixes are made of known phrases: none of them a courtesy, or one at least
    let mut plain = vec![false; words.len() + 1];
    let mut courteous = vec![false; words.len() + 1];
    if let Some(empty) = plain.first_mut() {
        *empty = true;
    }
    for (start, first) in words.iter().enumerate() {
        let (was_plain, was_courteous) = (plain[start], courteous[start]);
        if !was_plain && !was_courteous {
            continue;
        }
        for phrase in PHRASES.get(*first).into_iter().flatten().filter(|phrase| phrase.leads(&words[start..])) {
            let end = start + phrase.words.len();
            plain[end] |= was_plain && !phrase.is_courtesy;
            courteous[end] |= was_courteous || was_plain && phrase.is_courtesy;
        }
    }
    courteous.last() == Some(&true)
}

impl Phrase {
    fn leads(&self, words: &[&str]) -> bool {
        self.words.len() <= words.len() && self.words.iter().zip(words).all(|(own, word)| own == word)
    }
}

/// Han characters one by one and other words whole, folded, one after another in one string.
struct Words {
    folded: String,
    ends: Vec<usize>,
}

impl Words {
    /// The words of `text`; none if there are too many.
    fn of(text: &str) -> Option<Words> {
        let (mut folded, mut ends) = (String::new(), Vec::new());
        let mut within = false;
        for c in text.chars().map(script::fold_char) {
            let is_han = script::is_han(c);
            let is_word = is_han || c.is_alphanumeric();
            if is_word {
                folded.push(c);
                match ends.last_mut() {
                    Some(end) if within && !is_han => *end = folded.len(),
                    _ => ends.push(folded.len()),
                }
                if ends.len() > MOST_WORDS {
                    return None;
                }
            }
            within = is_word && !is_han;
        }
        Some(Words { folded, ends })
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().scan(0, |start, end| self.folded.get(std::mem::replace(start, *end)..*end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn thanks_and_goodbyes_in_three_languages() {
        for text in [
            "谢谢",
            "謝謝!",
            "谢谢啦～😊",
            "好的,谢谢亲",
            "嗯嗯 知道了 谢谢您",
            "問題解決了,非常感謝你們的幫助",
            "拜拜👋",
            "再見",
            "辛苦了",
            "多謝晒",
            "没有了,谢谢",
            "感谢您的耐心解答,祝您工作顺利",
            "ok 谢谢",
            "３Ｑ",
            "88",
            "Thanks",
            "thank you so much!!!",
            "THX",
            "Great, thanks a lot for your help :)",
            "ok bye",
            "No thanks, that's all",
            "Have a nice day!",
            "it works now, thank you",
            "thanks 谢谢",
            "Thank you very much. Best regards",
            "謝謝妳",
        ] {
            assert!(is_thanks_or_goodbye_only(text), "{text}");
        }
    }

    #[test]
    fn anything_more_is_a_message() {
        for text in [
            "",
            "👍",
            "好的",
            "ok",
            "知道了",
            "thanks but it still fails",
            "谢谢,什么时候发货",
            "谢谢,但是还是不行",
            "谢谢?",
            "謝謝 還是壞的",
            "谢谢你个头",
            "谢谢😡",
            "不好,谢谢了我要退款",
            "thanks for nothing",
            "bye the way where is it",
            "Thanks, order A1001",
            "thanksgiving",
            "再见面说",
            "谢谢 88888",
            "thank",
            "请帮我退货,谢谢",
            "it works, but slowly, thanks",
            "tyre",
        ] {
            assert!(!is_thanks_or_goodbye_only(text), "{text}");
        }
    }

    #[test]
    fn phrases_are_written_as_texts_are_folded() {
        for phrase in COURTESIES.split('/').chain(BESIDE.split('/')) {
            assert_eq!(script::fold(phrase), phrase);
            let words = Words::of(phrase).unwrap();
            assert_eq!(words.iter().collect::<String>(), phrase.replace(' ', ""), "{phrase}");
        }
    }

    proptest! {
        #[test]
        fn phrases_in_any_order_are_thanks_if_one_is(
            before in prop::collection::vec(select(BESIDE.split('/').collect::<Vec<_>>()), 0..3),
            courtesy in select(COURTESIES.split('/').collect::<Vec<_>>()),
            after in prop::collection::vec(select(BESIDE.split('/').collect::<Vec<_>>()), 0..3),
        ) {
            let text = [before, vec![courtesy], after].concat().join(", ");
            prop_assert!(is_thanks_or_goodbye_only(&text));
            let more = text + ",退";
            prop_assert!(!is_thanks_or_goodbye_only(&more));
        }
    }

    #[test]
    fn a_long_text_costs_little() {
        assert!(!is_thanks_or_goodbye_only(&"谢谢".repeat(100_000)));
    }
}
