//! A judge: an agreement with its policies, of the tree or of a commit, and what it says of a scan.

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_charter::strictness::Direction;
use trimtab_engine::gate::{self as engine_gate, Before};
use trimtab_engine::revision::{Change, Kind};
use trimtab_model::evidence::Fact;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Metadata, Purl};
use trimtab_policy::{Document, Policies, Verdict, gate as decide, input};
use trimtab_report::gate as told;

use crate::agreement::{self, Agreed, before};
use crate::args::{AgreementOf, Gate};
use crate::commands::{check_new, policy};
use crate::io::Io;
use crate::{history, say};

/// The policy that speaks of the agreement itself.
const POLICY: &str = "trimtab.agreement";
/// What is told of one file at most.
const SHOWN: usize = 5;

/// An agreement with its policies.
pub(super) struct Judge {
    pub(super) agreed: Agreed,
    policies: Policies,
    /// Files of policies that could not be read.
    broken: usize,
}

/// What is judged beside the scan itself.
pub(super) struct Case<'c> {
    /// What it is compared with.
    pub(super) before: Option<&'c Before>,
    pub(super) only_new: bool,
    pub(super) history: Option<&'c history::Kept>,
    pub(super) metadata: &'c dyn Fn(&Purl) -> Option<Metadata>,
    pub(super) index: &'c Index,
    pub(super) now: Timestamp,
}

/// What a judge says.
pub(super) struct Judged {
    pub(super) gate: trimtab_policy::Gate,
    pub(super) input: input::Input,
    pub(super) charter: String,
    pub(super) policies: Vec<Box<str>>,
    pub(super) complete: bool,
}

impl Judge {
    /// The one of the tree.
    ///
    /// # Errors
    /// The agreement or a policy cannot be read.
    pub(super) fn of_tree(args: &Gate, io: &mut Io) -> Result<Judge, Diagnostic> {
        let mut agreed = agreement::read(&args.path, args.charter.as_deref(), io)?;
        let mut texts = agreed.policies()?;
        let top = agreement::repository(&args.path);
        if let Some(path) = args.charter.as_deref().map(std::path::Path::new)
            && let Some(name) = before::from_top(&top, path)
        {
            agreed.files.insert(name, (Kind::Charter, agreement::bytes(path)?));
        }
        if let Some(path) = args.history.history.as_deref().filter(|path| path.is_file())
            && let Some(name) = before::from_top(&top, path)
        {
            agreed.files.insert(name, (Kind::History, agreement::bytes(path)?));
        }
        for (name, text) in policy::read(&args.policy, &["rego"])? {
            if let Some(from_top) = before::from_top(&top, std::path::Path::new(&name)) {
                agreed.files.insert(from_top, (Kind::Policy, text.clone().into_bytes()));
            }
            texts.push((name, text));
        }
        Ok(Judge::of(agreed, &texts, io))
    }

    /// The one of a commit, with the policies of the command line as they were there. `None`: nothing was
    /// agreed there.
    ///
    /// # Errors
    /// There is no such commit, or the agreement or a policy of it cannot be read.
    pub(super) fn of_commit(
        args: &Gate,
        reference: &str,
        io: &mut Io,
    ) -> Result<Option<Judge>, Diagnostic> {
        let read = before::read(&args.path, reference, args.charter.as_deref());
        let Some(mut agreed) = read.map_err(|problems| mends(agreement::told(problems, io)))?
        else {
            return Ok(None);
        };
        let mut texts = agreed.policies().map_err(mends)?;
        let top = agreement::repository(&args.path);
        if let Some(path) = &args.history.history {
            let files = before::own(&top, reference, path)?.unwrap_or_default();
            let files = files.into_iter().map(|(name, bytes)| (name, (Kind::History, bytes)));
            agreed.files.extend(files);
        }
        for path in &args.policy {
            let Some(files) = before::own(&top, reference, path)? else {
                texts.extend(policy::read(std::slice::from_ref(path), &["rego"])?);
                continue;
            };
            let single = !path.is_dir();
            for (name, bytes) in files {
                if single || name.ends_with(".rego") {
                    let text = agreement::utf8(bytes.clone(), &name)?;
                    texts.push((format!("{reference}:{name}"), text));
                    agreed.files.insert(name, (Kind::Policy, bytes));
                }
            }
        }
        Ok(Some(Judge::of(agreed, &texts, io)))
    }

    fn of(agreed: Agreed, texts: &[(String, String)], io: &mut Io) -> Judge {
        let (policies, problems) = Policies::with_built_in(&policy::borrowed(texts));
        say::diagnostics(io, problems.iter(), true);
        Judge { agreed, policies, broken: problems.len() }
    }

