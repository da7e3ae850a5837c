//! A charter told in plain words, for `trimtab charter explain` and to compare two of them: one
//! fact a line, under headings, in an order that does not change.

use trimtab_model::charter::{Charter, CountsFrom, Floor, NonWorking, Strictness};
use trimtab_model::level::{ImpactBand, LikelihoodBand};
use trimtab_model::{Exposure, Level};

use crate::defaults;
use crate::file::words::{tell_term, tell_weekday};

/// One thing that a charter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The heading that it belongs under.
    pub part: &'static str,
    /// What it is about.
    pub about: String,
    /// What is said.
    pub says: String,
}

/// Everything that a charter says.
pub fn facts(charter: &Charter) -> Vec<Fact> {
    let mut all = Facts(Vec::new());
    all.add("Agreement", "name", &*charter.name);
    all.add("Agreement", "version", &*charter.version);
    all.add("Agreement", "goal", if charter.goal.is_empty() { "not said" } else { &charter.goal });
    for party in &charter.parties {
        let when =
            party.agreed.map_or("has not agreed yet".to_owned(), |d| format!("agreed on {d}"));
        all.add("Agreement", party.side.to_string(), format!("{}, {when}", party.name));
    }
    for tier in &charter.tiers {
        let keep = tier
            .acceptable
            .map_or("keeps no finding".to_owned(), |l| format!("may keep findings up to {l}"));
        all.add("Tiers", &*tier.name, format!("{} {keep}; impact {:+}", tier.meaning, tier.impact));
    }
    for class in &charter.data {
        all.add("Data", &*class.name, format!("{} impact {:+}", class.meaning, class.impact));
    }
    for environment in &charter.environments {
        let kind = if environment.production {
            "production: counts to the load"
        } else {
            "not production"
        };
        all.add("Environments", &*environment.name, kind);
    }
    for likelihood in LikelihoodBand::ALL.iter().rev() {
        let cells: Vec<String> = ImpactBand::ALL
            .iter()
            .map(|impact| format!("{impact} {}", charter.matrix.level(*likelihood, *impact)))
            .collect();
        all.add("Matrix", likelihood.as_str(), cells.join(", "));
    }
    for floor in &charter.floors {
        all.add(
            "Floors",
            floor_when(floor),
            format!("at least {}: {}", floor.level, floor.because),
        );
    }
    let from = match charter.deadlines.counts_from {
        CountsFrom::Detected => "from when the finding was first seen here",
        CountsFrom::Published => "from when the first advisory was published",
    };
    all.add("Deadlines", "counted", from);
    for (environment, terms) in &charter.deadlines.terms {
        let name = environment.as_deref().unwrap_or("any other environment");
        for level in Level::ALL.iter().rev() {
            all.add("Deadlines", format!("{level} in {name}"), tell_term(terms[*level as usize]));
        }
    }
    if let Some(term) = charter.deadlines.known_exploited {
        all.add(
            "Deadlines",
            "known to be exploited",
            format!("{}, or sooner by its level", tell_term(term)),
        );
    }
    calendar(&mut all, charter);
    for level in Level::ALL.iter().rev() {
        all.add("Load", level.as_str(), format!("weighs {}", charter.weight(*level)));
    }
    for cadence in &charter.cadences {
        let levels: Vec<_> = cadence.levels.iter().map(|l| l.as_str()).collect();
        all.add(
            "Cadences",
            &*cadence.name,
            format!("every {}: {}", cadence.every, levels.join(", "))
                .replace("every now", "at once"),
        );
    }
    exceptions(&mut all, charter);
    selection(&mut all, charter);
    unknown(&mut all, charter);
    weighing(&mut all, charter);
    let c = &charter.cost;
    all.add("Cost", "a point", format!("{} working days", c.days_per_point));
    for (what, (least, most)) in [
        ("patch release", c.patch),
        ("minor release", c.minor),
        ("major release", c.major),
        ("more if transitive", c.transitive),
        ("more for every further file", c.per_file),
    ] {
        all.add("Cost", what, format!("{least} to {most} points"));
    }
    all.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, part: &'static str, about: impl Into<String>, says: impl Into<String>) {
        self.0.push(Fact { part, about: about.into(), says: says.into() });
    }
}

