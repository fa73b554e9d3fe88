//! The board's plot: cases opened and resolved in each hour or on each day, as SVG that needs no script.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
const FOOT: f64 = 26.0;
const HEAD: f64 = 24.0;
/// The widest pair of bars.
const STEP_MAX: f64 = 60.0;

/// One hour or day of the plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bars {
    /// The hour on the clock, as `09`, or the day.
    pub(super) label: String,
    pub(super) opened: f64,
    pub(super) resolved: f64,
}

/// The plot; `title` says what it shows, `names` are those of the two kinds of bars.
pub(super) fn svg(bars: &[Bars], title: &str, names: (&str, &str)) -> String {
    let mut svg = String::new();
    // writing to a String cannot fail
    let (Ok(()) | Err(std::fmt::Error)) = write_svg(&mut svg, bars, title, names);
    svg
}

fn write_svg(svg: &mut String, bars: &[Bars], title: &str, names: (&str, &str)) -> std::fmt::Result {
    let top = bars.iter().flat_map(|pair| [pair.opened, pair.resolved]).fold(1.0, f64::max);
    let (step, room) = ((WIDTH / bars.len().max(1) as f64).min(STEP_MAX), HEIGHT - FOOT - HEAD);
    let base = HEIGHT - FOOT;
    write!(svg, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>")?;
    write!(svg, "<line x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\" class=\"axis\"/>")?;
    write!(svg, "<text x=\"2\" y=\"18\">{top}</text>")?;
    for (place, pair) in bars.iter().enumerate() {
        let left = place as f64 * step;
        let both = [("opened", names.0, pair.opened, 0.08), ("resolved", names.1, pair.resolved, 0.5)];
        for (class, name, count, shift) in both.into_iter().filter(|bar| bar.2 > 0.0) {
            let height = count / top * room;
            let (x, y, width) = (left + shift * step, base - height, step * 0.4);
            write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
                 <title>{} {name}: {count}</title></rect>",
                pair.label
            )?;
        }
        if place % 3 == 0 {
            write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", left + 2.0, HEIGHT - 6.0, pair.label)?;
        }
    }
    svg.push_str("</svg>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_plot() {
        let hours = [(4.0, 2.0), (0.0, 1.0)].map(|(opened, resolved)| Bars { label: "09".into(), opened, resolved });
        let svg = svg(&hours, "t", ("opened", "resolved"));
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("height=\"130.0\"") && svg.contains("height=\"65.0\""), "{svg}");
    }

    #[test]
    fn nothing_gives_an_empty_plot() {
        assert!(!svg(&[], "t", ("a", "b")).contains("<rect"));
    }
}
