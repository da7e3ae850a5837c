//! How it goes over a period, compared with the period before: reckoned from the ledger, of what the
//! person may see. The page, the CSV and the API tell the same numbers.

use axum::Json;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_engine::measure::{
    Age, Attainment, DayLoad, Flow, Legs, Life, Spread, attainment, backlog, flow, legs,
    load_by_day, load_days, remediation,
};
use trimtab_model::Level;
use trimtab_store::{System, Team};

use super::{findings, visible};
use crate::access::Who;
use crate::measuring::Chosen;
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::epoch_day;

/// The longest period, in days.
const LONGEST: i64 = 3 * 366;
/// The period if none is asked for: twelve weeks.
const USUAL: i64 = 84;
/// The levels, the gravest first.
pub(crate) const LEVELS: [Level; 4] = [Level::Critical, Level::High, Level::Medium, Level::Low];

/// What is asked, as it stands in an address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    /// The first day.
    #[serde(default)]
    pub(crate) from: String,
    /// The last day, included.
    #[serde(default)]
    pub(crate) to: String,
    /// The last so many days, instead of `from`.
    #[serde(default)]
    pub(crate) days: String,
    #[serde(default)]
    pub(crate) team: String,
    #[serde(default)]
    pub(crate) system: String,
    /// Of the CSV: which chart.
    #[serde(default)]
    pub(crate) chart: String,
}

/// A period: days since 1970-01-01, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Period {
    pub(crate) fn days(self) -> i64 {
        self.last - self.first + 1
    }

    /// The period of the same length before it.
    pub(crate) fn before(self) -> Period {
        Period { first: self.first - self.days(), last: self.first - 1 }
    }

    fn bounds(self) -> (Timestamp, Timestamp) {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap_or(Timestamp::UNIX_EPOCH);
        (at(self.first), at(self.last + 1))
    }

    /// Weeks or, of a long period, four weeks each; the last ends with the period.
    fn parts(self) -> Vec<Period> {
        let each = if self.days() <= 190 { 7 } else { 28 };
        let mut parts = Vec::new();
        let mut last = self.last;
        while last >= self.first {
            parts.push(Period { first: (last - each + 1).max(self.first), last });
            last -= each;
        }
        parts.reverse();
        parts
    }
}

/// The numbers of a period.
pub(crate) struct Numbers {
    pub(crate) load: Option<f64>,
    pub(crate) load_days: f64,
    pub(crate) fixed: Option<Spread>,
    /// By level, the gravest first.
    pub(crate) by_level: [Option<Spread>; 4],
    pub(crate) legs: Legs,
    pub(crate) deadlines: Attainment,
    pub(crate) flow: Flow,
    pub(crate) age: Age,
}

/// All that is told.
pub(crate) struct Measured {
    pub(crate) period: Period,
    pub(crate) now: Numbers,
    pub(crate) before: Numbers,
    pub(crate) days: Vec<DayLoad>,
    pub(crate) days_before: Vec<DayLoad>,
    pub(crate) parts: Vec<(Period, Numbers)>,
    /// What the groups are: teams, or the systems of a team.
    pub(crate) by: &'static str,
    /// Name, what it is in an address, and its numbers in this period and the one before.
    pub(crate) groups: Vec<(String, i64, Numbers, Numbers)>,
    pub(crate) team: Option<Team>,
    pub(crate) system: Option<System>,
    pub(crate) teams: Vec<Team>,
    pub(crate) systems: Vec<System>,
    /// The first day of which anything is known.
    pub(crate) began: Option<i64>,
}

fn numbers<'l>(
    lives: &(impl Iterator<Item = &'l Life> + Clone),
    period: Period,
    now: Timestamp,
) -> Numbers {
    let (from, to) = period.bounds();
    let to = to.min(now).max(from);
    let all = || lives.clone();
    Numbers {
        load: load_by_day(all(), period.last, period.last).first().map(|d| d.load),
        load_days: load_days(all(), from, to),
        fixed: remediation(all(), None, from, to),
        by_level: LEVELS.map(|level| remediation(all(), Some(level), from, to)),
        legs: legs(all(), from, to),
        deadlines: attainment(all(), from, to),
        flow: flow(all(), from, to),
        age: backlog(all(), to),
    }
}

fn day(text: &str, name: &str) -> Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse::<Date>().map(|date| Some(epoch_day(date))).map_err(|_| {
            Problem::invalid(format!("`{name}` is a day such as 2026-11-21, not `{text}`."))
        }),
    }
}

fn id(text: &str, name: &str) -> Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| Problem::invalid(format!("`{name}` is a number, not `{text}`."))),
    }
}

fn period(asked: &Asked, today: i64) -> Result<Period, Problem> {
    let last = day(&asked.to, "to")?.unwrap_or(today).min(today);
    let length = id(&asked.days, "days")?.unwrap_or(USUAL);
    let first = match day(&asked.from, "from")? {
        Some(first) => first,
        None => last.saturating_sub(length.saturating_sub(1)),
    };
    let period = Period { first, last };
    if first > last || last - first >= LONGEST || first < -LONGEST {
        return Err(Problem::invalid(format!(
            "The period must have between 1 and {LONGEST} days and not begin in the future."
        )));
    }
    Ok(period)
}

