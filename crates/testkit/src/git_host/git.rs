//! A bare repository that git reaches over HTTP, by git's own program for that; and what a host does in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fake::Asked;

/// Runs git in a repository; what it says.
///
/// # Panics
/// It fails.
pub(super) fn git(folder: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=host", "-c", "user.email=host@example.org"];
    let ran = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A new bare repository below a folder.
pub(super) fn begin(root: &Path, path: &str) -> PathBuf {
    let bare = root.join(format!("{path}.git"));
    std::fs::create_dir_all(&bare).unwrap();
    git(&bare, &["init", "-q", "--bare", "-b", "main"]);
    bare
}

/// Merges a branch as hosts do, and deletes it. False: it is not at this commit any more.
pub(super) fn merge(bare: &Path, branch: &str, base: &str, tip: &str) -> bool {
    let (head, onto) = (format!("refs/heads/{branch}"), format!("refs/heads/{base}"));
    if git(bare, &["rev-parse", &head]) != tip {
        return false;
    }
    let tree = git(bare, &["merge-tree", "--write-tree", &onto, &head]);
    let message = format!("Merge branch '{branch}'");
    let parents = ["-p", &onto, "-p", &head];
    let args = [&["commit-tree", &tree, "-m", &message], &parents[..]].concat();
    let commit = git(bare, &args);
    git(bare, &["update-ref", &onto, &commit]);
    git(bare, &["update-ref", "-d", &head]);
    true
}

/// An answer over HTTP, whole.
pub(super) fn answer(root: &Path, asked: &Asked, query: &str, body: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "ann")
        .env("PATH_INFO", format!("/{}", asked.path.join("/")))
        .env("REQUEST_METHOD", &asked.method)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", asked.header("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", asked.header("content-encoding").unwrap_or_default())
        .env("GIT_PROTOCOL", asked.header("git-protocol").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let body = body.to_vec();
    let sent = std::thread::spawn(move || stdin.write_all(&body));
    let said = child.wait_with_output().unwrap().stdout;
    // It may have read enough before the end.
    let _ = sent.join().unwrap();
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, content) = (String::from_utf8_lossy(&said[..end]), &said[end + 4..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut out = format!("HTTP/1.1 {status}\r\nconnection: close\r\n").into_bytes();
    for line in head.lines().filter(|line| !line.starts_with("Status: ")) {
        out.extend(format!("{line}\r\n").into_bytes());
    }
    out.extend(format!("content-length: {}\r\n\r\n", content.len()).into_bytes());
    out.extend(content);
    out
}
