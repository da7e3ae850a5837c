//! `trimtab why`: how a package came in.

use std::path::PathBuf;

use trimtab_model::{Component, Ecosystem, Purl};
use trimtab_report::group;

use super::Outcome;
use super::scan::{self, usage};
use crate::args;
use crate::exit::Exit;
use crate::io::Io;
use crate::say;

/// Runs the verb.
///
/// # Errors
/// Nothing that is named so is used.
pub fn run(args: &args::Why, io: &mut Io) -> Outcome {
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    let scan = scan::unmatched(paths, &args.walk, io);
    say::diagnostics(io, scan.inventory.all_diagnostics(), false);
    let wanted = Wanted::parse(&args.purl);
    let arrow = if io.ascii { " > " } else { " → " };
    let mut text = String::new();
    for (file_at, file) in (0u32..).zip(&scan.inventory.files) {
        for (component_at, component) in (0u32..).zip(&file.components) {
            if !wanted.is(component) {
                continue;
            }
            let line = component.line.map_or(String::new(), |l| format!(":{l}"));
            text.push_str(&format!(
                "{}\n  {}{line}  {} {}\n",
                component.purl,
                file.path,
                component.relation.as_str(),
                component.scope
            ));
            let occurrence =
                trimtab_model::finding::Occurrence { file: file_at, component: component_at };
            let way = group::way(&scan, occurrence);
            if way.is_empty() {
                text.push_str("  the file does not say what brings it in\n");
            } else {
                text.push_str(&format!("  {}\n", way.join(arrow)));
            }
            if let Some(member) = &component.member {
                text.push_str(&format!("  asked for by {member}\n"));
            }
        }
    }
    if text.is_empty() {
        return if scan.inventory.is_incomplete() {
            Ok(Exit::Incomplete)
        } else {
            Err(usage(
                format!("nothing here uses `{}`", args.purl),
                "give a purl (`pkg:npm/lodash`) or the package's name, and the path to look in",
            ))
        };
    }
    io.out(&text);
    Ok(if scan.inventory.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

/// What is asked for: a purl with or without version, or a name with or without `@version`.
enum Wanted {
    Purl(Purl),
    Name(String, Option<String>),
}

impl Wanted {
    fn parse(text: &str) -> Wanted {
        if let Ok(purl) = text.parse() {
            return Wanted::Purl(purl);
        }
        // The `@` of an npm scope does not start a version.
        match text.rsplit_once('@').filter(|(name, _)| !name.is_empty()) {
            Some((name, version)) => Wanted::Name(name.to_owned(), Some(version.to_owned())),
            None => Wanted::Name(text.to_owned(), None),
        }
    }

    fn is(&self, component: &Component) -> bool {
        let purl = &component.purl;
        match self {
            Wanted::Purl(wanted) => {
                wanted.purl_type() == purl.purl_type()
                    && same_name(purl, &group::name(wanted))
                    && wanted.version().is_none_or(|v| same_version(purl, v))
            }
            Wanted::Name(name, version) => {
                same_name(purl, name) && version.as_deref().is_none_or(|v| same_version(purl, v))
            }
        }
    }
}

fn same_name(purl: &Purl, wanted: &str) -> bool {
    let name = group::name(purl);
    match Ecosystem::of(purl) {
        Some(ecosystem) => ecosystem.family.normalise(&name) == ecosystem.family.normalise(wanted),
        None => name == wanted,
    }
}

fn same_version(purl: &Purl, wanted: &str) -> bool {
    purl.version().is_some_and(|v| v == wanted || v.strip_prefix('v') == Some(wanted))
}
