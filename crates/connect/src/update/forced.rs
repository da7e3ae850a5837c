//! Versions that the manifest of npm, pnpm or yarn forces on packages which others bring: `overrides`, `resolutions`. What a
//! project forces itself is raised where it stands.

use jsonc_parser::cst::CstObject;
use trimtab_model::version::Scheme;
use trimtab_model::{Proposal, Purl};

use super::confirm::allows;
use super::edit::json::{self, Document};
use super::edit::{Edits, Manifests, Uneditable, raised};
use super::javascript::{MANIFEST, SECTIONS};
use super::proposal::Wish;
use super::scratch::Scratch;
use super::yarn_lock::{self, Keys};
use super::{Tool, pnpm};

/// The lockfile of yarn.
const LOCKFILE: &str = "yarn.lock";
/// Entries that are looked at, in an object.
const NAMES: usize = 10_000;

/// Where a package manager wants forced versions.
#[derive(Clone, Copy)]
pub(crate) enum Forced {
    /// Member by member, from the root; and the version that is locked now is part of the name.
    AtVersion(&'static [&'static str]),
    /// The same; where several versions are locked, under the names of those who ask for the one that goes, or with the
    /// ranges in which it is asked for.
    Asked(&'static [&'static str], Keys),
}

/// The edit that forces a version.
pub(crate) fn force(
    manifests: &Manifests,
    wish: &Wish,
    forced: Forced,
) -> Result<Edits, Uneditable> {
    let path = manifests.here(MANIFEST);
    let text = manifests.text(MANIFEST).ok_or(Uneditable::NotNamed)?;
    let document = Document::read(text, &path)?;
    if names(manifests, &document, wish, forced) {
        return Err(Uneditable::Direct);
    }
    let (at, names) = match (forced, &wish.from) {
        (Forced::AtVersion(at), Some(from)) => (at, vec![format!("{}@{from}", wish.name)]),
        (Forced::Asked(at, _), _) => {
            (at, asked(manifests, &document, wish, forced)?.unwrap_or_default())
        }
        (Forced::AtVersion(at), None) => (at, Vec::new()),
    };
    let object = document.object_or_new(at)?;
    // What the project forces itself is raised where it stands: another entry beside it would contradict it.
    if !raise_entries(&object, false, wish)? {
        match &names[..] {
            [] => json::set(&object, &wish.name, wish.to()),
            names => names.iter().for_each(|name| json::set(&object, name, wish.to())),
        }
    }
    Ok(Edits::one(path, document.text()))
}

/// Under which names a version is forced on those alone who ask for the one that is locked now. `None`: it is the only one, and
/// the project does not name it itself; or the lockfile does not tell.
fn asked(
    manifests: &Manifests,
    document: &Document,
    wish: &Wish,
    forced: Forced,
) -> Result<Option<Vec<String>>, Uneditable> {
    let Forced::Asked(_, keys) = forced else { return Ok(None) };
    let (Some(text), Some(from)) = (manifests.text(LOCKFILE), wish.from.as_deref()) else {
        return Ok(None);
    };
    let names = |section: &&str| {
        document.object(&[section]).is_some_and(|object| object.get(&wish.name).is_some())
    };
    let is_named = SECTIONS.iter().any(names);
    let Some(asked) = yarn_lock::asked(text, &wish.name, from, is_named) else { return Ok(None) };
    // To yarn 1 `**/b/a` is about what `@s/b` asks for too, and about each version of `b`.
    let is_meant = |other: &str| {
        asked.askers.iter().any(|(asker, _)| {
            let scope = other.strip_suffix(asker.as_str());
            scope.is_some_and(|scope| scope.is_empty() || scope.ends_with('/'))
        })
    };
    let other = asked.elsewhere.iter().find(|other| keys == Keys::Classic && is_meant(other));
    if let Some(other) = other {
        return Err(Uneditable::Unsupported(format!(
            "yarn 1 cannot force it only for packages that require {from}: `{other}` would get it too"
        )));
    }
    let one = |(asker, range): (String, String)| match keys {
        Keys::Classic => format!("**/{asker}/{}", wish.name),
        Keys::Berry => format!("{}@npm:{range}", wish.name),
    };
    let mut names: Vec<String> = asked.askers.into_iter().map(one).collect();
    names.sort();
    names.dedup();
    Ok(Some(names))
}

