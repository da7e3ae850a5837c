//! Some files of a commit by their names, without listing all of it.

use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::{Entry, MAX_FILES, blobs, entries, too_much};
use crate::below::below;

/// The most links that are followed, one to the next.
const MAX_LINKS: usize = 8;

/// The files of a commit at these paths, and below those that are folders, each by its path from the top of
/// the repository, sorted. A link is followed to what it names inside of the commit. What is not there is left out.
///
/// # Errors
/// A link leads out of the repository or nowhere, there is no such commit, or `git` cannot be run.
pub fn at(
    folder: &Path,
    reference: &str,
    paths: &[String],
) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
    let commit = super::commit(folder, reference)?.id;
    // What was asked for, and the entry that stands for it.
    let mut found: Vec<(String, Entry)> = Vec::new();
    let mut asked: Vec<(String, String)> = paths.iter().map(|p| (p.clone(), p.clone())).collect();
    for round in 0..=MAX_LINKS {
        if asked.is_empty() {
            break;
        }
        let all = listed(folder, &commit, asked.iter().map(|(_, path)| path.as_str()))?;
        let mut links = Vec::new();
        for (name, path) in &asked {
            let mut any = false;
            for entry in all.iter().filter(|e| is_at(&e.path, path)) {
                any = true;
                let below = entry.path.strip_prefix(path.as_str()).unwrap_or_default();
                let name = format!("{name}{below}");
                if entry.is_link() {
                    links.push((name, entry.clone()));
                } else {
                    found.push((name, entry.clone()));
                }
            }
            // A path that was asked for may be missing; what a link names may not.
            if !any && round > 0 {
                return Err(escapes(name, reference));
            }
        }
        if found.len() + links.len() > MAX_FILES {
            return Err(too_much(reference));
        }
        let targets = blobs(folder, reference, links.iter().map(|(_, entry)| entry))?;
        asked = links
            .into_iter()
            .zip(targets)
            .map(|((name, entry), target)| {
                let target = String::from_utf8(target).ok();
                let path = target.and_then(|target| beside(&entry.path, &target));
                path.map(|path| (name.clone(), path)).ok_or_else(|| escapes(&name, reference))
            })
            .collect::<Result<_, _>>()?;
    }
    if let Some((name, _)) = asked.first() {
        return Err(escapes(name, reference));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.dedup_by(|(a, _), (b, _)| a == b);
    let read = blobs(folder, reference, found.iter().map(|(_, entry)| entry))?;
    Ok(found.into_iter().map(|(name, _)| name).zip(read).collect())
}

fn listed<'p>(
    folder: &Path,
    commit: &'p str,
    paths: impl Iterator<Item = &'p str>,
) -> Result<Vec<Entry>, Diagnostic> {
    let mut args = vec!["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--"];
    args.extend(paths);
    Ok(entries(&super::run(folder, &args, None)?))
}

fn is_at(path: &str, wanted: &str) -> bool {
    path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a link at a path names, from the top of the repository. `None`: it leads out.
fn beside(link: &str, target: &str) -> Option<String> {
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    below(folder, target).filter(|path| !target.is_empty() && !path.is_empty())
}

fn escapes(path: &str, reference: &str) -> Diagnostic {
    let message = format!(
        "`{path}` of commit `{reference}` is a link that leads out of the repository or nowhere"
    );
    Diagnostic::new(Code::ConfigMalformed, message).help("put the file itself there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside() {
        assert_eq!(beside("a/b/link", "../c.toml").as_deref(), Some("a/c.toml"));
        assert_eq!(beside("link", "./x//y").as_deref(), Some("x/y"));
        for out in ["/etc/passwd", "../x", "a/../../x", "", "."] {
            assert_eq!(beside("link", out), None, "{out}");
        }
        assert!(is_at("a/b", "a") && is_at("a", "a") && !is_at("ab", "a"));
    }

    #[cfg(unix)]
    #[test]
    fn files_folders_and_links_are_read_by_name() {
        let (folder, git) = super::super::tests::empty();
        let root = folder.path();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("charter.toml", "one");
        write("rules/a.rego", "a");
        write("rules/deep/b.rego", "b");
        write("rules*/c.rego", "no pattern");
        std::os::unix::fs::symlink("deep/b.rego", root.join("rules/link.rego")).unwrap();
        std::os::unix::fs::symlink("rules", root.join("more")).unwrap();
        std::os::unix::fs::symlink("../out", root.join("out")).unwrap();
        std::os::unix::fs::symlink("turn", root.join("turn")).unwrap();
        git(&["add", "."]);
        git(&["commit", "-qm", "First"]);
        write("charter.toml", "two");
        let read = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
            at(&root.join("rules"), "HEAD", &paths).map(|all| {
                all.into_iter()
                    .map(|(name, bytes)| format!("{name} {}", String::from_utf8(bytes).unwrap()))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(read(&["charter.toml", "missing.toml"]).unwrap(), ["charter.toml one"]);
        assert_eq!(
            read(&["rules"]).unwrap(),
            ["rules/a.rego a", "rules/deep/b.rego b", "rules/link.rego b"]
        );
        assert_eq!(
            read(&["more"]).unwrap(),
            ["more/a.rego a", "more/deep/b.rego b", "more/link.rego b"]
        );
        assert_eq!(read(&["rules*"]).unwrap(), ["rules*/c.rego no pattern"]);
        assert_eq!(read(&["out"]).unwrap_err().code, Code::ConfigMalformed);
        assert_eq!(read(&["turn"]).unwrap_err().code, Code::ConfigMalformed);
        assert_eq!(read(&[]).unwrap(), [""; 0]);
    }
}
