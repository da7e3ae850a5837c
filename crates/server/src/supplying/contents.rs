//! What the products of a supplier contain, by package: with the findings that each has here, and what the supplier states
//! of them, whether it holds or waits for somebody to look.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_model::Purl;
use trimtab_model::evidence::VexStatus;
use trimtab_store::{
    Component, Contained, Cursor, Finding, FindingFilter, FindingOrder, Org, QuestionState,
};

use super::Seen;
use super::intake::Answered;
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::vex;

/// How many are in a page at most.
pub(crate) const LISTED: usize = 200;
/// How many findings of a product are looked at, the gravest first.
const FINDINGS: usize = 500;
/// How many documents of a product are read, the newest first.
const DOCUMENTS: usize = 20;
/// How many answers of theirs.
const ANSWERS: usize = 100;
/// How many products and documents are looked at for one page, taken together.
const LOOKED_AT: usize = 60;

/// What they state of the findings of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// How many findings have which status, by the words of VEX.
    pub(crate) by_status: BTreeMap<&'static str, i64>,
    /// Of how many nothing is stated.
    pub(crate) unstated: i64,
}

/// A component of a product.
pub(crate) struct Content {
    pub(crate) is: Contained,
    pub(crate) product: i64,
    /// What they state of its findings. `None`: there is more than is looked at.
    pub(crate) stated: Option<Stated>,
}

/// A page of what the products that somebody sees contain: of one alone, and of what has findings alone.
///
/// # Errors
/// There is no such product, or the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    seen: &Seen,
    (product, affected): (Option<i64>, bool),
    (after, limit): (Option<Cursor>, usize),
) -> Result<(Vec<Content>, Option<String>), Problem> {
    let products = match product {
        Some(id) => vec![seen.product(id)?],
        None => seen.products.iter().collect(),
    };
    let assets: Vec<i64> = products.iter().map(|product| product.asset).collect();
    let limit = limit.min(LISTED);
    let page = app.store.contained(who.org, (&assets, affected), after, limit).await?;
    let of: HashMap<i64, i64> = products.iter().map(|is| (is.asset, is.id)).collect();
    // Of each product once, and only where something of it has findings.
    let mut heard: HashMap<i64, Option<Heard>> = HashMap::new();
    let mut left = LOOKED_AT;
    let mut rows = Vec::with_capacity(page.rows.len());
    for is in page.rows {
        let Some(product) = of.get(&is.asset).copied() else { continue };
        if is.findings > 0 && !heard.contains_key(&product) {
            let said = Heard::of(app, who.org, (product, is.asset), &mut left).await?;
            heard.insert(product, said);
        }
        let stated = match (is.findings, heard.get(&product)) {
            (0, _) => Some(Stated::default()),
            (_, Some(Some(said))) => said.stated(&is.component, is.findings),
            _ => None,
        };
        rows.push(Content { is, product, stated });
    }
    Ok((rows, page.next.map(Cursor::to_text)))
}

/// What they say of a product, and the findings that it has.
struct Heard {
    findings: Vec<Finding>,
    /// VEX documents with when they came, the newest first.
    documents: Vec<(Timestamp, Arc<vex::Read>)>,
    /// The newest answer about a vulnerability.
    answers: HashMap<i64, (Timestamp, VexStatus)>,
    /// The names that the documents have for a vulnerability.
    names: HashMap<i64, Vec<Box<str>>>,
}

impl Heard {
    /// What they say of a product, while there is something left of what is looked at. `None`: there is more than that.
    async fn of(
        app: &App,
        org: Org,
        (product, asset): (i64, i64),
        left: &mut usize,
    ) -> Result<Option<Heard>, Problem> {
        let (store, ids) = (&app.store, [product]);
        if *left == 0 {
            return Ok(None);
        }
        *left -= 1;
        let filter = FindingFilter { asset: Some(asset), ..FindingFilter::default() };
        let findings = store.findings(org, &filter, FindingOrder::Level, None, FINDINGS).await?;
        let supplied = store.supplied(org, (&ids, Some("vex")), None, DOCUMENTS).await?;
        let answered = Some(QuestionState::Answered);
        let questions = store.questions(org, (&ids, answered), None, ANSWERS).await?;
        let cut = findings.next.is_some() || supplied.next.is_some() || questions.next.is_some();
        if cut || supplied.rows.len() > *left {
            return Ok(None);
        }
        *left -= supplied.rows.len();
        let mut documents = Vec::with_capacity(supplied.rows.len());
        let mut named: BTreeSet<String> = BTreeSet::new();
        for one in &supplied.rows {
            let read = vex::read(store, org, &one.is.document).await?;
            for statement in &read.statements {
                let ids = std::iter::once(&statement.vulnerability).chain(&statement.aliases);
                named.extend(ids.map(ToString::to_string));
            }
            documents.push((one.received, read));
        }
        named.extend(questions.rows.iter().filter_map(|one| one.is.vulnerability.clone()));
        let named: Vec<String> = named.into_iter().collect();
        let known = store.vulnerabilities_named(org, &named).await?;
        let mut names: HashMap<i64, Vec<Box<str>>> = HashMap::new();
        for (name, id) in &known {
            names.entry(*id).or_default().push(name.as_str().into());
        }
        let mut answers: HashMap<i64, (Timestamp, VexStatus)> = HashMap::new();
        for one in &questions.rows {
            let Some((at, answer)) = &one.answer else { continue };
            let id = one.is.vulnerability.as_ref().and_then(|name| known.get(name));
            let (Some(id), Some(status)) = (id, Answered::of(answer).status()) else { continue };
            let said = answers.entry(*id).or_insert((*at, status));
            if said.0 < *at {
                *said = (*at, status);
            }
        }
        Ok(Some(Heard { findings: findings.rows, documents, answers, names }))
    }

    /// What they state of a vulnerability in a component: the newest word counts, of documents and answers.
    fn status(&self, vulnerability: i64, component: &Purl) -> Option<VexStatus> {
        let names = self.names.get(&vulnerability).map_or(&[][..], Vec::as_slice);
        let by_document = self.documents.iter().find_map(|(at, read)| {
            let status = read.stated(component, names)?;
            Some((*at, status))
        });
        let by_answer = self.answers.get(&vulnerability).copied();
        match (by_document, by_answer) {
            (Some(document), Some(answer)) if answer.0 <= document.0 => Some(document.1),
            (document, answer) => answer.or(document).map(|(_, status)| status),
        }
    }

    /// What they state of the findings of a component, of which there are so many. `None`: which they are is not known.
    fn stated(&self, of: &Component, findings: i64) -> Option<Stated> {
        let component: Purl = of.is.purl.parse().ok()?;
        let mut all: Vec<&Finding> =
            self.findings.iter().filter(|is| is.package == of.is.package).collect();
        if i64::try_from(all.len()) != Ok(findings) {
            // Other versions of it have some of them.
            all.retain(|is| is.component.0 == of.id);
        }
        if i64::try_from(all.len()) != Ok(findings) {
            return None;
        }
        let mut stated = Stated::default();
        for finding in all {
            match self.status(finding.vulnerability.0, &component) {
                Some(status) => *stated.by_status.entry(status.as_str()).or_default() += 1,
                None => stated.unstated += 1,
            }
        }
        Some(stated)
    }
}
