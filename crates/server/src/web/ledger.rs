//! The ledger: what happened, the newest first; and whether its chain holds.

use std::collections::{BTreeMap, HashMap};

use axum::Form;
use axum::extract::{Query, State};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use trimtab_pages::Entry as Place;
use trimtab_pages::page::Ledger;
use trimtab_pages::part::{
    Cell, Choice, Column, Empty, Facet, Field, Filter, Form as View, Input, Link, Notice, Pager,
    Row, Table, Urgency, When, number,
};
use trimtab_store::{Entry, EventKind, LedgerFilter};

use super::findings::encode;
use super::{Page, Sorry, count, html, layout, own_form};
use crate::access::{Action, On, Who};
use crate::api::cursor;
use crate::facts::verified::{PART, verify as verify_part};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

/// How many entries a page has.
const ROWS: usize = 100;
/// How many members of an entry's data are told, and how much of each.
const MEMBERS: usize = 6;
const LONGEST: usize = 80;

/// What narrows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    kind: String,
    /// A system, an asset, the number of a finding, or a person, by name.
    about: String,
    /// A day.
    since: String,
    after: Option<String>,
}

impl Asked {
    /// The address of the list with a member changed.
    fn address(&self, changed: &str, value: &str) -> String {
        let members = [("kind", &self.kind), ("about", &self.about), ("since", &self.since)]
            .map(|(name, is)| (name, if name == changed { value } else { is.as_str() }));
        let pairs: Vec<String> = members
            .iter()
            .filter(|(_, is)| !is.is_empty())
            .map(|(name, is)| format!("{name}={}", encode(is)))
            .collect();
        if pairs.is_empty() { "/ledger".to_owned() } else { format!("/ledger?{}", pairs.join("&")) }
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, &asked, (None, None)).await
}

/// What the button sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    /// Where a part before ended.
    after: Option<String>,
}

pub(crate) async fn verify(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let held = match verify_part(&app, &who, sent.after.as_deref(), PART).await {
        Ok(held) => held,
        Err(busy) if busy.status == 409 => {
            let notice = Notice { urgency: Urgency::Warning, text: busy.detail, next: None };
            return show(&app, &who, &Asked::default(), (Some(notice), None)).await;
        }
        Err(problem) => return Err(problem.into()),
    };
    let (is, entries) = (&held.is, count(held.is.seq, "entry was", "entries were"));
    let (urgency, text) = match &is.broken {
        None if is.is_whole => {
            (Urgency::Done, format!("{entries} verified: every seal matches, and none is missing."))
        }
        None => (
            Urgency::Note,
            format!(
                "{entries} verified of {}: every seal matches so far. Continue with the rest.",
                is.entries
            ),
        ),
        Some(broken) => (
            Urgency::Warning,
            format!("The chain breaks at entry {}: {}.", broken.seq, broken.what),
        ),
    };
    let notice = Notice { urgency, text, next: None };
    show(&app, &who, &Asked::default(), (Some(notice), held.next)).await
}

/// `verified`: what was said of it, and where verifying goes on.
async fn show(
    app: &App,
    who: &Who,
    asked: &Asked,
    verified: (Option<Notice>, Option<String>),
) -> Page {
    let (flash, goes_on) = verified;
    who.must(Action::Audit, On::ALL)?;
    let now = app.now();
    let (filter, unknown) = understood(app, who, asked).await?;
    let after = cursor(asked.after.as_deref())?;
    let found = match unknown {
        true => trimtab_store::Page { rows: Vec::new(), next: None },
        false => app.store.entries(who.org, &filter, after, ROWS).await?,
    };
    let headline = match found.rows.first() {
        Some(last) if asked.after.is_none() => {
            let at = Timestamp::from_microsecond(last.at).unwrap_or(now);
            format!("The last entry, number {}, was made {}.", last.seq, When::of(at, now).words())
        }
        Some(first) => format!("Entries up to number {}.", first.seq),
        None => "No entry matches.".to_owned(),
    };
    let told = Telling::of(app, who, &found.rows).await?;
    let mut layout = layout(app, who, Place::Ledger, "Ledger", headline).await?;
    layout.flash = flash;
    let next = found.next.map(|next| {
        let here = asked.address("", "");
        let sign = if here.contains('?') { '&' } else { '?' };
        format!("{here}{sign}after={}", next.to_text())
    });
    let entries = Table {
        title: "Entries".to_owned(),
        columns: vec![
            Column::left("What").kept(),
            Column::left("About").kept(),
            Column::left("Who"),
            Column::right("Number"),
            Column::right("When").kept(),
        ],
        rows: found.rows.iter().map(|entry| told.row(entry, now)).collect(),
        pager: (next.is_some() || asked.after.is_some()).then(|| Pager {
            shown: format!("{} shown", found.rows.len()),
            before: if asked.after.is_some() { asked.address("", "").into() } else { "".into() },
            after: next.unwrap_or_default().into(),
        }),
        empty: Empty {
            why: match unknown {
                true => format!("Nothing here is called `{}`.", asked.about.trim()),
                false => "Nothing of this kind happened.".to_owned(),
            },
            next: Some(Link::to("The whole ledger", "/ledger")),
        },
        ..Table::default()
    };
    let verify = View {
        action: "/ledger/verify".into(),
        csrf: layout.csrf.clone(),
        submit: if goes_on.is_some() { "Continue verifying" } else { "Verify the ledger" }
            .to_owned(),
        fields: goes_on
            .map(|next| Field::new("after", "", Input::Hidden).holding(next))
            .into_iter()
            .collect(),
        ..View::default()
    };
    let about = "Every entry is sealed by the hash of the one before it, so that nothing can be changed, left out or put in \
                 between without being seen. `trimtab ledger export` writes all of it, and anybody can check that without \
                 this server."
        .to_owned();
    Ok(html(&Ledger { layout, filter: facets(asked), entries, about, verify }))
}

