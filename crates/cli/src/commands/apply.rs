//! `trimtab apply`: carry a batch of a plan out in a copy, test it there, look again, write a branch.

mod arrivals;
mod batch;
mod build;
pub(super) mod content;
mod evidence;
pub(super) mod plan;
mod request;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_charter::project::Apply as Settings;
use trimtab_connect::apply::{
    Absent, Author, Command, Confinement, Judgement, Limits, Tree, absent, detect, find, publish,
};
use trimtab_connect::requests::BRANCHES;
use trimtab_connect::update;
use trimtab_connect::update::{Options, Tool, Unbuilt};
use trimtab_engine::action::{Side, outcome};
use trimtab_engine::repository::ids;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic};
use trimtab_report::applied;
use trimtab_report::applied::json::Document;
use trimtab_report::plan::json::Batch;

use super::plan::broke::Broke;
use super::plan::image;
use super::plan::instead::too_young;
use super::plan::last;
use super::plan::place::{Place, Top};
use super::plan::tree::Trees;
use super::{Outcome, finished, scan};
use crate::args::output::pairs;
use crate::args::{Apply, ApplyFormat};
use crate::exit::Exit;
use crate::io::Io;
use crate::progress::Pulse;
use crate::{agreement, index, output, say};

use arrivals::Arrivals;
use batch::{Done, Work};
use evidence::Evidence;
use plan::Plan;

/// How long a package manager may take to tell the versions that a scan does not know.
pub(in crate::commands) const LISTING: Duration = Duration::from_secs(300);
/// How often it is told that what is run goes on.
pub(in crate::commands) const PULSE: Duration = Duration::from_secs(60);
/// What is told of a change for which there is no repository.
const NOWHERE: &str = ", in a copy: the folder is not in a git repository, so no branch is written";
/// Files that are told as not committed, or as not in the copy.
const UNCOMMITTED: usize = 5;

/// The plan that is named, or the last of this repository. `None`: there is none.
pub(in crate::commands) fn named(
    plan: Option<&Path>,
    path: &Path,
    io: &mut Io,
) -> Result<Option<Plan>, Diagnostic> {
    let last = || last::place(path, io).filter(|place| place.is_file());
    let file = plan.map(Path::to_owned).or_else(last);
    file.map(|file| read(&file, io)).transpose()
}

/// Runs the verb.
///
/// # Errors
/// The plan, the project or its test command is not usable; nothing was written then.
pub fn run(args: &Apply, io: &mut Io) -> Outcome {
    let targets = pairs(args.format, &args.output)?;
    let plan = named(args.plan.as_deref(), &args.path, io)?.ok_or_else(|| {
        let folder = args.batch.as_deref().and_then(plan::for_folder);
        let first = "run `trimtab plan` in this repository first, or give a plan with --plan";
        Diagnostic::new(Code::Usage, "there is no plan for this repository")
            .help(folder.unwrap_or_else(|| first.to_owned()))
    })?;
    let carried = carry_out(args, &plan, io)?;
    let (document, exit) = (&carried.document, carried.exit);
    output::all(&targets, false, io, |format, _, out| {
        match format {
            ApplyFormat::Markdown => applied::write(document, out)?,
            ApplyFormat::Json => applied::json::write(document, out)?,
            ApplyFormat::Patch if document.commits.is_empty() => {}
            ApplyFormat::Patch => *out = carried.tree.patch()?,
        }
        Ok(())
    })?;
    for line in &document.worse {
        say::diagnostic(io, &Diagnostic::new(Code::ChangeWorse, line.clone()));
    }
    let is_shown = targets.iter().any(|(_, file)| file.is_none());
    if exit == Exit::Violated && document.worse.is_empty() && !is_shown {
        io.err(&format!("Nothing was written to git: {}.\n", document.why));
    }
    if exit == Exit::Incomplete && document.outcome == "nothing" {
        let why = document.actions.iter().map(|action| action.why.as_str());
        let why = why.into_iter().find(|why| !why.is_empty()).unwrap_or_default();
        let told = Diagnostic::new(Code::RegistryAway, format!("nothing could be tried: {why}"))
            .help("check the network, the proxy and the package manager's own settings, and apply again");
        say::diagnostic(io, &told);
    } else if exit == Exit::Incomplete {
        let help = format!(
            "{}, or give another command with --test; --untested writes the branch anyway",
            untold(document.tests.before.as_ref())
        );
        let told = Diagnostic::new(Code::TestsUntold, document.tests.why.clone()).help(help);
        say::diagnostic(io, &told);
    }
    Ok(exit)
}

