//! Bytes to inventory: what a tree of files says is used.
//!
//! [`scan_path`] walks a folder (or takes one file), asks the [`registry`] which format claims each
//! file, and reads the files in parallel; the result does not depend on the order of threads. A
//! format is one file under `format/` and one line of the registry; it gets the bytes and a way to
//! read its neighbours ([`view::FileView`]), never walks, and runs nothing of the project.

pub mod format;
pub mod read;
pub mod registry;
pub mod series;
pub mod view;
pub mod walk;

pub use registry::{FORMATS, Format, FormatKind};
pub use view::{FileView, Files, MemoryFiles};
pub use walk::{Limits, Options, scan_document, scan_files, scan_path, scan_path_with};
