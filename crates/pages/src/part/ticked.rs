//! Words in which commands and names stand between backticks: those are drawn in the mono type.

use askama::Template;

/// A text, in pieces: words and code by turns.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"{%- for (is_code, piece) in pieces -%}{%- if *is_code -%}<code>{{ piece }}</code>{%- else -%}{{ piece }}{%- endif -%}{%- endfor -%}"#
)]
pub struct Ticked<'t> {
    pieces: Vec<(bool, &'t str)>,
}

/// Splits a text at its backticks. One without a partner stays as it is, and so does an empty pair.
#[must_use]
pub fn ticked(text: &str) -> Ticked<'_> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    let mut from = 0;
    while let Some(begins) = rest.get(from..).and_then(|r| r.find('`')).map(|at| at + from) {
        let inside = rest.get(begins + 1..).unwrap_or_default();
        let Some(length) = inside.find('`') else { break };
        let code = inside.get(..length).unwrap_or_default();
        if code.trim().is_empty() || code.contains('\n') {
            from = begins + 1 + length;
            continue;
        }
        pieces.push((false, rest.get(..begins).unwrap_or_default()));
        pieces.push((true, code));
        rest = inside.get(length + 1..).unwrap_or_default();
        from = 0;
    }
    pieces.push((false, rest));
    Ticked { pieces }
}

super::renders_itself!(Ticked<'_>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_code_and_all_is_escaped() {
        let drawn = |text: &str| ticked(text).render().expect("renders");
        assert_eq!(drawn("run `trimtab <b>` now"), "run <code>trimtab &#60;b&#62;</code> now");
        assert_eq!(drawn("`a` and `b`"), "<code>a</code> and <code>b</code>");
        for plain in ["", "none", "one ` alone", "an empty `` pair", "``", "`"] {
            assert_eq!(drawn(plain), plain);
        }
        assert_eq!(drawn("`` then `c`"), "`` then <code>c</code>");
    }
}
