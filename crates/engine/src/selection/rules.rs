//! The rules on selection, one function each.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::advisory::Kind;
use trimtab_model::charter::{Denied, Selection, Strictness};
use trimtab_model::metadata::Standing;
use trimtab_model::{Family, Licence, Metadata, Purl};

use super::brings::{self, Brings};
use super::near::Popular;
use super::{Advised, Candidate, Lifecycle, Reason, Rule, Verdict};

const CHARTER: &str = "charter";
const INDEX: &str = "advisory index";

/// How many names one reason lists.
pub(super) const TOLD: usize = 5;

struct Judge<'a> {
    candidate: &'a Candidate<'a>,
    rules: &'a Selection,
    now: Timestamp,
    reasons: Vec<Reason>,
}

pub(super) fn apply(
    candidate: &Candidate<'_>,
    popular: Option<&Popular>,
    rules: &Selection,
    now: Timestamp,
) -> Vec<Reason> {
    let mut judge = Judge { candidate, rules, now, reasons: Vec::new() };
    judge.advisories();
    judge.denied();
    judge.brings(popular);
    judge.licence();
    judge.registry();
    judge.age();
    judge.last_release();
    judge.standing();
    judge.archived();
    judge.end_of_life();
    judge.nearness(popular);
    judge.reasons
}

impl<'a> Judge<'a> {
    fn say(&mut self, rule: Rule, verdict: Verdict, found: impl Into<Box<str>>, source: &str) {
        let (found, source) = (found.into(), source.into());
        self.reasons.push(Reason { rule, verdict, found, source, unknown: false });
    }

    /// Data that a rule of this strictness needs is missing.
    fn miss(&mut self, rule: Rule, strictness: Strictness, what: &str) {
        let source = self
            .candidate
            .metadata
            .map_or("no registry was asked, or none answered", |m| &*m.source);
        let verdict = Verdict::missing(strictness);
        let found = format!("unknown: {what}").into();
        self.reasons.push(Reason { rule, verdict, found, source: source.into(), unknown: true });
    }

    fn source(&self) -> Box<str> {
        self.candidate.metadata.map_or_else(|| "".into(), |m| m.source.clone())
    }

    fn fact<T>(&self, fact: impl FnOnce(&Metadata) -> Option<T>) -> Option<T> {
        self.candidate.metadata.and_then(fact)
    }