/// What is to be done where tests do not tell what an update did, by the run before it. It is no fault of theirs where what
/// they need cannot be fetched, or their program is missing.
pub(in crate::commands) fn untold(before: Option<&applied::json::Run>) -> &'static str {
    match before.is_some_and(|run| run.ended.starts_with("not run")) {
        true => "make the project as it is run its tests here",
        false => "fix the tests",
    }
}

/// What carrying a batch out came to.
pub(in crate::commands) struct Carried {
    /// What is told of it.
    pub(in crate::commands) document: Document,
    /// How the run ends.
    pub(in crate::commands) exit: Exit,
    tree: Tree,
}

/// Carries a batch out, to the branch and the request.
///
/// # Errors
/// The plan, the project or its test command is not usable, or the host does not take the request.
pub(in crate::commands) fn carry_out(
    args: &Apply,
    plan: &Plan,
    io: &mut Io,
) -> Result<Carried, Diagnostic> {
    let now = agreement::moment(args.now.as_deref())?;
    finished::begin(&args.path, args.trial.finished.as_deref(), io)?;
    let batch = plan.batch(args.batch.as_deref(), now)?.clone();
    if let Some(from) = plan.waits(&batch, now) {
        let (name, from) = (trimtab_report::one_line(&batch.name), plan::not_before(from));
        io.err(&format!("{name} is {from}: what is too young by then is left out\n"));
    }
    let index = index::open(&args.index, io)?;
    let agreed = agreement::read(&args.path, None, io)?.agreement;
    let (charter, settings) = (agreed.charter, agreed.project.apply);
    // What runs that were killed left in the folder for temporary files.
    update::sweep(None);
    let tree = Tree::of(&args.path, &args.at, None)?;
    warn(&tree, io)?;
    let author = match tree.repository() {
        Some(repository) => Author::configured(repository, now)?,
        None => Author::ours(now),
    };
    let folder = PathBuf::from(&batch.folder);
    let command = command(args.trial.test.as_deref(), &settings, &tree, &folder, io)?;
    let tool = tool_of(&batch)?;
    let options = Options {
        project_code: args.trial.project_code,
        before: too_young(&charter.selection, now),
        images: image::read(&args.trial.images.image_sbom)?,
        // What the plan found to stay, stays.
        unbuilt: Unbuilt::any(),
        ..Options::default()
    };
    let given = Given { args, plan, batch: &batch, index: &index, options: &options, now };
    let before = given.look(&tree, io)?;
    if let Some(missing) = missing(plan, &batch, &tree, &before)? {
        io.err(&format!("{}: {missing}\n", trimtab_report::one_line(&batch.name)));
    }
    let actions = plan.actions(&batch)?;
    let mut work = Work {
        arrivals: Arrivals {
            index: &index,
            charter: &charter,
            registry: io.registries(now),
            place: Place {
                name: batch.place.as_str().into(),
                folder: batch.folder.as_str().into(),
                tool,
            },
            known: RefCell::default(),
        },
        promised: actions.iter().map(|(action, _)| plan.promised(action)).collect(),
        exploited: actions.iter().map(|(action, _)| plan.is_exploited(action)).collect(),
        actions,
        options: options.clone(),
        listed: OnceCell::new(),
        command,
        confinement: Confinement::here(),
        limits: limits(&settings),
        most: args.trial.runs,
        each: args.trial.commit_each,
        unvetted: Cell::new(false),
        lost: RefCell::default(),
        vets_itself: Cell::new(false),
        along: RefCell::default(),
        pulse: Pulse::new(PULSE, |text| eprintln!("{text}")),
        tree,
    };
    let pulse = work.pulse.clone();
    let done = work.run(&mut |what| {
        io.err(&format!("{what} …\n"));
        pulse.next(what);
    })?;
    pulse.rest();
    done.denied.iter().for_each(|denied| say::diagnostic(io, denied));
    let became: Vec<_> =
        done.tested().filter_map(|(at, broke)| Some((&work.actions.get(at)?.0, broke))).collect();
    let base = work.tree.repository().is_some().then(|| work.tree.base());
    Broke::keep(&args.path, &became, base, now, io);
    let (document, exit) = given.finish(&work, &done, &before, &author, io)?;
    Ok(Carried { document, exit, tree: work.tree })
}

