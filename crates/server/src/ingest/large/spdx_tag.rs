//! Large SPDX 2 documents of tags and values, a line at a time, as the members that the same document has in JSON. See the
//! scanner's own reader for the traps.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::json::Members;
use super::{ENTRY, Refused, internal};

/// Goes through a document.
pub(super) fn walk(path: &Path, members: &mut dyn Members) -> Result<(), Refused> {
    let input = BufReader::new(File::open(path).map_err(internal)?);
    let mut tags = Tags { input, is_begun: false };
    let mut package: Option<Map<String, Value>> = None;
    let (mut is_spdx, mut in_package, mut licence) = (false, false, None);
    while let Some((name, value)) = tags.next()? {
        match name.as_str() {
            // The graph and the blocks are of one version, whatever this one is.
            "SPDXVersion" => is_spdx = true,
            "PackageName" => {
                put_package(
                    package.replace(Map::from_iter([("name".to_owned(), value.into())])),
                    members,
                )?;
                in_package = true;
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => {
                in_package = false;
                if name == "LicenseID" {
                    licence = Some(value);
                }
            }
            "LicenseName" => {
                if let Some(id) = &licence {
                    let item = json!({ "licenseId": id, "name": value });
                    put("hasExtractedLicensingInfos", item, members)?;
                }
            }
            "SPDXID" if !in_package => {}
            "Relationship" => {
                let mut words = value.split_ascii_whitespace();
                if let (Some(from), Some(kind), Some(to)) =
                    (words.next(), words.next(), words.next())
                {
                    let item = json!({ "spdxElementId": from, "relationshipType": kind,
                        "relatedSpdxElement": to });
                    put("relationships", item, members)?;
                }
            }
            _ => {
                if let Some(package) = &mut package {
                    detail(package, &name, value)?;
                }
            }
        }
    }
    put_package(package, members)?;
    if !is_spdx {
        return Err(Refused::Unreadable("this is no SPDX document".to_owned()));
    }
    if members.keeps("spdxVersion") {
        members.member("spdxVersion".to_owned(), "SPDX-2.3".into());
    }
    Ok(())
}

fn put(list: &str, item: Value, members: &mut dyn Members) -> Result<(), Refused> {
    if !members.wants(list) {
        return Ok(());
    }
    members.list(list);
    members.item(item)
}

fn put_package(
    package: Option<Map<String, Value>>,
    members: &mut dyn Members,
) -> Result<(), Refused> {
    package.map_or(Ok(()), |package| put("packages", package.into(), members))
}

/// Takes over a detail of a package.
fn detail(package: &mut Map<String, Value>, tag: &str, value: String) -> Result<(), Refused> {
    let member = match tag {
        "SPDXID" => "SPDXID",
        "PackageVersion" => "versionInfo",
        "PackageDownloadLocation" => "downloadLocation",
        "PackageLicenseDeclared" => "licenseDeclared",
        "PackageLicenseConcluded" => "licenseConcluded",
        "PackageComment" => "comment",
        "ExternalRef" => {
            let mut words = value.split_ascii_whitespace().skip(1);
            let (Some(kind), Some(locator)) = (words.next(), words.next()) else { return Ok(()) };
            // Others are not read, and may be many.
            if kind.rsplit('/').next() == Some("purl") && !package.contains_key("externalRefs") {
                let reference = json!({ "referenceType": kind, "referenceLocator": locator });
                package.insert("externalRefs".to_owned(), json!([reference]));
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    package.insert(member.to_owned(), value.into());
    Ok(())
}

/// The tags of which the value is read.
const READ: [&str; 12] = [
    "SPDXVersion",
    "PackageName",
    "LicenseID",
    "LicenseName",
    "SPDXID",
    "Relationship",
    "PackageVersion",
    "PackageDownloadLocation",
    "PackageLicenseDeclared",
    "PackageLicenseConcluded",
    "PackageComment",
    "ExternalRef",
];

/// The tags of a file.
struct Tags {
    input: BufReader<File>,
    is_begun: bool,
}

impl Tags {
    /// The next tag and its value, which is empty if it is not read; lines that are none are left out.
    fn next(&mut self) -> Result<Option<(String, String)>, Refused> {
        while let Some(line) = self.line(ENTRY)? {
            let Some((name, value)) = tag(&line.text) else {
                self.skip_rest(&line)?;
                continue;
            };
            let name = name.to_owned();
            let is_read = READ.contains(&name.as_str());
            if is_read && !line.is_whole {
                return Err(too_long());
            }
            let Some(first) = value.strip_prefix("<text>") else {
                let value = if is_read { value.to_owned() } else { String::new() };
                self.skip_rest(&line)?;
                return Ok(Some((name, value)));
            };
            if let Some((inner, _)) = first.split_once("</text>") {
                let inner = if is_read { inner.to_owned() } else { String::new() };
                self.skip_rest(&line)?;
                return Ok(Some((name, inner)));
            }
            // It goes on over the next lines.
            if !is_read {
                if !self.skip_past(line.text.as_bytes(), b"</text>")? {
                    return Err(unclosed());
                }
                self.skip_past(b"", b"\n")?;
                return Ok(Some((name, String::new())));
            }
            let mut inner =
                line.text.split_once("<text>").map_or("", |(_, inner)| inner).to_owned();
            loop {
                let most = ENTRY.saturating_sub(inner.len() as u64);
                let more = self.line(most)?.ok_or_else(unclosed)?;
                if let Some((last, _)) = more.text.split_once("</text>") {
                    inner.push_str(last);
                    self.skip_rest(&more)?;
                    break;
                }
                if !more.is_whole {
                    return Err(too_long());
                }
                inner.push_str(&more.text);
            }
            return Ok(Some((name, inner)));
        }
        Ok(None)
    }

    /// The next line with its end, or so many bytes of it.
    fn line(&mut self, most: u64) -> Result<Option<Line>, Refused> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(most + 1).read_until(b'\n', &mut line);
        if read.map_err(internal)? == 0 {
            return Ok(None);
        }
        let is_whole = line.len() as u64 <= most;
        let text = if is_whole {
            String::from_utf8(line)
                .map_err(|_| Refused::Unreadable("the file is not valid UTF-8".to_owned()))?
        } else {
            String::from_utf8_lossy(&line).into_owned()
        };
        // What some programs write first.
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let unmarked = text.strip_prefix('\u{feff}').filter(|_| is_first).map(str::to_owned);
        Ok(Some(Line { text: unmarked.unwrap_or(text), is_whole }))
    }

    /// Passes over the rest of a line that was not read as a whole.
    fn skip_rest(&mut self, line: &Line) -> Result<(), Refused> {
        if !line.is_whole {
            self.skip_past(b"", b"\n")?;
        }
        Ok(())
    }

    /// Passes over everything up to a mark and the mark, which may have begun in what was read before; says whether it was
    /// there.
    fn skip_past(&mut self, before: &[u8], mark: &[u8]) -> Result<bool, Refused> {
        // A mark's first byte stands in it only once.
        let mut found = 0;
        let mut takes = |byte: u8| {
            found = match mark.get(found) {
                Some(next) if *next == byte => found + 1,
                _ => usize::from(mark.first() == Some(&byte)),
            };
            found == mark.len()
        };
        for byte in before {
            takes(*byte);
        }
        loop {
            let bytes = self.input.fill_buf().map_err(internal)?;
            let length = bytes.len();
            let end = bytes.iter().position(|byte| takes(*byte));
            self.input.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(end.is_some());
            }
        }
    }
}

/// A line, or the beginning of one.
struct Line {
    text: String,
    is_whole: bool,
}

/// The name and the value of a tag.
fn tag(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once(':')?;
    let is_tag = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    is_tag.then(|| (name, value.trim()))
}

/// The rest of the document is within it: what was listed before is not all.
fn unclosed() -> Refused {
    Refused::Unreadable("a `<text>` is never closed: the document may be cut".to_owned())
}

fn too_long() -> Refused {
    Refused::Unreadable(format!("an entry is above {ENTRY} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::Form;
    use crate::ingest::large::tests::{below, same};

    #[test]
    fn a_document_in_parts_says_what_the_whole_says() {
        let mut below = below(3);
        const KINDS: [&str; 9] = [
            "DEPENDS_ON",
            "DEPENDENCY_OF",
            "DEV_DEPENDENCY_OF",
            "TEST_DEPENDENCY_OF",
            "CONTAINS",
            "CONTAINED_BY",
            "DESCRIBES",
            "DESCRIBED_BY",
            "OTHER",
        ];
        let mut read = 0;
        for round in 0..300 {
            let count = 1 + below(9);
            let mut text =
                "SPDXVersion: SPDX-2.3\r\nSPDXID: SPDXRef-DOCUMENT\n# said: nothing\n".to_owned();
            for n in 0..count {
                let p = if below(4) == 0 { below(count) } else { n };
                let id = if below(8) == 0 { below(count) } else { n };
                text += &match below(8) {
                    0 => "PackageName:\n".to_owned(),
                    _ => format!("PackageName: p{p}\n"),
                };
                // An identifier after a file is the file's.
                if below(6) == 0 {
                    text += "FileName: ./a\n";
                }
                text += &format!("SPDXID: SPDXRef-{id}\nPackageVersion: 1.0.{p}\n");
                text += &match below(10) {
                    0 => "PackageLicenseDeclared: LicenseRef-1\n".to_owned(),
                    1 => "PackageLicenseConcluded: <text>MIT</text> more\n".to_owned(),
                    2 => "PackageComment: <text>one\ntrimtab:scope=development\nPackageName: no\n</text> rest\n".to_owned(),
                    3 => "PackageComment: trimtab:root=folder\n".to_owned(),
                    4 => "PackageDownloadLocation: file:a\n".to_owned(),
                    5 => format!("SPDXID: pkg:npm/q{p}@2.0.0\n"),
                    6 => "ExternalRef: PACKAGE-MANAGER purl\nno tag\nno tag: either\n".to_owned(),
                    _ => format!("ExternalRef: PACKAGE-MANAGER purl pkg:npm/p{p}@1.0.0\n"),
                };
                if below(3) == 0 {
                    text +=
                        &format!("Relationship: SPDXRef-{} CONTAINS SPDXRef-{n}\n", below(count));
                }
            }
            for _ in 0..below(12) {
                let mut end = || match below(12) {
                    0 => "SPDXRef-DOCUMENT".to_owned(),
                    1 => "SPDXRef-nobody".to_owned(),
                    _ => format!("SPDXRef-{}", below(count)),
                };
                let (from, to) = (end(), end());
                let kind = KINDS[usize::try_from(below(9)).unwrap()];
                text += &format!("Relationship: {from} {kind} {to}\n");
            }
            text += "LicenseID: LicenseRef-1\nLicenseName: Ours\nExtractedText: <text>a\nb: c\n</text>\n";
            if round % 7 == 0 {
                text += "PackageName: last\nSPDXID: SPDXRef-last\nPackageVersion: <text>1\n2";
            }
            if round % 5 == 0 {
                text.insert(0, '\u{feff}');
            }
            read += usize::from(same(Form::SpdxTag, text.as_bytes(), &text));
        }
        assert!(read > 200, "{read}");
    }

    #[test]
    fn values_that_are_not_read_may_be_as_long_as_they_like() {
        let long = "x: </tex ".repeat(usize::try_from(ENTRY).unwrap() / 9 + 1);
        let lines = "FileName: a\n".repeat(usize::try_from(ENTRY).unwrap() / 12 + 1);
        let text = format!(
            "SPDXVersion: SPDX-2.3\n{long}\n#{long}\nPackageName: a\nPackageCopyrightText: {long}\n\
             SPDXID: SPDXRef-a\nPackageCopyrightText: <text>{long}\n{lines}<</text> more\n\
             PackageLicenseInfoFromFiles: <text>{long}</text> {long}\nPackageVersion: 1\n\
             PackageAttributionText: <text>a\nPackageVersion: 2\n</text>{long}\n\
             ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nPackageComment: <text>{long}"
        );
        // Only what is read of it may not be.
        assert!(!reads(&text));
        let end = text.rfind("PackageComment").unwrap();
        assert!(reads(&text[..end]));
        assert!(same(Form::SpdxTag, &text.as_bytes()[..end], "long"));
    }

    fn reads(text: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        std::fs::write(&path, text).unwrap();
        Form::SpdxTag.read(&path, 10).is_ok()
    }

    #[test]
    fn what_is_no_document_or_beyond_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let long = "x".repeat(usize::try_from(ENTRY).unwrap() + 1);
        let lines = "a line\n".repeat(usize::try_from(ENTRY).unwrap() / 7 + 1);
        let package = "SPDXVersion: SPDX-2.3\nPackageName: a\n";
        for text in [
            "PackageName: a\n".to_owned(),
            "SPDXVersion: SPDX-2.3\n".to_owned(),
            format!("{package}PackageVersion: {long}\n"),
            format!("{package}PackageComment: <text>{lines}</text>\n"),
            // The other packages of it may be within a text that does not end.
            format!("{package}PackageComment: <text>a\nPackageName: b\n"),
            format!("{package}PackageCopyrightText: <text>a\nPackageName: b\n"),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert!(Form::SpdxTag.read(&path, 10).is_err(), "{}", &text[..text.len().min(80)]);
        }
        // A small one that is cut is refused too: what it no longer lists is not gone.
        for (end, is_read) in [("", false), ("</text>\n", true)] {
            let text = format!("{package}PackageComment: <text>a\nPackageName: b\n{end}");
            let held = crate::ingest::Original::Held(text.into_bytes());
            assert_eq!(crate::ingest::inventory(held).is_ok(), is_read, "{end}");
        }
        std::fs::write(&path, b"SPDXVersion: SPDX-2.3\nPackageName: a\xff\n").unwrap();
        assert!(Form::SpdxTag.read(&path, 10).is_err());
        std::fs::write(&path, format!("{package}{lines}{lines}")).unwrap();
        assert_eq!(Form::SpdxTag.read(&path, 10).unwrap().0.len(), 1);
    }
}
