//! A plan in words: one sentence for each reason, without a full stop.

use std::borrow::Cow;

use jiff::Timestamp;
use trimtab_model::Purl;
use trimtab_model::plan::{
    Batch, Because, Item, Left, Margin, Plan, Problem, Slot, WhyNow, WhyThese,
};

/// A number of points or of load, without digits that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn day(problem: &Problem, at: Timestamp) -> String {
    at.to_zoned(problem.zone.clone()).strftime("%Y-%m-%d").to_string()
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

fn candidate(problem: &Problem, index: usize) -> Cow<'_, str> {
    problem.candidates.get(index).map_or(Cow::Borrowed("?"), |c| called(&c.id))
}

/// A name as people read it: of a purl that it begins with, the package and its version are told.
fn called(id: &str) -> Cow<'_, str> {
    let (first, rest) = id.split_once(' ').unwrap_or((id, ""));
    let Some(purl) = first.parse::<Purl>().ok().filter(|_| first.starts_with("pkg:")) else {
        return Cow::Borrowed(id);
    };
    let mut told = String::new();
    if let Some(namespace) = purl.namespace() {
        told.push_str(namespace);
        told.push('/');
    }
    told.push_str(purl.name());
    if let Some(version) = purl.version() {
        told.push('@');
        told.push_str(version);
    }
    if !rest.is_empty() {
        told.push(' ');
        told.push_str(rest);
    }
    Cow::Owned(told)
}

fn finding(problem: &Problem, index: usize) -> &str {
    problem.findings.get(index).map_or("?", |f| &f.id)
}

/// A slot of a team.
pub fn slot(problem: &Problem, team: usize, slot: Slot) -> String {
    let window = |w: usize| problem.teams.get(team).and_then(|t| t.windows.get(w));
    match slot {
        Slot::Now => "now".to_owned(),
        Slot::Window(w) => window(w).map_or_else(|| format!("window {w}"), |w| w.name.to_string()),
    }
}

/// What a batch costs and removes.
pub fn batch(problem: &Problem, batch: &Batch) -> String {
    format!(
        "{} in {}: {} to {} points, planned as {}; removes {} with load {}, and saves {} load-days; \
         in production by {}",
        slot(problem, batch.team, batch.slot),
        batch.place,
        number(batch.least),
        number(batch.most),
        number(batch.points),
        findings(batch.removes.len()),
        number(batch.load),
        number(batch.load_days),
        day(problem, batch.by),
    )
}

/// Why an action is in the plan.
pub fn why_these(problem: &Problem, why: &WhyThese) -> String {
    let name = |c: &usize| candidate(problem, *c);
    match why {
        WhyThese::Accepted(c) => format!("{} was accepted", name(c)),
        WhyThese::Exploited(c, f) => {
            format!("{} removes {}, which is known to be exploited", name(c), finding(problem, *f))
        }
        WhyThese::Worth(c, worth, place, all) => {
            let place = match (place, all) {
                (_, 1) => "the only action of the team".to_owned(),
                (1, all) => format!("the most of the team's {all} actions"),
                (n, all) => format!("number {n} of the team's {all} actions"),
            };
            format!("{} removes {} load per point: {place}", name(c), number(*worth))
        }
        WhyThese::Needed(c, by) => format!("{} is needed by {}", name(c), name(by)),
        WhyThese::InsteadOf(c, other) => {
            format!("{} was chosen instead of {}", name(c), name(other))
        }
    }
}

/// Why a batch is in its slot.
pub fn why_now(problem: &Problem, why: &WhyNow) -> String {
    let name = |c: &usize| candidate(problem, *c);
    match why {
        WhyNow::Accepted => "accepted for this window".to_owned(),
        WhyNow::Charter(f) => {
            format!("the charter requires an immediate fix for {}", finding(problem, *f))
        }
        WhyNow::First => "this is the earliest possible window".to_owned(),
        WhyNow::Quarantine(c, until) => {
            format!(
                "the new version of {} is in quarantine until {}",
                name(c),
                day(problem, *until)
            )
        }
        WhyNow::From(c, from) => format!(
            "not before {}: the new version of {} is in quarantine until then, within the window",
            day(problem, *from),
            name(c)
        ),
        WhyNow::Unheld(c, until, f) => format!(
            "the new version of {} is in quarantine until {}, and does not wait: it removes {}, which is known to be exploited",
            name(c),
            day(problem, *until),
            finding(problem, *f)
        ),
        WhyNow::Frozen(c, freeze) => match problem.freezes.get(*freeze) {
            Some(freeze) => {
                format!(
                    "{} may not be released before {} ({})",
                    name(c),
                    day(problem, freeze.to),
                    freeze.reason
                )
            }
            None => format!("{} may not be released earlier", name(c)),
        },
        WhyNow::After(c, need) => {
            format!(
                "{} needs {}, which is done in the same window or just before",
                name(c),
                name(need)
            )
        }
        WhyNow::Full => "earlier windows are full of actions that save more".to_owned(),
        WhyNow::Limit => "earlier windows have reached the limit on open batches".to_owned(),
        WhyNow::Dear(left) => match number(*left).as_str() {
            "0" | "-0" => "no earlier window has points left".to_owned(),
            left => format!("no earlier window has more than {left} points left"),
        },
        WhyNow::Deadline(f, due) => {
            format!(
                "{} is due on {}, before the next window ends",
                finding(problem, *f),
                day(problem, *due)
            )
        }
        WhyNow::Whole(c, points) => format!(
            "{} has the window to itself: it is planned as {} points, more than the window has, but its lowest estimate fits",
            name(c),
            number(*points)
        ),
    }
}