/// The package manager of a batch.
fn tool_of(batch: &Batch) -> Result<&'static Tool, Diagnostic> {
    Tool::by_id(&batch.tool).ok_or_else(|| {
        let message =
            format!("batch `{}` needs `{}`, which this build cannot run", batch.name, batch.tool);
        Diagnostic::new(Code::ConfigMalformed, message).help("plan again with this build")
    })
}

/// What is carried out, and how it is looked at.
struct Given<'g> {
    args: &'g Apply,
    plan: &'g Plan,
    batch: &'g Batch,
    index: &'g Index,
    options: &'g Options,
    now: Timestamp,
}

impl Given<'_> {
    /// What there is in a copy now.
    fn look(&self, tree: &Tree, io: &Io) -> Result<Scan, Diagnostic> {
        let mut scan = scan::matched(&[tree.root()], &self.args.walk, self.index, io)?;
        // What only the package manager knew when it was planned, it is asked again.
        if self.plan.asks(self.batch) {
            let top = Top { root: tree.root(), prefix: String::new() };
            let only = Some(self.batch.folder.as_str());
            let trees = Trees::ask(&mut scan.inventory, &top, only, self.options, LISTING);
            if !trees.is_empty() {
                scan = scan::of_inventory(scan.target.to_string(), scan.inventory, self.index)?;
            }
        }
        Ok(scan)
    }

    /// Looks at what was done, and, where nothing is worse by it, commits it and writes the branch.
    fn finish(
        &self,
        work: &Work<'_>,
        done: &Done,
        before: &Scan,
        author: &Author,
        io: &mut Io,
    ) -> Result<(Document, Exit), Diagnostic> {
        let Given { args, plan, batch, now, .. } = *self;
        // A second look: what is there now, and not what was planned; without what tests left.
        work.tree.sweep()?;
        work.lay(&done.steps)?;
        let after = self.look(&work.tree, io)?;
        let found = outcome(side(before), side(&after));
        let evidence = Evidence { plan, batch, work, done, before, found: &found, now };
        let mut document = evidence.document();
        let exit = verdict(args, done, &mut document);
        if let Some(missing) = missing(plan, batch, &work.tree, before)? {
            document.why = format!("{}; {missing}", document.why);
        }
        if work.tree.repository().is_none() && exit != Exit::Violated {
            document.why += NOWHERE;
            io.err("Nothing was written: the folder is not in a git repository. Use --output patch=FILE to get the change.\n");
        }
        if exit != Exit::Violated && !done.steps.is_empty() && document.worse.is_empty() {
            document.changelogs = evidence::changelogs(&document.moves, now, io);
            commit(args, work, done, &evidence, &mut document, author)?;
            let proven = exit == Exit::Clean || args.trial.untested;
            if work.tree.repository().is_some() && proven {
                self.publish_branch(&work.tree, &mut document, io)?;
            }
        }
        Ok((document, exit))
    }

    /// Writes the branch of what was committed, and opens its request where one is wanted.
    fn publish_branch(
        &self,
        tree: &Tree,
        document: &mut Document,
        io: &mut Io,
    ) -> Result<(), Diagnostic> {
        let Given { args, plan, batch, .. } = *self;
        let branch = format!("{BRANCHES}{}", batch.name);
        let published = publish(tree, &branch)?;
        io.err(&format!("{} is at {}\n", published.branch, short(&published.commit)));
        document.branch = Some(published.branch);
        finished::add(&args.path, args.trial.finished.as_deref(), document, io);
        document.rollback = rollback(&batch.name, &branch);
        if args.request {
            document.request = Some(request::ask(args, plan, batch, tree, document)?);
        }
        Ok(())
    }
}

