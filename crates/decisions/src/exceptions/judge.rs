//! Which exceptions are in force, for what, and until when.

use globset::{Glob, GlobBuilder};
use jiff::ToSpan;
use jiff::civil::Date;
use trimtab_model::charter::ExceptionRules;
use trimtab_model::decision::{Exception, Reach};
use trimtab_model::{Code, Diagnostic, Level, Purl};

use super::signed::{Signed, words};

/// What a decision may be about: one occurrence of a finding. A member that is `None` is not known,
/// and a decision that is narrowed by it does not cover the occurrence.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'f> {
    /// Every id of the vulnerability, aliases included.
    pub ids: &'f [Box<str>],
    /// The component.
    pub package: Option<&'f Purl>,
    /// The file that lists it, relative to the root, with `/`.
    pub path: Option<&'f str>,
    /// The system.
    pub system: Option<&'f str>,
    /// The environment.
    pub environment: Option<&'f str>,
}

/// Whether a decision is about an occurrence. Ids are compared without regard to case, with all
/// aliases; a purl without version covers all versions, its qualifiers must be those of the
/// component; a path is a pattern in which `*` stays within a folder.
pub fn covers(reach: &Reach, found: &Found<'_>) -> bool {
    let vulnerability = |wanted: &str| found.ids.iter().any(|id| id.eq_ignore_ascii_case(wanted));
    let package = |wanted: &Purl| found.package.is_some_and(|purl| package_covers(wanted, purl));
    let named = |wanted: &Option<Box<str>>, here: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| here == Some(wanted))
    };
    // The pattern last: it is the only one that costs something.
    let path = |wanted: &str| {
        found.path.is_some_and(|path| {
            let path = path.strip_prefix("./").unwrap_or(path);
            pattern(wanted).is_ok_and(|glob| glob.compile_matcher().is_match(path))
        })
    };
    (reach.vulnerability.is_some() || reach.package.is_some())
        && reach.vulnerability.as_deref().is_none_or(vulnerability)
        && reach.package.as_ref().is_none_or(package)
        && named(&reach.system, found.system)
        && named(&reach.environment, found.environment)
        && reach.path.as_deref().is_none_or(path)
}

/// The exception that accepts an occurrence of a level on a day: of those in force, the one that
/// lasts longest, and until when.
pub fn accepting<'e>(
    exceptions: &'e [Exception],
    found: &Found<'_>,
    level: Level,
    rules: &ExceptionRules,
    today: Date,
) -> Option<(&'e Exception, Option<Date>)> {
    exceptions
        .iter()
        .filter(|exception| covers(&exception.reach, found))
        .filter_map(|exception| match holds(exception, level, rules, today) {
            Standing::Held { until, .. } => Some((exception, until)),
            Standing::NotHeld { .. } => None,
        })
        .max_by_key(|(_, until)| until.unwrap_or(Date::MAX))
}

/// A pattern of paths.
pub(super) fn pattern(text: &str) -> Result<Glob, globset::Error> {
    let text = text.trim();
    let text = text.strip_prefix("./").unwrap_or(text);
    GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build()
}

/// Whether a purl covers another one: the same package, and whatever else it says.
fn package_covers(wanted: &Purl, purl: &Purl) -> bool {
    wanted.package() == purl.package()
        && wanted.version().is_none_or(|version| purl.version() == Some(version))
        && wanted.qualifiers().all(|(key, value)| purl.qualifier(key) == Some(value))
        && wanted.subpath().is_none_or(|subpath| purl.subpath() == Some(subpath))
}

/// Whether a decision is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Held {
        /// The last day on which it is. `None`: without end, which only a charter without limit allows.
        until: Option<Date>,
        /// What is wrong with it all the same: it is longer than allowed, or has no last day.
        diagnostics: Vec<Diagnostic>,
    },
    /// It is not, for these reasons; there is at least one.
    NotHeld {
        /// The reasons.
        diagnostics: Vec<Diagnostic>,
    },
}

impl Standing {
    /// Whether it is in force.
    pub fn is_held(&self) -> bool {
        matches!(self, Standing::Held { .. })
    }

    /// The last day on which it is in force.
    pub fn until(&self) -> Option<Date> {
        match self {
            Standing::Held { until, .. } => *until,
            Standing::NotHeld { .. } => None,
        }
    }

    /// What there is to say.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Standing::Held { diagnostics, .. } | Standing::NotHeld { diagnostics } => diagnostics,
        }
    }
}

/// As many days as the calendar has.
const MOST_DAYS: u32 = 366 * 10_000;