/// Whether the manifest in the tool's folder names a package itself, and what is forced would concern that.
pub(crate) fn is_direct(
    manifests: &Manifests,
    wish: &Wish,
    forced: Forced,
) -> Result<bool, Uneditable> {
    let Some(text) = manifests.text(MANIFEST) else { return Ok(false) };
    Ok(names(manifests, &Document::read(text, &manifests.here(MANIFEST))?, wish, forced))
}

/// Where one of several versions can be forced alone, a range that does not allow it is about another copy.
fn names(manifests: &Manifests, document: &Document, wish: &Wish, forced: Forced) -> bool {
    let can = match forced {
        Forced::AtVersion(_) => true,
        Forced::Asked(..) => !matches!(asked(manifests, document, wish, forced), Ok(None)),
    };
    let is_other = |range: &str| match wish.from.as_deref().filter(|_| can) {
        Some(from) => allows("npm", range, from) == Some(false),
        None => false,
    };
    let direct = |section: &&str| {
        let member = document.object(&[section]).and_then(|object| object.get(&wish.name));
        member.is_some_and(|member| json::text(&member).is_none_or(|range| !is_other(&range)))
    };
    SECTIONS.iter().any(direct)
}

/// Whether the project forces a version of a package itself.
pub fn is_forced(tool: &'static Tool, base: &Scratch, package: &Purl) -> bool {
    let at: &[&str] = match tool.id {
        "npm" => &["overrides"],
        "pnpm" => &["pnpm", "overrides"],
        "yarn" | "yarn-berry" => &["resolutions"],
        _ => return false,
    };
    let Ok(wish) = Wish::read(&Proposal::Relock { package: package.clone(), to: None }, tool)
    else {
        return false;
    };
    let manifest = base.read(&super::drive::below(&base.inside(), MANIFEST)).unwrap_or_default();
    let document = Document::read(&manifest, MANIFEST).ok();
    let in_manifest = document.and_then(|document| document.object(at));
    let settings = match tool.id {
        "pnpm" => base.read(&super::drive::below(&base.inside(), pnpm::WORKSPACE)),
        _ => None,
    };
    in_manifest.is_some_and(|object| forces_in(&object, &wish))
        || settings.is_some_and(|text| pnpm::forces(&text, &wish))
}

/// Whether an object of forced versions, or one in it, has an entry about what a wish is about.
fn forces_in(object: &CstObject, wish: &Wish) -> bool {
    object.properties().into_iter().take(NAMES).any(|member| {
        let Some(key) = member.decoded_name() else { return false };
        match (json::text(&member), json::object(&member)) {
            (Some(old), _) => is_about(&key, &old, wish),
            (None, Some(inner)) => {
                forces_in(&inner, wish)
                    || inner.get(".").is_some() && about(&key, wish) != About::Other
            }
            (None, None) => false,
        }
    })
}

/// Whether an entry by its key forces what a wish is about.
pub(crate) fn is_about(key: &str, old: &str, wish: &Wish) -> bool {
    match forced_to(old).1 {
        Some(real) => real == wish.name,
        None => about(key, wish) != About::Other,
    }
}

/// The manifest in the tool's folder with what it forces of a package raised where it stands. `None`: it forces none.
pub(crate) fn raised_where_it_stands(
    manifests: &Manifests,
    wish: &Wish,
    at: &[&str],
) -> Result<Option<Edits>, Uneditable> {
    let path = manifests.here(MANIFEST);
    let Some(text) = manifests.text(MANIFEST) else { return Ok(None) };
    let document = Document::read(text, &path)?;
    let Some(object) = document.object(at) else { return Ok(None) };
    raise_entries(&object, false, wish)?;
    let edited = document.text();
    Ok((edited != text).then(|| Edits::one(path, edited)))
}

