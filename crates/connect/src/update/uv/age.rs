//! Versions that are old enough. uv is told a moment and chooses nothing that was published later; it writes the moment
//! into the lockfile, and the next run without it would write it out again. So it is taken out at once.

use jiff::Timestamp;
use toml_edit::{DocumentMut, Item, Table};

use crate::update::drive::Drive;
use crate::update::proposal::Wish;
use crate::update::published::uploaded;
use crate::update::python::MANIFEST;
use crate::update::refusal::Reason;
use crate::update::requirement::same;
use crate::update::sources::{LOCKFILE, SETTINGS, packages, text};

/// What uv calls the moment, for all packages and for single ones.
const ALL: &str = "exclude-newer";
const ONE: &str = "exclude-newer-package";
/// The moment for packages that may be of any age.
const ANY: &str = "9000-01-01T00:00:00Z";

/// The same for `uv pip compile`, whose files tell no times: only what is asked for by its version may be of any age.
pub(in crate::update) fn told_of(
    drive: &Drive<'_>,
    options: &[String],
    packages: &[String],
) -> Vec<String> {
    let is_own = options.iter().any(|option| option.starts_with("--exclude-newer"));
    let Some(before) = wanted(drive).filter(|_| !is_own) else { return Vec::new() };
    let asked = packages.iter().filter_map(|package| Some(package.split_once("==")?.0));
    listed(before, asked.collect())
}

/// The moment that is wanted, where neither the project nor whoever runs it keeps to one already.
fn wanted(drive: &Drive<'_>) -> Option<Timestamp> {
    let says = |file: &str| drive.text(file).is_some_and(|text| text.contains(ALL));
    let is_kept = drive.sees("UV_EXCLUDE_NEWER") || says(MANIFEST) || says(SETTINGS);
    drive.before().filter(|_| !is_kept)
}

/// Options for uv so that nothing comes in that was published after the moment which is wanted. None where no moment is, or
/// where the project or whoever runs it keeps to one already: a later one would undo that.
pub(super) fn told(drive: &Drive<'_>, lockfile: &str, wish: &Wish) -> Vec<String> {
    wanted(drive).map_or_else(Vec::new, |before| options(before, lockfile, wish))
}

/// What is locked may stay, and what is asked for by its version is chosen, whatever its age.
fn options(before: Timestamp, lockfile: &str, wish: &Wish) -> Vec<String> {
    let Ok(document) = lockfile.parse::<DocumentMut>() else { return Vec::new() };
    if [ALL, ONE].iter().any(|key| document.get("options").is_some_and(|o| o.get(key).is_some())) {
        return Vec::new();
    }
    let asked = |name: &str| wish.packages().any(|(own, to)| to.is_some() && same(own, name));
    let is_free = |package: &&Table| {
        let is_young = uploaded(package).is_some_and(|at| at > before);
        is_young && !asked(text(package, "name"))
    };
    let young = packages(&document).filter(is_free).map(|package| text(package, "name"));
    let asked = wish.packages().filter(|(_, to)| to.is_some()).map(|(name, _)| name);
    listed(before, young.chain(asked).collect())
}

/// The moment, and what may be of any age.
fn listed(before: Timestamp, mut free: Vec<&str>) -> Vec<String> {
    free.sort_unstable();
    free.dedup();
    let mut options = vec![format!("--{ALL}={before}")];
    options.extend(free.iter().map(|name| format!("--{ONE}={name}={ANY}")));
    options
}

/// A lockfile without the moment.
pub(super) fn forgotten(lockfile: &str) -> Result<String, Reason> {
    let read = lockfile.parse::<DocumentMut>();
    let mut document = read.map_err(|e| Reason::Failed(format!("{LOCKFILE}: {e}")))?;
    if let Some(options) = document.get_mut("options").and_then(Item::as_table_mut) {
        options.remove(ALL);
        options.remove(ONE);
        if options.is_empty() {
            document.remove("options");
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::proposal::Kind;

    /// As uv 0.13 writes it.
    const PACKAGES: &str = r#"[[package]]
name = "left"
version = "1.1"
source = { registry = "https://registry.example/simple" }
sdist = { url = "https://registry.example/left-1.1.tar.gz", upload-time = "2026-01-30T10:00:00Z" }

[[package]]
name = "right"
version = "2.0"
source = { registry = "https://registry.example/simple" }
sdist = { url = "https://registry.example/right-2.0.tar.gz", upload-time = "2020-01-30T10:00:00Z" }
"#;
    const HEAD: &str = "version = 1\nrevision = 5\nrequires-python = \">=3.11\"\n\n";

    fn wish(to: Option<&str>) -> Wish {
        Wish {
            kind: Kind::Relock,
            name: "right".to_owned(),
            from: None,
            to: to.map(str::to_owned),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    #[test]
    fn what_is_locked_and_what_is_asked_for_is_of_any_age() {
        let before = "2026-01-26T09:00:00Z".parse().unwrap();
        let told = |head: &str, to| options(before, &format!("{head}{PACKAGES}"), &wish(to));
        let all = "--exclude-newer=2026-01-26T09:00:00Z";
        let free = |name: &str| format!("--exclude-newer-package={name}={ANY}");
        assert_eq!(told(HEAD, None), [all.to_owned(), free("left")]);
        assert_eq!(told(HEAD, Some("2.1")), [all.to_owned(), free("left"), free("right")]);
        // Who keeps to a moment goes on to.
        let own = format!("{HEAD}[options]\nexclude-newer = \"2025-01-01T00:00:00Z\"\n\n");
        assert!(told(&own, None).is_empty());
    }

    #[test]
    fn the_moment_does_not_stay_in_the_lockfile() {
        let lock = |options: &str| format!("{HEAD}{options}{PACKAGES}");
        let moment = "exclude-newer = \"2026-01-26T09:00:00Z\"\n\n";
        let single = format!("[options.exclude-newer-package]\nleft = \"{ANY}\"\n\n");
        let forgotten = |options: &str| forgotten(&lock(options)).unwrap();
        assert_eq!(forgotten(&format!("[options]\n{moment}{single}")), lock(""));
        assert_eq!(forgotten(&format!("[options]\n{moment}")), lock(""));
        let mode = "[options]\nprerelease-mode = \"allow\"\n";
        let kept = forgotten(&format!("{mode}{moment}{single}"));
        assert_eq!(kept, lock(&format!("{mode}\n")));
        assert_eq!(forgotten(""), lock(""));
    }
}
