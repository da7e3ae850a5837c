//! CycloneDX 1.4 to 1.7 in JSON: `vulnerabilities[].analysis`.
//!
//! Its states and justifications are finer than VEX's, so the original word is kept wherever the
//! mapping is not one to one. States follow the words of CycloneDX's own specification:
//!
//! | CycloneDX state | status |
//! |---|---|
//! | `exploitable` | affected |
//! | `in_triage` | under_investigation |
//! | `resolved`, `resolved_with_pedigree` | fixed |
//! | `not_affected`, `false_positive` | not_affected |
//!
//! | CycloneDX justification | VEX justification | because |
//! |---|---|---|
//! | `code_not_present` | vulnerable_code_not_present | the code was removed |
//! | `code_not_reachable` | vulnerable_code_not_in_execute_path | it is not invoked |
//! | `requires_dependency` | component_not_present | what it needs is absent |
//! | `requires_configuration`, `requires_environment` | vulnerable_code_cannot_be_controlled_by_adversary | the condition of an attack is absent |
//! | `protected_by_compiler`, `protected_at_runtime`, `protected_at_perimeter`, `protected_by_mitigating_control` | inline_mitigations_already_exist | something prevents it |
//!
//! `affects[].versions[].status` narrows: `unaffected` under a state that is not itself harmless says
//! not_affected of these versions, `unknown` says under_investigation; `affected` (the default) says
//! that the analysis is about these versions.
//!
//! A reference to a component of the document is that component in its parent, or in
//! `metadata.component`; a BOM-Link is a product whose purl is looked for in its fragment. Not
//! statements, and so not kept: ratings, descriptions, weaknesses.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

use trimtab_model::decision::{Justification, Product};
use trimtab_model::evidence::VexStatus;

use super::{decoded, purl_and_versions};

const STATE: &str = "cyclonedx:state";
const JUSTIFICATION: &str = "cyclonedx:justification";
const RESPONSE: &str = "cyclonedx:response";
const VERSIONS: &str = "cyclonedx:versions";
const TYPE: &str = "cyclonedx:type";
/// Members that are kept as terms, unchanged, with their place.
const KEPT: [(&str, &str); 5] = [
    ("cyclonedx:workaround", "/workaround"),
    ("cyclonedx:source-name", "/source/name"),
    ("cyclonedx:source-url", "/source/url"),
    ("cyclonedx:bom-ref", "/bom-ref"),
    ("cyclonedx:first-issued", "/analysis/firstIssued"),
];
/// The prefix of properties that carry what CycloneDX has no member for.
const PROPERTY: &str = "trimtab:vex:";

fn status(state: &str) -> Option<VexStatus> {
    Some(match state {
        "exploitable" => VexStatus::Affected,
        "in_triage" => VexStatus::UnderInvestigation,
        "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
        "not_affected" | "false_positive" => VexStatus::NotAffected,
        _ => return None,
    })
}

/// The state that represents a status; [`status`] reads it back.
const fn state(status: VexStatus) -> &'static str {
    match status {
        VexStatus::Affected => "exploitable",
        VexStatus::UnderInvestigation => "in_triage",
        VexStatus::Fixed => "resolved",
        VexStatus::NotAffected => "not_affected",
    }
}

fn justification(label: &str) -> Option<Justification> {
    use Justification as J;
    Some(match label {
        "code_not_present" => J::VulnerableCodeNotPresent,
        "code_not_reachable" => J::VulnerableCodeNotInExecutePath,
        "requires_dependency" => J::ComponentNotPresent,
        "requires_configuration" | "requires_environment" => {
            J::VulnerableCodeCannotBeControlledByAdversary
        }
        "protected_by_compiler"
        | "protected_at_runtime"
        | "protected_at_perimeter"
        | "protected_by_mitigating_control" => J::InlineMitigationsAlreadyExist,
        _ => return None,
    })
}

/// The label that represents a justification; [`justification`] reads it back.
const fn label_of(justification: Justification) -> &'static str {
    match justification {
        Justification::VulnerableCodeNotPresent => "code_not_present",
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::ComponentNotPresent => "requires_dependency",
        Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
    }
}

/// The status of versions, of which an analysis and a word of their own are known.
fn of_range(stated: Option<VexStatus>, about: Option<&str>) -> Option<VexStatus> {
    match (stated, about) {
        (Some(VexStatus::Affected | VexStatus::UnderInvestigation) | None, Some("unaffected")) => {
            Some(VexStatus::NotAffected)
        }
        (Some(VexStatus::Affected | VexStatus::NotAffected) | None, Some("unknown")) => {
            Some(VexStatus::UnderInvestigation)
        }
        (None, Some("affected")) => Some(VexStatus::Affected),
        (stated, _) => stated,
    }
}

/// Something outside of the document: a BOM-Link or a purl.
fn linked(reference: &str) -> Product {
    let fragment = reference.split_once('#').map_or(reference, |(_, fragment)| fragment);
    let read = purl_and_versions(fragment).or_else(|| purl_and_versions(&decoded(fragment)));
    let (purl, versions) = read.map_or((None, None), |(purl, versions)| (Some(purl), versions));
    Product { id: reference.into(), purl, versions, ..Product::default() }
}
