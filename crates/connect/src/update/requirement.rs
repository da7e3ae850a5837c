//! Requirements of Python packages, as PEP 508 writes them: `name[extra]>=1,<2 ; marker`.

use std::ops::Range;

use trimtab_model::vers::Vers;
use trimtab_model::version::Scheme;

use super::edit::{Uneditable, lines, raised, spliced};
use super::proposal::{Kind, Wish};

/// Whether two names are of one package (PEP 503).
pub(crate) fn same(a: &str, b: &str) -> bool {
    let plain = |name: &str| {
        let lower = name.to_lowercase();
        let parts: Vec<&str> = lower.split(['-', '_', '.']).filter(|p| !p.is_empty()).collect();
        parts.join("-")
    };
    plain(a) == plain(b)
}

/// A requirement: where its name stands and where its versions.
pub(crate) struct Requirement {
    pub(crate) name: Range<usize>,
    pub(crate) versions: Range<usize>,
}

/// Of `name [extras] versions ; marker`; `None` for one with an address, or with no name.
pub(crate) fn requirement(text: &str) -> Option<Requirement> {
    let marker = text.find(';').unwrap_or(text.len());
    let comment = text.find(" #").unwrap_or(text.len());
    let end = marker.min(comment);
    let what = text.get(..end)?;
    let start = what.len() - what.trim_start().len();
    let named = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let rest = what.get(start..)?;
    let length = rest.find(|c| !named(c)).unwrap_or(rest.len());
    let mut at = start + length;
    let rest = what.get(at..)?;
    let gap = rest.len() - rest.trim_start().len();
    if rest.trim_start().starts_with('[') {
        at += gap + rest.trim_start().find(']')? + 1;
    }
    let versions = what.get(at..)?;
    let begin = at + (versions.len() - versions.trim_start().len());
    // `--hash` and a line that goes on are a requirement file's.
    let own = versions.find([' ', '\\', '\t']).filter(|_| versions.contains("--hash"));
    let stop = own.map_or(what.trim_end().len(), |o| at + o).max(begin);
    let stop = what.get(..stop)?.trim_end_matches(['\\', ' ', '\t']).len().max(begin);
    let plain = length > 0 && !what.get(begin..stop)?.starts_with('@');
    // Poetry writes `name (>=1,<2)`.
    let inner = what.get(begin..stop)?.strip_prefix('(').and_then(|v| v.strip_suffix(')'));
    let versions = if inner.is_some() { begin + 1..stop - 1 } else { begin..stop };
    plain.then_some(Requirement { name: start..start + length, versions })
}

/// The version to which a file of requirements pins a package.
pub(crate) fn pin(text: &str, package: &str) -> Option<String> {
    let mut all = lines::requirements(text).filter_map(|(_, line)| {
        let read = requirement(line)?;
        same(line.get(read.name)?, package).then_some(line.get(read.versions)?)
    });
    all.find_map(|versions| Some(versions.trim().strip_prefix("==")?.trim().to_owned()))
}

/// The name of a requirement.
pub(crate) fn name(text: &str) -> Option<&str> {
    text.get(requirement(text)?.name)
}

/// A requirement with its versions raised, or with another package in its place.
pub(crate) fn edited(text: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(found) = requirement(text) else { return Ok(None) };
    if !same(text.get(found.name.clone()).unwrap_or_default(), &wish.name) {
        return Ok(None);
    }
    let old = text.get(found.versions.clone()).unwrap_or_default();
    let new = if wish.kind == Kind::Replace {
        format!(">={}", wish.to())
    } else if (old.contains(',') || old.starts_with(['<', '!'])) && allows(old, wish.to()) {
        floor(old, wish.to())
    } else if old.is_empty() {
        format!(">={}", wish.to())
    } else {
        match raised(old, wish, ">=", Scheme::Pep440)? {
            Some(new) => new,
            None => return Ok(None),
        }
    };
    let mut parts = vec![(found.versions, new)];
    if wish.kind == Kind::Replace {
        // Extras are the other package's own, and go.
        let end = parts.first().map_or(0, |(range, _)| range.start);
        let opens = text.get(..end).is_some_and(|before| before.ends_with('('));
        let end = if opens { end - 1 } else { end };
        parts.push((found.name.start..end, wish.other().to_owned()));
    }
    Ok(Some(spliced(text, parts)))
}

/// Whether a requirement allows a version.
pub(crate) fn has(text: &str, version: &str) -> bool {
    let versions = requirement(text).and_then(|found| text.get(found.versions));
    versions.is_some_and(|range| range.is_empty() || allows(range, version))
}

/// A requirement of exactly a version.
pub(crate) fn exact(text: &str, to: &str) -> Option<String> {
    Some(spliced(text, vec![(requirement(text)?.versions, format!("=={to}"))]))
}

fn allows(range: &str, version: &str) -> bool {
    Vers::from_native("pypi", range).is_ok_and(|vers| vers.contains(version) == Some(true))
}

/// `>=1,<3` with its lower bound raised, or with one added.
fn floor(old: &str, to: &str) -> String {
    let is_lower = |part: &&str| {
        let part = part.trim_start();
        part.starts_with(">=") || (part.starts_with('>')) || part.starts_with("~=")
    };
    let lower = old.split(',').find(is_lower);
    match lower {
        Some(lower) => old.replacen(lower.trim(), &format!(">={to}"), 1),
        None => format!(">={to},{old}"),
    }
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

    #[test]
    fn requirements_are_raised_in_place() {
        for (old, new) in [
            ("requests==2.25.1", Some("requests==2.31.0")),
            (
                "Requests [security] ~= 2.25 ; python_version < '4'",
                Some("Requests [security] ~= 2.31.0 ; python_version < '4'"),
            ),
            ("requests>=2,<3", Some("requests>=2.31.0,<3")),
            ("requests<3,>=2  # why", Some("requests<3,>=2.31.0  # why")),
            ("requests>=2,<2.26", Some("requests>=2.31.0")),
            ("requests<3", Some("requests>=2.31.0,<3")),
            ("requests<2.26", Some("requests>=2.31.0")),
            ("requests (>=2.25,<3.0.0)", Some("requests (>=2.31.0,<3.0.0)")),
            ("requests[security] (==2.25.1) ; x", Some("requests[security] (==2.31.0) ; x")),
            ("requests", Some("requests>=2.31.0")),
            ("requests @ https://registry.example/x", None),
            ("requests-toolbelt==1.0", None),
        ] {
            assert_eq!(edited(old, &wish("requests", "2.31.0")).unwrap().as_deref(), new, "{old}");
        }
        assert!(same("Zope.Interface", "zope_interface"));
        let other = Wish {
            kind: Kind::Replace,
            other: Some("httpx".to_owned()),
            ..wish("requests", "0.27.0")
        };
        let new = edited("requests [security] (>=2,<3); x", &other).unwrap();
        assert_eq!(new.as_deref(), Some("httpx(>=0.27.0); x"));
    }
}
