//! What a package would bring, all the way down: each package judged once, and the result for all
//! of them together.

use std::collections::{BTreeMap, HashMap};

use trimtab_model::advisory::Kind;
use trimtab_model::charter::{Denied, Selection, Strictness};
use trimtab_model::metadata::Brought;
use trimtab_model::{Inventory, Purl, Relation};

use super::near::{Near, Popular};
use super::rules::{TOLD, licence_verdict, names};
use super::{Advised, Reason, Rule, Verdict};

/// What is known of what a package would bring.
#[derive(Debug, Clone, Copy, Default)]
pub enum Brings<'a> {
    /// Nobody asked further than what the registry lists: one step.
    #[default]
    OneStep,
    /// Somebody asked, and it is not known, for this reason.
    Unknown(&'a str),
    /// All the way down.
    All(&'a Closure<'a>),
}

/// All that a package would bring, as a resolver chose.
#[derive(Debug, Clone, Copy)]
pub struct Closure<'a> {
    /// Who chose (`cargo generate-lockfile`).
    pub source: &'a str,
    /// The packages, without the one that brings them.
    pub parts: &'a [Part<'a>],
}

/// One package of a closure.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What the resolver reports about it.
    pub package: &'a Brought,
    /// The advisories that its version is affected by. `None`: it could not be compared.
    pub advisories: Option<&'a [Advised<'a>]>,
}

/// What was seen in one package of a closure.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The package.
    pub part: Part<'a>,
    /// The charter's entry that refuses it.
    pub denied: Option<&'a Denied>,
    /// The verdict on its licence. `None`: it is unknown, or the charter has no rules on licences.
    pub licence: Option<Verdict>,
    /// The popular name that its name is near to.
    pub near: Option<Near<'a>>,
}

impl<'a> Seen<'a> {
    /// Looks at one package.
    pub fn of(part: Part<'a>, popular: Option<&'a Popular>, rules: &'a Selection) -> Seen<'a> {
        let purl = &part.package.purl;
        let denied = rules.denied.iter().find(|d| {
            names(&d.package, purl)
                && d.package.version().is_none_or(|version| purl.version() == Some(version))
        });
        let licence = part.package.licence.as_ref().filter(|_| rules_licences(rules).is_some());
        Seen {
            part,
            denied,
            licence: licence.and_then(|l| licence_verdict(l, rules)),
            near: popular.and_then(|list| list.near_purl(purl)),
        }
    }

    /// The ids of its advisories of some kinds.
    pub fn advised(&self, kinds: &[Kind]) -> Vec<&'a str> {
        let all = self.part.advisories.into_iter().flatten();
        all.filter(|a| kinds.contains(&a.kind)).map(|a| a.id).collect()
    }

    fn name(&self) -> String {
        let purl = &self.part.package.purl;
        let name = match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        };
        purl.version().map_or(name.clone(), |version| format!("{name}@{version}"))
    }
}

/// Packages that count as vulnerable.
pub const VULNERABLE: &[Kind] = &[Kind::Vulnerability, Kind::Unsound, Kind::Notice];

/// How strict rules on licences are. `None`: there are none.
fn rules_licences(rules: &Selection) -> Option<Strictness> {
    let refuse = !rules.licences_allowed.is_empty() || !rules.licences_denied.is_empty();
    let look = (!rules.licences_review.is_empty()).then_some(Strictness::Warn);
    if refuse { Some(Strictness::Deny) } else { look }
}

