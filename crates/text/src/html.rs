//! Text inside of HTML.

/// `text` as it may stand between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_marks_up_is_left() {
        assert_eq!(escaped(r#"<a b="c">&'</a>"#), "&lt;a b=&quot;c&quot;&gt;&amp;'&lt;/a&gt;");
    }
}
