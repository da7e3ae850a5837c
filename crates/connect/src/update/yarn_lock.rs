//! Lockfiles of yarn as texts: entries under the ranges that ask for them.

use std::collections::BTreeSet;

use super::edit::{Edits, Named};
use super::proposal::Wish;

/// How the ranges stand above an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// `left@^1.0.0, "@a/b@^1.0.0"`: of yarn 1.
    Classic,
    /// `"left@npm:^1.0.0, @a/b@npm:^1.0.0"`: of yarn 2 and later.
    Berry,
}

impl Keys {
    /// Those of a lockfile. `None`: it is empty.
    pub(crate) fn of(text: &str) -> Option<Keys> {
        let is_berry = text.lines().any(|line| line == "__metadata:");
        (!text.trim().is_empty()).then_some(if is_berry { Keys::Berry } else { Keys::Classic })
    }

    fn key(self, package: &str, range: &str) -> String {
        match self {
            Keys::Classic => format!("{package}@{range}"),
            Keys::Berry => format!("{package}@npm:{range}"),
        }
    }

    /// What stands behind another name of a package.
    fn behind(package: &str, range: &str) -> String {
        format!("@npm:{package}@{range}")
    }

    /// All of an entry as they stand above it.
    fn line(self, keys: &[String]) -> String {
        // yarn 1 takes what begins so for a number or a truth value.
        let is_plain = |key: &str| {
            key.starts_with(|c: char| c.is_ascii_alphabetic())
                && !["true", "false"].iter().any(|word| key.starts_with(word))
                && !key.contains([' ', ':', '"', ',', '[', ']'])
        };
        let quoted = |key: &String| match is_plain(key) {
            true => key.clone(),
            false => format!("\"{key}\""),
        };
        match self {
            Keys::Classic => keys.iter().map(quoted).collect::<Vec<_>>().join(", "),
            Keys::Berry => format!("\"{}\"", keys.join(", ")),
        }
    }
}

/// The keys of an entry that are too long for one line with their colon, which then stands alone on the next: of yarn 2 and
/// later, from 1,024 characters on.
fn long(line: &str) -> Option<&str> {
    line.strip_prefix("? ")
}

/// A lockfile whose entries for exactly the versions that are wanted stand for the new ranges, and no others do.
pub(crate) fn ranged(text: &str, wish: &Wish, edits: &Edits, of: Keys) -> String {
    let renamed: Vec<(String, String)> = edits
        .named
        .iter()
        .filter_map(|Named { package, requirement, .. }| {
            let to = wish.wanted(package)?;
            Some((of.key(package, to), of.key(package, requirement)))
        })
        .collect();
    // Under another name, `old@npm:left@1.0.0`.
    let aliased: Vec<(String, String)> = edits
        .named
        .iter()
        .filter_map(|Named { package, requirement, .. }| {
            let to = wish.wanted(package)?;
            Some((Keys::behind(package, to), Keys::behind(package, requirement)))
        })
        .collect();
    let entries = text.lines().filter(|line| !line.starts_with([' ', '#']));
    let keys: BTreeSet<&str> = entries
        .flat_map(|line| long(line).unwrap_or(line).trim_end_matches(':').split(", "))
        .map(|key| key.trim_matches('"'))
        .collect();
    // What is brought in the same range was locked by itself, maybe in another version.
    let is_other = |key: &str| {
        let mut new = renamed.iter().filter(|(exact, new)| key == new && exact != new);
        new.any(|(exact, _)| keys.contains(exact.as_str()))
    };
    let is_ours = |line: &str| {
        let all = renamed.iter().chain(&aliased).flat_map(|(exact, new)| [exact, new]);
        !line.starts_with([' ', '#']) && all.into_iter().any(|key| line.contains(key.as_str()))
    };
    let mut skip = false;
    let one = |line: &str| {
        if !is_ours(line) {
            skip &= line.starts_with([' ', ':']);
            return if skip { String::new() } else { line.to_owned() };
        }
        let (keys, end) = match long(line) {
            Some(keys) => keys.split_at(keys.trim_end().len()),
            None => line.rsplit_once(':').unwrap_or((line, "")),
        };
        let mut keys: Vec<String> = keys
            .split(", ")
            .map(|key| key.trim_matches('"'))
            .filter(|key| !is_other(key))
            // One version may stand for several ranges.
            .flat_map(|key| {
                let own = renamed.iter().filter(|(exact, _)| exact == key);
                let other = aliased
                    .iter()
                    .filter_map(|(exact, new)| Some((key.strip_suffix(&**exact)?, new)))
                    .map(|(name, new)| format!("{name}{new}"));
                let new: Vec<String> = own.map(|(_, new)| new.clone()).chain(other).collect();
                if new.is_empty() { vec![key.to_owned()] } else { new }
            })
            .collect();
        keys.dedup();
        skip = keys.is_empty();
        match (skip, long(line)) {
            (true, _) => String::new(),
            (_, Some(_)) => format!("? {}{end}", of.line(&keys)),
            (_, None) => format!("{}:{end}", of.line(&keys)),
        }
    };
    text.split_inclusive('\n').map(one).collect()
}

