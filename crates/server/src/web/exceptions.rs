//! The register: what is asked for, in force, over. One decision is in `exception.rs`.

use std::collections::HashMap;

use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Exceptions;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Figure, Figures, Filter, Link, Mark, Row, Table, Tabs, When, number,
};
use trimtab_store::{Cursor, Decision, DecisionFilter, DecisionState, Team};

use super::facets::answers;
use super::findings::with;
use super::today::short;
use super::{Page, Sorry, asking, count, html, layout, pager};
use crate::access::{Action, Who};
use crate::api::{cursor, decisions, findings, moment, visible};
use crate::deciding::{self, kind};
use crate::facts::register;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

/// How many are shown at once.
const SHOWN: usize = 100;

/// The tabs: word in the address and what people read.
const TABS: [(&str, &str); 4] = [
    ("asked", "Asked"),
    ("in-force", "In force"),
    ("expired", "Expired"),
    ("over", "Refused or ended"),
];

/// Which of them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    state: Option<String>,
    q: Option<String>,
    /// Only those that touch a team.
    team: Option<i64>,
    system: Option<i64>,
    kind: Option<String>,
    /// With an end at or before a time.
    expires_before: Option<String>,
    after: Option<String>,
}

/// How soon an end is near.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(wanted): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let team = match wanted.team {
        None => None,
        Some(id) => Some(super::team::find(&app, &who, id).await?.0),
    };
    let chosen = Chosen::of(&wanted, team)?;
    let of = chosen.team_id();
    let all = chosen.tabs(now);
    // In whole seconds, as it stands in the address.
    let soon = now + SOON;
    let soon = chosen.by(Timestamp::from_second(soon.as_second()).unwrap_or(soon));
    let counts = Counts::of(&app, &who, (&all, of), soon).await?;
    // What waits for an answer first; where nothing does, what is in force.
    let first = if counts.asked == 0 && counts.held > 0 { "in-force" } else { "asked" };
    let word = wanted.state.as_deref().filter(|word| !word.is_empty()).unwrap_or(first);
    let shown = TABS.iter().position(|t| t.0 == word).unwrap_or(0);
    let names = names(&app, who.org).await?;
    let filter = all.into_iter().nth(shown).unwrap_or_default();
    let after = cursor(wanted.after.as_deref())?;
    let page = register::page(&app, &who, &filter, of, (after, SHOWN)).await?;
    let headline = counts.headline(chosen.is_narrow());
    let layout = layout(&app, &who, Entry::Exceptions, "Exceptions", headline).await?;
    let next = page.next.map(Cursor::to_text);
    let table = Table {
        title: TABS.get(shown).map_or("", |t| t.1).to_owned(),
        bulk: bulk(shown, &who, &layout.csrf),
        pager: pager(page.rows.len(), after.is_none(), next, |next| {
            chosen.address(word, &[("after", &next)])
        }),
        ..table(&app, &who, &page.rows, &names, now).await?
    };
    let tab = |(to, text): &(&str, &str)| Link::to(*text, chosen.address(to, &[]));
    Ok(html(&Exceptions {
        layout,
        figures: counts.figures(&chosen, soon),
        tabs: Tabs { label: "State".to_owned(), tabs: TABS.iter().map(tab).collect(), shown },
        filter: questions(&app, &who, &chosen, word).await?,
        table,
        exports: vec![
            Link::to("CSV", "/exceptions/register.csv"),
            Link::to("JSON", "/exceptions/register.json"),
        ],
    }))
}

/// What is asked for, understood.
struct Chosen<'a> {
    asked: &'a Asked,
    team: Option<Team>,
    /// What is looked for, in small letters.
    text: String,
    /// With an end at or before a time.
    before: Option<Timestamp>,
    /// What narrows every tab.
    filter: DecisionFilter,
}

