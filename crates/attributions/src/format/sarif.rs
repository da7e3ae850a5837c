//! SARIF 2.1.0, of any tool, as far as a result is about a package or a vulnerability that others
//! know. Flaws in code (`js/xss`) are counted and left out.
//!
//! SARIF has no place for a package, so each tool writes it elsewhere. It is looked for as a purl: in
//! the properties of result and rule, the logical locations, and the fingerprints. Where there is none,
//! in the lines that Trivy, Grype, OSV-Scanner and Snyk write into messages (see `sarif_text`). The
//! vulnerability is in the rule's id, perhaps with the package after it (`CVE-2021-44228-log4j-core`), in
//! `deprecatedIds` or in properties.
//!
//! Traps: `level` is how the tool shows a result, the score is in `security-severity` of the rule; a rule
//! is found by `ruleIndex`, `rule.index`, or its id, in the driver or an extension; a suppression
//! counts unless its status is `rejected` or `underReview`.

use std::collections::HashMap;

use super::Format;
use super::sarif_text::{self, Told};
use crate::document::Document;
use crate::json::Node;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};
use crate::{cvss, ids};

pub(super) const FORMAT: Format =
    Format { id: "sarif", name: "SARIF 2.1.0", tool: "SARIF", words: WORDS, sniff, read };

/// Kinds of packages, as Grype writes them into a rule's help and Snyk into its tags.
const WORDS: &[Word] = &[
    ("cocoapods", "cocoapods", ""),
    ("composer", "composer", ""),
    ("dotnet", "nuget", ""),
    ("gem", "gem", ""),
    ("go-module", "golang", ""),
    ("golang", "golang", ""),
    ("gomodules", "golang", ""),
    ("gradle", "maven", ""),
    ("hex", "hex", ""),
    ("java-archive", "maven", ""),
    ("maven", "maven", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("php-composer", "composer", ""),
    ("pip", "pypi", ""),
    ("poetry", "pypi", ""),
    ("python", "pypi", ""),
    ("rubygems", "gem", ""),
    ("rust-crate", "cargo", ""),
    ("yarn", "npm", ""),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let schema = root.at("$schema").text().is_some_and(|schema| schema.contains("sarif"));
    root.at("runs").is_array()
        && (schema || root.at("version").text().is_some_and(|version| version.starts_with("2.1")))
}

fn read(document: &Document, reading: &mut Reading) {
    for run in document.json().at("runs").items() {
        let driver = run.path(&["tool", "driver"]);
        reading.tool(driver.at("name").text(), driver.first(&["version", "semanticVersion"]));
        reading.created(run.at("invocations").item(0).first(&["endTimeUtc", "startTimeUtc"]));
        if run.at("invocations").items().any(|one| one.at("executionSuccessful").is_false()) {
            reading.incomplete("its run was not successful");
        }
        let properties = run.at("properties");
        reading.target(properties.first(&["imageName", "artifactName", "projectName"]));
        let rules = Rules::of(run);
        for result in run.at("results").items() {
            self::result(result, &rules, run, reading);
        }
    }
}

/// The rules of a run: by place in the driver, and by id in all.
struct Rules<'v> {
    driver: Node<'v>,
    by_id: HashMap<&'v str, Node<'v>>,
}

