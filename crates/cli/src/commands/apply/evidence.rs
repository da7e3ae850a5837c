//! What is told of a batch that was carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use trimtab_connect::apply::{Judgement, Trial, Verdict};
use trimtab_connect::registry;
use trimtab_connect::update::{Change, Tool, needs};
use trimtab_engine::action::Outcome;
use trimtab_engine::repository::ids;
use trimtab_model::scan::Scan;
use trimtab_model::{Proposal, Purl};
use trimtab_report::applied::json;
use trimtab_report::plan::json as planned;

use super::batch::{Done, Work};
use super::build::mark;
use super::plan::Plan;
use crate::io::Io;

/// The most packages whose pages are asked for.
const PAGES: usize = 20;
/// How long one registry is asked for a page.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most lines of a manifest that are told.
const LINES: usize = 200;
/// The last lines of a run that are told.
const LAST: usize = 30;

/// Git hosts on which the path of a Go module is the address of its repository.
const HOSTS: [&str; 4] = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"];
/// How the reasons of a plan begin that say what it needs.
const NEEDS: (&str, &str) = ("whoever builds it needs ", "cargo writes ");

/// All that is known.
pub(super) struct Evidence<'a> {
    pub(super) plan: &'a Plan,
    pub(super) batch: &'a planned::Batch,
    pub(super) work: &'a Work<'a>,
    pub(super) done: &'a Done,
    pub(super) before: &'a Scan,
    pub(super) found: &'a Outcome,
    pub(super) now: Timestamp,
}