/// What is left, and why.
pub fn left(problem: &Problem, left: &Left) -> String {
    let what = match left.what {
        Item::Finding(f) => format!("{} stays open", finding(problem, f)),
        Item::Candidate(c) => format!("{} is not planned", candidate(problem, c)),
    };
    format!("{what}: {}", because(problem, &left.because))
}

/// Why something is not done.
pub fn because(problem: &Problem, because: &Because) -> String {
    match because {
        Because::NoCandidate(None) => "no known action removes it".to_owned(),
        Because::NoCandidate(Some(name)) => format!("blocked by {name}"),
        Because::Capacity(points) => {
            format!(
                "it needs {} points, and no window for its level has that many left",
                number(*points)
            )
        }
        Because::Few(points, team, windows) => {
            let team = problem.teams.get(*team);
            let name = |window: &usize| team.and_then(|t| t.windows.get(*window)).map(|w| &*w.name);
            let names: Vec<&str> = windows.iter().filter_map(name).collect();
            let points = number(*points);
            match &names[..] {
                [one] => format!(
                    "it needs {points} points, and {one}, the only window for it, has fewer left"
                ),
                [one, two] => format!(
                    "it needs {points} points, and {one} and {two}, the only windows for it, have fewer left"
                ),
                [one, rest @ ..] => format!(
                    "it needs {points} points, and {one} and {} more, the only windows for it, have fewer left",
                    rest.len()
                ),
                [] => format!("it needs {points} points, and no window for it has that many left"),
            }
        }
        Because::TooDear(points, most) => format!(
            "it needs {} points, and no window has more than {}",
            number(*points),
            number(*most)
        ),
        Because::Limit => "the team has reached its limit on open batches".to_owned(),
        Because::Quarantine(until) => format!(
            "its version is in quarantine until {}, and no suitable window ends after that",
            day(problem, *until)
        ),
        Because::Frozen(freeze) => match problem.freezes.get(*freeze) {
            Some(freeze) => format!(
                "nothing of its level may be released before {} ({})",
                day(problem, freeze.to),
                freeze.reason
            ),
            None => "nothing of its level may be released".to_owned(),
        },
        Because::Blocked(need) => {
            format!("blocked by {}, which must be done first", candidate(problem, *need))
        }
        Because::Superseded(by) => format!("superseded by {}", candidate(problem, *by)),
        Because::NoWindow => "no planned window takes its level".to_owned(),
        Because::NothingGained => {
            "it would remove nothing that counts before the horizon".to_owned()
        }
    }
}

/// What one more point would do.
pub fn margin(problem: &Problem, margin: &Margin) -> String {
    let window = slot(problem, margin.team, Slot::Window(margin.window));
    let team = problem.teams.get(margin.team).map_or("?", |t| &t.id);
    let what = match margin.removes.len() {
        0 => String::new(),
        1 => format!("remove 1 more finding with load {} and ", number(margin.load)),
        n => format!("remove {n} more findings with load {} and ", number(margin.load)),
    };
    format!(
        "one more point for {team} in {window} would {what}save {} load-days, days after deadlines included",
        number(margin.saves)
    )
}

/// What happens if nothing is done, compared with the plan.
pub fn nothing(plan: &Plan) -> String {
    let missed = plan.nothing.missed.len();
    let passed =
        if missed == 1 { "1 deadline passes" } else { &format!("{missed} deadlines pass") };
    format!(
        "If nothing is done, {passed} and load-days are {}; with the plan, {} and {}",
        number(plan.nothing.load_days),
        plan.worth.missed,
        number(plan.worth.load_days),
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::*;

    #[test]
    fn packages_are_told_by_their_name() {
        let told = called("pkg:npm/%40angular/core@11.0.0 to 11.2.1 in shop");
        assert_eq!(told, "@angular/core@11.0.0 to 11.2.1 in shop");
        assert_eq!(called("pkg:npm/st"), "st");
        // What has another name keeps it, and so does what only looks like a purl.
        for name in ["raise moment to 2.29.4 in shop", "pkg:", ""] {
            assert_eq!(called(name), name);
        }
    }

    /// A freeze ends at midnight of the calendar, which is another day elsewhere.
    #[test]
    fn days_are_those_of_the_calendar() {
        let at: Timestamp = "2026-12-20T23:00:00Z".parse().unwrap();
        let mut problem = Problem {
            now: at,
            at_once: at,
            horizon: at,
            late: 1.0,
            teams: Vec::new(),
            findings: Vec::new(),
            candidates: Vec::new(),
            accepted: Vec::new(),
            freezes: Vec::new(),
            zone: TimeZone::UTC,
        };
        assert_eq!(day(&problem, at), "2026-12-20");
        problem.zone = TimeZone::fixed(offset(1));
        assert_eq!(day(&problem, at), "2026-12-21");
        let dear = |left| why_now(&problem, &WhyNow::Dear(left));
        assert_eq!(dear(0.001), "no earlier window has points left");
        assert_eq!(dear(1.234), "no earlier window has more than 1.23 points left");
    }
}
