//! SPDX 2 as tag-value text (2.0–2.3; 1.x reads the same). See `spdx.rs` for the words.
//!
//! One `Tag: value` a line; a value may be `<text>…</text>` over several lines; `#` starts a
//! comment line. Sections have no brackets: `PackageName` begins a package, `FileName` a file,
//! `SnippetSPDXID` a snippet, `LicenseID` a licence, and `SPDXID` belongs to what began last.

use trimtab_model::{Code, Diagnostic, FileInventory};

use super::sbom;
use super::spdx::{Document, Package};
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx-tag",
    title: "SPDX 2 tag-value",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx,*.spdx.txt,*.spdx.tag,*.spdx.tv",
    claims: |path| sbom::named(path, &[], &[".spdx", ".spdx.txt", ".spdx.tag", ".spdx.tv"]),
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let said = |line: &&[u8]| !line.trim_ascii().is_empty() && !line.starts_with(b"#");
    let mut lines = bytes.split(|b| *b == b'\n').take(1000).filter(said);
    lines.next().is_some_and(|l| {
        [&b"SPDXVersion:"[..], b"DataLicense:", b"SPDXID:"].iter().any(|t| l.starts_with(t))
    }) && !super::spdx_yaml::FORMAT.sniff.is_some_and(|yaml| yaml(bytes))
}

/// What `SPDXID` belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Document,
    Package,
    Other,
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut tags = Tags::of(&text);
    let mut document = Document::new();
    let mut section = Section::Document;
    let mut package: Option<Package<'_>> = None;
    let mut licence = None;
    let mut is_spdx = false;
    for (line, tag) in tags.by_ref() {
        let Some((name, value)) = tag else {
            document.bill.malformed(line, "a line is neither a tag nor a comment".to_owned());
            continue;
        };
        match name {
            "SPDXVersion" => {
                is_spdx = true;
                document.info.format_version = Some(value.into());
            }
            "DocumentNamespace" => document.info.identifier = Some(value.into()),
            "Created" => document.info.created = Some(value.into()),
            "Creator" => document.creator(value),
            "PackageName" => {
                package.take().into_iter().for_each(|p| document.package(p));
                package = Some(Package { name: Some(value), line, ..Package::default() });
                section = Section::Package;
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => {
                section = Section::Other;
                match name {
                    "SnippetSPDXID" => document.bill.other(value),
                    "LicenseID" => licence = Some(value),
                    _ => {}
                }
            }
            "LicenseName" => licence.into_iter().for_each(|id| document.licence(id, value)),
            "SPDXID" => match (section, &mut package) {
                (Section::Package, Some(package)) => package.id = Some(value),
                (Section::Document, _) => document.id = Some(value),
                _ => document.bill.other(value),
            },
            "Relationship" => {
                let mut words = value.split_ascii_whitespace();
                match (words.next(), words.next(), words.next()) {
                    (Some(from), Some(kind), Some(to)) => document.relationship(from, kind, to),
                    _ => document.bill.malformed(line, "a relationship lacks an end".to_owned()),
                }
            }
            _ => {
                if let Some(package) = &mut package
                    && !detail(package, name, value)
                {
                    document.bill.malformed(line, format!("`{name}` cannot be read"));
                }
            }
        }
    }
    package.into_iter().for_each(|p| document.package(p));
    if !is_spdx {
        return Err(Diagnostic::new(Code::FileMalformed, "this is no SPDX document")
            .at_line(1)
            .help("a tag-value document begins with `SPDXVersion: SPDX-2.3`"));
    }
    if let Some(line) = tags.open {
        let message = "a `<text>` is never closed; the rest of the file is its value";
        document.bill.diagnose(Diagnostic::new(Code::FileTruncated, message).at_line(line));
    }
    Ok(document.finish())
}

/// Takes over a detail of a package. `false` if it is one and cannot be read.
fn detail<'d>(package: &mut Package<'d>, name: &str, value: &'d str) -> bool {
    match name {
        "PackageVersion" => package.version = Some(value),
        "PackageSupplier" => package.supplier = Some(value),
        "PackageOriginator" => package.originator = Some(value),
        "PackageDownloadLocation" => package.download = Some(value),
        "PackageLicenseDeclared" => package.declared = Some(value),
        "PackageLicenseConcluded" => package.concluded = Some(value),
        "PackageComment" => package.comment = Some(value),
        "PackageChecksum" => {
            let (name, content) = value.split_once(':').unwrap_or((value, ""));
            return package.checksum(name.trim(), content);
        }
        "ExternalRef" => {
            let mut words = value.split_ascii_whitespace();
            let (Some(_category), Some(kind), Some(locator)) =
                (words.next(), words.next(), words.next())
            else {
                return false;
            };
            package.reference(kind, locator);
        }
        _ => {}
    }
    true
}

/// The tags of a text, with their one-based lines: name and value, or `None` for a line that is no tag.
#[derive(Debug)]
pub struct Tags<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    /// Where a `<text>` was opened that is never closed.
    open: Option<u32>,
}

impl<'t> Tags<'t> {
    /// From the beginning on.
    pub fn of(text: &'t str) -> Tags<'t> {
        Tags { text, at: 0, line: 0, open: None }
    }

    /// Whether a value was never closed, so that what came behind it is not known.
    pub fn is_cut(&self) -> bool {
        self.open.is_some()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The whole of a value that may go on over the next lines.
    fn value(&mut self, value: &'t str, line: &'t str) -> &'t str {
        let Some(first) = value.strip_prefix("<text>") else { return value };
        if let Some((inner, _)) = first.split_once("</text>") {
            return inner;
        }
        // Begins inside this line, ends at the closing mark.
        let begin = self.at - line.len() + line.find("<text>").map_or(0, |at| at + 6);
        let rest = self.text.get(begin..).unwrap_or_default();
        let (inner, after) = match rest.find("</text>") {
            Some(end) => (rest.get(..end).unwrap_or_default(), end + 7),
            None => {
                self.open = Some(self.line);
                (rest, rest.len())
            }
        };
        let end = begin + after;
        let end = self
            .text
            .get(end..)
            .and_then(|r| r.find('\n'))
            .map_or(self.text.len(), |n| end + n + 1);
        let crossed = self.text.get(self.at..end).unwrap_or_default();
        let newlines = crossed.bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        self.at = end.max(self.at);
        inner
    }
}

impl<'t> Iterator for Tags<'t> {
    type Item = (u32, Option<(&'t str, &'t str)>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or_default();
            self.at += length;
            self.line = self.line.saturating_add(1);
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let number = self.line;
            let tag = text.split_once(':').filter(|(name, _)| is_tag(name));
            let Some((name, value)) = tag else { return Some((number, None)) };
            let value = value.trim();
            return Some((number, Some((name, self.value(value, line)))));
        }
    }
}

fn is_tag(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
}
