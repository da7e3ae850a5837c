//! Four voices: the same finding told to product, engineering, security and operations, each in a
//! few lines that it can act on. Templates over facts; what is unknown is said.

use std::fmt::Write as _;

use jiff::Timestamp;
use trimtab_model::advisory::Kind;
use trimtab_model::assessment::{Assessment, Cost, Deadline, Effect, Factor};
use trimtab_model::charter::{Charter, Term};
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Assessed, Scan};
use trimtab_model::{Relation, Role, Scope, System};

use crate::group;
use crate::table::{count, range};

/// One finding in one system, with all that a voice may need.
pub struct Subject<'s> {
    /// The scan that it comes from.
    pub scan: &'s Scan,
    /// The finding.
    pub finding: &'s Finding,
    /// What it means, and where in the system it stands.
    pub assessed: &'s Assessed,
    /// The system. `None`: nobody said which.
    pub system: Option<&'s System>,
    /// The charter that it was weighed by.
    pub charter: &'s Charter,
    /// Where people say what the system is: `trimtab.toml`.
    pub described: &'s str,
    /// The strongest need of it in the system.
    pub scope: Scope,
    /// The time of the telling: a deadline before it has passed.
    pub now: Timestamp,
}

/// One line of a voice: what it is about, and what is said. A line without a label goes on with the one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub label: &'static str,
    /// What is said.
    pub says: String,
}

/// Tells the finding to an audience, as text. Roles without a voice of their own hear security's.
pub fn tell(subject: &Subject, audience: Role) -> String {
    let a = &subject.assessed.assessment;
    let name = subject.system.map_or("the system (nobody said which)", |s| &*s.name);
    let mut text = format!(
        "{} in {} {}, {} in {name}\n",
        subject.finding.vulnerability.id,
        subject.finding.package,
        subject.finding.version(),
        a.level,
    );
    for line in lines(subject, audience) {
        wrapped(&mut text, &line);
    }
    text
}

/// What an audience is told, line by line.
pub fn lines(subject: &Subject, audience: Role) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some((id, until)) = &subject.assessed.exception {
        let until = until.map_or("without end".to_owned(), |d| format!("until {d}"));
        line(&mut lines, "Accepted", format!("by exception {id}, {until}"));
    }
    if let Some(decision) = &subject.assessed.not_affected {
        let until = decision.until.map_or(String::new(), |d| format!(", until {d}"));
        let why = decision.justification.as_str().replace('_', " ");
        line(
            &mut lines,
            "Not affected",
            format!("by decision {}{until}: {} ({why})", decision.id, decision.reason),
        );
    }
    match audience {
        Role::Product => product(subject, &mut lines),
        Role::Engineering => engineering(subject, &mut lines),
        Role::Operations => operations(subject, &mut lines),
        Role::Security | Role::Leadership | Role::Auditor | Role::Admin => {
            security(subject, &mut lines);
        }
    }
    lines
}

fn line(lines: &mut Vec<Line>, label: &'static str, says: impl Into<String>) {
    lines.push(Line { label, says: says.into() });
}

