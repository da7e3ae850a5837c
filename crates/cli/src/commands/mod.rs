//! One file per verb.

pub mod apply;
pub mod backtest;
pub mod charter;
pub mod check_new;
pub mod compare;
pub mod convert;
pub mod db;
pub mod demo;
pub mod exceptions;
pub mod explain;
mod finished;
pub mod formats;
pub mod gate;
mod host;
pub mod ledger;
pub mod plan;
pub mod policy;
pub mod push;
pub mod requests;
mod rhythm;
pub mod rollback;
pub mod sbom;
pub mod scan;
pub mod serve;
pub mod store;
pub mod vex;
pub mod why;

use clap::CommandFactory;
use trimtab_model::{Code, Diagnostic};

use crate::args::{Args, Verb};
use crate::exit::Exit;
use crate::io::Io;
use crate::{output, say};

/// What a verb answers: how it ended, or why it could not.
pub type Outcome = Result<Exit, Diagnostic>;

/// Runs a verb; tells an error and turns it into an exit code.
pub fn run(args: Args, io: &mut Io) -> Exit {
    let outcome = match args.verb {
        Verb::Scan(args) => scan::run(&args, io),
        Verb::Sbom(args) => sbom::run(&args, io),
        Verb::Db(args) => db::run(args, io),
        Verb::Explain(args) => explain::run(&args, io),
        Verb::Why(args) => why::run(&args, io),
        Verb::Convert(args) => convert::run(&args, io),
        Verb::Compare(args) => compare::run(&args, io),
        Verb::Gate(args) => gate::run(&args, io),
        Verb::Plan(args) => plan::run(&args, io),
        Verb::Backtest(args) => backtest::run(&args, io),
        Verb::Apply(args) => apply::run(&args, io),
        Verb::Requests(args) => requests::run(&args, io),
        Verb::Rollback(args) => rollback::run(&args, io),
        Verb::CheckNew(args) => check_new::run(&args, io),
        Verb::Charter(args) => charter::run(&args, io),
        Verb::Exceptions(args) => exceptions::run(&args, io),
        Verb::Vex(args) => vex::run(&args, io),
        Verb::Policy(args) => policy::run(&args, io),
        Verb::Serve(args) => serve::run(&args, io),
        Verb::Push(args) => push::run(&args, io),
        Verb::Deployed(args) => push::deployed(&args, io),
        Verb::Ledger(args) => ledger::run(&args, io),
        Verb::Store(args) => store::run(&args, io),
        Verb::Demo(args) => demo::run(&args, io),
        Verb::Formats => formats::run(io),
        Verb::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "trimtab", &mut text);
            io.out(&String::from_utf8_lossy(&text));
            Ok(Exit::Clean)
        }
        Verb::Man { folder } => man(&folder),
    };
    match outcome {
        Ok(exit) => exit,
        Err(diagnostic) => {
            say::diagnostic(io, &diagnostic);
            if diagnostic.code.makes_incomplete() { Exit::Incomplete } else { Exit::Usage }
        }
    }
}

/// One page per verb, from the same definitions as `--help`.
fn man(folder: &std::path::Path) -> Outcome {
    let unwritable = |e: std::io::Error| {
        Diagnostic::new(
            Code::Usage,
            format!("the man pages cannot be written to `{}`: {e}", folder.display()),
        )
        .help("name a folder that you may write to")
    };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut waiting = vec![("trimtab".to_owned(), Args::command())];
    while let Some((name, command)) = waiting.pop() {
        for verb in command.get_subcommands().filter(|c| !c.is_hide_set()) {
            waiting.push((format!("{name}-{}", verb.get_name()), verb.clone()));
        }
        let page = clap_mangen::Man::new(command).title(name.clone());
        output::to_file(&folder.join(format!("{name}.1")), |out| {
            let mut text = Vec::new();
            page.render(&mut text)?;
            out.write_all(&text)
        })?;
    }
    Ok(Exit::Clean)
}
