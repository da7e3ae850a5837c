//! What npm, pnpm and yarn have in common: `package.json`.

use trimtab_model::version::Scheme;

use super::confirm::allows;
use super::drive::{Drive, said};
use super::edit::json::{self, Document};
use super::edit::{Edits, Manifests, Named, Uneditable, not_both, raised};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

/// The name of the manifest.
pub(crate) const MANIFEST: &str = "package.json";
/// Members that ask for packages to be installed. What a library's users must bring (`peer…`) is
/// promised to them, and stays.
const SECTIONS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies"];
/// Overrides that are looked at, in packages.
const NAMES: usize = 10_000;

/// Where a package manager wants forced versions.
#[derive(Clone, Copy)]
pub(crate) enum Forced {
    /// Member by member, from the root.
    At(&'static [&'static str]),
    /// The same, and the version that is locked now is part of the name.
    AtVersion(&'static [&'static str]),
}

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

/// The range of a manifest where each one that names the package does not allow the version that is wanted.
fn pinned(manifests: &Manifests, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(to) = wish.to.as_deref() else { return Ok(None) };
    let mut found = None;
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let document = Document::read(text, path)?;
        for section in SECTIONS {
            let range =
                document.object(&[section]).and_then(|object| json::text(&object.get(&wish.name)?));
            match range {
                Some(range) if allows("npm", &range, to) == Some(false) => found = Some(range),
                Some(_) => return Ok(None),
                None => {}
            }
        }
    }
    Ok(found)
}

fn each(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
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
                if name != wish.name {
                    continue;
                }
                let new = match wish.kind {
                    Kind::Remove => {
                        member.remove();
                        requirement = Some(String::new());
                        continue;
                    }
                    // What the code requires is the other name that it gave.
                    Kind::Replace if alias.is_some() => {
                        let why = "the project gives it another name: replace this one by hand";
                        return Err(Uneditable::Unsupported(why.to_owned()));
                    }
                    Kind::Replace => Some(format!("^{}", wish.to())),
                    _ => raised(range, wish, "^", Scheme::SemVer)?,
                };
                let Some(new) = new else { continue };
                if wish.kind == Kind::Replace {
                    json::rename(&member, wish.other());
                }
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

fn force(manifests: &Manifests, wish: &Wish, forced: Forced) -> Result<Edits, Uneditable> {
    let path = manifests.here(MANIFEST);
    let text = manifests.text(MANIFEST).ok_or(Uneditable::NotNamed)?;
    let document = Document::read(text, &path)?;
    let direct = |section: &&str| {
        document.object(&[section]).is_some_and(|object| object.get(&wish.name).is_some())
    };
    if SECTIONS.iter().any(direct) {
        return Err(Uneditable::Direct);
    }
    let (at, name) = match (forced, &wish.from) {
        (Forced::AtVersion(at), Some(from)) => (at, format!("{}@{from}", wish.name)),
        (Forced::AtVersion(at) | Forced::At(at), _) => (at, wish.name.clone()),
    };
    let object = document.object_or_new(at)?;
    // What the project forces itself is raised where it stands: another entry beside it would contradict it.
    let mut held = false;
    for member in object.properties().into_iter().take(NAMES) {
        let (Some(key), Some(old)) = (member.decoded_name(), json::text(&member)) else { continue };
        let about = about(&key, wish);
        if about == About::Other {
            continue;
        }
        match raised(&old, wish, "", Scheme::SemVer)? {
            Some(new) => json::set_value(&member, &new),
            None => {
                let why = format!("the project forces `{key}` to `{old}` itself");
                return Err(Uneditable::Unsupported(why));
            }
        }
        held |= about == About::All;
    }
    if !held {
        json::set(&object, &name, wish.to());
    }
    Ok(Edits::one(path, document.text()))
}

/// What an entry of forced versions is to a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// About another package, or about other versions of this one.
    Other,
    /// About what the wish is about, wherever it is asked for.
    All,
    /// About it as far as one package asks for it.
    Part,
}

/// What an entry of forced versions is about: `a`, `a@1`, `**/a`, `b/a`, `b>a`, with scopes and ranges.
pub(crate) fn about(key: &str, wish: &Wish) -> About {
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
    let (name, selector) = match named.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((end, _)) => (&named[..end], Some(&named[end + 1..])),
        None => (named, None),
    };
    let own = match (selector, wish.from.as_deref()) {
        (None, _) => true,
        (Some(selector), Some(from)) => {
            selector == from || allows("npm", selector, from) == Some(true)
        }
        (Some(_), None) => false,
    };
    match (name == wish.name && own, parents || !matches!(before, "" | "**/")) {
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

#[cfg(test)]
mod tests {
    use super::super::proposal::{Kind, Wish};
    use super::{About, about, with_exactly};

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
            ("ab", "a", About::Other),
        ] {
            assert_eq!(about(key, &wish(name)), is, "{key}");
        }
    }

    #[test]
    fn exactly_one_member_is_made_exact() {
        let text = r#"{"dependencies":{"a":"^2.0.0","b":"^2.0.0", "x" : "npm:a@^2.0.0", "a-b": "^2.0.0"}}"#;
        let exact =
            r#"{"dependencies":{"a":"2.0.0","b":"^2.0.0", "x" : "npm:a@2.0.0", "a-b": "^2.0.0"}}"#;
        assert_eq!(with_exactly(text, ("a", "^2.0.0"), "2.0.0"), exact);
    }
}
