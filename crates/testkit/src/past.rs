//! A git repository with a past: commits at given times, of given files.

use std::path::Path;
use std::process::Command;

/// Makes an empty repository of a folder.
pub fn begin(folder: &Path) {
    git(folder, "2000-01-01T00:00:00Z", &["init", "-q", "-b", "main"]);
}

/// Commits files at a time (RFC 3339): each by its path, with its text; `None` takes it away.
pub fn commit(folder: &Path, at: &str, message: &str, files: &[(&str, Option<&str>)]) {
    for (path, text) in files {
        let path = folder.join(path);
        match text {
            Some(text) => {
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent).expect("a folder can be made");
                }
                std::fs::write(&path, text).expect("a file can be written");
            }
            None => std::fs::remove_file(&path).expect("a file can be taken away"),
        }
    }
    git(folder, at, &["add", "-A"]);
    git(folder, at, &["commit", "-q", "--allow-empty", "-m", message]);
}

/// Runs git in a folder at a time, without the settings of whoever runs the test.
pub fn git(folder: &Path, at: &str, args: &[&str]) {
    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let ran = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", null)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", at)
        .env("GIT_COMMITTER_DATE", at)
        .output()
        .expect("git is installed");
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}
