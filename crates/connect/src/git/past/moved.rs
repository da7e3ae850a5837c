//! Files of the past that a commit moved: each is one file, under its later path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_model::Diagnostic;

use super::{Blob, Step, contents};

/// The most files that went and came of which it is asked whether they are one, and the largest of these.
const MOST_COMPARED: usize = 500;
const COMPARED_BYTES: u64 = 16 << 20;

/// Has a file that a commit moved be one file: under its later path in all steps. So is one that the same commit changed in
/// no more than half of its lines; what has more changes is another file.
pub(super) fn follow(folder: &Path, steps: &mut [Step]) -> Result<(), Diagnostic> {
    // What is there at a step, by path: its content.
    let mut there: BTreeMap<String, Blob> = BTreeMap::new();
    let mut left = MOST_COMPARED;
    for at in 0..steps.len() {
        let (before, rest) = steps.split_at_mut(at);
        let Some(step) = rest.first_mut() else { break };
        let mut all = moved(&there, &step.changed);
        for (from, to) in renamed(&there, &step.changed, &all) {
            let was = there.get(&from).zip(step.changed.get(&to).and_then(Option::as_ref));
            let Some((was, is)) = was.filter(|_| left > 0) else { continue };
            left -= 1;
            if is_changed(folder, was, is)? {
                all.push((from, to));
            }
        }
        for (from, to) in all {
            // What was there under that path is another file.
            if before.iter().any(|earlier| earlier.changed.contains_key(&to)) {
                continue;
            }
            step.changed.remove(&from);
            for earlier in before.iter_mut() {
                if let Some(blob) = earlier.changed.remove(&from) {
                    earlier.changed.insert(to.clone(), blob);
                }
            }
            if let Some(blob) = there.remove(&from) {
                there.insert(to, blob);
            }
        }
        for (path, blob) in &step.changed {
            match blob {
                Some(blob) => drop(there.insert(path.clone(), blob.clone())),
                None => drop(there.remove(path)),
            }
        }
    }
    Ok(())
}

/// Files that went and came with one content under one name: from where, and to where. Of several with the same it is not
/// known which is which.
fn moved(
    there: &BTreeMap<String, Blob>,
    changed: &BTreeMap<String, Option<Blob>>,
) -> Vec<(String, String)> {
    pairs(there, changed, &|path, blob| Some((name(path), blob.id.clone())))
}

/// Files of which one went and one came under one name, with other contents; of those that are not known to be moved.
fn renamed(
    there: &BTreeMap<String, Blob>,
    changed: &BTreeMap<String, Option<Blob>>,
    known: &[(String, String)],
) -> Vec<(String, String)> {
    let is_known = |path: &str| known.iter().any(|(from, to)| from == path || to == path);
    let alike = |path: &str, _: &Blob| (!is_known(path)).then(|| (name(path), String::new()));
    pairs(there, changed, &alike)
}

/// The name of a file without its folders.
fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Tells what files have in common, of those that are looked at.
type Alike<'a> = &'a dyn Fn(&str, &Blob) -> Option<(String, String)>;

/// Of files that went and came, those of which only one went and one came that are alike.
fn pairs(
    there: &BTreeMap<String, Blob>,
    changed: &BTreeMap<String, Option<Blob>>,
    alike: Alike<'_>,
) -> Vec<(String, String)> {
    type Paths<'p> = Vec<&'p String>;
    let mut by: BTreeMap<(String, String), (Paths<'_>, Paths<'_>)> = BTreeMap::new();
    for (path, blob) in changed {
        match (blob, there.get(path)) {
            (None, Some(was)) => {
                if let Some(key) = alike(path, was) {
                    by.entry(key).or_default().0.push(path);
                }
            }
            (Some(is), None) => {
                if let Some(key) = alike(path, is) {
                    by.entry(key).or_default().1.push(path);
                }
            }
            _ => {}
        }
    }
    let one = |(gone, come): &(Paths<'_>, Paths<'_>)| match (&gone[..], &come[..]) {
        ([from], [to]) => Some(((*from).clone(), (*to).clone())),
        _ => None,
    };
    by.values().filter_map(one).collect()
}

/// Whether a content is another one with changes: half of its lines or more are the same. What is too large to be compared is
/// not.
fn is_changed(folder: &Path, was: &Blob, is: &Blob) -> Result<bool, Diagnostic> {
    if was.size.max(is.size) > COMPARED_BYTES {
        return Ok(false);
    }
    let contents = contents(folder, [was, is])?;
    let pair = contents.get(was).zip(contents.get(is));
    Ok(pair.is_some_and(|(was, is)| is_alike(was, is)))
}

/// Whether two contents have half of the lines of the longer one in common. Each line counts once: lockfiles repeat many.
fn is_alike(was: &[u8], is: &[u8]) -> bool {
    let (was, is) = (lines(was), lines(is));
    let both = was.intersection(&is).count();
    both > 0 && both.saturating_mul(2) >= was.len().max(is.len())
}

fn lines(bytes: &[u8]) -> BTreeSet<&[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_lockfiles_have_makes_none_alike() {
        assert!(is_alike(b"{\na 1\nb 1\n}\n", b"{\na 2\nb 1\n}\n"));
        assert!(!is_alike(b"{\n{\n{\na\nb\nc\n}\n", b"{\n{\n{\nd\ne\nf\n}\n"));
        assert!(!is_alike(b"", b"") && !is_alike(b"a", b"b"));
    }
}
