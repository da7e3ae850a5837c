//! The same plan by another rhythm: links, so that a trial can be shared.

use trimtab_charter::preset;
use trimtab_engine::plan::windows;
use trimtab_model::charter::Charter;
use trimtab_pages::part::{Link, Tabs};
use trimtab_store::{CharterState, StoredCharter, Team};

use super::number;
use crate::planning::Wish;
use crate::web::findings::encode;

/// Limits of open batches that are offered.
const LIMITS: [u32; 3] = [1, 2, 4];
/// How many proposed charters are offered.
const PROPOSED: usize = 3;

/// What may be tried: points of a window, batches open at a time, and the charter's other cadences. What is tried
/// already stays while another thing is.
pub(super) fn tries(
    team: &Team,
    (charter, charters): (&Charter, Vec<(Option<String>, String)>),
    here: &str,
    tried: (&Wish, Option<&str>),
) -> Vec<Tabs> {
    let rows = [
        capacities(team, here, tried),
        limits(team, here, tried),
        cadences(team, charter, here, tried),
        by_charter(charters, here, tried),
    ];
    rows.into_iter().flatten().collect()
}

/// The charters that may be tried, each by its word: those that are proposed, the framework's, and the one that is tried.
pub(crate) fn charters(all: &[StoredCharter], word: Option<&str>) -> Vec<(Option<String>, String)> {
    let proposed = all.iter().filter(|c| c.state == CharterState::Proposed);
    let mut words: Vec<String> = proposed.take(PROPOSED).map(|c| c.id.to_string()).collect();
    words.extend(preset::names().map(str::to_owned));
    if let Some(word) = word.filter(|word| !words.iter().any(|w| w == word)) {
        words.push(word.to_owned());
    }
    let mut tabs = vec![(None, "the charter in force".to_owned())];
    tabs.extend(words.into_iter().map(|word| {
        let text = format!("if it were {}", called(&word));
        (Some(word), text)
    }));
    tabs
}

/// A charter by its word, for people: a preset has its name.
pub(crate) fn called(word: &str) -> String {
    match word.parse::<i64>() {
        Ok(id) => format!("charter {id}"),
        Err(_) => word.to_owned(),
    }
}

fn by_charter(
    tabs: Vec<(Option<String>, String)>,
    here: &str,
    (wish, word): (&Wish, Option<&str>),
) -> Option<Tabs> {
    let shown = tabs.iter().position(|(tried, _)| tried.as_deref() == word).unwrap_or(tabs.len());
    let link = |(tried, text): (Option<String>, String)| {
        Link::to(text, format!("{here}{}", asked((wish, tried.as_deref()))))
    };
    let tabs: Vec<Link> = tabs.into_iter().map(link).collect();
    (tabs.len() > 1).then(|| Tabs { label: "Charter".to_owned(), tabs, shown })
}

fn capacities(team: &Team, here: &str, (wish, word): (&Wish, Option<&str>)) -> Option<Tabs> {
    let has = team.capacity.filter(|points| *points > 0.0)?;
    let mut tabs = vec![(None, format!("{} points, as agreed", number(has)))];
    let others = [has / 2.0, has * 1.5, has * 2.0];
    tabs.extend(others.iter().map(|c| (Some(*c), format!("if it were {}", number(*c)))));
    let is = |tried: &Option<f64>| match (tried, wish.capacity) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        (one, other) => one.is_none() && other.is_none(),
    };
    let to = |capacity| Wish { capacity, ..wish.clone() };
    Some(row("Capacity of a window", (here, word), tabs, is, to))
}

fn limits(team: &Team, here: &str, (wish, word): (&Wish, Option<&str>)) -> Option<Tabs> {
    let agreed = match team.open_limit {
        Some(limit) => format!("{limit} open at a time, as agreed"),
        None => "no limit of open batches, as agreed".to_owned(),
    };
    let others = LIMITS.iter().filter(|limit| team.open_limit != Some(**limit));
    let mut tabs = vec![(None, agreed)];
    tabs.extend(others.map(|limit| (Some(*limit), format!("if it were {limit}"))));
    let is = |tried: &Option<u32>| *tried == wish.open_limit;
    let to = |open_limit| Wish { open_limit, ..wish.clone() };
    Some(row("Batches open at a time", (here, word), tabs, is, to))
}

/// Only those that make windows: the calendar may have no sprints.
fn cadences(
    team: &Team,
    charter: &Charter,
    here: &str,
    (wish, word): (&Wish, Option<&str>),
) -> Option<Tabs> {
    let own = team.cadence.as_deref()?;
    let others = charter.cadences.iter().filter(|cadence| {
        *cadence.name != *own
            && !windows(cadence, charter, jiff::Timestamp::UNIX_EPOCH, 1, 1.0).is_empty()
    });
    let mut tabs = vec![(None, format!("{own}, as agreed"))];
    tabs.extend(others.map(|c| (Some(c.name.to_string()), format!("if it were {}", c.name))));
    if tabs.len() == 1 {
        return None;
    }
    let is = |tried: &Option<String>| *tried == wish.cadence;
    let to = |cadence| Wish { cadence, ..wish.clone() };
    Some(row("Cadence", (here, word), tabs, is, to))
}

fn row<T>(
    label: &str,
    (here, word): (&str, Option<&str>),
    tabs: Vec<(Option<T>, String)>,
    is: impl Fn(&Option<T>) -> bool,
    to: impl Fn(Option<T>) -> Wish,
) -> Tabs {
    // None of them is shown where something else is tried, by an address of somebody's own.
    let shown = tabs.iter().position(|(tried, _)| is(tried)).unwrap_or(tabs.len());
    let link = |(tried, text)| Link::to(text, format!("{here}{}", asked((&to(tried), word))));
    Tabs { label: label.to_owned(), tabs: tabs.into_iter().map(link).collect(), shown }
}

/// The address of a trial.
fn asked((wish, charter): (&Wish, Option<&str>)) -> String {
    let parts = [
        wish.capacity.map(|points| format!("capacity={points}")),
        wish.open_limit.map(|limit| format!("open_limit={limit}")),
        wish.cadence.as_ref().map(|name| format!("cadence={}", encode(name))),
        charter.map(|word| format!("charter={}", encode(word))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}
