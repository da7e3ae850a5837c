//! When the files of a project were uploaded, as pip 26 or later tells it: asked for what was uploaded before there was
//! PyPI, it says of each file that it leaves out when it came. An index that knows no times, and an older pip, tell none.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use trimtab_model::Purl;
use trimtab_model::version::Scheme;

use super::QUIET;
use crate::registry::run::Runner;

/// Versions of one project that are taken over.
const MOST: usize = 50_000;
/// What an older pip says.
const NO_OPTION: &str = "no such option: --uploaded-prior-to";

/// When each version of a project was published: the time of its earliest file.
pub(super) struct Times(BTreeMap<String, Timestamp>);

impl Times {
    /// Of one version, however its file spells it.
    pub(super) fn of(&self, version: &str) -> Option<Timestamp> {
        let same = |own: &&String| Scheme::Pep440.compare(own, version) == Some(Ordering::Equal);
        let spelled = || self.0.keys().find(same).and_then(|own| self.0.get(own));
        self.0.get(version).or_else(spelled).copied()
    }

    /// Of the version that was published last.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.0.values().max().copied()
    }

    /// How many versions there are.
    pub(super) fn count(&self) -> Option<u32> {
        u32::try_from(self.0.len()).ok()
    }
}

/// Programs that do not know the option: they are not asked again.
fn unable() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    static UNABLE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    UNABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks pip. `None`: it does not tell.
pub(super) fn times(name: &str, runner: &Runner) -> Option<Times> {
    if unable().contains(runner.program()) {
        return None;
    }
    let arguments =
        ["index", "versions", name, "-vv", "--uploaded-prior-to", "1970-01-02T00:00:00+00:00"];
    let output = runner.run(&arguments, QUIET).ok()?;
    if String::from_utf8_lossy(&output.stderr).contains(NO_OPTION) {
        unable().insert(runner.program().to_owned());
        return None;
    }
    // It finds nothing that old, so it does not end well.
    read(name, &String::from_utf8_lossy(&output.stdout))
}

/// `Skipping link: Upload time 2020-01-02 03:04:05+00:00 not prior to …: https://registry.example/left-1.0.tar.gz (from …)`
fn read(name: &str, said: &str) -> Option<Times> {
    let mut all: BTreeMap<String, Timestamp> = BTreeMap::new();
    for line in said.lines() {
        let one = || {
            let (_, rest) = line.split_once("Skipping link: Upload time ")?;
            let (at, rest) = rest.split_once(" not prior to ")?;
            let at: Timestamp = at.parse().ok()?;
            let link = rest.split_once(": ")?.1.split_whitespace().next()?;
            let file = link.split(['#', '?']).next()?.rsplit('/').next()?;
            Some((version(name, file)?, at))
        };
        let Some((version, at)) = one() else { continue };
        if all.len() < MOST || all.contains_key(&version) {
            all.entry(version).and_modify(|own| *own = at.min(*own)).or_insert(at);
        }
    }
    (!all.is_empty()).then_some(Times(all))
}

/// The version in the name of a file: `left_pad-1.0-py3-none-any.whl`, `left-pad-1.0.tar.gz`.
fn version(name: &str, file: &str) -> Option<String> {
    let wanted = Purl::new("pypi", None, name);
    let same = |own: &str| Purl::new("pypi", None, own) == wanted;
    let file = percent(file);
    if let Some(wheel) = file.strip_suffix(".whl") {
        let mut parts = wheel.split('-');
        parts.next().filter(|own| same(own))?;
        return parts.next().map(str::to_owned);
    }
    let endings = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"];
    let stem = endings.iter().find_map(|ending| file.strip_suffix(ending))?;
    let mut dashes = stem.match_indices('-');
    let at = dashes.find(|(at, _)| stem.get(..*at).is_some_and(same))?.0;
    stem.get(at + 1..).filter(|version| !version.is_empty()).map(str::to_owned)
}

/// A link escapes the plus of a local version.
fn percent(file: &str) -> String {
    file.replace("%2B", "+").replace("%2b", "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
  Skipping link: Upload time 2020-01-02 03:04:05.123456+00:00 not prior to 1970-01-02 00:00:00+00:00: https://registry.example/a/left_pad-1.0-py3-none-any.whl#sha256=00 (from https://registry.example/simple/left-pad/) (requires-python:>=3.8)
  Skipping link: Upload time 2020-01-01 03:04:05+00:00 not prior to 1970-01-02 00:00:00+00:00: https://registry.example/a/left-pad-1.0.0.tar.gz (from https://registry.example/simple/left-pad/)
  Skipping link: Upload time 2021-06-01 00:00:00+00:00 not prior to 1970-01-02 00:00:00+00:00: https://registry.example/a/left.pad-1.1.zip (from https://registry.example/simple/left-pad/)
  Skipping link: yanked for reason: broken: https://registry.example/a/left_pad-1.2.tar.gz
  Skipping link: Upload time 2021-06-01 00:00:00+00:00 not prior to 1970-01-02 00:00:00+00:00: https://registry.example/a/other-9.tar.gz
  Skipping link: Upload time soon not prior to 1970-01-02 00:00:00+00:00: https://registry.example/a/left_pad-7.tar.gz
ERROR: No matching distribution found for left-pad
";

    #[test]
    fn a_version_is_as_old_as_its_earliest_file() {
        let times = read("Left.Pad", SAID).unwrap();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(times.of("1.0"), at("2020-01-02T03:04:05.123456Z"));
        assert_eq!(times.of("1.0.0"), at("2020-01-01T03:04:05Z"));
        assert_eq!(times.of("1.1.0"), at("2021-06-01T00:00:00Z"), "however it is spelled");
        for untold in ["1.2", "7", "9"] {
            assert_eq!(times.of(untold), None, "{untold}");
        }
        assert_eq!(times.last(), at("2021-06-01T00:00:00Z"));
        assert_eq!(times.count(), Some(3));
        assert!(read("left-pad", "ERROR: the network is away\n").is_none());
    }

    #[test]
    fn versions_are_read_out_of_names_of_files() {
        for (file, told) in [
            ("left_pad-1.0-py3-none-any.whl", Some("1.0")),
            ("left_pad-1.0%2Bcpu-1-py3-none-any.whl", Some("1.0+cpu")),
            ("left-pad-1.0-2.tar.gz", Some("1.0-2")),
            ("left-1.0.tar.gz", None),
            ("left-pad-.tar.gz", None),
            ("left-pad.tar.gz", None),
            ("-1-.whl", None),
            ("", None),
        ] {
            assert_eq!(version("left-pad", file).as_deref(), told, "{file}");
        }
    }
}
