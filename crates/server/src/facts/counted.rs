//! What a measure counts: the findings one by one, or what teams were asked and told.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::measure::{
    Counted, Interruption, Member, Shipped, Telling, Word, interruptions, members, notices,
    requests,
};
use trimtab_model::Level;
use trimtab_store::{Cursor, Finding, Production};

use crate::access::Who;
use crate::api::cursor;
use crate::measuring::question::{Asked, Question, question};
use crate::measuring::shipping::Shipping;
use crate::problem::Problem;
use crate::state::App;

/// What is listed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// What is counted: `counting`, `found`, `fixed`, `gone`, `remediated`, `merged`, `met`, `missed`, `due`,
    /// `backlog`, `load-days`; `interruptions`, `requests`, `notices`; `deployments`, `deployments-failed`, and of those
    /// that carried updates `updates-deployed`, `updates-failed`.
    #[serde(default)]
    #[param(required = true)]
    pub(crate) of: String,
    /// Only of a level; `unknown`: not weighed.
    #[serde(default)]
    #[param(pattern = "^(critical|high|medium|low|unknown)?$")]
    pub(crate) level: String,
    /// Of the backlog, only of an age: 0 under seven days, 1 under thirty, 2 under ninety, 3 older.
    #[serde(default)]
    #[param(pattern = "^[0-3]?$")]
    pub(crate) band: String,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// The `at` of the first page: days and load go on between pages.
    #[serde(default)]
    #[param(pattern = "^[0-9]{0,18}$")]
    pub(crate) at: String,
}

impl Wanted {
    /// The moment up to which is counted.
    fn moment(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let wrong = |_| Problem::invalid("`at` must be a number of microseconds since 1970");
        match self.at.as_str() {
            "" => Ok(now),
            text => {
                let at: i64 = text.parse().map_err(|_| wrong(()))?;
                Ok(Timestamp::from_microsecond(at).map_err(|_| wrong(()))?.min(now))
            }
        }
    }
}

/// A list behind a measure.
pub(crate) struct List {
    /// Of what it is.
    pub(crate) is: Question,
    /// Up to when was counted.
    pub(crate) now: Timestamp,
    /// How many there are.
    pub(crate) total: usize,
    pub(crate) rows: Rows,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

/// The rows of a page.
pub(crate) enum Rows {
    Findings(Of, Vec<Row>),
    Told(Said, Vec<Line>),
    /// Changes of what runs in production, and from when on they are known, where not all of them are.
    Shipped(Vec<(Shipped, Production)>, Option<Timestamp>),
}

/// What teams were asked and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Asked for work outside *now*.
    Interruptions,
    /// Requests that were opened.
    Requests,
    Notices,
}

/// What is counted of findings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) counted: Counted,
    /// What all of them bring together: load, or days.
    pub(crate) sum: f64,
}

/// A finding that is counted.
pub(crate) struct Row {
    pub(crate) finding: i64,
    /// As it is now, where they may see it; else there is what the ledger says of it.
    pub(crate) known: Option<Finding>,
    pub(crate) vulnerability: String,
    pub(crate) level: Option<Level>,
    pub(crate) system: Option<i64>,
    /// When what is counted began. `None`: before the ledger did.
    pub(crate) began: Option<Timestamp>,
    /// When it happened; of what stands, when the period ends.
    pub(crate) at: Timestamp,
    /// What it brings: days, load-days, else the weight.
    pub(crate) value: f64,
}

/// What a team was asked or told at a moment.
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) team: Option<i64>,
    pub(crate) what: What,
    /// Whether it is *now* alone: then it is no interruption.
    pub(crate) now: bool,
}

/// What it was.
pub(crate) enum What {
    /// A request was opened; how many more, and how many changes of the plan came with it.
    Request { about: String, update: Option<i64>, more: usize, changes: usize },
    /// The plan changed, by so many changes.
    Plan { changes: usize },
    /// There are new findings in an asset.
    Findings { asset: Option<i64> },
}

