//! `trimtab charter`: make one, check it, tell it in words, compare two.

use std::io::{BufRead, BufReader};
use std::path::Path;

use trimtab_charter::at::nearest;
use trimtab_charter::{diff, preset, project, tell};
use trimtab_model::{Code, Diagnostic, DiagnosticSeverity};

use super::Outcome;
use crate::agreement;
use crate::args::{Charter, CharterVerb};
use crate::exit::Exit;
use crate::io::Io;
use crate::{output, say};

/// Runs the verb.
///
/// # Errors
/// A charter is not valid, or a file cannot be written.
pub fn run(args: &Charter, io: &mut Io) -> Outcome {
    match &args.verb {
        CharterVerb::Init { preset, folder, force } => init(preset.as_deref(), folder, *force, io),
        CharterVerb::Check { path } => check(path, io),
        CharterVerb::Explain { charter } => explain(charter.as_deref(), io),
        CharterVerb::Diff { a, b } => difference(a, b, io),
        CharterVerb::Presets => {
            let lines = preset::names()
                .map(|n| format!("{n:<18}{}\n", preset::about(n).unwrap_or_default()));
            io.out(&lines.collect::<String>());
            Ok(Exit::Clean)
        }
    }
}

/// The answers that a new charter is made of.
struct Answers {
    preset: String,
    name: String,
    goal: String,
    zone: String,
    system: String,
    tier: String,
    exposure: String,
}

fn init(preset: Option<&str>, folder: &Path, force: bool, io: &mut Io) -> Outcome {
    let (charter_file, project_file) =
        (folder.join(project::CHARTER_FILE), folder.join(project::FILE));
    for file in [&charter_file, &project_file] {
        if file.exists() && !force {
            let message = format!("`{}` exists", agreement::shown(file));
            return Err(Diagnostic::new(Code::Usage, message)
                .help("keep it, or pass --force to overwrite it"));
        }
    }
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let here = full.file_name().map_or("system".to_owned(), |n| n.to_string_lossy().into_owned());
    let answers = match preset {
        Some(name) => Answers {
            preset: name.to_owned(),
            name: "Dependency charter".to_owned(),
            goal: String::new(),
            zone: "UTC".to_owned(),
            system: here,
            tier: String::new(),
            exposure: String::new(),
        },
        None => ask(&here, io),
    };
    let Some(base) = preset::get(&answers.preset) else {
        let presets: Vec<_> = preset::names().collect();
        let message = format!("there is no preset `{}`", answers.preset);
        let help = match nearest(&answers.preset, preset::names()) {
            Some(near) => format!("did you mean `{near}`? There are: {}", presets.join(", ")),
            None => format!("take one of: {}", presets.join(", ")),
        };
        return Err(Diagnostic::new(Code::Usage, message).help(help));
    };
    let goal = if answers.goal.is_empty() { base.goal.to_string() } else { answers.goal.clone() };
    let charter = format!(
        "# What security, engineering, product and operations agreed on.\n\
         # What is not said here is as the preset says: trimtab charter explain tells all of it.\n\
         format = 1\n\
         preset = {}\n\
         name = {}\n\
         version = \"1\"\n\
         goal = {}\n\n\
         # Add `agreed = 2026-11-21` when each side has.\n{}\
         [calendar]\n\
         time-zone = {}\n",
        quoted(&answers.preset),
        quoted(&answers.name),
        quoted(&goal),
        ["security", "engineering", "product", "operations"]
            .map(|side| format!("[[party]]\nside = \"{side}\"\nname = \"\"\n\n"))
            .concat(),
        quoted(&answers.zone),
    );
    let or_comment = |member: &str, value: &str, example: &str| {
        if value.is_empty() {
            format!("# {member} = {}\n", quoted(example))
        } else {
            format!("{member} = {}\n", quoted(value))
        }
    };
    let tier = base.tiers.first().map_or("vital", |t| &*t.name);
    let project = format!(
        "# What the organisation knows about this system and no advisory does.\n\
         # What is not said is unknown: the charter's assumptions are used, and shown as such.\n\
         format = 1\n\n\
         [[system]]\n\
         name = {}\n{}{}# data = [\"personal\"]\n# environments = [\"production\"]\n\
         # owner = \"the team that changes it\"\n# product-owner = \"who decides what is done first\"\n\
         # operations = \"whom to call\"\n# failure = \"What a failure means to customers, in one sentence.\"\n",
        quoted(&answers.system),
        or_comment("tier", &answers.tier, tier),
        or_comment("exposure", &answers.exposure, "internet"),
    );
    // What was answered must be readable: a slip is told before anything is written.
    let (read, _) = trimtab_charter::read(project::CHARTER_FILE, &charter)
        .map_err(|p| agreement::told(p, io))?;
    project::read(project::FILE, &project, &read).map_err(|p| agreement::told(p, io))?;
    for (file, text) in [(&charter_file, &charter), (&project_file, &project)] {
        output::to_file(file, |out| out.write_all(text.as_bytes()))?;
        io.err(&format!("Wrote {}\n", agreement::shown(file)));
    }
    io.err("Next: fill in who agreed and what the system is, then run `trimtab charter check`.\n");
    Ok(Exit::Clean)
}

