//! The output of a program that may write without end: its beginning and its end are kept.

use std::collections::VecDeque;

/// How much of the end is kept besides, in bytes.
const TAIL: usize = 256 << 10;

/// How lines begin, in small letters, that say what is wrong or what helps.
const COMPLAINTS: &[&str] = &["error", "fatal", "hint:", "npm err", "× "];

/// What is kept of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    most: usize,
    lost: u64,
}

impl Kept {
    /// Keeps the first `most` bytes, and some of the last.
    pub(crate) fn new(most: usize) -> Kept {
        Kept { most, ..Kept::default() }
    }

    /// Takes in what came.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let room = self.most.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.lost += over as u64;
    }

    /// How many bytes are lost between beginning and end.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The text; where something is lost, a line says how much.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.lost > 0 {
            text.push_str(&format!("\n… {} bytes are left out …\n", self.lost));
        }
        let (a, b) = self.tail.as_slices();
        text.push_str(&String::from_utf8_lossy(&[a, b].concat()));
        text
    }

    /// The last lines, at most so many, each bounded; without what terminals take as commands.
    pub fn last(&self, lines: usize) -> Vec<String> {
        let text = self.text();
        let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let from = all.len().saturating_sub(lines);
        all.iter().skip(from).map(|line| told(line)).collect()
    }

    /// The last lines that say what is wrong or what helps, at most so many; the last of all where none says so. Compilers
    /// write many others between them.
    pub(crate) fn complaint(&self, lines: usize) -> Vec<String> {
        let text = self.text();
        let is_said = |line: &&str| {
            let line = line.trim_start().to_ascii_lowercase();
            COMPLAINTS.iter().any(|begin| line.starts_with(begin))
        };
        let all: Vec<&str> = text.lines().filter(is_said).collect();
        if all.is_empty() {
            return self.last(lines);
        }
        let from = all.len().saturating_sub(lines);
        all.iter().skip(from).map(|line| told(line.trim())).collect()
    }
}

/// A line for people: what stands in columns stays apart where tabs are left out.
pub(crate) fn told(line: &str) -> String {
    plain(line).replace('\t', " ")
}

/// A line without escapes and control characters, bounded.
pub(crate) fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // A sequence `ESC [ … letter`.
            if rest.next_if_eq(&'[').is_some() {
                while rest.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
            }
        } else if c == '\t' || !c.is_control() {
            out.push(c);
        }
        if out.len() > 500 {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_without_what_a_compiler_wrote() {
        let of = |text: &str| {
            let mut kept = Kept::new(1000);
            kept.take(text.as_bytes());
            kept.complaint(3)
        };
        let uv = "  × Failed to build `left==1.0`\n  249 | if (x) {\n      | ^~\n  error: Command failed\n\n  hint: left was included\n";
        let told =
            ["× Failed to build `left==1.0`", "error: Command failed", "hint: left was included"];
        assert_eq!(of(uv), told);
        assert_eq!(of("one\ntwo\n"), ["one", "two"]);
    }

    #[test]
    fn beginning_and_end_are_kept() {
        let mut kept = Kept::new(3);
        kept.take(b"abcd");
        kept.take(&vec![b'x'; TAIL]);
        kept.take(b"yz");
        assert_eq!(kept.lost(), 3);
        let text = kept.text();
        assert!(text.starts_with("abc\n… 3 bytes are left out …\nx") && text.ends_with("xyz"));
    }

    #[test]
    fn escapes_are_taken_out() {
        assert_eq!(plain("\u{1b}[32m✓\u{1b}[39m a\u{7}\tb\r"), "✓ a\tb");
        assert_eq!(told("FAIL\texample.com/a\t0.017s"), "FAIL example.com/a 0.017s");
    }
}
