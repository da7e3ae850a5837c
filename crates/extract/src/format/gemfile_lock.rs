//! Gemfile.lock and gems.locked, as Bundler 1 to 4 write them, with the Gemfile beside them.
//!
//! Traps: indentation is the grammar (four spaces a gem, six what it needs); a gem may stand once
//! for each platform (`nokogiri (1.15.4-x86_64-linux)`), which is one component, and a version
//! never holds a dash; the lock does not know groups, so that only the Gemfile tells what is for
//! development; `bundler` is needed by gems and listed by none; hashes stand apart in `CHECKSUMS`.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope,
};

use super::{address, gemfile, scopes};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "gemfile-lock",
    title: "Gemfile.lock",
    family: Some(Family::RubyGems),
    kind: FormatKind::Lockfile,
    names: "Gemfile.lock, *.gemfile.lock, gems.locked",
    claims: |path| {
        let name = view::file_name(path);
        matches!(name, "Gemfile.lock" | "gems.locked") || name.ends_with(".gemfile.lock")
    },
    sniff: None,
    extract,
};

/// The most versions of one gem that are told apart; a real lock has one from each source.
const MAX_VERSIONS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `GEM`, `GIT`, `PATH`: gems with their source.
    Source,
    Dependencies,
    Checksums,
    /// What says nothing about gems, `PLUGIN SOURCE` included: Bundler's plugins run at install
    /// time and are not locked.
    Other,
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut lock = Lock::default();
    for (number, line) in (1u32..).zip(text.lines()) {
        lock.line(number, line.trim_end());
    }
    if !lock.known_section && !text.trim().is_empty() {
        let message = "none of the sections of a Gemfile.lock is in it";
        return Err(Diagnostic::new(Code::FileMalformed, message).at_line(1));
    }
    let manifest = match view.name().strip_suffix(".lock") {
        Some(name) => name.to_owned(),
        None => "gems.rb".to_owned(),
    };
    let groups = view.read(&manifest).and_then(Result::ok).map(|bytes| gemfile::read(&bytes));
    Ok(lock.finish(groups.as_ref()))
}

#[derive(Default)]
struct Lock<'t> {
    out: FileInventory,
    section: Option<Section>,
    known_section: bool,
    in_specs: bool,
    origin: Origin,
    current: Option<u32>,
    names: HashMap<&'t str, Vec<u32>>,
    needs: Vec<(u32, &'t str)>,
    /// Names under `DEPENDENCIES`, and whether a `!` follows.
    asked: Vec<&'t str>,
}