/// A page of what is asked for, as far as they may see it.
///
/// # Errors
/// What is asked for is not understood, or the store does not answer.
pub(crate) async fn list(
    app: &App,
    who: &Who,
    asked: &Asked,
    wanted: &Wanted,
    limit: usize,
) -> Result<List, Problem> {
    let is = question(app, who, asked).await?;
    let now = wanted.moment(app.now())?;
    let deployed = match wanted.of.as_str() {
        "deployments" => Some((false, false)),
        "deployments-failed" => Some((false, true)),
        "updates-deployed" => Some((true, false)),
        "updates-failed" => Some((true, true)),
        _ => None,
    };
    if let Some(which) = deployed {
        let systems = is.chosen.systems.as_deref();
        // From as early on as the number looks.
        let first = is.period.bounds().0.min(is.other.bounds().0);
        let shipping = Shipping::of(app, who.org, systems, first).await?;
        let all = shipping.within(is.period, now, which);
        let total = all.len();
        let (shown, next) = cut(all, wanted, limit)?;
        let begins = shipping.begins(is.period);
        return Ok(List { is, now, total, rows: Rows::Shipped(shown, begins), next });
    }
    match lines(&is, wanted, now) {
        Some(lines) => told(is, wanted, now, lines, limit),
        None => findings(app, who, is, wanted, now, limit).await,
    }
}

fn understood(wanted: &Wanted) -> Result<Counted, Problem> {
    let unknown = || Problem::not_found("list");
    let level = match wanted.level.as_str() {
        "" => None,
        "unknown" => Some(None),
        word => Some(Some(Level::from_word(word).ok_or_else(unknown)?)),
    };
    let band = match wanted.band.as_str() {
        "" => None,
        digit => Some(digit.parse::<usize>().ok().filter(|b| *b < 4).ok_or_else(unknown)?),
    };
    Ok(match (wanted.of.as_str(), level) {
        ("counting", None) => Counted::Counting,
        ("counting", Some(level)) => Counted::CountingAt(level),
        ("found", _) => Counted::Found,
        ("fixed", _) => Counted::Fixed,
        ("gone", _) => Counted::Gone,
        ("remediated", level) => Counted::Remediated(level.flatten()),
        ("merged", _) => Counted::Merged,
        ("met", _) => Counted::Met,
        ("missed", _) => Counted::Missed,
        ("due", _) => Counted::Due,
        ("backlog", _) => Counted::Backlog(band),
        ("load-days", _) => Counted::LoadDays,
        _ => return Err(unknown()),
    })
}

async fn findings(
    app: &App,
    who: &Who,
    is: Question,
    wanted: &Wanted,
    now: Timestamp,
    limit: usize,
) -> Result<List, Problem> {
    let counted = understood(wanted)?;
    let after = cursor(wanted.after.as_deref())?;
    let (from, end) = is.period.bounds();
    // What stands at the end of a day is known before it is over.
    let to = match counted {
        Counted::Counting | Counted::CountingAt(_) => end,
        _ => end.min(now).max(from),
    };
    // What weighs most first where all is of one moment; else the last first.
    let by_value = matches!(
        counted,
        Counted::Counting | Counted::CountingAt(_) | Counted::LoadDays | Counted::Backlog(_)
    );
    let place = |m: &Member<'_>| {
        let value = if by_value { millionths(m.value) } else { m.at.as_microsecond() };
        Cursor { value, id: m.life.finding }
    };
    let mut all = members(is.chosen.lives(&is.lives), counted, from, to);
    all.sort_by_key(|m| {
        let at = place(m);
        std::cmp::Reverse((at.value, at.id))
    });
    let total = all.len();
    let sum: f64 = all.iter().map(|m| m.value).sum();
    if let Some(after) = after {
        all.retain(|m| {
            let at = place(m);
            (at.value, at.id) < (after.value, after.id)
        });
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| place(last).to_text());
    let ids: Vec<i64> = all.iter().map(|m| m.life.finding).collect();
    // Where a finding is now the viewer may not see it.
    let known = app.store.findings_of(who.org, &ids, is.visible.as_deref()).await?;
    let known: HashMap<i64, Finding> = known.into_iter().map(|f| (f.id, f)).collect();
    let row = |m: &Member<'_>| Row {
        finding: m.life.finding,
        known: known.get(&m.life.finding).cloned(),
        vulnerability: m.life.vulnerability.to_string(),
        level: m.level,
        system: m.life.system,
        began: m.began,
        at: m.at,
        value: m.value,
    };
    let rows = Rows::Findings(Of { counted, sum }, all.iter().map(row).collect());
    Ok(List { now, total, rows, next, is })
}

