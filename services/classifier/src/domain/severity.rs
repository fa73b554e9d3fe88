//! How bad it is: rules that look for words in a text whose category is known.
//!
//! Critical is what harms people, breaks the law or will be heard outside; major is what the shop owes a remedy for.

use std::sync::LazyLock;

use kefu_contracts::{Category, Channel, Severity, Subtype};
use kefu_text::lexicon::Lexicon;
use kefu_text::script;

use crate::model::labels::Label;

/// A rule that speaks if one of its words stands in the text.
struct Rule {
    name: &'static str,
    severity: Severity,
    /// Simplified and in lower case, separated by `/`.
    words: &'static str,
    /// Whether it speaks only in a complaint or an after-sales request.
    aggrieved: bool,
}

const RULES: [Rule; 9] = [
    Rule {
        name: "safety",
        severity: Severity::Critical,
        words: "爆炸/炸了/炸裂/起火/着火/自燃/冒烟/冒火/漏电/触电/电到/被电/烧伤/烫伤/烧起来/割伤/割破手/划伤手/划破手/刺伤/受伤/流血/\
            骨折/摔伤/砸伤/窒息/explod/caught fire/on fire/burst into flames/smoke came/smoking and/electric shock/electrocut/\
            burned my/burnt my/got burned/injur/bleeding/cut my hand/cut my finger/choking hazard/choked on",
        aggrieved: false,
    },
    Rule {
        name: "health",
        severity: Severity::Critical,
        words: "中毒/住院/送医/急诊/进医院/去医院/上医院/去了医院/呕吐/上吐下泻/拉肚子/腹泻/休克/毁容/流产/吃坏/poison/hospital/\
            vomit/diarrh/emergency room/anaphyla/made me sick/got sick/food poisoning",
        aggrieved: false,
    },
    Rule {
        name: "legal",
        severity: Severity::Critical,
        words: "起诉/律师/法院/法庭/打官司/诉讼/告你们/消协/消费者协会/消委会/消保官/消基会/消保会/消费者委员会/工商局/市场监管/\
            市监局/12315/报警/报案/公安/派出所/lawyer/attorney/sue you/suing/lawsuit/legal action/take you to court/\
            small claims/call the police/police report/trading standards/consumer protection/better business bureau",
        aggrieved: false,
    },
    Rule {
        name: "media",
        severity: Severity::Critical,
        words: "曝光/爆料/找媒体/找记者/上新闻/上电视/发微博/发抖音/发小红书/上热搜/发到网上/journalist/newspaper/go public/\
            to the press/to the media/post this everywhere/local news/go viral",
        aggrieved: true,
    },
    Rule {
        name: "personal_data",
        severity: Severity::Major,
        words: "泄露/泄漏我的/信息外泄/个资/隐私/data leak/leaked my/my personal data/privacy breach",
        aggrieved: true,
    },
    Rule {
        name: "refused",
        severity: Severity::Major,
        words: "不给退/拒绝退/不肯退/不同意退/不让退/不退款/拒退/不给换/不肯换/拒绝换/不给修/不认账/拒绝赔/不肯赔/不给赔/refuse/\
            won't refund/will not refund/wouldn't refund/denied my/won't replace/won't take it back/rejected my refund",
        aggrieved: true,
    },
    Rule {
        name: "repeated",
        severity: Severity::Major,
        words: "多次/好几次/三次/四次/五次/几遍/三遍/好几遍/反复/又坏/一再/再三/每次都/一拖再拖/都没人/一直没人/还是没人/again and again/\
            several times/three times/four times/five times/third time/fourth time/many times/repeatedly/keep getting/\
            still no reply/still no answer/nobody ever",
        aggrieved: true,
    },
    Rule {
        name: "not_received",
        severity: Severity::Major,
        words: "丢了/丢失/弄丢/遗失/不见了/空的/空包/空箱/虚假签收/签收/没收到/未收到/没有收到/lost/stolen/empty/never arrived/\
            never got/never received/marked as delivered/says delivered",
        aggrieved: true,
    },
    Rule {
        name: "broken",
        severity: Severity::Major,
        words: "坏/破/碎/裂/断了/漏水/漏液/烂/变质/过期/发霉/长霉/馊/臭/有虫/虫子/黑屏/死机/故障/不能用/用不了/没法用/无法使用/开不了机/\
            没反应/失灵/脱胶/开胶/开线/broke/defect/damaged/faulty/crack/shatter/torn/hole in/stopped working/doesn't work/\
            not working/does not work/won't turn on/fell apart/falls apart/expired/mould/mold/spoiled/rotten/leak",
        aggrieved: true,
    },
];

/// Words that make a sentence a question about what might be.
const WONDERING: &str = "会不会/是不是会/是否/会吗/吗/怎么防/能不能/could it/can it/will it/does it/is it/would it";

/// The place of [`WONDERING`] beside the rules' places.
const WONDERS: usize = RULES.len();

/// The words of all rules, and the wondering ones, with the places of what they speak for.
static WORDS: LazyLock<Lexicon<usize>> = LazyLock::new(|| {
    let lists = RULES.iter().map(|rule| rule.words).chain([WONDERING]);
    let words = lists.enumerate().flat_map(|(place, words)| words.split('/').map(move |word| (word, place)));
    Lexicon::new(words.map(|(word, place)| (word.chars().collect(), place)))
});

/// Which rules' words stand in a text, whatever it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard([bool; WONDERS + 1]);