/// Reckons it.
///
/// # Errors
/// What is asked for is not understood, or may not be seen.
pub(crate) async fn measure(app: &App, who: &Who, asked: &Asked) -> Result<Measured, Problem> {
    findings::seen(who)?;
    let now = app.now();
    let period = period(asked, epoch_day(now.to_zoned(TimeZone::UTC).date()))?;
    let mut systems = app.store.systems(who.org).await?;
    let visible = visible(who, &systems);
    if let Some(may) = &visible {
        systems.retain(|s| may.contains(&s.id));
    }
    let mut teams = app.store.teams(who.org).await?;
    teams.retain(|t| visible.is_none() || systems.iter().any(|s| s.team == Some(t.id)));
    let team = match id(&asked.team, "team")? {
        None => None,
        Some(id) => Some(
            teams.iter().find(|t| t.id == id).cloned().ok_or_else(|| Problem::not_found("team"))?,
        ),
    };
    let system = match id(&asked.system, "system")? {
        None => None,
        Some(id) => {
            let found = systems.iter().find(|s| s.id == id).cloned();
            Some(found.ok_or_else(|| Problem::not_found("system"))?)
        }
    };
    let lives = app.lives(who.org).await?;
    let (team_id, system_id) = (team.as_ref().map(|t| t.id), system.as_ref().map(|s| s.id));
    let chosen = Chosen::of(&systems, visible.as_deref(), team_id, system_id);
    let mine = chosen.lives(&lives);
    let by_system = team.is_some() || system.is_some();
    let mut groups = Vec::new();
    let mut group = |name: &str, id: i64, of: Chosen| {
        let lives = of.lives(&lives);
        let both = (numbers(&lives, period, now), numbers(&lives, period.before(), now));
        groups.push((name.to_owned(), id, both.0, both.1));
    };
    if by_system {
        let is = |s: &&System| chosen.systems.as_ref().is_none_or(|chosen| chosen.contains(&s.id));
        for one in systems.iter().filter(is) {
            group(&one.name, one.id, Chosen::of(&systems, visible.as_deref(), None, Some(one.id)));
        }
    } else {
        for one in &teams {
            group(&one.name, one.id, Chosen::of(&systems, visible.as_deref(), Some(one.id), None));
        }
    }
    let before = period.before();
    let began = mine.clone().filter_map(|l| l.episodes.first()).map(|e| e.began).min();
    Ok(Measured {
        period,
        now: numbers(&mine, period, now),
        before: numbers(&mine, before, now),
        days: load_by_day(mine.clone(), period.first, period.last),
        days_before: load_by_day(mine.clone(), before.first, before.last),
        parts: period.parts().into_iter().map(|p| (p, numbers(&mine, p, now))).collect(),
        by: if by_system { "system" } else { "team" },
        groups,
        team,
        system,
        teams,
        systems,
        began: began.map(|at| epoch_day(at.to_zoned(TimeZone::UTC).date())),
    })
}

/// The day, in words.
pub(crate) fn told(day: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(day.days()).map_or_else(|_| "unknown".to_owned(), |d| d.to_string())
}

fn spread(is: Option<Spread>) -> Value {
    is.map_or(Value::Null, |s| {
        json!({ "count": s.count, "least": s.least, "median": s.median, "p90": s.p90, "most": s.most })
    })
}

impl Numbers {
    fn json(&self) -> Value {
        let [critical, high, medium, low] = self.by_level.map(spread);
        json!({
            "load": self.load,
            "load_days": self.load_days,
            "time_to_remediate": spread(self.fixed),
            "time_to_remediate_by_level":
                { "critical": critical, "high": high, "medium": medium, "low": low },
            "detected_to_merged": spread(self.legs.merge),
            "merged_to_deployed": spread(self.legs.deploy),
            "deadlines": { "met": self.deadlines.met, "missed": self.deadlines.missed,
                "share": self.deadlines.share() },
            "flow": { "found": self.flow.found, "fixed": self.flow.fixed,
                "retracted": self.flow.retracted },
            "age": { "days": spread(self.age.spread), "under_7": self.age.bands[0],
                "under_30": self.age.bands[1], "under_90": self.age.bands[2],
                "older": self.age.bands[3] },
        })
    }
}

/// `GET /api/v1/metrics`
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let is = measure(&app, &who, &asked).await?;
    let days: Vec<Value> = is
        .days
        .iter()
        .filter(|d| is.began.is_some_and(|began| d.day >= began))
        .map(|d| {
            let [low, medium, high, critical] = d.levels;
            json!({ "day": told(d.day), "load": d.load, "critical": critical, "high": high,
                "medium": medium, "low": low, "unknown": d.unknown })
        })
        .collect();
    let groups: Vec<Value> = is
        .groups
        .iter()
        .map(|(name, id, now, before)| {
            json!({ "id": id, "name": name, "now": now.json(), "before": before.json() })
        })
        .collect();
    Ok(Json(json!({
        "from": told(is.period.first), "to": told(is.period.last),
        "team": is.team.as_ref().map(|t| &t.name), "system": is.system.as_ref().map(|s| &s.name),
        "now": is.now.json(), "before": is.before.json(), "days": days,
        "by": is.by, "groups": groups,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_understood_or_refused() {
        let asked =
            |from: &str, to: &str| Asked { from: from.into(), to: to.into(), ..Asked::default() };
        let usual = period(&asked("", ""), 1000).expect("a period");
        assert_eq!((usual.first, usual.last, usual.days()), (917, 1000, 84));
        assert_eq!(usual.before(), Period { first: 833, last: 916 });
        assert_eq!(usual.parts().len(), 12);
        assert!(usual.parts().windows(2).all(|w| w[0].last + 1 == w[1].first));
        for (from, to) in
            [("2026-13-01", ""), ("2000-01-01", ""), ("2026-01-02", "2026-01-01"), ("x", "")]
        {
            assert!(period(&asked(from, to), 20_500).is_err(), "{from} {to}");
        }
    }
}