/// The batch that another one was planned on top of, if the commit that it starts from has it not, in words. What people
/// carried out otherwise is there too.
fn missing(
    plan: &Plan,
    batch: &Batch,
    tree: &Tree,
    before: &Scan,
) -> Result<Option<String>, Diagnostic> {
    let Some(repository) = tree.repository() else { return Ok(None) };
    let open: BTreeSet<&str> = before
        .findings
        .iter()
        .filter_map(|finding| {
            let all = ids(finding);
            let all: Vec<&str> = all.iter().map(|id| &**id).collect();
            Some(plan.known(&all, &finding.purl.to_string())?.name.as_str())
        })
        .collect();
    for below in plan.below(batch) {
        let is_open = below.removes.iter().any(|name| open.contains(name.as_str()));
        if !is_open || !find(repository, &below.name, tree.base())?.is_empty() {
            continue;
        }
        let branch = format!("{BRANCHES}{}", below.name);
        let is_there = find(repository, &below.name, &branch).is_ok_and(|all| !all.is_empty());
        let then = match is_there {
            true => format!("merge that first, or start from its branch with --at {branch}"),
            false => "carry that out first".to_owned(),
        };
        return Ok(Some(trimtab_report::one_line(&format!(
            "it was planned on top of `{}`, which is not in the commit that it starts from: it may move and remove something else than planned, and the two may conflict; {then}",
            below.name
        ))));
    }
    Ok(None)
}

/// How the run ends, and what the outcome is called.
fn verdict(args: &Apply, done: &Done, document: &mut Document) -> Exit {
    let judgement = done.difference.as_ref().map(|difference| difference.judgement);
    let (word, why, exit) = if !document.worse.is_empty() {
        (
            "refused",
            "something would be worse than before: nothing was written".to_owned(),
            Exit::Violated,
        )
    } else if done.steps.is_empty() {
        // What could not be tried may be possible.
        let untold = !done.not.is_empty() && done.not.iter().all(|(_, word, _)| *word == "untold");
        let exit = if untold { Exit::Incomplete } else { Exit::Violated };
        let is_there = !done.not.is_empty() && done.not.iter().all(|(.., why)| why == build::THERE);
        let why = match is_there {
            true => "all of it is already done in the commit that it started from".to_owned(),
            false => "none of its actions can be carried out".to_owned(),
        };
        ("nothing", why, exit)
    } else {
        let untold = judgement.is_none_or(|judgement| judgement == Judgement::Untold)
            && args.trial.test.as_deref() != Some("none");
        let exit = if untold && !args.trial.untested { Exit::Incomplete } else { Exit::Clean };
        match done.not.len() {
            0 => ("applied", "all of it is done".to_owned(), exit),
            _ => {
                // Of one that was taken apart, parts may be done.
                let all = done.planned;
                let whole = done.steps.iter().filter(|(at, _)| *at < all).count();
                let why = match done.steps.len() - whole {
                    0 => format!("{whole} of {all} actions are done, the others were left out"),
                    parts => {
                        let parts =
                            if parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") };
                        format!(
                            "{whole} of {all} actions are done, and {parts} of others; the rest was left out"
                        )
                    }
                };
                ("part", why, exit)
            }
        }
    };
    document.outcome = word.to_owned();
    document.why = why;
    exit
}