impl Evidence<'_> {
    /// The document, without what comes after: commits, branch, request.
    pub(super) fn document(&self) -> json::Document {
        let removes = self.removes();
        // One that the plan does not speak of has a weight that is not known.
        let load = removes.iter().map(|(known, _)| known.as_ref().map(|f| f.weight)).sum();
        let changes = together(&self.done.steps);
        let edits = edits(&changes, self.work.arrivals.place.tool);
        let files: Vec<String> = changes.into_iter().map(|change| change.path).collect();
        json::Document {
            format: json::FORMAT.to_owned(),
            version: json::VERSION,
            target: self.plan.0.target.clone(),
            now: self.now.to_string(),
            batch: self.batch.name.clone(),
            window: self.batch.window.clone(),
            place: self.batch.place.clone(),
            lost: self.lost(&files),
            files,
            edits,
            tool: self.batch.tool.clone(),
            outcome: String::new(),
            why: String::new(),
            base: self.work.tree.base().to_owned(),
            branch: None,
            commits: Vec::new(),
            request: None,
            actions: self.actions(),
            moves: self.found.moved.iter().map(moved).collect(),
            load,
            removes: removes.into_iter().map(|(_, told)| told).collect(),
            needs: self.needs(),
            worse: self.found.worse.iter().map(ToString::to_string).collect(),
            tests: self.tests(),
            changelogs: Vec::new(),
            why_these: self.why_these(),
            why_now: self.batch.why_now.clone(),
            rollback: Vec::new(),
        }
    }

    /// Why these actions, of those that are done. Each reason begins with the name of its action.
    fn why_these(&self) -> Vec<String> {
        let not = |at: usize| self.done.not.iter().any(|(held, ..)| *held == at);
        let is_of_done = |why: &&String| {
            let names =
                self.work.actions.iter().enumerate().map(|(at, (action, _))| (at, &action.name));
            let of = names.filter(|(_, name)| {
                why.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(' '))
            });
            of.max_by_key(|(_, name)| name.len()).is_none_or(|(at, _)| !not(at))
        };
        // What it needs is told of what is done, and not as it was planned.
        let needs = self.needs();
        let is_planned = |why: &&String| {
            !(needs.contains(why) || why.starts_with(NEEDS.0) || why.starts_with(NEEDS.1))
        };
        self.batch.why_these.iter().filter(is_of_done).filter(is_planned).cloned().collect()
    }

    /// Of the files that change, those of what is vendored that people had changed.
    fn lost(&self, files: &[String]) -> Vec<String> {
        let lost = self.work.lost.borrow();
        files.iter().filter(|path| lost.contains(*path)).cloned().collect()
    }

    /// What whoever builds the project needs from now on.
    fn needs(&self) -> Vec<String> {
        needs(&together(&self.done.steps)).iter().map(ToString::to_string).collect()
    }

    /// The findings that are gone, with what the plan says of them.
    fn removes(&self) -> Vec<(Option<planned::Finding>, json::Finding)> {
        // As in the plan: of a package that is there in several versions, each counts by itself.
        let gone = self.found.removed.iter().chain(&self.found.lessened);
        let mut gone: Vec<usize> = gone.copied().collect();
        gone.sort_unstable();
        let gone = gone.into_iter().filter_map(|at| self.before.findings.get(at));
        let local = |moment: &str| self.plan.0.rhythm.local(moment);
        let mut told: Vec<_> = gone
            .map(|finding| {
                let (all, package) = (ids(finding), finding.purl.to_string());
                let all: Vec<&str> = all.iter().map(|id| &**id).collect();
                let known = self.plan.known(&all, &package).cloned();
                let told = json::Finding {
                    vulnerability: finding.vulnerability.id.to_string(),
                    package,
                    level: known.as_ref().map(|k| k.level.clone()),
                    deadline: known.as_ref().and_then(|k| k.deadline.as_deref()).map(local),
                    undated: known.as_ref().is_none_or(|k| k.undated),
                    exploited: known.as_ref().map(|k| k.exploited),
                };
                (known, told)
            })
            .collect();
        // The gravest first; of one level as the scan has them.
        let rank = |level: Option<&str>| match level {
            Some("critical") => 0,
            Some("high") => 1,
            Some("medium") => 2,
            Some("low") => 3,
            _ => 4,
        };
        told.sort_by_key(|(_, told)| rank(told.level.as_deref()));
        told
    }

    fn actions(&self) -> Vec<json::Action> {
        let one = |(at, (action, proposal)): (usize, &(planned::Action, Proposal))| {
            let not = self.done.not.iter().find(|(held, ..)| *held == at);
            json::Action {
                name: action.name.clone(),
                what: proposal.to_string(),
                outcome: not.map_or(json::DONE, |(_, word, _)| *word).to_owned(),
                why: not.map_or(String::new(), |(_, _, why)| why.clone()),
                estimate: action.cost.estimate.clone(),
                points: (action.cost.points > 0.0).then_some(action.cost.points),
            }
        };
        self.work.actions.iter().enumerate().map(one).collect()
    }

    /// What one action moves, with what goes along, and what it removes of what the whole batch does.
    pub(super) fn of_action<'d>(
        &self,
        at: usize,
        changes: &[Change],
        document: &'d json::Document,
    ) -> (Vec<json::Move>, Vec<&'d json::Finding>) {
        let Some((action, proposal)) = self.work.actions.get(at) else { return Default::default() };
        let named: Vec<String> =
            proposal.parts().map(|part| part.package().package().to_string()).collect();
        let is = |moved: &&json::Move| named.contains(&moved.package);
        let along = self.work.along.borrow();
        let moves = match along.get(&(at, mark(changes))) {
            Some(all) => all.iter().map(moved).collect(),
            // Others did it before.
            None => document.moves.iter().filter(is).cloned().collect(),
        };
        let planned: Vec<_> =
            action.removes.iter().filter_map(|name| self.plan.finding(name)).collect();
        let removes = document.removes.iter().filter(|finding| {
            let is = |known: &&planned::Finding| {
                let named = known.vulnerability == finding.vulnerability
                    || known.aliases.contains(&finding.vulnerability);
                named && known.package == finding.package
            };
            planned.iter().any(is)
        });
        (moves, removes.collect())
    }

    fn tests(&self) -> json::Tests {
        let names = |all: Option<&Vec<Box<str>>>| -> Vec<String> {
            all.into_iter().flatten().map(ToString::to_string).collect()
        };
        let told = self.done.difference.as_ref();
        let (judgement, why) = match told {
            Some(told) => (
                match told.judgement {
                    Judgement::Unharmed => "unharmed",
                    Judgement::Broke => "broke",
                    Judgement::Untold => "untold",
                },
                told.why.clone(),
            ),
            None if self.work.command.is_none() => {
                ("none", "no tests were run, as requested".to_owned())
            }
            None => ("none", "no tests were run, as nothing changed".to_owned()),
        };
        json::Tests {
            judgement: judgement.to_owned(),
            why,
            command: self.work.command.as_ref().map(trimtab_connect::apply::Command::line),
            before: self.done.before.as_ref().map(run),
            after: self.done.after.as_ref().map(run),
            broken: names(told.map(|t| &t.broken)),
            failed_before: names(told.map(|t| &t.before)),
            mended: names(told.map(|t| &t.mended)),
            gone: names(told.map(|t| &t.gone)),
            wavering: names(Some(&self.done.wavering)),
            vet: self.done.vet.clone(),
            runs: self.done.runs,
            confined: self.confined(),
        }
    }

    /// What tests were kept from.
    fn confined(&self) -> Vec<String> {
        // Where nothing was run, nothing was kept from anything.
        let command = self.work.command.as_ref().filter(|_| self.done.runs > 0);
        let Some(command) = command else { return Vec::new() };
        let (limits, here) = (&self.work.limits, &self.work.confinement);
        let network = match (limits.network, command.needs_network(), here.network_open()) {
            (true, ..) => "with network, as trimtab.toml says".to_owned(),
            (_, Some(why), _) => format!("with network: {why}"),
            (_, _, Some(why)) => {
                format!("with network, because it could not be cut off here: {why}")
            }
            (_, _, None) => "without network".to_owned(),
        };
        let mut all = vec![network];
        all.extend(here.words(limits));
        all
    }
}

