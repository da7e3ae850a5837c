//! Editing files of lines: a line is changed, added or left out; all others stay, with their ends.

use super::Uneditable;

/// Whether a name is one of a file of Python requirements.
pub(crate) fn is_requirements(name: &str) -> bool {
    let Some((stem, end)) = name.rsplit_once('.') else { return false };
    let stem = stem.to_lowercase();
    let known = ["require", "constraint", "dev", "test", "base", "prod", "main", "docs", "lint"];
    (end == "in" && !stem.eq_ignore_ascii_case("manifest"))
        || (end == "txt" && known.iter().any(|word| stem.contains(word)))
}

/// Whether a path is one of a file of requirements: by its name, or by that of its folder (`requirements/default.txt`).
pub(crate) fn may_require(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.rsplit('/').next().unwrap_or_default().to_lowercase();
    is_requirements(name) || (name.ends_with(".txt") && folder.contains("require"))
}

/// A line without its end, and its end.
fn split(line: &str) -> (&str, &str) {
    let bare = line.trim_end_matches(['\n', '\r']);
    (bare, line.get(bare.len()..).unwrap_or_default())
}

/// Lines that hold something: no comments, options or empty ones; with their numbers from 0.
pub(crate) fn requirements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with('-')
    })
}

/// The text with each line edited that has an edit. `None`: none has.
pub(crate) fn each(
    text: &str,
    edit: impl Fn(&str) -> Result<Option<String>, Uneditable>,
) -> Result<Option<String>, Uneditable> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut found = false;
    for line in text.split_inclusive('\n') {
        let (bare, end) = split(line);
        let edited = match bare.trim_start().starts_with(['#', '-']) {
            true => None,
            false => edit(bare)?,
        };
        found |= edited.is_some();
        out.push_str(edited.as_deref().unwrap_or(bare));
        out.push_str(end);
    }
    Ok(found.then_some(out))
}

/// The text without the lines that are meant. `None`: there is none.
pub(crate) fn without(text: &str, meant: impl Fn(&str) -> bool) -> Option<String> {
    let kept: String = text.split_inclusive('\n').filter(|line| !meant(split(line).0)).collect();
    (kept.len() < text.len()).then_some(kept)
}

/// How the lines of a text end.
fn end_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The text with a line after its last.
pub(crate) fn appended(text: &str, line: &str) -> String {
    let end = end_of(text);
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{line}{end}")
}

/// The text with a line before its first that is no comment.
pub(crate) fn prepended(text: &str, line: &str) -> String {
    let mut at = 0;
    for old in text.split_inclusive('\n') {
        if !old.starts_with('#') {
            break;
        }
        at += old.len();
    }
    let (before, after) = text.split_at(at);
    format!("{before}{line}{}{after}", end_of(text))
}

/// The text with a line after the first line that is meant. `None`: there is none.
pub(crate) fn after(text: &str, meant: impl Fn(&str) -> bool, line: &str) -> Option<String> {
    let mut at = 0;
    for old in text.split_inclusive('\n') {
        at += old.len();
        if meant(split(old).0) {
            let (before, rest) = text.split_at(at);
            return Some(format!("{before}{line}{}{rest}", end_of(text)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_requirements_are_known_by_their_names_and_folders() {
        let all = [
            "requirements.txt",
            "a/dev-all.txt",
            "x.in",
            "requirements/default.txt",
            "a/requires/b.txt",
        ];
        assert!(all.iter().all(|path| may_require(path)));
        let none = [
            "default.txt",
            "requirements/a/b.txt",
            "requirements/notes.md",
            "MANIFEST.in",
            "docs2/robots.txt",
        ];
        assert!(!none.iter().any(|path| may_require(path)));
    }

    #[test]
    fn lines_keep_their_ends() {
        let text = "# a\r\nx==1\r\ny";
        let edited = each(text, |l| Ok((l == "x==1").then(|| "x==2".to_owned()))).unwrap();
        assert_eq!(edited.unwrap(), "# a\r\nx==2\r\ny");
        assert_eq!(without(text, |l| l == "x==1").unwrap(), "# a\r\ny");
        assert_eq!(appended(text, "z"), "# a\r\nx==1\r\ny\r\nz\r\n");
        assert_eq!(prepended(text, "z"), "# a\r\nz\r\nx==1\r\ny");
        assert_eq!(after(text, |l| l.starts_with('x'), "z").unwrap(), "# a\r\nx==1\r\nz\r\ny");
    }
}
