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

/// Go builds of `vendor/` as the project's `go.mod` says: what the modules there say of themselves is nobody's.
#[test]
fn what_is_vendored_is_no_module_of_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let module = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    module("go.mod", "module a.example/a\n\ngo 1.21\n\nrequire b.example/b v1.0.0\n");
    let own = scan_path(folder.path(), &Options::default());
    module("vendor/b.example/b/go.mod", "module b.example/b\n\ngo 1.11\n");
    let vendored = scan_path(folder.path(), &Options::default());
    let of = |inventory: &trimtab_model::Inventory| -> usize {
        inventory.files.iter().map(|file| file.components.len()).sum()
    };
    assert!(of(&own) > 0);
    assert_eq!(of(&vendored), of(&own));
}
