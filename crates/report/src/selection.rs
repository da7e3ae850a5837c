//! Tells what speaks for and against a dependency before it is added: the verdict first, then every
//! reason that somebody must read, worst first; what is fine in one line.

pub mod json;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::inert::is_command;
use crate::table::{Style, count, shorten};

/// What a reason, or all of them, come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Nothing speaks against it.
    Fine,
    /// Somebody should look at it.
    Warned,
    /// It cannot be said.
    Unknown,
    /// It is refused.
    Denied,
}

impl Sign {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sign::Fine => "fine",
            Sign::Warned => "warned",
            Sign::Unknown => "unknown",
            Sign::Denied => "denied",
        }
    }

    const fn shape(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Sign::Denied, false) => "■",
            (Sign::Denied, true) => "#",
            (Sign::Warned, false) => "▲",
            (Sign::Warned, true) => "!",
            (Sign::Unknown, _) => "?",
            (Sign::Fine, false) => "○",
            (Sign::Fine, true) => "o",
        }
    }

    const fn colour(self) -> Ansi {
        match self {
            Sign::Denied => AnsiColor::Red.on_default(),
            Sign::Warned => AnsiColor::Yellow.on_default(),
            Sign::Unknown => AnsiColor::Magenta.on_default(),
            Sign::Fine => AnsiColor::Green.on_default(),
        }
    }
}

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it comes to.
    pub sign: Sign,
    /// What was looked at (`licence`).
    pub rule: &'a str,
    /// What was found, in words.
    pub found: &'a str,
    /// Who says so.
    pub source: &'a str,
    /// Whether data was missing.
    pub unknown: bool,
    /// Whether it is told where it is fine, too.
    pub always: bool,
}

/// A dependency that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// The package, as a purl.
    pub package: &'a str,
    /// What all reasons come to.
    pub verdict: Sign,
    /// The reasons, worst first.
    pub lines: Vec<Line<'a>>,
    /// When its registry was asked. `None`: it was not, or did not answer.
    pub asked: Option<Timestamp>,
}

/// Writes what was found. With [`Style::verbose`], what is fine as well.
///
/// # Errors
/// Writing fails.
pub fn write(view: &View<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let painted = |ansi: Ansi, text: &str| match style.colour {
        true => format!("{ansi}{text}{ansi:#}"),
        false => text.to_owned(),
    };
    let mark = |sign: Sign| painted(sign.colour(), sign.shape(style.ascii));
    let number = |sign: Sign| view.lines.iter().filter(|l| !l.unknown && l.sign == sign).count();
    // Nothing that was found is warned of: what is missing is.
    let word = match view.verdict {
        Sign::Warned if number(Sign::Warned) == 0 => "warned: not all is known",
        verdict => verdict.as_str(),
    };
    let room = style.width.saturating_sub(word.len() + 4).max(12);
    let package = shorten(&inert(view.package), room, style.ascii);
    let package = painted(Ansi::new().bold(), &package);
    writeln!(out, "{} {package}  {}", mark(view.verdict), painted(view.verdict.colour(), word))?;
    // Missing data is shown, also where no rule needs it.
    let quiet = |l: &&Line<'_>| l.sign == Sign::Fine && !l.unknown && !l.always && !style.verbose;
    for line in view.lines.iter().filter(|l| !quiet(l)) {
        let sign = if line.unknown { Sign::Unknown } else { line.sign };
        let source = match line.source {
            "" => String::new(),
            source => format!(" ({})", inert(source)),
        };
        let said = format!("{}{source}", inert(line.found));
        let mut rest = folded(&said, style.width.saturating_sub(INDENT).max(20)).into_iter();
        let first = rest.next().unwrap_or_default();
        writeln!(out, "  {} {:<16} {first}", mark(sign), line.rule)?;
        for more in rest {
            writeln!(out, "{:INDENT$}{more}", "")?;
        }
    }
    let unknown = view.lines.iter().filter(|l| l.unknown).count();
    let asked = match view.asked {
        Some(asked) => {
            format!("registry asked at {}", asked.strftime("%Y-%m-%d %H:%M UTC"))
        }
        None => "the registry did not answer".to_owned(),
    };
    let summary = format!(
        "{}: {} denied, {} warned, {unknown} unknown, {} fine; {asked}",
        count(view.lines.len(), "rule"),
        number(Sign::Denied),
        number(Sign::Warned),
        number(Sign::Fine),
    );
    writeln!(out, "{}", painted(Ansi::new().dimmed(), &summary))
}

/// Columns before what was found.
const INDENT: usize = 21;

/// What others wrote, without what a terminal takes as a command.
fn inert(text: &str) -> String {
    text.chars().map(|c| if is_command(c) { '\u{FFFD}' } else { c }).collect()
}

/// In lines of a width, broken between words; a longer word has a line of its own.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(style: Style) -> String {
        let line = |sign, rule, found, unknown| Line {
            sign,
            rule,
            found,
            source: "npm view",
            unknown,
            always: rule == "brings",
        };
        let view = View {
            package: "pkg:npm/left-pad@1.3.0",
            verdict: Sign::Denied,
            lines: vec![
                line(Sign::Denied, "licence", "WTFPL: the charter does not allow it", false),
                line(
                    Sign::Warned,
                    "yanked",
                    "deprecated: use the string's own \u{1b}[31mmethod that pads at its start, which every engine of the last ten years has",
                    false,
                ),
                line(Sign::Warned, "archived", "unknown: whether the project is archived", true),
                line(Sign::Fine, "name", "not close to a popular name", false),
                line(Sign::Fine, "brings", "47 packages", false),
            ],
            asked: "2026-11-21T14:00:00Z".parse().ok(),
        };
        let mut out = Vec::new();
        write(&view, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_verdict_comes_first_and_what_is_fine_is_counted() {
        insta::assert_snapshot!(told(Style::default()), @r"
        ■ pkg:npm/left-pad@1.3.0  denied
          ■ licence          WTFPL: the charter does not allow it (npm view)
          ▲ yanked           deprecated: use the string's own �[31mmethod that pads at its start, which
                             every engine of the last ten years has (npm view)
          ? archived         unknown: whether the project is archived (npm view)
          ○ brings           47 packages (npm view)
        5 rules: 1 denied, 1 warned, 1 unknown, 2 fine; registry asked at 2026-11-21 14:00 UTC
        ");
    }

    #[test]
    fn what_is_warned_of_for_missing_data_alone_says_so() {
        let head = |unknown: bool| {
            let line = Line {
                sign: Sign::Warned,
                rule: "archived",
                found: "whether the project is archived",
                source: "",
                unknown,
                always: false,
            };
            let package = "pkg:npm/left-pad@1.3.0";
            let view = View { package, verdict: Sign::Warned, lines: vec![line], asked: None };
            let mut out = Vec::new();
            write(&view, Style::default(), &mut out).unwrap();
            String::from_utf8(out).unwrap().lines().next().unwrap_or_default().to_owned()
        };
        assert!(head(true).ends_with("  warned: not all is known"), "{}", head(true));
        assert!(head(false).ends_with("  warned"), "{}", head(false));
    }

    #[test]
    fn verbose_tells_all_and_ascii_is_ascii_in_what_is_ours() {
        let text = told(Style { verbose: true, ascii: true, ..Style::default() });
        assert!(
            text.contains("  o name             not close to a popular name (npm view)"),
            "{text}"
        );
        assert!(text.starts_with("# pkg:npm/left-pad@1.3.0  denied"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 100), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(told(Style { colour: true, ..Style::default() }).contains("\u{1b}["));
    }
}
