//! The database of apk, `lib/apk/db/installed`: what is installed on Alpine, Wolfi, Chainguard …
//!
//! Paragraphs of lines `X:value`: `P` name, `V` version, `A` architecture, `o` the origin (source
//! package, which advisories speak about), `L` licence, `D` needs, `p` what it provides (`so:`,
//! `cmd:` and other names), `C` a checksum (`Q1` is SHA-1 in base64). `etc/apk/world` lists what was
//! asked for.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Relation, Scope,
};

use super::os_release::{self, OsRelease};
use super::scopes;
use crate::read::text;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "apk-installed",
    title: "apk database",
    family: None,
    kind: FormatKind::Lockfile,
    names: "lib/apk/db/installed",
    claims: |path| os_release::is_at(path, PLACE),
    sniff: None,
    extract,
};

const PLACE: &str = "lib/apk/db/installed";

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    // Newer systems have the database under `usr/`.
    let usr = "usr/lib/apk/db/installed";
    let place = if os_release::is_at(view.path, usr) { usr } else { PLACE };
    let os = OsRelease::of(view, place);
    let mut database = Database::default();
    let mut entry = Entry::default();
    for (line, number) in text.lines().zip(1u32..) {
        if line.trim().is_empty() {
            database.finish(&os, &std::mem::take(&mut entry));
            continue;
        }
        if entry.line == 0 {
            entry.line = number;
        }
        let Some((key, value)) = line.split_once(':') else {
            return Err(
                Diagnostic::new(Code::FileMalformed, "a line is not `X:value`").at_line(number)
            );
        };
        match key {
            "P" => entry.name = value,
            "V" => entry.version = value,
            "A" => entry.arch = value,
            "o" => entry.origin = value,
            "L" => entry.licence = value,
            "D" => entry.needs = value,
            "p" => entry.provides = value,
            "C" => entry.checksum = value,
            _ => {}
        }
    }
    database.finish(&os, &entry);
    database.relate();
    let world = view::join(os_release::tree_root(view.path, place), "etc/apk/world");
    if let Some(Ok(bytes)) = view.files.read(&world)
        && let Ok(world) = text::decode(&bytes)
    {
        for name in world.split_ascii_whitespace().map(plain_name) {
            if let Some(at) = database.by_name.get(name) {
                database.file.components[*at as usize].relation = Relation::Direct;
            }
        }
        scopes::relate_rest(&mut database.file);
    }
    Ok(database.file)
}

#[derive(Default)]
struct Entry<'t> {
    line: u32,
    name: &'t str,
    version: &'t str,
    arch: &'t str,
    origin: &'t str,
    licence: &'t str,
    needs: &'t str,
    provides: &'t str,
    checksum: &'t str,
}

#[derive(Default)]
struct Database<'t> {
    file: FileInventory,
    by_name: HashMap<&'t str, u32>,
    needs: Vec<(u32, &'t str)>,
}

impl<'t> Database<'t> {
    fn finish(&mut self, os: &OsRelease, entry: &Entry<'t>) {
        if entry.line == 0 {
            return;
        }
        if entry.name.is_empty() || entry.version.is_empty() {
            self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the package `{}` has no name or no version", entry.name),
                )
                .at_line(entry.line),
            );
            return;
        }
        let source = (entry.origin, "");
        let purl = os.purl("apk", entry.name, entry.version, entry.arch, source);
        let mut component = Component::new(purl);
        component.line = Some(entry.line);
        component.scope = Scope::Runtime;
        component.licence = Some(entry.licence).filter(|l| !l.is_empty()).map(Into::into);
        component.hashes = entry
            .checksum
            .strip_prefix("Q1")
            .and_then(|sum| Hash::from_base64(HashAlgorithm::Sha1, sum))
            .into_iter()
            .collect();
        let at = self.file.add(component);
        self.by_name.insert(entry.name, at);
        for provided in entry.provides.split_ascii_whitespace() {
            self.by_name.entry(plain_name(provided)).or_insert(at);
        }
        self.needs.push((at, entry.needs));
    }

    fn relate(&mut self) {
        for (from, list) in std::mem::take(&mut self.needs) {
            // `!name` is a conflict and names nothing here.
            for wanted in list.split_ascii_whitespace().map(plain_name) {
                if let Some(to) = self.by_name.get(wanted) {
                    self.file.edge(from, *to);
                }
            }
        }
    }
}

/// A name without the version or repository that may follow it.
fn plain_name(wanted: &str) -> &str {
    wanted.split(['=', '<', '>', '~', '@']).next().unwrap_or(wanted)
}
