//! The past of a branch: what its commits changed in some files, oldest first, and the bytes of these files.

mod moved;

use std::collections::BTreeMap;
use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::{
    Commit, Entry, MAX_FILES, MAX_TOTAL, blobs, clocks, entries, is_id, is_pruned, run, unknown,
};

/// The most commits of a branch that are looked at.
pub const MOST_COMMITS: usize = 100_000;
/// The most commits that change wanted files.
pub const MOST_CHANGES: usize = 2_000;
/// The largest file of the past that is read, and the most bytes that are read in one go.
pub const MOST_BYTES: u64 = 256 << 20;

/// What a branch was from a moment on.
#[derive(Debug, Clone)]
pub struct Past {
    /// Commits that changed wanted files, oldest first, at times that never go back. The first one has all
    /// wanted files as they were when the time began.
    pub steps: Vec<Step>,
    /// Whether the first one is the first commit of the branch, so that all that it has came with it.
    pub whole: bool,
    /// Why the time does not begin where it was to begin. `None`: it does.
    pub shortened: Option<Shortened>,
    /// Commits whose clock was wrong by more than a day.
    pub mended: usize,
    /// Commits that say that they were made after the end; they are left out.
    pub later: usize,
}

/// Why less of the past is seen than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortened {
    /// The branch has no earlier commit.
    Young,
    /// The clone has no earlier commit.
    Shallow,
    /// There are more commits than are looked at.
    Long,
}

