//! The API: one file per resource. Handlers know who asks, parse, ask the store, and convert.

pub(crate) mod alerting;
pub(crate) mod appeals;
pub(crate) mod assets;
pub(crate) mod board_mails;
pub(crate) mod calendar;
pub(crate) mod cards;
pub(crate) mod charters;
pub(crate) mod decisions;
pub(crate) mod delivery;
pub(crate) mod deployments;
pub(crate) mod documents;
pub(crate) mod feeds;
pub(crate) mod finding;
pub(crate) mod findings;
pub(crate) mod goals;
pub(crate) mod groups;
pub(crate) mod handoffs;
pub(crate) mod health;
pub(crate) mod incidents;
pub(crate) mod jobs;
pub(crate) mod kubernetes;
pub(crate) mod ledger;
pub(crate) mod lessons;
pub(crate) mod maturity;
pub(crate) mod mergers;
pub(crate) mod metrics;
pub(crate) mod notices;
pub(crate) mod own_digest;
pub(crate) mod packages;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod plans;
pub(crate) mod published;
pub(crate) mod reference;
pub(crate) mod releases;
pub(crate) mod reports;
pub(crate) mod reviews;
pub(crate) mod risks;
pub(crate) mod rota;
pub(crate) mod search;
pub(crate) mod shares;
pub(crate) mod snapshots;
pub(crate) mod supplied;
pub(crate) mod suppliers;
pub(crate) mod systems;
pub(crate) mod teams;
pub(crate) mod tickets;
pub(crate) mod today;
pub(crate) mod tokens;
pub(crate) mod trackers;
pub(crate) mod updates;
mod verdict;
pub(crate) mod verdicts;
pub(crate) mod vulnerabilities;
pub(crate) mod what_if;
pub(crate) mod where_is;
pub(crate) mod wishes;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use trimtab_model::charter::Charter;
use trimtab_report::minutes::{self, Document};
use trimtab_store::{Asset, Cursor, Org, Page, Store, StoreError, System};
use utoipa::ToSchema;

use crate::access::{Action, On, Who};
use crate::problem::Problem;

/// The asset of a name, to which they may do something.
///
/// # Errors
/// There is none, or they may not.
pub(crate) async fn asset_for(
    store: &Store,
    who: &Who,
    action: Action,
    name: &str,
) -> Result<Asset, Problem> {
    let missing = || Problem::invalid(format!("There is no asset `{name}`."));
    let asset = store.asset_of_name(who.org, name).await?.ok_or_else(missing)?;
    who.must(action, on(store, who.org, asset.system).await?)?;
    Ok(asset)
}

/// A document as PDF.
///
/// # Errors
/// It cannot be written, which is our fault: the log says why.
pub(crate) fn pdf(document: &Document) -> Result<Vec<u8>, Problem> {
    minutes::pdf(document).map_err(|why| {
        tracing::error!(why, title = document.title, "a PDF cannot be written");
        Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR, "")
    })
}

/// That a charter has an environment of a name.
///
/// # Errors
/// It has none; which it has is told.
pub(crate) fn has_environment(charter: &Charter, name: &str) -> Result<(), Problem> {
    if charter.environment(name).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = charter.environments.iter().map(|e| &*e.name).collect();
    let known = known.join(", ");
    Err(Problem::invalid(format!("The charter has no environment `{name}`: it has {known}.")))
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// What is listed.
    pub(crate) rows: Vec<T>,
    /// What to send as `after` for the next page.
    pub(crate) next: Option<String>,
}

impl<T> Listed<T> {
    /// A page of a list that is at hand whole: what comes after the row of a key, in the order of the keys.
    ///
    /// # Errors
    /// `after` is no key.
    pub(crate) fn part<F>(
        all: &mut [F],
        key: impl Fn(&F) -> Key,
        page: (Option<&str>, usize),
        shown: impl Fn(&F) -> T,
    ) -> Result<Listed<T>, Problem> {
        let (rows, next) = part(all, key, page)?;
        Ok(Listed { rows: rows.iter().map(shown).collect(), next })
    }

    /// A page of the store, as it goes over the wire.
    pub(crate) fn of<F>(page: &Page<F>) -> Listed<T>
    where
        T: for<'f> From<&'f F>,
    {
        let next = page.next.map(Cursor::to_text);
        Listed { rows: page.rows.iter().map(T::from).collect(), next }
    }
}

/// What a list that is at hand whole is in the order of: a name, and the id where two have one name.
pub(crate) type Key = (String, i64);

/// The rows of a list that come after a key, at most so many, in the order of the keys, and the key of the last if
/// there are more. The row of the key may have gone away.
///
/// # Errors
/// `after` is no key.
pub(crate) fn part<'f, F>(
    all: &'f mut [F],
    key: impl Fn(&F) -> Key,
    (after, limit): (Option<&str>, usize),
) -> Result<(&'f [F], Option<String>), Problem> {
    // Not as the store sorts: one engine follows a language in it, the other goes by bytes.
    all.sort_by_cached_key(&key);
    let begin = match after.filter(|after| !after.is_empty()) {
        None => 0,
        Some(after) => {
            let after = after.split_once('.').and_then(|(id, name)| {
                let id: i64 = id.parse().ok()?;
                Some((name.to_owned(), id))
            });
            let after = after.ok_or_else(no_next)?;
            all.partition_point(|row| key(row) <= after)
        }
    };
    let rest = all.get(begin..).unwrap_or_default();
    let rows = rest.get(..limit).unwrap_or(rest);
    let next = (rest.len() > rows.len()).then(|| rows.last().map(key)).flatten();
    Ok((rows, next.map(|(name, id)| format!("{id}.{name}"))))
}

