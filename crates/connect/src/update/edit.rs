//! Editing manifests: nothing but what is meant changes, so that formatting and comments stay.
//! Pure: text to text.

pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod toml;
pub(crate) mod xml;
pub(crate) mod yaml;

use std::collections::BTreeMap;

use trimtab_model::version::Scheme;

use super::Tool;
use super::proposal::{Kind, Wish};

/// The texts of a project that its resolver reads, by path below the root.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    /// The tool's folder below the root.
    pub(crate) folder: String,
    pub(crate) files: BTreeMap<String, String>,
}

impl Manifests {
    /// Of all files, those of the project in a folder: below it, but not in a folder that has a
    /// lockfile of its own; and above it, where the tool looks there. Of tools whose files take in others, all; of Maven,
    /// the parents of poms too, wherever they lie.
    pub(crate) fn of(tool: &Tool, folder: &str, all: &BTreeMap<String, Vec<u8>>) -> Manifests {
        let folder_of = |path: &str| path.rsplit_once('/').map_or("", |(f, _)| f).to_owned();
        let is_below = |inner: &str, outer: &str| {
            outer.is_empty()
                || inner == outer
                || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        let name_of = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let locked: Vec<String> = all
            .keys()
            .filter(|path| tool.lockfiles.contains(&&*name_of(path)))
            .map(|path| folder_of(path))
            .filter(|other| other != folder && is_below(other, folder))
            .collect();
        let mut files: BTreeMap<String, String> = all
            .iter()
            .filter(|(path, _)| {
                let own = folder_of(path);
                let below = is_below(&own, folder) && !locked.iter().any(|l| is_below(&own, l));
                below || (tool.above && is_below(folder, &own)) || tool.takes_in()
            })
            .filter_map(|(path, bytes)| {
                Some((path.clone(), std::str::from_utf8(bytes).ok()?.to_owned()))
            })
            .collect();
        if tool.id == super::maven::TOOL.id {
            super::maven::parents::take_in(&mut files, all);
        }
        Manifests { folder: folder.to_owned(), files }
    }

    /// Files whose name fits, with their texts.
    pub(crate) fn named<'a>(
        &'a self,
        fits: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a String, &'a String)> {
        let name = |path: &'a str| path.rsplit('/').next().unwrap_or_default();
        self.files.iter().filter(move |(path, _)| fits(name(path)))
    }

    /// The path of a file in the tool's folder.
    pub(crate) fn here(&self, name: &str) -> String {
        super::drive::below(&self.folder, name)
    }

    /// A file in the tool's folder.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.files.get(&self.here(name)).map(String::as_str)
    }
}

/// Manifests as they are to be.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// Texts by path below the root.
    pub(crate) files: BTreeMap<String, String>,
    /// Where packages are named.
    pub(crate) named: Vec<Named>,
}

/// A place where a package is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The manifest below the root.
    pub(crate) path: String,
    /// The package, as it was wished.
    pub(crate) package: String,
    /// The requirement that stands there now.
    pub(crate) requirement: String,
}

impl Edits {
    /// Nothing is to be edited.
    pub(crate) fn none() -> Edits {
        Edits::default()
    }

    /// One file.
    pub(crate) fn one(path: String, text: String) -> Edits {
        Edits { files: BTreeMap::from([(path, text)]), named: Vec::new() }
    }

    /// Of what was edited in each file; that nothing was is an error.
    pub(crate) fn named(self) -> Result<Edits, Uneditable> {
        if self.named.is_empty() { Err(Uneditable::NotNamed) } else { Ok(self) }
    }

    /// A manifest in which what a wish is about is named by a requirement.
    pub(crate) fn put(&mut self, path: &str, text: String, wish: &Wish, requirement: &str) {
        self.files.insert(path.to_owned(), text);
        self.named.push(Named {
            path: path.to_owned(),
            package: wish.name.clone(),
            requirement: requirement.to_owned(),
        });
    }
}