impl Heard {
    /// Listens to `text`, once for all rules. A Latin word is heard where a word begins.
    pub fn of(text: &str) -> Heard {
        let plain = |c| if c == '’' { '\'' } else { script::fold_char(c) };
        let folded: Vec<char> = text.chars().map(plain).collect();
        let mut heard = Heard::default();
        let mut before = ' ';
        for (at, c) in folded.iter().copied().enumerate() {
            if !(c.is_ascii() && before.is_ascii_alphanumeric()) {
                WORDS.at(&folded, at).for_each(|(_, place)| heard.0[place] = true);
            }
            before = c;
        }
        heard
    }
}

/// The severity of a text about `label`, and the names of the rules that spoke. None for what is neither complaint
/// nor after-sales request, unless a rule speaks.
pub fn severity(heard: Heard, label: Label, channel: Channel) -> (Option<Severity>, Vec<&'static str>) {
    let aggrieved = matches!(label.category, Category::Complaint | Category::AfterSales);
    let wonders = label.category == Category::Inquiry && heard.0[WONDERS];
    let mut worst = aggrieved.then_some(Severity::Minor);
    let mut names = Vec::new();
    let mut speak = |name, severity: Severity| {
        names.push(name);
        // words are declared from the worst to the least
        worst = Some(worst.map_or(severity, |worst| worst.min(severity)));
    };
    for (rule, its_words_stand) in RULES.iter().zip(heard.0) {
        let may_speak = if rule.aggrieved { aggrieved } else { !wonders };
        if may_speak && its_words_stand {
            speak(rule.name, rule.severity);
        }
    }
    if label.category == Category::Complaint && label.subtype == Subtype::Fraud {
        speak("fraud", Severity::Critical);
    }
    if channel == Channel::Regulator {
        speak("regulator", Severity::Major);
    }
    (worst, names)
}

/// Whether a rule of safety or health spoke: such a case reports harm, whatever else it says.
pub fn reports_harm(names: &[&str]) -> bool {
    names.iter().any(|name| matches!(*name, "safety" | "health"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn lists() -> impl Iterator<Item = &'static str> {
        RULES.iter().map(|rule| rule.words).chain([WONDERING])
    }

    /// Looks for each word by itself.
    fn says(text: &str, words: &str) -> bool {
        let folded = script::fold(text).replace('’', "'");
        words.split('/').any(|word| {
            folded.match_indices(word).any(|(at, _)| {
                !word.is_ascii() || !folded[..at].ends_with(|before: char| before.is_ascii_alphanumeric())
            })
        })
    }

    #[test]
    fn words_are_written_as_texts_are_folded_and_of_one_script() {
        for word in lists().flat_map(|words| words.split('/')) {
            assert_eq!(script::fold(word), word);
            let first = word.chars().next().unwrap();
            assert!(word.is_ascii() || !first.is_ascii(), "{word} is heard where a Latin word begins only");
        }
    }

    proptest! {
        #[test]
        fn words_are_heard_as_by_looking_for_each(
            parts in prop::collection::vec(
                (select(lists().flat_map(|words| words.split('/')).collect::<Vec<_>>()), "[a1 ’'破会]{0,2}", 0usize..3),
                0..6,
            ),
        ) {
            let cut = |word: &str, off: usize| word.chars().skip(off).collect::<String>();
            let text: String = parts.iter().map(|(word, between, off)| cut(word, *off) + between).collect();
            let expected: Vec<bool> = lists().map(|words| says(&text, words)).collect();
            prop_assert_eq!(Heard::of(&text).0.to_vec(), expected, "{}", text);
        }
    }

    fn label(text: &str) -> Label {
        Label::parse(text).unwrap()
    }

    #[test]
    fn rules_speak_for_what_they_hear() {
        use Severity::{Critical, Major, Minor};
        for (text, about, expected, names) in [
            ("充電寶爆炸了,手被燒傷", "complaint/quality", Some(Critical), "safety"),
            ("My phone caught fire last night", "complaint/quality", Some(Critical), "safety"),
            ("这个充电宝会不会爆炸", "inquiry/product_info", None, ""),
            ("吃完拉肚子,去了医院", "complaint/quality", Some(Critical), "health"),
            ("再不处理我就打12315", "complaint/service", Some(Critical), "legal"),
            ("I will sue you", "complaint/service", Some(Critical), "legal"),
            ("我要在微博曝光你们", "complaint/service", Some(Critical), "media"),
            ("这家卖的是假货", "complaint/fraud", Some(Critical), "fraud"),
            ("衣服收到有破洞", "complaint/quality", Some(Major), "broken"),
            ("You refused my refund three times", "complaint/service", Some(Major), "refused repeated"),
            ("顯示簽收但我沒收到", "complaint/logistics", Some(Major), "not_received"),
            ("刚买就降价", "complaint/price", Some(Minor), ""),
            ("我要退货", "after_sales/return", Some(Minor), ""),
            ("保质期多久,过期的能退吗", "inquiry/after_sales_policy", None, ""),
            ("unbroken record of great service", "praise/general", None, ""),
        ] {
            let (severity, spoke) = severity(Heard::of(text), label(about), Channel::Chat);
            assert_eq!((severity, spoke.join(" ").as_str()), (expected, names), "{text}");
        }
        let (forwarded, names) = severity(Heard::of("请处理"), label("inquiry/human_agent"), Channel::Regulator);
        assert_eq!((forwarded, names), (Some(Major), vec!["regulator"]));
    }
}
