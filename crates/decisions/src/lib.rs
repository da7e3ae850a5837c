//! What people decided about findings: the exceptions file, with what is accepted and what is not
//! affected; VEX documents (OpenVEX, CSAF 2.0, CycloneDX) in and out; and the ignore files of other
//! tools.
//!
//! Pure: texts in, values and diagnostics out. No clock and no I/O; the day and the time are passed
//! in. Everything that is read is bounded in size, depth and count.

pub mod exceptions;
pub mod ignores;
pub mod not_affected;
mod place;
pub mod vex;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

use trimtab_model::{Code, Diagnostic};

/// The text of a file.
///
/// # Errors
/// It is larger than [`MAX_BYTES`], or not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        return Err(Diagnostic::new(
            Code::FileTooLarge,
            format!("a file of {} bytes, of which at most {MAX_BYTES} are read", bytes.len()),
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|fault| {
        let line = bytes[..fault.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Diagnostic::new(Code::FileNotText, "the file is not valid UTF-8")
            .at_line(u32::try_from(line).unwrap_or(u32::MAX))
            .help("save it as UTF-8")
    })
}
