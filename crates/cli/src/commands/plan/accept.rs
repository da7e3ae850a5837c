//! What accepting a finding takes, by the charter: the ready entry of the file of exceptions, and who must agree.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use trimtab_decisions::exceptions;
use trimtab_engine::action::Open;
use trimtab_engine::repository::Agreement;
use trimtab_model::Level;
use trimtab_model::advisory::Kind;
use trimtab_model::decision::{Decisions, Exception, Justification, NotAffected, Reach, Signatory};
use trimtab_model::finding::Finding;
use trimtab_report::plan::json;

/// What people fill in.
const REASON: &str = "<why it is acceptable until then>";
const AUTHOR: &str = "<name and address of who asks>";
const CONTROL: &str = "<what lowers the risk meanwhile>";
const UNREACHED: &str = "<why its code is never run here>";
const UNNAMED: &str = "No source file names it, outside folders of what others wrote or what was built: a plain search for its name, which sees nothing that is loaded by a computed or another name.";

/// Writes decisions for findings; each has an id of its own.
pub(super) struct Accepting<'a> {
    agreement: &'a Agreement,
    today: Date,
    taken: BTreeSet<String>,
}

impl<'a> Accepting<'a> {
    /// For a day.
    pub(super) fn new(agreement: &'a Agreement, today: Date) -> Accepting<'a> {
        let exceptions = agreement.exceptions.iter().map(|exception| exception.id.to_string());
        let others = agreement.not_affected.iter().map(|decision| decision.id.to_string());
        Accepting { agreement, today, taken: exceptions.chain(others).collect() }
    }

    /// What accepting it takes. `file`: as the scan names it; `unused`: no source names the package.
    pub(super) fn of(
        &mut self,
        open: &Open,
        finding: &Finding,
        file: &str,
        unused: bool,
    ) -> json::Accept {
        let rules = &self.agreement.charter.exceptions;
        let level = open.level as usize;
        let (longest, approve) = (rules.longest_days[level], &rules.may_approve[level]);
        let refused = refused(finding, open.level, longest);
        let control = rules.control_from.is_some_and(|from| open.level >= from);
        let names = |all: &[trimtab_model::Role]| -> Vec<String> {
            all.iter().map(|role| role.as_str().to_owned()).collect()
        };
        let reach = self.reach(finding, file);
        let author = Signatory { name: AUTHOR.into(), role: rules.may_ask.first().copied() };
        let exception = refused.is_none().then(|| Exception {
            id: self.id("accept", finding).into(),
            reach: reach.clone(),
            reason: REASON.into(),
            author: author.clone(),
            approver: None,
            created: Some(self.today),
            expires: longest.map(|days| self.today.saturating_add(i64::from(days).days())),
            control: control.then(|| CONTROL.into()),
            ticket: None,
            file: "".into(),
            line: 0,
        });
        let draft = unused && finding.vulnerability.kind != Kind::Malicious;
        let not_affected = draft.then(|| NotAffected {
            id: self.id("not-affected", finding).into(),
            reach,
            justification: Justification::VulnerableCodeNotInExecutePath,
            reason: UNREACHED.into(),
            author,
            approver: None,
            created: Some(self.today),
            expires: None,
            evidence: Some(UNNAMED.into()),
            file: "".into(),
            line: 0,
        });
        json::Accept {
            level: open.level.as_str().to_owned(),
            longest_days: longest.filter(|_| refused.is_none()),
            refused,
            may_ask: names(&rules.may_ask),
            may_approve: names(approve),
            control,
            exception: exception.map(|exception| {
                entry(&Decisions { exceptions: vec![exception], ..Decisions::default() })
            }),
            not_affected: not_affected.map(|decision| {
                entry(&Decisions { not_affected: vec![decision], ..Decisions::default() })
            }),
        }
    }

    /// The vulnerability in the package at its version, in this file.
    fn reach(&self, finding: &Finding, file: &str) -> Reach {
        let path = self.agreement.place.file(file);
        // A name that would be read as a pattern is left out: package and version narrow enough.
        let plain = !path.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
        Reach {
            vulnerability: Some(finding.vulnerability.id.clone()),
            package: Some(finding.purl.clone()),
            path: plain.then(|| path.into()),
            system: None,
            environment: None,
        }
    }

    /// An id that no other decision has.
    fn id(&mut self, what: &str, finding: &Finding) -> String {
        let first = format!("{what}-{}-{}", finding.vulnerability.id, finding.purl.name());
        let (mut id, mut number) = (first.clone(), 1);
        while !self.taken.insert(id.clone()) {
            number += 1;
            id = format!("{first}-{number}");
        }
        id
    }
}

/// Why it may not be accepted at all.
fn refused(finding: &Finding, level: Level, longest: Option<u32>) -> Option<String> {
    if finding.vulnerability.kind == Kind::Malicious {
        return Some("malware is never accepted: remove it".to_owned());
    }
    let none = longest == Some(0);
    none.then(|| format!("the charter allows no exception for a {level} finding"))
}

/// The entry alone, without the head of a file.
fn entry(decisions: &Decisions) -> String {
    let text = exceptions::write(decisions);
    text.split_once("\n\n").map_or(String::new(), |(_, entry)| entry.to_owned())
}
