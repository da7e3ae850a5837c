//! What goes before every command of git, so that no setting of the user or the repository makes it run a
//! program, ask, or say something in other words than those that are read.

/// The arguments, in front of the command.
pub(crate) const SAFE: &[&str] = &[
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "fetch.writeCommitGraph=false",
    // What is read out of the log is not for people; and no program checks signatures.
    "-c",
    "log.showSignature=false",
    "-c",
    "log.follow=false",
    "-c",
    "log.showRoot=true",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "-c",
    "grep.patternType=basic",
    "-c",
    "color.ui=false",
];
