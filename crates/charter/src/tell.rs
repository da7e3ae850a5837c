//! A charter in plain words, for `trimtab charter explain` and to compare two of them: one fact a
//! line, under headings, in an order that does not change.

use trimtab_model::charter::{AppealRule, Charter, CountsFrom, Floor, NonWorking, Strictness};
use trimtab_model::level::{ImpactBand, LikelihoodBand};
use trimtab_model::{Exposure, Level, Role};

use crate::defaults;
use crate::file::words::{tell_term, tell_weekday};
use crate::strictness::{self, Measure};

/// One thing that a charter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The heading that it belongs under.
    pub part: &'static str,
    /// What it is about.
    pub about: String,
    /// What the charter says.
    pub says: String,
    /// How strict that is.
    pub measure: Measure,
}

/// Everything that a charter says.
pub fn facts(charter: &Charter) -> Vec<Fact> {
    let mut all = Facts(Vec::new());
    for tell in [
        agreement, scales, deadlines, calendar, rhythm, exceptions, appeals, selection, unknown,
        weighing, cost,
    ] {
        tell(&mut all, charter);
    }
    all.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, part: &'static str, about: impl Into<String>, says: impl Into<String>) {
        self.measured(part, about, says, Measure::None);
    }

    fn measured(
        &mut self,
        part: &'static str,
        about: impl Into<String>,
        says: impl Into<String>,
        measure: Measure,
    ) {
        self.0.push(Fact { part, about: about.into(), says: says.into(), measure });
    }
}

/// When a floor applies, in words.
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

/// Who agreed, and on what.
fn agreement(all: &mut Facts, charter: &Charter) {
    all.add("Agreement", "name", &*charter.name);
    all.add("Agreement", "version", &*charter.version);
    all.add("Agreement", "goal", if charter.goal.is_empty() { "not said" } else { &charter.goal });
    for party in &charter.parties {
        let when =
            party.agreed.map_or("has not agreed yet".to_owned(), |d| format!("agreed on {d}"));
        let name = if party.name.trim().is_empty() { "nobody is named" } else { &*party.name };
        all.add("Agreement", party.side.to_string(), format!("{name}, {when}"));
    }
}

/// Tiers, data, environments, and the levels that follow from them.
fn scales(all: &mut Facts, charter: &Charter) {
    for tier in &charter.tiers {
        let keep = tier
            .acceptable
            .map_or("Accepts no findings".to_owned(), |l| format!("Accepts findings up to {l}"));
        let says = format!("{} {keep}; impact {:+}", tier.meaning, tier.impact);
        let keeps = tier.acceptable.map_or(0, |l| -1 - i64::from(l as u8));
        let measure = Measure::Numbers(vec![keeps, tier.impact.into()]);
        all.measured("Tiers", &*tier.name, says, measure);
    }
    for class in &charter.data {
        let says = format!("{} Impact {:+}", class.meaning, class.impact);
        all.measured("Data", &*class.name, says, Measure::Numbers(vec![class.impact.into()]));
    }
    for environment in &charter.environments {
        let kind = if environment.production {
            "production: counts towards the load"
        } else {
            "not production"
        };
        let measure = Measure::Numbers(vec![environment.production.into()]);
        all.measured("Environments", &*environment.name, kind, measure);
    }
    for likelihood in LikelihoodBand::ALL.iter().rev() {
        let cells: Vec<String> = ImpactBand::ALL
            .iter()
            .map(|impact| format!("{impact} {}", charter.matrix.level(*likelihood, *impact)))
            .collect();
        let level = |impact| i64::from(charter.matrix.level(*likelihood, impact) as u8);
        let measure = Measure::Numbers(ImpactBand::ALL.iter().copied().map(level).collect());
        all.measured("Matrix", likelihood.as_str(), cells.join(", "), measure);
    }
    for floor in &charter.floors {
        all.measured(
            "Floors",
            floor_when(floor),
            format!("at least {}: {}", floor.level, floor.because),
            Measure::Rule(vec![i64::from(floor.level as u8)]),
        );
    }
}