/// Commits what was done: the batch, or each action.
fn commit(
    args: &Apply,
    work: &Work<'_>,
    done: &Done,
    evidence: &Evidence<'_>,
    document: &mut Document,
    author: &Author,
) -> Result<(), Diagnostic> {
    work.tree.back_to(work.tree.base())?;
    let mut commits = Vec::new();
    let mut record = |changes: &[update::Change], text: String| {
        let id = work.tree.commit(changes, &text, author)?;
        let subject = text.lines().next().unwrap_or_default().to_owned();
        commits.push(applied::json::Commit { id, subject });
        Ok::<_, Diagnostic>(())
    };
    if args.trial.commit_each {
        for (at, changes) in &done.steps {
            let (moves, removes) = evidence.of_action(*at, changes, document);
            // What this commit needs, and not what all of them do.
            let needs = update::needs(changes).iter().map(ToString::to_string).collect();
            let files = changes.iter().map(|change| change.path.clone()).collect();
            let own = Document { needs, files, ..document.clone() };
            record(changes, applied::message(&own, &moves, &removes))?;
        }
    } else {
        let removes: Vec<_> = document.removes.iter().collect();
        record(
            &evidence::together(&done.steps),
            applied::message(document, &document.moves, &removes),
        )?;
    }
    document.commits = commits;
    Ok(())
}

fn rollback(batch: &str, branch: &str) -> Vec<String> {
    vec![
        format!("git branch -D {branch}  # before it is merged"),
        format!("trimtab rollback {batch}  # afterwards"),
    ]
}

fn side(scan: &Scan) -> Side<'_> {
    Side { inventory: &scan.inventory, findings: &scan.findings, unknown: &scan.unknowns }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn read(file: &Path, io: &mut Io) -> Result<Plan, Diagnostic> {
    let shown = agreement::shown(file);
    let text = if shown == "-" {
        agreement::utf8(agreement::input(file, io)?, &shown)?
    } else {
        agreement::text(file)?.ok_or_else(|| {
            Diagnostic::new(Code::Usage, format!("there is no plan `{shown}`"))
                .help("write one: trimtab plan --format json --output FILE")
        })?
    };
    Plan::read(&text, &shown)
}

/// Says what is in the checkout and in no commit: it is not in the copy.
fn warn(tree: &Tree, io: &mut Io) -> Result<(), Diagnostic> {
    let files = tree.uncommitted(UNCOMMITTED)?;
    if !files.is_empty() {
        let list: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
        io.err(&format!("Not committed, so not included: {}\n", list.join(", ")));
    }
    warn_of_absent(tree, io)
}

/// Says what no commit has itself, before tests fail for it.
pub(in crate::commands) fn warn_of_absent(tree: &Tree, io: &mut Io) -> Result<(), Diagnostic> {
    lacks(&absent(tree)?).iter().for_each(|line| io.err(line));
    Ok(())
}

fn lacks(is: &Absent) -> Vec<String> {
    let listed = |all: &[String]| {
        let shown = all.iter().take(UNCOMMITTED);
        let shown: Vec<String> =
            shown.map(|path| format!("`{}`", trimtab_report::one_line(path))).collect();
        let more = match all.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", shown.join(", "))
    };
    let told = |what: &str, all: &[String]| {
        (!all.is_empty()).then(|| format!("{what}; tests that need them fail: {}\n", listed(all)))
    };
    let submodules = told("Submodules are not in the copy", &is.submodules);
    let pointers = told("Of files in Git LFS the copy has only pointers", &is.pointers);
    submodules.into_iter().chain(pointers).collect()
}