/// Whether an exception is in force on a day for a finding of a level.
///
/// It needs an approver who is not its author, by name or by address, and whose role may approve at
/// this level; a compensating control from the level on that the charter says; and a day on which it
/// was made, where the charter has a limit. It ends on the earlier of its last day and the
/// limit, both included.
pub fn holds(exception: &Exception, level: Level, rules: &ExceptionRules, today: Date) -> Standing {
    let mut refused = consent(exception, level, rules);
    let mut remarks = Vec::new();
    let id = &exception.id;
    let limit = match rules.longest_days[level as usize] {
        None => None,
        Some(0) => {
            refused.push(
                about(exception, Code::ExceptionOverlong, format!(
                    "the exception `{id}` is for a {level} finding, for which the charter allows none"
                ))
                .help("remove the finding; an exception is not a way out here"),
            );
            None
        }
        Some(days) => match exception.created {
            None => {
                refused.push(
                    about(exception, Code::ExceptionOverlong, format!(
                        "the exception `{id}` does not say since when, so that its limit of {days} days for {level} findings cannot be reckoned"
                    ))
                    .help("add `created`, the day on which it was made"),
                );
                None
            }
            // Longer than the calendar is to its end.
            Some(from) => Some((from.saturating_add(i64::from(days.min(MOST_DAYS)).days()), days)),
        },
    };
    refused.extend(Signed::from(exception).beginning(today));
    if exception.expires.is_none() {
        let help = "add `expires`, the last day on which it shall hold";
        let message = format!("the exception `{id}` has no last day");
        remarks.push(about(exception, Code::ExceptionNoExpiry, message).help(help));
    }
    if let (Some((last, days)), Some(expires)) = (limit, exception.expires)
        && expires > last
    {
        remarks.push(
            about(exception, Code::ExceptionOverlong, format!(
                "the exception `{id}` lasts until {expires}, but for a {level} finding at most {days} days, until {last}"
            ))
            .help("end it by then, or remove the finding before"),
        );
    }
    let until = match (exception.expires, limit) {
        (Some(expires), Some((last, _))) => Some(expires.min(last)),
        (expires, limit) => expires.or(limit.map(|(last, _)| last)),
    };
    if let Some(until) = until.filter(|until| today > *until) {
        refused.push(
            about(
                exception,
                Code::ExceptionExpired,
                format!("the exception `{id}` ended on {until} and no longer holds"),
            )
            .help("remove the finding, or decide anew: a new exception with its own approval"),
        );
    }
    if refused.is_empty() {
        Standing::Held { until, diagnostics: remarks }
    } else {
        refused.extend(remarks);
        Standing::NotHeld { diagnostics: refused }
    }
}

/// What is wrong with who asked, who agreed, and the control.
fn consent(exception: &Exception, level: Level, rules: &ExceptionRules) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    let id = &exception.id;
    // A charter that does not say who may ask lets anyone.
    let asks = exception.author.role;
    if !rules.may_ask.is_empty() && asks.is_none_or(|role| !rules.may_ask.contains(&role)) {
        let who = asks.map_or("somebody whose role is not said", |role| role.as_str());
        let message = format!(
            "the exception `{id}` was asked for by {who}, which the charter does not allow"
        );
        let help = format!(
            "let somebody ask who may: {}, and say so in `author-role`",
            words(&rules.may_ask)
        );
        refused.push(about(exception, Code::ExceptionUnapproved, message).help(help));
    }
    let may = &rules.may_approve[level as usize];
    refused.extend(Signed::from(exception).approval(may, level));
    if rules.control_from.is_some_and(|from| level >= from)
        && exception.control.as_deref().is_none_or(|control| control.trim().is_empty())
    {
        let message =
            format!("the exception `{id}` for a {level} finding names no compensating control");
        let help = "say in `control` what lowers the risk meanwhile";
        refused.push(about(exception, Code::ExceptionNoControl, message).help(help));
    }
    refused
}

fn about(exception: &Exception, code: Code, message: String) -> Diagnostic {
    Signed::from(exception).about(code, message)
}

/// An exception with what was found about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'e> {
    /// The exception.
    pub exception: &'e Exception,
    /// The level that it was judged at. `None`: it covers no finding.
    pub level: Option<Level>,
    /// Whether it is in force; at the lowest level if it covers none.
    pub standing: Standing,
}

/// Judges every exception of a file. `level_of` says the gravest level of the findings that an
/// exception covers, or `None` if it covers none, which is a diagnostic of its own.
pub fn judge<'e>(
    exceptions: &'e [Exception],
    rules: &ExceptionRules,
    level_of: impl Fn(&Exception) -> Option<Level>,
    today: Date,
) -> (Vec<Judged<'e>>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut judged = Vec::with_capacity(exceptions.len());
    for exception in exceptions {
        let level = level_of(exception);
        let standing = holds(exception, level.unwrap_or(Level::Low), rules, today);
        diagnostics.extend_from_slice(standing.diagnostics());
        if level.is_none() {
            diagnostics.push(Signed::from(exception).unused());
        }
        judged.push(Judged { exception, level, standing });
    }
    (judged, diagnostics)
}