/// The filter that is asked for, and whether it names something that is not there.
async fn understood(app: &App, who: &Who, asked: &Asked) -> Result<(LedgerFilter, bool), Problem> {
    let kind = match asked.kind.as_str() {
        "" => None,
        word => Some(
            EventKind::from_text(word)
                .ok_or_else(|| Problem::invalid("`kind` is not a kind of the ledger."))?,
        ),
    };
    let since = match asked.since.trim() {
        "" => None,
        text => {
            let day: Option<Date> = text.parse().ok();
            let at = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            let wrong = || Problem::invalid("`since` must be a day such as 2026-11-21.");
            Some(at.ok_or_else(wrong)?.timestamp())
        }
    };
    let mut filter = LedgerFilter { kind, since, ..LedgerFilter::default() };
    let about = asked.about.trim();
    if about.is_empty() {
        return Ok((filter, false));
    }
    if let Ok(id) = about.parse::<i64>() {
        filter.finding = Some(id);
        return Ok((filter, false));
    }
    if let Some(asset) = app.store.asset_of_name(who.org, about).await? {
        filter.asset = Some(asset.id);
        return Ok((filter, false));
    }
    let systems = app.store.systems(who.org).await?;
    if let Some(system) = systems.iter().find(|s| s.name == about) {
        filter.system = Some(system.id);
        return Ok((filter, false));
    }
    let people = app.store.people(who.org).await?;
    let is = |p: &&trimtab_store::Person| p.name == about || p.email == about;
    filter.actor = match people.iter().find(is) {
        Some(person) => Some(format!("person:{}", person.id)),
        None if about == "trimtab" || about.starts_with("token:") => Some(about.to_owned()),
        None => None,
    };
    let unknown = filter.actor.is_none();
    Ok((filter, unknown))
}

fn facets(asked: &Asked) -> Filter {
    let choice = |value: &str, text: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        count: None,
        chosen: asked.kind == value,
    };
    let mut kinds = vec![choice("", "any")];
    kinds.extend(EventKind::ALL.iter().map(|kind| choice(kind.as_str(), kind.as_str())));
    let chips = [("kind", &asked.kind), ("about", &asked.about), ("since", &asked.since)];
    let chips = chips.iter().filter(|(_, is)| !is.is_empty());
    Filter {
        action: "/ledger".into(),
        search: Some((
            "about".to_owned(),
            "System, asset, finding or person".to_owned(),
            asked.about.clone(),
        )),
        dates: vec![("since".to_owned(), "Since".to_owned(), asked.since.clone())],
        facets: vec![Facet {
            name: "kind".to_owned(),
            text: "Kind".to_owned(),
            choices: kinds,
            single: true,
        }],
        chips: chips
            .map(|(name, is)| Link::to(format!("{name}: {is}"), asked.address(name, "")))
            .collect(),
        clear: "/ledger".into(),
        ..Filter::default()
    }
}

/// The names by which entries are told.
struct Telling {
    people: HashMap<i64, String>,
    tokens: HashMap<i64, String>,
    systems: HashMap<i64, String>,
    assets: BTreeMap<i64, String>,
}

