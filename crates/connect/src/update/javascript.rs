//! What npm, pnpm and yarn have in common: `package.json`.

use std::collections::BTreeSet;

use trimtab_model::version::Scheme;

use super::confirm::allows;
use super::drive::{Drive, said};
use super::edit::json::{self, Document};
use super::edit::{Edits, Manifests, Named, Uneditable, not_both, raised};
use super::forced::{Forced, force};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

/// The name of the manifest.
pub(crate) const MANIFEST: &str = "package.json";
/// Members that ask for packages to be installed. What a library's users must bring (`peer…`) is
/// promised to them, and stays.
pub(crate) const SECTIONS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies"];
/// Members of a section that are looked at.
const NAMES: usize = 10_000;

/// How a file is kept: manifests, this lockfile, this configuration, patches and local archives.
pub(crate) fn keep(path: &str, own: &[&str]) -> Keep {
    let name = path.rsplit('/').next().unwrap_or_default();
    let local = [".tgz", ".patch"].iter().any(|end| name.ends_with(end));
    if name == MANIFEST || own.contains(&name) || local { Keep::Yes } else { Keep::No }
}

/// The edit that a wish means.
pub(crate) fn edit(
    manifests: &Manifests,
    wish: &Wish,
    forced: Forced,
) -> Result<Edits, Uneditable> {
    match wish.kind {
        Kind::Relock => match pinned(manifests, wish)? {
            Some(range) => Err(Uneditable::Held(range)),
            None => Ok(Edits::none()),
        },
        Kind::Override => force(manifests, wish, forced),
        Kind::Raise | Kind::RaiseParent | Kind::Remove | Kind::Replace => each(manifests, wish),
    }
}

/// The range of a manifest where each one that names the package does not allow the version that is wanted. One that does
/// not allow what is locked either is about another copy.
fn pinned(manifests: &Manifests, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(to) = wish.to.as_deref() else { return Ok(None) };
    let mut found = None;
    let is_own = |range: &str| {
        wish.from.as_deref().is_none_or(|from| allows("npm", range, from) != Some(false))
    };
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let document = Document::read(text, path)?;
        for section in SECTIONS {
            let range =
                document.object(&[section]).and_then(|object| json::text(&object.get(&wish.name)?));
            match range {
                Some(range) if is_own(&range) && allows("npm", &range, to) == Some(false) => {
                    found = Some(range);
                }
                Some(_) => return Ok(None),
                None => {}
            }
        }
    }
    Ok(found)
}

/// The edits where a package is named. What is named in another line than the version that goes is another copy: it stays,
/// unless nothing else is named.
fn each(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    match raises(wish).then(|| each_of(manifests, wish, is_own)) {
        Some(Ok(edits)) => Ok(edits),
        Some(Err(Uneditable::NotNamed)) | None => each_of(manifests, wish, |_, _| true),
        Some(Err(why)) => Err(why),
    }
}

fn raises(wish: &Wish) -> bool {
    matches!(wish.kind, Kind::Raise | Kind::RaiseParent)
}

/// Whether a range is about the copy that goes: it allows that, or begins in the same line of versions.
pub(crate) fn is_own(range: &str, wish: &Wish) -> bool {
    let Some(from) = wish.from.as_deref().filter(|_| raises(wish)) else { return true };
    let line = |version: &str| {
        let bare = version.trim_start_matches(['^', '~', '=', '>', 'v', ' ']);
        let mut parts = bare.split(['.', ' ', '-']).map(str::to_owned);
        let major = parts.next().unwrap_or_default();
        let minor = parts.next().filter(|_| major == "0");
        (major, minor)
    };
    allows("npm", range, from) != Some(false) || line(range) == line(from)
}

fn each_of(
    manifests: &Manifests,
    wish: &Wish,
    is_own: fn(&str, &Wish) -> bool,
) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let document = Document::read(text, path)?;
        let mut requirement = None;
        not_both(&document, SECTIONS, wish)?;
        for section in SECTIONS {
            let Some(object) = document.object(&[section]) else { continue };
            for member in object.properties().into_iter().take(NAMES) {
                let (Some(key), Some(old)) = (member.decoded_name(), json::text(&member)) else {
                    continue;
                };
                let alias = old.strip_prefix("npm:").and_then(|real| real.rsplit_once('@'));
                let (name, range) = alias.map_or((&*key, &*old), |(name, range)| (name, range));
                if name != wish.name || !is_own(range, wish) {
                    continue;
                }
                let new = match wish.kind {
                    Kind::Remove => {
                        member.remove();
                        requirement = Some(String::new());
                        continue;
                    }
                    // Under the name that the code requires: an import of another would have to change with it.
                    Kind::Replace => Some(format!("npm:{}@^{}", wish.other(), wish.to())),
                    _ => raised(range, wish, "^", Scheme::SemVer)?,
                };
                let Some(new) = new else { continue };
                let value = match alias {
                    Some(_) if wish.kind != Kind::Replace => format!("npm:{name}@{new}"),
                    _ => new.clone(),
                };
                json::set_value(&member, &value);
                requirement = Some(new);
            }
        }
        if let Some(requirement) = requirement {
            edits.put(path, document.text(), wish, &requirement);
        }
    }
    edits.named()
}