/// A value as whole millionths: what a cursor holds.
#[expect(clippy::cast_possible_truncation, reason = "days and weights are below a million")]
fn millionths(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

/// What teams were asked and told, the last first. `None`: it is of findings.
fn lines(is: &Question, wanted: &Wanted, now: Timestamp) -> Option<(Said, Vec<Line>)> {
    let (from, to) = is.period.bounds();
    let to = to.min(now).max(from);
    let all = || is.tellings.iter();
    let (said, mut lines): (Said, Vec<Line>) = match wanted.of.as_str() {
        "interruptions" => {
            let asked = interruptions(all(), from, to).into_iter().filter(|one| !one.now);
            let line = |one: Interruption<'_>| interruption(one.team, one.at, &one.asked);
            (Said::Interruptions, asked.map(line).collect())
        }
        "requests" => {
            let line = |one: &Telling| Line {
                at: one.at,
                team: one.team,
                what: request(one, 0, 0),
                now: one.now,
            };
            (Said::Requests, requests(all(), from, to).into_iter().map(line).collect())
        }
        "notices" => {
            let told = notices(all(), from, to).into_iter();
            (Said::Notices, told.map(|one| notice(one.at, one.word, &one.told)).collect())
        }
        _ => return None,
    };
    lines.reverse();
    Some((said, lines))
}

fn told(
    is: Question,
    wanted: &Wanted,
    now: Timestamp,
    (said, lines): (Said, Vec<Line>),
    limit: usize,
) -> Result<List, Problem> {
    let total = lines.len();
    let (shown, next) = cut(lines, wanted, limit)?;
    Ok(List { is, now, total, rows: Rows::Told(said, shown), next })
}

/// The page that is wanted of a list, and where the next begins.
fn cut<T>(
    mut all: Vec<T>,
    wanted: &Wanted,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let total = all.len();
    let begun = match wanted.after.as_deref() {
        None | Some("") => 0,
        Some(text) => {
            text.parse::<usize>().map_err(|_| Problem::invalid("`after` must be a number"))?
        }
    };
    let mut shown = all.split_off(begun.min(total));
    shown.truncate(limit);
    let end = begun.saturating_add(shown.len());
    let next = (end < total).then(|| end.to_string());
    Ok((shown, next))
}

fn request(is: &Telling, more: usize, changes: usize) -> What {
    What::Request { about: is.about.to_string(), update: is.update, more, changes }
}

fn interruption(team: i64, at: Timestamp, asked: &[&Telling]) -> Line {
    let changes = asked.iter().filter(|one| one.word == Word::Plan).count();
    let mut opened = asked.iter().filter(|one| one.word == Word::Request);
    let what = match opened.next() {
        Some(first) => request(first, opened.count(), changes),
        None => What::Plan { changes },
    };
    Line { at, team: Some(team), what, now: false }
}

fn notice(at: Timestamp, word: Word, told: &[&Telling]) -> Line {
    let first = told.first();
    let what = match word {
        Word::Finding => What::Findings { asset: first.and_then(|one| one.asset) },
        Word::Plan | Word::Request => What::Plan { changes: told.len() },
    };
    let now = told.iter().all(|one| one.now);
    Line { at, team: first.and_then(|one| one.team), what, now }
}
