//! The reports of other scanners, as attributions. An attribution names a package and the ids of a
//! vulnerability, and keeps the tool's own words on how grave it is; it decides nothing.
//!
//! [`read`] takes bytes, recognises by their content whose report they are, and reads it. Each
//! format has one file and one line of [`FORMATS`]. OpenVEX and CSAF are documents of decisions and
//! are read there.
//!
//! Pure: no I/O and no clock. Reports come from outside: size, depth and counts are bounded, and
//! what is left out or not known is counted and reported.

mod cvss;
mod document;
mod format;
mod ids;
mod json;
mod packages;
mod parts;
mod reading;
mod report;
mod table;
mod text;
mod unknown;
mod xml;

use trimtab_model::{Code, Diagnostic};

pub use document::MAX_BYTES;
pub use format::{FORMATS, Format};
pub use reading::{MAX_ATTRIBUTIONS, MAX_LIST, MAX_TEXT, MAX_TITLE};
pub use report::{Attributed, Place, Report, Said};

use document::Document;
use reading::Reading;

/// Reads a report, of whichever format it is.
///
/// # Errors
/// The bytes are damaged, or no report that is known; the diagnostic says which are.
pub fn read(bytes: &[u8]) -> Result<Report, Diagnostic> {
    let document = Document::read(bytes).map_err(|fault| {
        let step = fault.help.as_deref().map(|step| format!("{step}; ")).unwrap_or_default();
        let help = format!("{step}reports of these tools are read: {}", known());
        fault.help(help)
    })?;
    let Some(format) = FORMATS.iter().find(|format| (format.sniff)(&document)) else {
        return Err(stranger(&document));
    };
    let mut reading = Reading::new(format);
    (format.read)(&document, &mut reading);
    Ok(reading.finish())
}

/// The formats that claim a report, in the order of the table: one, or it is not known.
///
/// # Errors
/// The bytes are damaged.
pub fn claims(bytes: &[u8]) -> Result<Vec<&'static Format>, Diagnostic> {
    let document = Document::read(bytes)?;
    Ok(FORMATS.iter().filter(|format| (format.sniff)(&document)).collect())
}

/// Why a document is no report.
fn stranger(document: &Document) -> Diagnostic {
    let value = document.json();
    let vex = value.at("@context").text().is_some_and(|context| context.contains("openvex"))
        || value.path(&["document", "csaf_version"]).is_some();
    if vex {
        return Diagnostic::new(
            Code::ReportUnknown,
            "the document holds statements (OpenVEX or CSAF), not what a scanner found",
        )
        .help("send it as VEX");
    }
    Diagnostic::new(Code::ReportUnknown, "the file is not a report of a known scanner")
        .help(format!("reports of these tools are read: {}; SARIF is read of any tool", known()))
}

/// The names of the formats.
fn known() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}
