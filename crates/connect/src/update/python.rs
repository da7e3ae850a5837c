//! What Python's package managers have in common: `pyproject.toml`, and their words for conflicts.

use trimtab_model::version::Scheme;

use super::edit::toml::{Places, changed, place, push, table_or_new, versions};
use super::edit::{Edits, Manifests, Uneditable, raised};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::requirement::{edited, exact, name, requirement, same};
use super::scratch::Keep;

/// The name of the manifest.
pub(crate) const MANIFEST: &str = "pyproject.toml";

/// How a file is kept: manifests, this lockfile, this configuration.
pub(crate) fn keep(path: &str, own: &[&str]) -> Keep {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name == MANIFEST || own.contains(&name) { Keep::Yes } else { Keep::No }
}

/// Arrays of requirements in `pyproject.toml`, by the names that lead to them.
fn arrays(places: &Places<'_>) -> Vec<Vec<String>> {
    let mut paths = vec![
        vec!["project".to_owned(), "dependencies".to_owned()],
        ["tool", "uv", "dev-dependencies"].map(str::to_owned).into(),
    ];
    for folder in [&["project", "optional-dependencies"][..], &["dependency-groups"]] {
        for (name, _) in places.table(folder).iter().flat_map(|table| table.iter()) {
            let mut path: Vec<String> = folder.iter().map(|s| (*s).to_owned()).collect();
            path.push(name.to_owned());
            paths.push(path);
        }
    }
    paths
}

/// Poetry's tables of dependencies, by the names that lead to them.
fn tables(places: &Places<'_>) -> Vec<Vec<String>> {
    let poetry = |rest: &[&str]| {
        ["tool", "poetry"].iter().chain(rest).map(|s| (*s).to_owned()).collect::<Vec<_>>()
    };
    let mut paths = vec![poetry(&["dependencies"]), poetry(&["dev-dependencies"])];
    for (name, _) in places.table(&["tool", "poetry", "group"]).iter().flat_map(|t| t.iter()) {
        paths.push(poetry(&["group", name, "dependencies"]));
    }
    paths
}

/// Raises, removes or replaces a dependency in every `pyproject.toml`.
pub(crate) fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind == Kind::Relock {
        return match pinned(manifests, wish)? {
            Some(range) => Err(Uneditable::Held(range)),
            None => Ok(Edits::none()),
        };
    }
    let mut edits = Edits::none();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let edited = match wish.kind {
            Kind::Remove => removed(path, text, wish)?,
            _ => at_place(path, text, wish)?,
        };
        if let Some((text, requirement)) = edited {
            edits.put(path, text, wish, &requirement);
        }
    }
    edits.named()
}

/// The range of `pyproject.toml` where each requirement of the package does not allow the version that is
/// wanted.
fn pinned(manifests: &Manifests, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(to) = wish.to.as_deref() else { return Ok(None) };
    let mut found = None;
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let places = Places::read(text, path)?;
        for names in arrays(&places) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            for value in places.array(&names).into_iter().flat_map(|array| array.iter()) {
                let Some((_, old)) = place(value) else { continue };
                let Some(read) = requirement(old) else { continue };
                if !same(old.get(read.name).unwrap_or_default(), &wish.name) {
                    continue;
                }
                let range = old.get(read.versions).unwrap_or_default();
                match super::confirm::allows("pypi", range, to) {
                    Some(false) if !range.is_empty() => found = Some(range.to_owned()),
                    _ => return Ok(None),
                }
            }
        }
    }
    Ok(found)
}

fn at_place(path: &str, text: &str, wish: &Wish) -> Result<Option<(String, String)>, Uneditable> {
    let range = |old: &str| raised(old, wish, "^", Scheme::Pep440);
    replaced(path, text, wish, &|old| edited(old, wish), &range)
}

/// A manifest with exactly the version that is wanted wherever a package was raised to it. `None`: it was nowhere.
pub(crate) fn exactly(path: &str, text: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    // What raising leaves as it is was raised.
    let is_same = |new: Result<Option<String>, Uneditable>, old: &str| {
        new.ok().flatten().is_some_and(|new| new == old)
    };
    let whole = |old: &str| {
        let is_it = is_same(edited(old, wish), old);
        Ok(if is_it { exact(old, wish.to()) } else { None })
    };
    let range = |old: &str| {
        let is_it = is_same(raised(old, wish, "^", Scheme::Pep440), old);
        Ok(is_it.then(|| format!("=={}", wish.to())))
    };
    Ok(replaced(path, text, wish, &whole, &range)?.map(|(text, _)| text))
}

/// Gives a text another form.
type Change<'c> = &'c dyn Fn(&str) -> Result<Option<String>, Uneditable>;

