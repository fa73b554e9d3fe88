//! How the board looks: one page that needs no script, on a phone and on a screen at the wall.

use std::fmt::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kefu_calendar::Zone;
use kefu_contracts::{Language, Timestamp};
use kefu_text::html::escaped;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::figures::Figures;
use super::plot::{self, Bars};
use super::words::{Words, name};
use crate::domain::window::Window;

/// How often the page refreshes itself, in seconds.
const REFRESH_S: u32 = 5;

/// What is shown, and to whom.
pub(super) struct Shown<'s> {
    pub(super) tenant: &'s str,
    pub(super) language: Language,
    pub(super) zone: &'s Zone,
    pub(super) day: Window,
    /// How far the events are.
    pub(super) reached: Timestamp,
    pub(super) query: Kept,
}

/// What links keep of the address.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) tenant: Option<String>,
    pub(super) day: Option<String>,
}

impl Kept {
    fn link(&self, lang: &str, day: Option<&str>) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let day = day.or(self.day.as_deref()).map(|day| format!("&amp;day={}", encoded(day)));
        let tenant = self.tenant.as_deref().map(|tenant| format!("&amp;tenant={}", encoded(tenant)));
        format!("/board?lang={lang}{}{}", day.unwrap_or_default(), tenant.unwrap_or_default())
    }
}

/// Noon of a day written as 2026-03-02; none if it is none.
pub(super) fn noon_of(zone: &Zone, day: &str) -> Option<Timestamp> {
    let date: Date = day.parse().ok()?;
    Some(Timestamp::from_ms(zone.start_ms(date, 12 * 60)))
}

/// The board.
pub(super) fn board(shown: &Shown<'_>, figures: &Figures) -> String {
    let words = Words::in_language(shown.language);
    let mut main = String::new();
    // writing to a String cannot fail
    let (Ok(()) | Err(std::fmt::Error)) = write_board(&mut main, shown, figures, words);
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"{REFRESH_S}\">");
    page(words, &refresh, &main)
}

/// The page that asks for a key.
pub(super) fn sign_in(language: Language, fault: Option<&str>) -> String {
    let words = Words::in_language(language);
    let fault = fault.map(|fault| format!("<p role=\"alert\">{fault}</p>")).unwrap_or_default();
    let main = format!(
        "<h1>{}</h1>{fault}<form method=\"post\" action=\"/board?lang={}\"><label>{} \
         <input type=\"password\" name=\"key\" required autocomplete=\"off\"></label> <button>{}</button></form>",
        words.title, words.tag, words.key, words.show
    );
    page(words, "", &main)
}

fn write_board(main: &mut String, shown: &Shown<'_>, figures: &Figures, words: &Words) -> std::fmt::Result {
    head(main, shown, words)?;
    main.push_str("<div class=\"cards\">");
    backlog(main, shown.language, figures, words)?;
    let totals = [
        (words.opened, "cases_opened"),
        (words.resolved, "cases_resolved"),
        (words.closed, "cases_closed"),
        (words.reopened, "cases_reopened"),
        (words.complaints, "complaints"),
    ];
    let totals = totals.map(|(label, metric)| (label, number(figures.total(metric))));
    card(main, words.cases, &totals)?;
    attainments(main, shown.language, figures, words)?;
    let satisfaction = [
        (words.csat, percent(figures.share("csat_positive", "csat_responses"))),
        (words.answered, number(figures.total("csat_responses"))),
        (words.sent, number(figures.total("surveys_sent"))),
        (words.response_rate, percent(figures.share("csat_responses", "surveys_sent"))),
    ];
    card(main, words.satisfaction, &satisfaction)?;
    let handovers = [
        (words.due, "handovers_due"),
        (words.on_time, "handovers_on_time"),
        (words.late, "handovers_late"),
        (words.skipped, "handovers_skipped"),
    ];
    card(main, words.handovers, &handovers.map(|(label, metric)| (label, number(figures.total(metric)))))?;
    main.push_str("</div>");
    let (title, bars) = if figures.hours.is_empty() {
        (words.by_day, days(shown, figures))
    } else {
        (words.by_hour, hours(shown, figures))
    };
    write!(main, "<section class=\"plot\"><h2>{title}</h2>")?;
    main.push_str(&plot::svg(&bars, title, (words.opened, words.resolved)));
    let legend = [("opened", words.opened), ("resolved", words.resolved)];
    for (class, text) in legend {
        write!(main, "<span class=\"key {class}\"></span>{text} ")?;
    }
    main.push_str("</section>");
    Ok(())
}

fn head(main: &mut String, shown: &Shown<'_>, words: &Words) -> std::fmt::Result {
    let date = shown.zone.local_date(shown.day.start.ms());
    let beside = |days: i64| date.checked_add(jiff::Span::new().days(days)).map(|date| date.to_string());
    write!(main, "<header><h1>{} · {}</h1><p>", words.title, escaped(shown.tenant))?;
    if let Ok(before) = beside(-1) {
        write!(main, "<a href=\"{}\">← {}</a> ", shown.query.link(words.tag, Some(&before)), words.earlier)?;
    }
    write!(main, "<strong>{date}</strong>")?;
    if shown.day.end <= shown.reached
        && let Ok(after) = beside(1)
    {
        write!(main, " <a href=\"{}\">{} →</a>", shown.query.link(words.tag, Some(&after)), words.later)?;
    }
    let reached = local(shown.zone, shown.reached, "%Y-%m-%d %H:%M:%S");
    write!(main, "</p><p>{} {reached} ({})</p><nav>", words.as_of, shown.zone.name())?;
    for (language, label) in [(Language::ZhHans, "简体"), (Language::ZhHant, "繁體"), (Language::En, "English")] {
        let tag = Words::in_language(language).tag;
        write!(main, "<a lang=\"{tag}\" href=\"{}\">{label}</a> ", shown.query.link(tag, None))?;
    }
    main.push_str("</nav></header>");
    Ok(())
}