impl<'t> Lock<'t> {
    fn line(&mut self, number: u32, line: &'t str) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() {
            return;
        }
        if line.starts_with(['<', '=', '>', '|'])
            && line
                .get(..7)
                .is_some_and(|m| ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].contains(&m))
        {
            self.malformed(number, "a merge conflict is not resolved");
            return;
        }
        if indent == 0 {
            self.head(content);
            return;
        }
        match (self.section, indent) {
            (Some(Section::Source), 2) => self.source(content),
            (Some(Section::Source), 4) if self.in_specs => self.gem(number, content),
            (Some(Section::Source), 6) if self.in_specs => {
                if let Some(from) = self.current {
                    self.needs.push((from, name_of(content)));
                }
            }
            (Some(Section::Dependencies), _) => self.asked.push(name_of(content)),
            (Some(Section::Checksums), _) => self.checksum(content),
            _ => {}
        }
    }

    fn head(&mut self, content: &str) {
        self.in_specs = false;
        self.current = None;
        self.origin = Origin::Unstated;
        let section = match content {
            "GEM" | "GIT" | "PATH" | "SVN" => Section::Source,
            "DEPENDENCIES" => Section::Dependencies,
            "CHECKSUMS" => Section::Checksums,
            _ => Section::Other,
        };
        let other = ["PLATFORMS", "METADATA", "RUBY VERSION", "BUNDLED WITH", "PLUGIN SOURCE"];
        self.known_section |= section != Section::Other || other.contains(&content);
        self.section = Some(section);
        if content == "GIT" {
            self.origin = Origin::Git { url: "".into(), commit: None };
        } else if content == "PATH" {
            self.origin = Origin::Path("".into());
        }
    }

    fn source(&mut self, content: &str) {
        self.in_specs = content == "specs:";
        let Some((key, value)) = content.split_once(": ") else { return };
        match (key, &mut self.origin) {
            ("remote", Origin::Git { url, .. }) => {
                *url = address::without_credentials(value).into();
            }
            ("remote", Origin::Path(path)) => *path = value.into(),
            // With several remotes in one section, the file does not say which one a gem is from.
            ("remote", Origin::Registry(_)) => self.origin = Origin::Unstated,
            ("remote", origin) => {
                *origin = Origin::Registry(address::without_credentials(value).into());
            }
            ("revision", Origin::Git { commit, .. }) => *commit = Some(value.into()),
            _ => {}
        }
    }

    fn gem(&mut self, number: u32, content: &'t str) {
        self.current = None;
        let Some((name, version)) = gem_version(content) else {
            self.malformed(
                number,
                &format!("`{}` is not a gem with a version", content.escape_debug()),
            );
            return;
        };
        let known = self.names.get(name).into_iter().flatten().copied().find(|i| {
            self.out
                .components
                .get(*i as usize)
                .is_some_and(|c| c.purl.version() == Some(version) && c.origin == self.origin)
        });
        let position = known.unwrap_or_else(|| {
            let mut component = Component::new(Purl::new("gem", None, name).with_version(version));
            component.line = Some(number);
            component.origin = self.origin.clone();
            // Appraisal keeps its gemfiles in a folder of their own.
            if matches!(&self.origin, Origin::Path(path) if matches!(&**path, "." | "./" | ".." | "../")) {
                component.relation = Relation::Own;
            }
            let position = self.out.add(component);
            let positions = self.names.entry(name).or_default();
            if positions.len() < MAX_VERSIONS {
                positions.push(position);
            }
            position
        });
        self.current = Some(position);
    }

    /// `rake (13.1.0) sha256=…`, one line for each platform.
    fn checksum(&mut self, content: &'t str) {
        let Some((gem, hashes)) = content.split_once(") ") else { return };
        let Some((name, version)) =
            gem_version(&format!("{gem})")).map(|(n, v)| (n.to_owned(), v.to_owned()))
        else {
            return;
        };
        let found: Vec<Hash> = hashes.split(',').filter_map(digest).collect();
        for position in self.names.get(name.as_str()).into_iter().flatten() {
            if let Some(component) = self.out.components.get_mut(*position as usize)
                && component.purl.version() == Some(&version)
            {
                component.hashes.extend_from_slice(&found);
            }
        }
    }

    fn malformed(&mut self, number: u32, message: &str) {
        self.out.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message).at_line(number));
    }

    fn finish(mut self, groups: Option<&gemfile::Groups>) -> FileInventory {
        for (from, name) in &self.needs {
            for to in self.names.get(name).into_iter().flatten() {
                self.out.edge(*from, *to);
            }
        }
        let mut seeds = Vec::new();
        for name in &self.asked {
            for position in self.names.get(name).into_iter().flatten() {
                let Some(component) = self.out.components.get_mut(*position as usize) else {
                    continue;
                };
                if component.relation != Relation::Own {
                    component.relation = Relation::Direct;
                }
                let Some(groups) = groups else { continue };
                let (scope, named) = groups.of(name, component.relation == Relation::Own);
                component.groups = named;
                seeds.push((*position, scope));
            }
        }
        let seeded: Vec<(u32, Scope)> = match groups {
            Some(_) => seeds,
            None => (0u32..)
                .zip(&self.out.components)
                .filter(|(_, c)| matches!(c.relation, Relation::Direct | Relation::Own))
                .map(|(i, _)| (i, Scope::Unknown))
                .collect(),
        };
        let reached = scopes::spread(self.out.components.len(), &self.out.edges, &seeded);
        for (component, scope) in self.out.components.iter_mut().zip(reached) {
            component.scope = scope.unwrap_or(Scope::Unknown);
            if component.relation == Relation::Unknown && scope.is_some() {
                component.relation = Relation::Transitive;
            }
        }
        // Without any DEPENDENCIES nothing tells who asked.
        if !self.asked.is_empty() {
            let unknown =
                self.out.components.iter_mut().filter(|c| c.relation == Relation::Unknown);
            unknown.for_each(|c| c.relation = Relation::Transitive);
        }
        self.out
    }
}

/// The name before ` (`, without the `!` of a gem from another source.
fn name_of(content: &str) -> &str {
    content.split(" (").next().unwrap_or(content).trim_end_matches('!')
}

/// `nokogiri (1.15.4-x86_64-linux)` without its platform.
fn gem_version(content: &str) -> Option<(&str, &str)> {
    let (name, rest) = content.split_once(" (")?;
    let inside = rest.strip_suffix(')')?;
    let version = inside.split('-').next().unwrap_or(inside);
    let valid = !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit());
    valid.then_some((name, version))
}

/// `sha256=…`
fn digest(text: &str) -> Option<Hash> {
    let (name, hex) = text.trim().split_once('=')?;
    let algorithm = match name {
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        _ => return None,
    };
    Hash::from_hex(algorithm, hex)
}
