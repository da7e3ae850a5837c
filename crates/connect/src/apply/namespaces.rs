//! Namespaces of the system: what of them this user is given, and what is put before a program that
//! runs in them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::home::Caches;
use super::walls::{How, SETUP, View};
use crate::program;

/// How long a look at what the system allows may take.
const PROBE: Duration = Duration::from_secs(10);

/// Tells whether a home is hidden, a toolchain not written to, and a cache read.
const LOOK: &str = r#"[ ! -e "$1/secret" ] && [ -e "$1/tools/a" ] && [ -e "$1/cache/a" ] &&
! touch "$1/tools/b" 2>/dev/null && touch "$1/cache/b" && touch "$2/b""#;

/// What this user is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Namespaces {
    shell: PathBuf,
    /// Whether processes can have one: with the first of them all end.
    pub(crate) processes: bool,
    /// Whether the network can be cut off, or why not.
    pub(crate) network: Result<(), String>,
    /// Whether the home can be hidden and what becomes of caches, or why not.
    pub(crate) home: Result<Caches, String>,
}

impl Namespaces {
    /// None at all.
    pub(crate) fn none() -> Namespaces {
        let why = "none are used".to_owned();
        let shell = program::on_path("sh").unwrap_or_default();
        Namespaces { shell, processes: false, network: Err(why.clone()), home: Err(why) }
    }

    /// Looks at what the system gives.
    pub(crate) fn here() -> Namespaces {
        let shell = program::on_path("sh").unwrap_or_default();
        let missing = ["sh", "unshare"].iter().find(|name| program::on_path(name).is_none());
        let why = missing.map_or("this user may not create namespaces".to_owned(), |name| {
            format!("`{name}` is not installed")
        });
        let mut found =
            Namespaces { shell, processes: false, network: Err(why.clone()), home: Err(why) };
        if missing.is_some() {
            return found;
        }
        if !knows_users() {
            let old = "`unshare` knows no `--map-user` here (util-linux before 2.36)".to_owned();
            (found.network, found.home) = (Err(old.clone()), Err(old));
            return found;
        }
        let here = Path::new("/");
        found.processes = true;
        found.processes = works(&found.before(here, false, None));
        found.network = Ok(());
        if program::on_path("ip").is_none() {
            found.network = Err("`ip` is not installed".to_owned());
        } else if !works(&found.before(here, true, None)) {
            found.network = Err("this user may not create network namespaces".to_owned());
        }
        for caches in [Caches::Kept, Caches::Written] {
            found.home = Ok(caches);
            if matches!(found.hides(caches), Ok(true)) {
                return found;
            }
        }
        found.home = Err("this user may not mount anything over it".to_owned());
        found
    }

    /// Whether a home that is made for it is hidden.
    fn hides(&self, caches: Caches) -> io::Result<bool> {
        let folder = tempfile::tempdir()?;
        let (home, place) = (folder.path().join("home"), folder.path().join("home/place"));
        for name in ["tools", "cache", "place"] {
            fs::create_dir_all(home.join(name))?;
            fs::write(home.join(name).join("a"), "")?;
        }
        fs::write(home.join("secret"), "")?;
        let how = if caches == Caches::Kept { How::Cache } else { How::Write };
        let shown = [(How::Read, home.join("tools")), (how, home.join("cache"))];
        let Some(view) = View::of(&home, &place, &shown)? else { return Ok(false) };
        let mut line = self.before(&place, false, Some(&view));
        line.extend([self.shell.clone().into(), "-c".into(), LOOK.into(), "sh".into()]);
        line.extend([home.clone().into(), place.clone().into()]);
        let well = run(&line);
        view.loosen();
        let written = home.join("cache/b").exists();
        let as_wished = written == (caches == Caches::Written) && place.join("b").exists();
        Ok(well && as_wished && !home.join("tools/b").exists())
    }