/// Raises what is forced of a package; whether that covers all who ask for it. `of_part`: these entries hold within another
/// package alone.
fn raise_entries(object: &CstObject, of_part: bool, wish: &Wish) -> Result<bool, Uneditable> {
    let mut held = false;
    for member in object.properties().into_iter().take(NAMES) {
        let Some(key) = member.decoded_name() else { continue };
        let (member, old) = match (json::object(&member), json::text(&member)) {
            (None, Some(old)) => (member, old),
            // Of npm: what is forced within a package, and as `.` of the package itself.
            (Some(inner), _) => {
                raise_entries(&inner, true, wish)?;
                match inner.get(".").and_then(|own| Some((json::text(&own)?, own))) {
                    Some((old, own)) => (own, old),
                    None => {
                        // npm looks at no entry behind the first one of a package.
                        if !of_part && about(&key, wish) == About::All {
                            json::set(&inner, ".", wish.to());
                            held = true;
                        }
                        continue;
                    }
                }
            }
            (None, None) => continue,
        };
        match entry(&key, &old, of_part, wish)? {
            Entry::Other => {}
            Entry::Part(new) => json::set_value(&member, &new),
            Entry::All(new) => {
                json::set_value(&member, &new);
                held = true;
            }
        }
    }
    Ok(held)
}

/// What becomes of an entry of forced versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It stays: it is about something else.
    Other,
    /// It is this now, and others ask for the package too.
    Part(String),
    /// It is this now, for all who ask for the package.
    All(String),
}

/// What becomes of an entry by its key and what it forces. One that holds for a part is raised only if what it forces is the
/// version that goes.
pub(crate) fn entry(key: &str, old: &str, of_part: bool, wish: &Wish) -> Result<Entry, Uneditable> {
    let (prefix, real, range) = forced_to(old);
    let named = Key::read(key).name == wish.name;
    let about = match real {
        // Another name stands for it.
        Some(real) if real == wish.name && !named => About::Part,
        // It stands for another package.
        Some(real) if real != wish.name && named => match about(key, wish) {
            About::All if !of_part => return Err(forces(key, old)),
            _ => About::Other,
        },
        _ => about(key, wish),
    };
    let goes = |from: &str| range == from || allows("npm", range, from) == Some(true);
    match about {
        About::All if !of_part => match raised(range, wish, "", Scheme::SemVer)? {
            Some(new) => Ok(Entry::All(format!("{prefix}{new}"))),
            None => Err(forces(key, old)),
        },
        About::All | About::Part if wish.from.as_deref().is_none_or(goes) => {
            Ok(match raised(range, wish, "", Scheme::SemVer) {
                Ok(Some(new)) => Entry::Part(format!("{prefix}{new}")),
                _ => Entry::Other,
            })
        }
        About::Other | About::All | About::Part => Ok(Entry::Other),
    }
}

fn forces(key: &str, old: &str) -> Uneditable {
    Uneditable::Unsupported(format!("the project already forces `{key}` to `{old}`"))
}

/// What a version is forced to: what stands before the range, the package where it is named, and the range. `npm:a@^1`,
/// `npm:^1`, `^1`.
fn forced_to(old: &str) -> (&str, Option<&str>, &str) {
    let Some(rest) = old.strip_prefix("npm:") else { return ("", None, old) };
    let start = old.len() - rest.len();
    match rest.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => {
            let (prefix, range) = old.split_at(start + at + 1);
            (prefix, rest.get(..at), range)
        }
        None => (old.get(..start).unwrap_or_default(), None, rest),
    }
}

/// What an entry of forced versions is to a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// About another package, or about other versions of this one.
    Other,
    /// About what the wish is about, wherever it is asked for.
    All,
    /// About it as far as one package, or one range, asks for it.
    Part,
}

/// The key of an entry of forced versions: `a`, `a@1`, `**/a`, `b/a`, `b>a`, with scopes and ranges.
struct Key<'k> {
    /// Whether it is about what one package asks for alone.
    within: bool,
    name: &'k str,
    selector: Option<&'k str>,
}

impl Key<'_> {
    fn read(key: &str) -> Key<'_> {
        let (parents, last) = separated(key);
        let mut at = 0;
        for (slash, _) in last.match_indices('/') {
            let part = last.get(at..slash).unwrap_or_default();
            let rest = last.get(slash + 1..).unwrap_or_default();
            // `@a/b` is one name.
            if !part.starts_with('@') {
                at = slash + 1;
            } else if let Some(next) = rest.find('/') {
                at = slash + 1 + next + 1;
            }
        }
        let before = last.get(..at).unwrap_or_default();
        let named = last.get(at..).unwrap_or(last);
        let within = parents || !matches!(before, "" | "**/");
        let end = named.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(end, _)| end);
        let (name, selector) = match end {
            Some(end) => (named.get(..end).unwrap_or(named), named.get(end + 1..)),
            None => (named, None),
        };
        Key { within, name, selector }
    }
}

