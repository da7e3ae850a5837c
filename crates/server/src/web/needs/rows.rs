//! The rows of each list of what needs somebody.

use jiff::Timestamp;
use trimtab_engine::supplier::obligations::Promise;
use trimtab_model::Role;
use trimtab_pages::part::{Cell, Column, Link, Mark, Row, When, number};
use trimtab_store::{
    Appeal, Broken, Decision, Finding, Job, Outcome, Rollout, StoredCharter, System,
};

use super::Drawn;
use crate::access::{Action, On, Who};
use crate::deciding::kind;
use crate::facts::needs::{Asking, Change, Need, NeedOf, Owed, TeamNeed, TeamNeedOf};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::web::exceptions::what;
use crate::web::findings::encode;
use crate::web::today::{columns, row, short};

/// How much of a reason is shown, in characters.
const REASON: usize = 120;

/// Whether they may see the whole organisation: what is linked only then.
fn sees_all(who: &Who) -> bool {
    who.may(Action::View, On::ALL)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Decisions that they may answer.
///
/// # Errors
/// The store does not answer.
pub(super) async fn answers(
    asking: &Asking<'_>,
    all: &[(Decision, Vec<Role>)],
) -> Result<Drawn, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let system = |is: &Decision| {
        let id = is.is.system?;
        asking.agreed.stored.iter().find(|s| s.id == id).map(|s| (s.id, s.name.clone()))
    };
    let row = |(is, _): &(Decision, Vec<Role>)| {
        Row::of(vec![
            Cell::Name(
                Link::to(what(is), format!("/exceptions/{}", is.id)),
                kind(is.is.kind).to_owned(),
            ),
            match system(is) {
                Some((id, name)) => Cell::link(name, format!("/systems/{id}")),
                None => Cell::text("all systems"),
            },
            Cell::text(cut(&is.is.reason, REASON)),
            Cell::text(format!("{} for {}", name(&names, is.is.author), is.is.author_role)),
            Cell::Value(When::of(is.asked, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("What").kept(),
        Column::left("System"),
        Column::left("Reason"),
        Column::left("Asked by"),
        Column::right("Asked").kept(),
    ];
    Ok(Drawn { columns, rows: all.iter().map(row).collect() })
}

/// Emergencies and disputes that they may answer.
///
/// # Errors
/// The store does not answer.
pub(super) async fn appeals(asking: &Asking<'_>, all: &[Appeal]) -> Result<Drawn, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let row = |is: &Appeal| {
        let (package, _) = short(&is.is.package);
        Row::of(vec![
            Cell::Name(Link::to(package, format!("/appeals/{}", is.id)), is.asset_name.clone()),
            Cell::text(if is.is.dispute { "dispute" } else { "emergency" }),
            Cell::text(cut(&is.is.reason, REASON)),
            Cell::text(name(&names, is.is.author)),
            Cell::Due(When::of(is.is.due, asking.now), is.is.due < asking.now),
        ])
    };
    let columns = vec![
        Column::left("Change").kept(),
        Column::left("What"),
        Column::left("Reason"),
        Column::left("Asked by"),
        Column::right("Answer by").kept(),
    ];
    Ok(Drawn { columns, rows: all.iter().map(row).collect() })
}

/// Proposed charters to which their side has not agreed.
///
/// # Errors
/// The store does not answer.
pub(super) async fn charters(asking: &Asking<'_>, all: &[StoredCharter]) -> Result<Drawn, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let row = |is: &StoredCharter| {
        let agreed: Vec<&str> = is.agreed.iter().map(|(side, ..)| side.as_str()).collect();
        let agreed = if agreed.is_empty() { "nobody".to_owned() } else { agreed.join(", ") };
        Row::of(vec![
            Cell::name(format!("Proposal {}", is.id), format!("/charter/proposals/{}", is.id)),
            Cell::text(name(&names, is.author)),
            Cell::text(agreed),
            Cell::Value(When::of(is.proposed, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("Charter").kept(),
        Column::left("Proposed by"),
        Column::left("Agreed so far"),
        Column::right("Proposed").kept(),
    ];
    Ok(Drawn { columns, rows: all.iter().map(row).collect() })
}

/// Exceptions in force that end soon.
///
/// # Errors
/// The store does not answer.
pub(super) async fn ending(asking: &Asking<'_>, all: &[Decision]) -> Result<Drawn, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let row = |is: &Decision| {
        Row::of(vec![
            Cell::Name(
                Link::to(what(is), format!("/exceptions/{}", is.id)),
                kind(is.is.kind).to_owned(),
            ),
            Cell::text(cut(&is.is.reason, REASON)),
            Cell::text(name(&names, is.is.author)),
            match is.is.expires {
                Some(end) => Cell::Due(When::of(end, asking.now), false),
                None => Cell::Nothing,
            },
        ])
    };
    let columns = vec![
        Column::left("What").kept(),
        Column::left("Reason"),
        Column::left("Asked by"),
        Column::right("Ends").kept(),
    ];
    Ok(Drawn { columns, rows: all.iter().map(row).collect() })
}

/// What is scheduled at once or in a window that runs.
pub(super) fn changes(asking: &Asking<'_>, all: &[Change]) -> Drawn {
    let row = |Change { team: (team, owner), asset, is }: &Change| {
        // In a plan whose window the person sees as a whole. No list of findings has those of one change alone.
        let anchor = is.window.as_ref().map_or_else(
            || "now".to_owned(),
            |window| format!("window-{}", window.starts.as_second()),
        );
        let sees = asking.who.may(Action::View, On { system: None, team: Some(*team) });
        let plan = sees.then(|| format!("/teams/{team}/plan#{anchor}"));
        let within = |text: String| match &plan {
            Some(plan) => Cell::link(text, plan.clone()),
            None => Cell::text(text),
        };
        let to = plan.clone().unwrap_or_else(|| {
            let package = encode(&is.change.package);
            format!("/findings?team={team}&package={package}&asset={}", is.change.asset)
        });
        let (name, _) = short(&is.change.package);
        let window = is.window.as_ref().map_or("now", |window| window.name.as_str());
        Row::of(vec![
            Cell::Name(Link::to(format!("{name} to {}", is.version), to), asset.clone()),
            Cell::text(owner.clone()),
            Cell::text(window),
            within(is.findings.len().to_string()),
            within(number(is.load)),
            Cell::text(number(is.points)),
        ])
    };
    let columns = vec![
        Column::left("Change").kept(),
        Column::left("Team"),
        Column::left("Window").kept(),
        Column::right("Removes"),
        Column::right("Load removed"),
        Column::right("Points"),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// Systems that lack a tier or an owner.
pub(super) fn systems(asking: &Asking<'_>, all: &[System]) -> Drawn {
    let row = |is: &System| {
        let may = asking.who.may(Action::Describe, On { system: Some(is.id), team: is.team });
        let to = if may { "/edit" } else { "" };
        let owner = is.product_owner.clone();
        Row::of(vec![
            Cell::name(is.name.clone(), format!("/systems/{}{to}", is.id)),
            owner.map_or_else(|| Cell::unknown("nobody is named"), Cell::text),
            match &is.tier {
                Some(tier) if asking.agreed.charter.tier(tier).is_some() => {
                    Cell::text(tier.clone())
                }
                Some(tier) => Cell::text(format!("the charter has no tier `{tier}`")),
                None => Cell::unknown("no tier is set"),
            },
        ])
    };
    let columns = vec![
        Column::left("System").kept(),
        Column::left("Product owner"),
        Column::left("Tier").kept(),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// What suppliers owe.
pub(super) fn owed(asking: &Asking<'_>, all: &[Owed]) -> Drawn {
    let row = |is: &Owed| {
        let (id, name) = &is.supplier;
        let anchor = if is.what == "answer" { "questions" } else { "promises" };
        Row::of(vec![
            Cell::Name(
                Link::to(name.clone(), format!("/suppliers/{id}#{anchor}")),
                is.product.clone(),
            ),
            Cell::text(owes(is.what)),
            Cell::text(cut(&is.shown, 200)),
            Cell::Due(When::of(is.since, asking.now), true),
        ])
    };
    let columns = vec![
        Column::left("Supplier").kept(),
        Column::left("Owes").kept(),
        Column::left("What shows it"),
        Column::right("Since").kept(),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// What is owed, in words; what is not known is named as it is.
fn owes(what: &str) -> &str {
    match Promise::from_word(what) {
        Some(Promise::Vex) => "a statement (VEX)",
        Some(Promise::Notice) => "notice of a vulnerability",
        Some(Promise::Release) => "an SBOM of a release",
        Some(Promise::Freshness) => "a newer SBOM",
        Some(Promise::Quality) => "a better SBOM",
        Some(Promise::Format) => "an SBOM in the agreed format",
        None if what == "answer" => "an answer",
        None => what,
    }
}

/// Findings that wait for a side.
pub(super) fn findings(asking: &Asking<'_>, all: &[Finding]) -> Drawn {
    Drawn { columns: columns(), rows: all.iter().map(|f| row(f, asking.now)).collect() }
}

/// Assets whose main line is rid of findings that still run.
pub(super) fn rollouts(asking: &Asking<'_>, all: &[Rollout]) -> Drawn {
    let now = asking.now;
    let row = |is: &Rollout| {
        let list = format!("/findings?state=merged&counts=true&asset={}", is.asset.0);
        let when = |at: Option<Timestamp>, why: &str| {
            at.map_or_else(|| Cell::unknown(why), |at| Cell::Value(When::of(at, now).into()))
        };
        Row::of(vec![
            Cell::Mark(Mark::from(is.level)),
            Cell::name(is.asset.1.clone(), list.clone()),
            match &is.system {
                Some((id, name)) => Cell::link(name.clone(), format!("/systems/{id}")),
                None => Cell::unknown("the asset is assigned to no system"),
            },
            Cell::link(is.findings.to_string(), list.clone()),
            Cell::link(number(is.weight), list),
            when(is.since, "nobody told when it was merged"),
            is.deadline.map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ])
    };
    let columns = vec![
        Column::left("Gravest").kept(),
        Column::left("Asset").kept(),
        Column::left("System"),
        Column::right("Findings"),
        Column::right("Load"),
        Column::right("Waits since"),
        Column::right("First due").kept(),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// Deployments that went wrong.
pub(super) fn broken(asking: &Asking<'_>, all: &[Broken]) -> Drawn {
    let row = |is: &Broken| {
        let how = match is.outcome {
            Outcome::RolledBack => "rolled back",
            other => other.as_str(),
        };
        Row::of(vec![
            Cell::name(is.asset.1.clone(), format!("/releases?asset={}", is.asset.0)),
            Cell::text(is.environment.clone()),
            Cell::text(how),
            is.revision.clone().map_or_else(|| Cell::unknown("no revision was told"), Cell::code),
            Cell::Value(When::of(is.at, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("Asset").kept(),
        Column::left("Environment"),
        Column::left("How it ended").kept(),
        Column::left("Revision"),
        Column::right("When"),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// Jobs that were given up.
pub(super) fn jobs(asking: &Asking<'_>, all: &[Job]) -> Drawn {
    let row = |is: &Job| {
        let name = format!("{} {}", is.kind, is.id);
        let name = if sees_all(asking.who) { Link::to(name, "/feeds") } else { Link::words(name) };
        Row::of(vec![
            Cell::Name(name, cut(&is.name, 60)),
            Cell::text(cut(is.error.as_deref().unwrap_or(""), 200)),
            Cell::Value(When::of(is.created, asking.now).into()),
        ])
    };
    let columns =
        vec![Column::left("Job").kept(), Column::left("Last error").kept(), Column::right("Added")];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// What the server itself needs.
pub(super) fn upkeep(asking: &Asking<'_>, all: &[Need]) -> Drawn {
    let who = asking.who;
    let link = |may: bool, words: &str, to: &str| match may {
        true => Link::to(words, to),
        false => Link::words(words),
    };
    let what = |is: NeedOf| {
        let words = match is {
            NeedOf::Backup => {
                let may = who.may(Action::Administer, On::ALL);
                return link(may, "Backup", "/administration/backup");
            }
            NeedOf::Advisories => "Advisories",
            NeedOf::Kev => "Known exploited (KEV)",
            NeedOf::Epss => "Probability of exploitation (EPSS)",
            NeedOf::Feeds => "Feeds",
            NeedOf::Duty => return link(sees_all(who), "People on duty", "/teams"),
        };
        link(sees_all(who), words, "/feeds")
    };
    let row = |is: &Need| {
        Row::of(vec![Cell::Name(what(is.what), String::new()), Cell::text(is.text.clone())])
    };
    let columns = vec![Column::left("What").kept(), Column::left("Status").kept()];
    Drawn { columns, rows: all.iter().map(row).collect() }
}

/// What teams need; what is wrong is mended behind its name.
pub(super) fn teams(asking: &Asking<'_>, all: &[TeamNeed]) -> Drawn {
    let row = |is: &TeamNeed| {
        let (id, name) = &is.team;
        let (words, page) = match is.what {
            TeamNeedOf::Tracker => ("Tracker", format!("/teams/{id}/tracker")),
            TeamNeedOf::Duty => ("People on duty", format!("/teams/{id}/rota")),
            TeamNeedOf::Alarm(letter) => ("Alarm", format!("/notices/{letter}")),
            TeamNeedOf::Answer(appeal) => ("Who may answer", format!("/appeals/{appeal}")),
        };
        Row::of(vec![
            Cell::name(name.clone(), format!("/teams/{id}")),
            Cell::link(words, page),
            Cell::text(cut(&is.text, 200)),
            is.since.map_or_else(
                || Cell::unknown("nobody keeps since when"),
                |since| Cell::Value(When::of(since, asking.now).into()),
            ),
        ])
    };
    let columns = vec![
        Column::left("Team").kept(),
        Column::left("What").kept(),
        Column::left("Status"),
        Column::right("Since"),
    ];
    Drawn { columns, rows: all.iter().map(row).collect() }
}
