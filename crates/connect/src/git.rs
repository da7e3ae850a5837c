//! A repository's state at another commit, read through the `git` program: nothing is checked out and
//! no hook, filter or helper of the repository runs.

mod clocks;
mod past;
mod paths;
mod safe;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

pub use past::{
    Blob, MOST_BYTES, MOST_CHANGES, MOST_COMMITS, Past, Shortened, Step, contents, past, together,
};
pub use paths::at;
pub(crate) use safe::SAFE;
use trimtab_model::{Code, Diagnostic};

/// The most files that are read of one commit.
const MAX_FILES: usize = 100_000;
/// The largest file, in bytes.
const MAX_BYTES: u64 = 512 << 20;
/// The most bytes of one commit.
const MAX_TOTAL: u64 = 2 << 30;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its full id.
    pub id: String,
    /// When it was made, seconds since 1970.
    pub seconds: i64,
    /// The first line of its message.
    pub subject: String,
}

/// The files of a commit under a folder, relative to the folder, that are wanted, by path.
///
/// # Errors
/// The folder is in no repository, there is no such commit, or `git` cannot be run.
pub fn files(
    folder: &Path,
    reference: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
    let commit = commit(folder, reference)?;
    let listing = run(folder, &["ls-tree", "-r", "-z", "-l", &commit.id], None)?;
    let mut found = entries(&listing);
    found.retain(|entry| {
        let pruned = is_pruned(&entry.path);
        !entry.is_link() && !pruned && entry.size <= MAX_BYTES && wanted(&entry.path)
    });
    let read = blobs(folder, reference, found.iter())?;
    Ok(found.into_iter().map(|entry| entry.path).zip(read).collect())
}

/// Whether a path lies in a folder of what tools fetched or made.
fn is_pruned(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "node_modules" | "target" | ".git"))
}

/// A file or link of a commit.
#[derive(Debug, Clone)]
struct Entry {
    mode: String,
    id: String,
    size: u64,
    path: String,
}

impl Entry {
    fn is_link(&self) -> bool {
        self.mode == "120000"
    }
}

/// The files and links of a listing; submodules are not of the tree.
fn entries(listing: &[u8]) -> Vec<Entry> {
    let one = |entry: &[u8]| {
        // `MODE blob ID SIZE\tPATH`
        let entry = String::from_utf8_lossy(entry);
        let (head, path) = entry.split_once('\t')?;
        let parts: Vec<&str> = head.split_whitespace().collect();
        let [mode, "blob", id, size] = parts.as_slice() else { return None };
        Some(Entry {
            mode: (*mode).to_owned(),
            id: (*id).to_owned(),
            size: size.parse().ok()?,
            path: path.to_owned(),
        })
    };
    listing.split(|b| *b == 0).filter(|e| !e.is_empty()).filter_map(one).collect()
}

/// The bytes of files, in their order.
fn blobs<'e>(
    folder: &Path,
    reference: &str,
    wanted: impl Iterator<Item = &'e Entry> + Clone,
) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let total = wanted.clone().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
    let count = wanted.clone().count();
    if count > MAX_FILES || total > MAX_TOTAL {
        return Err(too_much(reference));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let asked: String = wanted.clone().map(|entry| format!("{}\n", entry.id)).collect();
    let answer = run(folder, &["cat-file", "--batch"], Some(asked.into_bytes()))?;
    let mut rest = answer.as_slice();
    let mut read = Vec::with_capacity(count);
    for Entry { path, id, .. } in wanted {
        let broken = || {
            Diagnostic::new(
                Code::FileUnreadable,
                format!("`{path}` of commit `{reference}` cannot be read"),
            )
            .help("run `git fsck`; a shallow or partial clone may lack it: fetch the commit")
        };
        // `ID blob SIZE\n`, then the bytes and a line end.
        let end = rest.iter().position(|b| *b == b'\n').ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = head.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok());
        let size = size.filter(|_| head.starts_with(id.as_str())).ok_or_else(broken)?;
        let bytes = rest.get(end + 1..end + 1 + size).ok_or_else(broken)?;
        read.push(bytes.to_vec());
        rest = rest.get(end + 2 + size..).unwrap_or_default();
    }
    Ok(read)
}

fn too_much(reference: &str) -> Diagnostic {
    let message = format!("commit `{reference}` has more files than Trimtab reads");
    Diagnostic::new(Code::FileLimit, message).help("gate a smaller folder")
}

/// The commit of a reference.
///
/// # Errors
/// There is none.
pub fn commit(folder: &Path, reference: &str) -> Result<Commit, Diagnostic> {
    let mut log = log(folder, reference, 1)?;
    log.pop().ok_or_else(|| no_commit(reference))
}

/// The last commits of a reference, newest first, along first parents.
///
/// # Errors
/// There is no such reference, or `git` cannot be run.
pub fn log(folder: &Path, reference: &str, count: u32) -> Result<Vec<Commit>, Diagnostic> {
    if reference.starts_with('-') || reference.contains(['\0', '\n']) {
        return Err(no_commit(reference));
    }
    let count = format!("--max-count={count}");
    let args = [
        "log",
        "-z",
        "--no-color",
        "--first-parent",
        &count,
        "--format=%H%x09%ct%x09%s",
        "--end-of-options",
        reference,
        "--",
    ];
    let text = run(folder, &args, None)
        .map_err(|e| if e.code == Code::Usage { e } else { no_commit(reference) })?;
    text.split(|b| *b == 0).filter(|line| !line.is_empty()).map(told).collect()
}

