//! Bytes to text: UTF-8 with or without a byte order mark, and UTF-16 where a mark announces it
//! (.NET tools write it).

use std::borrow::Cow;

use trimtab_model::{Code, Diagnostic};

/// Decodes a file's bytes.
///
/// # Errors
/// The bytes are not text; the diagnostic names the line of the first bad byte.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|e| {
        let line = 1 + bytes.iter().take(e.valid_up_to()).filter(|b| **b == b'\n').count();
        Diagnostic::new(Code::FileNotText, "the file is not valid UTF-8")
            .at_line(u32::try_from(line).unwrap_or(u32::MAX))
            .help("save it as UTF-8, or leave it out of the scan")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Diagnostic> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().map(Cow::Owned).map_err(|_| {
        Diagnostic::new(Code::FileNotText, "the file announces UTF-16 and is not valid UTF-16")
            .help("save it as UTF-8, or leave it out of the scan")
    })
}

/// Positions of line starts, for turning an offset into a line number.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    newlines: Vec<u32>,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Lines {
        // A file has fewer than 2³² bytes: the walker's limit.
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        let newlines = newlines.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect();
        Lines { newlines }
    }

    /// The one-based line that holds the byte at `offset`.
    pub fn at(&self, offset: usize) -> u32 {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let before = self.newlines.partition_point(|n| *n < offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The same, from a line on that was asked for before: where offsets mostly ascend, the next
    /// one is found in a few steps.
    pub fn at_from(&self, line: u32, offset: usize) -> u32 {
        const STEPS: usize = 8;
        let from = (line.max(1) - 1) as usize;
        let ahead = self.newlines.get(from..).unwrap_or_default();
        let behind = from.checked_sub(1).and_then(|at| self.newlines.get(at)).copied();
        if behind.is_none_or(|newline| (newline as usize) < offset)
            && let Some(steps) = ahead.iter().take(STEPS).position(|n| *n as usize >= offset)
        {
            return line.max(1).saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        }
        self.at(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_understood_and_bad_bytes_are_placed() {
        assert_eq!(decode(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(decode(b"\xFF\xFEa\0b\0").unwrap(), "ab");
        assert_eq!(decode(b"\xFE\xFF\0a").unwrap(), "a");
        let bad = decode(b"a\nb\xFF").unwrap_err();
        assert_eq!((bad.code, bad.line), (Code::FileNotText, Some(2)));
    }

    #[test]
    fn offsets_become_lines() {
        let lines = Lines::of("a\nbc\n\nd");
        let offsets = [0, 1, 2, 4, 5, 6, 99];
        assert_eq!(offsets.map(|o| lines.at(o)), [1, 1, 2, 2, 3, 4, 4]);
        for from in 0..6 {
            assert_eq!(offsets.map(|o| lines.at_from(from, o)), offsets.map(|o| lines.at(o)));
        }
    }
}
