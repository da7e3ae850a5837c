//! The walk over files on disk.

use trimtab_extract::{Options, scan_path};

#[test]
fn files_that_are_read_alone_give_the_same_inventory() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..20 {
        let project = folder.path().join(format!("project-{at}"));
        std::fs::create_dir(&project).unwrap();
        let lock = format!(
            r#"{{"lockfileVersion": 3, "packages": {{"node_modules/a": {{"version": "1.0.{at}"}}}}}}"#
        );
        std::fs::write(project.join("package-lock.json"), lock).unwrap();
    }
    // One that is no text: a reader that gives up must let the next one in.
    std::fs::write(folder.path().join("package-lock.json"), b"{\xFF").unwrap();
    let mut options = Options::default();
    let together = scan_path(folder.path(), &options);
    options.limits.alone_bytes = 0;
    let alone = scan_path(folder.path(), &options);
    assert_eq!(alone, together);
    assert_eq!(alone.files.len(), 20);
    assert_eq!(alone.diagnostics.len(), 1);
}
