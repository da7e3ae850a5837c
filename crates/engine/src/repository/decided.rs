//! Which decisions of an agreement apply to a finding in a system, and which apply to nothing.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::{Timestamp, tz};
use trimtab_decisions::exceptions::{self, Found};
use trimtab_decisions::not_affected::{self, Case};
use trimtab_model::decision::{Exception, NotAffected, Statement};
use trimtab_model::evidence::{Fact, VexStatus};
use trimtab_model::finding::{Finding, Occurrence};
use trimtab_model::scan::Unaffected;
use trimtab_model::{Code, Diagnostic, Level};

use super::{Agreement, path};

/// The decisions of an agreement on a day, with what they turned out to be about.
pub(super) struct Decided<'a> {
    agreement: &'a Agreement,
    today: Date,
    /// For each exception, the gravest level of what it is about, whether or not it is in force.
    accepted: Vec<Option<Level>>,
    /// For each decision *not affected*, whether it is about anything.
    used: Vec<bool>,
    diagnostics: Vec<Diagnostic>,
}

/// A finding in a system, as it is without our decisions.
pub(super) struct Here<'h> {
    /// The scanned files, as the agreement names them.
    pub(super) files: &'h [Cow<'h, str>],
    pub(super) finding: &'h Finding,
    pub(super) ids: &'h [Box<str>],
    pub(super) system: Option<&'h str>,
    pub(super) environment: Option<&'h str>,
    pub(super) places: &'h [Occurrence],
    pub(super) level: Level,
    pub(super) changed: Option<Timestamp>,
    /// The statements of suppliers that hold.
    pub(super) said: &'h [&'h Statement],
}

/// What was decided about a finding.
pub(super) enum Settled {
    /// Nothing that holds.
    Open,
    /// It is accepted until a day.
    Accepted(Box<str>, Option<Date>),
    /// It does not matter; the fact is its evidence.
    NotAffected(Unaffected, Fact<VexStatus>),
}

/// A decision with its last day.
type Held<'a, D> = (&'a D, Option<Date>);

