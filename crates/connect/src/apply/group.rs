//! A control group of the system (version 2) for one run: its memory is counted and limited for all
//! processes in it, by the kernel.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How the names of our groups begin.
const PREFIX: &str = "trimtab-";
/// How often a group that is being left is tried to be removed.
const TRIES: usize = 50;

/// Where groups can be made: beside our own, where that was given to this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(pub(super) PathBuf);

/// A group of one run. It goes, with all that is in it, when this is dropped.
#[derive(Debug)]
pub(crate) struct Group(PathBuf);

/// Enters a group, then runs the rest.
pub(crate) const ENTER: &str = r#"echo 0 > "$1/cgroup.procs" || exit 125
shift
exec "$@""#;

impl Place {
    /// The place beside the group that this process is in. `None`: none that limits memory is ours.
    pub(crate) fn here() -> Option<Place> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let place = beside(&mounts, &own)?;
        place.holds_memory().then_some(place)
    }

    /// Whether memory is limited below it.
    fn holds_memory(&self) -> bool {
        let controllers = fs::read_to_string(self.0.join("cgroup.subtree_control"));
        controllers.is_ok_and(|text| text.split_whitespace().any(|name| name == "memory"))
    }

    /// A new group that holds at most so much memory. Empty groups that killed processes of ours left
    /// are removed on the way.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn group(&self, memory: u64) -> io::Result<Group> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        self.sweep();
        // One of our number may be there: of a killed process, or of another namespace.
        let mut made = Err(io::ErrorKind::AlreadyExists.into());
        let mut folder = PathBuf::new();
        for _ in 0..16 {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            folder = self.0.join(format!("{PREFIX}{}-{number}", std::process::id()));
            made = fs::create_dir(&folder);
            let taken = |e: &io::Error| e.kind() == io::ErrorKind::AlreadyExists;
            if !made.as_ref().is_err_and(taken) {
                break;
            }
        }
        made?;
        let group = Group(folder);
        fs::write(group.0.join("memory.max"), memory.to_string())?;
        // Without swap where that is told; one that is too large ends as a whole.
        let _ = fs::write(group.0.join("memory.swap.max"), "0");
        let _ = fs::write(group.0.join("memory.oom.group"), "1");
        Ok(group)
    }

    /// Removes what is empty: the kernel keeps a group in which something runs. An owner that is not
    /// seen may live in another namespace of processes, with us in its group, so nothing is killed.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
            let number = owner.and_then(|owner| owner.parse::<u32>().ok());
            if number.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

impl Group {
    /// The folder that tells of it.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Whether something in it was ended for the memory that it wanted.
    pub(crate) fn was_full(&self) -> bool {
        self.value("memory.events", "oom_kill").is_some_and(|count| count > 0)
    }

    /// The time of processors that all in it have taken.
    pub(crate) fn processor(&self) -> Option<Duration> {
        self.value("cpu.stat", "usage_usec").map(Duration::from_micros)
    }

    fn value(&self, file: &str, name: &str) -> Option<u64> {
        let text = fs::read_to_string(self.0.join(file)).ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel has the file; one that is made here would keep the folder.
        let kill = fs::OpenOptions::new().write(true).open(self.0.join("cgroup.kill"));
        let _ = kill.and_then(|mut file| io::Write::write_all(&mut file, b"1"));
        for _ in 0..TRIES {
            match remove(&self.0) {
                Err(e) if e.kind() == io::ErrorKind::ResourceBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }
}

/// Removes a group and first those that were made in it.
fn remove(group: &Path) -> io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// The folder of the groups beside a process's own, out of what the system tells of its mounts and of
/// the process.
fn beside(mounts: &str, own: &str) -> Option<Place> {
    let mount = mounts.lines().find_map(|line| {
        let (fields, kind) = line.split_once(" - ")?;
        let mut fields = fields.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (kind.split(' ').next() == Some("cgroup2") && root == "/").then(|| PathBuf::from(point))
    })?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    if path.is_empty() || path.split('/').any(|part| part == "..") {
        return None;
    }
    Some(Place(mount.join(path).parent()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_beside_the_own_group() {
        let mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        let own = "0::/user.slice/user@1.service/app.slice/a.scope\n";
        let expected = "/sys/fs/cgroup/user.slice/user@1.service/app.slice";
        assert_eq!(beside(mounts, own), Some(Place(expected.into())));
        for (mounts, own) in [
            // The root of all, a group outside of what is seen, the older version, and none.
            (mounts, "0::/\n"),
            (mounts, "0::/../a.scope\n"),
            ("30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", own),
            (mounts, "4:memory:/a\n"),
        ] {
            assert_eq!(beside(mounts, own), None, "{mounts}{own}");
        }
    }

    /// Files stand in for those of the kernel, which is not asked here.
    #[test]
    fn a_group_is_limited_and_tells_why_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place(folder.path().to_owned());
        assert!(!place.holds_memory());
        fs::write(folder.path().join("cgroup.subtree_control"), "cpu memory pids\n").unwrap();
        assert!(place.holds_memory());
        // One that a killed process left, and one that is none of ours.
        fs::create_dir(folder.path().join(format!("{PREFIX}{}-0", u32::MAX))).unwrap();
        fs::create_dir(folder.path().join("session.scope")).unwrap();
        let group = place.group(4096).unwrap();
        assert_eq!(fs::read_to_string(group.folder().join("memory.max")).unwrap(), "4096");
        assert!(!group.was_full() && group.processor().is_none());
        fs::write(group.folder().join("memory.events"), "oom 1\noom_kill 2\n").unwrap();
        fs::write(group.folder().join("cpu.stat"), "usage_usec 1500000\nuser_usec 1\n").unwrap();
        assert!(group.was_full());
        assert_eq!(group.processor(), Some(Duration::from_millis(1500)));
        let left: BTreeSet<_> = names(folder.path());
        assert!(left.contains("session.scope") && left.len() == 3, "{left:?}");
    }

    /// A namespace of processes hides the owner of the group that all in it are in.
    #[test]
    fn what_runs_in_a_group_of_an_owner_that_is_not_seen_is_not_killed() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place(folder.path().to_owned());
        let outer = folder.path().join(format!("{PREFIX}{}-0", u32::MAX));
        fs::create_dir(&outer).unwrap();
        fs::write(outer.join("cgroup.kill"), "").unwrap();
        let _own = place.group(4096).unwrap();
        assert_eq!(fs::read_to_string(outer.join("cgroup.kill")).unwrap(), "");
    }

    #[test]
    fn groups_in_a_group_go_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("trimtab-1-0");
        fs::create_dir_all(group.join("pod/container")).unwrap();
        drop(Group(group.clone()));
        assert!(!group.exists());
    }

    use std::collections::BTreeSet;

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}