/// A commit as `log` tells it. One without a time that can be read is told as of 1970.
fn told(line: &[u8]) -> Result<Commit, Diagnostic> {
    let line = String::from_utf8_lossy(line);
    let mut parts = line.splitn(3, '\t');
    match (parts.next().filter(|id| is_id(id)), parts.next(), parts.next()) {
        (Some(id), Some(seconds), Some(subject)) => Ok(Commit {
            id: id.to_owned(),
            seconds: seconds.parse().unwrap_or(0),
            subject: subject.to_owned(),
        }),
        _ => Err(unknown(&line)),
    }
}

/// Whether a word is the whole id of a commit or file, in either of git's hashes.
fn is_id(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What git said that is not understood: nothing is guessed from it.
fn unknown(said: &str) -> Diagnostic {
    let said: String = said.chars().take(80).collect();
    Diagnostic::new(
        Code::FileUnreadable,
        format!("git printed an unknown line of history: `{said}`"),
    )
    .help("find the setting with `git config --list --show-origin`; git 2.31 or later is needed")
}

fn no_commit(reference: &str) -> Diagnostic {
    // `HEAD` is always a name: without a commit the repository has none at all.
    let help = if reference == "HEAD" {
        "the repository has no commit yet: make one first (`git add .`, `git commit`)"
    } else {
        "name a branch, a tag or a commit that is fetched (`git fetch origin main`), or a saved scan"
    };
    Diagnostic::new(Code::Usage, format!("there is no commit `{reference}` in this clone"))
        .help(help)
}

fn run(folder: &Path, args: &[&str], input: Option<Vec<u8>>) -> Result<Vec<u8>, Diagnostic> {
    let missing = |e: std::io::Error| {
        Diagnostic::new(Code::Usage, format!("`git` cannot be run: {e}"))
            .help("install git, or compare with a saved scan: --against FILE")
    };
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(SAFE)
        .args(args)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // A path is a path, whatever characters it has.
        .env("GIT_LITERAL_PATHSPECS", "1")
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    // Input is written beside reading, so that neither side waits for the other for ever.
    let writer = child.stdin.take().zip(input).map(|(mut stdin, input)| {
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        })
    });
    let complaints = child.stderr.take().map(|stderr| {
        std::thread::spawn(move || {
            let mut said = String::new();
            let mut stderr = stderr;
            let _ = stderr.by_ref().take(4096).read_to_string(&mut said);
            // The rest is let through, so that git does not wait for a reader.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            said
        })
    });
    let mut out = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_TOTAL + (MAX_FILES as u64) * 128).read_to_end(&mut out).map_err(missing)?;
    }
    if let Some(writer) = writer {
        let _ = writer.join();
    }
    let status = child.wait().map_err(missing)?;
    if status.success() {
        return Ok(out);
    }
    let said = complaints.and_then(|c| c.join().ok()).unwrap_or_default();
    let said = said.lines().next().unwrap_or("no reason given").to_owned();
    Err(Diagnostic::new(Code::FileUnreadable, format!("git says: {said}")).help(
        "name a folder of a git repository; the gate also takes a saved scan: --against FILE",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository without commits, and how git is run in it.
    pub(super) fn empty() -> (tempfile::TempDir, impl Fn(&[&str])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let git = move |args: &[&str]| {
            let who = [
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.org",
                "-c",
                "commit.gpgsign=false",
            ];
            let ran =
                Command::new("git").arg("-C").arg(&path).args(who).args(args).output().unwrap();
            assert!(ran.status.success(), "{ran:?}");
        };
        git(&["init", "-q"]);
        (folder, git)
    }

    fn repository() -> tempfile::TempDir {
        let (folder, git) = empty();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/a.lock"), "one\n").unwrap();
        std::fs::write(folder.path().join("b.txt"), "two").unwrap();
        git(&["add", "."]);
        git(&["commit", "-qm", "First"]);
        std::fs::write(folder.path().join("sub/a.lock"), "changed\n").unwrap();
        git(&["commit", "-qam", "Second"]);
        folder
    }

    #[test]
    fn the_state_before_is_read_without_a_checkout() {
        let folder = repository();
        let all = files(folder.path(), "HEAD~1", &|_| true).unwrap();
        assert_eq!(
            all,
            [("b.txt".to_owned(), b"two".to_vec()), ("sub/a.lock".to_owned(), b"one\n".to_vec())]
        );
        let locks = files(&folder.path().join("sub"), "HEAD", &|p| p.ends_with(".lock")).unwrap();
        assert_eq!(locks, [("a.lock".to_owned(), b"changed\n".to_vec())]);
        let log = log(folder.path(), "HEAD", 10).unwrap();
        assert_eq!(log.iter().map(|c| c.subject.as_str()).collect::<Vec<_>>(), ["Second", "First"]);
        assert!(log[0].seconds >= log[1].seconds);
    }

    #[test]
    fn what_is_no_commit_is_said() {
        let folder = repository();
        for reference in ["nowhere", "--all", "-n1", "HEAD~9"] {
            let said = files(folder.path(), reference, &|_| true).unwrap_err();
            assert_eq!(said.code, Code::Usage, "{reference}: {said:?}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(files(empty.path(), "HEAD", &|_| true).is_err());
    }
}
