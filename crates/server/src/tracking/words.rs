//! What a ticket says: the change in four voices, its level and due date by the charter, when it is done, and where more is
//! said. Made anew only when something of it became another: numbers that differ every day change no ticket.

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_model::charter::Calendar;
use trimtab_model::{Level, Purl, Role};
use trimtab_store::{Finding, Org, Scheduled, Team, Tracker};

use super::Told;
use crate::facts::finding::{SIDES, by_gravity, voice};
use crate::ingest::Refused;
use crate::knowing::known;
use crate::state::App;
use crate::weighing::Weigher;

/// How many findings are named.
const NAMED: usize = 10;

/// What voices say of a finding that is another for the change as a whole: the version to go to, what it costs, how it is
/// taken back. By when it is due stands at the head of the ticket, which is read for weeks.
const OF_ONE: [&str; 5] = ["Upgrade", "What it costs", "Size of change", "Rollback", "By when"];

/// What is said of a change whose window begins after its deadline.
const AFTER: &str = "Its window begins after its deadline: do it earlier, give an earlier window more points, or ask for an exception";

/// A comment of so many bytes begins anew.
const NOTE: usize = 2_000;

/// A change to be told.
pub(super) struct Change<'a> {
    pub(super) is: &'a Scheduled,
    /// The team's, that are there.
    pub(super) findings: &'a [Finding],
    pub(super) team: &'a Team,
    /// Whether people gave it points: then nothing is reckoned.
    pub(super) pointed: bool,
}

/// A day of the charter's calendar.
///
/// # Errors
/// The store does not answer.
pub(super) async fn day(app: &App, org: Org, at: Timestamp) -> Result<String, Refused> {
    let agreed = app.agreed(org, at).await?;
    Ok(at.to_zoned(agreed.charter.calendar.time_zone.clone()).date().to_string())
}

/// By when some findings are to be gone.
pub(super) struct Due {
    /// The first of their deadlines.
    pub(super) first: Option<Timestamp>,
    /// The last day of work before it.
    pub(super) day: Option<String>,
    /// The same with its time and zone.
    pub(super) moment: Option<String>,
}

impl Due {
    pub(super) fn of(findings: &[Finding], calendar: &Calendar) -> Due {
        let deadline = |f: &Finding| Some((f.weighed.as_ref()?.deadline?, f.detected));
        let first = findings.iter().filter_map(deadline).min();
        Due {
            first: first.map(|(at, _)| at),
            day: first.map(|(at, since)| last_day(at, since, calendar).to_string()),
            moment: first.map(|(at, _)| moment(at, calendar)),
        }
    }
}

/// The gravest level of some findings. What was not weighed may be critical.
pub(super) fn gravest_of(findings: &[Finding]) -> Level {
    let levels = findings.iter().map(|f| f.weighed.as_ref().map(|w| w.level));
    let level = levels.map(|level| level.unwrap_or(Level::Critical)).max();
    level.unwrap_or(Level::Critical)
}

/// The last day at the end of whose work a moment has not passed: a deadline in the night is not the next day's work. It is
/// no day before something was there.
fn last_day(at: Timestamp, since: Timestamp, calendar: &Calendar) -> Date {
    let local = at.to_zoned(calendar.time_zone.clone());
    let date = local.date();
    if local.time() >= calendar.day_ends {
        return date;
    }
    let began = since.to_zoned(calendar.time_zone.clone()).date();
    date.yesterday().map_or(date, |before| before.max(began).min(date))
}

/// A moment by the charter's calendar, with the zone.
fn moment(at: Timestamp, calendar: &Calendar) -> String {
    let local = at.to_zoned(calendar.time_zone.clone());
    match calendar.time_zone.iana_name() {
        Some(zone) => format!("{} {zone}", local.strftime("%Y-%m-%d %H:%M")),
        None => local.strftime("%Y-%m-%d %H:%M %:z").to_string(),
    }
}

/// A package as people call it.
fn name(package: &str) -> String {
    match package.parse::<Purl>() {
        Ok(purl) => match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        },
        Err(_) => package.to_owned(),
    }
}