/// The folders of the manifests that an edit touched, as `./packages/a`, without the root.
pub(crate) fn members(manifests: &Manifests, edits: &Edits) -> Vec<(String, String)> {
    let prefix = match manifests.folder.as_str() {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let folder = |path: &str| {
        let below = path.strip_prefix(&prefix).unwrap_or(path);
        below.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("./{folder}"))
    };
    let one = |named: &Named| (folder(&named.path), named.requirement.clone());
    edits.named.iter().map(one).collect()
}

/// Edited manifests with exactly the version that is wanted in place of each new range.
pub(crate) fn exactly(edits: &Edits, wish: &Wish) -> Edits {
    let mut exact = Edits { files: edits.files.clone(), named: Vec::new() };
    for Named { path, package, requirement } in &edits.named {
        let (Some(to), Some(text)) = (wish.wanted(package), exact.files.get_mut(path)) else {
            continue;
        };
        *text = with_exactly(text, (package, requirement), to);
    }
    exact
}

/// A manifest with exactly a version where a package has a range, under its own name or as what another name stands for.
fn with_exactly(text: &str, (package, requirement): (&str, &str), to: &str) -> String {
    let alias = format!("\"npm:{package}@{requirement}\"");
    let text = text.replace(&alias, &format!("\"npm:{package}@{to}\""));
    let (name, range) = (format!("\"{package}\""), format!("\"{requirement}\""));
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once(&*name) {
        out.push_str(before);
        out.push_str(&name);
        rest = after;
        // The value, behind a colon with space around it.
        let Some(value) = after.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let Some(behind) = value.strip_prefix(&*range) else { continue };
        out.push_str(&after[..after.len() - value.len()]);
        out.push_str(&format!("\"{to}\""));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Whether another name stands for the package in what was edited.
pub(crate) fn is_aliased(edits: &Edits, wish: &Wish) -> bool {
    edits.named.iter().filter(|named| named.package == wish.name).any(|named| {
        let alias = format!("\"npm:{}@{}\"", named.package, named.requirement);
        edits.files.get(&named.path).is_some_and(|text| text.contains(&alias))
    })
}

/// The names under which manifests ask for packages.
pub(crate) fn named(manifests: &Manifests) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let Ok(document) = Document::read(text, path) else { continue };
        for object in SECTIONS.iter().filter_map(|section| document.object(&[section])) {
            let members = object.properties().into_iter().take(NAMES);
            found.extend(members.filter_map(|member| member.decoded_name()));
        }
    }
    found
}

