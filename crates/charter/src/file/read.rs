//! From a charter file to a [`Charter`]: laid over its preset, with every mistake reported at its
//! place.

use std::ops::Range;

use jiff::civil::Date;
use trimtab_model::charter::{
    Cadence, Charter, DataClass, Environment, Floor, Party, Strictness, Term, Tier,
};
use trimtab_model::{Code, Diagnostic, Exposure, Level, Role};

use super::{shape, words};
use crate::at::{At, Text, nearest};
use crate::{defaults, preset};

/// The words for strictness.
const STRICTNESS: &[(&str, Strictness)] =
    &[("allow", Strictness::Allow), ("warn", Strictness::Warn), ("deny", Strictness::Deny)];
/// The words for the steps of a technical impact.
pub(crate) const TECHNICAL: &[(&str, i8)] =
    &[("none", 0), ("limited", 1), ("serious", 2), ("total", 3)];
/// The longest list that is read.
pub(super) const MAX_ENTRIES: usize = 1000;

/// Reads a charter. `file` is its name for messages.
///
/// # Errors
/// What is wrong with it, each at its place. Warnings come with the charter.
pub fn charter(file: &str, text: &str) -> Result<(Charter, Vec<Diagnostic>), Vec<Diagnostic>> {
    read(file, text, None)
}

/// Reads a charter as [`charter`] does, and warns of agreements that are dated after `today`.
///
/// # Errors
/// As [`charter`].
pub fn charter_of_today(
    file: &str,
    text: &str,
    today: Date,
) -> Result<(Charter, Vec<Diagnostic>), Vec<Diagnostic>> {
    read(file, text, Some(today))
}

fn read(
    file: &str,
    text: &str,
    today: Option<Date>,
) -> Result<(Charter, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut text = Text::new(file, text);
    let Some(shape) = text.parse::<shape::Charter>() else { return Err(text.problems) };
    let bad = !text.problems.is_empty();
    let mut reader = Reader { text, bad, terms: Vec::new(), sides: Vec::new(), today };
    let charter = reader.charter(shape);
    if reader.bad {
        // What is weak can wait until it is right.
        reader.text.problems.retain(|p| p.code != Code::CharterWeak);
        Err(in_order(reader.text.problems))
    } else {
        Ok((charter, reader.text.problems))
    }
}

/// Where the terms of an environment are, from low to critical; for those of the first line,
/// without a name. What comes from the preset has no place.
pub(super) type TermsAt = (Option<Box<str>>, [Option<Range<usize>>; 4]);

/// What is read from, and whether something in it was wrong. The parts of a charter are read in files of their own.
pub(super) struct Reader<'t> {
    text: Text<'t>,
    bad: bool,
    /// Where the terms of each environment are, from low to critical.
    pub(super) terms: Vec<TermsAt>,
    /// Where sides are named.
    sides: Vec<(Role, Range<usize>)>,
    /// The day, where somebody reads it who asks for it.
    today: Option<Date>,
}

