//! What `pnpm-workspace.yaml` says: which versions it forces, its catalogs, and what it excepts from a rule of age.

use trimtab_model::version::Scheme;

use super::super::edit::{self, Uneditable, lines, yaml};
use super::super::forced::{self, Entry};
use super::super::javascript;
use super::super::proposal::Wish;
use super::WORKSPACE;

/// Whether what is forced begins with a line.
pub(super) fn is_overrides(line: &str) -> bool {
    yaml::block(line).is_some_and(|block| block.key == "overrides")
}

/// Whether the settings of a workspace force a version of a package.
pub(crate) fn forces(text: &str, wish: &Wish) -> bool {
    let mut inside = false;
    text.lines().any(|line| {
        if yaml::ends(line) {
            inside = is_overrides(line);
            return false;
        }
        let entry = yaml::entry(line).filter(|_| inside);
        entry.is_some_and(|entry| {
            let old = line.get(entry.value.clone()).unwrap_or_default();
            forced::is_about(entry.key, old, wish)
        })
    })
}

/// The settings with what they force of a package raised where it stands, and with an entry of its own where that does not
/// cover all who ask for it.
pub(super) fn overridden(text: &str, wish: &Wish) -> Result<String, Uneditable> {
    let (mut inside, mut held) = (false, false);
    // As far as the first entry is indented.
    let mut depth = None;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if yaml::ends(line) {
            inside = false;
            if let Some(block) = yaml::block(line).filter(|block| block.key == "overrides") {
                if !block.value.is_empty() {
                    let why = format!(
                        "`overrides` in {WORKSPACE} are on one line: put each on its own line"
                    );
                    return Err(Uneditable::Unsupported(why));
                }
                inside = true;
            }
            out.push_str(line);
            continue;
        }
        let Some(entry) = yaml::entry(line).filter(|_| inside) else {
            out.push_str(line);
            continue;
        };
        let indent = line.get(..entry.depth).unwrap_or_default();
        depth.get_or_insert(indent);
        let old = line.get(entry.value.clone()).unwrap_or_default();
        let new = match forced::entry(entry.key, old, false, wish)? {
            Entry::Other => None,
            Entry::Part(new) => Some(new),
            Entry::All(new) => {
                held = true;
                Some(new)
            }
        };
        match new {
            Some(new) => out.push_str(&yaml::with_value(line, &entry, &new)),
            None => out.push_str(line),
        }
    }
    if held {
        return Ok(out);
    }
    let name = match &wish.from {
        Some(from) => format!("{}@{from}", wish.name),
        None => wish.name.clone(),
    };
    let line = format!("{}'{name}': '{}'", depth.unwrap_or("  "), wish.to());
    lines::after(&out, is_overrides, &line).ok_or(Uneditable::NotNamed)
}

/// A line of a catalog about the package, with its range raised.
pub(super) fn catalog_line(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(entry) = yaml::entry(line).filter(|entry| entry.key == wish.name) else {
        return Ok(None);
    };
    let range = line.get(entry.value.clone()).filter(|range| !range.is_empty());
    let Some(range) = range.filter(|range| javascript::is_own(range, wish)) else {
        return Ok(None);
    };
    let new = edit::raised(range, wish, "^", Scheme::SemVer)?;
    Ok(new.map(|new| yaml::with_value(line, &entry, &new)))
}

/// Settings with more that they force, as far indented as what they force already and before it. `None`: it stands in one
/// line.
pub(super) fn forced_in(text: &str, held: &[(String, String)]) -> Option<String> {
    let mut inside = false;
    let mut depth = "  ";
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if yaml::ends(line) {
            let block = yaml::block(line).filter(|block| block.key == "overrides");
            if block.as_ref().is_some_and(|block| !block.value.is_empty()) {
                return None;
            }
            inside = block.is_some();
        } else if let Some(entry) = yaml::entry(line).filter(|_| inside) {
            depth = line.get(..entry.depth).unwrap_or(depth);
            // No key may stand there twice.
            if held.iter().any(|(name, _)| name == entry.key) {
                continue;
            }
        }
        kept.push_str(line);
    }
    held.iter().try_fold(kept, |text, (name, to)| {
        lines::after(&text, is_overrides, &format!("{depth}'{name}': '{to}'"))
    })
}

/// What the settings of a workspace except from its rule of age: one on each line.
pub(super) fn excepted(settings: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in settings.lines() {
        let entry = line.trim();
        match entry.strip_prefix("- ") {
            Some(what) if inside => found.push(what.trim_matches([' ', '\'', '"']).to_owned()),
            _ if entry.is_empty() || entry.starts_with('#') => {}
            _ => inside = entry == "minimumReleaseAgeExclude:",
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_forced_as_settings_are_written() {
        let held = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        for (text, forced) in [
            ("overrides:\n  a: '1'\n", "overrides:\n  'left@1.0.0': '1.2.0'\n  a: '1'\n"),
            (
                "a: b\noverrides: # ours\n    a: 1\n    left@1.0.0: 1.1.0\nb: c\n",
                "a: b\noverrides: # ours\n    'left@1.0.0': '1.2.0'\n    a: 1\nb: c\n",
            ),
        ] {
            assert_eq!(forced_in(text, &held).as_deref(), Some(forced), "{text}");
        }
        assert_eq!(forced_in("overrides: { a: 1 }\n", &held), None);
    }

    #[test]
    fn what_a_workspace_excepts_from_its_rule_of_age_stays_excepted() {
        let text = "packages:\n  - 'a/*'\nminimumReleaseAge: 1440\nminimumReleaseAgeExclude:\n  # ours\n  - '@ours/*'\n\n  - left@1.0.0\noverrides:\n  a: 1\n";
        assert_eq!(excepted(text), ["@ours/*", "left@1.0.0"]);
        assert!(excepted("packages:\n  - a\n").is_empty());
    }
}
