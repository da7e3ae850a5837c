//! From a charter file to a [`Charter`]: laid over its preset, with every mistake reported at its
//! place.

use std::ops::Range;

use jiff::civil::Date;
use trimtab_model::charter::{Cadence, Charter, Party};
use trimtab_model::{Code, Diagnostic, Role};

use super::shape;
use crate::at::{At, Text};
use crate::{defaults, preset};

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
    pub(super) text: Text<'t>,
    pub(super) bad: bool,
    /// Where the terms of each environment are, from low to critical.
    pub(super) terms: Vec<TermsAt>,
    /// Where sides are named.
    sides: Vec<(Role, Range<usize>)>,
    /// The day, where somebody reads it who asks for it.
    today: Option<Date>,
}

impl Reader<'_> {
    fn charter(&mut self, shape: shape::Charter) -> Charter {
        self.layout(&shape);
        let laid_over = shape.preset.is_some();
        let mut charter = self.preset(shape.preset.as_ref());
        let set = |into: &mut Box<str>, value: Option<String>| {
            if let Some(value) = value {
                *into = value.into();
            }
        };
        set(&mut charter.name, shape.name);
        set(&mut charter.version, shape.version);
        set(&mut charter.goal, shape.goal);
        for party in &shape.party {
            self.party(&mut charter, party);
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
            self.weights(&mut charter, &weights);
        }
        if let Some(cadences) = shape.cadence {
            charter.cadences = cadences.into_iter().map(|cadence| self.cadence(cadence)).collect();
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

    fn layout(&mut self, shape: &shape::Charter) {
        let format = &shape.format;
        if format.value != 1 {
            let help = "this version reads layout 1".to_owned();
            self.wrong(&format.bytes, format!("the file has layout {}", format.value), help);
        }
    }

    /// What the charter is laid over.
    fn preset(&mut self, name: Option<&At<String>>) -> Charter {
        let Some(name) = name else { return defaults::charter() };
        match preset::get(&name.value) {
            Some(charter) => charter,
            None => {
                let known: Vec<_> = preset::names().map(|n| (n, ())).collect();
                self.word("preset", name, &known);
                defaults::charter()
            }
        }
    }

    fn party(&mut self, charter: &mut Charter, party: &shape::Party) {
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

    fn weights(&mut self, charter: &mut Charter, weights: &At<shape::ByLevel<f64>>) {
        let by_level = self.by_level("weights", weights, true);
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

    fn cadence(&mut self, cadence: shape::Cadence) -> Cadence {
        const EVERY: &[(&str, ())] = &[
            ("now", ()),
            ("week", ()),
            ("sprint", ()),
            ("cool-down", ()),
            ("month", ()),
            ("quarter", ()),
        ];
        self.word("rhythm", &cadence.every, EVERY);
        let levels = cadence.levels.iter().filter_map(|l| self.level(l)).collect();
        let every = cadence.every.value.into();
        Cadence { name: cadence.name.into(), every, levels }
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
