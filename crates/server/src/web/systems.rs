//! Systems: what the business knows by name, with its load and deadlines.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::Systems;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Filter, Link, Mark, Row, Table, When, number,
};
use trimtab_store::{Deployed, FindingFilter, Group, GroupBy, System, Team};

use super::facets::answers;
use super::findings::with;
use super::{Page, Sorry, asking, count, counted, html, is_unsent, layout, pager, unless_unsent};
use crate::access::{Action, On, Who};
use crate::api::systems::{Asked, marked};
use crate::api::{findings, part, visible};
use crate::problem::Problem;
use crate::state::App;

/// How many are shown at once.
const SHOWN: usize = 200;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let visible = visible(&who, &systems);
    let filter =
        FindingFilter { counts: Some(true), systems: visible.clone(), ..FindingFilter::default() };
    let groups =
        app.store.group_findings(who.org, &filter, GroupBy::System, systems.len() + 1).await?;
    let of: HashMap<&str, &Group> = groups.iter().map(|g| (g.key.as_str(), g)).collect();
    let is_unsent = groups.is_empty() && is_unsent(&app, &who, visible.as_deref()).await?;
    let mut of_system: HashMap<i64, Vec<Deployed>> = HashMap::new();
    for one in app.store.deployed_by_system(who.org).await? {
        of_system.entry(one.system).or_default().push(one);
    }
    let mut chosen = asked.chosen(&systems, visible.as_deref())?;
    let total = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
    let key = |s: &&System| (s.name.clone(), s.id);
    let (shown, next) = part(&mut chosen, key, (asked.after.as_deref(), SHOWN))?;
    let agreed = app.agreed(who.org, now).await?;
    let charter = &agreed.charter;
    let mut rows = Vec::new();
    for system in shown {
        let group = of.get(system.id.to_string().as_str());
        let link = format!("/findings?counts=true&system={}", system.id);
        let team = system.team.and_then(|id| teams.iter().find(|t| t.id == id));
        let one = |tier: &String| marked(std::slice::from_ref(tier), |t| charter.tier(t).is_some());
        let tier = system.tier.as_ref().map(one);
        let has = |name: &str| charter.environments.iter().any(|is| &*is.name == name);
        let environments = system.environments.as_ref().map(|all| marked(all, has));
        let known =
            |text: Option<&str>, why: &str| text.map_or_else(|| Cell::unknown(why), Cell::text);
        rows.push(Row::of(vec![
            Cell::name(system.name.clone(), format!("/systems/{}", system.id)),
            match team {
                Some(team) => Cell::link(team.name.clone(), format!("/teams/{}", team.id)),
                None => Cell::unknown("no owner is recorded"),
            },
            known(tier.as_deref(), "no tier is set"),
            known(system.exposure.map(trimtab_model::Exposure::as_str), "no exposure is set"),
            known(environments.as_deref(), "no environment is set"),
            deployed(of_system.get(&system.id).map_or(&[], Vec::as_slice), system.id),
            group.map_or(Cell::Nothing, |g| Cell::Mark(Mark::from(g.level))),
            counted(is_unsent, group.map_or(0, |g| g.findings).to_string(), link.clone()),
            counted(is_unsent, number(group.map_or(0.0, |g| g.weight)), link),
            group
                .and_then(|g| g.deadline)
                .map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ]));
    }
    let pager = pager(shown.len(), asked.after.is_none(), next.clone(), |next| {
        address(&asked, &[("after", &next)])
    });
    // What belongs to no system is in the load as well: it stands last.
    let none = groups.iter().find(|g| g.key.is_empty() && next.is_none() && !asked.is_narrow());
    if let Some(group) = none {
        let link = "/findings?counts=true&system=0";
        rows.push(Row::of(vec![
            Cell::name("Of no system", link),
            Cell::unknown("the assets are assigned to no system"),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Mark(Mark::from(group.level)),
            Cell::link(group.findings.to_string(), link),
            Cell::link(number(group.weight), link),
            Cell::unknown("it is not kept for what belongs to no system"),
        ]));
    }
    let load: f64 = groups.iter().map(|g| g.weight).sum();
    let figures = Figures(vec![
        Figure::of(total.to_string(), "systems", "/systems").or_one("system"),
        Figure::of(unless_unsent(is_unsent, number(load)), "load", "/findings?counts=true"),
    ]);
    let columns = vec![
        Column::left("System").kept(),
        Column::left("Owner"),
        Column::left("Tier"),
        Column::left("Exposure"),
        Column::left("Environments"),
        Column::left("Deployed"),
        Column::left("Gravest").kept(),
        Column::right("Findings"),
        Column::right("Load").kept(),
        Column::right("First due"),
    ];
    let may_describe = who.may(Action::Describe, On::ALL);
    let empty = Empty {
        why: match asked.is_narrow() {
            true => "No system matches.".to_owned(),
            false => "A system is something that the business knows by name. It has an owner, a tier and an exposure."
                .to_owned(),
        },
        next: match (asked.is_narrow(), may_describe) {
            (true, _) => Some(Link::to("All systems", "/systems")),
            (false, true) => Some(Link::to("Describe a system", "/systems/new")),
            (false, false) => None,
        },
    };
    let narrowed = narrowed(&asked, &systems, &teams, visible.as_deref());
    let table =
        Table { title: "Systems".to_owned(), columns, rows, pager, empty, ..Table::default() };
    let some = if asked.is_narrow() { " chosen" } else { "" };
    let headline = if total == 0 && !asked.is_narrow() {
        "No system is described yet.".to_owned()
    } else {
        let systems = match total {
            0 => "No system".to_owned(),
            _ => count(total, "system", "systems"),
        };
        match is_unsent {
            true => format!("{systems}{some}; no inventory has been sent yet."),
            false => format!("{systems}{some}; the load of all is {}.", number(load)),
        }
    };
    let mut layout = layout(&app, &who, Entry::Systems, "Systems", headline).await?;
    layout.actions.push(Link::to("Suppliers", "/suppliers"));
    layout.actions.push(Link::to("Verdicts of the gate", "/verdicts"));
    if may_describe {
        layout.actions.push(Link::to("Describe a system", "/systems/new"));
    }
    if who.may_somewhere(Action::Upload) {
        layout.primary = Some(Link::to("Send an inventory", "/inventory/new"));
    }
    Ok(html(&Systems { layout, figures, filter: narrowed, table }))
}

