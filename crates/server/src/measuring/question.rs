//! How it goes over a period, compared with another: reckoned from the ledger, of what the person may see. The page,
//! the CSV, the lists behind the numbers and the API ask this.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use trimtab_engine::measure::{
    Age, Attainment, DayLoad, Flow, Legs, Life, Lives, Noise, Spread, Telling, a_week, attainment,
    backlog, flow, legs, load_by_day, load_days, noise, remediation,
};
use trimtab_model::Level;
use trimtab_store::{System, Team};

use super::answers::Key;
use super::shipping::{Both, Shipping};
use super::{BySystem, Chosen};
use crate::access::Who;
use crate::api::{findings, visible};
use crate::problem::Problem;
use crate::router::broken;
use crate::state::App;
use crate::web::today::epoch_day;

/// The longest period, in days.
pub(crate) const LONGEST: i64 = 3 * 366;
/// The period if none is asked for: twelve weeks.
const USUAL: i64 = 84;
/// The levels, the gravest first.
pub(crate) const LEVELS: [Level; 4] = [Level::Critical, Level::High, Level::Medium, Level::Low];

/// What is asked, as it stands in an address.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first day.
    #[serde(default)]
    pub(crate) from: String,
    /// The last day, included.
    #[serde(default)]
    pub(crate) to: String,
    /// The last so many days, instead of `from`.
    #[serde(default)]
    #[param(pattern = "^([1-9][0-9]{0,2})?$")]
    pub(crate) days: String,
    /// The first day of the period to compare with, which is as long. Without it: the period before.
    #[serde(default)]
    pub(crate) against: String,
    /// Of a team: its id.
    #[serde(default)]
    #[param(pattern = "^[0-9]{0,15}$")]
    pub(crate) team: String,
    /// Of a system: its id.
    #[serde(default)]
    #[param(pattern = "^[0-9]{0,15}$")]
    pub(crate) system: String,
    /// Of the CSV: which chart.
    #[serde(default)]
    #[param(ignore)]
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
    fn before(self) -> Period {
        Period { first: self.first - self.days(), last: self.first - 1 }
    }

    /// From its first moment to before the first after it.
    pub(crate) fn bounds(self) -> (Timestamp, Timestamp) {
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
    pub(crate) noise: Noise,
    /// Interruptions of a team in a week.
    pub(crate) noise_a_week: Option<f64>,
}

/// All that is told.
pub(crate) struct Measured {
    pub(crate) period: Period,
    /// What it is compared with.
    pub(crate) other: Period,
    pub(crate) now: Numbers,
    pub(crate) before: Numbers,
    pub(crate) days: Vec<DayLoad>,
    pub(crate) days_before: Vec<DayLoad>,
    pub(crate) parts: Vec<(Period, Numbers)>,
    /// What was delivered in each of them, and in the two periods. `None`: not all of it is known, or it was not asked.
    pub(crate) delivered: Delivered,
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

/// Why there is no mean of a week in a period that began before anything was known.
pub(crate) const YOUNG: &str = "the first finding is younger than this period";

impl Measured {
    /// Interruptions of a team in a week of this period. `None`: its first weeks are not known, or there is no team.
    pub(crate) fn noise_a_week(&self, of: &Numbers) -> Option<f64> {
        of.noise_a_week.filter(|_| self.began.is_some_and(|began| began <= self.period.first))
    }
}

/// What was delivered. `None`: not all of it is known, or it was not asked.
pub(crate) struct Delivered {
    pub(crate) now: Option<Both>,
    pub(crate) before: Option<Both>,
    /// Of each part of the period.
    pub(crate) parts: Vec<Option<Both>>,
}

/// What numbers are reckoned of.
struct Part<'p> {
    lives: Vec<&'p Life>,
    tellings: Vec<&'p Telling>,
    /// How many teams it is of.
    teams: usize,
}

impl Part<'_> {
    fn numbers(&self, period: Period, now: Timestamp) -> Numbers {
        let (from, to) = period.bounds();
        let to = to.min(now).max(from);
        // Every number goes through them all: those of another time are left out once, before.
        let touched = self.lives.iter().copied().filter(|life| life.touches(from, to));
        let touched: Vec<&Life> = touched.collect();
        let all = || touched.iter().copied();
        let noise = noise(self.tellings.iter().copied(), from, to);
        Numbers {
            load: load_by_day(all(), period.last, period.last).first().map(|d| d.load),
            load_days: load_days(all(), from, to),
            fixed: remediation(all(), None, from, to),
            by_level: LEVELS.map(|level| remediation(all(), Some(level), from, to)),
            legs: legs(all(), from, to),
            deadlines: attainment(all(), from, to),
            flow: flow(all(), from, to),
            age: backlog(all(), to),
            noise,
            noise_a_week: a_week(noise, self.teams, from, to),
        }
    }
}