impl Reader<'_> {
    /// Says that something is wrong.
    pub(super) fn wrong(&mut self, bytes: &Range<usize>, message: String, help: String) {
        self.bad = true;
        self.text.problem(Code::CharterInvalid, bytes.clone(), message, help);
    }

    /// One of some words. A mistyped one is reported with the word that was probably meant.
    pub(super) fn word<T: Copy>(
        &mut self,
        what: &str,
        at: &At<String>,
        known: &[(&str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(word, _)| *word == at.value);
        if found.is_none() {
            let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
            let help = match nearest(&at.value, known.iter().map(|(word, _)| *word)) {
                Some(near) => format!("did you mean `{near}`? Use one of {}", words.join(", ")),
                None => format!("use one of {}", words.join(", ")),
            };
            self.wrong(&at.bytes, format!("`{}` is not a valid {what}", at.value), help);
        }
        found.map(|(_, value)| *value)
    }

    /// A level.
    pub(super) fn level(&mut self, at: &At<String>) -> Option<Level> {
        let known: Vec<_> = Level::ALL.iter().rev().map(|l| (l.as_str(), *l)).collect();
        self.word("level", at, &known)
    }

    /// A part that may not have more entries than are read.
    fn bounded(&mut self, what: &str, last: Option<&At<String>>, count: usize) {
        if let Some(at) = last.filter(|_| count > MAX_ENTRIES) {
            let help = "remove what is not in use".to_owned();
            self.wrong(
                &at.bytes,
                format!("there are {count} {what}; {MAX_ENTRIES} are read"),
                help,
            );
        }
    }

    pub(super) fn role(&mut self, at: &At<String>) -> Option<Role> {
        let known: Vec<_> = Role::ALL.iter().map(|r| (r.as_str(), *r)).collect();
        self.word("side", at, &known)
    }

    fn exposure(&mut self, at: &At<String>) -> Option<Exposure> {
        let known: Vec<_> = Exposure::ALL.iter().map(|e| (e.as_str(), *e)).collect();
        self.word("exposure", at, &known)
    }

    /// One of three strictnesses, where it is said.
    pub(super) fn strictness(&mut self, at: Option<At<String>>, into: &mut Strictness) {
        if let Some(value) = at.and_then(|at| self.word("strictness", &at, STRICTNESS)) {
            *into = value;
        }
    }

    /// A term.
    pub(super) fn term(&mut self, at: &At<String>) -> Option<Term> {
        let term = words::term(&at.value);
        if term.is_none() {
            let help = match words::meant(&at.value) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write {}", words::TERMS),
            };
            self.wrong(&at.bytes, format!("`{}` is not a term", at.value), help);
        }
        term
    }

    /// A duration in days.
    pub(super) fn days(&mut self, at: &At<String>) -> Option<u32> {
        let days = words::days(&at.value);
        if days.is_none() {
            let meant = words::meant(&at.value).filter(|meant| words::days(meant).is_some());
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write `14 days`, `2 weeks` or `1 year`".to_owned(),
            };
            self.wrong(&at.bytes, format!("`{}` is not a duration", at.value), help);
        }
        days
    }

    /// A day.
    pub(super) fn date(&mut self, at: &At<toml::value::Datetime>) -> Option<Date> {
        let date = shape::date(at.value);
        if date.is_none() {
            let help = "write a day without a time, such as 2026-11-21".to_owned();
            self.wrong(&at.bytes, format!("`{}` is not a date", at.value), help);
        }
        date
    }

    /// The values of a table by level, from low to critical. What is left out has to be known from below it.
    pub(super) fn by_level<'s, T>(
        &mut self,
        table: &str,
        shape: &'s At<shape::ByLevel<T>>,
        laid_over: bool,
    ) -> [Option<&'s At<T>>; 4] {
        let by = &shape.value;
        let all = [&by.low, &by.medium, &by.high, &by.critical].map(Option::as_ref);
        for (level, value) in Level::ALL.iter().zip(&all).rev() {
            if value.is_none() && !laid_over {
                self.left_out(table, level.as_str(), &shape.bytes);
            }
        }
        all
    }

    /// Says that a table lacks a member that no preset gives.
    fn left_out(&mut self, table: &str, name: &str, at: &Range<usize>) {
        let help = format!("add `{name}`, or name a `preset` that says it");
        self.wrong(at, format!("`[{table}]` has no `{name}`"), help);
    }

    /// A number between two others.
    pub(super) fn range<T: PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        what: &str,
        at: &At<T>,
        least: T,
        most: T,
    ) -> Option<T> {
        let fits = at.value >= least && at.value <= most;
        if !fits {
            let help = format!("it must be between {least} and {most}");
            self.wrong(&at.bytes, format!("{what} cannot be {}", at.value), help);
        }
        fits.then_some(at.value)
    }

    /// Reads names that must be distinct. Returns the names that were taken.
    fn distinct<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n At<String>>) {
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if seen.contains(&name.value.as_str()) {
                let help = format!("give every {what} its own name");
                self.wrong(&name.bytes, format!("{what} `{}` appears twice", name.value), help);
            } else if name.value.trim().is_empty() {
                self.wrong(&name.bytes, format!("a {what} has no name"), "name it".to_owned());
            }
            seen.push(&name.value);
        }
    }

    fn charter(&mut self, shape: shape::Charter) -> Charter {
        if shape.format.value != 1 {
            let help = "this version reads layout 1".to_owned();
            self.wrong(
                &shape.format.bytes,
                format!("the file has layout {}", shape.format.value),
                help,
            );
        }
        let laid_over = shape.preset.is_some();
        let mut charter = match &shape.preset {
            None => defaults::charter(),
            Some(name) => match preset::get(&name.value) {
                Some(charter) => charter,
                None => {
                    let known: Vec<_> = preset::names().map(|n| (n, ())).collect();
                    self.word("preset", name, &known);
                    defaults::charter()
                }
            },
        };
        let set = |into: &mut Box<str>, value: Option<String>| {
            if let Some(value) = value {
                *into = value.into();
            }
        };
        set(&mut charter.name, shape.name);
        set(&mut charter.version, shape.version);
        set(&mut charter.goal, shape.goal);
        for party in &shape.party {
            let agreed = party.agreed.as_ref().and_then(|at| self.date(at));
            if let (Some(date), Some(today), Some(at)) = (agreed, self.today, &party.agreed)
                && date > today
            {
                let message = format!("{} agrees only on {date}", party.side.value);
                let help = "write the day on which they agreed; until then leave `agreed` out";
                self.text.problem(Code::CharterWeak, at.bytes.clone(), message, help);
            }
            if agreed.is_some() && party.name.trim().is_empty() {
                let message = format!("nobody is named who agreed for {}", party.side.value);
                let help = "write who it was: `name = \"…\"`";
                self.text.problem(Code::CharterWeak, party.side.bytes.clone(), message, help);
            }
            if let Some(side) = self.role(&party.side) {
                self.sides.push((side, party.side.bytes.clone()));
                charter.parties.push(Party { side, name: party.name.as_str().into(), agreed });
            }
        }
        self.scales(&mut charter, shape.tier, shape.data, shape.environment);
        if let Some(matrix) = shape.matrix {
            self.matrix(&mut charter, &matrix, laid_over);
        }
        if let Some(floors) = shape.floor {
            charter.floors = defaults::built_in_floors();
            for floor in &floors {
                self.floor(&mut charter, floor);
            }
        }
        if let Some(deadlines) = shape.deadlines {
            self.deadlines(&mut charter, &deadlines);
        }
        if let Some(calendar) = shape.calendar {
            self.calendar(&mut charter.calendar, calendar);
        }
        if let Some(weights) = shape.weights {
            let by_level = self.by_level("weights", &weights, true);
            for (i, at) in by_level.into_iter().enumerate() {
                if let Some(weight) = at.and_then(|at| self.range("a weight", at, 0.0, 1e6)) {
                    charter.weights[i] = weight;
                }
            }
            let falls = |pair: &[f64]| matches!(pair, [less, more] if more < less);
            if let Some(lower) = charter.weights.windows(2).position(falls) {
                let own = |level: usize| by_level.get(level).copied().flatten();
                let own = own(lower + 1).or(own(lower));
                let help = "a higher level weighs at least as much as the one below".to_owned();
                self.wrong(
                    own.map_or(&weights.bytes, |at| &at.bytes),
                    "the weights do not rise with the level".to_owned(),
                    help,
                );
            }
        }
        if let Some(cadences) = shape.cadence {
            charter.cadences.clear();
            const EVERY: &[(&str, ())] = &[
                ("now", ()),
                ("week", ()),
                ("sprint", ()),
                ("cool-down", ()),
                ("month", ()),
                ("quarter", ()),
            ];
            for cadence in cadences {
                self.word("rhythm", &cadence.every, EVERY);
                let levels = cadence.levels.iter().filter_map(|l| self.level(l)).collect();
                let every = cadence.every.value.into();
                charter.cadences.push(Cadence { name: cadence.name.into(), every, levels });
            }
        }
        if let Some(exceptions) = shape.exceptions {
            self.exceptions(&mut charter, &exceptions, laid_over);
        }
        self.appeals(&mut charter, shape.emergencies, shape.disputes);
        if let Some(selection) = shape.selection {
            self.selection(&mut charter.selection, selection);
        }
        if let Some(unknown) = shape.unknown {
            self.unknown(&mut charter, unknown);
        }
        self.weighing(&mut charter, shape.weighing);
        self.cost(&mut charter, shape.cost);
        self.whole(&charter);
        charter
    }

    fn scales(
        &mut self,
        charter: &mut Charter,
        tiers: Option<Vec<shape::Tier>>,
        data: Option<Vec<shape::DataClass>>,
        environments: Option<Vec<shape::Environment>>,
    ) {
        if let Some(tiers) = tiers {
            self.distinct("tier", tiers.iter().map(|t| &t.name));
            self.bounded("tiers", tiers.last().map(|t| &t.name), tiers.len());
            charter.tiers = tiers
                .into_iter()
                .take(MAX_ENTRIES)
                .filter_map(|tier| {
                    let acceptable = match tier.acceptable.value.as_str() {
                        "none" => None,
                        _ => Some(self.level(&tier.acceptable)?),
                    };
                    let impact = self.range("the impact of a tier", &tier.impact, -3, 3)?;
                    let (name, meaning) = (tier.name.value.into(), tier.meaning.into());
                    Some(Tier { name, meaning, acceptable, impact })
                })
                .collect();
        }
        if let Some(data) = data {
            self.distinct("class of data", data.iter().map(|d| &d.name));
            self.bounded("classes of data", data.last().map(|d| &d.name), data.len());
            charter.data = data
                .into_iter()
                .take(MAX_ENTRIES)
                .filter_map(|class| {
                    let impact =
                        self.range("the impact of a class of data", &class.impact, 0, 3)?;
                    Some(DataClass {
                        name: class.name.value.into(),
                        meaning: class.meaning.into(),
                        impact,
                    })
                })
                .collect();
        }
        if let Some(environments) = environments {
            self.distinct("environment", environments.iter().map(|e| &e.name));
            self.bounded("environments", environments.last().map(|e| &e.name), environments.len());
            charter.environments = environments
                .into_iter()
                .take(MAX_ENTRIES)
                .map(|e| Environment { name: e.name.value.into(), production: e.production })
                .collect();
        }
    }

    fn matrix(&mut self, charter: &mut Charter, shape: &At<shape::Matrix>, laid_over: bool) {
        let own = &shape.value;
        let rows = [&own.unlikely, &own.possible, &own.likely, &own.active].map(Option::as_ref);
        for (name, row) in
            ["active", "likely", "possible", "unlikely"].iter().zip(rows.iter().rev())
        {
            if row.is_none() && !laid_over {
                self.left_out("matrix", name, &shape.bytes);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            for (j, cell) in row.iter().flat_map(|row| &row.value).enumerate() {
                if let Some(level) = self.level(cell) {
                    charter.matrix.0[i][j] = level;
                }
            }
        }
        if !laid_over && rows.iter().any(Option::is_none) {
            return;
        }
        // Told at the cell that is lower than its neighbour.
        let m = charter.matrix.0;
        for (i, row) in rows.iter().enumerate() {
            for j in 0..4_usize {
                let left = j.checked_sub(1).map(|j| m[i][j]);
                let below = i.checked_sub(1).map(|i| m[i][j]);
                if left.max(below).is_some_and(|least| m[i][j] < least) {
                    let message = format!(
                        "`{}` is lower than a cell with less likelihood or less impact",
                        m[i][j]
                    );
                    let help =
                        "from minor to severe and from unlikely to active, levels never fall"
                            .to_owned();
                    // A row of the preset has no place here; the one below it has.
                    let below = i.checked_sub(1).and_then(|below| rows[below]);
                    let place = row.or(below).and_then(|row| row.value.get(j));
                    self.wrong(place.map_or(&shape.bytes, |cell| &cell.bytes), message, help);
                }
            }
        }
    }

    fn floor(&mut self, charter: &mut Charter, floor: &shape::Floor) {
        let level = self.level(&floor.level);
        let cvss =
            floor.cvss_at_least.as_ref().and_then(|at| self.range("a CVSS score", at, 0.0, 10.0));
        let exposure = floor.exposure.as_ref().and_then(|at| self.exposure(at));
        if let Some(tier) = &floor.tier {
            let known: Vec<String> = charter.tiers.iter().map(|t| t.name.to_string()).collect();
            let known: Vec<_> = known.iter().map(|n| (n.as_str(), ())).collect();
            self.word("tier of this charter", tier, &known);
        }
        let Some(level) = level else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100, checked"
        )]
        let cvss_tenths = cvss.map(|score| (score * 10.0).round() as u8);
        charter.floors.push(Floor {
            known_exploited: floor.known_exploited,
            malicious: floor.malicious,
            cvss_tenths,
            exposure,
            production: floor.production,
            tier: floor.tier.as_ref().map(|t| t.value.as_str().into()),
            level,
            because: floor.because.as_str().into(),
        });
    }

    fn exceptions(
        &mut self,
        charter: &mut Charter,
        exceptions: &shape::Exceptions,
        laid_over: bool,
    ) {
        let into = &mut charter.exceptions;
        if let Some(longest) = &exceptions.longest {
            let all = self.by_level("exceptions.longest", longest, true);
            for (i, at) in all.into_iter().enumerate() {
                let Some(at) = at else { continue };
                into.longest_days[i] = match at.value.as_str() {
                    "never" => Some(0),
                    "no limit" => None,
                    _ => self.days(at).or(Some(0)),
                };
            }
        }
        if let Some(may_ask) = &exceptions.may_ask {
            into.may_ask = may_ask.iter().filter_map(|at| self.role(at)).collect();
        }
        if let Some(may) = &exceptions.may_approve {
            let all = self.by_level("exceptions.may-approve", may, laid_over);
            for (i, at) in all.into_iter().enumerate() {
                let Some(at) = at else { continue };
                into.may_approve[i] = at.value.iter().filter_map(|at| self.role(at)).collect();
            }
        }
        if let Some(at) = &exceptions.control_from {
            into.control_from = if at.value == "never" { None } else { self.level(at) };
        }
    }

    fn unknown(&mut self, charter: &mut Charter, unknown: shape::Unknown) {
        let into = &mut charter.unknown;
        self.strictness(unknown.gate, &mut into.gate);
        if let Some(steps) =
            unknown.severity.and_then(|at| self.word("technical impact", &at, TECHNICAL))
        {
            into.severity_steps = steps;
        }
        if let Some(exposure) = unknown.exposure.and_then(|at| self.exposure(&at)) {
            into.exposure = exposure;
        }
        if let Some(steps) =
            unknown.tier.and_then(|at| self.range("the impact of an unknown tier", &at, -3, 3))
        {
            into.tier_steps = steps;
        }
        if let Some(steps) =
            unknown.data.and_then(|at| self.range("the impact of unknown data", &at, 0, 3))
        {
            into.data_steps = steps;
        }
        if let Some(environment) = unknown.environment {
            let known: Vec<String> =
                charter.environments.iter().map(|e| e.name.to_string()).collect();
            let known: Vec<_> = known.iter().map(|n| (n.as_str(), ())).collect();
            if self.word("environment of this charter", &environment, &known).is_some() {
                charter.unknown.environment = Some(environment.value.into());
            }
        }
    }

    /// What only the whole charter shows: things left out, and terms that do not fit each other.
    fn whole(&mut self, charter: &Charter) {
        let start = 0..self.text.text.find('\n').unwrap_or(self.text.text.len()).max(1);
        if self.bad {
            // What is missing may be what was wrong.
            return;
        }
        let mut missing = |what: &str, help: &str| {
            self.wrong(&start, format!("the charter defines no {what}"), help.to_owned());
        };
        const PRESET: &str = "add one, or start from a preset: `preset = \"framework\"`";
        if charter.tiers.is_empty() {
            missing("[[tier]]", PRESET);
        }
        if charter.environments.is_empty() {
            missing("[[environment]]", PRESET);
        }
        if charter.deadlines.terms.is_empty() {
            missing("deadlines", PRESET);
        }
        if self.bad {
            return;
        }
        self.terms(charter);
        if charter.goal.trim().is_empty() {
            let help = "say in one sentence what all sides want: `goal = \"…\"`";
            self.text.problem(Code::CharterWeak, start.clone(), "the charter has no goal", help);
        }
        for side in [Role::Security, Role::Engineering, Role::Product, Role::Operations] {
            if charter.parties.iter().any(|p| p.side == side && p.agreed.is_some()) {
                continue;
            }
            // At its own entry, where it has one.
            let own = self.sides.iter().find(|(s, _)| *s == side).map(|(_, at)| at.clone());
            let help = match own {
                Some(_) => "add `agreed` with the day here, once they have",
                None => "add a [[party]] with `agreed`, once they have",
            };
            let place = own.unwrap_or(start.clone());
            let message = format!("{side} has not agreed to the charter");
            self.text.problem(Code::CharterWeak, place, message, help);
        }
    }
}

/// Slips from the top of the file to its end, whichever part found them.
pub(crate) fn in_order(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by_key(|p| (p.line, p.excerpt.as_ref().map(|e| e.start)));
    problems
}
