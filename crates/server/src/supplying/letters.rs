//! Letters to suppliers themselves: what is asked, what falls due, what is broken. They leave only where somebody of ours
//! said so, tell nothing that the supplier's own link does not show, and each thing once.

use jiff::{SignedDuration, Timestamp};
use trimtab_connect::notify::{Mail, NotSent, Written};
use trimtab_engine::notices::quiet_until;
use trimtab_engine::supplier::obligations::{Judged, Promise, Standing};
use trimtab_report::minutes::{Document, html, plain};
use trimtab_store::{Became, Org, Product, Question, Supplier, SupplierLink, TRIED};

use super::kept::{self, Kept};
use super::{Promised, Seen, find};
use crate::access::Who;
use crate::ingest::{Refused, blocking};
use crate::jobs::write_suppliers;
use crate::notices::post::{NO_MAIL, PATIENCE, here};
use crate::notices::wishes::Wishes;
use crate::people::is_address;
use crate::problem::Problem;
use crate::state::App;

/// How long before it falls due a promise is told.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 7);
/// So many things are told in a letter; the rest comes with the next.
const MOST: usize = 20;
/// So often in an hour somebody may try it.
const TRIES: i64 = 5;
/// The longest part of a question that is told, in characters.
const WORDS: usize = 300;

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Thing {
    item: String,
    mark: String,
    text: String,
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What a promise says, as the link shows it: what was found here is not told.
fn sentence(supplier: &Supplier, promise: Promise) -> String {
    Promised::of(supplier).only(promise).sentences().join(" ")
}

/// What of the promises for a product is to be told now: what is not kept, and what falls due soon.
fn promises(
    supplier: &Supplier,
    product: &Product,
    judged: &[Judged],
    now: Timestamp,
) -> Vec<Thing> {
    let (name, id) = (&product.name, product.id);
    let mut all = Vec::new();
    for is in judged {
        let word = is.promise.as_str();
        let said = sentence(supplier, is.promise);
        match is.standing {
            // Since when they are late tells when something was found here, and that it was.
            Standing::NotMet(_) if matches!(is.promise, Promise::Notice | Promise::Vex) => {}
            Standing::NotMet(since) => all.push(Thing {
                item: format!("broken-{id}-{word}"),
                mark: since.to_string(),
                text: format!("{name}: not met since {}: {said}", day(since)),
            }),
            // A day of what was found here would tell of it: an SBOM's own is theirs.
            Standing::Met | Standing::Unknown if is.promise == Promise::Freshness => {
                let near = |due: &Timestamp| *due > now && due.duration_since(now) <= SOON;
                if let Some(due) = is.due.filter(near) {
                    all.push(Thing {
                        item: format!("due-{id}-{word}"),
                        mark: due.to_string(),
                        text: format!("{name}: due on {}: {said}", day(due)),
                    });
                }
            }
            Standing::Met | Standing::Unknown => {}
        }
    }
    all
}

/// The same in sentences.
pub(super) fn owed(
    supplier: &Supplier,
    product: &Product,
    judged: &[Judged],
    now: Timestamp,
) -> Vec<String> {
    promises(supplier, product, judged, now).into_iter().map(|thing| thing.text).collect()
}

/// What is to be told of a product now, in the order in which it is told.
fn things(supplier: &Supplier, of: &Kept, now: Timestamp) -> Vec<Thing> {
    let name = &of.product.name;
    let mut all = Vec::new();
    for question in &of.waiting {
        let Question { id, is, .. } = question;
        let about = is.vulnerability.as_deref().map(|name| format!(" about {name}"));
        let about = about.unwrap_or_default();
        let words: String = is.words.chars().take(WORDS).collect();
        let (mark, text) = match is.due < now {
            true => {
                ("late", format!("{name}: the question{about} was due on {}: {words}", day(is.due)))
            }
            false => (
                "asked",
                format!("{name}: question{about}, please answer by {}: {words}", day(is.due)),
            ),
        };
        all.push(Thing { item: format!("question-{id}"), mark: mark.to_owned(), text });
    }
    all.extend(promises(supplier, &of.product, &of.judged, now));
    all
}

/// By which link they see it: its secret is known to nobody here.
fn by_link(links: &[SupplierLink], now: Timestamp) -> String {
    let holds = |is: &&SupplierLink| is.withdrawn.is_none() && is.expires > now;
    match links.iter().filter(holds).max_by_key(|is| is.expires) {
        // What it is called here is ours.
        Some(link) => format!(
            "View and answer with the link that you were given; it expires on {}.",
            day(link.expires)
        ),
        None => "You have no valid link: ask the person who gave you the last one.".to_owned(),
    }
}

/// Has letters written to a supplier from now on, or no longer. `false`: it was so already.
///
/// # Errors
/// They may not, or there is no address to write to.
pub(crate) async fn set(app: &App, who: &Who, id: i64, on: bool) -> Result<bool, Problem> {
    let seen = find(app, who, id).await?;
    seen.must_change()?;
    if on && !is_address(&seen.is.is.contact) {
        let detail = "`contact` of the supplier is not an email address: change it first.";
        return Err(Problem::conflict(detail));
    }
    if on && seen.is.ended.is_some() {
        return Err(Problem::conflict("This supplier no longer delivers anything."));
    }
    let now = app.now();
    let changed = app.store.write_supplier(who.org, (id, on), &who.actor(), now).await?;
    if on {
        app.store.add_job(&write_suppliers::next(who.org, now), now).await?;
    }
    Ok(changed)
}

/// Has what was refused, or may not have come, told to a supplier again. `begun`: it is written to them from now on, whether
/// or not there is something of that kind.
///
/// # Errors
/// They may not, nothing is written to them, or there is nothing of that kind.
pub(crate) async fn again(app: &App, who: &Who, id: i64, begun: bool) -> Result<(), Problem> {
    let seen = find(app, who, id).await?;
    seen.must_change()?;
    if !app.store.writes_supplier(who.org, id).await? || seen.is.ended.is_some() {
        return Err(Problem::conflict("This supplier gets no letters."));
    }
    let now = app.now();
    if app.store.again_supplier_letters(who.org, id, &who.actor(), now).await? == 0 {
        if begun {
            return Ok(());
        }
        return Err(Problem::conflict(
            "No letter was refused or lost: there is nothing to send again.",
        ));
    }
    app.store.add_job(&write_suppliers::next(who.org, now), now).await?;
    Ok(())
}

/// Sends a test letter to a supplier. Returns what became of it.
///
/// # Errors
/// They may not, there is no address, or it was tried too often.
pub(crate) async fn attempt(app: &App, who: &Who, id: i64) -> Result<(Became, String), Problem> {
    let seen = find(app, who, id).await?;
    seen.must_change()?;
    let to = seen.is.is.contact.clone();
    if !is_address(&to) {
        let detail = "`contact` of the supplier is not an email address: change it first.";
        return Err(Problem::conflict(detail));
    }
    let now = app.now();
    let hour = now - SignedDuration::from_hours(1);
    if app.store.supplier_tries(who.org, id, hour).await? >= TRIES {
        let detail = format!("{TRIES} test messages were sent in the last hour: try again later.");
        return Err(Problem::conflict(detail));
    }
    let told = [(TRIED.to_owned(), now.to_string())];
    let of = (id, to.as_str());
    app.store.begin_supplier_letter(who.org, of, &told, &who.actor(), now).await?;
    let document = Document {
        title: format!("Test message for {}", seen.is.is.name),
        lines: vec!["Somebody is testing this address. You do not need to do anything.".to_owned()],
        sections: Vec::new(),
    };
    let became = sent(app, (who.org, id), to, document, now).await;
    let (became, detail) = became.map_err(crate::api::snapshots::refused)?;
    // A try is one, whatever came of it.
    let kept = if became == Became::Later { Became::Refused } else { became };
    app.store.end_supplier_letter(who.org, (id, now), (kept, &detail)).await?;
    Ok((kept, detail))
}

/// Writes to a supplier what was not told yet. Returns what became of it. `None`: there is nothing to tell, or it is quiet.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn write(app: &App, org: Org, id: i64) -> Result<Option<Became>, Refused> {
    let now = app.now();
    let Some(is) = app.store.supplier(org, id).await? else { return Ok(None) };
    let to = is.is.contact.clone();
    if !is_address(&to) || is.ended.is_some() {
        return Ok(None);
    }
    let products = app.store.products(org, &[id]).await?.remove(&id).unwrap_or_default();
    let seen = Seen { is, products, may_change: false };
    if quiet(app, org, &seen, now).await? {
        return Ok(None);
    }
    let mut all = Vec::new();
    for of in kept::of(app, org, &seen).await? {
        all.extend(things(&seen.is, &of, now));
    }
    let told = app.store.supplier_told(org, id, 500).await?;
    all.retain(|one| !told.iter().any(|is| is.item == one.item && is.mark == one.mark));
    all.truncate(MOST);
    let keys: Vec<(String, String)> =
        all.iter().map(|one| (one.item.clone(), one.mark.clone())).collect();
    let of = (id, to.as_str());
    let claimed = app.store.begin_supplier_letter(org, of, &keys, "trimtab", now).await?;
    if claimed.is_empty() {
        return Ok(None);
    }
    let links = app.store.supplier_links(org, id).await?;
    let organisations = app.store.organisations().await?;
    let us = organisations.into_iter().find(|one| one.org == org).map(|one| one.name);
    let us = us.unwrap_or_default();
    let number = claimed.len();
    let mut lines: Vec<String> =
        claimed.iter().filter_map(|at| all.get(*at)).map(|one| one.text.clone()).collect();
    lines.push(by_link(&links, now));
    let document = Document {
        title: match number {
            1 => format!("{us} needs something from you"),
            number => format!("{us} needs {number} things from you"),
        },
        lines,
        sections: Vec::new(),
    };
    let (became, detail) = sent(app, (org, id), to, document, now).await?;
    app.store.end_supplier_letter(org, (id, now), (became, &detail)).await?;
    if became != Became::Sent {
        tracing::warn!(supplier = id, detail, "a letter to a supplier was not accepted");
    }
    Ok(Some(became))
}