impl<'v> Rules<'v> {
    fn of(run: Node<'v>) -> Rules<'v> {
        let tool = run.at("tool");
        let driver = tool.path(&["driver", "rules"]);
        let extensions = tool.at("extensions").items().flat_map(|one| one.at("rules").items());
        let mut by_id = HashMap::new();
        for rule in driver.items().chain(extensions) {
            if let Some(id) = rule.at("id").text() {
                by_id.entry(id).or_insert(rule);
            }
        }
        Rules { driver, by_id }
    }

    fn find(&self, result: Node<'v>) -> Node<'v> {
        let id = result.at("ruleId").text().or_else(|| result.path(&["rule", "id"]).text());
        let index = [result.at("ruleIndex"), result.path(&["rule", "index"])];
        let index = index.iter().find_map(|at| at.written()?.parse::<usize>().ok());
        let by_index = index.map_or(Node::NONE, |at| self.driver.item(at));
        let same = |rule: &Node<'_>| id.is_none() || rule.at("id").text() == id;
        if by_index.is_some() && same(&by_index) {
            return by_index;
        }
        id.and_then(|id| self.by_id.get(id).copied()).unwrap_or(Node::NONE)
    }
}

fn result(result: Node<'_>, rules: &Rules<'_>, run: Node<'_>, reading: &mut Reading) {
    let rule = rules.find(result);
    let (own, general) = (result.at("properties"), rule.at("properties"));
    let rule_id = result.first(&["ruleId"]).or_else(|| rule.at("id").text());
    let message = result.at("message").first(&["text", "markdown"]);
    let help = rule.at("help").text().or_else(|| rule.at("help").first(&["text", "markdown"]));
    let told = sarif_text::read(message.unwrap_or_default(), help.unwrap_or_default());
    let Told { name, version, fixed, kind } = told;
    let logical = || {
        let inner = result.at("locations").items().flat_map(|at| at.at("logicalLocations").items());
        inner.filter_map(|at| at.first(&["fullyQualifiedName", "name"]))
    };
    let tag = || general.at("tags").texts().find(|tag| WORDS.iter().any(|(word, ..)| word == tag));
    let mut entry = Entry {
        purl: purl(result, rule, name),
        kind: kind.or_else(|| own.first(&["packageType", "ecosystem"])).or_else(tag),
        name: name.or_else(|| own.first(&["packageName", "package", "pkgName", "dependency"])),
        version: version.or_else(|| own.first(&["packageVersion", "installedVersion", "version"])),
        fixed: fixed.into_iter().chain(own.first(&["fixedVersion", "fixVersion"])).collect(),
        title: rule.at("shortDescription").first(&["text"]).or_else(|| rule.at("name").text()),
        text: rule.at("fullDescription").first(&["text"]).or(message),
        dismissed: suppressed(result),
        ..Entry::default()
    };
    if entry.name.is_none() && entry.purl.is_none() {
        // Snyk: `lodash@4.17.15`.
        let at =
            logical().find_map(|text| text.rsplit_once('@').filter(|(name, _)| !name.is_empty()));
        if let (Some((name, version)), Some(_)) = (at, entry.kind) {
            (entry.name, entry.version) = (Some(name), Some(version));
        }
    }
    places(&mut entry, result, run);
    // The file that lists a package says of which kind it is.
    if entry.purl.is_none() && entry.kind.is_none() {
        entry.kind = entry.places.iter().find_map(|(file, _)| packages::file_of(file));
    }
    ids_of(&mut entry, rule_id, result, rule);
    let code = entry.purl.is_none()
        && !entry.ids.iter().any(|id| ids::known(id).is_some())
        && (entry.name.is_none() || entry.ids.is_empty());
    if code {
        reading.leave_out("a result that names neither a package nor a known vulnerability");
        return;
    }
    severity(&mut entry, result, rule);
    reading.add(&entry);
}

/// The ids: those that the rule's name is or begins with first.
fn ids_of<'r>(entry: &mut Entry<'r>, rule_id: Option<&'r str>, result: Node<'r>, rule: Node<'r>) {
    let (own, general) = (result.at("properties"), rule.at("properties"));
    entry.ids.extend(rule_id.and_then(ids::leading));
    for properties in [own, general] {
        for key in
            ["cve", "cves", "CVE", "cveId", "vulnerabilityId", "vulnerability", "ghsa", "aliases"]
        {
            entry.ids.extend(properties.at(key).texts().take(64).filter_map(ids::known));
        }
        entry.ids.extend(properties.at("tags").texts().take(64).filter_map(ids::known));
    }
    entry.ids.extend(rule.at("deprecatedIds").texts().take(64).filter_map(ids::leading));
    // `Package 'x@1' is vulnerable to 'CVE-…' (also known as 'GHSA-…').`
    let message = result.path(&["message", "text"]).text();
    if message.is_some_and(|message| message.contains("is vulnerable to")) {
        entry.ids_in(message);
    }
}

/// A purl anywhere, where it is the only one or the one that the message names.
fn purl<'v>(result: Node<'v>, rule: Node<'v>, name: Option<&str>) -> Option<&'v str> {
    let is_purl =
        |text: &&str| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("pkg:"));
    let of = |node: Node<'v>| {
        node.members()
            .into_iter()
            .take(200)
            .flat_map(|(_, inner)| inner.texts().take(64))
            .filter(is_purl)
    };
    let near = of(result.at("properties"))
        .chain(result.at("locations").items().take(64).flat_map(|at| {
            at.at("logicalLocations").items().filter_map(|at| at.at("fullyQualifiedName").text())
        }))
        .chain(of(result.at("partialFingerprints")))
        .chain(of(result.at("fingerprints")))
        .find(is_purl);
    near.or_else(|| {
        let all: Vec<&str> = of(rule.at("properties")).take(64).collect();
        match &all[..] {
            [only] => Some(*only),
            several => {
                let part =
                    |purl: &&&str| name.is_some_and(|name| purl.contains(&format!("/{name}@")));
                let mut fitting = several.iter().filter(part);
                fitting.next().filter(|_| fitting.next().is_none()).copied()
            }
        }
    })
}