impl Telling {
    async fn of(app: &App, who: &Who, entries: &[Entry]) -> Result<Telling, Problem> {
        let assets: Vec<i64> = entries.iter().filter_map(|entry| entry.asset).collect();
        let tokens = app.store.tokens(who.org).await?;
        let systems = app.store.systems(who.org).await?;
        Ok(Telling {
            people: names(app, who.org).await?,
            tokens: tokens.into_iter().map(|token| (token.id, token.name)).collect(),
            systems: systems.iter().map(|s| (s.id, s.name.clone())).collect(),
            assets: app.store.asset_names(who.org, &assets).await?,
        })
    }

    fn actor(&self, word: &str) -> String {
        match word.split_once(':') {
            Some(("person", id)) => id.parse().map_or(word.to_owned(), |id| name(&self.people, id)),
            Some(("token", id)) => {
                let known = id.parse().ok().and_then(|id: i64| self.tokens.get(&id));
                known.map_or_else(|| format!("token {id}"), |name| format!("token {name}"))
            }
            _ => word.to_owned(),
        }
    }

    fn row(&self, entry: &Entry, now: Timestamp) -> Row {
        let about = match (entry.finding, entry.asset, entry.system) {
            (Some(id), _, _) => Cell::link(format!("finding {id}"), format!("/findings/{id}")),
            (None, Some(id), _) => {
                let name = self.assets.get(&id).cloned();
                let name = name.unwrap_or_else(|| format!("asset {id}"));
                Cell::link(name, format!("/findings?state=any&asset={id}"))
            }
            (None, None, Some(id)) => {
                let name = self.systems.get(&id).cloned();
                let name = name.unwrap_or_else(|| format!("system {id}"));
                Cell::link(name, format!("/systems/{id}"))
            }
            (None, None, None) => Cell::text("the organisation"),
        };
        let at = Timestamp::from_microsecond(entry.at);
        Row::of(vec![
            Cell::Name(
                Link::to(entry.kind.clone(), format!("/ledger?kind={}", encode(&entry.kind))),
                told(&entry.data),
            ),
            about,
            Cell::text(self.actor(&entry.actor)),
            Cell::text(entry.seq.to_string()),
            at.map_or_else(
                |_| Cell::unknown("no time"),
                |at| Cell::Value(When::of(at, now).into()),
            ),
        ])
    }
}

/// The data of an entry in a few words, what was changed first: `share added, person 2`.
fn told(data: &str) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(data) else {
        return data.chars().take(LONGEST).collect();
    };
    let short = |text: String| -> String {
        match text.chars().count() > LONGEST {
            true => text.chars().take(LONGEST).chain(['…']).collect(),
            false => text,
        }
    };
    let word = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        // A digest by how it begins.
        Value::String(text) if is_digest(text) => {
            Some(text.chars().take(12).chain(['…']).collect())
        }
        Value::Number(is) => Some(
            is.as_i64()
                .map_or_else(|| number(is.as_f64().unwrap_or_default()), |whole| whole.to_string()),
        ),
        Value::String(text) => Some(match text.parse::<Timestamp>() {
            Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            Err(_) => short(text.clone()),
        }),
        Value::Array(all) if all.iter().all(|one| one.is_string() || one.is_number()) => {
            let all: Vec<String> = all
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect();
            Some(short(all.join(", "))).filter(|text| !text.is_empty())
        }
        other => Some(short(other.to_string())),
    };
    let what = members.get("what").and_then(Value::as_str).map(|what| what.replace('-', " "));
    let rest = members.iter().filter(|(name, _)| what.is_none() || *name != "what");
    let rest = rest.filter_map(|(name, value)| Some(format!("{name} {}", word(value)?)));
    let mut words: Vec<String> = what.iter().cloned().chain(rest).collect();
    let more = words.len().saturating_sub(MEMBERS);
    words.truncate(MEMBERS);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// Whether a text is the hash of something.
fn is_digest(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn data_is_told_in_a_few_words() {
        assert_eq!(
            told(r#"{"outcome":"ok","at":null,"n":3,"list":[1,"two"],"none":[]}"#),
            "list 1, two, n 3, outcome ok"
        );
        let many = r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}"#;
        assert!(told(many).ends_with("f 6, 2 more"));
        assert_eq!(told(r#"{"points":1.8421052,"n":12345}"#), "n 12345, points 1.8");
        assert_eq!(
            told(&format!(r#"{{"document":"{}"}}"#, "ab".repeat(32))),
            "document abababababab…"
        );
        assert_eq!(told("damaged"), "damaged");
        let share = r#"{"expires":"2026-12-14T12:54:44.109789281Z","what":"share-added"}"#;
        assert_eq!(told(share), "share added, expires 2026-12-14 12:54 UTC");
        assert_eq!(told(&format!("{{\"a\":\"{}\"}}", "x".repeat(200))).chars().count(), 83);
    }
}