fn moved(moved: &trimtab_engine::action::Moved) -> json::Move {
    let list = |all: &[Box<str>]| all.iter().map(ToString::to_string).collect();
    json::Move { package: moved.package.to_string(), from: list(&moved.from), to: list(&moved.to) }
}

fn run(trial: &Trial) -> json::Run {
    let count = |verdict| (!trial.results.is_empty()).then(|| trial.results.count(verdict));
    json::Run {
        ended: trial.ended.to_string(),
        passed: count(Verdict::Passed),
        failed: count(Verdict::Failed),
        skipped: count(Verdict::Skipped),
        seconds: trial.time.as_secs(),
        last: match trial.ended.is_well() {
            true => Vec::new(),
            false => trial.results.last_words(&trial.output, LAST),
        },
    }
}

/// The changes of several steps as one: each file from its first state to its last.
pub(super) fn together(steps: &[(usize, Vec<Change>)]) -> Vec<Change> {
    let mut all: BTreeMap<&str, Change> = BTreeMap::new();
    for change in steps.iter().flat_map(|(_, changes)| changes) {
        all.entry(&change.path)
            .and_modify(|held| held.after = change.after.clone())
            .or_insert_with(|| change.clone());
    }
    all.into_values().filter(|change| change.before != change.after).collect()
}

/// What changes in manifests. Those of what is vendored are their publishers'.
fn edits(changes: &[Change], tool: &Tool) -> Vec<json::Edit> {
    let is_own =
        |path: &str| !path.split('/').any(|part| ["vendor", "node_modules"].contains(&part));
    changes
        .iter()
        .filter(|change| tool.is_manifest(&change.path) && is_own(&change.path))
        .map(|change| {
            let lines = change.lines().into_iter().take(LINES).collect();
            json::Edit { file: change.path.clone(), lines }
        })
        .collect()
}

