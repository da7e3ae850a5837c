//! The faces of the PDF: how wide a text is in them, and where its lines break.

use std::sync::LazyLock;

use krilla::text::Font;

use crate::inert::one_line;

/// A face at a size in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face {
    pub(super) bold: bool,
    pub(super) size: f32,
}

pub(super) const TITLE: Face = Face { bold: true, size: 16.0 };
pub(super) const HEADING: Face = Face { bold: true, size: 12.0 };
pub(super) const TEXT: Face = Face { bold: false, size: 10.0 };
pub(super) const HEAD: Face = Face { bold: true, size: 9.0 };
pub(super) const CELL: Face = Face { bold: false, size: 9.0 };
pub(super) const FOOT: Face = Face { bold: false, size: 8.0 };

/// For a letter that a face does not have.
const MISSING: char = '\u{fffd}';

/// A face as it is drawn, and as it is measured.
struct Loaded {
    drawn: Font,
    measured: ttf_parser::Face<'static>,
}

impl Loaded {
    fn new(bytes: &'static [u8]) -> Option<Loaded> {
        let measured = ttf_parser::Face::parse(bytes, 0).ok()?;
        Some(Loaded { drawn: Font::new(bytes.into(), 0)?, measured })
    }
}

/// Condensed, as tables are what there is most of.
static PLAIN: LazyLock<Loaded> = LazyLock::new(|| {
    // Bytes of a crate that never change: the tests of this file load them.
    Loaded::new(dejavu::sans_condensed::regular()).expect("DejaVu Sans Condensed is a font")
});
static BOLD: LazyLock<Loaded> = LazyLock::new(|| {
    // See above.
    Loaded::new(dejavu::sans_condensed::bold()).expect("DejaVu Sans Condensed Bold is a font")
});

impl Face {
    fn loaded(self) -> &'static Loaded {
        if self.bold { &BOLD } else { &PLAIN }
    }

    /// The face as it is drawn.
    pub(super) fn font(self) -> Font {
        self.loaded().drawn.clone()
    }

    /// From one line to the next, in points.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.35
    }

    /// How far a letter, or what is drawn in its place, moves what comes after it, in points.
    fn advance(self, letter: char) -> f32 {
        let face = &self.loaded().measured;
        let glyph = face.glyph_index(letter).or_else(|| face.glyph_index(MISSING));
        let wide = glyph.and_then(|glyph| face.glyph_hor_advance(glyph));
        f32::from(wide.unwrap_or(0)) / f32::from(face.units_per_em()) * self.size
    }

    /// How wide a text is at most, in points: pairs of letters that are drawn closer together are not looked at.
    pub(super) fn width(self, text: &str) -> f32 {
        text.chars().map(|letter| self.advance(letter)).sum()
    }

    /// A text on one line, in letters that the face has.
    pub(super) fn lettered(self, text: &str) -> String {
        let face = &self.loaded().measured;
        let known =
            |letter: char| if face.glyph_index(letter).is_some() { letter } else { MISSING };
        one_line(text).chars().map(known).collect()
    }

    /// How many letters of a line are drawn as a replacement.
    pub(super) fn replaced(self, line: &str) -> usize {
        let face = &self.loaded().measured;
        line.chars().filter(|letter| face.glyph_index(*letter).is_none()).count()
    }

    /// Lines that are no wider than there is room, in points; words that are wider alone are broken. Never none. Letters
    /// that the face does not have are still in them.
    pub(super) fn wrapped(self, text: &str, room: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut wide) = (String::new(), 0.0);
        for word in one_line(text).split(' ').filter(|word| !word.is_empty()) {
            let gap = if line.is_empty() { 0.0 } else { self.advance(' ') };
            let word_wide = self.width(word);
            if wide + gap + word_wide <= room {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                wide += gap + word_wide;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            wide = 0.0;
            for letter in word.chars() {
                let advance = self.advance(letter);
                // A mark above a letter (no advance) stays with it.
                if wide + advance > room && !line.is_empty() && advance > 0.0 {
                    lines.push(std::mem::take(&mut line));
                    wide = 0.0;
                }
                line.push(letter);
                wide += advance;
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_no_letter() {
        let texts = [
            ("one two three", 30.0),
            ("unbreakableunbreakable", 20.0),
            ("", 9.0),
            ("Zażółć gęślą jaźń", 24.0),
        ];
        for (text, room) in texts {
            let lines = TEXT.wrapped(text, room);
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
            let fits = |line: &String| TEXT.width(line) <= room || line.chars().count() == 1;
            assert!(lines.iter().all(fits), "{lines:?}");
        }
    }

    #[test]
    fn what_has_no_letter_is_seen_to_be_missing() {
        assert_eq!(TEXT.lettered("Grüße — „日“\u{1b}"), "Grüße — „\u{fffd}“ ");
        assert_eq!(HEADING.lettered("Łódź Ελλάδα → ≤ −"), "Łódź Ελλάδα → ≤ −");
        assert_eq!(TEXT.replaced("Grüße — „日“"), 1);
        // It takes the room of what is drawn in its place.
        assert!(TEXT.width("日本") > 2.0 && TEXT.wrapped("日本", 1.0).len() == 2);
        assert_eq!(TEXT.wrapped("日\u{1b}本", 200.0), ["日 本"]);
    }

    #[test]
    fn bold_is_wider() {
        assert!(HEAD.width("Deadline") > CELL.width("Deadline"));
        assert_eq!(CELL.width(""), 0.0);
    }
}
