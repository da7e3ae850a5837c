//! The groups of a Gemfile, as far as plain reading gives them: `gem` lines, `group … do` blocks,
//! `group:` options, `gemspec`. A Gemfile is a program and is never run; a gem that plain reading
//! does not find has no known scope.
//!
//! Where no Gemfile.lock stands beside it, it is a manifest of its own: `gem` lines with a literal
//! name are listed, a bare or `=` version is exact, and what is not literal is told as such.

use std::collections::HashMap;

use trimtab_model::{Diagnostic, Family, FileInventory, Origin, Purl, Scope};

use super::{address, floating, ruby};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module: a Gemfile with no lockfile beside it.
pub const FORMAT: Format = Format {
    id: "gemfile",
    title: "Gemfile without a lockfile",
    family: Some(Family::RubyGems),
    kind: FormatKind::Manifest,
    names: "Gemfile, gems.rb",
    claims: |path| matches!(view::file_name(path), "Gemfile" | "gems.rb"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if floating::locked_beside(view, &["Gemfile.lock", "gems.locked"]) {
        return Ok(out);
    }
    let groups = read(text.as_bytes());
    for gem in &groups.declared {
        let Some(name) = gem.name.as_deref().filter(|n| !n.is_empty()) else {
            out.unmanaged.push(floating::not_literal(&gem.asks, gem.line));
            continue;
        };
        let (scope, in_groups) = groups.of(name, false);
        let version = floating::exact(&gem.asks);
        let purl = Purl::new("gem", None, name);
        let mut component = floating::direct(purl, version, &gem.asks, scope, gem.line);
        component.origin = gem.origin.clone();
        component.groups = in_groups;
        out.add(component);
    }
    floating::note(&mut out);
    if groups.gemspec && out.unmanaged.is_empty() {
        out.unmanaged.push(floating::unlocked());
    }
    Ok(out)
}

/// The most groups of one gem that are kept.
const MAX_GROUPS: usize = 50;

/// One `gem` line.
#[derive(Debug)]
struct Declared {
    line: u32,
    /// `None` where it is no literal text.
    name: Option<String>,
    /// Requirements, joined by commas; for a name that is not literal, the whole call.
    asks: String,
    origin: Origin,
}

fn declared(line: u32, texts: &[&str], call: &str) -> Declared {
    let Some((name, asks)) = texts.split_first() else {
        let asks = call.trim().to_owned();
        return Declared { line, name: None, asks, origin: Origin::Unstated };
    };
    let option = |name| ruby::option(call, name);
    let repository = option("git").map(str::to_owned);
    let repository =
        repository.or_else(|| option("github").map(|path| format!("https://github.com/{path}")));
    let origin = match (repository, option("path"), option("source")) {
        (Some(url), ..) => address::git(&url, option("ref")),
        (None, Some(path), _) => Origin::Path(path.into()),
        (None, None, Some(url)) => Origin::Registry(address::without_credentials(url).into()),
        (None, None, None) => Origin::Unstated,
    };
    Declared { line, name: Some((*name).to_owned()), asks: asks.join(", "), origin }
}

/// The groups of the gems that a Gemfile names.
#[derive(Debug, Default)]
pub(super) struct Groups {
    gems: HashMap<String, Vec<Box<str>>>,
    gemspec: bool,
    /// Every `gem` line.
    declared: Vec<Declared>,
    /// Whether it loads other files, so that gems may come from anywhere.
    loads: bool,
}

impl Groups {
    /// What a gem under `DEPENDENCIES` is for, and the groups that name it. `own`: it is the
    /// project's own.
    pub(super) fn of(&self, name: &str, own: bool) -> (Scope, Vec<Box<str>>) {
        match self.gems.get(name) {
            Some(groups) if groups.is_empty() => (Scope::Runtime, Vec::new()),
            Some(groups) => {
                let scope = groups.iter().map(|g| scope(g)).max();
                (scope.unwrap_or(Scope::Runtime), groups.clone())
            }
            None if own => (Scope::Runtime, Vec::new()),
            // `gemspec` puts the gem's own development dependencies there.
            None if self.gemspec && !self.loads => (Scope::Development, vec!["development".into()]),
            None => (Scope::Unknown, Vec::new()),
        }
    }
}

/// By custom, everything but these two is shipped somewhere.
fn scope(group: &str) -> Scope {
    match group {
        "test" => Scope::Test,
        "development" | "dev" | "lint" | "rubocop" | "doc" | "docs" => Scope::Development,
        _ => Scope::Runtime,
    }
}

/// Reads a Gemfile's bytes.
pub(super) fn read(bytes: &[u8]) -> Groups {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Groups::default();
    // The groups of every open block; most blocks add none.
    let mut open: Vec<Vec<Box<str>>> = Vec::new();
    for (line, statement) in ruby::statements(&text) {
        read_statement(line, &statement, &mut open, &mut out);
    }
    out
}

fn read_statement(line: u32, statement: &str, open: &mut Vec<Vec<Box<str>>>, out: &mut Groups) {
    let (word, rest) = ruby::call(statement);
    let block = statement.ends_with(" do") || statement.contains(" do |");
    match word {
        "gem" => {
            let texts = ruby::leading_texts(rest);
            out.declared.push(declared(line, &texts, rest));
            let Some(name) = ruby::quoted(rest) else { return };
            let mut groups: Vec<Box<str>> =
                open.iter().take(MAX_GROUPS).flatten().take(MAX_GROUPS).cloned().collect();
            groups.extend(option(rest));
            // A gem named twice is in the groups of both; one without a group wins.
            let entry = out.gems.entry(name.to_owned());
            entry
                .and_modify(|known| {
                    if groups.is_empty() {
                        known.clear();
                    } else if !known.is_empty() && known.len() < MAX_GROUPS {
                        known.append(&mut groups.clone());
                        known.dedup();
                    }
                })
                .or_insert(groups);
        }
        "gemspec" => out.gemspec = true,
        "eval_gemfile" | "instance_eval" | "eval" => out.loads = true,
        "group" | "groups" if block => open.push(names(rest)),
        "end" => {
            open.pop();
        }
        "if" | "unless" | "case" | "def" | "while" | "until" | "begin" | "class" | "module" => {
            open.push(Vec::new());
        }
        _ if block => open.push(Vec::new()),
        _ => {}
    }
}

/// The symbols and quoted texts of a list: `:development, "test" do`.
fn names(text: &str) -> Vec<Box<str>> {
    let trim: &[char] = &['(', ')', '[', ']', ':', '"', '\'', ' ', '|'];
    let words = text.split(',').map(|part| part.trim().trim_end_matches(" do"));
    words
        .map_while(|part| {
            let hash = part.contains("=>") || part.trim_matches(trim).contains(": ");
            (!hash).then(|| part.trim_matches(trim))
        })
        .filter(|part| !part.is_empty() && *part != "do")
        .map(Into::into)
        .collect()
}

/// The groups of a `group:`, `groups:` or `:group =>` option.
fn option(rest: &str) -> Vec<Box<str>> {
    const KEYS: &[&str] =
        &["group:", "groups:", ":group =>", ":groups =>", ":group=>", ":groups=>"];
    let value = KEYS.iter().find_map(|key| {
        let at = rest.find(key)?;
        rest.get(at + key.len()..)
    });
    let Some(value) = value.map(str::trim_start) else { return Vec::new() };
    if let Some(symbols) = value.strip_prefix("%i[").or_else(|| value.strip_prefix("%w[")) {
        let inside = symbols.split(']').next().unwrap_or(symbols);
        return inside.split_whitespace().map(Into::into).collect();
    }
    match value.strip_prefix('[') {
        Some(list) => names(list.split(']').next().unwrap_or(list)),
        None => names(value.split(',').next().unwrap_or(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_from_blocks_and_options() {
        let groups = read(
            br#"
source "https://gems.example" do
  gem "a" # gem "z"
end
group :development, :test do
  if ENV["X"]
    gem 'b', '~> 1'
  end
end
gem "c", require: false, group: :test
gem "d", :group => [:development, "extra"]
gem("e", "1",
    groups: %i[test])
group(:test) do
  gem "f"
end
gem "g"
gem "g", group: :test
group :production do gem "h"
end
platforms :ruby do
  gem "i"
end
"#,
        );
        let scope = |name| groups.of(name, false).0;
        assert_eq!(scope("a"), Scope::Runtime);
        assert_eq!(scope("b"), Scope::Development);
        assert_eq!(scope("c"), Scope::Test);
        assert_eq!(scope("d"), Scope::Runtime);
        assert_eq!(scope("e"), Scope::Test);
        assert_eq!(scope("f"), Scope::Test);
        assert_eq!(scope("g"), Scope::Runtime);
        assert_eq!(scope("i"), Scope::Runtime);
        assert_eq!(scope("z"), Scope::Unknown);
    }

    #[test]
    fn a_gemspec_brings_development_dependencies() {
        let groups = read(b"gemspec\ngem 'a'\n");
        assert_eq!(groups.of("rspec", false).0, Scope::Development);
        assert_eq!(groups.of("mine", true).0, Scope::Runtime);
        assert_eq!(read(b"gemspec\neval_gemfile 'x'").of("rspec", false).0, Scope::Unknown);
    }
}
