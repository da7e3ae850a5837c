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
    /// Something is wrong, but the answer is valid.
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
            /// Whether it means that something was not examined (exit code 3).
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
    EntryIgnored, "entry-ignored", Note, false, "Entries that are not packages (services, for example) were left out.";
    FormatVersion, "format-version", Error, true, "The file is of a format version that this build does not read.";
    EntityRefused, "entity-refused", Error, true, "An XML file declares entities; they are not expanded and the file is not read.";
    PathEscapes, "path-escapes", Warning, false, "A file refers to another one outside the scanned root; the reference is not followed.";
    ReferenceMissing, "reference-missing", Warning, false, "A file refers to another one that is not in the tree.";
    SymlinkLoop, "symlink-loop", Warning, false, "A symbolic link leads back to a folder above it and is not followed.";
    ParserFault, "parser-fault", Error, true, "A reader failed unexpectedly on this file; please report it.";
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
    ConfigMalformed, "config-malformed", Error, false, "A settings file cannot be read, or asks for something that is not possible.";
    CharterInvalid, "charter-invalid", Error, false, "A charter contradicts itself, or names something that it does not define.";
    CharterWeak, "charter-weak", Warning, false, "A charter leaves something open that the parties should agree on.";
    ContextUnknown, "context-unknown", Warning, false, "What a system is (tier, exposure, data, environments) is not stated; the charter's assumptions are used.";
    SystemEmpty, "system-empty", Warning, false, "The folders of a system hold no file that lists components, or belong to another system.";
    ExceptionExpired, "exception-expired", Error, false, "An exception, or a decision *not affected*, is past its last day and no longer holds.";
    ExceptionUnused, "exception-unused", Warning, false, "An exception, a decision *not affected* or an ignore matches no finding.";
    ExceptionOverlong, "exception-overlong", Error, false, "An exception lasts longer than the charter allows for its level; it holds only so long.";
    ExceptionSelfApproved, "exception-self-approved", Error, false, "An exception, or a decision *not affected*, was approved by its own author and does not hold.";
    ExceptionUnapproved, "exception-unapproved", Error, false, "An exception, or a decision *not affected*, was approved by nobody, or by somebody who may not, and does not hold.";
    ExceptionNoControl, "exception-no-control", Error, false, "An exception lacks the compensating control that the charter requires from its level on; it does not hold.";
    ExceptionNoExpiry, "exception-no-expiry", Warning, false, "An exception has no last day; it holds only as long as the charter allows from its beginning.";
    DecisionUnjustified, "decision-unjustified", Error, false, "A decision *not affected* gives no justification, or one that is not one of the five labels; it does not hold.";
    DecisionMalicious, "decision-malicious", Error, false, "An exception, or a decision *not affected*, is about malware, for which there is none; it does not hold.";
    HistoryMalformed, "history-malformed", Error, false, "The file that records when findings were first seen cannot be understood or continued; it is left as it is, and no clock starts again.";
    VexMalformed, "vex-malformed", Error, true, "A VEX document cannot be read, or a statement in it breaks the rules of its format.";
    VexConflict, "vex-conflict", Warning, false, "VEX statements, or decisions of our own, about the same product and vulnerability contradict each other.";
    VexStale, "vex-stale", Warning, false, "A VEX statement, or a decision *not affected*, is older than what it speaks about, and is not applied.";
    VexAgeUnknown, "vex-age-unknown", Note, false, "A VEX statement holds, and it is not known whether the advisory changed in substance after it.";
    VexLossy, "vex-lossy", Warning, false, "Something that a statement says has no place in the format that is written, and was left out.";
    IgnoreInexpressible, "ignore-inexpressible", Warning, false, "A rule of another tool's ignore file says something that an exception cannot say, and was left out.";
    PolicyMalformed, "policy-malformed", Error, true, "A policy is not valid Rego, or does not follow what the gate expects of it.";
    PolicyFailed, "policy-failed", Error, true, "A policy could not be evaluated: an error, or a limit of time or memory.";
    AgreementChanged, "agreement-changed", Warning, false, "A change touches the charter, exceptions, policies or settings that it is gated by.";
    MetadataUnavailable, "metadata-unavailable", Warning, false, "What a registry knows about a package could not be fetched; it counts as unknown.";
    ReportIncomplete, "report-incomplete", Warning, true, "A report says that not everything was examined, or does not say what was; what is missing in it may not be gone.";
    ReportUnknown, "report-unknown", Error, true, "A file is not a report of a known scanner.";
    Usage, "usage", Error, false, "The command line or configuration asks for something that is not possible.";
    GitFailed, "git-failed", Error, true, "Git could not do what a change needs.";
    BranchTaken, "branch-taken", Error, false, "A branch that would be written is checked out, or holds commits that are not Trimtab's.";
    TestMissing, "test-missing", Error, false, "It is not known how to test a project.";
    TestsUntold, "tests-untold", Warning, true, "Whether a change breaks tests cannot be told: they already failed before it, or were not run.";
    RegistryAway, "registry-away", Warning, true, "A registry did not answer, so what can be done is not known.";
    ChangeWorse, "change-worse", Error, false, "A change makes something worse and is refused.";
    HostRefused, "host-refused", Error, true, "A git host could not be reached, or refused a request.";
    TrackerRefused, "tracker-refused", Error, true, "A tracker could not be reached, or refused a ticket.";
    BatchUnknown, "batch-unknown", Error, false, "There is no batch with this name, or no commit of it.";
    RollbackConflict, "rollback-conflict", Error, false, "A batch cannot be reverted by itself, because what it changed was changed again since.";
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
    /// The place itself, for files that people write. Not part of what is saved.
    pub excerpt: Option<Excerpt>,
}

