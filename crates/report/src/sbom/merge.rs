//! Several inventories as one.
//!
//! Nothing is united here: files stay apart, each under the name of what it came from, and
//! [`crate::distinct`] unites components when a document is written. So nothing is lost, and every
//! occurrence still says which document lists it.

use std::collections::BTreeSet;

use trimtab_model::Inventory;

/// Merges inventories. Each comes with a name that its files are put under where two of them
/// share a path; an empty name changes nothing.
pub fn merge(parts: impl IntoIterator<Item = (Box<str>, Inventory)>) -> Inventory {
    let parts: Vec<(Box<str>, Inventory)> = parts.into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut shared = BTreeSet::new();
    for (_, inventory) in &parts {
        let paths: BTreeSet<_> = inventory.files.iter().map(|f| (&f.path, &f.format)).collect();
        shared.extend(paths.iter().filter(|p| seen.contains(*p)).map(|(path, _)| (*path).clone()));
        seen.extend(paths);
    }
    let mut merged = Inventory::default();
    for (name, inventory) in parts {
        for mut file in inventory.files {
            if !name.is_empty() && shared.contains(&file.path) {
                let path: Box<str> = format!("{name}/{}", file.path).into();
                for diagnostic in &mut file.diagnostics {
                    diagnostic.file = Some(path.clone());
                }
                file.path = path;
            }
            merged.files.push(file);
        }
        merged.diagnostics.extend(inventory.diagnostics);
    }
    merged.files.sort_by(|a, b| (&a.path, &a.format).cmp(&(&b.path, &b.format)));
    merged.diagnostics.sort();
    merged.diagnostics.dedup();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_model::{Component, FileInventory, Purl};

    fn one(path: &str, name: &str) -> Inventory {
        let mut file = FileInventory { path: path.into(), ..FileInventory::default() };
        file.add(Component::new(Purl::new("npm", None, name)));
        Inventory { files: vec![file], diagnostics: Vec::new() }
    }

    #[test]
    fn files_of_one_path_stay_apart() {
        let merged =
            merge([("a".into(), one("bom.json", "x")), ("b".into(), one("bom.json", "y"))]);
        let paths: Vec<&str> = merged.files.iter().map(|f| &*f.path).collect();
        assert_eq!(paths, ["a/bom.json", "b/bom.json"]);
        let merged = merge([("a".into(), one("1.json", "x")), ("b".into(), one("2.json", "y"))]);
        let paths: Vec<&str> = merged.files.iter().map(|f| &*f.path).collect();
        assert_eq!(paths, ["1.json", "2.json"]);
    }
}
