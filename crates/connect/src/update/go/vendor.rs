//! What a project has vendored: Go builds of `vendor/`, and of nothing else than what it says, so it goes along with `go.mod`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{flags, set};
use crate::update::change::{Change, between};
use crate::update::drive::{Drive, below};
use crate::update::edit::Manifests;
use crate::update::refusal::Reason;
use crate::update::scratch::{Bounds, Extent, Scratch};
use crate::update::{Options, Tool};

const VENDOR: &str = "vendor";
/// How many files and bytes are read of it, before and after.
const MOST: (usize, u64) = (100_000, 1 << 30);

/// Whether a project in a folder below a root has its modules vendored.
pub fn is_vendored(tool: &Tool, root: &Path, inside: &Path) -> bool {
    tool.id == super::TOOL.id && root.join(inside).join(VENDOR).join("modules.txt").is_file()
}

/// What changes of what a project has vendored, so that it is as its `go.mod` says. Nothing: it vendors nothing.
///
/// # Errors
/// It cannot be copied, or Go does not do it.
pub fn vendored(
    tool: &'static Tool,
    root: &Path,
    inside: &Path,
    options: &Options,
) -> Result<Vec<Change>, Reason> {
    if !is_vendored(tool, root, inside) {
        return Ok(Vec::new());
    }
    let extent = Extent::Whole;
    let scratch = Scratch::copy(root, inside, tool, extent, Bounds::of(extent), None)
        .map_err(|e| Reason::Scratch(e.to_string()))?;
    // What git ignores is nobody's to keep in order.
    if !is_vendored(tool, scratch.root(), inside) {
        return Ok(Vec::new());
    }
    let files = scratch.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let manifests = Manifests::of(tool, &scratch.inside(), &files);
    let drive = Drive::new(tool, &scratch, &manifests, options)?;
    let before = content(&scratch)?;
    let flags = flags(&drive);
    let what = if manifests.text("go.work").is_some() { "work" } else { "mod" };
    drive.run(&[what, "vendor"], &set(&drive, &flags))?;
    Ok(between(&before, &content(&scratch)?))
}

/// All files that are vendored, by their paths below the root.
fn content(scratch: &Scratch) -> Result<BTreeMap<String, Vec<u8>>, Reason> {
    let folder = scratch.folder().join(VENDOR);
    let (mut files, mut bytes) = MOST;
    let mut all = BTreeMap::new();
    for entry in ignore::WalkBuilder::new(&folder).standard_filters(false).build().flatten() {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(path) = entry.path().strip_prefix(&folder) else { continue };
        let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        let text = fs::read(entry.path()).map_err(|e| Reason::Scratch(e.to_string()))?;
        let left = files.checked_sub(1).zip(bytes.checked_sub(text.len() as u64));
        (files, bytes) =
            left.ok_or_else(|| Reason::Scratch("what is vendored is too large".to_owned()))?;
        all.insert(below(&scratch.inside(), &format!("{VENDOR}/{}", parts.join("/"))), text);
    }
    Ok(all)
}
