//! Bundler: `bundle lock --update --conservative`, which installs nothing. A Gemfile is code, so it
//! is run only where that is allowed.

use std::ops::Range;

use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, lines, raised, spliced};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "bundler",
    purl_type: "gem",
    scheme: Scheme::RubyGems,
    programs: &["bundle"],
    install: "Bundler 2 (`gem install bundler`)",
    variables: &["BUNDLE_", "GEM_", "GEMRC", "RUBY"],
    lockfiles: &["Gemfile.lock", "gems.locked"],
    manifest: |name| matches!(name, GEMFILE | "gems.rb"),
    above: false,
    keep: |path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let known = [GEMFILE, "gems.rb", "Gemfile.lock", "gems.locked", ".ruby-version"];
        if known.contains(&name) || name.ends_with(".gemspec") || name == "version.rb" {
            Keep::Yes
        } else {
            Keep::No
        }
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[],
    moves_all: false,
    code: |_| Some("its Gemfile"),
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

const GEMFILE: &str = "Gemfile";

/// Whether a line is `gem "name"…`.
fn names(line: &str, name: &str) -> bool {
    let rest = line.trim_start().strip_prefix("gem").map(|r| r.trim_start_matches([' ', '(']));
    rest.is_some_and(|rest| ['"', '\''].iter().any(|q| rest.starts_with(&format!("{q}{name}{q}"))))
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    for (path, text) in manifests.named(|name| matches!(name, GEMFILE | "gems.rb")) {
        let direct = text.lines().any(|line| names(line, &wish.name));
        let new = match wish.kind {
            Kind::Relock => return Ok(Edits::none()),
            Kind::Override if direct => return Err(Uneditable::Direct),
            Kind::Override => {
                let line = format!("gem \"{}\", \">= {}\"", wish.name, wish.to());
                Some(lines::appended(text, &line))
            }
            Kind::Remove => lines::without(text, |line| names(line, &wish.name)),
            Kind::Raise | Kind::RaiseParent | Kind::Replace => {
                lines::each(text, |line| changed(line, wish))?
            }
        };
        if let Some(new) = new {
            edits.put(path, new, wish, wish.to());
        }
    }
    edits.named()
}

/// A line with the first version in it raised, or with one added. `~>` keeps as many numbers as it had, as with more of them
/// it allows less; then a bound says the rest.
fn changed(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    if !names(line, &wish.name) {
        return Ok(None);
    }
    let mut texts = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in line.char_indices() {
        match open {
            Some((start, quote)) if c == quote => {
                texts.push(start..at);
                open = None;
            }
            None if c == '"' || c == '\'' => open = Some((at + 1, c)),
            None if c == '#' => break,
            _ => {}
        }
    }
    let Some(name) = texts.first().cloned() else { return Ok(None) };
    let mut parts = Vec::new();
    let is_version = |t: &str| {
        t.trim_start_matches(['~', '>', '<', '=', '!', ' '])
            .starts_with(|c: char| c.is_ascii_digit())
    };
    let text = |range: &Range<usize>| line.get(range.clone()).unwrap_or_default();
    let ranges: Vec<&Range<usize>> =
        texts.iter().skip(1).take_while(|range| is_version(text(range))).collect();
    match ranges.split_first() {
        Some((range, others)) => {
            let range = (*range).clone();
            let new = raised(text(&range), wish, "~> ", Scheme::RubyGems)?;
            match new.map(|new| (shortened(text(&range), &new), new)) {
                Some((Some(short), _)) => {
                    let least = format!(">= {}", wish.to());
                    let bound = others.iter().find(|other| text(other).starts_with(">="));
                    parts.push(match bound {
                        Some(bound) => ((*bound).clone(), least),
                        None => {
                            let quote = line.get(range.end..=range.end).unwrap_or("\"");
                            let end = range.end + quote.len();
                            (end..end, format!(", {quote}{least}{quote}"))
                        }
                    });
                    parts.push((range, short));
                }
                Some((None, new)) => parts.push((range, new)),
                None => {}
            }
        }
        None => parts.push((name.end + 1..name.end + 1, format!(", \">= {}\"", wish.to()))),
    }
    if wish.kind == Kind::Replace {
        parts.push((name, wish.other().to_owned()));
    }
    Ok(Some(spliced(line, parts)))
}

