//! The databases of dpkg (`var/lib/dpkg/status`, `status.d/*` of images without a package manager)
//! and of opkg, which has the same form.
//!
//! Paragraphs of fields, separated by empty lines. Advisories of Debian and Ubuntu speak about
//! source packages (`Source: glibc (2.36-9)`, absent where it is the package's own name and
//! version): they go into the purl's `upstream`. A package counts if its files are there: a state
//! of `config-files`, `half-installed` or `not-installed` does not; `status.d` has no state.
//! `Depends` may be met by an alternative or by what another package provides.

use std::collections::HashMap;

use trimtab_model::{Code, Component, Diagnostic, FileInventory, Relation, Scope};

use super::os_release::{self, OsRelease};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "dpkg-status",
    title: "dpkg database",
    family: None,
    kind: FormatKind::Lockfile,
    names: "var/lib/dpkg/status, var/lib/dpkg/status.d/*, usr/lib/opkg/status",
    claims,
    sniff: None,
    extract,
};

const PLACES: [&str; 3] = ["var/lib/dpkg/status", "usr/lib/opkg/status", "var/lib/opkg/status"];

fn claims(path: &str) -> bool {
    let folder = view::folder(path);
    PLACES.iter().any(|place| os_release::is_at(path, place))
        || (os_release::is_at(folder, "var/lib/dpkg/status.d") && !path.ends_with(".md5sums"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let place = PLACES.iter().find(|place| view.path.contains(**place)).unwrap_or(&PLACES[0]);
    let os = OsRelease::of(view, place);
    let purl_type = if os.id == "openwrt" || place.contains("opkg") { "opkg" } else { "deb" };
    let stateless = view.path.contains("/status.d/");
    let mut status = Status { stateless, ..Status::default() };
    let mut paragraph = Paragraph::default();
    for (line, number) in text.lines().zip(1u32..) {
        if line.trim().is_empty() {
            status.finish(&os, purl_type, &std::mem::take(&mut paragraph));
        } else {
            paragraph.line(line, number);
        }
    }
    status.finish(&os, purl_type, &paragraph);
    if status.understood == 0 && !status.file.diagnostics.is_empty() {
        return Err(Diagnostic::new(Code::FileMalformed, "the file holds no fields").at_line(1));
    }
    status.relate();
    Ok(status.file)
}

#[derive(Default)]
struct Paragraph<'t> {
    fields: HashMap<&'t str, &'t str>,
    line: u32,
    bad: bool,
}

impl<'t> Paragraph<'t> {
    fn line(&mut self, line: &'t str, number: u32) {
        if self.line == 0 {
            self.line = number;
        }
        // A continuation: descriptions and lists of files, none of which matter here.
        if line.starts_with([' ', '\t']) {
            return;
        }
        match line.split_once(':') {
            Some((field, value)) => {
                self.fields.insert(field, value.trim());
            }
            None => self.bad = true,
        }
    }

    fn get(&self, field: &str) -> &'t str {
        self.fields.get(field).copied().unwrap_or_default()
    }
}

#[derive(Default)]
struct Status<'t> {
    file: FileInventory,
    by_name: HashMap<&'t str, u32>,
    needs: Vec<(u32, &'t str)>,
    understood: usize,
    /// Whether packages have no state: those of `status.d` are all there.
    stateless: bool,
}

impl<'t> Status<'t> {
    fn finish(&mut self, os: &OsRelease, purl_type: &'static str, paragraph: &Paragraph<'t>) {
        if paragraph.line == 0 {
            return;
        }
        self.understood += usize::from(!paragraph.fields.is_empty());
        let state = paragraph.get("Status").rsplit(' ').next().unwrap_or_default();
        let absent = match state {
            "config-files" | "half-installed" | "not-installed" => true,
            "" => !self.stateless,
            _ => false,
        };
        if absent && !paragraph.bad {
            return;
        }
        let (name, version) = (paragraph.get("Package"), paragraph.get("Version"));
        if paragraph.bad || name.is_empty() || version.is_empty() {
            self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the package `{name}` has no name or no version"),
                )
                .at_line(paragraph.line),
            );
            return;
        }
        let source = match paragraph.get("Source").split_once(" (") {
            Some((source, version)) => (source, version.trim_end_matches(')')),
            None => (paragraph.get("Source"), ""),
        };
        let purl = os.purl(purl_type, name, version, paragraph.get("Architecture"), source);
        let mut component = Component::new(purl);
        component.line = Some(paragraph.line);
        component.scope = Scope::Runtime;
        // opkg says what came along; dpkg leaves that to the tools above it.
        component.relation = match (purl_type, paragraph.get("Auto-Installed")) {
            ("opkg", "yes") => Relation::Transitive,
            ("opkg", _) => Relation::Direct,
            _ => Relation::Unknown,
        };
        let at = self.file.add(component);
        self.by_name.insert(name, at);
        for provided in names(paragraph.get("Provides")) {
            self.by_name.entry(provided).or_insert(at);
        }
        for field in ["Pre-Depends", "Depends"] {
            self.needs.push((at, paragraph.get(field)));
        }
    }

    fn relate(&mut self) {
        for (from, list) in std::mem::take(&mut self.needs) {
            for wanted in list.split(',') {
                let met = wanted.split('|').flat_map(names).find_map(|n| self.by_name.get(n));
                if let Some(to) = met {
                    self.file.edge(from, *to);
                }
            }
        }
    }
}

/// The names in a list such as `libc6:any (>= 2.34), gawk`, without architecture and version.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .filter_map(|entry| entry.trim().split([' ', ':', '(']).next())
        .filter(|name| !name.is_empty())
}