/// A line beside its label, wrapped.
fn wrapped(text: &mut String, line: &Line) {
    const WIDTH: usize = 98;
    const INDENT: usize = 21;
    let mut at = INDENT;
    let _ = write!(text, "  {:<17}  ", line.label);
    for (i, word) in line.says.split_whitespace().enumerate() {
        let length = word.chars().count();
        if i > 0 && at + 1 + length > WIDTH {
            let _ = write!(text, "\n{:INDENT$}", "");
            at = INDENT;
        } else if i > 0 {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += length;
    }
    text.push('\n');
}

fn product(s: &Subject, lines: &mut Vec<Line>) {
    let a = &s.assessed.assessment;
    let failure = s.system.and_then(|s| s.failure.as_deref());
    line(
        lines,
        "What could happen",
        format!(
            "{} {}",
            consequence(s),
            failure.map_or_else(
                || format!("What a failure means to customers is not said in {}.", s.described),
                str::to_owned
            )
        ),
    );
    line(lines, "Who has it", carried(s));
    line(lines, "How likely", likely(a));
    line(lines, "By when", deadline(a, s.now));
    line(lines, "What it costs", cost(a, s.charter));
    if let Some(between) = between(a) {
        line(lines, "How sure", format!("{}: {between}", a.level));
    }
    line(
        lines,
        "Yours to decide",
        match a.is_above_acceptable() {
            _ if s.assessed.not_affected.is_some() => {
                "nothing while the decision holds: the flaw is present but does no harm"
            }
            Some(true) if a.deadline.at().is_some_and(|at| at < s.now) => {
                "what has to wait for it: the deadline has passed; leaving it longer needs an exception that somebody else approves"
            }
            Some(true) => {
                "when to do it within this time; leaving it longer needs an exception that somebody else approves"
            }
            Some(false) => "whether to do it now: the tier may keep a finding of this level",
            None => "nothing yet: set the tier of the system first",
        },
    );
}

/// How far what is unknown leaves the level open. `None`: it does not.
fn between(a: &Assessment) -> Option<String> {
    let (least, most) = a.bounds;
    let plain = |name| if name == "prior" { "the chance of exploitation" } else { name };
    let unknown = a.factors().filter(|f| f.unknown).map(|f| plain(&f.name));
    let unknown: Vec<&str> = unknown.collect();
    let told = || match &*unknown {
        [] => "what is unknown".to_owned(),
        names => format!("what is unknown ({})", names.join(", ")),
    };
    (least != most).then(|| format!("{} leaves it between {least} and {most}", told()))
}

/// Whether what customers use contains it.
fn carried(s: &Subject) -> &'static str {
    match s.scope {
        Scope::Runtime => "what customers use contains it",
        Scope::Optional => "what customers use may contain it: it is optional",
        Scope::Unknown => {
            "whether what customers use contains it is unknown: the file that lists it does not say"
        }
        Scope::Build => "only the machines that build it: what customers use does not contain it",
        Scope::Development => "only those who develop it: what customers use does not contain it",
        Scope::Test => "only its tests: what customers use does not contain it",
    }
}

fn engineering(s: &Subject, lines: &mut Vec<Line>) {
    let f = s.finding;
    line(
        lines,
        "Upgrade",
        match f.nearest_fix.as_deref() {
            Some(fix) => format!(
                "{} from {} to {fix}, the nearest version that no source calls affected",
                f.package,
                f.version()
            ),
            None => match f.last_affected() {
                Some(last) => format!(
                    "{} from {} to a version above {last}, the last that is called affected: no source names the first without it, and `trimtab plan` looks for it in the registry",
                    f.package,
                    f.version()
                ),
                None => "no source names a fixed version: replace it, work around it, or remove it"
                    .to_owned(),
            },
        },
    );
    for occurrence in s.assessed.occurrences.iter().take(5) {
        let Some((file, component)) = group::place(s.scan, *occurrence) else { continue };
        let at = component.line.map_or(String::new(), |l| format!(":{l}"));
        let way = group::way(s.scan, *occurrence);
        let how = match component.relation {
            Relation::Direct => "the project asks for it".to_owned(),
            _ if way.len() > 1 => way.join(" > "),
            Relation::Transitive => "something else brings it in".to_owned(),
            Relation::Own | Relation::Unknown => "who brings it in is unknown".to_owned(),
        };
        line(lines, "Where", format!("{}{at} ({}): {how}", file.path, component.scope));
    }
    if s.assessed.occurrences.len() > 5 {
        line(
            lines,
            "Where",
            format!("and {}", count(s.assessed.occurrences.len() - 5, "other place")),
        );
    }
    let symbols: Vec<&str> =
        f.attributions.iter().flat_map(|a| a.symbols.iter().map(|s| &**s)).take(8).collect();
    line(
        lines,
        "Affected code",
        if symbols.is_empty() {
            "no source names affected functions".to_owned()
        } else {
            symbols.join(", ")
        },
    );
    line(
        lines,
        "Call sites",
        factor(&s.assessed.assessment, "reachability").map_or("unknown", |f| &f.value),
    );
    line(lines, "What it costs", cost(&s.assessed.assessment, s.charter));
    line(lines, "By when", deadline(&s.assessed.assessment, s.now));
}

