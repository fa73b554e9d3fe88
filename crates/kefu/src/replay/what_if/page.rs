//! How the page looks: one file without script, for a phone, a screen and paper.

use std::fmt::Write;
use std::path::Path;

use kefu_contracts::Language;
use kefu_kpi_aggregator::api::name;
use kefu_text::html::escaped;

use super::outcome::{Clock, Standing};
use super::words::{self, Words, duration, say};
use super::{Kept, Pair, WhatIf};

/// Rows of a table of single cases, at most.
const LISTED: usize = 200;

/// The page of a comparison of `folders`.
pub(super) fn page(what_if: &WhatIf, folders: [&Path; 2], language: Language) -> String {
    let mut html = String::new();
    // writing to a String cannot fail
    let (Ok(()) | Err(std::fmt::Error)) = write(&mut html, what_if, folders, language);
    html
}

const STYLE: &str = "body{font:1rem/1.45 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:60rem;\
    color:#1a1a1a;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
    table{border-collapse:collapse;width:100%}th,td{padding:.3rem .5rem;border-bottom:1px solid #d9dce1;\
    text-align:right;font-variant-numeric:tabular-nums}th{font-weight:600}\
    th[scope=row],th:first-child{text-align:left;white-space:nowrap}td.text,.texts th{text-align:left}\
    .worse{color:#b3261e}.better{color:#146c2e}.wide{overflow-x:auto}";

struct Table<'h> {
    html: &'h mut String,
    language: Language,
}

fn write(html: &mut String, what_if: &WhatIf, folders: [&Path; 2], language: Language) -> std::fmt::Result {
    let said = |words: Words| say(language, words);
    let tag = language.pick(["zh-Hans", "zh-Hant", "en"]);
    let [before, after] = folders.map(|folder| escaped(&folder.display().to_string()));
    write!(
        html,
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main>\
         <h1>{title}</h1><p>{}: <code>{before}</code><br>{}: <code>{after}</code><br>{} {}</p>",
        said(words::BEFORE),
        said(words::AFTER),
        what_if.cases,
        said(words::CASES),
        title = said(words::TITLE),
    )?;
    if what_if.is_same() {
        write!(html, "<p>{}</p>", said(words::SAME))?;
    }
    let mut table = Table { html, language };
    table.promises(what_if)?;
    table.clocks(what_if)?;
    let told = what_if.escalations.iter().map(|((to, why), pair)| (vec![to.as_str(), why.as_str()], *pair));
    table.counted(words::ESCALATIONS, &[words::TO, words::WHY], told)?;
    let moves = what_if.moves.iter().map(|moved| (moved.case_id.as_str(), &moved.to));
    table.texts(words::MOVES, words::CASE, moves)?;
    let decisions = what_if.decisions.iter().map(|(order, said)| (order.as_str(), said));
    table.texts(words::DECISIONS, words::ORDER, decisions)?;
    let messages = what_if.messages.iter().map(|(kind, pair)| (vec![kind.as_str()], *pair));
    table.counted(words::MESSAGES, &[words::KIND], messages)?;
    write!(html, "</main></body></html>")
}

