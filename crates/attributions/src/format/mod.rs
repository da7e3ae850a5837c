//! The formats that are read: one file and one line each.

mod anchore_engine;
mod aws_inspector;
mod azure_recommendations;
mod bundler_audit;
mod cargo_audit;
mod clair;
mod composer_audit;
mod cyclonedx;
mod cyclonedx_xml;
mod dependabot;
mod dependency_check;
mod dependency_check_xml;
mod dependency_track;
mod dotnet_list;
mod generic;
mod gitlab;
mod govulncheck;
mod grype;
mod harbor;
mod npm_audit;
mod npm_audit_1;
mod osv_scanner;
mod pip_audit;
mod sarif;
mod sarif_rules;
mod sarif_text;
mod semgrep;
mod snyk;
mod spdx;
mod trivy;
mod trivy_operator;
mod twistlock;
mod xray;
mod yarn_audit;

use crate::document::Document;
use crate::packages::Word;
use crate::reading::Reading;

/// A format of reports.
#[derive(Debug)]
pub struct Format {
    /// Its stable name.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The tool that writes it, where a report does not say so itself.
    pub tool: &'static str,
    /// The tool's words for kinds of packages, with the purl type and namespace of each.
    pub(crate) words: &'static [Word],
    /// Whether a document is in this format, by what is in it.
    pub(crate) sniff: fn(&Document) -> bool,
    /// Reads a document of this format.
    pub(crate) read: fn(&Document, &mut Reading),
}

impl Format {
    /// The tool's words for kinds of packages, each with the purl type and the namespace that it
    /// means (empty: the name has it).
    pub fn words(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        self.words.iter().copied()
    }
}

/// Every format. No document is in two of them.
pub static FORMATS: &[Format] = &[
    sarif::FORMAT,
    trivy::FORMAT,
    trivy_operator::FORMAT,
    grype::FORMAT,
    osv_scanner::FORMAT,
    dependency_check::FORMAT,
    dependency_check_xml::FORMAT,
    snyk::FORMAT,
    npm_audit::FORMAT,
    npm_audit_1::FORMAT,
    yarn_audit::FORMAT,
    pip_audit::FORMAT,
    cargo_audit::FORMAT,
    bundler_audit::FORMAT,
    composer_audit::FORMAT,
    dotnet_list::FORMAT,
    govulncheck::FORMAT,
    dependabot::FORMAT,
    gitlab::FORMAT,
    semgrep::FORMAT,
    cyclonedx::FORMAT,
    cyclonedx_xml::FORMAT,
    dependency_track::FORMAT,
    spdx::FORMAT,
    anchore_engine::FORMAT,
    aws_inspector::FORMAT,
    clair::FORMAT,
    harbor::FORMAT,
    twistlock::FORMAT,
    xray::FORMAT,
    azure_recommendations::FORMAT,
    generic::FORMAT,
];