fn security(s: &Subject, lines: &mut Vec<Line>) {
    let a = &s.assessed.assessment;
    if let Some(summary) = s.finding.vulnerability.summary.as_deref() {
        line(lines, "What it is", summary);
    }
    line(
        lines,
        "Likelihood",
        format!("{} ({})", a.likelihood.band, probability(a.likelihood.probability)),
    );
    for factor in &a.likelihood.factors {
        line(lines, "", told(factor));
    }
    line(lines, "Impact", a.impact.band.as_str());
    for factor in &a.impact.factors {
        line(lines, "", told(factor));
    }
    line(
        lines,
        "Level",
        between(a).map_or(a.level.to_string(), |between| format!("{}; {between}", a.level)),
    );
    for factor in &a.adjustments {
        line(lines, "", told(factor));
    }
    for attribution in &s.finding.attributions {
        let says = if attribution.affected { "affected" } else { "not affected" };
        line(
            lines,
            "Source",
            format!("{} says {says}: {}", attribution.advisory.id, attribution.reason),
        );
    }
    line(lines, "Confidence", {
        let doubts: Vec<_> = s.finding.doubts.iter().map(|d| d.as_str()).collect();
        if doubts.is_empty() {
            s.finding.confidence.as_str().to_owned()
        } else {
            format!("{}: {}", s.finding.confidence.as_str(), doubts.join("; "))
        }
    });
    line(lines, "By when", deadline(a, s.now));
}

fn operations(s: &Subject, lines: &mut Vec<Line>) {
    let a = &s.assessed.assessment;
    let environments =
        s.system.and_then(|s| s.environments.as_ref()).filter(|names| !names.is_empty());
    let everywhere = match environments {
        None => "wherever it runs",
        Some(names) if names.len() == 1 => "there",
        Some(_) => "in every environment above, least important first",
    };
    line(
        lines,
        "Runs in",
        environments
            .map_or_else(|| format!("unknown: {} does not say", s.described), |e| e.join(", ")),
    );
    line(
        lines,
        "To call",
        s.system
            .and_then(|system| system.operations.as_deref())
            .map_or_else(|| format!("{} names nobody", s.described), str::to_owned),
    );
    line(lines, "By when", deadline(a, s.now));
    let scope = s.scope;
    line(lines,
        "Rollout",
        match (scope, s.finding.vulnerability.kind) {
            (_, Kind::Malicious) => {
                "remove it everywhere at once, including build machines and caches; rotate every secret that they could read".to_owned()
            }
            (Scope::Runtime | Scope::Optional, _) => format!("a new build {everywhere}"),
            (Scope::Unknown, _) => {
                format!("whether it is shipped is unknown: treat it as shipped, a new build {everywhere}")
            }
            (Scope::Build | Scope::Development | Scope::Test, _) => {
                "build machines and developers' machines; what is deployed does not contain it"
                    .to_owned()
            }
        },
    );
    line(
        lines,
        "Restart",
        match scope {
            Scope::Runtime | Scope::Optional | Scope::Unknown => {
                "needed: a library is loaded when a process starts"
            }
            Scope::Build | Scope::Development | Scope::Test => "not needed for what is deployed",
        },
    );
    let fix = s.finding.nearest_fix.as_deref();
    line(lines, "Rollback", match fix {
        Some(fix) => format!("to the build with {} {}, which is affected: a rollback reopens the finding (fixed in {fix})", s.finding.package, s.finding.version()),
        None => "no source names a fixed version: keep the build from before the workaround or replacement".to_owned(),
    });
    let step = match &a.cost {
        Cost::Range { reasons, .. } => {
            reasons.first().map_or("unknown".to_owned(), |r| r.what.to_string())
        }
        Cost::Unknown { because } => format!("unknown: {because}"),
    };
    line(lines, "Size of change", step);
    let freeze = s.charter.calendar.freezes.iter().find(|f| {
        a.deadline.at().is_some_and(|at| {
            let day = at.to_zoned(s.charter.calendar.time_zone.clone()).date();
            (f.from..=f.to).contains(&day)
        })
    });
    if let Some(freeze) = freeze {
        line(
            lines,
            "Freeze",
            format!(
                "the deadline falls within a freeze ({}, {} to {}); the charter exempts this level",
                freeze.reason, freeze.from, freeze.to
            ),
        );
    }
    if s.finding.nearest_fix.is_none()
        && s.charter.deadlines.known_exploited == Some(Term::Catalogue)
        && s.finding.vulnerability.kev.is_some()
    {
        line(
            lines,
            "Meanwhile",
            "the catalogue asks to take the product out of use where there is no fix",
        );
    }
}

/// The strongest need of a component, as its places say.
pub fn scope(scan: &Scan, assessed: &Assessed) -> Scope {
    let places = assessed.occurrences.iter();
    places.filter_map(|o| Some(group::place(scan, *o)?.1.scope)).max().unwrap_or_default()
}

fn factor<'a>(assessment: &'a Assessment, name: &str) -> Option<&'a Factor> {
    assessment.factors().find(|f| f.name == name)
}

