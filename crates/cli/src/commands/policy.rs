//! `trimtab policy`: list, show and test policies.

use std::path::PathBuf;

use trimtab_model::{Code, Diagnostic};
use trimtab_policy::{Policies, TestOutcome, builtin};

use super::Outcome;
use crate::args::{Policy, PolicyVerb};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, say};

/// Runs the verb.
///
/// # Errors
/// A file cannot be read.
pub fn run(args: &Policy, io: &mut Io) -> Outcome {
    match &args.verb {
        PolicyVerb::Test { paths } => test(paths, io),
        PolicyVerb::List { paths } => {
            let files = read(paths, &["rego"])?;
            let (policies, problems) = Policies::with_built_in(&borrowed(&files));
            say::diagnostics(io, problems.iter(), true);
            let mut text = String::new();
            for package in policies.packages() {
                let from =
                    if package.built_in { "built in".to_owned() } else { package.files.join(", ") };
                text.push_str(&format!(
                    "{:<24} {:<10} {}\n",
                    package.name,
                    from,
                    package.title.as_deref().unwrap_or("no title")
                ));
            }
            io.out(&text);
            Ok(if problems.is_empty() { Exit::Clean } else { Exit::Incomplete })
        }
        PolicyVerb::Show { name } => {
            let wanted = name.trim_start_matches("trimtab.");
            let found =
                builtin::FILES.iter().find(|f| f.package.trim_start_matches("trimtab.") == wanted);
            let Some(file) = found else {
                let names: Vec<_> = builtin::FILES.iter().map(|f| f.package).collect();
                return Err(Diagnostic::new(
                    Code::Usage,
                    format!("there is no built-in policy `{name}`"),
                )
                .help(format!("one of: {}", names.join(", "))));
            };
            io.out(file.text);
            Ok(Exit::Clean)
        }
    }
}

/// The texts of policies, by name.
///
/// # Errors
/// A file cannot be read.
pub fn read(paths: &[PathBuf], endings: &[&str]) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut all = Vec::new();
    for path in paths {
        for file in agreement::files(path, endings)? {
            let text = agreement::text(&file)?.unwrap_or_default();
            all.push((agreement::shown(&file), text));
        }
    }
    Ok(all)
}

/// The same, borrowed.
pub fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn test(paths: &[PathBuf], io: &mut Io) -> Outcome {
    let files = if paths.is_empty() {
        // The built-in ones, as an example of how it is done.
        builtin::FILES
            .iter()
            .flat_map(|f| {
                [
                    (f.name.to_owned(), f.text.to_owned()),
                    (f.test_name.to_owned(), f.test.to_owned()),
                ]
            })
            .collect()
    } else {
        read(paths, &["rego"])?
    };
    let (policies, problems) = Policies::compile_tests(&borrowed(&files));
    say::diagnostics(io, problems.iter(), true);
    let report = policies.test();
    let mut text = String::new();
    for test in &report.tests {
        let how = match &test.outcome {
            TestOutcome::Passed => continue,
            TestOutcome::Failed(why) => format!("FAIL: {why}"),
            TestOutcome::Error(d) => format!("ERROR: {}", d.message),
            TestOutcome::Skipped => "skipped".to_owned(),
        };
        text.push_str(&format!(
            "{}:{}: {}.{} {how}\n",
            test.file, test.line, test.package, test.name
        ));
        for print in &test.prints {
            text.push_str(&format!("    {print}\n"));
        }
    }
    let (passed, failed, skipped) = report.counts();
    text.push_str(&format!("{passed} passed, {failed} failed, {skipped} skipped\n"));
    io.out(&text);
    if report.tests.is_empty() {
        return Err(Diagnostic::new(Code::Usage, "there are no tests")
            .help("name rules `test_…` in files `…_test.rego`"));
    }
    Ok(if !problems.is_empty() {
        Exit::Incomplete
    } else if report.is_passed() {
        Exit::Clean
    } else {
        Exit::Violated
    })
}
