//! What is needed of Maven's files, by the paths of their elements. Others wrote them: depth and size
//! are bounded, and no entity is expanded.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::events::Event;

const MAX_DEPTH: usize = 64;
/// Of one element, in bytes.
const MAX_TEXT: usize = 1_000;

/// What a pom says of its package.
#[derive(Debug, Clone, Default)]
pub(super) struct Pom {
    /// Group, artifact and version of its parent.
    pub(super) parent: Option<(String, String, String)>,
    /// The names of its licences.
    pub(super) licences: Vec<String>,
    /// Where the package moved to.
    pub(super) relocation: Option<Relocation>,
    /// Where its sources are.
    pub(super) scm: Option<String>,
}

/// What changed of a package that moved.
#[derive(Debug, Clone, Default)]
pub(super) struct Relocation {
    pub(super) group: Option<String>,
    pub(super) artifact: Option<String>,
}

/// Reads a pom.
pub(super) fn read(bytes: &[u8]) -> Option<Pom> {
    let mut pom = Pom::default();
    let (mut group, mut artifact, mut version) = (None, None, None);
    walk(bytes, |path, text| {
        let text = || Some(text.to_owned());
        match path {
            "project/parent/groupId" => group = text(),
            "project/parent/artifactId" => artifact = text(),
            "project/parent/version" => version = text(),
            "project/licenses/license/name" => pom.licences.extend(text()),
            "project/distributionManagement/relocation" => {
                pom.relocation.get_or_insert_default();
            }
            "project/distributionManagement/relocation/groupId" => {
                pom.relocation.get_or_insert_default().group = text();
            }
            "project/distributionManagement/relocation/artifactId" => {
                pom.relocation.get_or_insert_default().artifact = text();
            }
            "project/scm/url" => pom.scm = text(),
            _ => {}
        }
    })?;
    pom.parent = group.zip(artifact).zip(version).map(|((g, a), v)| (g, a, v));
    Some(pom)
}

/// A repository's list of the versions of a package.
#[derive(Debug, Default)]
pub(super) struct List {
    /// In its order.
    pub(super) versions: Vec<String>,
    /// When it was changed: with a version that came, and at times without.
    pub(super) changed: Option<Timestamp>,
}

/// Reads a repository's list.
pub(super) fn list(bytes: &[u8]) -> Option<List> {
    let mut list = List::default();
    walk(bytes, |path, text| match path {
        "metadata/versioning/versions/version" => list.versions.push(text.to_owned()),
        "metadata/versioning/lastUpdated" => list.changed = moment(text),
        _ => {}
    })?;
    Some(list)
}

/// `20260102030405`, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let digits =
        Some(text.trim()).filter(|t| t.len() == 14 && t.bytes().all(|b| b.is_ascii_digit()));
    let read = DateTime::strptime("%Y%m%d%H%M%S", digits?).ok()?;
    read.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Tells the path and text of every element that ends. `None`: it is no XML within the bounds.
fn walk(bytes: &[u8], mut tell: impl FnMut(&str, &str)) -> Option<()> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<String> = Vec::new();
    let mut said = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(tag.local_name().as_ref().to_owned());
                said.clear();
            }
            Event::End(_) => {
                tell(&open.join("/"), said.trim());
                open.pop();
                said.clear();
            }
            Event::Text(text) => add(&mut said, &text.xml10_content()),
            Event::CData(text) => add(&mut said, &text.xml10_content()),
            Event::GeneralRef(reference) => match &*reference {
                "amp" => add(&mut said, "&"),
                "lt" => add(&mut said, "<"),
                "gt" => add(&mut said, ">"),
                _ => add(&mut said, "?"),
            },
            Event::Eof => return open.is_empty().then_some(()),
            Event::Empty(_)
            | Event::DocType(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_) => {}
        }
    }
}

fn add(said: &mut String, text: &str) {
    if said.len() + text.len() <= MAX_TEXT {
        said.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pom_tells_its_parent_licences_and_where_it_moved() {
        let text = "<project xmlns='x'><parent><groupId>g</groupId><artifactId>p</artifactId>\
            <version>1</version></parent><licenses><license><name> MIT </name></license><license>\
            <name>EPL &amp; more</name></license></licenses><distributionManagement><relocation>\
            <groupId>new</groupId></relocation></distributionManagement></project>";
        let pom = read(text.as_bytes()).unwrap();
        assert_eq!(pom.parent, Some(("g".into(), "p".into(), "1".into())));
        assert_eq!(pom.licences, ["MIT", "EPL & more"]);
        assert_eq!(pom.relocation.unwrap().group.as_deref(), Some("new"));
    }

    #[test]
    fn what_is_no_pom_or_too_deep_is_none() {
        for bad in ["<project>", "<a></b>", &"<a>".repeat(100)] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
        let bomb = "<!DOCTYPE p [<!ENTITY a 'aaaa'>]><project><licenses><license><name>&a;</name>\
            </license></licenses></project>";
        assert_eq!(read(bomb.as_bytes()).unwrap().licences, ["?"]);
    }

    #[test]
    fn lists_of_versions() {
        let text = "<metadata><versioning><latest>2</latest><versions><version>1</version>\
            <version>2</version></versions></versioning></metadata>";
        assert_eq!(list(text.as_bytes()).unwrap().versions, ["1", "2"]);
    }
}