    /// What is put before a program that runs in a folder; nothing where nothing is given.
    pub(crate) fn before(&self, folder: &Path, cut: bool, view: Option<&View>) -> Vec<OsString> {
        let (cut, view) = (cut && self.network.is_ok(), view.filter(|_| self.home.is_ok()));
        if !cut && view.is_none() && !self.processes {
            return Vec::new();
        }
        let mut line: Vec<OsString> = vec!["unshare".into(), "--map-root-user".into()];
        line.extend(cut.then(|| "--net".into()));
        line.extend(view.map(|_| "--mount".into()));
        if self.processes {
            line.extend(["--pid", "--fork", "--kill-child", "--mount-proc"].map(Into::into));
        }
        line.extend(["--".into(), self.shell.clone().into(), "-c".into(), SETUP.into()]);
        line.extend(["sh".into(), uid().into(), gid().into()]);
        line.extend([if cut { "1" } else { "0" }.into(), folder.into()]);
        match view {
            Some(view) => line.extend(view.arguments()),
            None => line.extend(["", ""].map(Into::into)),
        }
        line.push("--".into());
        line
    }
}

/// Whether something can be put before a program.
pub(crate) fn works(before: &[OsString]) -> bool {
    !before.is_empty() && run(&[before, &["true".into()]].concat())
}

/// Whether `unshare` can give a program its user back.
fn knows_users() -> bool {
    let mut command = Command::new("unshare");
    command.arg("--help");
    let limits = program::Limits { until: Instant::now() + PROBE, output: 1 << 16 };
    let told = program::run(command, limits);
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains("--map-user"))
}

fn run(line: &[OsString]) -> bool {
    let Some((program, arguments)) = line.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments);
    let limits = program::Limits { until: Instant::now() + PROBE, output: 1 << 16 };
    program::run(command, limits).is_ok_and(|output| output.is_well())
}

fn uid() -> String {
    #[cfg(unix)]
    return rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    return String::new();
}

fn gid() -> String {
    #[cfg(unix)]
    return rustix::process::getgid().as_raw().to_string();
    #[cfg(not(unix))]
    return String::new();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file stands where the room of the overlay would be, as on file systems that take none.
    #[test]
    fn a_cache_over_which_nothing_can_be_laid_is_read_only() {
        let here = Namespaces::here();
        if here.home != Ok(Caches::Kept) {
            eprintln!("SKIPPED: nothing can be laid over a home here: {:?}", here.home);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (home, place) = (folder.path().join("home"), folder.path().join("place"));
        fs::create_dir_all(home.join("cache")).unwrap();
        fs::create_dir_all(place.join("walls")).unwrap();
        fs::write(home.join("cache/a"), "").unwrap();
        fs::write(place.join("walls/cache"), "").unwrap();
        let shown = [(How::Cache, home.join("cache"))];
        let view = View::of(&home, &place, &shown).unwrap().unwrap();
        let mut line = here.before(&place, false, Some(&view));
        let look = "[ -e \"$1/cache/a\" ] && ! touch \"$1/cache/b\" 2>/dev/null";
        line.extend(["sh", "-c", look, "sh"].map(Into::into));
        line.push(home.clone().into());
        assert!(run(&line) && !home.join("cache/b").exists());
    }

    #[test]
    fn what_is_mounted_below_a_folder_that_is_read_is_read_only() {
        let here = Namespaces::here();
        if here.home.is_err() {
            eprintln!("SKIPPED: a home cannot be hidden here: {:?}", here.home);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (home, place) = (folder.path().join("home"), folder.path().join("place"));
        for folder in [&home.join("tools/a disk"), &place] {
            fs::create_dir_all(folder).unwrap();
        }
        let view = View::of(&home, &place, &[(How::Read, home.join("tools"))]).unwrap().unwrap();
        let mounts = "mount -t tmpfs tmpfs \"$0/tools/a disk\" && touch \"$0/tools/a disk/a\" && exec \"$@\"";
        let mut line: Vec<OsString> =
            ["unshare", "--map-root-user", "--mount", "sh", "-c", mounts].map(Into::into).into();
        line.push(home.clone().into());
        line.extend(here.before(&place, false, Some(&view)));
        let look = "[ -e \"$0/tools/a disk/a\" ] && ! touch \"$0/tools/a disk/b\" 2>/dev/null";
        line.extend(["sh", "-c", look].map(Into::into));
        line.push(home.into());
        assert!(run(&line));
    }
}
