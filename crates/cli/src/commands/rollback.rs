//! `trimtab rollback`: a branch that takes a batch back, tested where that is wanted.

mod tested;

use std::path::{Path, PathBuf};

use trimtab_charter::project::Apply as Settings;
use trimtab_connect::apply::{Author, Judgement, Tree, detect, find, publish, revert};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::applied::rollback_message;
use trimtab_report::one_line;

use super::{Outcome, apply};
use crate::args::Rollback;
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, say};
use tested::{Told, tested};

/// Runs the verb.
///
/// # Errors
/// The batch is not in the commit, what it changed was changed since, or it is not known how to test the project.
pub fn run(args: &Rollback, io: &mut Io) -> Outcome {
    let now = agreement::moment(args.now.as_deref())?;
    let tree = Tree::of(&args.path, &args.at, None)?;
    let Some(repository) = tree.repository().map(ToOwned::to_owned) else {
        return Err(Diagnostic::new(Code::Usage, "the project is not in a git repository")
            .help("revert the patch: git apply --reverse FILE"));
    };
    let author = Author::configured(&repository, now)?;
    let commits = find(&repository, &args.batch, tree.base())?;
    if commits.is_empty() {
        let message = format!("`{}` has no commit of batch `{}`", args.at, args.batch);
        return Err(Diagnostic::new(Code::BatchUnknown, message).help(format!(
            "if it was not merged, delete its branch: git branch -D trimtab/{}",
            args.batch
        )));
    }
    let message = rollback_message(&args.batch, &commits);
    let reverted = revert(&tree, &commits, &message, &author)?;
    let folder = together(&reverted.files);
    let told = match args.test.as_deref() {
        None => None,
        Some(test) => {
            let settings = agreement::read(&args.path, None, io)?.agreement.project.apply;
            let command = apply::command(Some(test), &settings, &tree, &folder, io)?;
            let limits = apply::limits(&settings);
            apply::warn_of_absent(&tree, io)?;
            let run = command.map(|how| tested(&tree, &reverted.commit, &how, &limits, io));
            run.transpose()?
        }
    };
    if let Some(exit) = told.as_ref().filter(|_| !args.untested).and_then(|told| stops(told, io)) {
        return Ok(exit);
    }
    let published = publish(&tree, &format!("trimtab/rollback-{}", args.batch))?;
    let count = trimtab_report::table::count(reverted.commits.len(), "commit");
    io.out(&format!("{}: {count} of {} reverted\n", published.branch, args.batch));
    let next = match (&told, &args.test) {
        (Some(told), _) => format!("Tests: {}.\n", told.why),
        // The caller wants nothing run.
        (None, Some(_)) => String::new(),
        (None, None) => untested(&tree, &folder, &settings(args, io)),
    };
    io.err(&next);
    Ok(Exit::Clean)
}

/// How the run ends where tests do not speak for the branch; that is told. `None`: they do.
fn stops(told: &Told, io: &mut Io) -> Option<Exit> {
    let why = &told.why;
    match told.judgement {
        Judgement::Unharmed => None,
        Judgement::Broke => {
            io.err(&format!(
                "Nothing was written to git: without the batch, {why}. --untested writes the branch anyway.\n"
            ));
            Some(Exit::Violated)
        }
        Judgement::Untold => {
            let help = "fix the tests, or give another command with --test; --untested writes the branch anyway";
            let told = Diagnostic::new(Code::TestsUntold, why.clone()).help(help);
            say::diagnostic(io, &told);
            Some(Exit::Incomplete)
        }
    }
}

/// How the project says that it is tested. Whoever takes a batch back is not held up by a fault elsewhere.
fn settings(args: &Rollback, io: &mut Io) -> Settings {
    let agreed = agreement::read(&args.path, None, io);
    agreed.map(|agreed| agreed.agreement.project.apply).unwrap_or_default()
}

/// That the branch was not tested, and which tests to run.
fn untested(tree: &Tree, folder: &Path, settings: &Settings) -> String {
    let root = tree.root();
    let usual = || detect(&root, &root.join(folder)).map(|command| command.line());
    let line = settings.test.as_deref().map(str::to_owned).filter(|line| !line.trim().is_empty());
    match line.or_else(usual) {
        Some(line) => format!(
            "Not tested. Run `{}` on it before you merge it, or let Trimtab do so before it writes the branch: --test COMMAND\n",
            one_line(&line)
        ),
        None => {
            "Not tested, and no way to test the project was detected: test it before you merge it\n"
                .to_owned()
        }
    }
}

/// The deepest folder that has all of some files, from the top.
fn together(files: &[String]) -> PathBuf {
    let mut folders = files.iter().map(|file| Path::new(file).parent().unwrap_or(Path::new("")));
    let Some(first) = folders.next() else { return PathBuf::new() };
    folders.fold(first.to_owned(), |held, folder| {
        let both = held.components().zip(folder.components());
        both.take_while(|(one, other)| one == other).map(|(one, _)| one).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_looked_for_where_the_files_are() {
        let of = |files: &[&str]| {
            together(&files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            of(&["app/web/package.json", "app/web/package-lock.json"]),
            Path::new("app/web")
        );
        assert_eq!(of(&["app/web/package.json", "app/api/go.mod"]), Path::new("app"));
        assert_eq!(of(&["app/web/go.mod", "app/website/go.mod"]), Path::new("app"));
        assert_eq!(of(&["app/go.mod", "README.md"]), Path::new(""));
        assert_eq!(of(&[]), Path::new(""));
    }
}