impl<'a> Chosen<'a> {
    fn of(asked: &'a Asked, team: Option<Team>) -> Result<Chosen<'a>, Problem> {
        let text = asked.q.as_deref().unwrap_or_default().trim().to_lowercase();
        let before = moment("expires_before", asked.expires_before.as_deref())?;
        let filter = DecisionFilter {
            text: Some(text.clone()).filter(|text| !text.is_empty()),
            kind: decisions::kind(asked.kind.as_deref())?,
            system: asked.system,
            ends_by: before,
            ..DecisionFilter::default()
        };
        Ok(Chosen { asked, team, text, before, filter })
    }

    fn team_id(&self) -> Option<i64> {
        self.team.as_ref().map(|team| team.id)
    }

    fn is_narrow(&self) -> bool {
        self.team.is_some() || self.filter != DecisionFilter::default()
    }

    /// A time, or the one that is asked for, where that is before it.
    fn by(&self, at: Timestamp) -> Timestamp {
        self.before.map_or(at, |before| before.min(at))
    }

    /// What each tab lists.
    fn tabs(&self, now: Timestamp) -> [DecisionFilter; TABS.len()] {
        let states = |states: &[DecisionState]| DecisionFilter {
            states: states.to_vec(),
            ..self.filter.clone()
        };
        let approved = states(&[DecisionState::Approved]);
        [
            states(&[DecisionState::Asked]),
            DecisionFilter { ends_after: Some(now), ..approved.clone() },
            DecisionFilter { ends_by: Some(self.by(now)), ..approved },
            states(&[DecisionState::Refused, DecisionState::Ended]),
        ]
    }

    /// The list in a state, with some other members changed.
    fn address(&self, state: &str, changed: &[(&str, &str)]) -> String {
        let id = |id: Option<i64>| id.map(|id| id.to_string());
        let members = [
            ("state", Some(state.to_owned())),
            ("team", id(self.team_id())),
            ("system", id(self.asked.system)),
            ("kind", self.asked.kind.clone()),
            ("expires_before", self.before.map(|at| at.to_string())),
            ("q", self.asked.q.clone()),
            ("after", None),
        ];
        asking("/exceptions", &with(members, changed))
    }
}

/// How many decisions each number counts: what is counted is what the list has that it opens.
struct Counts {
    asked: i64,
    held: i64,
    expired: i64,
    /// In force, and ending soon.
    ending: i64,
}

impl Counts {
    async fn of(
        app: &App,
        who: &Who,
        (tabs, team): (&[DecisionFilter; TABS.len()], Option<i64>),
        soon: Timestamp,
    ) -> Result<Counts, Problem> {
        let [asked, held, expired, _] = tabs;
        let ending = DecisionFilter { ends_by: Some(soon), ..held.clone() };
        Ok(Counts {
            asked: register::count(app, who, asked, team).await?,
            held: register::count(app, who, held, team).await?,
            expired: register::count(app, who, expired, team).await?,
            ending: register::count(app, who, &ending, team).await?,
        })
    }

    fn headline(&self, is_narrow: bool) -> String {
        let of_those = if is_narrow { "Of what is chosen, " } else { "" };
        match (self.asked, self.ending) {
            (0, 0) if is_narrow => {
                "Of what is chosen, nothing waits for an answer, and nothing ends within 14 days."
                    .to_owned()
            }
            (0, 0) => "Nothing waits for an answer, and nothing ends within 14 days.".to_owned(),
            (0, ending) => format!(
                "{of_those}{} within 14 days; nothing waits for an answer.",
                count(ending, "decision ends", "decisions end")
            ),
            (asked, ending) => format!(
                "{of_those}{} for an answer; {} within 14 days.",
                count(asked, "decision waits", "decisions wait"),
                match ending {
                    0 => "none ends".to_owned(),
                    _ => count(ending, "ends", "end"),
                }
            ),
        }
    }

