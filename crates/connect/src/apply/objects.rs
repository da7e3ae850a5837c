//! Where the objects of a repository lie: a clone may borrow them of others, and those of further ones.

use std::fs;
use std::path::{Path, PathBuf};

/// As far as git follows who borrows of whom.
const DEPTH: usize = 5;

/// A folder of objects, and all that it borrows of.
pub(super) fn with_lenders(objects: &Path) -> Vec<PathBuf> {
    let mut all = vec![objects.to_owned()];
    let mut last = all.clone();
    for _ in 0..DEPTH {
        let next: Vec<PathBuf> = last.iter().flat_map(|folder| lenders(folder)).collect();
        last = next.into_iter().filter(|folder| !all.contains(folder)).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Of whom a folder of objects borrows itself. Names that git quotes are passed over.
fn lenders(objects: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    let named = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '"']));
    named.map(|line| objects.join(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenders_of_lenders_are_told_and_a_circle_ends() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, lenders: &str| {
            let objects = folder.path().join(name);
            fs::create_dir_all(objects.join("info")).unwrap();
            fs::write(objects.join("info/alternates"), lenders).unwrap();
            objects
        };
        let third = made("third", "");
        let second = made("second", &format!("# of old\n\n{}\n", third.display()));
        let first = made("first", "../second\n");
        assert_eq!(with_lenders(&first), [first.clone(), first.join("../second"), third.clone()]);
        fs::write(third.join("info/alternates"), format!("{}\n", second.display())).unwrap();
        assert_eq!(with_lenders(&second), [second, third]);
    }
}