/// Text as a TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn ask(here: &str, io: &mut Io) -> Answers {
    let mut input = BufReader::new(std::mem::replace(&mut io.stdin, Box::new(std::io::empty())));
    let mut one = |question: &str, otherwise: &str| {
        io.err(&if otherwise.is_empty() {
            format!("{question}: ")
        } else {
            format!("{question} [{otherwise}]: ")
        });
        let mut line = String::new();
        let _ = input.read_line(&mut line);
        let line = line.trim();
        if line.is_empty() { otherwise.to_owned() } else { line.to_owned() }
    };
    let presets: Vec<_> = preset::names().collect();
    Answers {
        preset: one(&format!("Start from ({})", presets.join(", ")), preset::DEFAULT),
        name: one("Name of the charter", "Dependency charter"),
        goal: one("The shared goal, in one sentence (empty: the preset's)", ""),
        zone: one("Time zone", "UTC"),
        system: one("Name of this system", here),
        tier: one("Its tier (vital, standard, supporting; empty: unknown)", ""),
        exposure: one("Reachable from (internet, internal, isolated; empty: unknown)", ""),
    }
}

fn check(path: &Path, io: &mut Io) -> Outcome {
    let charter_path =
        if path.is_dir() { path.join(project::CHARTER_FILE) } else { path.to_owned() };
    // What a person names is read as it is; what a repository holds is not followed out of it.
    let found = match path.is_dir() {
        true => agreement::own(path, project::CHARTER_FILE)?,
        false => agreement::text(&charter_path)?,
    };
    let Some(text) = found else {
        let message = format!("there is no charter at `{}`", agreement::shown(&charter_path));
        return Err(Diagnostic::new(Code::Usage, message).help("run `trimtab charter init`"));
    };
    let file = agreement::shown(&charter_path);
    let (charter, mut warnings) =
        trimtab_charter::read_of_today(&file, &text, jiff::Zoned::now().date())
            .map_err(|p| agreement::told(p, io))?;
    let project_path = charter_path.parent().unwrap_or(Path::new("")).join(project::FILE);
    let folder = charter_path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if let Some(text) = agreement::own(folder, project::FILE)? {
        let (_, more) = project::read(&agreement::shown(&project_path), &text, &charter)
            .map_err(|p| agreement::told(p, io))?;
        warnings.extend(more);
    }
    say::diagnostics(io, warnings.iter(), false);
    let count =
        warnings.iter().filter(|w| w.code.severity() == DiagnosticSeverity::Warning).count();
    let open = match count {
        0 => "nothing is open".to_owned(),
        1 => "1 thing is open".to_owned(),
        n => format!("{n} things are open"),
    };
    io.out(&format!("{file}: valid, {open}\n"));
    Ok(Exit::Clean)
}

fn explain(charter: Option<&str>, io: &mut Io) -> Outcome {
    let charter = match charter {
        Some(name) if Path::new(name).is_dir() => {
            agreement::read(Path::new(name), None, io)?.agreement.charter
        }
        Some(name) => agreement::charter_of(name, io)?,
        None => agreement::read(Path::new("."), None, io)?.agreement.charter,
    };
    io.out(&tell::write(&charter, 100));
    Ok(Exit::Clean)
}

fn difference(a: &str, b: &str, io: &mut Io) -> Outcome {
    let (before, after) = (agreement::charter_of(a, io)?, agreement::charter_of(b, io)?);
    let changes = diff::changes(&before, &after);
    let mut text = String::new();
    let mut part = "";
    let arrow = if io.ascii { "->" } else { "→" };
    for change in &changes {
        if change.part != part {
            part = change.part;
            text.push_str(&format!("{part}\n"));
        }
        let told = |says: &Option<String>| says.clone().unwrap_or_else(|| "not said".to_owned());
        text.push_str(&format!(
            "  {}: {} {arrow} {}\n",
            change.about,
            told(&change.before),
            told(&change.after)
        ));
    }
    if changes.is_empty() {
        text.push_str("No difference.\n");
    }
    io.out(&text);
    Ok(Exit::Clean)
}
