//! A real Gitea for the tests of requests and trackers, built from its module by Go. It takes minutes, once; its pages are
//! left out, as only the API and git are used.

use std::path::Path;

use crate::run::beside;

/// The module and its version.
const MODULE: &str = "code.gitea.io/gitea@v1.26.0";

/// Builds it into `target/tools/gitea`, if it is not there. False: it could not be built.
pub(crate) fn install(root: &Path) -> bool {
    let folder = root.join("target/tools/gitea");
    let (program, source) = (folder.join("gitea"), folder.join("source"));
    if program.is_file() && source.is_dir() {
        return true;
    }
    if std::fs::create_dir_all(&folder).is_err() {
        return false;
    }
    // Outside a module, so that none of ours is looked at.
    let (kept, cache) = (folder.join("mod"), folder.join("cache"));
    let out = program.to_string_lossy();
    let set = [
        ("GOMODCACHE", &*kept.to_string_lossy()),
        ("GOCACHE", &*cache.to_string_lossy()),
        ("GOFLAGS", "-modcacherw"),
        ("CGO_ENABLED", "1"),
        ("CGO_CFLAGS", "-O0"),
    ];
    // A build that was cut off left the source.
    if !source.is_dir() {
        if !twice(|| beside(&folder, "go", &["mod", "download", MODULE], &set).ok) {
            return false;
        }
        let below = folder.join("mod").join(MODULE);
        if std::fs::rename(&below, &source).is_err() {
            return false;
        }
    }
    let tags = "sqlite sqlite_unlock_notify";
    // It answers a few hundred requests: to be built soon is worth more than to be fast.
    let plain = "all=-N -l -dwarf=false";
    let build = ["build", "-tags", tags, "-gcflags", plain, "-ldflags", "-s -w", "-o", &out, "."];
    let built = twice(|| beside(&source, "go", &build, &set).ok);
    if built {
        // What it was built of and on the way is ten times as large as all other tools together.
        let _ = std::fs::remove_dir_all(kept);
        let _ = std::fs::remove_dir_all(cache);
    }
    built
}

/// Whether it went well, or went well when it was tried once more: what is fetched on the way may be cut off.
fn twice(once: impl Fn() -> bool) -> bool {
    once() || once()
}