fn backlog(main: &mut String, language: Language, figures: &Figures, words: &Words) -> std::fmt::Result {
    write!(main, "<section><h2>{}</h2><p class=\"big\">{}</p>", words.backlog, number(figures.backlog))?;
    let unclassified = Some((words.unclassified.to_owned(), figures.unclassified())).filter(|(_, open)| *open > 0.0);
    let by_category: Vec<_> = figures.by_category.iter().cloned().chain(unclassified).collect();
    for (title, values) in [(words.by_category, &by_category), (words.by_channel, &figures.by_channel)] {
        write!(main, "<h3>{title}</h3>")?;
        if values.is_empty() {
            write!(main, "<p>{}</p>", words.nothing)?;
            continue;
        }
        main.push_str("<table>");
        for (value, open) in values {
            write!(
                main,
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                escaped(name(value, language)),
                number(*open)
            )?;
        }
        main.push_str("</table>");
    }
    main.push_str("</section>");
    Ok(())
}

fn attainments(main: &mut String, language: Language, figures: &Figures, words: &Words) -> std::fmt::Result {
    write!(main, "<section><h2>{}</h2>", words.sla)?;
    let all = figures.attainments();
    if all.is_empty() {
        return write!(main, "<p>{}</p></section>", words.nothing);
    }
    write!(
        main,
        "<table><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th></tr>",
        words.clock, words.in_time, words.breached, words.attained
    )?;
    for clocks in all {
        let share = clocks.met / (clocks.met + clocks.breached);
        let class = if clocks.breached > 0.0 { " class=\"bad\"" } else { "" };
        write!(
            main,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td{class}>{}</td><td>{}</td></tr>",
            escaped(name(&clocks.metric, language)),
            number(clocks.met),
            number(clocks.breached),
            percent(Some(share))
        )?;
    }
    main.push_str("</table></section>");
    Ok(())
}

fn card(main: &mut String, title: &str, rows: &[(&str, String)]) -> std::fmt::Result {
    write!(main, "<section><h2>{title}</h2><table>")?;
    for (label, value) in rows {
        write!(main, "<tr><th scope=\"row\">{label}</th><td>{value}</td></tr>")?;
    }
    main.push_str("</table></section>");
    Ok(())
}

/// Every hour of the day, those without a row too.
fn hours(shown: &Shown<'_>, figures: &Figures) -> Vec<Bars> {
    const HOUR_MS: i64 = 3_600_000;
    let first = shown.day.start.ms().div_euclid(HOUR_MS);
    let last = shown.day.end.ms().div_euclid(HOUR_MS);
    let hours = (first..last).map(|hour| {
        let at = Timestamp::from_ms(hour * HOUR_MS);
        let counted = figures.hours.iter().find(|(start, ..)| *start == at);
        let (opened, resolved) = counted.map_or((0.0, 0.0), |(_, opened, resolved)| (*opened, *resolved));
        Bars { label: local(shown.zone, at, "%H"), opened, resolved }
    });
    hours.collect()
}

/// The days for which there are rows.
fn days(shown: &Shown<'_>, figures: &Figures) -> Vec<Bars> {
    let days = figures.days.iter();
    days.map(|(start, opened, resolved)| Bars {
        label: local(shown.zone, *start, "%m-%d"),
        opened: *opened,
        resolved: *resolved,
    })
    .collect()
}

fn local(zone: &Zone, at: Timestamp, format: &str) -> String {
    let zone = TimeZone::get(zone.name()).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    instant.to_zoned(zone).strftime(format).to_string()
}

fn number(count: f64) -> String {
    format!("{count}")
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

const STYLE: &str = "body{font:1rem/1.45 system-ui,sans-serif;margin:0;padding:1rem;color:#1a1a1a;background:#f4f5f7}\
    main{max-width:76rem;margin:0 auto}header p,h1,h2,h3{margin:.2rem 0}h1{font-size:1.4rem}h2{font-size:1.05rem}\
    h3{font-size:.9rem;color:#555;margin-top:.6rem}a{color:#0b57d0}.cards{display:grid;gap:.8rem;margin:.8rem 0;\
    grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr))}\
    section{background:#fff;border:1px solid #d9dce1;\
    border-radius:.5rem;padding:.8rem}.big{font-size:2.6rem;font-weight:700;margin:0}table{border-collapse:collapse;\
    width:100%}th,td{padding:.1rem .2rem}th{font-weight:400;text-align:left}\
    td{text-align:right;font-variant-numeric:tabular-nums;\
    font-weight:600}tr+tr>*{border-top:1px solid #eceef1}th[scope=col]{color:#555;font-size:.85rem;text-align:right}\
    th[scope=col]:first-child{text-align:left}.bad{color:#b3261e}svg{width:100%;height:auto}svg text{font-size:11px;\
    fill:#555}.axis{stroke:#999}.opened{fill:#0b57d0;background:#0b57d0}.resolved{fill:#1e8e3e;background:#1e8e3e}\
    .key{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem 0 .6rem}input,button{font:inherit;padding:.5rem}\
    @media(max-width:40rem){svg text{font-size:22px}}";

fn page(words: &Words, head: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">{head}<title>{}</title><style>{STYLE}</style></head>\
         <body><main>{main}</main></body></html>",
        words.tag, words.title
    )
}
