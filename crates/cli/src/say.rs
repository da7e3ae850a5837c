//! How the command talks on standard error: errors and warnings with their code, place and next step.

use anstyle::{AnsiColor, Style};
use trimtab_model::{Diagnostic, DiagnosticSeverity};
use unicode_width::UnicodeWidthStr;

use crate::io::Io;

/// Tells a diagnostic.
pub fn diagnostic(io: &mut Io, diagnostic: &Diagnostic) {
    let severity = diagnostic.code.severity();
    let colour = match severity {
        DiagnosticSeverity::Error => AnsiColor::Red,
        DiagnosticSeverity::Warning => AnsiColor::Yellow,
        DiagnosticSeverity::Note => AnsiColor::Blue,
    };
    let style = if io.colour_err {
        Style::new().bold().fg_color(Some(colour.into()))
    } else {
        Style::new()
    };
    let mut text = format!(
        "{style}{}[{}]{style:#}: {}\n",
        severity.as_str(),
        diagnostic.code,
        printable(&diagnostic.message)
    );
    if let Some(file) = &diagnostic.file {
        let line = diagnostic.line.map_or(String::new(), |l| format!(":{l}"));
        let column = diagnostic.excerpt.as_ref().map(|e| format!(":{}", e.column));
        let line = line + &column.unwrap_or_default();
        let arrow = if io.ascii { "-->" } else { "╰─▶" };
        text.push_str(&format!("  {arrow} {}{line}\n", printable(file)));
    }
    if let Some(excerpt) = &diagnostic.excerpt {
        let number = diagnostic.line.map_or(String::new(), |l| l.to_string());
        let bar = if io.ascii { "|" } else { "│" };
        let gap = " ".repeat(number.len());
        let line = printable(&excerpt.line);
        let (start, len) = (excerpt.start as usize, excerpt.len as usize);
        text.push_str(&format!("  {number} {bar} {line}\n"));
        let before = " ".repeat(columns(&line, 0, start));
        let marks = "^".repeat(columns(&line, start, len).max(1));
        text.push_str(&format!("  {gap} {bar} {before}{style}{marks}{style:#}\n"));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("  help: {}\n", printable(help)));
    }
    io.err(&text);
}

/// Diagnostics on one screen: all errors and warnings up to a bound, then how many more.
pub fn diagnostics<'d>(io: &mut Io, all: impl Iterator<Item = &'d Diagnostic>, verbose: bool) {
    const SHOWN: usize = 20;
    let mut hidden = 0usize;
    let mut shown = 0usize;
    for d in all {
        let worth = verbose || d.code.severity() != DiagnosticSeverity::Note;
        if worth && (verbose || shown < SHOWN) {
            diagnostic(io, d);
            shown += 1;
        } else if worth {
            hidden += 1;
        }
    }
    if hidden > 0 {
        io.err(&format!("{hidden} more problems: --verbose shows all\n"));
    }
}

/// How many columns some characters of a line take: some take two, some none.
fn columns(line: &str, start: usize, len: usize) -> usize {
    let part: String = line.chars().skip(start).take(len).collect();
    // Beyond the end stands nothing, as wide as the mark.
    part.width() + len.saturating_sub(part.chars().count())
}

/// Text without characters that a terminal takes as commands, on one line: names of files and
/// packages are not ours. What turns the direction of text (U+202A and others) hides it as well.
fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{FFFD}' } else { c }).collect()
}