/// A manifest with the requirements of a package changed: those of arrays by `whole`, the ranges of tables by `range`; and
/// the last of what they are now.
fn replaced(
    path: &str,
    text: &str,
    wish: &Wish,
    whole: Change<'_>,
    range: Change<'_>,
) -> Result<Option<(String, String)>, Uneditable> {
    let mut places = Places::read(text, path)?;
    let mut new = Vec::new();
    let mut requirement = String::new();
    for names in arrays(&places) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for value in places.array(&names).into_iter().flat_map(|array| array.iter()) {
            let Some((at, old)) = place(value) else { continue };
            if !name(old).is_some_and(|name| same(name, &wish.name)) {
                continue;
            }
            if let Some(text) = whole(old)? {
                requirement.clone_from(&text);
                new.push((at, text));
            }
        }
    }
    for names in tables(&places) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(table) = places.table(&names) else { continue };
        for (_, item) in table.iter().filter(|(key, _)| same(key, &wish.name)) {
            if wish.kind == Kind::Replace {
                let why = "replace the package by hand: its table has keys of its own";
                return Err(Uneditable::Unsupported(why.to_owned()));
            }
            let versions = versions(item);
            let several = versions.len() > 1;
            for (at, old) in versions {
                // Of several, for one Python or system each, those are meant that have what is locked.
                if several && wish.from.as_deref().is_some_and(|from| lacks(old, from)) {
                    continue;
                }
                if let Some(text) = range(old)? {
                    requirement.clone_from(&text);
                    new.push((at, text));
                }
            }
        }
    }
    places.replace(new);
    Ok(places.is_changed().then(|| (places.text(), requirement)))
}

/// Whether a range in Poetry's notation is known not to have a version.
fn lacks(range: &str, version: &str) -> bool {
    let range = range.trim();
    let first = range.chars().next().unwrap_or('*');
    let allowed = match first {
        '^' | '*' => super::confirm::allows("npm", range, version),
        '~' if !range.starts_with("~=") => super::confirm::allows("npm", range, version),
        '0'..='9' if !range.contains('*') => {
            super::confirm::allows("pypi", &format!("=={range}"), version)
        }
        _ => super::confirm::allows("pypi", range, version),
    };
    allowed == Some(false)
}

fn removed(path: &str, text: &str, wish: &Wish) -> Result<Option<(String, String)>, Uneditable> {
    let places = Places::read(text, path)?;
    let (arrays, tables) = (arrays(&places), tables(&places));
    let mut found = false;
    let text = changed(text, path, |document| {
        for names in &arrays {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let Some((last, folder)) = names.split_last() else { continue };
            let Some(table) = existing(document, folder) else { continue };
            let Some(array) = table.get_mut(last).and_then(|i| i.as_array_mut()) else { continue };
            let before = array.len();
            array.retain(|v| !v.as_str().and_then(name).is_some_and(|n| same(n, &wish.name)));
            found |= array.len() < before;
        }
        for names in &tables {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let Some(table) = existing(document, &names) else { continue };
            let keys: Vec<String> =
                table.iter().map(|(k, _)| k.to_owned()).filter(|k| same(k, &wish.name)).collect();
            for key in keys {
                table.remove(&key);
                found = true;
            }
        }
        Some(())
    })?;
    Ok(found.then(|| (text, String::new())))
}

fn existing<'d>(
    document: &'d mut toml_edit::DocumentMut,
    names: &[&str],
) -> Option<&'d mut dyn toml_edit::TableLike> {
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for name in names {
        table = table.get_mut(name)?.as_table_like_mut()?;
    }
    Some(table)
}

/// Adds a requirement to an array of the manifest in the tool's folder.
pub(crate) fn added(
    manifests: &Manifests,
    table: &[&str],
    array: &str,
    requirement: &str,
) -> Result<Edits, Uneditable> {
    let path = manifests.here(MANIFEST);
    let text = manifests.text(MANIFEST).ok_or(Uneditable::NotNamed)?;
    let add = |document: &mut toml_edit::DocumentMut| {
        push(table_or_new(document, table)?, array, requirement)
    };
    Ok(Edits::one(path.clone(), changed(text, &path, add)?))
}

/// Whether a manifest names a package directly.
pub(crate) fn is_direct(manifests: &Manifests, wish: &Wish) -> bool {
    let raise = Wish { kind: Kind::Raise, ..wish.clone() };
    !matches!(edit(manifests, &raise), Err(Uneditable::NotNamed))
}