/// A range of `~>` with no more numbers than an older one of it had. `None`: it is no such range, or has no more.
fn shortened(old: &str, new: &str) -> Option<String> {
    let numbers = |range: &str| range.split('.').count();
    let is_longer = old.starts_with("~>") && new.starts_with("~>") && numbers(new) > numbers(old);
    let kept: Vec<&str> = new.split('.').take(numbers(old)).collect();
    is_longer.then(|| kept.join("."))
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let mut arguments = vec!["lock"];
    match wish.kind {
        Kind::Remove => {}
        Kind::Replace => arguments.extend(["--update", wish.other(), "--conservative"]),
        Kind::RaiseParent => {
            arguments.extend(["--update", &wish.name, wish.other(), "--conservative"]);
        }
        Kind::Raise | Kind::Relock | Kind::Override => {
            arguments.extend(["--update", &wish.name, "--conservative"]);
        }
    }
    drive.run(&arguments, &[("BUNDLE_FROZEN", "false")]).map(drop)
}

/// `Because left >= 2.0 depends on right < 3 and …`, and of older ones
/// `left was resolved to 2.0, which depends on`, `right (< 3)`.
fn blockers(text: &str) -> Vec<Blocker> {
    let mut found = Vec::new();
    let mut by = None;
    for line in text.lines() {
        if let Some((who, rest)) = line.trim().split_once(" was resolved to ") {
            let version = rest.split(',').next().unwrap_or_default();
            by = Some(format!("{who}@{version}"));
        } else if let Some(who) = by.take()
            && let Some((needs, range)) = line.trim().split_once(" (")
        {
            let (needs, range) = (needs.to_owned(), range.trim_end_matches(')').to_owned());
            found.push(Blocker { who, needs, range });
        } else if let Some((before, after)) = line.split_once(" depends on ") {
            let words: Vec<&str> = before.split_whitespace().collect();
            let start = words.iter().rposition(|w| matches!(*w, "Because" | "and" | "because"));
            let who = words.get(start.map_or(0, |s| s + 1)..).unwrap_or_default().join(" ");
            let after: Vec<&str> =
                after.split_whitespace().take_while(|w| !matches!(*w, "and" | "or")).collect();
            if let Some((needs, range)) = after.split_first()
                && !range.is_empty()
            {
                let range = range.join(" ").trim_end_matches([',', '.']).to_owned();
                found.push(Blocker { who, needs: (*needs).to_owned(), range });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_gemfile_are_raised_in_place() {
        let wish = |to: &str| Wish {
            kind: Kind::Raise,
            name: "rack".to_owned(),
            from: None,
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        };
        for (old, new) in [
            ("  gem 'rack', '~> 2.0' # why", "  gem 'rack', '~> 2.2', '>= 2.2.8' # why"),
            ("gem 'rack', '~> 2.0.1'", "gem 'rack', '~> 2.2.8'"),
            (
                "gem 'rack', '~> 2.0', '>= 2.0.3', group: :x",
                "gem 'rack', '~> 2.2', '>= 2.2.8', group: :x",
            ),
            ("gem \"rack\", require: false", "gem \"rack\", \">= 2.2.8\", require: false"),
            ("gem('rack', '2.0.1', group: :x)", "gem('rack', '2.2.8', group: :x)"),
        ] {
            assert_eq!(changed(old, &wish("2.2.8")).unwrap().as_deref(), Some(new));
        }
        assert!(changed("gem 'rack-test', '1'", &wish("2")).unwrap().is_none());
    }
}