/// What is to stand in the ticket of a change, where that is another than before (with whether it was wanted then).
///
/// # Errors
/// The store does not answer.
pub(super) async fn told(
    app: &App,
    tracker: &Tracker,
    change: &Change<'_>,
    before: Option<&(Told, bool)>,
    now: Timestamp,
) -> Result<Option<Told>, Refused> {
    let org = tracker.org;
    // What is scheduled and has nothing left of the team's is about to leave the plan.
    let Some(gravest) = gravest_first(change.findings).into_iter().next() else {
        return Ok(None);
    };
    let is = change.is;
    // What was not weighed may be critical.
    let level = gravest_of(change.findings);
    let agreed = app.agreed(org, now).await?;
    let Due { first, day: due, moment: deadline } =
        Due::of(change.findings, &agreed.charter.calendar);
    let late = first.is_some_and(|due| due <= now);
    let begins = is.window.as_ref().map(|window| window.starts);
    let after = begins.zip(first).is_some_and(|(begins, due)| due < begins);
    let window = is.window.as_ref().map_or("now", |w| &w.name).to_owned();
    let points = (!change.pointed).then(|| (is.points * 2.0).round() / 2.0);
    let asset = gravest.asset.1.clone();
    let system = gravest.system.as_ref().map(|s| s.1.clone());
    let component = component(tracker, &asset, system.as_deref());
    let findings = change.findings.iter().map(|f| f.id).collect::<Vec<_>>();
    // What is told at once. Other reasons than that people decided it change too often for that.
    let flags = [(is.by_people, " by people"), (late, " late"), (after, " after")];
    let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let made_of = format!(
        "4 {level} {due:?} {deadline:?} {} {window} {points:?} {findings:?} {component:?} {} {}{flags}",
        is.version, change.team.name, app.settings.public
    );
    // Without an index nothing can be said of what it means: that waits.
    let Some(index) = app.index() else { return Ok(None) };
    let digest = index.info().ok().map(|info| info.digest);
    // What this index does not know, another one may.
    let unknown = format!("{made_of}, unknown to {digest:?}");
    if before.is_some_and(|(held, wanted)| {
        *wanted && (held.made_of == made_of || held.made_of == unknown)
    }) {
        return Ok(None);
    }
    let from = gravest.component.1.parse::<Purl>().ok();
    let from = from.as_ref().and_then(Purl::version).unwrap_or_default().to_owned();
    let mut new = Told {
        made_of,
        title: format!("Raise {} to {} in {asset}", name(&is.change.package), is.version),
        level: level.to_string(),
        due,
        points,
        team: change.team.name.clone(),
        component,
        links: links(app, change),
        criteria: criteria(change, &asset, deadline.as_deref()),
        deadline,
        asset,
        from,
        to: is.version.clone(),
        window,
        after,
        late,
        findings,
        answer: before.map_or_else(String::new, |(held, _)| held.answer.clone()),
        ..Told::default()
    };
    if !speak(app, org, change, gravest, &mut new, now).await? {
        new.made_of = unknown;
    }
    if let Some((held, wanted)) = before {
        let what = differs(held, *wanted, &new, &is.why);
        new.note = match what.is_empty() {
            true => held.note.clone(),
            false => Some(noted(held.note.as_deref(), &day(app, org, now).await?, &what.join(" "))),
        };
    }
    Ok(Some(new))
}

/// The one comment, with something more to say on a day: what it said of the same day stays, as nobody is told of what is
/// overwritten.
pub(super) fn noted(held: Option<&str>, day: &str, more: &str) -> String {
    match held.filter(|held| held.starts_with(&format!("{day}: ")) && held.len() < NOTE) {
        Some(held) => format!("{held} {more}"),
        None => format!("{day}: {more}"),
    }
}

/// Findings as they are named: why there is a ticket comes first.
fn gravest_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut all: Vec<&Finding> = findings.iter().collect();
    all.sort_by(|a, b| by_gravity(b, a));
    all
}

/// The component by the asset's name, else by the system's, else the one for all.
fn component(tracker: &Tracker, asset: &str, system: Option<&str>) -> Option<String> {
    let of = |name: &str| tracker.is.components[name].as_str().map(ToOwned::to_owned);
    of(asset).or_else(|| of(system?)).or_else(|| of("*"))
}