    fn figures(&self, chosen: &Chosen<'_>, soon: Timestamp) -> Figures {
        let figure = |number: i64, label: &str, state: &str, members: &[(&str, &str)]| {
            Figure::of(number.to_string(), label, chosen.address(state, members))
        };
        let until = soon.to_string();
        let until = [("expires_before", until.as_str())];
        Figures(vec![
            figure(self.asked, "asked", "asked", &[]),
            figure(self.held, "in force", "in-force", &[]),
            figure(self.ending, "end within 14 days", "in-force", &until),
            figure(self.expired, "expired", "expired", &[]),
        ])
    }
}

/// What can be done with those that are chosen in a tab.
fn bulk(shown: usize, who: &Who, csrf: &str) -> Option<Bulk> {
    let verbs: &[(&str, &str)] = match shown {
        0 => &[("approve", "Approve"), ("refuse", "Refuse")],
        1 => &[("end", "End now")],
        _ => &[],
    };
    (!verbs.is_empty() && who.may_somewhere(Action::Answer)).then(|| Bulk {
        action: "/exceptions/chosen".into(),
        csrf: csrf.to_owned(),
        verbs: verbs.iter().map(|(word, text)| ((*word).into(), (*text).into())).collect(),
    })
}

/// The questions above the list, and what is chosen of them.
async fn questions(
    app: &App,
    who: &Who,
    chosen: &Chosen<'_>,
    state: &str,
) -> Result<Filter, Problem> {
    let Chosen { asked, team, before, .. } = chosen;
    let mut kept = vec![("state".to_owned(), state.to_owned())];
    kept.extend(chosen.team_id().map(|team| ("team".to_owned(), team.to_string())));
    kept.extend(asked.system.map(|system| ("system".to_owned(), system.to_string())));
    kept.extend(before.map(|at| ("expires_before".to_owned(), at.to_string())));
    let chip = |name: &str, text: String| Link::to(text, chosen.address(state, &[(name, "")]));
    let mut chips = Vec::new();
    if let Some(team) = team {
        chips.push(chip("team", format!("team: {}", team.name)));
    }
    if let Some(id) = asked.system {
        let systems = app.store.systems(who.org).await?;
        let seen = visible(who, &systems).is_none_or(|visible| visible.contains(&id));
        let is = systems.iter().find(|s| s.id == id && seen);
        let name = is.map_or(id.to_string(), |s| s.name.clone());
        chips.push(chip("system", format!("system: {name}")));
    }
    if let Some(at) = before {
        chips.push(chip("expires_before", format!("ends by {}", at.strftime("%Y-%m-%d"))));
    }
    let kinds = [("exception", "accept until a date"), ("not-affected", "not affected")];
    let text = chosen.text.clone();
    Ok(Filter {
        action: "/exceptions".into(),
        chips,
        facets: vec![answers("kind", "Kind", asked.kind.as_deref(), &kinds)],
        kept,
        search: Some(("q".to_owned(), "Package, vulnerability or person".to_owned(), text)),
        clear: "/exceptions".into(),
        ..Filter::default()
    })
}

/// Decisions in a list.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn table(
    app: &App,
    who: &Who,
    decisions: &[Decision],
    names: &HashMap<i64, String>,
    now: Timestamp,
) -> Result<Table, Problem> {
    let systems = app.store.systems(who.org).await?;
    let visible = visible(who, &systems);
    let mut rows = Vec::new();
    for decision in decisions.iter().take(SHOWN) {
        let is = &decision.is;
        let found = deciding::covered(app, who.org, is, visible.clone(), 50).await?;
        let gravest = found.first().and_then(|f| f.weighed.as_ref()).map(|w| w.level);
        let load: f64 = found.iter().filter_map(|f| f.weighed.as_ref()).map(|w| w.weight).sum();
        let here = format!("/exceptions/{}", decision.id);
        let system = is.system.and_then(|id| systems.iter().find(|s| s.id == id));
        let what = match system {
            Some(system) => format!("{} in {}", what(decision), system.name),
            None => what(decision),
        };
        let cells = vec![
            Cell::Mark(Mark::from(gravest)),
            Cell::Name(Link::to(what.clone(), here.clone()), kind(is.kind).to_owned()),
            Cell::text(is.reason.chars().take(120).collect::<String>()),
            Cell::text(name(names, is.author)),
            Cell::link(number(load), here),
            match is.expires {
                Some(end) => Cell::Due(When::of(end, now), end < now),
                None => Cell::text("until the advisory changes"),
            },
        ];
        rows.push(Row { id: decision.id.to_string(), label: what, cells });
    }
    let pager = (decisions.len() > SHOWN).then(|| trimtab_pages::part::Pager {
        shown: format!("the newest {SHOWN} of {}", decisions.len()),
        ..trimtab_pages::part::Pager::default()
    });
    Ok(Table {
        columns: vec![
            Column::left("Gravest").kept(),
            Column::left("What").kept(),
            Column::left("Reason"),
            Column::left("Asked by"),
            Column::right("Load"),
            Column::right("Until").kept(),
        ],
        rows,
        pager,
        empty: Empty {
            why: "There are none. Ask for one on the page of a finding.".to_owned(),
            next: Some(Link::to("Findings", "/findings")),
        },
        ..Table::default()
    })
}

/// What a decision is about, in a few words.
pub(crate) fn what(is: &Decision) -> String {
    let package = is.is.package.as_deref().map(|p| short(p).0);
    match (is.is.vulnerability.as_deref(), package) {
        (Some(id), Some(package)) => format!("{id} in {package}"),
        (Some(id), None) => id.to_owned(),
        (None, Some(package)) => package,
        (None, None) => format!("decision {}", is.id),
    }
}