/// `Because left==2 depends on right<3 and …`, `left (2.0) depends on right (<3)`,
/// `left 2.0 depends on right<3`: as uv, Poetry and pip tell it.
pub(crate) fn blockers(text: &str) -> Vec<Blocker> {
    // A sentence may go over lines.
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    for at in 0..words.len().saturating_sub(2) {
        let is = |n: usize, w: &str| words.get(at + n).is_some_and(|word| *word == w);
        if !(is(0, "depends") && is(1, "on") && at > 0) {
            continue;
        }
        let mut who = (*words.get(at - 1).unwrap_or(&"")).trim_matches(['(', ')', ',']).to_owned();
        let starts_version = who.starts_with(|c: char| c.is_ascii_digit() || "<>=!~".contains(c));
        if starts_version && at > 1 {
            let name = words.get(at - 2).copied().unwrap_or_default();
            who = format!("{name}@{}", who.trim_start_matches('='));
        } else if who.eq_ignore_ascii_case("project") {
            "the project".clone_into(&mut who);
        } else if let Some((name, version)) = who.split_once("==") {
            who = format!("{name}@{version}");
        } else if who == "which"
            && let Some(before) = found.last()
        {
            // `demo depends on left (2.0) which depends on right (<3)`
            let before: &Blocker = before;
            who = format!("{}@{}", before.needs, before.range.trim_start_matches('='));
        }
        let mut needs = words.get(at + 2).copied().unwrap_or_default().to_owned();
        let mut range = String::new();
        let mut next = at + 3;
        if let Some(open) = words.get(next).filter(|word| word.starts_with('(')) {
            range.push_str(open);
            while !range.ends_with([')', ',']) || range.ends_with(',') && !range.contains(')') {
                next += 1;
                let Some(word) = words.get(next) else { break };
                range.push_str(word);
                if next > at + 12 {
                    break;
                }
            }
            range = range.trim_matches(|c| "(),".contains(c)).to_owned();
        }
        if range.is_empty() {
            let start = needs.find(['<', '>', '=', '!', '~']).unwrap_or(needs.len());
            range = needs.split_off(start).trim_end_matches([',', '.']).to_owned();
            // pip: `right<3 and >=1`
            while is(next - at, "and")
                && words.get(next + 1).is_some_and(|w| w.starts_with(['<', '>', '=', '!', '~']))
            {
                range.push(',');
                range.push_str(words.get(next + 1).copied().unwrap_or_default());
                next += 2;
            }
        }
        let (who, needs) = (bare(&who), bare(needs.trim_end_matches([',', '.', ';'])));
        // With its extras a package is a node of its own, which asks for the package.
        let is_itself = who.split(['@', '<', '>', '=', '!', '~']).next() == Some(&*needs);
        if !range.is_empty() && !needs.is_empty() && !is_itself {
            found.push(Blocker { who, needs, range });
        }
    }
    found
}

/// `left[extra]@2.0` without its extras.
fn bare(text: &str) -> String {
    let parts = text.split_once('[').and_then(|(name, rest)| {
        let (_, rest) = rest.split_once(']')?;
        Some(format!("{name}{rest}"))
    });
    parts.unwrap_or_else(|| text.to_owned())
}

/// What stands in the way where pip has no wheel of the version that is `locked` or wanted of a package:
/// `Could not find a version that satisfies the requirement left<3 (from versions: 3.0, 3.1)`.
pub(crate) fn without_wheel(text: &str, locked: impl Fn(&str) -> Option<String>) -> Option<Reason> {
    let told = text.split("satisfies the requirement ").skip(1).find_map(|part| {
        let (what, rest) = part.split_once(" (from ")?;
        let (_, versions) = rest.split_once("versions: ")?;
        let (versions, _) = versions.split_once(')')?;
        let package = name(what)?;
        let version = locked(package)?;
        let has = versions
            .split(", ")
            .any(|other| SCHEME.compare(other, &version).is_some_and(std::cmp::Ordering::is_eq));
        (!has).then(|| (package.to_owned(), version))
    });
    told.map(|(package, version)| Reason::NoWheel { package, version, asked: None })
}

/// A package manager that would build the project itself to know what it needs.
pub(crate) fn is_dynamic(manifests: &Manifests) -> Option<&'static str> {
    let text = manifests.text(MANIFEST)?;
    let places = Places::read(text, MANIFEST).ok()?;
    let dynamic = places.array(&["project", "dynamic"])?;
    let names = ["dependencies", "optional-dependencies"];
    let has = dynamic.iter().any(|v| v.as_str().is_some_and(|name| names.contains(&name)));
    has.then_some("its dependencies are set by its build (`dynamic` in pyproject.toml)")
}

/// How versions of Python's packages are ordered.
pub(crate) const SCHEME: Scheme = Scheme::Pep440;

