//! Questions to suppliers: asked, found and taken back.

use jiff::SignedDuration;
use trimtab_model::Role;
use trimtab_store::{NewQuestion, Question};

use super::{LATEST, Promised, Seen, TEXT, USUAL, find};
use crate::access::{Action, Who};
use crate::api::on;
use crate::facts::finding;
use crate::problem::Problem;
use crate::state::App;

/// A question that is to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// About which product. `None`: the one that has the finding.
    pub(crate) product: Option<i64>,
    pub(crate) finding: Option<i64>,
    pub(crate) words: String,
    /// Within how many days; if absent: as was promised.
    pub(crate) days: Option<i64>,
    /// The side that they speak for; empty: one of theirs.
    pub(crate) role: String,
}

/// Asks a supplier. Returns the question's id.
///
/// # Errors
/// They may not, or something is not right.
pub(crate) async fn ask(app: &App, who: &Who, id: i64, asked: Asked) -> Result<i64, Problem> {
    let supplier = find(app, who, id).await?;
    let about = match asked.finding {
        None => None,
        Some(finding) => Some(finding::find(app, who, finding).await?),
    };
    let product = match (asked.product, &about) {
        (Some(product), _) => supplier.product(product)?,
        (None, Some(finding)) => {
            let of = supplier.products.iter().find(|product| product.asset == finding.asset.0);
            of.ok_or_else(|| Problem::not_found("product with this finding"))?
        }
        // Who may ask nowhere is told that first.
        (None, None) if !who.may_somewhere(Action::Ask) => {
            return Err(Problem::forbidden(Action::Ask));
        }
        (None, None) => {
            return Err(Problem::invalid("Set the `product` or the `finding` that it is about."));
        }
    };
    let place = on(&app.store, who.org, product.system).await?;
    who.must(Action::Ask, place)?;
    if about.as_ref().is_some_and(|finding| finding.asset.0 != product.asset) {
        return Err(Problem::invalid("The finding belongs to another product."));
    }
    if supplier.is.ended.is_some() {
        return Err(Problem::conflict("This supplier no longer delivers anything."));
    }
    let words = asked.words.trim().to_owned();
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if words.is_empty() || words.chars().count() > TEXT || words.chars().any(odd) {
        return Err(Problem::invalid(format!("The question must be 1 to {TEXT} characters.")));
    }
    let may = |role: &Role| who.holds(*role, place) && Action::Ask.is_for(*role);
    let role = match asked.role.as_str() {
        "" => who.side.into_iter().chain(who.roles()).find(may),
        word => Role::from_word(word).filter(may),
    };
    let role =
        role.ok_or_else(|| Problem::invalid("`role` must be one of your own roles here."))?;
    let now = app.now();
    let obligations = Promised::of(&supplier.is).checked().unwrap_or_default();
    let level = about.as_ref().and_then(|finding| finding.weighed.as_ref()).map(|w| w.level);
    let usual = match (obligations.vex, level) {
        (Some((days, from)), Some(level)) if level >= from => i64::from(days),
        (Some((days, _)), None) if about.is_some() => i64::from(days),
        _ => USUAL,
    };
    let days = asked.days.unwrap_or(usual.min(LATEST));
    if !(1..=LATEST).contains(&days) {
        return Err(Problem::invalid(format!("`days` must be 1 to {LATEST}.")));
    }
    let new = NewQuestion {
        supplier: id,
        product: product.id,
        finding: asked.finding,
        vulnerability: about.map(|finding| finding.vulnerability.1),
        words,
        author: who.person.id,
        author_role: role.as_str().to_owned(),
        due: now + SignedDuration::from_hours(24 * days),
    };
    let question = (&new, product.asset);
    Ok(app.store.add_question(who.org, question, &who.actor(), now).await?)
}

/// A question that they may see, with its supplier.
///
/// # Errors
/// There is none.
async fn question(
    app: &App,
    who: &Who,
    (id, question): (i64, i64),
) -> Result<(Seen, Question), Problem> {
    let missing = || Problem::not_found("question");
    let supplier = find(app, who, id).await?;
    let question = app.store.question(who.org, question).await?.ok_or_else(missing)?;
    let theirs = question.is.supplier == id && supplier.product(question.is.product).is_ok();
    if theirs { Ok((supplier, question)) } else { Err(missing()) }
}

/// Takes a question back.
///
/// # Errors
/// They may not, or it was answered.
pub(crate) async fn withdraw_question(
    app: &App,
    who: &Who,
    ids: (i64, i64),
) -> Result<(), Problem> {
    if !who.may_somewhere(Action::Ask) {
        find(app, who, ids.0).await?;
        return Err(Problem::forbidden(Action::Ask));
    }
    let (supplier, question) = question(app, who, ids).await?;
    let product = supplier.product(question.is.product)?;
    who.must(Action::Ask, on(&app.store, who.org, product.system).await?)?;
    let of = (question.id, product.asset);
    if app.store.withdraw_question(who.org, of, &who.actor(), app.now()).await? {
        Ok(())
    } else {
        Err(Problem::conflict("This was already answered or withdrawn."))
    }
}
