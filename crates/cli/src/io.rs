//! The streams and the surroundings of a run.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use trimtab_connect::registry;

/// Streams, and what the environment says about them.
pub struct Io {
    /// Data.
    pub stdout: Box<dyn Write + Send>,
    /// Talk.
    pub stderr: Box<dyn Write + Send>,
    /// Input where a verb reads it.
    pub stdin: Box<dyn Read + Send>,
    /// Whether standard output wants colour.
    pub colour_out: bool,
    /// Whether standard error wants colour.
    pub colour_err: bool,
    /// Whether standard error is a terminal: progress is drawn on it.
    pub terminal_err: bool,
    /// Only ASCII: the locale is not UTF-8.
    pub ascii: bool,
    /// A variable of the environment by which others tell what runs. `None`: it is not set, or empty.
    pub variable: fn(&str) -> Option<String>,
    /// Where data is kept by default (`…/trimtab`). `None`: the system names no such place.
    pub data_folder: Option<PathBuf>,
    /// Whether writing to standard output failed because nobody reads any more.
    pub closed: bool,
}

impl Io {
    /// The process's own streams. Colour only on a terminal and without `NO_COLOR` (no-color.org).
    pub fn of_process() -> Io {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let colour = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        let (out, err) = (io::stdout(), io::stderr());
        Io {
            colour_out: colour && out.is_terminal(),
            colour_err: colour && err.is_terminal(),
            terminal_err: err.is_terminal(),
            ascii: !locale_is_utf8(|name| std::env::var(name).ok()),
            variable: |name| std::env::var(name).ok().filter(|value| !value.is_empty()),
            data_folder: data_folder(),
            stdout: Box::new(io::BufWriter::with_capacity(1 << 16, out)),
            stderr: Box::new(err),
            stdin: Box::new(io::stdin()),
            closed: false,
        }
    }

    /// How registries are asked at a moment, within the usual limits. Every verb keeps their answers in one folder, so that
    /// what one was told, another need not ask.
    pub fn registries(&self, now: Timestamp) -> registry::Options {
        let cache = self.data_folder.as_ref().map(|folder| folder.join("metadata"));
        registry::Options { cache, ..registry::Options::at(now) }
    }

    /// Writes to standard output. A reader that went away (`| head`) ends the output quietly.
    pub fn out(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// As [`Io::out`], of what need be no text.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.stdout.write_all(bytes).and_then(|()| self.stdout.flush()).is_err() {
            self.closed = true;
        }
    }

    /// Writes to standard error. If that fails, there is nobody to tell.
    pub fn err(&mut self, text: &str) {
        let _ = self.stderr.write_all(text.as_bytes());
        let _ = self.stderr.flush();
    }
}

/// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides (POSIX); none at all is taken for
/// UTF-8, as containers without a locale mostly show it well.
fn locale_is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| variable(n).filter(|v| !v.is_empty()));
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

fn data_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy().ok().map(|base| base.data_dir().join("trimtab"))
}

#[cfg(test)]
mod tests {
    use super::locale_is_utf8;

    #[test]
    fn the_first_locale_variable_decides() {
        let of = |pairs: &'static [(&str, &str)]| {
            locale_is_utf8(|n| pairs.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
        };
        assert!(of(&[]));
        assert!(of(&[("LANG", "en_GB.UTF-8")]));
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(of(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
    }
}
