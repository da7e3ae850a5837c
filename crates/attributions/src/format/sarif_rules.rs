//! The rules of a SARIF run, each looked at once, however many results point at it; and the facts that
//! tools put into the properties of rules and results.

use std::collections::HashMap;

use super::sarif;
use super::sarif_text::{self, Told};
use crate::json::Node;
use crate::reading::MAX_LIST;
use crate::{cvss, ids};

/// What a rule says.
#[derive(Debug, Default)]
pub(super) struct Rule<'v> {
    pub(super) id: Option<&'v str>,
    pub(super) title: Option<&'v str>,
    pub(super) text: Option<&'v str>,
    pub(super) level: Option<&'v str>,
    /// A tag that is a kind of packages.
    pub(super) kind: Option<&'v str>,
    /// Ids that the rule had before.
    pub(super) deprecated: Vec<String>,
    /// What its help says of a package.
    pub(super) help: Option<Told<'v>>,
    pub(super) facts: Facts<'v>,
}

/// What properties say.
#[derive(Debug, Default)]
pub(super) struct Facts<'v> {
    pub(super) purls: Vec<&'v str>,
    pub(super) ids: Vec<String>,
    pub(super) words: Vec<&'v str>,
    pub(super) scores: Vec<String>,
    pub(super) vectors: Vec<String>,
    pub(super) cwes: Vec<String>,
}

/// The rules of a run: those of the driver first, so that their place is their index.
pub(super) struct Rules<'v> {
    all: Vec<Rule<'v>>,
    driver: usize,
    by_id: HashMap<&'v str, usize>,
    none: Rule<'v>,
}

impl<'v> Rules<'v> {
    pub(super) fn of(run: Node<'v>) -> Rules<'v> {
        let tool = run.at("tool");
        let mut all: Vec<Rule<'v>> =
            tool.path(&["driver", "rules"]).items().map(Rule::of).collect();
        let driver = all.len();
        let extensions = tool.at("extensions").items();
        all.extend(extensions.flat_map(|one| one.at("rules").items()).map(Rule::of));
        let mut by_id = HashMap::new();
        for (at, rule) in all.iter().enumerate() {
            if let Some(id) = rule.id {
                by_id.entry(id).or_insert(at);
            }
        }
        Rules { all, driver, by_id, none: Rule::default() }
    }

    /// The rule of a result: by its index if the id is the same, else by the id.
    pub(super) fn find(&self, result: Node<'v>, id: Option<&str>) -> &Rule<'v> {
        let index = [result.at("ruleIndex"), result.path(&["rule", "index"])];
        let index = index.iter().find_map(|at| at.written()?.parse::<usize>().ok());
        let by_index = index.filter(|at| *at < self.driver).and_then(|at| self.all.get(at));
        by_index
            .filter(|rule| id.is_none() || rule.id == id)
            .or_else(|| self.all.get(*self.by_id.get(id?)?))
            .unwrap_or(&self.none)
    }
}

impl<'v> Rule<'v> {
    fn of(rule: Node<'v>) -> Rule<'v> {
        let properties = rule.at("properties");
        let help = rule.at("help").text().or_else(|| rule.at("help").first(&["text", "markdown"]));
        let is_kind = |tag: &&str| sarif::WORDS.iter().any(|(word, ..)| word == tag);
        Rule {
            id: rule.at("id").text(),
            title: rule
                .path(&["shortDescription", "text"])
                .text()
                .or_else(|| rule.at("name").text()),
            text: rule.path(&["fullDescription", "text"]).text(),
            level: rule.path(&["defaultConfiguration", "level"]).text(),
            kind: properties.at("tags").texts().find(is_kind),
            deprecated: rule
                .at("deprecatedIds")
                .texts()
                .filter_map(ids::leading)
                .take(MAX_LIST)
                .collect(),
            help: help.map(sarif_text::lines),
            facts: Facts::of(properties),
        }
    }
}

impl<'v> Facts<'v> {
    pub(super) fn of(properties: Node<'v>) -> Facts<'v> {
        if !properties.is_object() {
            return Facts::default();
        }
        let tags = || properties.at("tags").texts();
        let keys =
            ["cve", "cves", "CVE", "cveId", "vulnerabilityId", "vulnerability", "ghsa", "aliases"];
        let declared = keys.iter().flat_map(|key| properties.at(key).texts());
        let metric = |prefix: &'static str| {
            move |name: &str| properties.at(&format!("{prefix}{name}")).text()
        };
        let vectors = ["cvssV4_vector", "cvssV3_vector", "cvssv3_vector", "cvss", "vectorString"];
        let vectors = vectors.iter().filter_map(|key| properties.at(key).text());
        let vectors = vectors.filter(|v| v.starts_with("CVSS:")).map(str::to_owned);
        let words = ["severity", "cvssv3_baseSeverity", "cvssv2_severity", "problem.severity"];
        let graded =
            |tag: &&str| matches!(*tag, "CRITICAL" | "HIGH" | "MEDIUM" | "LOW" | "UNKNOWN");
        let word = words.iter().find_map(|key| properties.at(key).text());
        let cwe = |tag: &str| {
            let at = tag.to_ascii_uppercase().find("CWE-")?;
            tag.get(at..).map(str::to_owned)
        };
        Facts {
            purls: purls(properties).take(MAX_LIST).collect(),
            ids: declared.chain(tags()).filter_map(ids::known).take(MAX_LIST).collect(),
            words: word.into_iter().chain(tags().find(graded)).collect(),
            scores: properties.at("security-severity").written().into_iter().collect(),
            vectors: (cvss::v3(metric("cvssv3_")).into_iter())
                .chain(cvss::v2(metric("cvssv2_")))
                .chain(vectors)
                .collect(),
            cwes: tags().filter_map(cwe).take(MAX_LIST).collect(),
        }
    }
}

/// The purls among the members of an object, alone or in lists.
pub(super) fn purls<'v>(object: Node<'v>) -> impl Iterator<Item = &'v str> {
    object.members().into_iter().flat_map(|(_, inner)| inner.texts()).filter(is_purl)
}

/// Whether a text may be a purl.
pub(super) fn is_purl(text: &&str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("pkg:"))
}