/// A line of a file that a person wrote, and the part of it that is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    /// The line, without its end, at most 200 characters. What is far to the right is cut, with
    /// `…`.
    pub line: Box<str>,
    /// The one-based column in the file, in characters.
    pub column: u32,
    /// The first character that is meant, counted from 0, in `line`.
    pub start: u32,
    /// How many characters are meant, at least 1.
    pub len: u32,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(code: Code, message: impl Into<Box<str>>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            file: None,
            line: None,
            help: None,
            excerpt: None,
        }
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

    /// The same, at a range of bytes of a text: the line of its start, with the part that is meant.
    /// A range outside of the text, or inside a character, names the line alone.
    #[must_use]
    pub fn at_bytes(mut self, text: &str, bytes: std::ops::Range<usize>) -> Diagnostic {
        const MAX_LINE: usize = 200;
        const FIRST_PART: usize = 60;
        let mut start = bytes.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let last = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let number = text[..start].bytes().filter(|b| *b == b'\n').count() + 1;
        self.line = u32::try_from(number).ok();
        let line = text[first..last].trim_end_matches('\r');
        let before = text[first..start].chars().count();
        let meant =
            text.get(start..bytes.end.min(last)).map_or(1, |part| part.trim_end().chars().count());
        // Of a long line, the piece around the place.
        let cut = if before + FIRST_PART < MAX_LINE { 0 } else { before - FIRST_PART };
        // A tab is as wide as the mark below it.
        let shown = line.chars().skip(cut).map(|c| if c == '\t' { ' ' } else { c });
        let (line, start): (String, usize) = match cut {
            0 => (shown.take(MAX_LINE).collect(), before),
            _ => (['…'].into_iter().chain(shown.take(MAX_LINE - 1)).collect(), FIRST_PART + 1),
        };
        self.excerpt = Some(Excerpt {
            line: line.into(),
            column: u32::try_from(before + 1).unwrap_or(u32::MAX),
            start: u32::try_from(start).unwrap_or(0),
            len: u32::try_from(meant.clamp(1, MAX_LINE - start)).unwrap_or(1),
        });
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
    fn a_place_is_cut_out_of_its_line() {
        let text = "a = 1\nlevel = \"hot\" # why\n";
        let at = text.find("\"hot\"").unwrap();
        let d = Diagnostic::new(Code::Usage, "m").at_bytes(text, at..at + 5);
        assert_eq!(d.line, Some(2));
        let e = d.excerpt.unwrap();
        assert_eq!((&*e.line, e.start, e.len), ("level = \"hot\" # why", 8, 5));
        // Beyond the end, over several lines, and within a character: never a panic.
        let d = Diagnostic::new(Code::Usage, "m").at_bytes(text, 900..950);
        assert_eq!((d.line, d.excerpt.unwrap().len), (Some(3), 1));
        let d = Diagnostic::new(Code::Usage, "m").at_bytes(text, 0..text.len());
        assert_eq!((d.line, d.excerpt.unwrap().len), (Some(1), 5));
        let long = format!("{}x = {}", "é".repeat(500), "y".repeat(500));
        let at = long.find('x').unwrap();
        let e = Diagnostic::new(Code::Usage, "m").at_bytes(&long, at..at + 3).excerpt.unwrap();
        assert_eq!((e.column, e.line.chars().nth(e.start as usize)), (501, Some('x')));
        assert!(e.line.starts_with("…é") && e.line.chars().count() == 200);
        let d = Diagnostic::new(Code::Usage, "m").at_bytes("é", 1..2);
        assert_eq!(d.excerpt.unwrap().start, 0);
    }

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
            assert!(seen.insert(text), "{text} appears twice");
            assert!(code.about().ends_with('.'));
        }
    }
}