/// The address of the same list with some members changed; the page begins anew.
fn address(asked: &Asked, changed: &[(&str, &str)]) -> String {
    let members = [
        ("q", asked.q.clone()),
        ("team", asked.team.map(|team| team.to_string())),
        ("exposure", asked.exposure.clone()),
        ("tier", asked.tier.clone()),
        ("after", None),
    ];
    asking("/systems", &with(members, changed))
}

/// What narrows the list, where there is more than a few.
fn narrowed(asked: &Asked, systems: &[System], teams: &[Team], visible: Option<&[i64]>) -> Filter {
    let seen = || systems.iter().filter(|s| visible.is_none_or(|visible| visible.contains(&s.id)));
    let tiers: BTreeSet<&str> = seen().filter_map(|s| s.tier.as_deref()).collect();
    let tiers: Vec<(&str, &str)> = tiers.into_iter().map(|tier| (tier, tier)).collect();
    let owners: BTreeSet<i64> = seen().filter_map(|s| s.team).collect();
    let owners = teams.iter().filter(|team| owners.contains(&team.id));
    let mut owners: Vec<(String, &str)> =
        owners.map(|team| (team.id.to_string(), team.name.as_str())).collect();
    owners.push(("0".to_owned(), "nobody said"));
    let owners: Vec<(&str, &str)> = owners.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    let exposures = [
        ("internet", "internet"),
        ("internal", "internal"),
        ("isolated", "isolated"),
        ("unknown", "unknown"),
    ];
    let team = asked.team.map(|team| team.to_string());
    let chosen = |name: &str, now: Option<&str>, all: &[(&str, &str)]| {
        let now = now.filter(|now| !now.is_empty())?;
        let words = all.iter().find(|(value, _)| *value == now).map_or(now, |(_, words)| words);
        Some(Link::to(format!("{name}: {words}"), address(asked, &[(name, "")])))
    };
    let mut chips = Vec::new();
    chips.extend(chosen("team", team.as_deref(), &owners));
    chips.extend(chosen("exposure", asked.exposure.as_deref(), &exposures));
    chips.extend(chosen("tier", asked.tier.as_deref(), &tiers));
    Filter {
        action: "/systems".into(),
        search: Some(("q".to_owned(), "Name".to_owned(), asked.q.clone().unwrap_or_default())),
        facets: vec![
            answers("team", "Owner", team.as_deref(), &owners),
            answers("exposure", "Exposure", asked.exposure.as_deref(), &exposures),
            answers("tier", "Tier", asked.tier.as_deref(), &tiers),
        ],
        chips,
        clear: "/systems".into(),
        ..Filter::default()
    }
}

/// What runs of a system: in each environment, how many of its assets.
fn deployed(is: &[Deployed], system: i64) -> Cell {
    if is.is_empty() {
        return Cell::unknown("no deployment was told");
    }
    let words: Vec<String> = is
        .iter()
        .map(|one| format!("{} ({})", one.environment, count(one.assets, "asset", "assets")))
        .collect();
    Cell::link(words.join(", "), format!("/systems/{system}"))
}