/// Why there is no edit.
#[derive(Debug)]
pub(crate) enum Uneditable {
    /// No manifest names the package.
    NotNamed,
    /// The package is a direct dependency, so it is raised and not forced.
    Direct,
    /// A manifest asks for a higher version than is wanted: this one.
    Downgrade(String),
    /// The project's own manifests do not allow the version that is wanted: they ask for this range.
    Held(String),
    /// There is no such edit, in words.
    Unsupported(String),
}

/// That a package is not replaced by one that a manifest names as well.
pub(crate) fn not_both(
    document: &json::Document,
    sections: &[&str],
    wish: &Wish,
) -> Result<(), Uneditable> {
    let has = |section: &&str| {
        document.object(&[section]).is_some_and(|object| object.get(wish.other()).is_some())
    };
    if wish.kind != Kind::Replace || !sections.iter().any(has) {
        return Ok(());
    }
    let why = "the project already has the other package: remove this one by hand";
    Err(Uneditable::Unsupported(why.to_owned()))
}

/// A requirement raised to a version. One comparison keeps its kind; anything more complicated
/// becomes `usual` and the version. `None`: it is no range of versions (a path, a URL, a tag).
pub(crate) fn raised(
    old: &str,
    wish: &Wish,
    usual: &str,
    scheme: Scheme,
) -> Result<Option<String>, Uneditable> {
    let to = wish.to();
    let trimmed = old.trim();
    if trimmed.contains([':', '/', '@', '$']) || trimmed == "latest" {
        return Ok(None);
    }
    let start = trimmed.trim_start_matches(['^', '~', '=', '>', '<', '!']);
    let operator = trimmed.get(..trimmed.len() - start.len()).unwrap_or_default();
    let version = start.trim_start();
    let space = start.get(..start.len() - version.len()).unwrap_or_default();
    let bare = version.trim_start_matches('v');
    let one = bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+_!".contains(&b))
        && !bare.split(['.', '-']).any(|part| part == "x" || part == "X");
    let keeps = one && !matches!(operator, "<" | "<=" | "!=" | ">");
    if keeps && scheme.compare(to, bare).is_some_and(std::cmp::Ordering::is_lt) {
        return Err(Uneditable::Downgrade(bare.to_owned()));
    }
    Ok(Some(if keeps { format!("{operator}{space}{to}") } else { format!("{usual}{to}") }))
}

/// A text with parts of it replaced. Parts must not overlap.
pub(crate) fn spliced(text: &str, mut parts: Vec<(std::ops::Range<usize>, String)>) -> String {
    parts.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for (range, new) in parts {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(to: &str) -> Wish {
        Wish {
            kind: Kind::Raise,
            name: "a".to_owned(),
            from: None,
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    #[test]
    fn a_raised_requirement_keeps_its_kind() {
        for (old, new) in [
            ("1.2.3", "2.0.0"),
            ("^1.2", "^2.0.0"),
            ("~1", "~2.0.0"),
            ("=1.0.0", "=2.0.0"),
            (">= 1.0", ">= 2.0.0"),
            ("==1.0", "==2.0.0"),
            ("~=1.4", "~=2.0.0"),
            ("1.x", "^2.0.0"),
            ("*", "^2.0.0"),
            (">=1 <2", "^2.0.0"),
            ("<2", "^2.0.0"),
            ("1 || 2", "^2.0.0"),
        ] {
            let got = raised(old, &wish("2.0.0"), "^", Scheme::SemVer).unwrap();
            assert_eq!(got.as_deref(), Some(new), "{old}");
        }
        for none in ["file:../a", "workspace:*", "git+ssh://x", "latest", "catalog:", "npm:b@1"] {
            assert!(raised(none, &wish("2.0.0"), "^", Scheme::SemVer).unwrap().is_none());
        }
        let lower = raised("^3.1.0", &wish("2.0.0"), "^", Scheme::SemVer);
        assert!(matches!(lower, Err(Uneditable::Downgrade(from)) if from == "3.1.0"));
    }

    #[test]
    fn parts_are_replaced_and_the_rest_stays() {
        let parts = vec![(4..5, "Z".to_owned()), (0..1, String::new())];
        assert_eq!(spliced("abcdef", parts), "bcdZf");
    }
}