/// What became another, a sentence each: level, deadline, plan.
fn differs(held: &Told, wanted: bool, new: &Told, why: &str) -> Vec<String> {
    let mut all = Vec::new();
    if !wanted {
        all.push("Reopened: its findings are back.".to_owned());
    }
    all.extend(graver(held, new));
    if held.to != new.to {
        all.push(format!("Target version: {}, was {}.", new.to, held.to));
    }
    if held.window != new.window {
        let was = if held.window.is_empty() { "in no window" } else { &held.window };
        all.push(format!("Planned for {}, was {was}: {why}.", new.window));
    }
    if new.after && !held.after {
        all.push(format!("{AFTER}."));
    }
    all.extend(later(held, new));
    if held.findings.len() != new.findings.len() {
        let (is, was) = (new.findings.len(), held.findings.len());
        all.push(format!("Findings removed: {is}, was {was}."));
    }
    all
}

/// By when a ticket says that it is due.
fn due(told: &Told) -> String {
    let at = told.deadline.as_ref().or(told.due.as_ref());
    at.cloned().unwrap_or_else(|| "none".to_owned())
}

/// Of which level it is, and by when it is due, where that became another.
pub(super) fn graver(held: &Told, new: &Told) -> Vec<String> {
    let mut all = Vec::new();
    if held.level != new.level {
        all.push(format!("Level: {}, was {}.", new.level, held.level));
    }
    if held.due != new.due {
        all.push(format!("Due by the charter: {}, was {}.", due(new), due(held)));
    }
    all
}

/// That its deadline passed, where that is new.
pub(super) fn later(held: &Told, new: &Told) -> Option<String> {
    (new.late && !held.late).then(|| {
        format!("Past its deadline of {}: carry it out now, or ask for an exception.", due(new))
    })
}

fn links(app: &App, change: &Change<'_>) -> Vec<(String, String)> {
    let public = app.settings.public.trim_end_matches('/');
    let (team, is) = (change.team.id, &change.is.change);
    let encode = crate::web::findings::encode;
    let list =
        format!("{public}/findings?team={team}&package={}&asset={}", encode(&is.package), is.asset);
    let mut all = vec![
        ("The plan".to_owned(), format!("{public}/teams/{team}/plan")),
        ("Findings removed".to_owned(), list),
    ];
    for f in gravest_first(change.findings).into_iter().take(3) {
        all.push((f.vulnerability.1.clone(), format!("{public}/findings/{}", f.id)));
    }
    all
}

fn criteria(change: &Change<'_>, asset: &str, deadline: Option<&str>) -> Vec<String> {
    let package = name(&change.is.change.package);
    let findings = match change.findings.len() {
        1 => "the finding is".to_owned(),
        count => format!("none of the {count} findings is"),
    };
    let gone = match change.findings.len() {
        1 => "the finding is not in it".to_owned(),
        _ => format!("{findings} in it"),
    };
    vec![
        format!("{asset} has no {package} below {}", change.is.version),
        "its tests give the same result as before".to_owned(),
        format!("a new inventory of it has been pushed, and {gone}"),
        closing(deadline),
    ]
}

/// The last of what a ticket is done by.
fn closing(deadline: Option<&str>) -> String {
    match deadline {
        Some(by) => format!(
            "the new build runs in production by {by}, the charter's deadline; this ticket then closes by itself"
        ),
        None => "the new build runs in production; this ticket then closes by itself".to_owned(),
    }
}

/// What a ticket says whose change no plan has: how grave what is left of it is and by when it is due, which a charter may
/// change, and no window.
pub(super) fn unplanned(
    held: &Told,
    left: &[Finding],
    calendar: &Calendar,
    now: Timestamp,
) -> Told {
    let Due { first, day, moment } = Due::of(left, calendar);
    let mut new = Told {
        level: gravest_of(left).to_string(),
        due: day,
        deadline: moment,
        late: first.is_some_and(|due| due <= now),
        after: false,
        ..held.clone()
    };
    if let Some(last) = new.criteria.last_mut() {
        *last = closing(new.deadline.as_deref());
    }
    let lines = new.engineering.split_once('\n').unwrap_or((new.engineering.as_str(), ""));
    if let Some((what, _)) = lines.0.split_once(" Planned for ") {
        new.engineering = format!("{what} No plan has it.\n{}", lines.1);
    }
    new
}

