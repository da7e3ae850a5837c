//! What narrows the list of findings: the questions above it, and what is chosen of them.

use trimtab_pages::part::{Choice, Facet, Filter, Link};
use trimtab_store::{FindingFilter, GroupBy};

use super::findings::address;
use super::teams::may_see;
use crate::access::Who;
use crate::api::findings::Asked;
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;

/// How many systems can be chosen here: those with the greatest load. Others are chosen on their own page.
const SYSTEMS: usize = 40;

/// The filter of the list as it is asked for.
pub(super) async fn facets(app: &App, who: &Who, asked: &Asked) -> Result<Filter, Problem> {
    let systems = app.store.systems(who.org).await?;
    let counting = FindingFilter {
        counts: Some(true),
        systems: visible(who, &systems),
        ..FindingFilter::default()
    };
    let may = counting.systems.as_deref();
    let teams = app.store.teams(who.org).await?;
    let teams = teams.iter().filter(|team| may_see(who, team, &systems));
    let mut teams: Vec<(i64, &str)> = teams.map(|team| (team.id, team.name.as_str())).collect();
    let heaviest = app.store.group_findings(who.org, &counting, GroupBy::System, SYSTEMS).await?;
    let heaviest: Vec<i64> = heaviest.iter().filter_map(|group| group.key.parse().ok()).collect();
    let mut shown: Vec<(i64, &str)> = systems
        .iter()
        .filter(|s| asked.system == Some(s.id) || heaviest.contains(&s.id))
        .filter(|s| may.is_none_or(|may| may.contains(&s.id)))
        .map(|s| (s.id, s.name.as_str()))
        .collect();
    shown.sort_by_key(|(_, name)| *name);
    // What belongs to none is chosen by a link, and stays chosen.
    if asked.team == Some(0) {
        teams.push((0, "none"));
    }
    if asked.system == Some(0) {
        shown.push((0, "none"));
    }
    let asset = asset(app, who, asked.asset, may).await?;
    Ok(Filter {
        action: "/findings".into(),
        kept: kept(asked),
        search: Some((
            "q".to_owned(),
            "Package, vulnerability, asset or system".to_owned(),
            asked.q.clone().unwrap_or_default(),
        )),
        also: Vec::new(),
        dates: Vec::new(),
        facets: questions(asked, &teams, &shown),
        chips: chips(asked, &teams, &shown, asset),
        clear: "/findings".into(),
    })
}

/// What can be asked, with what is.
fn questions(asked: &Asked, teams: &[(i64, &str)], systems: &[(i64, &str)]) -> Vec<Facet> {
    let level = asked.level.as_deref();
    let state = asked.state.as_deref();
    let counts = asked.counts.map(|is| is.to_string());
    let fixable = asked.fixable.map(|is| is.to_string());
    let mut facets = vec![
        words("level", "Level", level, &["critical", "high", "medium", "low"]),
        words("state", "State", state, &["live", "open", "merged", "fixed", "retracted", "any"]),
        answers(
            "counts",
            "Counts",
            counts.as_deref(),
            &[("true", "to the load"), ("false", "not to the load")],
        ),
        due(asked.due.as_deref()),
        answers(
            "fixable",
            "Fix",
            fixable.as_deref(),
            &[("true", "some source names one"), ("false", "no source names one")],
        ),
        words(
            "exposure",
            "Exposure",
            asked.exposure.as_deref(),
            &["internet", "internal", "isolated", "unknown"],
        ),
        words("order", "Order", asked.order.as_deref(), &["level", "deadline", "newest", "fixed"]),
    ];
    facets.extend(named("team", "Team", asked.team, teams));
    facets.extend(named("system", "System", asked.system, systems));
    facets
}

/// When they are due; a moment that is asked for is an answer of its own.
fn due(asked: Option<&str>) -> Facet {
    let mut due = vec![
        ("passed", "past their deadline"),
        ("window", "in this window of the team"),
        ("week", "within a week"),
        ("later", "later than a week"),
        ("none", "no deadline"),
    ];
    let moment = asked.filter(|text| due.iter().all(|(word, _)| word != text));
    due.extend(moment.filter(|text| !text.is_empty()).map(|text| (text, text)));
    answers("due", "Due", asked, &due)
}

