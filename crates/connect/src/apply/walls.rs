//! A view of the file system for tests, in a namespace of its own: the user's home is empty in it but
//! for caches, toolchains and the copy itself, and the user's checkout can only be read.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How a folder of the home is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It can be read.
    Read,
    /// It can be read; what is written to it goes with the copy.
    Cache,
    /// It can be written: the copy itself, and caches where the system lays nothing over them.
    Write,
    /// Nothing of it is seen.
    Mask,
    /// It is no part of the home and can be read where it lies: the user's checkout.
    Held,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            How::Read | How::Held => "read",
            How::Cache => "cache",
            How::Write => "write",
            How::Mask => "mask",
        }
    }
}

/// What is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    home: PathBuf,
    stage: PathBuf,
    parts: Vec<(How, PathBuf, PathBuf, PathBuf)>,
}

/// Sets the view up and gives all rights over it away: what runs in it cannot take it down, and is the
/// user that it was, as tests of permissions would else be other tests. A cache over which this file
/// system lays nothing is read only; what is mounted below a folder that is read is so too. The system's
/// notes of mounts (`-n`) are not for these, and an ordinary user may not write them.
pub(crate) const SETUP: &str = r#"uid=$1 gid=$2 net=$3 folder=$4 home=$5 stage=$6; shift 6
closed() {
  mount -n -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null || mount -n -o remount,bind,ro,nosuid,nodev,noexec "$1" 2>/dev/null
}
[ "$net" = 1 ] && { ip link set lo up || exit 125; }
[ -n "$stage" ] && { mount -n -t tmpfs -o size=64m,mode=755,nosuid,nodev tmpfs "$stage" || exit 125; }
while [ "$1" != -- ]; do
  how=$1 from=$2 to=$3 room=$4; shift 4
  if [ "$how" = mask ]; then
    if [ -d "$from" ]; then mount -n -t tmpfs -o size=1m,mode=755 tmpfs "$from"; else mount -n --bind /dev/null "$from"; fi || exit 125
    continue
  fi
  mkdir -p "$to" || exit 125
  if [ "$how" = cache ]; then
    mkdir -p "$room/up" "$room/work" 2>/dev/null &&
      mount -n -t overlay overlay -o "lowerdir=$from,upperdir=$room/up,workdir=$room/work,userxattr" "$to" 2>/dev/null && continue
  fi
  mount -n --rbind "$from" "$to" || exit 125
  [ "$how" = write ] && continue
  closed "$to" || exit 125
  while read -r _ _ _ _ at _; do
    case $at in *\\*) at=$(printf '%b' "$at");; esac
    case $at in "$to"/*) closed "$at" || mount -n -t tmpfs -o ro,size=4k tmpfs "$at" 2>/dev/null || [ ! -x "$at" ] || exit 125;; esac
  done < /proc/self/mountinfo
done
shift
[ -n "$stage" ] && { mount -n --move "$stage" "$home" && cd "$folder" || exit 125; }
exec unshare --user --map-user="$uid" --map-group="$gid" -- "$@""#;

/// The folder that is hidden as a home, or why none is.
pub(crate) fn hidden(home: &Path) -> Result<PathBuf, &'static str> {
    let Ok(whole) = home.canonicalize() else { return Err("there is nothing at its path") };
    if whole.parent().is_none() { Err("it is the root of the file system") } else { Ok(whole) }
}

impl View {
    /// A view in which a home shows these folders only. `place` is a folder of ours, which is shown.
    /// `None`: it cannot be told what to hide.
    ///
    /// # Errors
    /// The folders for it cannot be made.
    pub(crate) fn of(
        home: &Path,
        place: &Path,
        shown: &[(How, PathBuf)],
    ) -> io::Result<Option<View>> {
        let place = place.canonicalize()?;
        let Some(whole) = hidden(home).ok().filter(|whole| !whole.starts_with(&place)) else {
            return Ok(None);
        };
        let (walls, stage) = (place.join("walls"), place.join("walls/home"));
        fs::create_dir_all(&stage)?;
        let mut view = View { home: whole.clone(), stage, parts: Vec::new() };
        let ours = (How::Write, place.clone());
        for (how, path) in shown.iter().chain([&ours]) {
            let Ok(from) = path.canonicalize() else { continue };
            if *how == How::Mask {
                view.parts.push((*how, from, PathBuf::new(), PathBuf::new()));
                continue;
            }
            if *how == How::Held {
                // Within the home it is hidden; what has the copy in it must be written to.
                if !from.starts_with(&whole) && !place.starts_with(&from) {
                    view.parts.push((*how, from.clone(), from, PathBuf::new()));
                }
                continue;
            }
            // By the path that it is known by, wherever that leads.
            let known = [path.as_path(), &from];
            let below = known
                .iter()
                .find_map(|path| path.strip_prefix(home).or(path.strip_prefix(&whole)).ok());
            let Some(below) = below.filter(|below| below.iter().next().is_some()) else { continue };
            // Commas and colons are no part of the paths that an overlay takes.
            let plain = |path: &Path| !path.to_string_lossy().contains([',', ':', '\\']);
            let name = below.to_string_lossy().replace('/', "+");
            let room = walls.join(name);
            let how = match how {
                How::Cache if !plain(&from) || !plain(&room) => How::Read,
                how => *how,
            };
            let to = view.stage.join(below);
            view.parts.push((how, from, to, room));
        }
        // What lies in another is laid over it.
        view.parts.sort_by(|a, b| a.2.cmp(&b.2));
        view.parts.dedup_by(|a, b| a.2 == b.2 && a.0 != How::Mask);
        Ok(Some(view))
    }

    /// The arguments of [`SETUP`] from `home` on.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut all: Vec<OsString> = vec![self.home.clone().into(), self.stage.clone().into()];
        for (how, from, to, room) in &self.parts {
            all.extend([how.word().into(), from.into(), to.into(), room.into()]);
        }
        all
    }

    /// Lets the rooms of caches be removed again: the system leaves folders that nobody may open.
    pub(crate) fn loosen(&self) {
        for (_, _, _, room) in self.parts.iter().filter(|part| part.0 == How::Cache) {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let open = fs::Permissions::from_mode(0o700);
                let _ = fs::set_permissions(room.join("work/work"), open);
            }
            #[cfg(not(unix))]
            let _ = room;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shows_what_is_named_and_the_copy() {
        let home = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = home.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            folder
        };
        let (place, elsewhere) = (folder("tmp/copy"), tempfile::tempdir().unwrap());
        let shown = [
            (How::Read, folder(".tools/bin")),
            (How::Read, folder(".tools")),
            (How::Cache, folder(".cache/a,b")),
            (How::Read, home.path().join("none")),
            (How::Read, elsewhere.path().to_owned()),
            // The home as a whole would hide nothing.
            (How::Read, home.path().to_owned()),
        ];
        let view = View::of(home.path(), &place, &shown).unwrap().unwrap();
        let below = |path: &Path| path.strip_prefix(&view.stage).unwrap().to_owned();
        let told: Vec<_> = view.parts.iter().map(|p| (p.0, below(&p.2))).collect();
        let expected = [
            (How::Read, ".cache/a,b"),
            (How::Read, ".tools"),
            (How::Read, ".tools/bin"),
            (How::Write, "tmp/copy"),
        ];
        assert_eq!(told, expected.map(|(how, path)| (how, PathBuf::from(path))));
        // The checkout is held where it lies, unless it is hidden or has the copy in it.
        let beside = elsewhere.path().canonicalize().unwrap();
        let held = [beside.clone(), home.path().to_owned(), place.clone()];
        let view = View::of(home.path(), &place, &held.map(|path| (How::Held, path))).unwrap();
        let told: Vec<_> = view.unwrap().parts.into_iter().map(|p| (p.0, p.1)).collect();
        let own = place.canonicalize().unwrap();
        assert!(told.contains(&(How::Held, beside)) && told.contains(&(How::Write, own)));
        assert_eq!(told.len(), 2, "{told:?}");
        // A home within the copy, and the root, are not hidden.
        assert_eq!(View::of(&folder("tmp/copy/home"), &place, &[]).unwrap(), None);
        assert_eq!(View::of(Path::new("/"), &place, &[]).unwrap(), None);
        assert_eq!(View::of(&home.path().join("none"), &place, &[]).unwrap(), None);
    }
}
