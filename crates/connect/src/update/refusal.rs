//! Why a proposal is not confirmed, for the person who must act.

use std::fmt;

use trimtab_model::Proposal;

use super::change::{Change, Ran};

/// A requirement that stands in the way: `left@2` requires `right <3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// Who requires, with its version where the tool tells it.
    pub who: String,
    /// What is required.
    pub needs: String,
    /// In which versions, as the tool writes them.
    pub range: String,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` requires `{} {}`", self.who, self.needs, self.range)
    }
}

/// Why, with the tool's own words where it has some (`said`: bounded, without secrets).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The program is not installed.
    ToolMissing {
        /// The program.
        program: &'static str,
        /// What to install.
        install: &'static str,
    },
    /// Constraints contradict the wish.
    Conflict {
        /// Who stands in the way, as far as the tool names it.
        blockers: Vec<Blocker>,
        /// The tool's words.
        said: String,
    },
    /// The tool resolved, and the package did not move.
    Unchanged {
        /// Whose requirements hold it, where that is known.
        blockers: Vec<Blocker>,
    },
    /// A registry was not reached, or did not answer as it should.
    Registry(String),
    /// The time was over, in seconds.
    TimeLimit(u64),
    /// The tool wrote more than this, in bytes.
    OutputLimit(usize),
    /// The tool has no way to do this, in words.
    Unsupported(String),
    /// What was to be raised has no later version.
    NoLater,
    /// No manifest of the project names the package as a dependency that can be edited.
    NotNamed(String),
    /// It would move a package to a lower version.
    Downgrade {
        /// The package.
        package: String,
        /// What is locked.
        from: String,
        /// The lower version.
        to: String,
    },
    /// The tool would run code out of the project, and the options forbid it.
    ProjectCode(&'static str),
    /// A package has only a source distribution, whose build would be run, and the options forbid it.
    NoWheel {
        /// The package.
        package: String,
        /// Its version; empty where that is not told.
        version: String,
        /// What was to move, and what the package asks of it is not known without its build.
        asked: Option<String>,
    },
    /// The tool ended with an error of another kind, in its words.
    Failed(String),
    /// The copy could not be made or read, in words.
    Scratch(String),
}

impl Reason {
    /// The stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::ToolMissing { .. } => "tool-missing",
            Reason::Conflict { .. } => "conflict",
            Reason::Unchanged { .. } => "unchanged",
            Reason::Registry(_) => "registry",
            Reason::TimeLimit(_) => "time-limit",
            Reason::OutputLimit(_) => "output-limit",
            Reason::Unsupported(_) => "unsupported",
            Reason::NoLater => "no-later",
            Reason::NotNamed(_) => "not-named",
            Reason::Downgrade { .. } => "downgrade",
            Reason::ProjectCode(_) => "project-code",
            Reason::NoWheel { .. } => "no-wheel",
            Reason::Failed(_) => "failed",
            Reason::Scratch(_) => "scratch",
        }
    }

    /// Whether other versions of the same package would fare the same.
    pub fn stops(&self) -> bool {
        matches!(
            self,
            Reason::ToolMissing { .. }
                | Reason::Registry(_)
                | Reason::TimeLimit(_)
                | Reason::Scratch(_)
                | Reason::ProjectCode(_)
                | Reason::NotNamed(_)
        )
    }

    /// What no version matches that is offered, as npm and pnpm tell it: `left@1.2`.
    pub fn unoffered(&self) -> Option<&str> {
        let Reason::Conflict { said, .. } = self else { return None };
        let (_, rest) = said.split_once("No matching version found for ")?;
        let what = rest.lines().next()?.split(" while ").next()?.trim_end().trim_end_matches('.');
        Some(what).filter(|what| !what.is_empty())
    }

    /// Who stands in the way.
    pub fn blockers(&self) -> &[Blocker] {
        match self {
            Reason::Conflict { blockers, .. } | Reason::Unchanged { blockers } => blockers,
            _ => &[],
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |blockers: &[Blocker]| {
            blockers.iter().map(Blocker::to_string).collect::<Vec<_>>().join("; ")
        };
        match self {
            Reason::ToolMissing { program, install } => {
                write!(f, "`{program}` is not installed: install {install}")
            }
            Reason::Conflict { blockers, said } if blockers.is_empty() => match self.unoffered() {
                Some(what) => write!(f, "the registry offers no version that matches {what}"),
                None => write!(f, "the constraints conflict: {said}"),
            },
            Reason::Conflict { blockers, .. } => f.write_str(&listed(blockers)),
            Reason::Unchanged { blockers } if blockers.is_empty() => {
                f.write_str("nothing changes: the locked version is already the latest that the constraints allow")
            }
            Reason::Unchanged { blockers } => write!(f, "nothing changes: {}", listed(blockers)),
            Reason::Registry(said) => {
                write!(f, "a registry did not answer: {said}; try again, or check its configuration")
            }
            Reason::TimeLimit(seconds) => {
                write!(f, "it took longer than {seconds} s and was stopped")
            }
            Reason::OutputLimit(bytes) => write!(f, "it wrote more than {bytes} bytes"),
            Reason::Unsupported(why) => f.write_str(why),
            Reason::NoLater => f.write_str("there is no later version"),
            Reason::NotNamed(name) => {
                write!(f, "no manifest declares `{name}` with a version that Trimtab can edit")
            }
            Reason::Downgrade { package, from, to } => {
                write!(f, "it would downgrade `{package}` from {from} to {to}")
            }
            Reason::ProjectCode(what) => {
                write!(f, "it would run project code ({what}); allow it with `--project-code`, or make the change by hand")
            }
            Reason::NoWheel { package, version, asked } => {
                let what = format!("{package} {version}");
                let why = "has no wheel, and nothing is built without `--project-code`";
                write!(f, "`{}` {why}", what.trim_end())?;
                match asked {
                    Some(asked) => write!(f, ": its requirement on `{asked}` is unknown"),
                    None => Ok(()),
                }
            }
            Reason::Failed(said) => write!(f, "it ended with an error: {said}"),
            Reason::Scratch(why) => write!(f, "the copy of the project: {why}"),
        }
    }
}

/// A proposal that is not confirmed.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The edit of the manifests that was made or would be made, where there is one.
    pub edits: Vec<Change>,
    /// What to try next.
    pub next: Option<Proposal>,
    /// What was run.
    pub commands: Vec<Ran>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_registry_offers_is_told_so() {
        let told = |said: &str| {
            Reason::Conflict { blockers: Vec::new(), said: said.to_owned() }.to_string()
        };
        let npm = "npm error code ETARGET\nnpm error notarget No matching version found for left@5.6.1.\n\
                   npm error A complete log of this run can be found in: here";
        assert_eq!(told(npm), "the registry offers no version that matches left@5.6.1");
        let other = "npm error code ERESOLVE";
        assert_eq!(told(other), format!("the constraints conflict: {other}"));
        assert_eq!(Reason::NoLater.unoffered(), None);
    }
}