/// An entry: the packages and ranges above it, its version, and what it asks for.
#[derive(Default)]
struct Entry {
    keys: Vec<(String, String)>,
    version: String,
    asks: Vec<(String, String)>,
}

/// The entries of a lockfile of either kind.
fn entries(text: &str) -> Vec<Entry> {
    let split = |key: &str| -> Option<(String, String)> {
        let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at)?;
        let (name, range) = (key.get(..at)?, key.get(at + 1..)?);
        Some((name.to_owned(), range.strip_prefix("npm:").unwrap_or(range).to_owned()))
    };
    let mut all: Vec<Entry> = Vec::new();
    let mut asks = false;
    let is_told = |line: &&str| !line.starts_with('#') && !matches!(line.trim_end(), "" | ":");
    for line in text.lines().filter(is_told) {
        if !line.starts_with(' ') {
            let keys = long(line).unwrap_or(line).trim_end_matches(':').split(", ");
            let keys = keys.filter_map(|key| split(key.trim_matches('"'))).collect();
            all.push(Entry { keys, ..Entry::default() });
            asks = false;
            continue;
        }
        let Some(entry) = all.last_mut() else { continue };
        // `version "1.0.0"`, `version: 1.0.0`
        let pair = line.trim().split_once(' ');
        let pair = pair.map(|(name, value)| {
            let name = name.trim_end_matches(':').trim_matches('"');
            (name, value.trim_matches('"'))
        });
        match pair {
            Some((name, range)) if line.starts_with("    ") && asks => {
                let range = range.strip_prefix("npm:").unwrap_or(range);
                entry.asks.push((name.to_owned(), range.to_owned()));
            }
            Some(("version", version)) if !line.starts_with("   ") => {
                version.clone_into(&mut entry.version);
            }
            _ if !line.starts_with("   ") => {
                asks = matches!(line.trim(), "dependencies:" | "optionalDependencies:");
            }
            _ => {}
        }
    }
    all
}

/// Who asks for a version of a package. What the project itself asks for is left out.
#[derive(Default)]
pub(crate) struct Asked {
    /// Each with the range in which it does.
    pub(crate) askers: Vec<(String, String)>,
    /// Who asks for another version of it.
    pub(crate) elsewhere: Vec<String>,
}