/// Whether a team that owns one of the products' systems has quiet.
async fn quiet(app: &App, org: Org, seen: &Seen, now: Timestamp) -> Result<bool, Refused> {
    let systems = app.store.systems(org).await?;
    let mut teams: Vec<i64> = seen
        .products
        .iter()
        .filter_map(|product| systems.iter().find(|is| Some(is.id) == product.system)?.team)
        .collect();
    teams.sort_unstable();
    teams.dedup();
    for team in teams {
        if let Some(wished) = app.store.wishes(org, team).await? {
            let wishes = Wishes::of(&wished.told).for_engine(now);
            if quiet_until(&wishes, now).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn sent(
    app: &App,
    (org, id): (Org, i64),
    to: String,
    document: Document,
    now: Timestamp,
) -> Result<(Became, String), Refused> {
    let mail = app.settings.notices.mail.clone();
    let here = here(app, org).await?;
    let name = format!("supplier.{here}.{id}.{}", now.as_microsecond());
    let outcome = blocking(move || {
        let server = mail.ok_or_else(|| NotSent::Refused(NO_MAIL.to_owned()))?;
        let at = (server.host.as_str(), server.port);
        let from_to = (server.from.as_str(), to.as_str());
        let (text, html) = (plain(&document), html(&document));
        let written = Written { id: &name, subject: &document.title, text: &text, html: &html };
        Mail::new(at, server.security, server.login, from_to, PATIENCE)?.send_written(&written)
    })
    .await?;
    Ok(match outcome {
        Ok(()) => (Became::Sent, String::new()),
        Err(NotSent::Unknown(why)) => (Became::Unknown, why),
        Err(NotSent::Later(why, _)) => (Became::Later, why),
        Err(NotSent::Refused(why)) => (Became::Refused, why),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trimtab_engine::supplier::obligations::Judged;
    use trimtab_store::{NewQuestion, NewSupplier, Product, QuestionState};

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn supplier() -> Supplier {
        let promised =
            Promised { fresh_days: Some(30), notice_hours: Some(72), ..Promised::default() };
        Supplier {
            id: 1,
            is: NewSupplier {
                name: "Northwind".into(),
                contact: "psirt@northwind.example".into(),
                contract: String::new(),
                contract_ends: None,
                obligations: json!(promised),
            },
            made: at(0),
            ended: None,
            promised: json!({}),
            version: 1,
        }
    }

    fn kept(judged: Vec<Judged>, waiting: Vec<Question>) -> Kept {
        let product = Product {
            id: 2,
            supplier: 1,
            name: "Gateway".into(),
            asset: 3,
            system: None,
            newest: None,
            made: at(0),
        };
        Kept { product, findings: None, score: None, judged, waiting }
    }

    #[test]
    fn nothing_that_was_found_here_is_told() {
        let judged = |promise, standing, due| Judged {
            promise,
            standing,
            shown: "CVE-2026-1 in hidden-lib is late".to_owned(),
            due,
        };
        let all = vec![
            judged(Promise::Notice, Standing::NotMet(at(3)), None),
            judged(Promise::Freshness, Standing::Met, Some(at(14))),
            judged(Promise::Vex, Standing::Met, Some(at(12))),
            judged(Promise::Vex, Standing::NotMet(at(4)), None),
        ];
        let told = things(&supplier(), &kept(all, Vec::new()), at(10));
        let items: Vec<&str> = told.iter().map(|one| one.item.as_str()).collect();
        assert_eq!(items, ["due-2-freshness"], "a day of a finding tells of it, too");
        assert!(told.iter().all(|one| !one.text.contains("hidden")), "{told:?}");
        assert!(told[0].text.contains("due on 1970-01-15"), "{told:?}");
    }

    #[test]
    fn a_question_is_told_when_it_is_asked_and_when_it_is_late() {
        let question = Question {
            id: 7,
            is: NewQuestion {
                supplier: 1,
                product: 2,
                finding: None,
                vulnerability: Some("CVE-2026-2".into()),
                words: "Are you affected?".into(),
                author: 1,
                author_role: "security".into(),
                due: at(20),
            },
            asked: at(6),
            state: QuestionState::Asked,
            answer: None,
            decision: None,
        };
        let of = |now| things(&supplier(), &kept(Vec::new(), vec![question.clone()]), at(now));
        let (early, late) = (of(10), of(21));
        assert_eq!((&*early[0].item, &*early[0].mark), ("question-7", "asked"));
        assert_eq!((&*late[0].item, &*late[0].mark), ("question-7", "late"));
        assert!(early[0].text.ends_with("by 1970-01-21: Are you affected?"), "{early:?}");
    }
}
