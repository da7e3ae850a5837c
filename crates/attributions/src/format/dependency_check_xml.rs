//! OWASP Dependency-Check, its report in XML, from version 1.3 of the schema on. See
//! [`super::dependency_check`] for what is taken.
//!
//! Traps: before schema 2.0 a package is an `identifier` of type `maven` (`group:artifact:version`); the
//! parts of a CVSS score have other names in every generation; a dependency without any package has only
//! its file.

use super::{Format, dependency_check};
use crate::cvss;
use crate::document::Document;
use crate::packages::Word;
use crate::reading::{Entry, Reading};
use crate::xml::Element;

pub(super) const FORMAT: Format = Format {
    id: "dependency-check-xml",
    name: "OWASP Dependency-Check (XML)",
    tool: "OWASP Dependency-Check",
    words: WORDS,
    sniff,
    read,
};

/// Types of identifiers.
const WORDS: &[Word] = &[("maven", "maven", ""), ("npm", "npm", "")];

fn sniff(document: &Document) -> bool {
    document.xml("analysis").is_some_and(|root| {
        root.child("scanInfo").is_some() || root.child("dependencies").is_some()
    })
}

fn read(document: &Document, reading: &mut Reading) {
    let Some(root) = document.xml("analysis") else { return };
    reading.tool(None, root.child("scanInfo").and_then(|info| info.said("engineVersion")));
    let project = root.child("projectInfo");
    reading.created(project.and_then(|project| project.said("reportDate")));
    reading.target(project.and_then(|project| project.said("name")));
    let dependencies = root.child("dependencies");
    for dependency in dependencies.into_iter().flat_map(|all| all.children("dependency")) {
        let all = dependency.child("vulnerabilities").map(Element::all).unwrap_or_default();
        let dependency = Dependency::of(dependency);
        for found in all {
            match &*found.name {
                "vulnerability" => vulnerability(found, &dependency, None, reading),
                "suppressedVulnerability" => {
                    let notes = found.said("notes").map(|notes| format!(": {notes}"));
                    let mark = format!("suppressed{}", notes.unwrap_or_default());
                    vulnerability(found, &dependency, Some(mark), reading);
                }
                _ => {}
            }
        }
    }
}

/// The purl of a dependency, and type and name of the package where there is none.
fn package(dependency: &Element) -> (Option<&str>, Option<(&str, &str)>) {
    let mut open: Vec<&Element> = dependency.child("identifiers").into_iter().collect();
    let (mut purl, mut named) = (None, None);
    while let Some(list) = open.pop() {
        for item in list.all() {
            match &*item.name {
                "identifiers" => open.push(item),
                "package" => {
                    purl = purl.or_else(|| item.said("id").filter(|id| id.starts_with("pkg:")));
                }
                "identifier" => {
                    let kind = item.attribute("type").filter(|kind| *kind != "cpe");
                    named = named.or_else(|| {
                        let name = item.said("name")?;
                        Some((kind?, name.trim_matches(['(', ')'])))
                    });
                }
                _ => {}
            }
        }
    }
    (purl, named)
}

/// What the vulnerabilities of a dependency share.
struct Dependency<'e> {
    purl: Option<&'e str>,
    kind: Option<&'e str>,
    name: Option<&'e str>,
    version: Option<&'e str>,
    file: Option<&'e str>,
}

impl<'e> Dependency<'e> {
    fn of(element: &'e Element) -> Dependency<'e> {
        let (purl, named) = package(element);
        let split = named.filter(|_| purl.is_none()).and_then(|(_, name)| name.rsplit_once(':'));
        Dependency {
            purl,
            kind: named.map(|(kind, _)| kind),
            name: split.map(|(name, _)| name).or_else(|| element.said("fileName")),
            version: split.map(|(_, version)| version),
            file: element.said("filePath"),
        }
    }
}

fn vulnerability(
    found: &Element,
    dependency: &Dependency<'_>,
    dismissed: Option<String>,
    reading: &mut Reading,
) {
    let words = found.said("severity").into_iter();
    let part = |name| found.child(name);
    let words = words.chain(part("cvssV3").and_then(|cvss| cvss.said("baseSeverity")));
    let mut entry = Entry {
        purl: dependency.purl,
        kind: dependency.kind,
        name: dependency.name,
        version: dependency.version,
        words: words.collect(),
        places: dependency.file.map(|file| (file, None)).into_iter().collect(),
        text: found.said("description"),
        dismissed,
        ..Entry::default()
    };
    let name = found.said("name");
    match dependency_check::id(found.attribute("source"), name) {
        Some(id) => entry.ids.push(id),
        None => entry.title = name,
    }
    entry.vectors.extend(part("cvssV3").and_then(|v3| cvss::v3(|metric| v3.said(metric))));
    entry.vectors.extend(part("cvssV2").and_then(|v2| cvss::v2(|metric| v2.said(metric))));
    // Of schema 1.x, where the metrics stand beside the vulnerability's own members.
    entry.vectors.extend(cvss::v2(|metric| {
        let mut name = String::from("cvss");
        let mut chars = metric.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
        found.said(&name)
    }));
    let cwes = found.child("cwes").map(Element::all).unwrap_or_default().iter();
    let cwes = cwes.filter_map(Element::text).chain(found.said("cwe"));
    entry.cwes_of(cwes.map(str::to_owned));
    reading.add(&entry);
}
