//! Large saved scans: of the files that were scanned, the components one at a time.

use std::path::Path;

use serde_json::Value;
use trimtab_model::Relation;
use trimtab_report::json::{FORMAT, ReadError, VERSION};

use super::json::{Members, walk};
use super::{Distinct, MOST_COMPONENTS, Refused, Rows, Said, nearer};

/// Reads a saved scan.
pub(super) fn read(path: &Path) -> Result<Distinct, Refused> {
    let mut listing = Listing::default();
    walk(path, &mut listing)?;
    let said = |text: &Value| text.as_str().unwrap_or_default().to_owned();
    let version = listing.version.as_u64().and_then(|version| u32::try_from(version).ok());
    if said(&listing.format) != FORMAT {
        return Err(unreadable(&ReadError::OtherFormat(said(&listing.format))));
    }
    if version != Some(VERSION) {
        return Err(unreadable(&ReadError::OtherVersion(version.unwrap_or_default())));
    }
    if listing.count == 0 {
        return Err(Refused::Unreadable("it lists no components".to_owned()));
    }
    let rows = listing.rows.all.into_iter().zip(listing.of_rows);
    Ok(rows
        .map(|((component, scope), row)| {
            let relation = row.relation.unwrap_or_default();
            (component, Said { scope, relation, files: row.files })
        })
        .unzip())
}

fn unreadable(error: &ReadError) -> Refused {
    Refused::Unreadable(error.to_string())
}

/// What is said of a row beside its scope.
struct OfRow {
    relation: Option<Relation>,
    files: i64,
    /// The file that names it last.
    last: usize,
}

#[derive(Default)]
struct Listing {
    format: Value,
    version: Value,
    /// Files so far that list anything.
    file: usize,
    /// Components so far.
    count: usize,
    rows: Rows,
    of_rows: Vec<OfRow>,
}

impl Members for Listing {
    fn wants(&self, list: &str) -> bool {
        list == "files"
    }

    fn inside(&self, _: &str) -> Option<&'static str> {
        Some("components")
    }

    fn keeps(&self, member: &str) -> bool {
        matches!(member, "format" | "version")
    }

    fn member(&mut self, member: String, value: Value) {
        if member == "format" {
            self.format = value;
        } else {
            self.version = value;
        }
    }

    fn list(&mut self, _: &str) {
        self.file += 1;
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        self.count += 1;
        if self.count > MOST_COMPONENTS {
            let message = format!("it lists more than {MOST_COMPONENTS} components");
            return Err(Refused::Unreadable(message));
        }
        let component = trimtab_report::json::read_component(value).map_err(|e| unreadable(&e))?;
        if component.relation == Relation::Own {
            return Ok(());
        }
        let row = self.rows.add(&component, component.scope)?;
        if row == self.of_rows.len() {
            self.of_rows.push(OfRow { relation: None, files: 0, last: 0 });
        }
        if let Some(row) = self.of_rows.get_mut(row) {
            nearer(&mut row.relation, component.relation);
            row.files += i64::from(row.last != self.file);
            row.last = self.file;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::Form;
    use crate::ingest::large::tests::{below, same};

    #[test]
    fn a_saved_scan_in_parts_says_what_the_whole_says() {
        let mut below = below(13);
        let mut read = 0;
        for _ in 0..100 {
            let mut inventory = trimtab_model::Inventory::default();
            for n in 0..1 + below(4) {
                let mut file = trimtab_model::FileInventory {
                    path: format!("f{n}").into(),
                    format: "npm".into(),
                    ..Default::default()
                };
                for _ in 0..below(6) {
                    let kind = ["npm", "golang"][usize::try_from(below(2)).unwrap()];
                    let case = ["A", "a"][usize::try_from(below(2)).unwrap()];
                    let name = format!("pkg:{kind}/example.com/{case}{}@1.{}", below(3), below(2));
                    let mut one = trimtab_model::Component::new(name.parse().unwrap());
                    one.relation =
                        [Relation::Own, Relation::Direct, Relation::Transitive, Relation::Unknown]
                            [usize::try_from(below(4)).unwrap()];
                    one.scope = [
                        trimtab_model::Scope::Runtime,
                        trimtab_model::Scope::Test,
                        trimtab_model::Scope::Unknown,
                    ][usize::try_from(below(3)).unwrap()];
                    match below(4) {
                        0 => one.origin = trimtab_model::Origin::Path("a".into()),
                        1 => one.licence = Some("MIT".into()),
                        _ => {}
                    }
                    file.components.push(one);
                }
                inventory.files.push(file);
            }
            let scan = trimtab_model::scan::Scan {
                target: "t".into(),
                inventory,
                index: None,
                findings: Vec::new(),
                unknowns: Vec::new(),
                weighing: None,
                diagnostics: Vec::new(),
            };
            let mut document = Vec::new();
            trimtab_report::json::write(&scan, &mut document).unwrap();
            let about = String::from_utf8_lossy(&document).into_owned();
            read += usize::from(same(Form::SavedScan, &document, &about));
        }
        assert!(read > 50, "{read}");
    }

    #[test]
    fn what_is_none_or_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let one = "{\"purl\": \"pkg:npm/a@1\", \"relation\": \"direct\", \"scope\": \"test\"}";
        let files = format!("\"files\": [{{\"components\": [{one}]}}]");
        let known = "\"format\": \"trimtab-scan\", \"version\": 1";
        for text in [
            format!("{{{files}}}"),
            format!("{{\"format\": \"trimtab-scan\", \"version\": 2, {files}}}"),
            format!("{{\"format\": \"other\", \"version\": 1, {files}}}"),
            format!("{{{known}, \"files\": []}}"),
            format!("{{{known}, \"files\": [{{\"components\": [{{\"purl\": \"a\"}}]}}]}}"),
            format!(
                "{{{known}, \"files\": [{{\"components\": [{}]}}]}}",
                one.replace("test", "no")
            ),
            format!("{{{known}, \"files\": [{{\"components\": [{one}"),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert!(read(&path).is_err(), "{text}");
        }
        std::fs::write(&path, format!("{{{known}, {files}}}")).unwrap();
        assert_eq!(read(&path).unwrap().0.len(), 1);
    }
}
