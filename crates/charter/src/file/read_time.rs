//! Deadlines and the calendar, from the shape to the model.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use trimtab_model::charter::{Calendar, Charter, CountsFrom, Freeze, NonWorking, Term};

use super::read::{MAX_ENTRIES, Reader};
use super::{shape, words};
use crate::at::nearest;

impl Reader<'_> {
    /// By when findings must be gone.
    pub(super) fn deadlines(&mut self, charter: &mut Charter, deadlines: &shape::Deadlines) {
        let into = &mut charter.deadlines;
        if let Some(at) = &deadlines.counts_from {
            let known = &[("detected", CountsFrom::Detected), ("published", CountsFrom::Published)];
            if let Some(value) = self.word("start of a deadline", at, known) {
                into.counts_from = value;
            }
        }
        if let Some(at) = &deadlines.known_exploited {
            into.known_exploited = if at.value == "none" { None } else { self.term(at) };
        }
        // An environment that this charter does not have has no terms in it.
        into.terms.retain(|(name, _)| {
            name.as_ref().is_none_or(|name| charter.environments.iter().any(|e| e.name == *name))
        });
        for (name, terms) in &deadlines.terms {
            if name != "other" && charter.environments.iter().all(|e| *e.name != **name) {
                let known = charter.environments.iter().map(|e| &*e.name).chain(["other"]);
                let help = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "define it with [[environment]], or use `other`".to_owned(),
                };
                self.wrong(&terms.bytes, format!("the charter has no environment `{name}`"), help);
            }
            let key: Option<Box<str>> = (name != "other").then(|| name.as_str().into());
            let below = into.terms.iter().position(|(known, _)| *known == key);
            let table = format!("deadlines.terms.{name}");
            let by_level = self.by_level(&table, terms, below.is_some());
            self.terms.push((key.clone(), by_level.map(|at| at.map(|at| at.bytes.clone()))));
            let at = below.unwrap_or_else(|| {
                into.terms.push((key, [Term::Opportunistic; 4]));
                into.terms.len() - 1
            });
            for (i, term) in by_level.into_iter().enumerate() {
                let term = term.and_then(|term| self.term(term));
                if let (Some(term), Some((_, all))) = (term, into.terms.get_mut(at)) {
                    all[i] = term;
                }
            }
        }
        // The line for the rest comes first.
        into.terms.sort_by(|a, b| a.0.cmp(&b.0));
    }

    /// When people work.
    pub(super) fn calendar(&mut self, into: &mut Calendar, calendar: shape::Calendar) {
        if let Some(at) = &calendar.time_zone {
            match TimeZone::get(&at.value) {
                Ok(zone) => into.time_zone = zone,
                Err(_) => {
                    let known: Vec<String> =
                        jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
                    let help = match nearest(&at.value, known.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "write an IANA name, such as `Europe/London` or `UTC`".to_owned(),
                    };
                    self.wrong(&at.bytes, format!("`{}` is not a time zone", at.value), help);
                }
            }
        }
        if let Some(weekend) = calendar.weekend {
            into.weekend.clear();
            for at in &weekend {
                match words::weekday(&at.value) {
                    Some(day) => into.weekend.push(day),
                    None => {
                        let near = nearest(&at.value, words::WEEKDAYS.iter().copied());
                        let help = match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "write the whole name, such as `saturday`".to_owned(),
                        };
                        self.wrong(
                            &at.bytes,
                            format!("`{}` is not a day of the week", at.value),
                            help,
                        );
                    }
                }
            }
            if into.weekend.len() >= 7 {
                let bytes = weekend.first().map_or(0..1, |at| at.bytes.clone());
                self.wrong(
                    &bytes,
                    "no day of the week is a working day".to_owned(),
                    "leave one out".to_owned(),
                );
            }
        }
        if let Some(at) = &calendar.day_ends {
            match Time::strptime("%H:%M", &at.value) {
                Ok(time) => into.day_ends = time,
                Err(_) => {
                    let help = "write hours and minutes, such as `17:00`".to_owned();
                    self.wrong(&at.bytes, format!("`{}` is not a time of day", at.value), help);
                }
            }
        }
        if let Some(at) = &calendar.non_working_day {
            let known = &[
                ("keep", NonWorking::Keep),
                ("before", NonWorking::Before),
                ("after", NonWorking::After),
            ];
            if let Some(value) = self.word("rule for days without work", at, known) {
                into.non_working = value;
            }
        }
        if let Some(sprint) = calendar.sprint {
            let start = self.date(&sprint.start);
            let days = self.range("the length of a sprint in days", &sprint.days, 1, 92);
            into.sprint = start.zip(days);
        }
        for holiday in calendar.holiday.iter().take(MAX_ENTRIES) {
            if let Some(date) = self.date(&holiday.date) {
                into.holidays.push((date, holiday.name.as_str().into()));
            }
        }
        into.holidays.sort();
        for freeze in calendar.freeze.iter().take(MAX_ENTRIES) {
            let (from, to) = (self.date(&freeze.from), self.date(&freeze.to));
            let except = freeze.except.iter().filter_map(|l| self.level(l)).collect();
            let (Some(from), Some(to)) = (from, to) else { continue };
            if to < from {
                self.wrong(
                    &freeze.to.bytes,
                    "the freeze ends before it begins".to_owned(),
                    "swap the days".to_owned(),
                );
            }
            into.freezes.push(Freeze { from, to, reason: freeze.reason.as_str().into(), except });
        }
    }

    /// Terms that do not fit each other, or the calendar.
    pub(super) fn terms(&mut self, charter: &Charter) {
        // Where a term stands in this file; one of the preset has no place in it.
        let place = |reader: &Self, name: Option<&str>, level: usize| {
            let own = reader.terms.iter().find(|(n, _)| n.as_deref() == name);
            own.and_then(|(_, places)| places.get(level).cloned().flatten())
        };
        if charter.calendar.sprint.is_none() {
            let counts = |(name, terms): &(Option<Box<str>>, [Term; 4])| {
                let level = terms.iter().position(|t| matches!(t, Term::Sprints(_)))?;
                Some(place(self, name.as_deref(), level).unwrap_or(0..1))
            };
            if let Some(at) = charter.deadlines.terms.iter().find_map(counts) {
                let help = "add `sprint = { start = 2026-01-05, days = 14 }` to [calendar]";
                let message = "deadlines count sprints, and the calendar has none";
                self.wrong(&at, message.to_owned(), help.to_owned());
            }
        }
        for (name, terms) in &charter.deadlines.terms {
            let hours: Vec<_> = terms.iter().map(|t| roughly_hours(*t, charter)).collect();
            // From low to critical, terms never grow.
            for (lower, pair) in hours.windows(2).enumerate() {
                let [Some(below), Some(graver)] = pair else { continue };
                if graver > below {
                    let own = place(self, name.as_deref(), lower + 1);
                    let at = own.or_else(|| place(self, name.as_deref(), lower)).unwrap_or(0..1);
                    let (level, less) = (LEVELS[lower + 1], LEVELS[lower]);
                    let name = name.as_deref().unwrap_or("other");
                    let message = format!(
                        "in {name}, {level} has a longer term (`{}`) than {less} (`{}`)",
                        words::tell_term(terms[lower + 1]),
                        words::tell_term(terms[lower]),
                    );
                    let help = format!("{level} is more severe: give it at most what {less} has");
                    self.wrong(&at, message, help);
                }
            }
        }
    }
}

/// Levels in the order of terms.
const LEVELS: [&str; 4] = ["low", "medium", "high", "critical"];

/// Hours of a term, roughly, to compare terms. `None`: it depends on the finding.
fn roughly_hours(term: Term, charter: &Charter) -> Option<u64> {
    let days = match term {
        Term::Hours(n) => return Some(u64::from(n)),
        Term::Days(n) => u64::from(n),
        Term::WorkingDays(n) => u64::from(n) * 7 / 5,
        Term::Sprints(n) => u64::from(n) * u64::from(charter.calendar.sprint?.1),
        Term::Opportunistic => u64::MAX / 24,
        Term::Catalogue => return None,
    };
    Some(days * 24)
}