    /// Weighs a scan and asks the policies.
    ///
    /// # Errors
    /// A pattern of a system is not one.
    pub(super) fn judge(
        &self,
        scan: &mut Scan,
        case: &Case<'_>,
        io: &mut Io,
    ) -> Result<Judged, Diagnostic> {
        let agreement = &self.agreed.agreement;
        // By the history, where there is one. Else what this change brings in is detected now; the rest
        // was there before.
        let first_seen = |finding: &_| match case.history {
            Some(history) => Some(history.first_seen(finding, case.now)),
            None => engine_gate::is_new(finding, case.before)
                .filter(|new| *new)
                .map(|_| Fact { value: case.now, source: "with this change".into() }),
        };
        let (weighing, problems) = self.agreed.weigh(scan, &first_seen, case.now)?;
        scan.weighing = Some(weighing);
        scan.diagnostics.extend(problems);
        let systems = &agreement.project.systems;
        let input = engine_gate::input(&engine_gate::Gate {
            scan,
            charter: &agreement.charter,
            system: if let [one] = systems.as_slice() { Some(one) } else { None },
            before: case.before,
            only_new: case.only_new,
            metadata: case.metadata,
            // What cannot be read of it is unknown; the index's own faults are told by the matching.
            lifecycle: &|purl| check_new::lifecycle_of(purl, Some(case.index)).unwrap_or_default(),
            now: case.now,
        });
        let said = self.policies.evaluate(&Document::of(&input));
        say::diagnostics(io, said.diagnostics.iter(), true);
        for line in &said.prints {
            io.err(&format!("{line}\n"));
        }
        let complete = !scan.is_incomplete() && said.is_complete() && self.broken == 0;
        let charter = &agreement.charter;
        Ok(Judged {
            gate: decide(said.verdicts, charter.unknown.gate, complete),
            input,
            charter: format!("{} {}", charter.name, charter.version),
            // A package without verdicts of its own helps others; it judges nothing.
            policies: self
                .policies
                .packages()
                .iter()
                .filter(|p| p.effects().next().is_some())
                .map(|p| p.name.clone())
                .collect(),
            complete,
        })
    }
}

/// An error about the agreement before, with what can be done.
fn mends(problem: Diagnostic) -> Diagnostic {
    match problem.code {
        Code::Usage => problem,
        _ => problem.help(before::MENDS),
    }
}

/// A verdict as it is told, with what its judge knows of its finding.
pub(super) fn told(v: Verdict, judged: Option<&Judged>) -> told::Verdict {
    let about = judged.zip(v.finding.as_deref()).and_then(|(judged, id)| {
        let same = |f: &&input::Finding| f.id == id || f.aliases.iter().any(|a| a == id);
        judged.input.findings.iter().find(same)
    });
    told::Verdict {
        effect: match v.effect {
            trimtab_policy::Effect::Deny => told::Effect::Deny,
            trimtab_policy::Effect::Unknown => told::Effect::Unknown,
            trimtab_policy::Effect::Warn => told::Effect::Warn,
        },
        new: about.and_then(|f| f.new),
        level: about.and_then(|f| f.level).map(level),
        policy: v.policy,
        rule: v.rule,
        message: v.message,
        finding: v.finding,
        file: v.file,
        line: v.line,
        help: v.help,
    }
}

fn level(level: input::Level) -> trimtab_model::Level {
    match level {
        input::Level::Low => trimtab_model::Level::Low,
        input::Level::Medium => trimtab_model::Level::Medium,
        input::Level::High => trimtab_model::Level::High,
        input::Level::Critical => trimtab_model::Level::Critical,
    }
}

/// What is said of a file of the agreement that the change touches.
pub(super) fn note(change: &Change, reference: &str, of: AgreementOf) -> told::Verdict {
    let what = match change.kind {
        Kind::Project => "the settings",
        Kind::Charter => "the charter",
        Kind::Exceptions => "the exceptions",
        Kind::Statements => "what suppliers say",
        Kind::Policy => "a policy",
        Kind::History => "when findings were first seen",
    };
    let mut message = format!("this change {} {what}", change.direction.as_str());
    let loosens = change.direction == Direction::Loosens;
    let facts = change.facts.iter().filter(|f| !loosens || f.direction == Direction::Loosens);
    let words: Vec<&str> = facts.map(|fact| fact.words.as_str()).collect();
    if !words.is_empty() {
        message.push_str(": ");
        message.push_str(&words.get(..words.len().min(SHOWN)).unwrap_or_default().join("; "));
    }
    if words.len() > SHOWN {
        message.push_str(&format!("; and {} more", words.len() - SHOWN));
    }
    let help = match of {
        AgreementOf::Both => format!(
            "It is also judged by the agreement of {reference}. Have those who agreed review it, in a change of its own."
        ),
        AgreementOf::Before => {
            format!(
                "It is judged by the agreement of {reference}. Have those who agreed review it."
            )
        }
        AgreementOf::After => {
            "It is judged by the agreement that it brings. Have those who agreed review it."
                .to_owned()
        }
    };
    let rule = if loosens { "loosened" } else { "changed" };
    about_agreement(rule, message, help, Some(change.file.as_str().into()))
}

/// What is said of a change that brings in the first agreement.
pub(super) fn first_agreement(after: &Judge, reference: &str) -> told::Verdict {
    let files: Vec<&str> = after.agreed.files.keys().map(String::as_str).collect();
    let file = files.first().map(|file| (*file).into());
    let message = format!(
        "{reference} has no agreement: this change is judged by the one that it brings ({})",
        files.join(", ")
    );
    let help = "Have those who agreed review it.".to_owned();
    about_agreement("first", message, help, file)
}

fn about_agreement(
    rule: &str,
    message: String,
    help: String,
    file: Option<Box<str>>,
) -> told::Verdict {
    told::Verdict {
        effect: told::Effect::Warn,
        policy: POLICY.into(),
        rule: rule.into(),
        message: message.into(),
        finding: None,
        file,
        line: None,
        help: Some(help.into()),
        new: Some(true),
        level: None,
    }
}