fn day(text: &str, name: &str) -> Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse::<Date>().map(|date| Some(epoch_day(date))).map_err(|_| {
            Problem::invalid(format!("`{name}` must be a day such as 2026-11-21, not `{text}`."))
        }),
    }
}

fn id(text: &str, name: &str) -> Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| Problem::invalid(format!("`{name}` must be a number, not `{text}`."))),
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

/// What is asked, as far as the person may see.
pub(crate) struct Question {
    pub(crate) period: Period,
    pub(crate) other: Period,
    pub(crate) team: Option<Team>,
    pub(crate) system: Option<System>,
    /// Those that they may see.
    pub(crate) teams: Vec<Team>,
    pub(crate) systems: Vec<System>,
    pub(crate) chosen: Chosen,
    pub(crate) lives: Arc<Lives>,
    /// The entry of the ledger up to which they are told.
    seq: i64,
    /// What concerns what is chosen.
    pub(crate) tellings: Vec<Telling>,
    /// The systems that they may see. `None`: all.
    pub(crate) visible: Option<Vec<i64>>,
}

impl Question {
    /// What is chosen of it, of a team or a system alone if said.
    fn part<'p>(
        &'p self,
        by_system: &BySystem<'p>,
        chosen: &Chosen,
        team: Option<i64>,
        system: Option<i64>,
        teams: usize,
    ) -> Part<'p> {
        let of = |telling: &&Telling| {
            team.is_none_or(|team| telling.team == Some(team))
                && system.is_none_or(|system| telling.system == Some(system))
        };
        let tellings = self.tellings.iter().filter(of).collect();
        Part { lives: by_system.lives(chosen), tellings, teams }
    }
}

/// Understands what is asked.
///
/// # Errors
/// What is asked for is not understood, or may not be seen.
pub(crate) async fn question(app: &App, who: &Who, asked: &Asked) -> Result<Question, Problem> {
    findings::seen(who)?;
    let now = app.now();
    let today = epoch_day(now.to_zoned(TimeZone::UTC).date());
    let period = period(asked, today)?;
    let other = other(asked, period, today)?;
    let mut systems = app.store.systems(who.org).await?.to_vec();
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
    let folded = app.folded(who.org).await?;
    let (team_id, system_id) = (team.as_ref().map(|t| t.id), system.as_ref().map(|s| s.id));
    let chosen = Chosen::of(&systems, visible.as_deref(), team_id, system_id);
    let mut tellings = folded.tellings.of(visible.as_deref(), &systems, team_id);
    tellings.retain(|telling| system_id.is_none_or(|id| telling.system == Some(id)));
    Ok(Question {
        period,
        other,
        team,
        system,
        teams,
        systems,
        chosen,
        seq: folded.seq,
        lives: folded.lives,
        tellings,
        visible,
    })
}

/// The period to compare with.
fn other(asked: &Asked, period: Period, today: i64) -> Result<Period, Problem> {
    let Some(first) = day(&asked.against, "against")? else { return Ok(period.before()) };
    let other = Period { first, last: first.saturating_add(period.days() - 1) };
    if first < -LONGEST || other.last > today {
        return Err(Problem::invalid(
            "`against` must be the first day of a period of the same length that is over by today.",
        ));
    }
    Ok(other)
}

/// Reckons it, unless that was just done; what was delivered is not looked at.
///
/// # Errors
/// What is asked for is not understood, or may not be seen.
pub(crate) async fn measure(app: &App, who: &Who, asked: &Asked) -> Result<Arc<Measured>, Problem> {
    reckoned(app, who, asked, false).await
}