/// Whether the manifest has a table.
pub(crate) fn says(manifests: &Manifests, table: &[&str]) -> bool {
    manifests
        .text(MANIFEST)
        .and_then(|text| Places::read(text, MANIFEST).ok().map(|p| p.table(table).is_some()))
        .unwrap_or_default()
}

/// Whether the manifest has an array.
pub(crate) fn lists(manifests: &Manifests, array: &[&str]) -> bool {
    manifests
        .text(MANIFEST)
        .and_then(|text| Places::read(text, MANIFEST).ok().map(|p| p.array(array).is_some()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(name: &str, to: &str) -> Wish {
        Wish {
            kind: Kind::Raise,
            name: name.to_owned(),
            from: None,
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    /// One line, and each shape that names the package: no other package becomes exact with it.
    #[test]
    fn exactly_what_was_raised_is_made_exact() {
        let text = |a: &str| {
            format!(
                "[project]\ndependencies = [\"left[x] (>={a}) ; y\", \"right (>=2.0)\"]\n\
                 [tool.poetry.dependencies]\nright = \"^2.0\" # as left\nleft.version = \"^{a}\"\n\
                 [tool.poetry.group.dev.dependencies]\nleft = {{ version = '^{a}', extras = ['x'] }}\n\
                 [tool.poetry.group.old.dependencies.left]\nversion = \"~{a}\"\n\
                 [[tool.poetry.group.two.dependencies.left]]\nversion = \"{a}\"\npython = \"<3.8\"\n\
                 [[tool.poetry.group.two.dependencies.left]]\nversion = \"3.0\"\npython = \">=3.8\"\n"
            )
        };
        let wish = Wish { from: Some("1.0".to_owned()), ..wish("left", "2.0") };
        let (raised, _) = at_place("p", &text("1.0"), &wish).unwrap().unwrap();
        assert_eq!(raised, text("2.0"));
        let wish = Wish { from: None, ..wish };
        let exact = exactly("p", &raised, &wish).unwrap().unwrap();
        let expected =
            text("==2.0").replace("(>===2.0)", "(==2.0)").replace("^==", "==").replace("~==", "==");
        assert_eq!(exact, expected);
    }

    #[test]
    fn what_has_no_wheel_is_told_of_what_is_locked() {
        let text = "ERROR: Could not find a version that satisfies the requirement left<3,>=1 (from \
                    versions: 2.1, 3.0)\nERROR: No matching distribution";
        let said = |locked: &str| {
            without_wheel(text, |name| (name == "left").then(|| locked.to_owned()))
                .map(|reason| reason.to_string())
        };
        let told = "`left 2.0` has no wheel, and nothing is built without `--project-code`";
        assert_eq!(said("2.0").as_deref(), Some(told));
        assert_eq!(said("2.1.0"), None, "that one has a wheel: something else is the cause");
        assert_eq!(without_wheel(text, |_| None).map(|_| ()), None);
    }

    #[test]
    fn who_is_spoken_of_again_is_named() {
        let text = "Because demo depends on left (2.0) which depends on right (<3), right";
        let last = blockers(text).pop().unwrap();
        assert_eq!(last.to_string(), "`left@2.0` requires `right <3`");
    }

    #[test]
    fn extras_are_no_part_of_a_name() {
        let all = |text: &str| blockers(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        let text = "Because left[fast]==2.0 depends on uvicorn[standard]>=0.20,<1 and";
        assert_eq!(all(text), ["`left@2.0` requires `uvicorn >=0.20,<1`"]);
        let text = "Because left[fast,small] (2.0) depends on uvicorn[standard] (>=0.20)";
        assert_eq!(all(text), ["`left@2.0` requires `uvicorn >=0.20`"]);
        assert!(all("Because left[fast]==2.0 depends on left==2.0 and").is_empty());
        assert!(all("Because left[fast]>=2.0 depends on left>=2.0 and").is_empty());
    }

    #[test]
    fn blockers_are_read_out_of_their_words() {
        for (text, says) in [
            (
                "  cause: Because requests==2.25.1 depends on urllib3>=1.21.1,<1.27 and urllib3==2.0.7, we can",
                "`requests@2.25.1` requires `urllib3 >=1.21.1,<1.27`",
            ),
            (
                "Because requests (2.25.1) depends on urllib3 (>=1.21.1,<1.27)\n and demo depends on",
                "`requests@2.25.1` requires `urllib3 >=1.21.1,<1.27`",
            ),
            (
                "    requests 2.25.1 depends on urllib3<1.27 and >=1.21.1",
                "`requests@2.25.1` requires `urllib3 <1.27,>=1.21.1`",
            ),
        ] {
            let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
            assert_eq!(all, [says], "{text}");
        }
    }
}