impl Table<'_> {
    fn say(&self, words: Words) -> &'static str {
        say(self.language, words)
    }

    fn begin(&mut self, title: Words, class: &str, columns: &[String]) -> std::fmt::Result {
        let heads: String = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
        let title = self.say(title);
        write!(
            self.html,
            "<h2>{title}</h2><div class=\"wide\"><table class=\"{class}\"><thead><tr>{heads}</tr></thead><tbody>"
        )
    }

    fn end(&mut self, left_out: usize) -> std::fmt::Result {
        write!(self.html, "</tbody></table></div>")?;
        if left_out > 0 {
            let more = self.say(words::MORE);
            write!(self.html, "<p>{left_out} {more}</p>")?;
        }
        Ok(())
    }

    fn both(&self, words: Words) -> [String; 2] {
        [words::BEFORE, words::AFTER].map(|side| format!("{}, {}", self.say(words), self.say(side)))
    }

    /// How many promises of each kind were kept.
    fn promises(&mut self, what_if: &WhatIf) -> std::fmt::Result {
        let mut columns = vec![self.say(words::CLOCK).to_owned()];
        for words in [words::IN_TIME, words::LATE, words::SHARE] {
            columns.extend(self.both(words));
        }
        self.begin(words::PROMISES, "figures", &columns)?;
        for (metric, Kept { in_time, late }) in &what_if.kept {
            let shares = [0, 1].map(|side| share(in_time[side], late[side]));
            let class = match shares {
                [Some(before), Some(after)] if after > before => "better",
                [Some(before), Some(after)] if after < before => "worse",
                _ => "",
            };
            write!(self.html, "<tr><th scope=\"row\">{}</th>", escaped(name(metric, self.language)))?;
            for count in in_time.iter().chain(late) {
                write!(self.html, "<td>{count}</td>")?;
            }
            for (share, class) in shares.into_iter().zip(["", class]) {
                let share = share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0));
                write!(self.html, "<td class=\"{class}\">{share}</td>")?;
            }
            write!(self.html, "</tr>")?;
        }
        self.end(0)
    }

    /// The promises that would have ended otherwise.
    fn clocks(&mut self, what_if: &WhatIf) -> std::fmt::Result {
        if what_if.clocks.is_empty() {
            return Ok(());
        }
        let columns = [words::CASE, words::CLOCK, words::BEFORE, words::AFTER].map(|words| self.say(words).to_owned());
        self.begin(words::CHANGED, "texts", &columns)?;
        for change in what_if.clocks.iter().take(LISTED) {
            let class = if change.is_late_now() { "worse" } else { "better" };
            let [before, after] = change.ends.each_ref().map(|end| self.clock(end.as_ref()));
            let metric = escaped(name(&change.metric, self.language));
            let case = escaped(&change.case_id);
            write!(
                self.html,
                "<tr><th scope=\"row\">{case}</th><td class=\"text\">{metric}</td><td class=\"text\">{before}</td>\
                 <td class=\"text {class}\">{after}</td></tr>"
            )?;
        }
        self.end(what_if.clocks.len().saturating_sub(LISTED))
    }

    /// What became of a clock: `late, 12 min of 10 min (chat)`.
    fn clock(&self, clock: Option<&Clock>) -> String {
        let Some(clock) = clock else { return self.say(words::NONE).to_owned() };
        let standing = self.say(match clock.standing {
            Standing::Open => words::OPEN,
            Standing::InTime => words::IN_TIME,
            Standing::Late => words::LATE,
            Standing::Cancelled => words::CANCELLED,
        });
        let used = duration(self.language, clock.elapsed_ms);
        let promised = |target| format!(" {} {}", self.say(words::OF), duration(self.language, target));
        let promised = clock.target_ms.map(promised).unwrap_or_default();
        let rule = Some(clock.policy.as_str()).filter(|rule| !rule.is_empty());
        let rule = rule.map(|rule| format!(" ({})", escaped(rule))).unwrap_or_default();
        format!("{standing}, {used}{promised}{rule}")
    }

    /// How often something happened.
    fn counted<'t>(
        &mut self,
        title: Words,
        names: &[Words],
        rows: impl Iterator<Item = (Vec<&'t str>, Pair)>,
    ) -> std::fmt::Result {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let columns = names.iter().chain(&[words::BEFORE, words::AFTER]).map(|words| self.say(*words).to_owned());
        self.begin(title, "figures", &columns.collect::<Vec<_>>())?;
        for (names, [before, after]) in rows {
            let names: String = names.iter().map(|name| format!("<td class=\"text\">{}</td>", escaped(name))).collect();
            write!(self.html, "<tr>{names}<td>{before}</td><td>{after}</td></tr>")?;
        }
        self.end(0)
    }

    /// What each of some things would have been instead.
    fn texts<'t>(
        &mut self,
        title: Words,
        name: Words,
        rows: impl ExactSizeIterator<Item = (&'t str, &'t [String; 2])>,
    ) -> std::fmt::Result {
        let count = rows.len();
        if count == 0 {
            return Ok(());
        }
        self.begin(title, "texts", &[name, words::BEFORE, words::AFTER].map(|words| self.say(words).to_owned()))?;
        for (name, texts) in rows.take(LISTED) {
            let texts = texts.each_ref().map(|text| if text.is_empty() { "–".to_owned() } else { escaped(text) });
            let [before, after] = texts;
            let name = escaped(name);
            write!(
                self.html,
                "<tr><th scope=\"row\">{name}</th><td class=\"text\">{before}</td><td class=\"text\">{after}</td></tr>"
            )?;
        }
        self.end(count.saturating_sub(LISTED))
    }
}

fn share(in_time: u64, late: u64) -> Option<f64> {
    (in_time + late > 0).then(|| in_time as f64 / (in_time + late) as f64)
}
