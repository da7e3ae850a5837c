//! How suppliers and what is about them go over the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use trimtab_engine::supplier::obligations::Judged;
use trimtab_store::{Product, Question, Supplied, SupplierLink};
use utoipa::ToSchema;

use crate::supplying::contents::Content;
use crate::supplying::document::Told;
use crate::supplying::intake::Answered;
use crate::supplying::{Promised, Seen};

/// A supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Supplier)]
pub(crate) struct Shown {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) contract: String,
    /// The last day of the contract. `null`: nobody said.
    #[schema(format = Date)]
    pub(super) ends: Option<String>,
    pub(super) obligations: Promised,
    /// Since when nothing is delivered any longer.
    #[schema(format = DateTime)]
    pub(super) ended: Option<String>,
    /// Changes with every change: `If-Match: "…"` refuses to overwrite another.
    pub(super) version: String,
    pub(super) products: Vec<ShownProduct>,
}

/// Something that a supplier delivers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierProduct)]
pub(crate) struct ShownProduct {
    pub(super) id: i64,
    pub(super) name: String,
    /// The asset that stands for it.
    pub(super) asset: i64,
    pub(super) system: Option<i64>,
    /// The newest release that we were told of.
    pub(super) release: Option<String>,
}

/// A promise with how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierPromise)]
pub(crate) struct ShownPromise {
    /// `format`, `freshness`, `release`, `quality`, `notice`, `vex`.
    pub(super) promise: &'static str,
    /// `met`, `not met`, `unknown`.
    pub(super) standing: &'static str,
    /// Since when it is broken.
    #[schema(format = DateTime)]
    pub(super) since: Option<String>,
    /// What shows it.
    pub(super) shown: String,
    /// When it will be broken if nothing comes.
    #[schema(format = DateTime)]
    pub(super) due: Option<String>,
}

/// How a product stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierProductStanding)]
pub(crate) struct ShownStanding {
    pub(super) product: i64,
    pub(super) promises: Vec<ShownPromise>,
    /// The points of the newest SBOM, 0 to 100. `null`: unknown.
    pub(super) score: Option<f64>,
    /// How many live findings it has, of at most 500. `null`: nothing could be looked at yet.
    pub(super) findings: Option<usize>,
    /// Questions that wait for an answer.
    pub(super) waiting: usize,
    /// Of these, past their day.
    pub(super) late: usize,
}

/// A supplier with how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierStanding)]
pub(crate) struct ShownOne {
    pub(super) supplier: Shown,
    pub(super) standing: Vec<ShownStanding>,
    /// What was promised, a sentence each.
    pub(super) promised: Vec<String>,
    pub(super) links: Vec<ShownLink>,
}

/// A component of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierPackage)]
pub(crate) struct ShownContained {
    /// The purl, with its version where one is told.
    pub(super) purl: String,
    /// The purl without version.
    pub(super) package: String,
    /// `null`: none is told.
    pub(super) version: Option<String>,
    /// As the SBOM declares it.
    pub(super) licence: Option<String>,
    pub(super) product: i64,
    /// The asset that stands for the product.
    pub(super) asset: i64,
    /// Findings of this version in the product that are live.
    pub(super) findings: i64,
    /// Of how many of them they state what, by the words of VEX. `null`: there are more findings, documents or products than
    /// are looked at at once; ask for one product.
    pub(super) stated: Option<BTreeMap<&'static str, i64>>,
    /// Of how many of them they state nothing.
    pub(super) unstated: Option<i64>,
}

impl From<&Content> for ShownContained {
    fn from(is: &Content) -> ShownContained {
        let component = &is.is.component.is;
        ShownContained {
            purl: component.purl.clone(),
            package: component.package.clone(),
            version: component.version.clone(),
            licence: component.licence.clone(),
            product: is.product,
            asset: is.is.asset,
            findings: is.is.findings,
            stated: is.stated.as_ref().map(|is| is.by_status.clone()),
            unstated: is.stated.as_ref().map(|is| is.unstated),
        }
    }
}

/// A link of a supplier, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierLink)]
pub(crate) struct ShownLink {
    pub(super) id: i64,
    pub(super) name: String,
    /// Who made it.
    pub(super) person: i64,
    #[schema(format = DateTime)]
    pub(super) created: String,
    #[schema(format = DateTime)]
    pub(super) expires: String,
    #[schema(format = DateTime)]
    pub(super) withdrawn: Option<String>,
    /// When it was last used, to the hour.
    #[schema(format = DateTime)]
    pub(super) used: Option<String>,
}

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierLinkMade)]
pub(crate) struct Made {
    pub(super) id: i64,
    /// Whoever has it sends and answers for the supplier: never shown again.
    pub(super) address: String,
}