/// What an attacker could do, in words, from the impact metrics that are known.
fn consequence(s: &Subject) -> String {
    let system = s.system.map_or("the system", |s| &*s.name);
    if s.finding.vulnerability.kind == Kind::Malicious {
        return format!(
            "The package is malicious: it can do whatever its author wants in {system}."
        );
    }
    if matches!(s.finding.vulnerability.kind, Kind::Unmaintained | Kind::Notice | Kind::Unsound) {
        return format!(
            "Nothing yet: {} is {}, and no source reports an attack on it.",
            s.finding.package,
            s.finding.vulnerability.kind.as_str()
        );
    }
    let vector = s.finding.vulnerability.severity.vector.as_deref();
    let Some([c, i, a]) = vector.and_then(trimtab_model::cvss::impacts) else {
        return format!(
            "What an attacker could do in {system} is unknown: no source gives a usable CVSS vector."
        );
    };
    let data = s.system.and_then(|s| s.data.as_ref()).filter(|d| !d.is_empty());
    let data = data.map_or("data".to_owned(), |d| format!("{} data", d.join(" and ")));
    let mut could = Vec::new();
    match c {
        0 => {}
        1 => could.push(format!("read some {data}")),
        _ => could.push(format!("read all {data} that it can reach")),
    }
    match i {
        0 => {}
        1 => could
            .push(if c > 0 { "change some of it" } else { "change some of the data" }.to_owned()),
        _ => could.push("change any data".to_owned()),
    }
    match a {
        0 => {}
        1 => could.push("slow it down".to_owned()),
        _ => could.push("make it stop".to_owned()),
    }
    match could.split_last() {
        None => format!("CVSS lists no impact on {system}."),
        Some((last, [])) => format!("An attacker could {last} in {system}."),
        Some((last, rest)) => {
            format!("An attacker could {} and {last} in {system}.", rest.join(", "))
        }
    }
}

fn likely(a: &Assessment) -> String {
    let words = match a.likelihood.band.as_str() {
        "active" => "it is being exploited, or very probably will be",
        "likely" => "likely soon",
        "possible" => "possible",
        _ => "unlikely",
    };
    format!("{words} ({} within 30 days, here)", probability(a.likelihood.probability))
}

/// A probability in words of at most three figures.
pub fn probability(p: f64) -> String {
    if p >= 0.995 { "certain".to_owned() } else { group::percent(p) }
}

/// When it must be gone, in words.
pub fn deadline(a: &Assessment, now: Timestamp) -> String {
    match &a.deadline {
        Deadline::By { at, because } => {
            let day = at.strftime("%Y-%m-%d %H:%M UTC");
            match now.duration_since(*at).as_hours() {
                hours if now > *at => format!("passed {} ago: {day} ({because})", span(hours)),
                _ => format!("{day} ({because})"),
            }
        }
        Deadline::Opportunistic => {
            "no date: fix it with the next change that touches it".to_owned()
        }
        Deadline::Unknown { because } => format!("unknown: {because}"),
    }
}

/// Hours as people say them: days from three days on.
fn span(hours: i64) -> String {
    match hours {
        ..1 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        2..72 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

/// What it costs, in points and days.
pub fn cost(a: &Assessment, charter: &Charter) -> String {
    match &a.cost {
        Cost::Unknown { because } => format!("unknown: {because}"),
        Cost::Range { least, most, reasons } => {
            let days = charter.cost.days_per_point;
            let reasons: Vec<_> = reasons.iter().map(|r| &*r.what).collect();
            format!(
                "{} points, {} days ({})",
                range(*least, *most),
                range(least * days, most * days),
                reasons.join("; ")
            )
        }
    }
}

/// A factor as one line: what, what was found, what it did, who says so.
pub fn told(factor: &Factor) -> String {
    let effect = match factor.effect {
        Effect::Probability(p) => format!(", sets {}", probability(p)),
        Effect::Odds(x) if (x - 1.0).abs() >= 1e-9 => format!(", odds × {x}"),
        Effect::Steps(n) if n != 0 => {
            format!(", {n:+} {}", if n.abs() == 1 { "step" } else { "steps" })
        }
        Effect::Floor(level) => format!(", at least {level}"),
        Effect::Kept(level) => format!(", not below {level}"),
        Effect::Odds(_) | Effect::Steps(_) | Effect::None => String::new(),
    };
    let mark = if factor.unknown { "? " } else { "" };
    format!("{mark}{}: {}{effect} ({})", factor.name, factor.value, factor.source)
}
