//! Diagnostics: what went wrong, with which item, in which file and line, and what to do next.
//!
//! Codes are stable: people search for them and scripts match them. One table line per code; the
//! page `docs/diagnostics.md` is generated from it.

use std::fmt;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something is off, the answer stands.
    Warning,
    /// Something could not be done.
    Error,
}

impl Severity {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

macro_rules! codes {
    ($( $variant:ident, $text:literal, $severity:ident, $incomplete:literal, $about:literal; )*) => {
        /// The stable name of a kind of diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $( #[doc = $about] $variant, )* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[ $( Code::$variant, )* ];
            /// The stable spelling.
            pub const fn as_str(self) -> &'static str { match self { $( Code::$variant => $text, )* } }
            /// How much it matters.
            pub const fn severity(self) -> Severity { match self { $( Code::$variant => Severity::$severity, )* } }
            /// Whether it means that something was not looked at (exit code 3).
            pub const fn makes_incomplete(self) -> bool { match self { $( Code::$variant => $incomplete, )* } }
            /// One sentence for the page of codes.
            pub const fn about(self) -> &'static str { match self { $( Code::$variant => $about, )* } }
        }
    };
}

codes! {
    // variant, spelling, severity, incomplete?, meaning
    FileUnreadable, "file-unreadable", Error, true, "A file or folder could not be opened or read.";
    FileTooLarge, "file-too-large", Error, true, "A file is larger than the reader's limit and was not read.";
    FileMalformed, "file-malformed", Error, true, "A file is not in the format that its name promises.";
    FileTruncated, "file-truncated", Error, true, "A file ends in the middle of a value.";
    FileTooDeep, "file-too-deep", Error, true, "A file is nested deeper than the reader's limit.";
    FileNotText, "file-not-text", Error, true, "A file that must be text is not valid UTF-8.";
    FileLimit, "file-limit", Error, true, "A count or time limit was reached; the rest of the file or tree was not read.";
    EntryMalformed, "entry-malformed", Warning, true, "One entry of a file could not be understood and was left out; the rest was read.";
    EntryIgnored, "entry-ignored", Note, false, "Entries of a kind that is no package (services, for example) were not taken over.";
    FormatVersion, "format-version", Error, true, "The file is of a format version that this build does not read.";
    EntityRefused, "entity-refused", Error, true, "An XML file declares entities; they are not expanded and the file is not read.";
    PathEscapes, "path-escapes", Warning, false, "A file refers to another one outside the scanned root; the reference is not followed.";
    ReferenceMissing, "reference-missing", Warning, false, "A file refers to another one that is not in the tree.";
    SymlinkLoop, "symlink-loop", Warning, false, "A symbolic link leads back to a folder above it and is not followed.";
    ParserFault, "parser-fault", Error, true, "A reader failed in an unforeseen way on this file; please report it.";
    UnresolvedOffline, "unresolved-offline", Note, false, "A version cannot be known without asking the network.";
    NothingFound, "nothing-found", Warning, true, "No file that lists dependencies was found under the path.";
    IndexMissing, "index-missing", Error, true, "There is no advisory index.";
    IndexCorrupt, "index-corrupt", Error, true, "The advisory index is damaged and is refused.";
    IndexVersion, "index-version", Error, true, "The advisory index was written by another version of its format.";
    IndexOld, "index-old", Warning, false, "The advisory data is older than a week.";
    AdvisoryMalformed, "advisory-malformed", Warning, false, "An advisory could not be read and is not in the index.";
    FeedUnavailable, "feed-unavailable", Error, true, "A feed could not be fetched; the old data stays in use.";
    VersionUnknown, "version-unknown", Note, false, "A component has no version that can be compared.";
    EcosystemUnknown, "ecosystem-unknown", Note, false, "A component is of an ecosystem without advisories or version order.";
    Usage, "usage", Error, false, "The command line or configuration asks for something that is not possible.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that the person who runs Trimtab should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The stable kind.
    pub code: Code,
    /// What happened, to which item: one sentence without a full stop.
    pub message: Box<str>,
    /// The file, relative to the scanned root. Readers leave it empty; the walker fills it in.
    pub file: Option<Box<str>>,
    /// One-based line.
    pub line: Option<u32>,
    /// The next step.
    pub help: Option<Box<str>>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(code: Code, message: impl Into<Box<str>>) -> Diagnostic {
        Diagnostic { code, message: message.into(), file: None, line: None, help: None }
    }

    /// The same, at a one-based line.
    #[must_use]
    pub fn at_line(mut self, line: u32) -> Diagnostic {
        self.line = Some(line);
        self
    }

    /// The same, in a file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<Box<str>>) -> Diagnostic {
        self.file = Some(file.into());
        self
    }

    /// The same, with the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<Box<str>>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
            assert!(seen.insert(text), "{text} stands twice");
            assert!(code.about().ends_with('.'));
        }
    }
}