    fn advisories(&mut self) {
        let (advisories, uncompared) = (self.candidate.advisories, self.candidate.uncompared);
        let Some(advisories) = advisories else {
            for (rule, strictness, what) in [
                (Rule::Malicious, Strictness::Deny, "whether it is reported as malicious"),
                (Rule::Vulnerable, Strictness::Warn, "whether it has known vulnerabilities"),
                (
                    Rule::Maintenance,
                    self.rules.unmaintained,
                    "whether an advisory calls it unmaintained",
                ),
            ] {
                if strictness != Strictness::Allow {
                    self.miss(rule, strictness, what);
                    if let Some(reason) = self.reasons.last_mut() {
                        reason.source = INDEX.into();
                    }
                }
            }
            return;
        };
        let of = |all: &[Advised<'a>], kinds: &[Kind]| -> Vec<&'a str> {
            all.iter().filter(|a| kinds.contains(&a.kind)).map(|a| a.id).collect()
        };
        let ids = |kinds: &[Kind]| of(advisories, kinds);
        // What one advisory leaves open is unknown for its own rule alone.
        let open = |kinds: &[Kind]| of(uncompared, kinds);
        match &ids(&[Kind::Malicious])[..] {
            [] if !open(&[Kind::Malicious]).is_empty() => {
                self.leave_open(Rule::Malicious, Strictness::Deny, &open(&[Kind::Malicious]));
            }
            [] => self.say(Rule::Malicious, Verdict::Allow, "not reported", INDEX),
            some => self.say(
                Rule::Malicious,
                Verdict::Deny,
                format!("reported as malicious: {}; do not install it", told(some)),
                INDEX,
            ),
        }
        let flaws = [Kind::Vulnerability, Kind::Unsound, Kind::Notice];
        match &ids(&flaws)[..] {
            [] if !open(&flaws).is_empty() => {
                self.leave_open(Rule::Vulnerable, Strictness::Warn, &open(&flaws));
            }
            [] => self.say(Rule::Vulnerable, Verdict::Allow, "none known", INDEX),
            some => self.say(
                Rule::Vulnerable,
                Verdict::Warn,
                format!("{}: {}", some.len(), told(some)),
                INDEX,
            ),
        }
        if let some @ [_, ..] = &ids(&[Kind::Unmaintained])[..] {
            let verdict = Verdict::broken(self.rules.unmaintained);
            self.say(Rule::Maintenance, verdict, format!("unmaintained by {}", told(some)), INDEX);
        } else if let some @ [_, ..] = &open(&[Kind::Unmaintained])[..] {
            self.leave_open(Rule::Maintenance, self.rules.unmaintained, some);
        }
    }

    /// Advisories could not be compared with the version, and a rule of this strictness would need that.
    fn leave_open(&mut self, rule: Rule, strictness: Strictness, ids: &[&str]) {
        if strictness == Strictness::Allow {
            return;
        }
        let verb = if ids.len() == 1 { "applies" } else { "apply" };
        self.miss(rule, strictness, &format!("whether {} {verb} to this version", told(ids)));
        if let Some(reason) = self.reasons.last_mut() {
            reason.source = INDEX.into();
        }
    }

    fn denied(&mut self) {
        let purl = self.candidate.purl;
        let version =
            purl.version().or_else(|| self.candidate.metadata.and_then(|m| m.purl.version()));
        let named: Vec<&Denied> =
            self.rules.denied.iter().filter(|d| names(&d.package, purl)).collect();
        for denied in named {
            match (denied.package.version(), version) {
                (None, _) => self.say(Rule::Denied, Verdict::Deny, denied.reason.clone(), CHARTER),
                (Some(a), Some(b)) if a == b => {
                    self.say(Rule::Denied, Verdict::Deny, denied.reason.clone(), CHARTER);
                }
                (Some(_), Some(_)) => {}
                (Some(a), None) => {
                    self.miss(
                        Rule::Denied,
                        Strictness::Deny,
                        &format!("the version; {a} is denied"),
                    );
                }
            }
        }
    }

    fn brings(&mut self, popular: Option<&Popular>) {
        match self.candidate.brings {
            Brings::OneStep => self.brings_directly(),
            Brings::Unknown(why) => {
                if self.candidate.metadata.is_some_and(|m| m.dependencies.is_some()) {
                    self.brings_directly();
                }
                self.miss(Rule::Brings, Strictness::Deny, &format!("what it brings in: {why}"));
            }
            Brings::All(closure) => {
                self.reasons.extend(brings::reasons(closure, popular, self.rules));
            }
        }
    }

    /// What the registry lists as its direct dependencies.
    fn brings_directly(&mut self) {
        let purl = self.candidate.purl;
        let concerns = self.rules.denied.iter().any(|d| d.package.purl_type() == purl.purl_type());
        match self.fact(|m| m.dependencies.clone()) {
            Some(dependencies) => {
                for dependency in &dependencies {
                    let denied = self.rules.denied.iter().find(|d| {
                        d.package.version().is_none() && names(&d.package, &dependency.package)
                    });
                    if let Some(denied) = denied {
                        let found =
                            format!("{}, which is denied: {}", dependency.package, denied.reason);
                        self.say(Rule::Brings, Verdict::Deny, found, CHARTER);
                    }
                }
                let found = match dependencies.len() {
                    0 => "nothing else".to_owned(),
                    1 => format!("1 direct dependency: {}", dependencies[0].package.name()),
                    n => {
                        let names: Vec<&str> =
                            dependencies.iter().map(|d| d.package.name()).collect();
                        format!("{n} direct dependencies: {}", told(&names))
                    }
                };
                let source = self.source();
                self.say(Rule::Brings, Verdict::Allow, found, &source);
            }
            None if concerns => self.miss(
                Rule::Brings,
                Strictness::Deny,
                "what it depends on; some packages are denied",
            ),
            None => self.miss(Rule::Brings, Strictness::Allow, "what it depends on"),
        }
    }

    fn licence(&mut self) {
        let rules = self.rules;
        let lists = [&rules.licences_allowed, &rules.licences_denied, &rules.licences_review];
        if lists.iter().all(|list| list.is_empty()) {
            if let Some(licence) = self.fact(|m| m.licence.clone()) {
                let source = self.source();
                self.say(Rule::Licence, Verdict::Allow, licence.as_str(), &source);
            }
            return;
        }
        // A list of licences to look at can only warn.
        let strictness = match rules.licences_allowed.is_empty() && rules.licences_denied.is_empty()
        {
            true => Strictness::Warn,
            false => Strictness::Deny,
        };
        let Some(licence) = self.fact(|m| m.licence.clone()) else {
            return self.miss(Rule::Licence, strictness, "the licence");
        };
        match licence_verdict(&licence, rules) {
            Some(verdict) => {
                let because = match verdict {
                    Verdict::Deny => "the charter does not allow it",
                    Verdict::Warn => "needs a review",
                    Verdict::Allow | Verdict::Unknown => "allowed",
                };
                let source = self.source();
                self.say(Rule::Licence, verdict, format!("{licence}: {because}"), &source);
            }
            None => {
                self.miss(
                    Rule::Licence,
                    strictness,
                    &format!("`{licence}` is not a valid SPDX licence"),
                );
            }
        }
    }

    fn registry(&mut self) {
        if self.rules.registries.is_empty() {
            return;
        }
        let Some(registry) = self.fact(|m| m.registry.clone()) else {
            return self.miss(Rule::Registry, Strictness::Deny, "where it comes from");
        };
        let source = self.source();
        match self.rules.registries.iter().any(|prefix| is_under(&registry, prefix)) {
            true => self.say(Rule::Registry, Verdict::Allow, registry, &source),
            false => {
                let found = format!("{registry} is not one of the registries in the charter");
                self.say(Rule::Registry, Verdict::Deny, found, &source);
            }
        }
    }

    fn age(&mut self) {
        let Some(least) = self.rules.minimum_age_days else { return };
        let Some(published) = self.fact(|m| m.published) else { return self.age_at_least(least) };
        let days = self.days_since(published);
        let (verdict, wants) = match days < i64::from(least) {
            true => {
                (Verdict::Deny, format!("; the charter requires {}", days_of(i64::from(least))))
            }
            false => (Verdict::Allow, String::new()),
        };
        let found = format!("published {}, {} ago{wants}", day(published), days_of(days));
        let source = self.source();
        self.say(Rule::Age, verdict, found, &source);
    }

    /// Of what was published at an unknown time, but not after a known one.
    fn age_at_least(&mut self, least: u32) {
        let Some(by) = self.fact(|m| m.published_by) else {
            return self.miss(Rule::Age, Strictness::Deny, "when it was published");
        };
        let days = self.days_since(by);
        if days < i64::from(least) {
            let what = format!("when it was published; no later than {}", day(by));
            return self.miss(Rule::Age, Strictness::Deny, &what);
        }
        let found = format!("published by {}, at least {} ago", day(by), days_of(days));
        let source = self.source();
        self.say(Rule::Age, Verdict::Allow, found, &source);
    }

    fn last_release(&mut self) {
        let Some(most) = self.rules.last_release_days else { return };
        if self.rules.unmaintained == Strictness::Allow {
            return;
        }
        let Some(last) = self.fact(|m| m.last_release) else {
            return self.miss(
                Rule::Maintenance,
                self.rules.unmaintained,
                "when its last release was",
            );
        };
        let days = self.days_since(last);
        let verdict = match days > i64::from(most) {
            true => Verdict::broken(self.rules.unmaintained),
            false => Verdict::Allow,
        };
        let source = self.source();
        self.say(
            Rule::Maintenance,
            verdict,
            format!("last release {}, {} ago", day(last), days_of(days)),
            &source,
        );
    }

    fn standing(&mut self) {
        let strictness = self.rules.yanked;
        let source = self.source();
        match self.fact(|m| m.standing.clone()) {
            None if strictness == Strictness::Allow => {}
            None => {
                self.miss(Rule::Yanked, strictness, "whether the version is yanked or deprecated");
            }
            Some(Standing::Offered) => self.say(Rule::Yanked, Verdict::Allow, "offered", &source),
            Some(Standing::Deprecated(why)) => {
                self.say(
                    Rule::Yanked,
                    Verdict::broken(strictness),
                    because("deprecated", &why),
                    &source,
                );
            }
            Some(Standing::Yanked(why)) => {
                self.say(
                    Rule::Yanked,
                    Verdict::broken(strictness),
                    because("yanked", &why),
                    &source,
                );
            }
        }
    }

    fn archived(&mut self) {
        let strictness = self.rules.archived;
        let source = self.source();
        match self.fact(|m| m.archived) {
            None if strictness == Strictness::Allow => {}
            None => self.miss(Rule::Archived, strictness, "whether the project is archived"),
            Some(false) => self.say(Rule::Archived, Verdict::Allow, "not archived", &source),
            Some(true) => {
                self.say(
                    Rule::Archived,
                    Verdict::broken(strictness),
                    "the project is archived",
                    &source,
                );
            }
        }
    }

    fn end_of_life(&mut self) {
        let strictness = self.rules.end_of_life;
        const SOURCE: &str = "lifecycle data";
        if strictness == Strictness::Allow {
            return;
        }
        match self.candidate.lifecycle {
            Lifecycle::NoProduct => {}
            Lifecycle::Unknown => {
                self.miss(Rule::EndOfLife, strictness, "whether it is still supported");
            }
            Lifecycle::Supported => self.say(Rule::EndOfLife, Verdict::Allow, "supported", SOURCE),
            Lifecycle::Ended => {
                self.say(Rule::EndOfLife, Verdict::broken(strictness), "support ended", SOURCE);
            }
            Lifecycle::Ends(end) => {
                let over = day(self.now) > end;
                let verdict = if over { Verdict::broken(strictness) } else { Verdict::Allow };
                let word = if over { "ended" } else { "ends" };
                self.say(Rule::EndOfLife, verdict, format!("support {word} {end}"), SOURCE);
            }
        }
    }

    fn nearness(&mut self, popular: Option<&Popular>) {
        const SOURCE: &str = "list of popular names";
        match popular.map(|list| list.near_purl(self.candidate.purl)) {
            None => {
                self.miss(
                    Rule::Nearness,
                    Strictness::Allow,
                    "there is no list of popular names for its ecosystem",
                );
            }
            Some(None) => {
                self.say(Rule::Nearness, Verdict::Allow, "not close to a popular name", SOURCE);
            }
            Some(Some(near)) => self.say(
                Rule::Nearness,
                Verdict::Warn,
                format!(
                    "close to the popular {}: {}; did you mean that?",
                    near.popular,
                    near.slip.as_str()
                ),
                SOURCE,
            ),
        }
    }

    fn days_since(&self, then: Timestamp) -> i64 {
        self.now.duration_since(then).as_secs().div_euclid(SignedDuration::from_hours(24).as_secs())
    }
}

/// Whether a denied package, perhaps with a wildcard, names a package. Versions aside.
pub(super) fn names(pattern: &Purl, purl: &Purl) -> bool {
    if pattern.purl_type() != purl.purl_type() {
        return false;
    }
    let Some(family) = Family::from_purl_type(purl.purl_type()) else {
        return pattern.package() == purl.package();
    };
    let spelled = |p: &Purl| family.normalise(&family.package_name(p)).into_owned();
    let (pattern, name) = (spelled(pattern), spelled(purl));
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// The verdict on a licence. `None`: it is free text.
pub(crate) fn licence_verdict(licence: &Licence, rules: &Selection) -> Option<Verdict> {
    licence.weigh(|requirement| {
        let whole = canonical(requirement);
        let base = canonical(requirement.split(" WITH ").next().unwrap_or(requirement));
        let listed = |list: &[Box<str>], name: &str| list.iter().any(|l| canonical(l) == name);
        // With its exception first: `GPL-2.0-only WITH Classpath-exception-2.0` may be fine where GPL is not.
        for name in [&whole, &base] {
            if listed(&rules.licences_denied, name) {
                return Verdict::Deny;
            }
            if listed(&rules.licences_review, name) {
                return Verdict::Warn;
            }
            if listed(&rules.licences_allowed, name) {
                return Verdict::Allow;
            }
        }
        if rules.licences_allowed.is_empty() { Verdict::Allow } else { Verdict::Deny }
    })
}

/// One spelling for the GNU licences' old and new identifiers; in lower case.
fn canonical(id: &str) -> String {
    let lower = id.trim().to_ascii_lowercase();
    let (base, exception) = match lower.split_once(" with ") {
        Some((base, exception)) => (base, Some(exception)),
        None => (&*lower, None),
    };
    let gnu = ["gpl-", "lgpl-", "agpl-", "gfdl-"].iter().any(|p| base.starts_with(p));
    let base = match base.strip_suffix('+') {
        Some(base) if gnu => format!("{base}-or-later"),
        None if gnu && !base.ends_with("-only") && !base.ends_with("-or-later") => {
            format!("{base}-only")
        }
        _ => base.to_owned(),
    };
    exception.map_or(base.clone(), |e| format!("{base} with {e}"))
}

/// Whether a URL lies under another, at a border of its parts.
fn is_under(url: &str, prefix: &str) -> bool {
    // Hosts have no case; paths that climb lie nowhere for certain.
    let lower = |text: &str| {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (host, path) = rest.split_once('/').map_or((rest, None), |(h, p)| (h, Some(p)));
        let path = path.map_or(String::new(), |p| format!("/{p}"));
        format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
    };
    let climbs = |text: &str| {
        let text =
            text.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace('\\', "/");
        text.split('/').any(|part| part == "..")
    };
    if climbs(url) {
        return false;
    }
    let (url, prefix) = (lower(url), lower(prefix));
    url.strip_prefix(&*prefix).is_some_and(|rest| {
        rest.is_empty() || prefix.ends_with('/') || rest.starts_with(['/', '?', '#'])
    }) || prefix.strip_suffix('/').is_some_and(|bare| url == bare)
}

fn day(time: Timestamp) -> jiff::civil::Date {
    time.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn because(what: &str, why: &str) -> String {
    let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
    if why.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {}", why.chars().take(200).collect::<String>())
    }
}

/// A number of days, in words.
fn days_of(count: i64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

pub(super) fn told(names: &[&str]) -> String {
    let shown = names.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    if names.len() > TOLD { format!("{shown} and {} more", names.len() - TOLD) } else { shown }
}