impl<'a> Decided<'a> {
    pub(super) fn new(agreement: &'a Agreement, today: Date) -> Decided<'a> {
        Decided {
            agreement,
            today,
            accepted: vec![None; agreement.exceptions.len()],
            used: vec![false; agreement.not_affected.len()],
            diagnostics: Vec::new(),
        }
    }

    /// What was decided about a finding. A decision holds for it where each of its places has one in force: the
    /// one that ends first counts.
    pub(super) fn settle(&mut self, here: &Here<'_>) -> Settled {
        let accepted = self.accepted(here);
        let not_affected = self.not_affected(here);
        // Nobody decides so about malware (the charter's selection rules say so always).
        if crate::assess::is_malicious(here.finding) {
            let exception = accepted.map(|(e, _)| ("exception", &e.id, &e.file, e.line));
            let decision = not_affected.map(|(d, _)| ("decision", &d.id, &d.file, d.line));
            for (noun, id, file, line) in exception.into_iter().chain(decision) {
                let message = format!(
                    "the {noun} `{id}` is about {} in {}, which is malware",
                    here.finding.vulnerability.id, here.finding.package
                );
                self.diagnostics.push(
                    Diagnostic::new(Code::DecisionMalicious, message)
                        .in_file(&**file)
                        .at_line(line)
                        .help("remove the package, and the decision"),
                );
            }
            return Settled::Open;
        }
        match (accepted, not_affected) {
            (None, None) => Settled::Open,
            (None, Some((decision, until))) => {
                let source = source(decision, here.said).into();
                let fact = Fact { value: VexStatus::NotAffected, source };
                let unaffected = Unaffected {
                    id: decision.id.clone(),
                    justification: decision.justification,
                    reason: decision.reason.clone(),
                    until,
                };
                Settled::NotAffected(unaffected, fact)
            }
            (Some((exception, until)), other) => {
                if let Some((decision, _)) = other {
                    let message = format!(
                        "the exception `{}` accepts {} in {}, which does not matter by the decision `{}`; it counts as accepted",
                        exception.id,
                        here.finding.vulnerability.id,
                        here.finding.package,
                        decision.id
                    );
                    self.diagnostics.push(
                        Diagnostic::new(Code::VexConflict, message)
                            .in_file(&*exception.file)
                            .at_line(exception.line)
                            .help("remove the one that is not so, or narrow it"),
                    );
                }
                Settled::Accepted(exception.id.clone(), until)
            }
        }
    }

    fn accepted(&mut self, here: &Here<'_>) -> Option<Held<'a, Exception>> {
        for (exception, level) in self.agreement.exceptions.iter().zip(&mut self.accepted) {
            if here.places.iter().any(|o| exceptions::covers(&exception.reach, &here.found(*o))) {
                *level = (*level).max(Some(here.level));
            }
        }
        first_to_end(here.places, |o| {
            exceptions::accepting(
                &self.agreement.exceptions,
                &here.found(o),
                here.level,
                &self.agreement.charter.exceptions,
                self.today,
            )
        })
    }

    fn not_affected(&mut self, here: &Here<'_>) -> Option<Held<'a, NotAffected>> {
        let case = Case {
            level: here.level,
            rules: &self.agreement.charter.exceptions,
            today: self.today,
            zone: self.zone(),
            changed: here.changed,
            said: here.said,
        };
        let mut held = Vec::new();
        let mut diagnostics = Vec::new();
        for (decision, used) in self.agreement.not_affected.iter().zip(&mut self.used) {
            let covers = |o: &Occurrence| exceptions::covers(&decision.reach, &here.found(*o));
            if !here.places.iter().any(covers) {
                continue;
            }
            *used = true;
            let standing = not_affected::holds(decision, &case);
            diagnostics.extend_from_slice(standing.diagnostics());
            if standing.is_held() {
                held.push((decision, standing.until()));
            }
        }
        self.diagnostics.append(&mut diagnostics);
        first_to_end(here.places, |o| {
            let found = here.found(o);
            let covering = held.iter().filter(|(d, _)| exceptions::covers(&d.reach, &found));
            covering.max_by_key(|(_, until)| until.unwrap_or(Date::MAX)).copied()
        })
    }

    fn zone(&self) -> &'a tz::TimeZone {
        &self.agreement.charter.calendar.time_zone
    }

    /// What there is to say of the decisions, those that are about nothing included.
    pub(super) fn diagnostics(mut self) -> Vec<Diagnostic> {
        let Agreement { charter, exceptions, not_affected, .. } = self.agreement;
        let level_of = |exception: &Exception| {
            let at = exceptions.iter().position(|e| std::ptr::eq(e, exception));
            at.and_then(|at| self.accepted.get(at).copied().flatten())
        };
        let (_, judged) = exceptions::judge(exceptions, &charter.exceptions, level_of, self.today);
        self.diagnostics.extend(judged);
        for (decision, _) in not_affected.iter().zip(&self.used).filter(|(_, used)| !**used) {
            self.diagnostics.extend(not_affected::unused(
                decision,
                &charter.exceptions,
                self.today,
            ));
        }
        self.diagnostics
    }
}

impl<'h> Here<'h> {
    fn found(&self, occurrence: Occurrence) -> Found<'h> {
        Found {
            ids: self.ids,
            package: Some(&self.finding.purl),
            path: path(self.files, occurrence),
            system: self.system,
            environment: self.environment,
        }
    }
}

/// Of the decisions for each place, if each has one, the one that ends first.
fn first_to_end<'a, D>(
    places: &[Occurrence],
    of: impl Fn(Occurrence) -> Option<Held<'a, D>>,
) -> Option<Held<'a, D>> {
    let all: Option<Vec<_>> = places.iter().map(|o| of(*o)).collect();
    all?.into_iter().min_by_key(|(_, until)| until.unwrap_or(Date::MAX))
}

/// Who says so: the decision, who made and approved it, and who says otherwise.
fn source(decision: &NotAffected, said: &[&Statement]) -> String {
    let mut text = format!("decision {} of {}", decision.id, decision.author.name);
    if let Some(approver) = &decision.approver {
        text.push_str(&format!(", approved by {}", approver.name));
    }
    if let Some(other) = not_affected::graver(said).next() {
        let author = other.author.as_deref().unwrap_or("an author without name");
        let status = other.status.as_str().replace('_', " ");
        text.push_str(&format!("; {author} said before that it is {status}"));
    }
    text
}
