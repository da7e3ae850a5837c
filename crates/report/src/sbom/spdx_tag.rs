//! SPDX 2.3 tag-value: what [`super::spdx`] says, one tag a line.

use std::io::{self, Write};

use trimtab_model::scan::Scan;

use super::Options;
use super::facts::{self, Digest};
use super::spdx;
use crate::distinct::{Distinct, Item, Root};

/// Writes a document without a timestamp of its own.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    write_with(scan, &Options::default(), out)
}

/// Writes a document.
///
/// # Errors
/// Writing fails.
pub fn write_with(scan: &Scan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let distinct = Distinct::of(scan);
    let mut digest = Digest::default();
    document(scan, &distinct, options, "", &mut digest)?;
    document(scan, &distinct, options, &digest.uuid(), out)
}

/// A value on one line. Only at its beginning does the mark of a long text mean anything.
fn plain(text: &str) -> String {
    let line = facts::one_line(text);
    if line.starts_with("<text>") {
        line.replacen("<text>", "<text >", 1)
    } else {
        line.into_owned()
    }
}

/// A line inside a long text, which must not end it: the one thing that is not kept as it was.
fn inner(text: &str) -> String {
    facts::one_line(text).replace("</text>", "</text >")
}

fn document(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
    uuid: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT")?;
    writeln!(out, "DocumentName: {}", plain(&scan.target))?;
    writeln!(out, "DocumentNamespace: {}", spdx::namespace(scan, uuid))?;
    for creator in spdx::creators(scan) {
        writeln!(out, "Creator: {}", plain(&creator))?;
    }
    writeln!(out, "Created: {}", spdx::created(scan, options))?;
    if distinct.root == Root::Target {
        writeln!(out, "\nPackageName: {}", plain(&scan.target))?;
        writeln!(out, "SPDXID: {}", spdx::root(distinct))?;
        writeln!(out, "PackageDownloadLocation: NOASSERTION\nFilesAnalyzed: false")?;
        writeln!(out, "PackageComment: <text>trimtab:root=folder</text>")?;
    }
    for item in &distinct.items {
        package(scan, item, out)?;
    }
    for (id, name) in spdx::licences(distinct) {
        let text = name.as_deref().unwrap_or(spdx::NO_TEXT);
        writeln!(out, "\nLicenseID: {id}\nExtractedText: <text>{}</text>", inner(text))?;
        if let Some(name) = &name {
            writeln!(out, "LicenseName: {}", plain(name))?;
        }
    }
    writeln!(out)?;
    for (from, kind, to) in spdx::relationships(distinct) {
        writeln!(out, "Relationship: {from} {kind} {to}")?;
    }
    Ok(())
}

fn package(scan: &Scan, item: &Item<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nPackageName: {}", plain(&crate::group::name(item.purl)))?;
    writeln!(out, "SPDXID: {}", spdx::id(item))?;
    if let Some(version) = item.purl.version() {
        writeln!(out, "PackageVersion: {}", plain(version))?;
    }
    if let Some(supplier) = item.supplier {
        writeln!(out, "PackageSupplier: Organization: {}", plain(supplier))?;
    }
    writeln!(out, "PackageDownloadLocation: {}", spdx::download(item))?;
    writeln!(out, "FilesAnalyzed: false")?;
    for (name, hex) in spdx::checksums(item) {
        writeln!(out, "PackageChecksum: {name}: {hex}")?;
    }
    if let Some(places) = spdx::source_info(scan, item) {
        writeln!(out, "PackageSourceInfo: {}", plain(&places))?;
    }
    writeln!(out, "PackageLicenseConcluded: NOASSERTION")?;
    writeln!(out, "PackageLicenseDeclared: {}", spdx::declared(item))?;
    writeln!(out, "PackageCopyrightText: NOASSERTION")?;
    let lines: Vec<String> = spdx::comment(item).lines().map(inner).collect();
    writeln!(out, "PackageComment: <text>{}</text>", lines.join("\n"))?;
    for (category, kind, locator) in spdx::references(item) {
        writeln!(out, "ExternalRef: {category} {kind} {locator}")?;
    }
    Ok(())
}