/// A commit, and what it changed.
#[derive(Debug, Clone)]
pub struct Step {
    /// The commit; its time is not before that of the step before.
    pub commit: Commit,
    /// By path from the folder: the file as it is from now on. `None`: it is gone.
    pub changed: BTreeMap<String, Option<Blob>>,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob {
    id: String,
    /// Its length, in bytes.
    pub size: u64,
}

impl Blob {
    /// Whether it is larger than is read.
    pub fn is_large(&self) -> bool {
        self.size > MOST_BYTES
    }
}

/// The past of a reference along first parents, in the files of a folder that are wanted, from `since` to `until`
/// (seconds since 1970).
///
/// # Errors
/// The folder is in no repository, there is no such commit, `git` cannot be run, or says what is not understood.
pub fn past(
    folder: &Path,
    reference: &str,
    (since, until): (i64, i64),
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Past, Diagnostic> {
    run(folder, &["rev-parse", "--git-dir"], None)?;
    // Newest first, as git tells them.
    let chain = super::log(folder, reference, u32::try_from(MOST_COMMITS).unwrap_or(u32::MAX))?;
    let shallow = run(folder, &["rev-parse", "--is-shallow-repository"], None)?;
    let earliest = match (chain.len() < MOST_COMMITS, shallow.starts_with(b"true")) {
        (false, _) => Shortened::Long,
        (true, true) => Shortened::Shallow,
        (true, false) => Shortened::Young,
    };
    let mut chain: Vec<Commit> = chain.into_iter().rev().collect();
    // The clock of one who commits may be wrong: nothing lands before what it lands on.
    let mended = clocks::mend(chain.iter_mut().map(|commit| &mut commit.seconds));
    let there = chain.len();
    chain.retain(|commit| commit.seconds <= until);
    let later = there - chain.len();
    let begin = chain.iter().rposition(|commit| commit.seconds <= since);
    let mut shortened = begin.is_none().then_some(earliest);
    let mut whole = earliest == Shortened::Young && begin.unwrap_or(0) == 0;
    let mut chain = chain.split_off(begin.unwrap_or(0));
    let Some(newest) = chain.last().map(|commit| commit.id.clone()) else {
        return Ok(Past { steps: Vec::new(), whole, shortened, mended, later });
    };
    let mut first = chain.remove(0);
    let mut changes = changed(folder, &format!("{}..{newest}", first.id), wanted)?;
    chain.retain(|commit| changes.contains_key(&commit.id));
    if chain.len() >= MOST_CHANGES {
        chain = chain.split_off(chain.len() - MOST_CHANGES);
        first = chain.remove(0);
        shortened = Some(Shortened::Long);
        whole = false;
    }
    let mut steps = vec![Step { changed: tree(folder, &first.id, wanted)?, commit: first }];
    for commit in chain {
        let changed = changes.remove(&commit.id).unwrap_or_default();
        steps.push(Step { commit, changed });
    }
    measure(folder, &mut steps)?;
    moved::follow(folder, &mut steps)?;
    Ok(Past { steps, whole, shortened, mended, later })
}

/// All wanted files of a commit.
fn tree(
    folder: &Path,
    commit: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Option<Blob>>, Diagnostic> {
    let mut found = entries(&run(folder, &["ls-tree", "-r", "-z", "-l", commit], None)?);
    found.retain(|entry| !entry.is_link() && !is_pruned(&entry.path) && wanted(&entry.path));
    if found.len() > MAX_FILES {
        return Err(too_much());
    }
    let file = |entry: Entry| (entry.path, Some(Blob { id: entry.id, size: entry.size }));
    Ok(found.into_iter().map(file).collect())
}

fn too_much() -> Diagnostic {
    Diagnostic::new(Code::FileLimit, "one commit of the history has more files than Trimtab reads")
        .help("take a smaller folder")
}

type Changes = BTreeMap<String, BTreeMap<String, Option<Blob>>>;

/// What each commit of a range changed in wanted files, not yet measured. Of a merge: what it brought to the branch.
fn changed(
    folder: &Path,
    range: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Changes, Diagnostic> {
    let args = [
        "log",
        "--first-parent",
        // `-m` is what the user's settings say that it is.
        "--diff-merges=first-parent",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        // No file that orders paths, which may be missing.
        "-O/dev/null",
        "--relative",
        "--format=commit %H",
        range,
        "--",
        ".",
    ];
    let text = run(folder, &args, None)?;
    let mut all = Changes::new();
    let mut current: Option<String> = None;
    let mut fields = text.split(|b| *b == 0);
    while let Some(field) = fields.next() {
        // After a commit's line git begins its changes on a new one.
        let field = String::from_utf8_lossy(field);
        let field = field.trim_start_matches('\n');
        if field.is_empty() {
            continue;
        }
        if let Some(id) = field.strip_prefix("commit ").map(str::trim_end).filter(|id| is_id(id)) {
            current = Some(id.to_owned());
            continue;
        }
        // `:OLDMODE NEWMODE OLDID NEWID STATUS`, then the path.
        let parts: Vec<&str> = field.split(' ').collect();
        let (Some(commit), [old, mode, _, id, _]) = (&current, parts.as_slice()) else {
            return Err(unknown(field));
        };
        let path = fields.next().filter(|_| old.starts_with(':') && is_id(id));
        let path = String::from_utf8_lossy(path.ok_or_else(|| unknown(field))?).into_owned();
        if is_pruned(&path) || !wanted(&path) {
            continue;
        }
        // A link or a submodule is no file.
        let blob = mode.starts_with("100").then(|| Blob { id: (*id).to_owned(), size: 0 });
        all.entry(commit.clone()).or_default().insert(path, blob);
    }
    Ok(all)
}

/// Notes how large all contents are.
fn measure(folder: &Path, steps: &mut [Step]) -> Result<(), Diagnostic> {
    let blobs = || steps.iter().flat_map(|step| step.changed.values().flatten());
    let mut sizes: BTreeMap<String, u64> = blobs().map(|blob| (blob.id.clone(), 0)).collect();
    if sizes.is_empty() {
        return Ok(());
    }
    let asked: String = sizes.keys().map(|id| format!("{id}\n")).collect();
    let told = run(folder, &["cat-file", "--batch-check"], Some(asked.into_bytes()))?;
    for line in String::from_utf8_lossy(&told).lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let size = match parts.as_slice() {
            [id, "blob", size] => sizes.get_mut(*id).zip(size.parse().ok()),
            _ => None,
        };
        let Some((size, is)) = size else {
            let message = format!("a file is missing from the history: git says `{line}`");
            return Err(Diagnostic::new(Code::FileUnreadable, message).help(
                "a partial clone has no contents: run `git fetch --refetch`, or `git fsck`",
            ));
        };
        *size = is;
    }
    for blob in steps.iter_mut().flat_map(|step| step.changed.values_mut().flatten()) {
        blob.size = sizes.get(&blob.id).copied().unwrap_or_default();
    }
    Ok(())
}

/// The bytes of contents, by content, at most [`MOST_BYTES`] of them in one go. What is larger than is read of any
/// file is left out.
///
/// # Errors
/// They cannot be read, or are too many bytes for one state.
pub fn contents<'b>(
    folder: &Path,
    wanted: impl IntoIterator<Item = &'b Blob>,
) -> Result<BTreeMap<Blob, Vec<u8>>, Diagnostic> {
    let mut wanted: Vec<&Blob> = wanted.into_iter().filter(|blob| !blob.is_large()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.iter().fold(0u64, |sum, blob| sum.saturating_add(blob.size)) > MAX_TOTAL {
        return Err(too_much());
    }
    let mut all = BTreeMap::new();
    let mut rest = wanted.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(together(rest.iter().map(|blob| blob.size)));
        let entry = |blob: &&Blob| {
            let (mode, path) = ("100644".to_owned(), String::new());
            Entry { mode, id: blob.id.clone(), size: blob.size, path }
        };
        let entries: Vec<Entry> = now.iter().map(entry).collect();
        let read = blobs(folder, "of the history", entries.iter())?;
        all.extend(now.iter().map(|blob| (*blob).clone()).zip(read));
        rest = later;
    }
    Ok(all)
}

/// How many of the first of these sizes are read in one go: no more than [`MOST_BYTES`], but one at least.
pub fn together(sizes: impl IntoIterator<Item = u64>) -> usize {
    let mut sum = 0u64;
    let fits = sizes.into_iter().take_while(|size| {
        sum = sum.saturating_add(*size);
        sum <= MOST_BYTES
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was changed when, told as text.
    fn told(folder: &Path, since: i64) -> (Vec<String>, Option<Shortened>) {
        let wanted = |path: &str| path.ends_with(".lock");
        let past = past(folder, "HEAD", (since, i64::MAX), &wanted).unwrap();
        let steps = past.steps.iter().map(|step| {
            let blobs: Vec<&Blob> = step.changed.values().flatten().collect();
            let contents = contents(folder, blobs).unwrap();
            let file = |(path, blob): (&String, &Option<Blob>)| match blob {
                Some(blob) => format!("{path}={}", String::from_utf8_lossy(&contents[blob])),
                None => format!("{path} gone"),
            };
            let files: Vec<String> = step.changed.iter().map(file).collect();
            format!("{} {} {}", step.commit.seconds, step.commit.subject, files.join(", "))
        });
        (steps.collect(), past.shortened)
    }

    #[test]
    fn a_file_that_was_moved_as_it_was_is_one_file() {
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        let commit = |files: &[(&str, &str)]| {
            for (name, text) in files {
                let path = root.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            git(&["add", "-A"]);
            git(&["commit", "-q", "-m", "one"]);
        };
        commit(&[("a.lock", "1"), ("b.lock", "2"), ("x/c.lock", "3"), ("y/c.lock", "3")]);
        for to in ["web", "new"] {
            std::fs::create_dir(root.join(to)).unwrap();
        }
        git(&["mv", "a.lock", "web/a.lock"]);
        git(&["mv", "b.lock", "new/b.lock"]);
        for (from, to) in [("x", "web"), ("y", "new")] {
            git(&["mv", &format!("{from}/c.lock"), &format!("{to}/c.lock")]);
        }
        // This one is not as it was.
        commit(&[("new/b.lock", "4")]);
        git(&["mv", "web/a.lock", "a.lock"]);
        commit(&[]);
        let (all, _) = told(root, 0);
        let files = |line: &String| line.split_once(" one ").unwrap().1.to_owned();
        let told: Vec<String> = all.iter().map(files).collect();
        let second = "a.lock=1, b.lock gone, new/b.lock=4, new/c.lock=3, web/c.lock=3, x/c.lock gone, y/c.lock gone";
        assert_eq!(told, ["a.lock=1, b.lock=2, x/c.lock=3, y/c.lock=3", second, "a.lock=1"]);
    }

    #[test]
    fn a_file_that_was_moved_and_changed_in_some_lines_is_one_file() {
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        let commit = |path: &str, text: &str| {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
            git(&["add", "-A"]);
            git(&["commit", "-q", "-m", "one"]);
        };
        commit("a.lock", "a 1\nb 1\nc 1\n");
        std::fs::remove_file(root.join("a.lock")).unwrap();
        commit("web/a.lock", "a 2\nb 1\nc 1\n");
        std::fs::remove_file(root.join("web/a.lock")).unwrap();
        commit("new/a.lock", "a 3\nb 3\nc 1\n");
        let (all, _) = told(root, 0);
        let files = |line: &String| line.split_once(" one ").unwrap().1.to_owned();
        let all: Vec<String> = all.iter().map(files).collect();
        assert_eq!(
            all,
            [
                "web/a.lock=a 1\nb 1\nc 1\n",
                "web/a.lock=a 2\nb 1\nc 1\n",
                "new/a.lock=a 3\nb 3\nc 1\n, web/a.lock gone",
            ]
        );
    }

    #[test]
    fn a_branch_is_followed_along_first_parents() {
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let commit = |at: i64, message: &str| {
            git(&["add", "-A"]);
            let dated = format!("{at} +0000");
            let env = format!("GIT_COMMITTER_DATE={dated}");
            let ran = std::process::Command::new("env")
                .args([&env, "git", "-C"])
                .arg(root)
                .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
                .args(["commit", "-q", "--allow-empty", "-m", message])
                .output()
                .unwrap();
            assert!(ran.status.success(), "{ran:?}");
        };
        write("a.lock", "1");
        write("node_modules/x/a.lock", "no");
        commit(1_000_000_100, "one");
        write("readme", "x");
        commit(1_000_000_200, "two");
        write("sub/b.lock", "1");
        commit(1_000_000_150, "three, by a clock that is wrong");
        git(&["checkout", "-q", "-b", "side"]);
        write("a.lock", "side 1");
        commit(1_000_000_300, "side one");
        write("a.lock", "side 2");
        commit(1_000_000_310, "side two");
        git(&["checkout", "-q", "-"]);
        git(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
        std::fs::remove_file(root.join("sub/b.lock")).unwrap();
        commit(4_000_000_000, "later than all");
        let (all, shortened) = told(root, 0);
        assert_eq!(shortened, Some(Shortened::Young));
        assert_eq!(all[0], "1000000100 one a.lock=1");
        assert_eq!(all[1], "1000000150 three, by a clock that is wrong sub/b.lock=1");
        assert!(all[2].ends_with("merged a.lock=side 2"), "{all:?}");
        assert_eq!(all[3], "4000000000 later than all sub/b.lock gone");
        assert_eq!(all.len(), 4);
        // From the middle: the state then is where it begins.
        let (some, shortened) = told(root, 1_000_000_250);
        assert_eq!(shortened, None);
        assert_eq!(some[0], "1000000150 three, by a clock that is wrong a.lock=1, sub/b.lock=1");
        assert_eq!(some.len(), 3);
        // Of a folder: its own files, named from it.
        let (own, _) = told(&root.join("sub"), 1_000_000_250);
        assert_eq!(own[0], "1000000150 three, by a clock that is wrong b.lock=1");
        // Nothing of the checkout is touched.
        assert!(!root.join(".git/index.lock").exists());
    }

    /// A repository whose settings would run a program, or have `log` say something else.
    #[cfg(unix)]
    #[test]
    fn settings_run_nothing_and_change_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
        write("a.lock", "1");
        git(&["add", "."]);
        git(&["commit", "-qm", "One: café"]);
        git(&["checkout", "-q", "-b", "side"]);
        git(&["mv", "a.lock", "b.lock"]);
        git(&["commit", "-qm", "side"]);
        git(&["checkout", "-q", "-"]);
        git(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
        sign_last(root);
        let (plain, _) = told(root, 0);
        let last: Vec<&str> =
            plain.iter().filter_map(|step| step.split_once(' ')).map(|s| s.1).collect();
        assert_eq!(last, ["One: café a.lock=1", "merged a.lock gone, b.lock=1"]);

        let program = root.join(".git/program");
        write(".git/program", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.display().to_string();
        let settings = [
            ("log.showSignature", "true"),
            ("gpg.program", &program),
            ("core.fsmonitor", &program),
            ("diff.external", &program),
            ("log.diffMerges", "combined"),
            ("log.follow", "true"),
            ("log.showRoot", "false"),
            ("log.decorate", "full"),
            ("format.pretty", "fuller"),
            ("color.ui", "always"),
            ("color.diff", "always"),
            ("grep.patternType", "perl"),
            ("diff.renames", "copies"),
            ("diff.orderFile", "missing"),
            ("i18n.logOutputEncoding", "ISO-8859-1"),
        ];
        for (name, value) in settings {
            git(&["config", name, value]);
        }
        assert_eq!(told(root, 0).0, plain);
        assert!(!root.join(".git/ran").exists());
    }

    /// Puts a signature on the last commit.
    #[cfg(unix)]
    fn sign_last(root: &Path) {
        use std::process::{Command, Stdio};
        let run = |args: &[&str], input: &str| {
            let mut git = Command::new("git");
            git.arg("-C").arg(root).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut git = git.spawn().unwrap();
            std::io::Write::write_all(&mut git.stdin.take().unwrap(), input.as_bytes()).unwrap();
            let ran = git.wait_with_output().unwrap();
            assert!(ran.status.success(), "{args:?}");
            String::from_utf8(ran.stdout).unwrap()
        };
        let commit = run(&["cat-file", "commit", "HEAD"], "");
        let (head, message) = commit.split_once("\n\n").unwrap();
        let signature = "-----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----";
        let signed = format!("{head}\ngpgsig {signature}\n\n{message}");
        let id = run(&["hash-object", "-t", "commit", "-w", "--stdin"], &signed);
        run(&["update-ref", "HEAD", id.trim()], "");
    }

    #[test]
    fn a_clock_far_ahead_does_not_move_what_follows() {
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        for (at, text) in [(1_000_000_000i64, "1"), (2_145_916_800, "2"), (1_000_090_000, "3")] {
            std::fs::write(root.join("a.lock"), text).unwrap();
            git(&["add", "."]);
            let date = format!("{at} +0000");
            let ran = std::process::Command::new("git")
                .arg("-C")
                .arg(root)
                .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
                .args(["commit", "-qm", text])
                .env("GIT_COMMITTER_DATE", date)
                .status();
            assert!(ran.unwrap().success());
        }
        let wanted = |path: &str| path.ends_with(".lock");
        let is = past(root, "HEAD", (0, 1_000_100_000), &wanted).unwrap();
        let times: Vec<i64> = is.steps.iter().map(|step| step.commit.seconds).collect();
        assert_eq!(times, [1_000_000_000, 1_000_090_000, 1_000_090_000]);
        assert_eq!((is.mended, is.later, is.whole), (1, 0, true));
        // Where the time ends before the last, that is not in it, and counted.
        let is = past(root, "HEAD", (0, 1_000_000_001), &wanted).unwrap();
        assert_eq!((is.steps.len(), is.later), (1, 2));
    }

    #[test]
    fn what_is_no_repository_or_has_no_commit_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let none = past(folder.path(), "HEAD", (0, i64::MAX), &|_| true).unwrap_err();
        assert!(none.message.contains("not a git repository"), "{}", none.message);
        let (empty, _) = super::super::tests::empty();
        let none = past(empty.path(), "HEAD", (0, i64::MAX), &|_| true).unwrap_err();
        assert!(none.message.contains("there is no commit"), "{}", none.message);
        assert!(none.help.is_some_and(|help| help.contains("git commit")), "it says what to do");
        let slip = past(empty.path(), "--all", (0, i64::MAX), &|_| true).unwrap_err();
        assert!(slip.message.contains("there is no commit"), "{}", slip.message);
    }
}