/// When a finding must be gone.
fn deadlines(all: &mut Facts, charter: &Charter) {
    let from = match charter.deadlines.counts_from {
        CountsFrom::Detected => "from when the finding was first seen here",
        CountsFrom::Published => "from when the first advisory was published",
    };
    let early = charter.deadlines.counts_from == CountsFrom::Published;
    all.measured("Deadlines", "counted", from, Measure::Numbers(vec![early.into()]));
    let sprint = charter.calendar.sprint.map(|(_, days)| days);
    for (environment, terms) in &charter.deadlines.terms {
        let name = environment.as_deref().unwrap_or("any other environment");
        for level in Level::ALL.iter().rev() {
            let term = terms[*level as usize];
            let measure = Measure::Numbers(strictness::term(term, sprint));
            all.measured("Deadlines", format!("{level} in {name}"), tell_term(term), measure);
        }
    }
    if let Some(term) = charter.deadlines.known_exploited {
        all.measured(
            "Deadlines",
            "known to be exploited",
            format!("{}, or sooner by its level", tell_term(term)),
            Measure::Rule(strictness::term(term, sprint)),
        );
    }
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
    all.add("Calendar", "a deadline on a non-working day", rule);
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

/// What levels weigh, and which cadence takes them.
fn rhythm(all: &mut Facts, charter: &Charter) {
    for level in Level::ALL.iter().rev() {
        let weight = charter.weight(*level);
        let measure = Measure::Numbers(strictness::numbers_of(&[weight]));
        all.measured("Load", level.as_str(), format!("weighs {weight}"), measure);
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
        let controlled = rules.control_from.is_some_and(|from| *level >= from);
        let control = if controlled { ", with a compensating control" } else { "" };
        let longest_days = strictness::at_most(rules.longest_days[*level as usize]);
        let mut measure = vec![longest_days, controlled.into()];
        measure.extend(strictness::roles(&rules.may_approve[*level as usize]));
        let says = format!("{longest}, approved by {who}{control}");
        all.measured("Exceptions", level.as_str(), says, Measure::Numbers(measure));
    }
    let ask: Vec<_> = rules.may_ask.iter().map(|r| r.as_str()).collect();
    all.measured(
        "Exceptions",
        "who may ask",
        if ask.is_empty() { "anyone".to_owned() } else { ask.join(", ") },
        Measure::Numbers(strictness::roles(&rules.may_ask).collect()),
    );
    all.add("Exceptions", "always", "nobody approves their own request");
}

fn appeals(all: &mut Facts, charter: &Charter) {
    let rules = &charter.exceptions;
    let mut told = |about: &str, rule: &AppealRule, verb: &str, of: (&str, &[Level])| {
        let (default, levels) = of;
        let words = |sides: &[Role]| {
            sides.iter().map(|side| side.as_str()).collect::<Vec<_>>().join(" or ")
        };
        let who = rule.sides.as_deref().map_or_else(|| default.to_owned(), words);
        let people = match rule.people {
            1 => String::new(),
            people => format!(", {people} people"),
        };
        let mut measure = vec![i64::from(rule.people)];
        measure.extend(strictness::term(rule.within, None));
        // Where the charter names no sides, who may depends on the level: a side that comes at one of them loosens.
        for level in levels {
            measure.extend(strictness::roles(&rule.sides(*level, rules)));
        }
        let says = format!("{verb} {who}{people}, within {}", tell_term(rule.within));
        all.measured("Outside the plan", about, says, Measure::Numbers(measure));
    };
    let critical = "whoever may accept critical findings";
    let grave = (critical, &[Level::Critical][..]);
    told("a change at once", &charter.emergencies, "granted by", grave);
    let own = "whoever may accept findings of its level";
    told("a dispute", &charter.disputes, "decided by", (own, Level::ALL));
}

fn selection(all: &mut Facts, charter: &Charter) {
    const PART: &str = "New dependencies";
    let s = &charter.selection;
    let list = |names: &[Box<str>], none: &str| {
        if names.is_empty() { none.to_owned() } else { names.join(", ") }
    };
    let days = |days: Option<u32>| days.map_or("not limited".to_owned(), |d| format!("{d} days"));
    all.add(PART, "malicious packages", "deny");
    let allowed = |names: &[Box<str>]| Measure::Allowed(names.to_vec());
    let refused = |names: &[Box<str>]| Measure::Refused(names.to_vec());
    all.measured(PART, "registries", list(&s.registries, "any"), allowed(&s.registries));
    let licences = list(&s.licences_allowed, "all but those below");
    all.measured(PART, "licences allowed", licences, allowed(&s.licences_allowed));
    let licences = list(&s.licences_denied, "none");
    all.measured(PART, "licences denied", licences, refused(&s.licences_denied));
    let licences = list(&s.licences_review, "none");
    all.measured(PART, "licences to be reviewed", licences, refused(&s.licences_review));
    let age = Measure::Numbers(vec![i64::from(s.minimum_age_days.unwrap_or(0))]);
    all.measured(PART, "minimum age of a version", days(s.minimum_age_days), age);
    let since = Measure::Numbers(vec![strictness::at_most(s.last_release_days)]);
    all.measured(PART, "maximum time since the last release", days(s.last_release_days), since);
    for (what, strictness) in [
        ("yanked or deprecated", s.yanked),
        ("archived", s.archived),
        ("unmaintained", s.unmaintained),
        ("past the end of life", s.end_of_life),
        ("not pinned", s.unpinned),
        ("locked without a hash", s.unhashed),
    ] {
        let measure = Measure::Numbers(vec![strictness as i64]);
        all.measured(PART, what, strictness.as_str(), measure);
    }
    for denied in &s.denied {
        let says = format!("deny: {}", denied.reason);
        all.measured(PART, denied.package.to_string(), says, Measure::Rule(vec![0]));
    }
}

fn unknown(all: &mut Facts, charter: &Charter) {
    const PART: &str = "What is unknown";
    let u = &charter.unknown;
    let gate = match u.gate {
        Strictness::Allow => "shows it and passes",
        Strictness::Warn => "warns",
        Strictness::Deny => "fails",
    };
    let number = |n: i64| Measure::Numbers(vec![n]);
    all.measured(PART, "the gate", gate, number(u.gate as i64));
    let technical = crate::file::read::TECHNICAL
        .iter()
        .find(|(_, s)| *s == u.severity_steps)
        .map_or("serious", |(w, _)| w);
    all.measured(PART, "a severity counts as", technical, number(u.severity_steps.into()));
    let exposure = number(u.exposure as i64);
    all.measured(PART, "an exposure counts as", u.exposure.as_str(), exposure);
    let moved = |steps: i8| format!("{steps:+}");
    let tier = number(u.tier_steps.into());
    all.measured(PART, "a tier moves the impact by", moved(u.tier_steps), tier);
    let data = number(u.data_steps.into());
    all.measured(PART, "data moves the impact by", moved(u.data_steps), data);
    let assumed = charter.assumed_environment();
    let production = number(assumed.is_none_or(|e| e.production).into());
    let name = assumed.map_or("the rest", |e| &*e.name);
    all.measured(PART, "an environment counts as", name, production);
}

fn weighing(all: &mut Facts, charter: &Charter) {
    const PART: &str = "Weighing";
    let w = &charter.weighing;
    all.add(PART, "malicious package", "probability 1");
    let measure = |values: &[f64]| Measure::Numbers(strictness::numbers_of(values));
    all.measured(
        PART,
        "known exploited",
        format!("probability {} or its EPSS, whichever is higher", w.known_exploited),
        measure(&[w.known_exploited]),
    );
    let pairs = |names: &[&str], values: &[f64]| {
        names.iter().zip(values).map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", ")
    };
    all.measured(
        PART,
        "prior without EPSS, by rating",
        pairs(&["unknown", "none", "low", "medium", "high", "critical"], &w.prior),
        measure(&w.prior),
    );
    let vectors = ["physical", "local", "adjacent", "network"];
    for exposure in Exposure::ALL.iter().rev() {
        all.measured(
            PART,
            format!("odds if {exposure}, by attack vector"),
            pairs(&vectors, &w.exposure[*exposure as usize]),
            measure(&w.exposure[*exposure as usize]),
        );
    }
    all.measured(
        PART,
        "odds by scope",
        pairs(&["runtime", "optional", "build", "development", "test"], &w.scope),
        measure(&w.scope),
    );
    all.measured(
        PART,
        "odds by reachability",
        pairs(
            &["not imported", "symbol not seen", "unknown", "imported", "called"],
            &w.reachability,
        ),
        measure(&w.reachability),
    );
    all.measured(
        PART,
        "odds by use at run time",
        pairs(&["not seen", "unknown", "loaded"], &w.runtime),
        measure(&w.runtime),
    );
    all.measured(
        PART,
        "odds by a supplier's statement",
        pairs(&["not affected", "fixed", "under investigation", "affected"], &w.vex),
        measure(&w.vex),
    );
    for (name, source) in defaults::SOURCES {
        all.add(PART, format!("source of {name}"), *source);
    }
}

/// What changes cost.
fn cost(all: &mut Facts, charter: &Charter) {
    let c = &charter.cost;
    all.add("Cost", "a point", format!("{} working days", c.days_per_point));
    for (what, (least, most)) in [
        ("patch release", c.patch),
        ("minor release", c.minor),
        ("major release", c.major),
        ("extra if transitive", c.transitive),
        ("extra per additional file", c.per_file),
    ] {
        all.add("Cost", what, format!("{least} to {most} points"));
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
