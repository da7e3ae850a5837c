//! What carrying out asks of a plan, as `trimtab plan --format json` writes it.

use jiff::Timestamp;
use trimtab_model::{Code, Diagnostic, Proposal};
use trimtab_report::plan::json::{self, Action, Batch, Document, Finding};

/// A plan.
#[derive(Debug)]
pub(in crate::commands) struct Plan(pub(in crate::commands) Document);

/// A plan that cannot be used.
fn wrong(why: &str) -> Diagnostic {
    Diagnostic::new(Code::ConfigMalformed, format!("it is not a plan: {why}"))
        .help("write one: trimtab plan --format json --output FILE")
}

impl Plan {
    /// Reads a plan; `file` is its name for messages.
    pub(super) fn read(text: &str, file: &str) -> Result<Plan, Diagnostic> {
        let document = json::read(text).map_err(|why| wrong(&why).in_file(file))?;
        // A file may come from anywhere: what it names stays within the project.
        if let Some(batch) = document.batches.iter().find(|batch| !is_within(&batch.folder)) {
            let why = format!("batch `{}` leads out of the project", batch.name.escape_debug());
            return Err(wrong(&why).in_file(file));
        }
        Ok(Plan(document))
    }

    /// The batch of a name, or the first that does not wait for its age.
    pub(super) fn batch(&self, name: Option<&str>, now: Timestamp) -> Result<&Batch, Diagnostic> {
        let batches = &self.0.batches;
        let found = match name {
            Some(name) => batches.iter().find(|batch| batch.name == name),
            None => batches.iter().find(|batch| self.waits(batch, now).is_none()),
        };
        let waiting = batches.first().filter(|_| name.is_none());
        let waiting = waiting.and_then(|first| Some((first, self.waits(first, now)?)));
        found.ok_or_else(|| {
            if let Some((first, from)) = waiting {
                let message = format!(
                    "`{}` is {}, and there is no earlier batch",
                    first.name,
                    not_before(from)
                );
                let help = format!(
                    "`trimtab apply {}` applies the part of it that is old enough",
                    first.name
                );
                return Diagnostic::new(Code::BatchUnknown, message).help(help);
            }
            let names: Vec<&str> = batches.iter().map(|batch| &*batch.name).collect();
            let message = match name {
                Some(name) => format!("the plan has no batch `{name}`"),
                None => "the plan has no batch".to_owned(),
            };
            let help = match (names.as_slice(), name.and_then(for_folder)) {
                (_, Some(help)) => help,
                ([], None) => "there is nothing to do".to_owned(),
                (names, None) => format!("it has: {}", names.join(", ")),
            };
            Diagnostic::new(Code::BatchUnknown, message).help(help)
        })
    }

    /// Until when a batch waits within its window, for a version that is too young.
    pub(in crate::commands) fn waits(&self, batch: &Batch, now: Timestamp) -> Option<Timestamp> {
        let window = self.0.rhythm.windows.iter().find(|window| window.name == batch.window)?;
        let start = window.start.parse::<Timestamp>().ok()?;
        let from = batch.from.parse::<Timestamp>().ok()?;
        (from > start.max(now)).then_some(from)
    }

    /// The batches that a batch was planned on top of, the nearest first.
    pub(super) fn below(&self, batch: &Batch) -> Vec<&Batch> {
        let mut all: Vec<&Batch> = Vec::new();
        let mut next = batch.after.as_deref();
        while let Some(name) = next {
            let found = self.0.batches.iter().find(|other| other.name == name);
            // A file may come from anywhere: none is told twice.
            let is_new = |found: &&Batch| all.iter().all(|held| held.name != found.name);
            let Some(found) = found.filter(is_new) else { break };
            all.push(found);
            next = found.after.as_deref();
        }
        all
    }

    /// The actions of a batch with what is asked of the package manager, in their order.
    pub(super) fn actions(&self, batch: &Batch) -> Result<Vec<(Action, Proposal)>, Diagnostic> {
        let one = |name: &String| {
            let action = self.0.actions.iter().find(|action| action.name == *name);
            let both = action.and_then(|action| Some((action.clone(), action.proposal.read()?)));
            both.ok_or_else(|| {
                let message = format!("action `{name}` of `{}` is not understood", batch.name);
                Diagnostic::new(Code::ConfigMalformed, message).help("plan again")
            })
        };
        batch.actions.iter().map(one).collect()
    }

    /// A finding by its name in the plan.
    pub(super) fn finding(&self, name: &str) -> Option<&Finding> {
        self.0.findings.iter().find(|finding| finding.name == name)
    }

    /// Whether it removes something whose version the package manager alone knew.
    pub(super) fn asks(&self, batch: &Batch) -> bool {
        if batch.tool == "dockerfile" {
            return true;
        }
        let mut removes = batch.removes.iter().filter_map(|name| self.finding(name));
        removes.any(|finding| finding.version_by.is_some())
    }

    /// Whether an action removes a finding that is known to be exploited.
    pub(super) fn is_exploited(&self, action: &Action) -> bool {
        action.removes.iter().filter_map(|name| self.finding(name)).any(|f| f.exploited)
    }

    /// What an action removes, by the plan.
    pub(super) fn promised(&self, action: &Action) -> Vec<Finding> {
        action.removes.iter().filter_map(|name| self.finding(name)).cloned().collect()
    }

    /// A finding by its vulnerability, under any of its ids, and its component.
    pub(super) fn known(&self, ids: &[&str], package: &str) -> Option<&Finding> {
        self.0.findings.iter().find(|finding| {
            let named =
                |id: &str| finding.vulnerability == id || finding.aliases.iter().any(|a| a == id);
            finding.package == package && ids.iter().any(|id| named(id))
        })
    }

    /// How many requests the team may have open.
    pub(in crate::commands) fn open_limit(&self) -> Option<usize> {
        self.0.rhythm.open_limit.and_then(|limit| usize::try_from(limit).ok())
    }
}

/// What to run where the name of a batch is a folder, as `trimtab plan` takes one. `None`: it is none.
pub(super) fn for_folder(name: &str) -> Option<String> {
    if !std::path::Path::new(name).is_dir() {
        return None;
    }
    let quote = if name.contains(char::is_whitespace) { "'" } else { "" };
    Some(format!("the first batch of that folder: trimtab apply --path {quote}{name}{quote}"))
}

/// From when a batch may be carried out, in words.
pub(super) fn not_before(from: Timestamp) -> String {
    format!("not before {}", from.strftime("%F"))
}

/// Whether a path stays below where it begins.
fn is_within(path: &str) -> bool {
    use std::path::{Component, Path};
    let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    Path::new(path).components().all(stays)
}