fn no_next() -> Problem {
    Problem::invalid("`after` is not a `next` value of an earlier page")
}

/// A whole list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rows<T> {
    /// What is listed.
    pub(crate) rows: Vec<T>,
}

/// Something by its id, with its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Named {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl From<&(i64, String)> for Named {
    fn from((id, name): &(i64, String)) -> Named {
        Named { id: *id, name: name.clone() }
    }
}

/// What was made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    pub(crate) id: i64,
}

/// What was asked for or answered, and how it stands with it now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stands {
    pub(crate) id: i64,
    pub(crate) state: &'static str,
}

/// Where a page begins, from what was sent.
pub(crate) fn cursor(after: Option<&str>) -> Result<Option<Cursor>, Problem> {
    match after {
        None | Some("") => Ok(None),
        Some(text) => Cursor::from_text(text).map(Some).ok_or_else(no_next),
    }
}

/// A time that was sent, by the name of its member.
///
/// # Errors
/// It is none.
pub(crate) fn moment(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong =
        |_| Problem::invalid(format!("`{name}` must be a time such as 2026-11-21T09:00:00Z."));
    text.parse().map(Some).map_err(wrong)
}

/// How many rows a page has: 1 to 500, 100 where nobody says.
pub(crate) fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(100).clamp(1, 500)
}

/// What changes with every change of something.
pub(crate) fn version(shown: &impl Serialize) -> String {
    let text = serde_json::to_vec(shown).unwrap_or_default();
    crate::around::tags::tag(&text).trim_matches('"').to_owned()
}

/// What is done to something of a system.
pub(crate) async fn on(store: &Store, org: Org, system: Option<i64>) -> Result<On, Problem> {
    let Some(id) = system else { return Ok(On::ALL) };
    let systems = store.systems(org).await?;
    let team = systems.iter().find(|s| s.id == id).and_then(|s| s.team);
    Ok(On { system, team })
}

/// In how many of the newest snapshots of an asset a revision is looked for.
const NEWEST: usize = 500;

/// The newest snapshot of an asset that was made of a revision.
pub(crate) async fn snapshot_of(
    store: &Store,
    org: Org,
    asset: i64,
    revision: &str,
) -> Result<Option<i64>, StoreError> {
    let all = store.snapshots(org, asset, NEWEST).await?;
    Ok(all.iter().find(|s| s.revision.as_deref() == Some(revision)).map(|s| s.id))
}

/// The systems that they may see. `None`: all.
pub(crate) fn visible(who: &Who, systems: &[System]) -> Option<Vec<i64>> {
    where_may(who, Action::View, systems)
}

/// The systems where they may do something. `None`: everywhere.
pub(crate) fn where_may(who: &Who, action: Action, systems: &[System]) -> Option<Vec<i64>> {
    if who.may(action, On::ALL) {
        return None;
    }
    let may = |s: &&System| who.may(action, On { system: Some(s.id), team: s.team });
    Some(systems.iter().filter(may).map(|s| s.id).collect())
}

#[cfg(test)]
mod tests {
    use super::part;

    fn key(row: &(&str, i64)) -> super::Key {
        (row.0.to_owned(), row.1)
    }

    #[test]
    fn pages_of_a_list_are_the_list() {
        // As a store that follows a language sorts them, and one that takes ids for words.
        let all = [("a", 1), ("B", 2), ("c", 10), ("c", 9), ("Ä", 3), ("d.1", 4)];
        let sorted = [("B", 2), ("a", 1), ("c", 9), ("c", 10), ("d.1", 4), ("Ä", 3)];
        for limit in 1..7 {
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let mut all = all;
                let (rows, next) = part(&mut all, key, (after.as_deref(), limit)).unwrap();
                told.extend_from_slice(rows);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(told, sorted, "{limit}");
        }
    }

    #[test]
    fn the_row_of_a_key_may_have_gone_away() {
        let from = |all: &[(&'static str, i64)], after: &str| {
            let mut all = all.to_vec();
            part(&mut all, key, (Some(after), 9)).map(|(rows, _)| rows.to_vec())
        };
        let all = [("C", 1), ("b", 9), ("b", 11), ("c", 3)];
        assert_eq!(from(&all, "10.b").unwrap(), [("b", 11), ("c", 3)], "ids are numbers");
        assert_eq!(from(&all, "2.Z").unwrap(), all[1..], "capitals are before small letters");
        assert_eq!(from(&all, "3.c").unwrap(), []);
        for wrong in ["c", "x.c", "."] {
            assert!(from(&all, wrong).is_err(), "{wrong}");
        }
    }
}