/// The reasons of a closure.
pub(super) fn reasons(
    closure: &Closure<'_>,
    popular: Option<&Popular>,
    rules: &Selection,
) -> Vec<Reason> {
    let seen: Vec<Seen<'_>> =
        closure.parts.iter().map(|part| Seen::of(*part, popular, rules)).collect();
    let mut all = Telling { source: closure.source, reasons: Vec::new() };
    let naming = |which: &dyn Fn(&Seen<'_>) -> Option<String>| -> Vec<String> {
        seen.iter().filter_map(which).collect()
    };
    let advised = |kinds: &'static [Kind]| {
        naming(&move |s: &Seen<'_>| {
            let ids = s.advised(kinds);
            (!ids.is_empty()).then(|| format!("{} ({})", s.name(), first(&ids)))
        })
    };

    let malicious = advised(&[Kind::Malicious]);
    if !malicious.is_empty() {
        let found = format!("brings in packages reported as malicious: {}", listed(&malicious));
        all.say(Verdict::Deny, found, "advisory index");
    }
    let mut refused: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for s in &seen {
        if let Some(denied) = s.denied {
            refused.entry(&denied.reason).or_default().push(s.name());
        }
    }
    for (why, names) in refused {
        all.say(Verdict::Deny, format!("{}, which is denied: {why}", listed(&names)), "charter");
    }
    if let Some(strictness) = rules_licences(rules) {
        let of = |verdict: Option<Verdict>| {
            naming(&move |s: &Seen<'_>| {
                let licence = s.part.package.licence.as_ref();
                let licence = licence.map_or(String::new(), |l| format!(" ({l})"));
                (s.licence == verdict).then(|| format!("{}{licence}", s.name()))
            })
        };
        for (verdict, says) in [
            (Verdict::Deny, "with a licence that the charter does not allow"),
            (Verdict::Warn, "with a licence that needs a review"),
        ] {
            let names = of(Some(verdict));
            if !names.is_empty() {
                all.say(verdict, format!("{} {says}: {}", names.len(), listed(&names)), "");
            }
        }
        let names = of(None);
        if !names.is_empty() {
            all.miss(strictness, &format!("the licence of {}: {}", names.len(), listed(&names)));
        }
    }
    let unmaintained = advised(&[Kind::Unmaintained]);
    if !unmaintained.is_empty() && rules.unmaintained != Strictness::Allow {
        let found = format!("{} unmaintained: {}", unmaintained.len(), listed(&unmaintained));
        all.say(Verdict::broken(rules.unmaintained), found, "advisory index");
    }
    let uncompared = naming(&|s: &Seen<'_>| s.part.advisories.is_none().then(|| s.name()));
    if !uncompared.is_empty() {
        let what = format!(
            "whether {} of them are reported as malicious or vulnerable: {}",
            uncompared.len(),
            listed(&uncompared)
        );
        all.miss(Strictness::Deny, &what);
    }
    let near = naming(&|s: &Seen<'_>| {
        s.near.as_ref().map(|near| format!("{} (close to {})", s.name(), near.popular))
    });
    if !near.is_empty() {
        let found = format!("{} with a name close to a popular one: {}", near.len(), listed(&near));
        all.say(Verdict::Warn, found, "list of popular names");
    }
    let vulnerable = advised(VULNERABLE);
    let scripts =
        naming(&|s: &Seen<'_>| (s.part.package.install_scripts == Some(true)).then(|| s.name()));
    let mut found = match seen.len() {
        0 => "nothing else".to_owned(),
        1 => "1 package".to_owned(),
        n => format!("{n} packages"),
    };
    if !vulnerable.is_empty() {
        found +=
            &format!(", {} with known vulnerabilities: {}", vulnerable.len(), listed(&vulnerable));
    }
    if !scripts.is_empty() {
        let comma = if vulnerable.is_empty() { ',' } else { ';' };
        found += &format!(
            "{comma} {} running code when installed or built: {}",
            scripts.len(),
            listed(&scripts)
        );
    }
    let verdict = if vulnerable.is_empty() { Verdict::Allow } else { Verdict::Warn };
    all.say(verdict, found, "");
    all.reasons
}

struct Telling<'a> {
    source: &'a str,
    reasons: Vec<Reason>,
}

impl Telling<'_> {
    /// Without a source, the resolver says so.
    fn say(&mut self, verdict: Verdict, found: String, source: &str) {
        let source = if source.is_empty() { self.source } else { source };
        let (found, source) = (found.into(), source.into());
        self.reasons.push(Reason { rule: Rule::Brings, verdict, found, source, unknown: false });
    }

    fn miss(&mut self, strictness: Strictness, what: &str) {
        self.reasons.push(Reason {
            rule: Rule::Brings,
            verdict: Verdict::missing(strictness),
            found: format!("unknown: {what}").into(),
            source: self.source.into(),
            unknown: true,
        });
    }
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(TOLD + 1).map(String::as_str).collect();
    if names.len() <= TOLD {
        shown.join(", ")
    } else {
        format!("{} and {} more", shown[..TOLD].join(", "), names.len() - TOLD)
    }
}

/// The first, and how many more.
fn first(ids: &[&str]) -> String {
    match ids {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

/// The packages of a closure without the one that brings them: those of the lockfiles, with what
/// else the resolver reported; without lockfiles, those that it reported. Sorted, each once.
/// `None`: there is nothing, not even the package itself, so nothing was resolved.
pub fn gathered(root: &Purl, lockfiles: &Inventory, told: &[Brought]) -> Option<Vec<Brought>> {
    let key = |purl: &Purl| {
        let package = purl.package();
        purl.version().map_or(package.clone(), |v| package.with_version(v)).to_string()
    };
    let beside: HashMap<String, &Brought> = told.iter().map(|b| (key(&b.purl), b)).collect();
    let mut all: BTreeMap<String, Brought> = BTreeMap::new();
    if lockfiles.files.is_empty() {
        all.extend(told.iter().map(|b| (key(&b.purl), b.clone())));
    }
    for (_, component) in lockfiles.components() {
        if component.relation == Relation::Own {
            continue;
        }
        let key = key(&component.purl);
        let beside = beside.get(&key);
        let licence = component.licence.as_deref().map(trimtab_model::Licence::read);
        let package = Brought {
            purl: component.purl.clone(),
            licence: licence.or_else(|| beside.and_then(|b| b.licence.clone())),
            install_scripts: beside.and_then(|b| b.install_scripts),
        };
        all.insert(key, package);
    }
    if all.is_empty() {
        return None;
    }
    all.remove(&key(root));
    Some(all.into_values().collect())
}