/// What an entry of forced versions is about, by its key.
pub(crate) fn about(key: &str, wish: &Wish) -> About {
    let Key { within, name, selector } = Key::read(key);
    // yarn 2 and later: those who ask in exactly this range.
    let asked = selector.and_then(|selector| selector.strip_prefix("npm:"));
    let own = match (asked.or(selector), wish.from.as_deref()) {
        (None, _) => true,
        (Some(selector), Some(from)) => {
            selector == from || allows("npm", selector, from) == Some(true)
        }
        (Some(_), None) => false,
    };
    match (name == wish.name && own, within || asked.is_some()) {
        (false, _) => About::Other,
        (true, true) => About::Part,
        (true, false) => About::All,
    }
}

/// The last package of a path such as `a>b@^1`, and whether others come before it. A `>` of a range is none that parts.
fn separated(key: &str) -> (bool, &str) {
    let parts = |at: &usize| {
        let before = key.get(..*at).and_then(|k| k.chars().next_back());
        let after = key.get(at + 1..).and_then(|k| k.chars().next());
        !matches!(before, None | Some('@' | ' ' | '|' | '<'))
            && !matches!(after, None | Some('=' | ' '))
    };
    match key.match_indices('>').map(|(at, _)| at).rfind(parts) {
        Some(at) => (true, key.get(at + 1..).unwrap_or_default()),
        None => (false, key),
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::Manifests;
    use super::super::proposal::{Kind, Wish};
    use super::super::yarn_lock::Keys;
    use super::{About, Entry, Forced, about, entry, force};

    fn wish(name: &str) -> Wish {
        Wish {
            kind: Kind::Override,
            name: name.to_owned(),
            from: Some("1.2.3".to_owned()),
            to: Some("1.2.4".to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    #[test]
    fn entries_of_forced_versions_are_about_a_package_and_its_versions() {
        for (key, name, is) in [
            ("a", "a", About::All),
            ("a@1.2.3", "a", About::All),
            ("a@1", "a", About::All),
            ("a@^1.2", "a", About::All),
            ("a@>=1 <3", "a", About::All),
            ("a@2", "a", About::Other),
            ("a@1.2.2", "a", About::Other),
            ("a@<1.2.3", "a", About::Other),
            ("**/a", "a", About::All),
            ("b/a", "a", About::Part),
            ("b>a@^1", "a", About::Part),
            ("b@>=1>a", "a", About::Part),
            ("b>a@2", "a", About::Other),
            ("@s/a", "@s/a", About::All),
            ("@s/a@1", "@s/a", About::All),
            ("b/@s/a", "@s/a", About::Part),
            ("@s/b/a", "a", About::Part),
            ("@s/b/@t/a@2", "@t/a", About::Other),
            ("@s/b>@t/a", "@t/a", About::Part),
            ("a@npm:^1.2", "a", About::Part),
            ("a@npm:^2", "a", About::Other),
            ("ab", "a", About::Other),
        ] {
            assert_eq!(about(key, &wish(name)), is, "{key}");
        }
    }

    #[test]
    fn what_a_project_forces_is_raised_if_that_is_what_goes() {
        let all = |text: &str| Ok(Entry::All(text.to_owned()));
        let part = |text: &str| Ok(Entry::Part(text.to_owned()));
        for (key, old, is) in [
            ("a", "1.2.3", all("1.2.4")),
            ("a", "npm:a@1.2.3", all("npm:a@1.2.4")),
            ("a@1", "npm:a@^1.2.0", all("npm:a@^1.2.4")),
            ("a", "npm:~1.2.0", all("npm:~1.2.4")),
            ("b>a", "npm:a@1.2.3", part("npm:a@1.2.4")),
            ("c", "npm:a@1.2.3", part("npm:a@1.2.4")),
            ("c", "npm:a@1.2.2", Ok(Entry::Other)),
            ("b>a", "^1.2.0", part("^1.2.4")),
            // Of another version, and what is no version.
            ("b>a", "1.2.2", Ok(Entry::Other)),
            ("b>a", "2.0.0", Ok(Entry::Other)),
            ("b>a", "-", Ok(Entry::Other)),
            ("b>a", "file:../a", Ok(Entry::Other)),
            ("b>a", "npm:c@1.2.3", Ok(Entry::Other)),
            ("a@2", "2.0.0", Ok(Entry::Other)),
            // Another one beside these would contradict them.
            ("a", "file:../a", Err(())),
            ("a", "npm:c@1.2.3", Err(())),
            ("a", "2.0.0", Err(())),
        ] {
            let found = entry(key, old, false, &wish("a")).map_err(drop);
            assert_eq!(found, is, "{key}: {old}");
        }
        assert_eq!(entry("a", "2.0.0", true, &wish("a")).unwrap(), Entry::Other);
    }

    #[test]
    fn of_several_versions_yarn_is_told_who_asks_for_the_one_that_goes() {
        let forced = |lockfile: &str, keys: Keys, own: &str| {
            let manifest = format!("{{ \"dependencies\": {{ {own} }} }}\n");
            let files = [("package.json", manifest), ("yarn.lock", lockfile.to_owned())];
            let files = files.map(|(name, text)| (name.to_owned(), text)).into();
            let manifests = Manifests { folder: String::new(), files };
            let edits = force(&manifests, &wish("a"), Forced::Asked(&["resolutions"], keys));
            let text = edits.ok()?.files.remove("package.json")?;
            let found: serde_json::Value = serde_json::from_str(&text).unwrap();
            Some(found["resolutions"].to_string())
        };
        let two = "\"@s/b@^1\":\n  version \"1.0.0\"\n  dependencies:\n    a \"~1.2.0\"\n    c \"1\"\n\n\
                   a@^2, a@2:\n  version \"2.0.0\"\n\na@~1.2.0:\n  version \"1.2.3\"\n\n\
                   c@1:\n  version \"1.0.0\"\n  dependencies:\n    a \"2\"\n";
        let own = "\"a\": \"^2\"";
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(forced(two, Keys::Classic, own), is("{\"**/@s/b/a\":\"1.2.4\"}"));
        // Of one there is no other to spare; what the project names itself is raised.
        let one = "b@1:\n  version \"1.0.0\"\n  dependencies:\n    a \"~1.2.0\"\n\na@~1.2.0:\n  version \"1.2.3\"\n";
        assert_eq!(forced(one, Keys::Classic, ""), is("{\"a\":\"1.2.4\"}"));
        assert_eq!(forced(two, Keys::Classic, "\"a\": \"~1.2.0\""), None);
        // What it names was raised by the same run: the other's copy is forced, though one version is locked.
        assert_eq!(forced(one, Keys::Classic, "\"a\": \"^1.2.4\""), is("{\"**/b/a\":\"1.2.4\"}"));
        // What `b` asks for cannot be forced where `@s/b` asks for another.
        let scoped = |own: &str, other: &str| {
            format!(
                "\"@s/b@1\":\n  version \"1.0.0\"\n  dependencies:\n    a \"{own}\"\n\na@^2:\n  version \"2.0.0\"\n\n\
                 a@~1.2.0:\n  version \"1.2.3\"\n\nb@1:\n  version \"1.0.0\"\n  dependencies:\n    a \"{other}\"\n"
            )
        };
        assert_eq!(
            forced(&scoped("~1.2.0", "^2"), Keys::Classic, ""),
            is("{\"**/@s/b/a\":\"1.2.4\"}")
        );
        assert_eq!(forced(&scoped("^2", "~1.2.0"), Keys::Classic, ""), None);
        let berry = "__metadata:\n  version: 8\n\n\"a@npm:^2, a@npm:2\":\n  version: 2.0.0\n\n\"a@npm:~1.2.0, a@npm:1\":\n  \
                     version: 1.2.3\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  dependencies:\n    a: \"npm:1\"\n\n\
                     \"b@npm:^1\":\n  version: 1.0.0\n  dependencies:\n    a: \"npm:~1.2.0\"\n";
        assert_eq!(forced(berry, Keys::Berry, own), is("{\"a@npm:~1.2.0\":\"1.2.4\"}"));
    }
}