/// Who asks for a version of a package. `None`: nobody but the project does, or no other version of it is locked, and the
/// project does not name it either (`is_named`).
pub(crate) fn asked(text: &str, name: &str, version: &str, is_named: bool) -> Option<Asked> {
    let all = entries(text);
    let own = |entry: &&Entry| entry.keys.iter().any(|(of, _)| of == name);
    let (held, others): (Vec<&Entry>, Vec<&Entry>) =
        all.iter().filter(own).partition(|entry| entry.version == version);
    if others.is_empty() && !is_named {
        return None;
    }
    let is_asked = |range: &str| {
        held.iter().flat_map(|entry| &entry.keys).any(|(of, asked)| of == name && asked == range)
    };
    let mut found = Asked::default();
    for entry in &all {
        let Some((asker, of)) = entry.keys.first() else { continue };
        if of.starts_with("workspace:") {
            continue;
        }
        for (_, range) in entry.asks.iter().filter(|(asked, _)| asked == name) {
            if is_asked(range) {
                found.askers.push((asker.clone(), range.clone()));
            } else {
                found.elsewhere.push(asker.clone());
            }
        }
    }
    (!found.askers.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::proposal::Kind;

    #[test]
    fn an_exact_entry_becomes_the_one_of_a_range() {
        let wish = Wish {
            kind: Kind::Raise,
            name: "@a/b".to_owned(),
            from: None,
            to: Some("1.2.0".to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        };
        let mut edits = Edits::none();
        edits.put("package.json", "{\n  \"@a/b\": \"^1.2.0\"\n}".to_owned(), &wish, "^1.2.0");
        let exact = super::super::javascript::exactly(&edits, &wish);
        assert_eq!(exact.files["package.json"], "{\n  \"@a/b\": \"1.2.0\"\n}");
        let lock = "\"@a/b@1.2.0\":\n  version \"1.2.0\"\n\nc@1:\n  version \"1.2.0\"\n";
        assert_eq!(
            ranged(lock, &wish, &edits, Keys::Classic),
            lock.replace("@a/b@1.2.0", "@a/b@^1.2.0")
        );
        // Others ask for it in the same range, which yarn locked by itself.
        let other = "\"@a/b@^1.2.0\":\n  version \"1.9.0\"\n\n";
        let own = lock.replace("@a/b@1.2.0", "@a/b@^1.2.0");
        assert_eq!(
            ranged(&format!("{lock}\n{other}"), &wish, &edits, Keys::Classic).trim_end(),
            own.trim_end()
        );
        let both = other.replace("^1.2.0\"", "^1.0.0\", \"@a/b@^1.2.0\"");
        let left = other.replace("^1.2.0", "^1.0.0");
        assert_eq!(
            ranged(&format!("{lock}\n{both}"), &wish, &edits, Keys::Classic),
            format!("{own}\n{left}")
        );
        // yarn 2 and later name the registry with each, and quote all of an entry at once.
        let lock = "\"@a/b@npm:1.2.0, @a/b@npm:~1.2.0\":\n  version: 1.2.0\n\n\"c@npm:1\":\n  version: 1.2.0\n";
        let berry = |text: &str| ranged(text, &wish, &edits, Keys::Berry);
        let own = lock.replace("b@npm:1.2.0", "b@npm:^1.2.0");
        assert_eq!(berry(lock), own);
        let other = "\"@a/b@npm:^1.0.0, @a/b@npm:^1.2.0\":\n  version: 1.9.0\n\n";
        let left = other.replace(", @a/b@npm:^1.2.0", "");
        assert_eq!(berry(&format!("{other}{lock}")), format!("{left}{own}"));
        // The colon of a long key stands on a line of its own.
        let long = |text: &str| match text.split_once(":\n  version") {
            Some((keys, rest)) => format!("? {keys}\n:\n  version{rest}"),
            None => text.to_owned(),
        };
        assert_eq!(berry(&long(lock)), long(&own));
        let alone = "\"@a/b@npm:^1.2.0\":\n  version: 1.9.0\n\n";
        assert_eq!(berry(&format!("{}{lock}", long(alone))).trim_start(), own);
    }

    #[test]
    fn yarn_1_reads_quoted_keys_that_look_like_numbers_or_truth_values() {
        let keys = ["7zip-bin@~5", "true-case-path@^1", "a-b@^1", "@a/b@1", "c@>= 1"];
        let line = Keys::Classic.line(&keys.map(str::to_owned));
        let expected = "\"7zip-bin@~5\", \"true-case-path@^1\", a-b@^1, \"@a/b@1\", \"c@>= 1\"";
        assert_eq!(line, expected);
    }

    #[test]
    fn the_version_of_a_long_entry_is_told() {
        let text = "? \"a@npm:^1.0.0, a@npm:~1.2.0\"\n:\n  version: 1.2.3\n\n\"a@npm:^2\":\n  version: 2.0.0\n\n\
                    \"b@npm:1\":\n  version: 1.0.0\n  dependencies:\n    a: \"npm:~1.2.0\"\n";
        let found = asked(text, "a", "1.2.3", false).unwrap();
        assert_eq!(found.askers, [("b".to_owned(), "~1.2.0".to_owned())]);
    }
}