/// A document that a supplier sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierDocument)]
pub(crate) struct ShownDocument {
    pub(super) id: i64,
    pub(super) product: i64,
    /// `sbom`, `vex`.
    pub(super) kind: String,
    /// Of which version of the product; empty: it was not said.
    pub(super) version: String,
    /// The digest of its bytes.
    pub(super) document: String,
    #[schema(format = DateTime)]
    pub(super) received: String,
    /// When it was made, by its own word.
    #[schema(format = DateTime)]
    pub(super) made: Option<String>,
    /// By which link.
    pub(super) link: Option<i64>,
    pub(super) format: Option<String>,
    /// Of an SBOM, 0 to 100. `null`: unknown.
    pub(super) score: Option<f64>,
    /// How the score came about.
    pub(super) parts: Vec<ShownPart>,
    /// How many statements a VEX document has.
    pub(super) statements: usize,
    /// When somebody let a VEX document hold. `null`: it does not.
    #[schema(format = DateTime)]
    pub(super) taken: Option<String>,
}

/// An element of an SBOM.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierDocumentPart)]
pub(crate) struct ShownPart {
    pub(super) element: String,
    pub(super) have: usize,
    pub(super) of: usize,
}

/// A question to a supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierQuestion)]
pub(crate) struct ShownQuestion {
    pub(super) id: i64,
    pub(super) product: i64,
    pub(super) finding: Option<i64>,
    pub(super) vulnerability: Option<String>,
    pub(super) text: String,
    /// Who asked.
    pub(super) person: i64,
    #[schema(format = DateTime)]
    pub(super) asked: String,
    #[schema(format = DateTime)]
    pub(super) due: String,
    /// `asked`, `answered`, `withdrawn`.
    pub(super) state: &'static str,
    pub(super) answer: Option<ShownAnswer>,
    /// The decision that was asked for out of the answer.
    pub(super) decision: Option<i64>,
}

/// What a supplier answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierAnswer)]
pub(crate) struct ShownAnswer {
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// A status of VEX; empty: only words.
    pub(super) status: String,
    pub(super) justification: Option<String>,
    pub(super) text: String,
    pub(super) fixed_in: Option<String>,
    /// The day by which it is fixed.
    pub(super) planned: Option<String>,
}

impl From<&Product> for ShownProduct {
    fn from(is: &Product) -> ShownProduct {
        ShownProduct {
            id: is.id,
            name: is.name.clone(),
            asset: is.asset,
            system: is.system,
            release: is.newest.as_ref().map(|(name, _)| name.clone()),
        }
    }
}

impl From<&Seen> for Shown {
    fn from(seen: &Seen) -> Shown {
        let is = &seen.is.is;
        Shown {
            id: seen.is.id,
            name: is.name.clone(),
            contact: is.contact.clone(),
            contract: is.contract.clone(),
            ends: is.contract_ends.map(crate::reviewing::last_day),
            obligations: Promised::of(&seen.is),
            ended: seen.is.ended.map(|at| at.to_string()),
            version: seen.is.version.to_string(),
            products: seen.products.iter().map(ShownProduct::from).collect(),
        }
    }
}

impl From<&Judged> for ShownPromise {
    fn from(is: &Judged) -> ShownPromise {
        ShownPromise {
            promise: is.promise.as_str(),
            standing: is.standing.as_str(),
            since: is.standing.since().map(|at| at.to_string()),
            shown: is.shown.clone(),
            due: is.due.map(|at| at.to_string()),
        }
    }
}

impl From<&SupplierLink> for ShownLink {
    fn from(is: &SupplierLink) -> ShownLink {
        ShownLink {
            id: is.id,
            name: is.name.clone(),
            person: is.person,
            created: is.created.to_string(),
            expires: is.expires.to_string(),
            withdrawn: is.withdrawn.map(|at| at.to_string()),
            used: is.used.map(|at| at.to_string()),
        }
    }
}

impl From<&Supplied> for ShownDocument {
    fn from(is: &Supplied) -> ShownDocument {
        let told = Told::of(is);
        let part = |(element, have, of): &(String, usize, usize)| ShownPart {
            element: element.clone(),
            have: *have,
            of: *of,
        };
        ShownDocument {
            id: is.id,
            product: is.is.product,
            kind: is.is.kind.clone(),
            version: is.is.version.clone(),
            document: is.is.document.clone(),
            received: is.received.to_string(),
            made: is.is.made.map(|at| at.to_string()),
            link: is.is.link,
            score: told.quality().and_then(|quality| quality.score),
            parts: told.parts.iter().map(part).collect(),
            statements: told.statements,
            format: told.format_words().or_else(|| told.format.clone()),
            taken: is.taken.as_ref().map(|(at, _)| at.to_string()),
        }
    }
}

impl From<&Question> for ShownQuestion {
    fn from(is: &Question) -> ShownQuestion {
        let answer = is.answer.as_ref().map(|(at, told)| {
            let told = Answered::of(told);
            ShownAnswer {
                at: at.to_string(),
                status: told.status,
                justification: told.justification,
                text: told.words,
                fixed_in: told.fixed_in,
                planned: told.planned,
            }
        });
        ShownQuestion {
            id: is.id,
            product: is.is.product,
            finding: is.is.finding,
            vulnerability: is.is.vulnerability.clone(),
            text: is.is.words.clone(),
            person: is.is.author,
            asked: is.asked.to_string(),
            due: is.is.due.to_string(),
            state: is.state.as_str(),
            answer,
            decision: is.decision,
        }
    }
}
