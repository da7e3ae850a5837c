//! `trimtab exceptions`: what is accepted until when, what does not matter, and the ignores of other tools.

use std::path::Path;

use trimtab_decisions::{exceptions, ignores};
use trimtab_engine::repository::Agreement;
use trimtab_model::decision::{Decisions, Signatory};
use trimtab_model::scan::Assessed;
use trimtab_model::{Code, Diagnostic, DiagnosticSeverity};

use trimtab_report::table::count;

use super::{Outcome, scan};
use crate::args::{Exceptions, ExceptionsVerb};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, index, output, say};

/// Runs the verb.
///
/// # Errors
/// A file is not valid, or cannot be written.
pub fn run(args: &Exceptions, io: &mut Io) -> Outcome {
    match &args.verb {
        ExceptionsVerb::Check { path, now, index, walk } => {
            let now = agreement::moment(now.as_deref())?;
            let agreed = agreement::read(path, None, io)?;
            let index = index::open(index, io)?;
            let scan = scan::matched(std::slice::from_ref(path), walk, &index, io)?;
            let (weighing, problems) = agreed.weigh(&scan, &|_| None, now)?;
            say::diagnostics(io, problems.iter(), true);
            let Agreement { exceptions, not_affected, .. } = &agreed.agreement;
            let findings = |by: fn(&Assessed) -> bool| {
                count(weighing.assessed.iter().filter(|a| by(a)).count(), "finding")
            };
            let mut text = format!(
                "{} read, {} accepted\n",
                count(exceptions.len(), "exception"),
                findings(|a| a.exception.is_some())
            );
            if !not_affected.is_empty() {
                text.push_str(&format!(
                    "{} \"not affected\" read, {} not affected\n",
                    count(not_affected.len(), "decision"),
                    findings(|a| a.not_affected.is_some())
                ));
            }
            io.out(&text);
            let wrong = problems.iter().any(|p| p.code.severity() == DiagnosticSeverity::Error);
            Ok(match () {
                () if agreed.is_incomplete() => Exit::Incomplete,
                () if wrong => Exit::Violated,
                () => Exit::Clean,
            })
        }
        ExceptionsVerb::Import { files, tool, author, output } => {
            import(files, tool.as_deref(), author, output.as_deref(), io)
        }
    }
}

fn import(
    files: &[std::path::PathBuf],
    tool: Option<&str>,
    author: &str,
    output: Option<&Path>,
    io: &mut Io,
) -> Outcome {
    let today = jiff::Zoned::now().date();
    let author = Signatory { name: author.into(), role: None };
    let mut all = Vec::new();
    for file in files {
        let shown = agreement::shown(file);
        let tool = match tool {
            Some(name) => ignores::tool(name),
            None => ignores::tool_of(&shown),
        };
        let Some(tool) = tool else {
            let known: Vec<_> = ignores::TOOLS.iter().map(|t| t.name).collect();
            let message = format!("the tool of `{shown}` is not known from the file's name");
            return Err(Diagnostic::new(Code::Usage, message)
                .help(format!("give --tool with one of: {}", known.join(", "))));
        };
        let (mut exceptions, problems) =
            ignores::import(tool, &agreement::bytes(file)?, &shown, &author, today);
        say::diagnostics(io, problems.iter(), true);
        // Two files may give the same id: the later one is numbered.
        for exception in &mut exceptions {
            let base = exception.id.clone();
            let mut number = 2;
            while all.iter().any(|e: &trimtab_model::decision::Exception| e.id == exception.id) {
                exception.id = format!("{base}-{number}").into();
                number += 1;
            }
        }
        all.append(&mut exceptions);
    }
    let decisions = Decisions { exceptions: all, ..Decisions::default() };
    let text = exceptions::write(&decisions);
    match output {
        None => io.out(&text),
        Some(path) if path.exists() => {
            let message = format!("`{}` exists", agreement::shown(path));
            return Err(Diagnostic::new(Code::Usage, message)
                .help("write to another file, and copy what you want to keep"));
        }
        Some(path) => output::to_file(path, |out| out.write_all(text.as_bytes()))?,
    }
    io.err(&format!(
        "{} imported. None is in force until somebody else approves it: add `approver` and `approver-role`.\n",
        count(decisions.exceptions.len(), "rule")
    ));
    Ok(Exit::Clean)
}