/// The asset that is asked for: by its name, where they may see it.
async fn asset(
    app: &App,
    who: &Who,
    asked: Option<i64>,
    may: Option<&[i64]>,
) -> Result<Option<String>, Problem> {
    let Some(id) = asked else { return Ok(None) };
    let is = app.store.asset(who.org, id).await?.map(|details| details.asset);
    let seen = |system: Option<i64>| {
        may.is_none_or(|may| system.is_some_and(|system| may.contains(&system)))
    };
    let is = is.filter(|asset| seen(asset.system));
    Ok(Some(is.map_or_else(|| id.to_string(), |asset| asset.name)))
}

/// What is chosen, each with the list without it.
fn chips(
    asked: &Asked,
    teams: &[(i64, &str)],
    systems: &[(i64, &str)],
    asset: Option<String>,
) -> Vec<Link> {
    let yes_no = |is: bool| if is { "yes".to_owned() } else { "no".to_owned() };
    let chosen = [
        ("level", asked.level.clone()),
        ("state", asked.state.clone()),
        ("team", name(asked.team, teams)),
        ("system", name(asked.system, systems)),
        ("systems", asked.systems.clone()),
        ("asset", asset),
        ("package", asked.package.clone()),
        ("vulnerability", asked.vulnerability.clone()),
        ("fix", asked.fix.clone()),
        ("due", asked.due.clone()),
        ("since", asked.since.clone()),
        ("above", asked.above.map(|is| is.to_string())),
        ("counts", asked.counts.map(yes_no)),
        ("fixable", asked.fixable.map(|is| is.to_string())),
        ("exposure", asked.exposure.clone()),
        ("q", asked.q.clone()),
    ];
    chosen
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)))
        .map(|(name, value)| {
            let words = if name == "q" { "text" } else { name };
            Link::to(format!("{words}: {value}"), address(asked, &[(name, "")]))
        })
        .collect()
}

/// The name of what is chosen; its number, where nothing that they may see has it.
fn name(id: Option<i64>, of: &[(i64, &str)]) -> Option<String> {
    let id = id?;
    if id == 0 {
        return Some("none".to_owned());
    }
    let is = of.iter().find(|(is, _)| *is == id);
    Some(is.map_or_else(|| id.to_string(), |(_, name)| (*name).to_owned()))
}

/// What no question here asks: it stays as it is.
fn kept(asked: &Asked) -> Vec<(String, String)> {
    let kept = [
        ("by", asked.by.clone()),
        ("asset", asked.asset.map(|id| id.to_string())),
        ("package", asked.package.clone()),
        ("vulnerability", asked.vulnerability.clone()),
        ("fix", asked.fix.clone()),
    ];
    kept.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|v| !v.is_empty())?)))
        .collect()
}

/// A question whose answers are words.
fn words(name: &str, text: &str, now: Option<&str>, words: &[&str]) -> Facet {
    let same: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
    answers(name, text, now, &same)
}

/// A question with its answers: what stands in the address, and what people read.
pub(super) fn answers(name: &str, text: &str, now: Option<&str>, all: &[(&str, &str)]) -> Facet {
    let choice = |(value, words): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        text: (*words).to_owned(),
        count: None,
        chosen: now == Some(*value),
    };
    let choices = all.iter().map(choice).collect();
    Facet { name: name.to_owned(), text: text.to_owned(), single: true, choices }
}

/// A question whose answers have names; none where there is nothing to choose.
fn named(name: &str, text: &str, now: Option<i64>, all: &[(i64, &str)]) -> Option<Facet> {
    let choice = |(id, name): &(i64, &str)| Choice {
        value: id.to_string(),
        text: (*name).to_owned(),
        count: None,
        chosen: now == Some(*id),
    };
    let choices: Vec<Choice> = all.iter().map(choice).collect();
    let is = !choices.is_empty();
    is.then(|| Facet { name: name.to_owned(), text: text.to_owned(), single: true, choices })
}