/// The same, with what was delivered: many deployments are read for it.
///
/// # Errors
/// What is asked for is not understood, or may not be seen.
pub(crate) async fn measure_whole(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<Arc<Measured>, Problem> {
    reckoned(app, who, asked, true).await
}

async fn reckoned(
    app: &App,
    who: &Who,
    asked: &Asked,
    delivered: bool,
) -> Result<Arc<Measured>, Problem> {
    let now = app.now();
    let is = question(app, who, asked).await?;
    let key = Key {
        org: who.org,
        known: (is.seq, now.as_second() / 60),
        periods: (is.period, is.other),
        chosen: (
            is.team.as_ref().map(|team| team.id),
            is.system.as_ref().map(|system| system.id),
            is.visible.clone(),
        ),
        systems: is.systems.clone(),
        teams: is.teams.clone(),
        delivered,
    };
    if let Some(answer) = app.answers.get(&key) {
        return Ok(answer);
    }
    let first = is.period.bounds().0.min(is.other.bounds().0);
    let shipping = match delivered {
        true => Some(Shipping::of(app, who.org, is.chosen.systems.as_deref(), first).await?),
        false => None,
    };
    let reckoned = tokio::task::spawn_blocking(move || reckon(is, shipping.as_ref(), now)).await;
    let answer = Arc::new(reckoned.map_err(|_| broken())?);
    app.answers.put(key, &answer);
    Ok(answer)
}

fn reckon(is: Question, shipping: Option<&Shipping>, now: Timestamp) -> Measured {
    let both = |of: Period| shipping.and_then(|all| all.both(of, now));
    let (period, other) = (is.period, is.other);
    let by_system = BySystem::of(&is.lives);
    let in_team = is.team.is_some() || is.system.is_some();
    let mut groups = Vec::new();
    let mut group = |name: &str, id: i64, of: &Part<'_>| {
        groups.push((name.to_owned(), id, of.numbers(period, now), of.numbers(other, now)));
    };
    let visible = is.visible.as_deref();
    if in_team {
        let chosen = |s: &&System| is.chosen.systems.as_ref().is_none_or(|c| c.contains(&s.id));
        for one in is.systems.iter().filter(chosen) {
            let of = Chosen::of(&is.systems, visible, None, Some(one.id));
            group(&one.name, one.id, &is.part(&by_system, &of, None, Some(one.id), 1));
        }
    } else {
        for one in &is.teams {
            let of = Chosen::of(&is.systems, visible, Some(one.id), None);
            group(&one.name, one.id, &is.part(&by_system, &of, Some(one.id), None, 1));
        }
    }
    let teams = if in_team { 1 } else { is.teams.len() };
    let mine = is.part(&by_system, &is.chosen, None, None, teams);
    let all = || mine.lives.iter().copied();
    let began = all().filter_map(|l| l.episodes.first()).map(|e| e.began).min();
    Measured {
        period,
        other,
        now: mine.numbers(period, now),
        before: mine.numbers(other, now),
        days: load_by_day(all(), period.first, period.last),
        days_before: load_by_day(all(), other.first, other.last),
        parts: period.parts().into_iter().map(|p| (p, mine.numbers(p, now))).collect(),
        delivered: Delivered {
            now: both(period),
            before: both(other),
            parts: period.parts().into_iter().map(both).collect(),
        },
        by: if in_team { "system" } else { "team" },
        groups,
        began: began.map(|at| epoch_day(at.to_zoned(TimeZone::UTC).date())),
        team: is.team,
        system: is.system,
        teams: is.teams,
        systems: is.systems,
    }
}

/// The day, in words.
pub(crate) fn told(day: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(day.days()).map_or_else(|_| "unknown".to_owned(), |d| d.to_string())
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
        let against = |day: &str| Asked { against: day.into(), ..Asked::default() };
        assert_eq!(other(&against(""), usual, 1000).expect("one"), usual.before());
        let chosen = other(&against("1970-04-11"), usual, 1000).expect("one");
        assert_eq!(chosen, Period { first: 100, last: 183 });
        // It may overlap, and end today; it may not be of a time to come.
        assert!(other(&against("1972-07-06"), usual, 1000).is_ok_and(|is| is.last == 1000));
        for wrong in ["1972-07-07", "x", "1960-01-01"] {
            assert!(other(&against(wrong), usual, 1000).is_err(), "{wrong}");
        }
        assert_eq!(usual.parts().len(), 12);
        assert!(usual.parts().windows(2).all(|w| w[0].last + 1 == w[1].first));
        for (from, to) in
            [("2026-13-01", ""), ("2000-01-01", ""), ("2026-01-02", "2026-01-01"), ("x", "")]
        {
            assert!(period(&asked(from, to), 20_500).is_err(), "{from} {to}");
        }
    }
}