/// The other names that manifests give some packages: to package managers these are what moves.
pub(crate) fn other_names(manifests: &Manifests, packages: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let Ok(document) = Document::read(text, path) else { continue };
        for object in SECTIONS.iter().filter_map(|section| document.object(&[section])) {
            for member in object.properties().into_iter().take(NAMES) {
                let value = json::text(&member).unwrap_or_default();
                let real = value.strip_prefix("npm:").map(|real| match real.rsplit_once('@') {
                    Some((name, _)) if !name.is_empty() => name,
                    _ => real,
                });
                if real.is_some_and(|real| packages.contains(&real)) {
                    found.extend(member.decoded_name());
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Runs a package manager. All of them only warn of a package whose users must bring another version
/// of one that moves, and write a lockfile that does not work: `peers` reads those warnings, and one
/// about a package of the wish is a conflict. Others were there before.
pub(crate) fn run(
    drive: &Drive<'_>,
    wish: &Wish,
    arguments: &[&str],
    set: &[(&str, &str)],
    peers: fn(&str) -> Vec<Blocker>,
) -> Result<(), Reason> {
    let output = drive.try_run(arguments, set)?;
    if !output.is_well() {
        return Err(drive.means(&output));
    }
    let text = drive.words(&output);
    let moved = |name: &str| {
        wish.children().contains(&name) || wish.packages().any(|(moved, _)| moved == name)
    };
    let mut blockers: Vec<Blocker> = peers(&text)
        .into_iter()
        .filter(|blocker| {
            let who = blocker.who.rsplit_once('@').map_or(&*blocker.who, |(name, _)| name);
            moved(&blocker.needs) || moved(who)
        })
        .collect();
    if blockers.is_empty() {
        return Ok(());
    }
    blockers.sort();
    blockers.dedup();
    Err(Reason::Conflict { blockers, said: said(&text) })
}

/// Whether of what others bring a version stays locked that was before. Where a lockfile does not tell, or none was found in
/// it, it may: then it is asked to move by a run of its own.
pub(crate) fn stays(was: Option<BTreeSet<String>>, now: Option<BTreeSet<String>>) -> bool {
    was.zip(now).is_none_or(|(was, now)| was.is_empty() || !was.is_disjoint(&now))
}

#[cfg(test)]
mod tests {
    use super::super::edit::{Manifests, Uneditable};
    use super::super::proposal::{Kind, Wish};
    use super::{each, is_aliased, named, other_names, with_exactly};

    fn manifests(all: &[(&str, &str)]) -> Manifests {
        let files = all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Manifests { folder: String::new(), files: files.collect() }
    }

    fn raise(from: &str, to: &str) -> Wish {
        Wish {
            kind: Kind::Raise,
            name: "a".to_owned(),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    #[test]
    fn of_several_copies_that_are_named_the_one_that_goes_is_raised() {
        let all = manifests(&[
            ("one/package.json", r#"{"dependencies":{"a":"^3.10.1"}}"#),
            ("three/package.json", r#"{"dependencies":{"a":"6.3.0"}}"#),
            (
                "two/package.json",
                r#"{"dependencies":{"a":"~4.17.15"},"devDependencies":{"old":"npm:a@^3.0.0"}}"#,
            ),
            ("zero/package.json", r#"{"dependencies":{"a":"0.2.0"}}"#),
        ]);
        let raised = |from: &str, to: &str| -> Vec<(String, String)> {
            let edits = each(&all, &raise(from, to)).unwrap();
            edits.files.into_iter().collect()
        };
        let is = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
        };
        // 6.3.1 would be a step down for nobody, as nobody else is asked.
        let six = is(&[("three/package.json", r#"{"dependencies":{"a":"6.3.1"}}"#)]);
        assert_eq!(raised("6.3.0", "6.3.1"), six);
        // One that does not allow what is locked goes along within its line.
        let four = is(&[(
            "two/package.json",
            r#"{"dependencies":{"a":"~4.17.21"},"devDependencies":{"old":"npm:a@^3.0.0"}}"#,
        )]);
        assert_eq!(raised("4.17.11", "4.17.21"), four);
        let three = is(&[
            ("one/package.json", r#"{"dependencies":{"a":"^4.17.21"}}"#),
            (
                "two/package.json",
                r#"{"dependencies":{"a":"~4.17.15"},"devDependencies":{"old":"npm:a@^4.17.21"}}"#,
            ),
        ]);
        assert_eq!(raised("3.10.1", "4.17.21"), three);
        let zero = is(&[("zero/package.json", r#"{"dependencies":{"a":"0.2.4"}}"#)]);
        assert_eq!(raised("0.2.0", "0.2.4"), zero);
        // Where no range is of its line, all that name it are asked for, and one would go down.
        let down = each(&all, &raise("5.0.0", "5.0.1"));
        assert!(matches!(down, Err(Uneditable::Downgrade(from)) if from == "6.3.0"));
    }

    #[test]
    fn other_names_of_a_package_are_known() {
        let text =
            r#"{"dependencies":{"a":"^7.0.0","a6":"npm:a@6.2.1","b":"npm:@s/a@1","c":"npm:a"}}"#;
        let all = manifests(&[("package.json", text)]);
        assert_eq!(other_names(&all, &["a"]), ["a6", "c"]);
        assert_eq!(other_names(&all, &["@s/a"]), ["b"]);
        assert!(named(&all).iter().eq(["a", "a6", "b", "c"]));
        let wish = raise("6.2.1", "6.2.2");
        assert!(is_aliased(&each(&all, &wish).unwrap(), &wish));
        let wish = raise("7.0.0", "7.4.6");
        assert!(!is_aliased(&each(&all, &wish).unwrap(), &wish));
    }

    #[test]
    fn exactly_one_member_is_made_exact() {
        let text = r#"{"dependencies":{"a":"^2.0.0","b":"^2.0.0", "x" : "npm:a@^2.0.0", "a-b": "^2.0.0"}}"#;
        let exact =
            r#"{"dependencies":{"a":"2.0.0","b":"^2.0.0", "x" : "npm:a@2.0.0", "a-b": "^2.0.0"}}"#;
        assert_eq!(with_exactly(text, ("a", "^2.0.0"), "2.0.0"), exact);
    }
}