/// What tests are kept to.
pub(in crate::commands) fn limits(settings: &Settings) -> Limits {
    let usual = Limits::default();
    Limits {
        time: settings.time_limit.map_or(usual.time, |s| Duration::from_secs(s.into())),
        processor: settings.processor_limit.map(|s| Duration::from_secs(s.into())),
        memory: settings.memory_limit.map_or(usual.memory, |mib| u64::from(mib) << 20),
        network: settings.network,
        variables: settings.variables.iter().map(ToString::to_string).collect(),
        folders: settings.folders.iter().map(|path| PathBuf::from(&**path)).collect(),
        ..usual
    }
}

/// The folder of what a batch is about: of one that holds nothing but requirements, that has no code, the one above.
fn tested(folder: &Path) -> &Path {
    match folder.file_name().is_some_and(|name| name == "requirements") {
        true => folder.parent().unwrap_or(folder),
        false => folder,
    }
}

/// How the project is tested. `test`: as the caller says. `None`: the caller wants nothing run.
pub(in crate::commands) fn command(
    test: Option<&str>,
    settings: &Settings,
    tree: &Tree,
    folder: &Path,
    io: &mut Io,
) -> Result<Option<Command>, Diagnostic> {
    let at = tree.root().join(tested(folder));
    let fetch = settings.fetch.as_deref();
    let detected = detect(&tree.root(), &at);
    match (test, settings.test.as_deref()) {
        (Some("none"), _) => Ok(None),
        (Some("detected"), _) => match detected {
            Some(found) => {
                io.err(&format!("Detected: {}\n", found.line()));
                Ok(Some(found.fetching(fetch)))
            }
            None => {
                Err(Diagnostic::new(Code::TestMissing, "no way to test the project was detected")
                    .help("set one with --test, or in trimtab.toml: [apply] test = \"…\""))
            }
        },
        // As of a variable that is not set.
        (Some(line), _) | (None, Some(line)) if line.trim().is_empty() => {
            Err(Diagnostic::new(Code::TestMissing, "the command that tests the project is empty")
                .help("give one, or `none` to run nothing"))
        }
        (Some(line), _) => Ok(Some(Command::told(&at, fetch, line))),
        // Settings stand at the top, and so does what they run.
        (None, Some(line)) => Ok(Some(Command::told(&tree.work(), fetch, line))),
        (None, None) => {
            let help = match detected {
                Some(found) => format!(
                    "it looks like `{}`: confirm with --test detected, or write it into trimtab.toml: [apply] test",
                    found.line()
                ),
                None => "set a command with --test or in trimtab.toml ([apply] test); --test none runs nothing".to_owned(),
            };
            Err(Diagnostic::new(Code::TestMissing, "it is not known how to test the project")
                .help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_could_not_be_run_before_are_not_called_faulty() {
        let of = |ended: &str| {
            untold(Some(&applied::json::Run {
                ended: ended.to_owned(),
                passed: None,
                failed: None,
                skipped: None,
                seconds: 0,
                last: Vec::new(),
            }))
        };
        assert_eq!(of("not run: uv sync failed"), "make the project as it is run its tests here");
        assert_eq!(of("failed (exit code 1)"), "fix the tests");
        assert_eq!(untold(None), "fix the tests");
    }

    #[test]
    fn what_is_not_in_the_copy_is_told() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
        let is = Absent {
            submodules: names(&["lib/a"]),
            pointers: names(&["1", "2", "3", "4", "5", "6", "7"]),
        };
        assert_eq!(
            lacks(&is),
            [
                "Submodules are not in the copy; tests that need them fail: `lib/a`\n",
                "Of files in Git LFS the copy has only pointers; tests that need them fail: `1`, `2`, `3`, `4`, `5` and 2 more\n",
            ]
        );
        assert!(lacks(&Absent::default()).is_empty());
    }

    #[test]
    fn a_folder_of_requirements_is_tested_from_above() {
        let at = |folder: &'static str| tested(Path::new(folder));
        assert_eq!(at("requirements"), Path::new(""));
        assert_eq!(at("app/requirements"), Path::new("app"));
        assert_eq!(at("app"), Path::new("app"));
        assert_eq!(at(""), Path::new(""));
    }
}