/// Where the changes of what comes are told, as far as registries say it or name a repository.
pub(super) fn changelogs(moves: &[json::Move], now: Timestamp, io: &Io) -> Vec<json::Changelog> {
    let mut options = io.registries(now);
    options.time_limit = PATIENCE;
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for moved in moves.iter().take(PAGES) {
        let Some(version) = moved.to.last() else { continue };
        let package = format!("{}@{}", moved.package, version.replace('+', "%2B"));
        let Ok(purl) = package.parse::<Purl>() else { continue };
        let told = registry::ask(&purl, &options).metadata;
        let mut told = told.map(|m| [m.changelog, m.repository]).into_iter().flatten().flatten();
        if let Some(page) = told.find_map(|told| page(&told)).or_else(|| own_address(&purl))
            && seen.insert(package)
        {
            all.push(json::Changelog { package: purl.to_string(), page });
        }
    }
    all
}

/// The page of a repository out of its address, as registries write it.
fn page(address: &str) -> Option<String> {
    let text = address.trim().trim_start_matches("git+");
    let text = text.strip_suffix(".git").unwrap_or(text);
    let rest = ["https://", "http://", "git://", "ssh://git@"]
        .iter()
        .find_map(|s| text.strip_prefix(s))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/~:".contains(c);
    rest.chars().all(plain).then(|| format!("https://{rest}"))
}

/// The page of a module of Go whose path is the address of its repository.
fn own_address(purl: &Purl) -> Option<String> {
    if purl.purl_type() != "golang" {
        return None;
    }
    let path = format!("{}/{}", purl.namespace()?, purl.name());
    let mut parts = path.split('/');
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    let is_known = HOSTS.contains(&host);
    is_known.then(|| page(&format!("https://{host}/{owner}/{name}"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_go_has_the_page_of_its_path() {
        for (purl, expected) in [
            ("pkg:golang/github.com/left/right@v1.0.0", Some("https://github.com/left/right")),
            ("pkg:golang/github.com/left/right/v2@v2.0.0", Some("https://github.com/left/right")),
            ("pkg:golang/left.example/right/down@v1.0.0", None),
            ("pkg:golang/stdlib@1.25.0", None),
            ("pkg:composer/github.com/left@1.0.0", None),
        ] {
            let purl: Purl = purl.parse().unwrap();
            assert_eq!(own_address(&purl).as_deref(), expected, "{purl}");
        }
    }

    #[test]
    fn repositories_have_pages() {
        for (address, expected) in [
            ("git+https://git.example/a/b.git", Some("https://git.example/a/b")),
            ("git://git.example/a", Some("https://git.example/a")),
            ("https://git.example/a/b", Some("https://git.example/a/b")),
            ("javascript:alert(1)", None),
            ("https://git.example/a)b", None),
        ] {
            assert_eq!(page(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn what_changes_in_manifests_is_told_by_lines() {
        let change = |path: &str, before: &str, after: &str| Change {
            path: path.to_owned(),
            before: Some(before.into()),
            after: Some(after.into()),
        };
        let manifest =
            |range: &str| format!("{{\n  \"left\": \"{range}\",\n  \"right\": \"1\"\n}}\n");
        let (was, is) = (manifest("^1.0.0"), manifest("^1.2.0"));
        let changes = [
            change("package-lock.json", "1", "2"),
            change("web/package.json", &was, &is),
            change("node_modules/a/package.json", &was, &is),
        ];
        let told = edits(&changes, Tool::by_id("npm").unwrap());
        let [edit] = &told[..] else { panic!("{told:?}") };
        assert_eq!(edit.file, "web/package.json");
        assert_eq!(edit.lines, ["-  \"left\": \"^1.0.0\",", "+  \"left\": \"^1.2.0\","]);
    }

    #[test]
    fn steps_become_one() {
        let step = |path: &str, before: &str, after: &str| Change {
            path: path.to_owned(),
            before: Some(before.into()),
            after: Some(after.into()),
        };
        let steps = [
            (0, vec![step("a", "1", "2"), step("b", "1", "2")]),
            (1, vec![step("a", "2", "3"), step("b", "2", "1")]),
        ];
        assert_eq!(together(&steps), [step("a", "1", "3")]);
    }
}