/// When a floor holds, in words.
pub fn floor_when(floor: &Floor) -> String {
    let mut when = Vec::new();
    if floor.malicious {
        when.push("malicious".to_owned());
    }
    if floor.known_exploited {
        when.push("known exploited".to_owned());
    }
    if let Some(tenths) = floor.cvss_tenths {
        when.push(format!("CVSS {}.{} or more", tenths / 10, tenths % 10));
    }
    match floor.exposure {
        Some(Exposure::Internet) => when.push("internet".to_owned()),
        Some(exposure) => when.push(format!("at least {exposure}")),
        None => {}
    }
    if floor.production {
        when.push("production".to_owned());
    }
    if let Some(tier) = &floor.tier {
        when.push(format!("tier {tier}"));
    }
    if when.is_empty() { "every finding".to_owned() } else { when.join(" and ") }
}

fn calendar(all: &mut Facts, charter: &Charter) {
    let c = &charter.calendar;
    all.add("Calendar", "time zone", c.time_zone.iana_name().unwrap_or("UTC"));
    let weekend: Vec<_> = c.weekend.iter().map(|d| tell_weekday(*d)).collect();
    all.add(
        "Calendar",
        "no work on",
        if weekend.is_empty() { "no day of the week".to_owned() } else { weekend.join(", ") },
    );
    all.add("Calendar", "a day ends at", c.day_ends.strftime("%H:%M").to_string());
    let rule = match c.non_working {
        NonWorking::Keep => "it stays",
        NonWorking::Before => "it moves to the working day before",
        NonWorking::After => "it moves to the next working day",
    };
    all.add("Calendar", "a deadline on a day without work", rule);
    match c.sprint {
        Some((start, days)) => {
            all.add("Calendar", "sprints", format!("{days} days each, one began on {start}"));
        }
        None => all.add("Calendar", "sprints", "none"),
    }
    for (date, name) in &c.holidays {
        all.add("Calendar", date.to_string(), format!("no work: {name}"));
    }
    for freeze in &c.freezes {
        let except: Vec<_> = freeze.except.iter().map(|l| l.as_str()).collect();
        let but = if except.is_empty() {
            String::new()
        } else {
            format!(", but {} all the same", except.join(" and "))
        };
        all.add(
            "Calendar",
            format!("{} to {}", freeze.from, freeze.to),
            format!("nothing is deployed: {}{but}", freeze.reason),
        );
    }
}

fn exceptions(all: &mut Facts, charter: &Charter) {
    let rules = &charter.exceptions;
    for level in Level::ALL.iter().rev() {
        let longest = match rules.longest_days[*level as usize] {
            None => "without limit".to_owned(),
            Some(0) => "never".to_owned(),
            Some(days) => format!("{days} days at most"),
        };
        let roles: Vec<_> = rules.may_approve[*level as usize].iter().map(|r| r.as_str()).collect();
        let who = if roles.is_empty() {
            "any side other than who asked".to_owned()
        } else {
            roles.join(" or ")
        };
        let control = if rules.control_from.is_some_and(|from| *level >= from) {
            ", with a compensating control"
        } else {
            ""
        };
        all.add("Exceptions", level.as_str(), format!("{longest}, approved by {who}{control}"));
    }
    let ask: Vec<_> = rules.may_ask.iter().map(|r| r.as_str()).collect();
    all.add(
        "Exceptions",
        "who may ask",
        if ask.is_empty() { "anyone".to_owned() } else { ask.join(", ") },
    );
    all.add("Exceptions", "always", "nobody approves what they asked for");
}

