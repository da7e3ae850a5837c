//! `trimtab rollback`: a branch that takes a batch back.

use trimtab_connect::apply::{Author, Tree, find, publish, revert};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::applied::rollback_message;

use super::Outcome;
use crate::agreement;
use crate::args::Rollback;
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// The batch is not in the commit, or what it changed was changed since.
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
    let published = publish(&tree, &format!("trimtab/rollback-{}", args.batch))?;
    let count = trimtab_report::table::count(reverted.commits.len(), "commit");
    io.out(&format!("{}: {count} of {} reverted\n", published.branch, args.batch));
    Ok(Exit::Clean)
}
