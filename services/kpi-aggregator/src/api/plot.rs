//! The board's plot: cases opened and resolved in each hour, as SVG that needs no script.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
const FOOT: f64 = 22.0;

/// One hour of the plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hour {
    /// The hour on the clock, as `09`.
    pub(super) label: String,
    pub(super) opened: f64,
    pub(super) resolved: f64,
}

/// The plot; `title` says what it shows, `names` are those of the two kinds of bars.
pub(super) fn svg(hours: &[Hour], title: &str, names: (&str, &str)) -> String {
    let mut svg = String::new();
    // writing to a String cannot fail
    let _ = write_svg(&mut svg, hours, title, names).is_ok();
    svg
}

fn write_svg(svg: &mut String, hours: &[Hour], title: &str, names: (&str, &str)) -> std::fmt::Result {
    let top = hours.iter().flat_map(|hour| [hour.opened, hour.resolved]).fold(1.0, f64::max);
    let (step, room) = (WIDTH / hours.len().max(1) as f64, HEIGHT - FOOT - 14.0);
    let base = HEIGHT - FOOT;
    write!(svg, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>")?;
    write!(svg, "<line x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\" class=\"axis\"/>")?;
    write!(svg, "<text x=\"2\" y=\"11\">{top}</text>")?;
    for (place, hour) in hours.iter().enumerate() {
        let left = place as f64 * step;
        let bars = [("opened", names.0, hour.opened, 0.08), ("resolved", names.1, hour.resolved, 0.5)];
        for (class, name, count, shift) in bars.into_iter().filter(|bar| bar.2 > 0.0) {
            let height = count / top * room;
            let (x, y, width) = (left + shift * step, base - height, step * 0.4);
            write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
                 <title>{}:00 {name}: {count}</title></rect>",
                hour.label
            )?;
        }
        if place % 3 == 0 {
            write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", left + 2.0, HEIGHT - 6.0, hour.label)?;
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
        let hours = [(4.0, 2.0), (0.0, 1.0)].map(|(opened, resolved)| Hour { label: "09".into(), opened, resolved });
        let svg = svg(&hours, "t", ("opened", "resolved"));
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("height=\"144.0\"") && svg.contains("height=\"72.0\""), "{svg}");
    }

    #[test]
    fn nothing_gives_an_empty_plot() {
        assert!(!svg(&[], "t", ("a", "b")).contains("<rect"));
    }
}
