//! Text on a terminal that is wrapped between words, so that nothing is wider than it but names that cannot be
//! broken. What a terminal would take as a command is a blank.

use std::io::{self, Write};

use anstyle::Style as Ansi;
use unicode_width::UnicodeWidthStr;

use crate::inert::one_line;
use crate::table::Style;

/// Where paragraphs are written, and how.
pub(crate) struct Paragraphs<'o> {
    pub(crate) style: Style,
    pub(crate) out: &'o mut dyn Write,
}

impl Paragraphs<'_> {
    /// A text on lines of its own: `first` before the first line, `rest` before the others.
    pub(crate) fn paragraph(
        &mut self,
        first: &str,
        rest: &str,
        text: &str,
        ansi: Ansi,
    ) -> io::Result<()> {
        write!(self.out, "{first}")?;
        self.wrapped(first.width(), rest, text, ansi)
    }

    /// Text from a column on, wrapped between words; what follows the first line is indented.
    pub(crate) fn wrapped(
        &mut self,
        from: usize,
        rest: &str,
        text: &str,
        ansi: Ansi,
    ) -> io::Result<()> {
        let text = one_line(text);
        let mut line = String::new();
        let mut column = from;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && column + 1 + word.width() > self.style.width {
                writeln!(self.out, "{}", self.paint(ansi, &line))?;
                write!(self.out, "{rest}")?;
                line.clear();
                column = rest.width();
            }
            if !line.is_empty() {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += word.width();
        }
        writeln!(self.out, "{}", self.paint(ansi, &line))
    }

    /// A text in a colour, where there are colours.
    pub(crate) fn paint(&self, ansi: Ansi, text: &str) -> String {
        if self.style.colour && ansi != Ansi::new() {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_commands_no_terminal() {
        let mut out = Vec::new();
        let mut lines =
            Paragraphs { style: Style { colour: true, ..Style::default() }, out: &mut out };
        lines.paragraph("- ", "  ", "a\u{1b}[31mb\u{7}\u{202e}c\nd", Ansi::new()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "- a [31mb c d\n");
    }
}
