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

use super::Format;
use super::sarif_rules::{self, Facts, Rule, Rules, is_purl};
use super::sarif_text::{self, Told};
use crate::document::Document;
use crate::ids;
use crate::json::Node;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "sarif", name: "SARIF 2.1.0", tool: "SARIF", words: WORDS, sniff, read };

/// Kinds of packages, as Grype writes them into a rule's help and Snyk into its tags.
pub(super) const WORDS: &[Word] = &[
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
    if document.json().at("runs").items().next().is_none() {
        reading.incomplete("it holds no run of a tool");
    }
    for run in document.json().at("runs").items() {
        let driver = run.path(&["tool", "driver"]);
        reading.tool(driver.at("name").text(), driver.first(&["version", "semanticVersion"]));
        reading.created(run.at("invocations").item(0).first(&["endTimeUtc", "startTimeUtc"]));
        // By the standard a run without results has not looked for any.
        if !run.at("results").is_array() {
            reading.incomplete("a run without a list of results");
        }
        if run.at("invocations").few().any(|one| one.at("executionSuccessful").is_false()) {
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

fn result(result: Node<'_>, rules: &Rules<'_>, run: Node<'_>, reading: &mut Reading) {
    let id = result.at("ruleId").text().or_else(|| result.path(&["rule", "id"]).text());
    let rule = rules.find(result, id);
    let own = Facts::of(result.at("properties"));
    let message = result.at("message").first(&["text", "markdown"]);
    let Told { name, version, fixed, kind } = sarif_text::read(message, rule.help.as_ref());
    let properties = result.at("properties");
    let mut entry = Entry {
        purl: purl(result, &own, rule, name),
        kind: kind.or_else(|| properties.first(&["packageType", "ecosystem"])).or(rule.kind),
        name: name
            .or_else(|| properties.first(&["packageName", "package", "pkgName", "dependency"])),
        version: version
            .or_else(|| properties.first(&["packageVersion", "installedVersion", "version"])),
        fixed: fixed.into_iter().chain(properties.first(&["fixedVersion", "fixVersion"])).collect(),
        title: rule.title,
        text: rule.text.or(message),
        dismissed: suppressed(result),
        ..Entry::default()
    };
    if entry.name.is_none() && entry.purl.is_none() && entry.kind.is_some() {
        // Snyk: `lodash@4.17.15`.
        let logical = logical(result).find_map(|text| text.rsplit_once('@'));
        if let Some((name, version)) = logical.filter(|(name, _)| !name.is_empty()) {
            (entry.name, entry.version) = (Some(name), Some(version));
        }
    }
    places(&mut entry, result, run);
    // The file that lists a package says of which kind it is.
    if entry.purl.is_none() && entry.kind.is_none() {
        entry.kind = entry.places.iter().find_map(|(file, _)| packages::file_of(file));
    }
    entry.ids.extend(id.or(rule.id).and_then(ids::leading));
    entry.ids.extend(own.ids.iter().chain(&rule.facts.ids).chain(&rule.deprecated).cloned());
    // `Package 'x@1' is vulnerable to 'CVE-…' (also known as 'GHSA-…').`
    if message.is_some_and(|message| message.contains("is vulnerable to")) {
        entry.ids_in(message);
    }
    let known = entry.ids.iter().any(|id| ids::known(id).is_some());
    if entry.purl.is_none() && !known && (entry.name.is_none() || entry.ids.is_empty()) {
        reading.leave_out("a result that names neither a package nor a known vulnerability");
        return;
    }
    for facts in [&own, &rule.facts] {
        entry.words.extend(&facts.words);
        entry.scores.extend(facts.scores.iter().cloned());
        entry.vectors.extend(facts.vectors.iter().cloned());
        entry.cwes.extend(facts.cwes.iter().cloned());
    }
    entry.words.extend(result.at("level").text().or(rule.level));
    reading.add(&entry);
}

/// A purl of the result, else that of its rule: the only one there, or the one that is named.
fn purl<'v>(
    result: Node<'v>,
    own: &Facts<'v>,
    rule: &Rule<'v>,
    name: Option<&str>,
) -> Option<&'v str> {
    let prints = ["partialFingerprints", "fingerprints"];
    let near = own.purls.first().copied();
    let near = near.or_else(|| logical(result).find(is_purl));
    let near =
        near.or_else(|| prints.iter().find_map(|key| sarif_rules::purls(result.at(key)).next()));
    near.or_else(|| match &rule.facts.purls[..] {
        [only] => Some(*only),
        several => {
            let part = name.map(|name| format!("/{name}@"))?;
            let mut fitting = several.iter().filter(|purl| purl.contains(&part));
            fitting.next().filter(|_| fitting.next().is_none()).copied()
        }
    })
}

/// The names of logical locations.
fn logical<'v>(result: Node<'v>) -> impl Iterator<Item = &'v str> {
    let all = result.at("locations").few().flat_map(|at| at.at("logicalLocations").few());
    all.filter_map(|at| at.first(&["fullyQualifiedName", "name"]))
}

fn places<'r>(entry: &mut Entry<'r>, result: Node<'r>, run: Node<'r>) {
    for location in result.at("locations").few() {
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