fn severity<'r>(entry: &mut Entry<'r>, result: Node<'r>, rule: Node<'r>) {
    for properties in [result.at("properties"), rule.at("properties")] {
        let words = ["severity", "cvssv3_baseSeverity", "cvssv2_severity", "problem.severity"];
        entry.words.extend(words.iter().find_map(|key| properties.at(key).text()));
        entry.scores.extend(properties.at("security-severity").written());
        let metric = |prefix: &'static str| {
            move |name: &str| properties.at(&format!("{prefix}{name}")).text()
        };
        entry.vectors.extend(cvss::v3(metric("cvssv3_")));
        entry.vectors.extend(cvss::v2(metric("cvssv2_")));
        let vectors = ["cvssV4_vector", "cvssV3_vector", "cvssv3_vector", "cvss", "vectorString"];
        let vectors = vectors.iter().filter_map(|key| properties.at(key).text());
        entry.vectors.extend(vectors.filter(|v| v.starts_with("CVSS:")).map(str::to_owned));
        let tags = || properties.at("tags").texts().take(64);
        let word = |tag: &&str| matches!(*tag, "CRITICAL" | "HIGH" | "MEDIUM" | "LOW" | "UNKNOWN");
        entry.words.extend(tags().find(word));
        let cwe = |tag: &str| {
            let at = tag.to_ascii_uppercase().find("CWE-")?;
            tag.get(at..).map(str::to_owned)
        };
        entry.cwes_of(tags().filter_map(cwe));
    }
    let level = result.at("level").text();
    entry.words.extend(level.or_else(|| rule.path(&["defaultConfiguration", "level"]).text()));
}

fn places<'r>(entry: &mut Entry<'r>, result: Node<'r>, run: Node<'r>) {
    for location in result.at("locations").items() {
        let physical = location.at("physicalLocation");
        let artifact = physical.at("artifactLocation");
        let by_index = artifact.at("index").written().and_then(|at| at.parse().ok());
        let listed = by_index.map_or(Node::NONE, |at| run.at("artifacts").item(at));
        let file = artifact.at("uri").text().or_else(|| listed.path(&["location", "uri"]).text());
        let line = physical.path(&["region", "startLine"]).line();
        entry.places.extend(file.map(|file| (file, line)));
    }
}

/// The tool's mark that a result does not count.
fn suppressed(result: Node<'_>) -> Option<String> {
    let counts = |one: &Node<'_>| {
        let status = one.first(&["status", "state"]);
        !matches!(status, Some("rejected" | "underReview"))
    };
    let one = result.at("suppressions").items().find(counts)?;
    let kind = one.at("kind").text().unwrap_or("external");
    let why = one.at("justification").text().map(|why| format!(": {why}")).unwrap_or_default();
    Some(format!("suppressed ({kind}){why}"))
}