/// Tells the gravest finding in four voices, below what the change as a whole is. `false`: the index does not know it.
async fn speak(
    app: &App,
    org: Org,
    change: &Change<'_>,
    gravest: &Finding,
    new: &mut Told,
    now: Timestamp,
) -> Result<bool, Refused> {
    let agreed = app.agreed(org, now).await?;
    let known = known(&app.store, org, std::slice::from_ref(gravest)).await?;
    let mut is_known = false;
    let mut texts = [String::new(), String::new(), String::new(), String::new()];
    if let (Some(known), Some(index)) = (known.first(), app.index()) {
        let weigher = Weigher::new(&agreed, index, now);
        if let Some(assessed) = weigher.assess(known) {
            is_known = true;
            for (text, side) in texts.iter_mut().zip(SIDES) {
                let lines = voice(known, &agreed, &assessed, now, side);
                let lines = lines
                    .iter()
                    .filter(|line| !OF_ONE.contains(&line.label))
                    .map(|line| format!("{}: {}", line.label, line.says));
                *text = lines.collect::<Vec<_>>().join("\n");
            }
        }
    }
    let all = || {
        let mut names: Vec<String> = gravest_first(change.findings)
            .into_iter()
            .take(NAMED)
            .map(|f| {
                let level = f.weighed.as_ref().map_or("not weighed", |w| w.level.as_str());
                format!("{} ({level})", f.vulnerability.1)
            })
            .collect();
        let more = change.findings.len().saturating_sub(NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        names.join(", ")
    };
    let [product, engineering, security, operations] = texts;
    let unknown = "The advisory index has no entry for it, so nothing is known about it here.";
    let or = |text: String| if text.is_empty() { unknown.to_owned() } else { text };
    new.product = or(product);
    new.engineering = format!(
        "Raise {} from {} to {} in {}. Planned for {}: {}.{}\n{engineering}",
        name(&change.is.change.package),
        if new.from.is_empty() { "the current version" } else { &new.from },
        new.to,
        new.asset,
        new.window,
        change.is.why,
        if new.after { format!(" {AFTER}.") } else { String::new() }
    );
    new.security = format!("It removes {}.\nThe gravest of them:\n{}", all(), or(security));
    new.operations = format!(
        "{}\nRollback: to the build with {} {}: it is affected again, so a rollback brings back what this removes.",
        or(operations),
        name(&change.is.change.package),
        if new.from.is_empty() { "of before" } else { &new.from },
    );
    Ok(is_known)
}

/// The sides, in the order of a ticket's voices.
const _: () = {
    assert!(matches!(SIDES[0], Role::Product) && matches!(SIDES[1], Role::Engineering));
    assert!(matches!(SIDES[2], Role::Security) && matches!(SIDES[3], Role::Operations));
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::finding;

    #[test]
    fn the_gravest_finding_is_named_first() {
        let weighed = |level, weight| {
            Some(trimtab_store::Weighed {
                level,
                bounds: (level, level),
                probability: 0.1,
                weight,
                deadline: None,
                deadline_kind: "by",
                cost: None,
                decision: None,
            })
        };
        let of = |id, weighed| Finding { weighed, ..finding(id, 1, "pkg:npm/a") };
        let all = [
            of(1, weighed(Level::High, 9.0)),
            of(2, weighed(Level::High, 10.0)),
            of(3, weighed(Level::Critical, 4.0)),
            of(4, None),
        ];
        let ids: Vec<i64> = gravest_first(&all).iter().map(|f| f.id).collect();
        assert_eq!(ids, [4, 3, 2, 1], "what is not weighed may be anything");
        let likely = |probability| {
            let is = weighed(Level::Critical, 4.0)?;
            Some(trimtab_store::Weighed { probability, ..is })
        };
        let all = [of(5, likely(0.95)), of(6, likely(0.19)), of(7, likely(0.95))];
        let ids: Vec<i64> = gravest_first(&all).iter().map(|f| f.id).collect();
        assert_eq!(ids, [5, 7, 6], "the likelier first, then the older");
    }

    #[test]
    fn a_deadline_in_the_night_is_work_of_the_day_before() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
        let calendar = Calendar { time_zone: zone, ..trimtab_charter::preset::default().calendar };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = at("2026-12-01T00:11:00Z");
        let day = |due: &str| last_day(at(due), found, &calendar).to_string();
        let ends = calendar.day_ends.on(2026, 12, 4).to_zoned(calendar.time_zone.clone());
        let ends = ends.unwrap().timestamp();
        assert_eq!(last_day(ends, found, &calendar).to_string(), "2026-12-04", "as a day ends");
        assert_eq!(day("2026-12-04T00:11:00Z"), "2026-12-03");
        assert_eq!(day("2026-12-04T22:59:00Z"), "2026-12-04", "its work has ended");
        // What is due within hours is not due before it was there.
        assert_eq!(day("2026-12-01T04:00:00Z"), "2026-12-01");
        assert_eq!(moment(at("2026-12-04T00:11:00Z"), &calendar), "2026-12-04 01:11 +01:00");
    }

    #[test]
    fn what_no_plan_has_keeps_its_true_deadline() {
        let calendar = trimtab_charter::preset::default().calendar;
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let held = Told {
            level: "critical".into(),
            due: Some("2026-12-04".into()),
            window: "sprint 1".into(),
            engineering: "Raise a from 1 to 2 in shop. Planned for sprint 1: x.\nUpgrade: y".into(),
            criteria: vec!["a is gone".into(), "it runs".into()],
            ..Told::default()
        };
        let weighed = trimtab_store::Weighed {
            level: Level::Critical,
            bounds: (Level::Critical, Level::Critical),
            probability: 0.9,
            weight: 50.0,
            deadline: Some(at("2026-12-02T23:59:00Z")),
            deadline_kind: "by",
            cost: None,
            decision: None,
        };
        let left = [Finding { weighed: Some(weighed), ..finding(1, 1, "pkg:npm/a") }];
        let new = unplanned(&held, &left, &calendar, at("2026-12-01T09:00:00Z"));
        assert!(new.due < held.due && !new.late, "{new:?}");
        assert_eq!(new.engineering, "Raise a from 1 to 2 in shop. No plan has it.\nUpgrade: y");
        assert!(new.criteria[1].contains("the charter's deadline"), "{new:?}");
        let said = graver(&held, &new).concat();
        assert!(
            said.starts_with("Due by the charter: 2026-12-0") && said.contains("was 2026-12-04")
        );
        let late = unplanned(&new, &left, &calendar, at("2026-12-03T09:00:00Z"));
        assert!(later(&new, &late).is_some_and(|said| said.starts_with("Past its deadline")));
        assert_eq!((graver(&late, &late), later(&late, &late)), (Vec::new(), None));
    }

    #[test]
    fn only_what_people_must_know_is_noted() {
        let held = Told {
            level: "high".into(),
            window: "sprint 1".into(),
            to: "2.0.0".into(),
            findings: vec![1],
            points: Some(1.0),
            ..Told::default()
        };
        let other = Told { points: Some(2.0), ..held.clone() };
        assert_eq!(differs(&held, true, &other, "x"), Vec::<String>::new());
        let moved = Told { window: "now".into(), level: "critical".into(), ..held.clone() };
        let said = differs(&held, true, &moved, "it cannot wait").join(" ");
        assert!(said.contains("Level: critical, was high") && said.contains("it cannot wait"));
        let day = "2026-12-01";
        let first = noted(Some("2026-11-30: It was low."), day, "It is high.");
        assert_eq!(first, "2026-12-01: It is high.");
        assert_eq!(noted(Some(&first), day, "It is due."), "2026-12-01: It is high. It is due.");
        assert_eq!(noted(Some(&"2026-12-01: x".repeat(400)), day, "y"), "2026-12-01: y");
        assert!(differs(&held, false, &held, "x").concat().contains("Reopened"));
        // That a deadline passed is said once, and so is that its window is too late for it.
        let due = Some("2026-12-04".to_owned());
        let before = Told { due, after: true, ..held };
        let late = Told { late: true, ..before.clone() };
        let said = differs(&before, true, &late, "x").concat();
        assert!(said.contains("Past its deadline of 2026-12-04"), "{said}");
        assert_eq!(differs(&late, true, &late, "x"), Vec::<String>::new());
        let earlier = Told { after: false, ..before.clone() };
        assert!(differs(&earlier, true, &before, "x").concat().contains("after its deadline"));
    }
}