fn selection(all: &mut Facts, charter: &Charter) {
    let s = &charter.selection;
    let list = |names: &[Box<str>], none: &str| {
        if names.is_empty() { none.to_owned() } else { names.join(", ") }
    };
    let days = |days: Option<u32>| days.map_or("not limited".to_owned(), |d| format!("{d} days"));
    all.add("New dependencies", "malicious packages", "deny");
    all.add("New dependencies", "registries", list(&s.registries, "any"));
    all.add(
        "New dependencies",
        "licences allowed",
        list(&s.licences_allowed, "all but those below"),
    );
    all.add("New dependencies", "licences denied", list(&s.licences_denied, "none"));
    all.add("New dependencies", "licences to be looked at", list(&s.licences_review, "none"));
    all.add("New dependencies", "least age of a version", days(s.minimum_age_days));
    all.add("New dependencies", "longest since the last release", days(s.last_release_days));
    for (what, strictness) in [
        ("yanked or deprecated", s.yanked),
        ("archived", s.archived),
        ("unmaintained", s.unmaintained),
        ("past the end of life", s.end_of_life),
        ("not pinned", s.unpinned),
        ("locked without a hash", s.unhashed),
    ] {
        all.add("New dependencies", what, strictness.as_str());
    }
    for denied in &s.denied {
        all.add("New dependencies", denied.package.to_string(), format!("deny: {}", denied.reason));
    }
}

fn unknown(all: &mut Facts, charter: &Charter) {
    let u = &charter.unknown;
    let gate = match u.gate {
        Strictness::Allow => "shows it and passes",
        Strictness::Warn => "warns",
        Strictness::Deny => "fails",
    };
    all.add("What is unknown", "the gate", gate);
    let technical = crate::file::read::TECHNICAL
        .iter()
        .find(|(_, s)| *s == u.severity_steps)
        .map_or("serious", |(w, _)| w);
    all.add("What is unknown", "a severity counts as", technical);
    all.add("What is unknown", "an exposure counts as", u.exposure.as_str());
    all.add("What is unknown", "a tier moves the impact by", format!("{:+}", u.tier_steps));
    all.add("What is unknown", "data moves the impact by", format!("{:+}", u.data_steps));
}

fn weighing(all: &mut Facts, charter: &Charter) {
    const PART: &str = "Weighing";
    let w = &charter.weighing;
    all.add(PART, "malicious package", "probability 1");
    all.add(
        PART,
        "known exploited",
        format!("probability {} or its EPSS, the higher", w.known_exploited),
    );
    let pairs = |names: &[&str], values: &[f64]| {
        names.iter().zip(values).map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", ")
    };
    all.add(
        PART,
        "prior without EPSS, by rating",
        pairs(&["unknown", "none", "low", "medium", "high", "critical"], &w.prior),
    );
    let vectors = ["physical", "local", "adjacent", "network"];
    for exposure in Exposure::ALL.iter().rev() {
        all.add(
            PART,
            format!("odds if {exposure}, by attack vector"),
            pairs(&vectors, &w.exposure[*exposure as usize]),
        );
    }
    all.add(
        PART,
        "odds by scope",
        pairs(&["runtime", "optional", "build", "development", "test"], &w.scope),
    );
    all.add(
        PART,
        "odds by reachability",
        pairs(
            &["not imported", "symbol not seen", "unknown", "imported", "called"],
            &w.reachability,
        ),
    );
    all.add(PART, "odds by use at run time", pairs(&["not seen", "unknown", "loaded"], &w.runtime));
    all.add(
        PART,
        "odds by a supplier's statement",
        pairs(&["not affected", "fixed", "under investigation", "affected"], &w.vex),
    );
    for (name, source) in defaults::SOURCES {
        all.add(PART, format!("source of {name}"), *source);
    }
}

/// The facts as text of at most `width` columns, headings first.
pub fn write(charter: &Charter, width: usize) -> String {
    let facts = facts(charter);
    let mut text = String::new();
    let mut part = "";
    for fact in &facts {
        if fact.part != part {
            if !part.is_empty() {
                text.push('\n');
            }
            part = fact.part;
            text.push_str(part);
            text.push('\n');
        }
        let column = facts
            .iter()
            .filter(|f| f.part == part)
            .map(|f| f.about.chars().count())
            .max()
            .unwrap_or(0)
            .min(40);
        let about = format!("  {:<column$}  ", fact.about);
        let indent = about.chars().count().min(column + 4);
        text.push_str(&about);
        let mut at = about.chars().count();
        for (i, word) in fact.says.split(' ').enumerate() {
            let length = word.chars().count();
            if i > 0 && at + 1 + length > width {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                at = indent;
            } else if i > 0 {
                text.push(' ');
                at += 1;
            }
            text.push_str(word);
            at += length;
        }
        text.push('\n');
    }
    text
}
