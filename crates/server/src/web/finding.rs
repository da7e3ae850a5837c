//! One finding: what could happen, by when it must go, how; then factors, paths, history.

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_model::assessment::{Assessment, Effect as Did};
use trimtab_model::{Inventory, Role};
use trimtab_pages::Entry;
use trimtab_pages::page::Finding as View;
use trimtab_pages::part::{
    Cell, Column, Effect, Empty, Event, Factor, Factors, Figure, Figures, History, Link, Mark,
    Pairs, Paths, Row, State as StepState, Step, Steps, Table, Tabs, Value, Voices, When, number,
};
use trimtab_report::voices::{Subject, tell};
use trimtab_store::{Entry as Line, Finding, Known};

use super::today::short;
use super::{Page, Sorry, html, layout};
use crate::access::{Action, Who};
use crate::api::findings::find;
use crate::api::on;
use crate::knowing::known;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// To whom it is told.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    side: Option<String>,
}

const SIDES: [Role; 4] = [Role::Product, Role::Engineering, Role::Security, Role::Operations];

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = find(&app, &who, id).await?;
    let now = app.now();
    let history = app.store.history(who.org, id).await?;
    let attributions = app.store.attributions(who.org, id).await?;
    let aliases = app.store.aliases(who.org, is.vulnerability.0).await?;
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let known = known(&app.store, who.org, std::slice::from_ref(&is)).await?;
    let known = known.into_iter().next().ok_or_else(|| Problem::not_found("finding"))?;
    let index = app.index();
    let weigher = index.map(|index| Weigher::new(&agreed, index, now));
    let assessed = weigher.as_ref().and_then(|w| w.assess(&known));
    let wanted = asked.side.as_deref().and_then(Role::from_word).filter(|r| SIDES.contains(r));
    let own = who.side.into_iter().chain(who.roles()).find(|r| SIDES.contains(r));
    let side = wanted.or(own).unwrap_or(Role::Security);
    let shown = SIDES.iter().position(|r| *r == side).unwrap_or(0);
    let (package, version) = short(&is.component.1);
    let mut layout = layout(
        &app,
        &who,
        Entry::Findings,
        &is.vulnerability.1,
        headline(&is, &package, &version, now),
    )
    .await?;
    let place = on(&app.store, who.org, is.system.as_ref().map(|s| s.0)).await?;
    if is.state.is_live() && who.may(Action::Ask, place) {
        layout.actions.push(Link::to("Ask for a decision", format!("/findings/{id}/ask")));
    }
    let sides = SIDES.iter().map(|r| {
        let word = r.as_str();
        let mut text = word.to_owned();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Link::to(text, format!("/findings/{id}?side={word}"))
    });
    let story = assessed.as_ref().map_or_else(
        || vec!["The advisory index does not know this vulnerability any longer.".to_owned()],
        |(finding, assessment)| story(finding, assessment, &agreed, &known, side),
    );
    let voices = Voices {
        sides: Tabs { label: "Told to".to_owned(), tabs: sides.collect(), shown },
        story,
        facts: facts(&is, &aliases),
    };
    let factors = assessed.as_ref().map_or_else(Factors::default, |(_, a)| factors(a));
    let reckoning = assessed.as_ref().map_or_else(String::new, |(_, a)| reckoning(a));
    let view = View {
        figures: figures(&is, now),
        steps: steps(&is, &agreed, now),
        voices,
        actions: actions(&is, &package),
        factors,
        reckoning,
        paths: Paths::default(),
        evidence: evidence(assessed.as_ref().map(|a| &a.0), &is, now),
        attributions: Table {
            title: "Who says so".to_owned(),
            titled: true,
            columns: vec![
                Column::left("Source").kept(),
                Column::left("Says"),
                Column::right("Since").kept(),
                Column::right("Last"),
            ],
            rows: attributions
                .iter()
                .map(|a| {
                    let says = if a.until.is_some() { "no longer affected" } else { "affected" };
                    Row::of(vec![
                        Cell::text(a.source.clone()),
                        Cell::text(says),
                        Cell::Value(When::of(a.since, now).into()),
                        Cell::Value(When::of(a.last, now).into()),
                    ])
                })
                .collect(),
            empty: Empty { why: "Nobody says so any longer.".to_owned(), next: None },
            ..Table::default()
        },
        decisions: decisions(&is),
        history: History {
            events: history.iter().rev().filter_map(|e| event(e, now)).collect(),
            more: None,
        },
        layout,
    };
    Ok(html(&view))
}

fn headline(is: &Finding, package: &str, version: &str, now: Timestamp) -> String {
    let place = is.system.as_ref().map_or(&is.asset.1, |s| &s.1);
    if !is.state.is_live() {
        return format!("{place} no longer has {} in {package}.", is.vulnerability.1);
    }
    let by = match is.weighed.as_ref().and_then(|w| w.deadline) {
        Some(at) => {
            let day = at.strftime("%Y-%m-%d");
            if at < now {
                format!(": it should have gone by {day}")
            } else {
                format!(": it must go by {day}")
            }
        }
        None => String::new(),
    };
    format!("{place} still has {package} {version}, which has {}{by}.", is.vulnerability.1)
}

fn figures(is: &Finding, now: Timestamp) -> Figures {
    let w = is.weighed.as_ref();
    let here = format!("/findings/{}", is.id);
    let level = match w {
        Some(w) => {
            let bounds = format!("between {} and {}", w.bounds.0, w.bounds.1);
            let figure = Figure::of(w.level.as_str(), "level", here.clone()).marked(w.level);
            if w.bounds.0 == w.bounds.1 { figure } else { figure.noted(bounds) }
        }
        None => Figure::of(Value::Unknown("it was not weighed".to_owned()), "level", here.clone()),
    };
    let deadline: Value = match w {
        Some(w) => match (w.deadline, w.deadline_kind) {
            (Some(at), _) => When::of(at, now).into(),
            (None, "opportunistic") => "at the next opportunity".into(),
            (None, _) => Value::Unknown("what is missing stands in the reckoning".to_owned()),
        },
        None => Value::Unknown("it was not weighed".to_owned()),
    };
    let load: Value = w.map_or_else(
        || Value::Unknown("it was not weighed".to_owned()),
        |w| number(w.weight).into(),
    );
    let cost: Value = match w.and_then(|w| w.cost) {
        Some((least, most)) => format!("{}–{} points", number(least), number(most)).into(),
        None => Value::Unknown("no source names a fix".to_owned()),
    };
    Figures(vec![
        level,
        Figure::of(deadline, "deadline", here.clone()),
        Figure::of(load, "load", here.clone()),
        Figure::of(cost, "cost to remove", here),
    ])
}

fn steps(is: &Finding, agreed: &Agreed, now: Timestamp) -> Steps {
    let system = is.system.as_ref().and_then(|s| agreed.stored.iter().find(|x| x.id == s.0));
    let team = is
        .team
        .as_ref()
        .map_or_else(|| Link::words("nobody said who owns it"), |t| Link::words(t.1.clone()));
    let person = |name: Option<&String>| {
        name.map_or_else(|| Link::words("nobody is named"), |n| Link::words(n.clone()))
    };
    let until = is.weighed.as_ref().and_then(|w| w.deadline);
    let waits = |on: &Link| StepState::Waiting {
        on: on.clone(),
        since: When::of(is.detected, now),
        until: until.map(|at| When::of(at, now)),
        late: until.is_some_and(|at| at < now),
    };
    let done = |at: Option<Timestamp>| at.map(|at| StepState::Done(When::of(at, now)));
    let product = person(system.and_then(|s| s.product_owner.as_ref()));
    let operations = person(system.and_then(|s| s.operations.as_ref()));
    let fix = match &is.fix {
        Some(fix) => format!("Raise it to {fix}."),
        None => "No source names a fix: replace, remove or mitigate.".to_owned(),
    };
    let gone = is.merged.or(is.fixed);
    let step = |side: &str, task: &str, owner: &Link, text: String, state| Step {
        side: side.to_owned(),
        task: task.to_owned(),
        owner: owner.clone(),
        text,
        state,
    };
    let weighed = is.weighed.is_some();
    Steps(vec![
        step(
            "Engineering",
            "choice of the dependency",
            &team,
            fix,
            done(gone).unwrap_or_else(|| waits(&team)),
        ),
        step(
            "Security",
            "assessment",
            &Link::words("by the charter"),
            if weighed {
                "Weighed by the charter.".to_owned()
            } else {
                "It could not be weighed.".to_owned()
            },
            if weighed { StepState::Done(When::of(is.detected, now)) } else { StepState::NotYet },
        ),
        step(
            "Product",
            "priority",
            &product,
            "By the charter's deadline, unless an exception is asked for.".to_owned(),
            done(gone).unwrap_or(StepState::Done(When::of(is.detected, now))),
        ),
        step(
            "Operations",
            "rollout",
            &operations,
            match is.production {
                Some(true) => "It runs in production.".to_owned(),
                Some(false) => "It does not run in production.".to_owned(),
                None => "It is not known what runs: say so with `trimtab deployed`.".to_owned(),
            },
            done(is.fixed).unwrap_or_else(|| {
                if is.merged.is_some() { waits(&operations) } else { StepState::NotYet }
            }),
        ),
    ])
}

/// The voice's text as paragraphs.
fn story(
    finding: &trimtab_model::finding::Finding,
    assessment: &Assessment,
    agreed: &Agreed,
    known: &Known,
    side: Role,
) -> Vec<String> {
    let scan = trimtab_model::scan::Scan {
        target: known.asset.1.as_str().into(),
        inventory: Inventory::default(),
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    };
    let mut finding = finding.clone();
    finding.occurrences.clear();
    let assessed = trimtab_model::scan::Assessed {
        finding: 0,
        occurrences: Vec::new(),
        assessment: assessment.clone(),
        exception: None,
        not_affected: None,
        vex: None,
    };
    let subject = Subject {
        scan: &scan,
        finding: &finding,
        assessed: &assessed,
        system: known.system.and_then(|id| agreed.systems.get(&id)),
        charter: &agreed.charter,
    };
    let text = tell(&subject, side);
    let mut all: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        // A line that is set in goes on with the one before it.
        match all.last_mut() {
            Some(last) if line.starts_with("      ") => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => all.push(line.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
    all
}

fn facts(is: &Finding, aliases: &[String]) -> Pairs {
    let mut pairs = vec![
        (
            "Component".to_owned(),
            Link::to(
                is.component.1.clone(),
                format!("/packages?purl={}", super::findings::encode(&is.package)),
            )
            .into(),
        ),
        (
            "Vulnerability".to_owned(),
            Link::to(
                is.vulnerability.1.clone(),
                format!("/vulnerabilities/{}", super::findings::encode(&is.vulnerability.1)),
            )
            .into(),
        ),
        (
            "Asset".to_owned(),
            Value::Link(Link::to(is.asset.1.clone(), format!("/findings?asset={}", is.asset.0))),
        ),
        ("State".to_owned(), is.state.as_str().into()),
        ("Ids".to_owned(), aliases.join(", ").into()),
    ];
    if let Some(summary) = &is.summary {
        pairs.push(("About".to_owned(), summary.clone().into()));
    }
    Pairs(pairs)
}

fn actions(is: &Finding, package: &str) -> Table {
    let rows = is.fix.iter().map(|fix| {
        let cost = is.weighed.as_ref().and_then(|w| w.cost);
        let link = format!("/findings?package={}", super::findings::encode(&is.package));
        Row::of(vec![
            Cell::Name(Link::to(format!("Raise {package} to {fix}"), link), String::new()),
            cost.map_or_else(
                || Cell::unknown("there is no history yet"),
                |(least, most)| Cell::text(format!("{}–{}", number(least), number(most))),
            ),
        ])
    });
    Table {
        title: "What removes it".to_owned(),
        titled: true,
        columns: vec![Column::left("Action").kept(), Column::right("Points").kept()],
        rows: rows.collect(),
        empty: Empty { why: "No source names a version without it.".to_owned(), next: None },
        ..Table::default()
    }
}

fn factors(a: &Assessment) -> Factors {
    let one = |factor: &trimtab_model::assessment::Factor| {
        let (effect, by) = match factor.effect {
            Did::Probability(p) => (Effect::Base, format!("probability {p:.3}")),
            Did::Odds(o) if o > 1.0 => (Effect::Raises, format!("odds × {}", number(o))),
            Did::Odds(o) if o < 1.0 => (Effect::Lowers, format!("odds × {o:.2}")),
            Did::Steps(s) if s > 0 => (Effect::Raises, format!("impact + {s}")),
            Did::Steps(s) if s < 0 => (Effect::Lowers, format!("impact − {}", s.unsigned_abs())),
            Did::Floor(level) => (Effect::Raises, format!("at least {level}")),
            Did::Kept(level) => (Effect::None, format!("kept at {level}")),
            Did::Odds(_) | Did::Steps(_) | Did::None => (Effect::None, "none".to_owned()),
        };
        let value = if factor.unknown {
            Value::Unknown(factor.value.to_string())
        } else {
            factor.value.to_string().into()
        };
        Factor {
            name: factor.name.to_string(),
            value,
            effect,
            by,
            source: Link::words(factor.source.to_string()),
        }
    };
    Factors(a.factors().map(one).collect())
}

fn reckoning(a: &Assessment) -> String {
    format!(
        "Likelihood {:.2} ({}) and impact {} make {}. {}",
        a.likelihood.probability,
        a.likelihood.band,
        a.impact.band,
        a.level,
        match a.bounds {
            (least, most) if least == most => "Nothing unknown changes that.".to_owned(),
            (least, most) => format!("What is unknown leaves it between {least} and {most}."),
        }
    )
}

fn evidence(
    finding: Option<&trimtab_model::finding::Finding>,
    is: &Finding,
    now: Timestamp,
) -> Table {
    let unknown = |why: &str| Cell::unknown(why);
    let kev = match finding.map(|f| &f.vulnerability.kev) {
        Some(Some(_)) => Cell::text("yes"),
        Some(None) => Cell::text("not in the catalogue"),
        None => unknown("there is no index"),
    };
    let epss = match finding.and_then(|f| f.vulnerability.epss.as_ref()) {
        Some(epss) => Cell::text(format!("{:.3}", epss.probability)),
        None => unknown("no score is known"),
    };
    let runs = match is.production {
        Some(true) => Cell::text("in production"),
        Some(false) => Cell::text("not in production"),
        None => unknown("no deployment was told"),
    };
    let row = |what: &str, says: Cell, source: &str| {
        Row::of(vec![Cell::text(what), says, Cell::text(source)])
    };
    let _ = now;
    Table {
        title: "Evidence".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("Says").kept(),
            Column::left("Source"),
        ],
        rows: vec![
            row("Known to be exploited", kev, "KEV"),
            row("Probability of exploitation", epss, "EPSS"),
            row("Runs", runs, "deployments"),
            row("Reachable", unknown("nobody looked"), "–"),
            row("Loaded at run time", unknown("nobody watched"), "–"),
        ],
        ..Table::default()
    }
}

fn decisions(is: &Finding) -> Table {
    let rows = is.weighed.as_ref().and_then(|w| w.decision).map(|(id, kind)| {
        let name = Cell::name(format!("Decision {id}"), format!("/exceptions/{id}"));
        Row::of(vec![name, Cell::text(kind)])
    });
    Table {
        title: "Decisions".to_owned(),
        titled: true,
        columns: vec![Column::left("Decision").kept(), Column::left("Comes to").kept()],
        rows: rows.into_iter().collect(),
        empty: Empty {
            why: "Nothing was decided: the charter's deadline holds.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn event(line: &Line, now: Timestamp) -> Option<Event> {
    let at = Timestamp::from_microsecond(line.at).ok()?;
    let data: serde_json::Value = serde_json::from_str(&line.data).ok()?;
    let level = data["level"].as_str().and_then(trimtab_model::Level::from_word);
    let text = match line.kind.as_str() {
        "detected" => format!("Found in {}.", data["purl"].as_str().unwrap_or("the asset")),
        "regressed" => format!("Came back with {}.", data["purl"].as_str().unwrap_or("the asset")),
        "merged" => "Gone from the main line; still in production.".to_owned(),
        "fixed" => match data["days"].as_i64() {
            Some(days) => format!("Gone after {days} days."),
            None => "Gone.".to_owned(),
        },
        "retracted" => "No advisory says so any longer.".to_owned(),
        "assessed" => match data["deadline"].as_str() {
            Some(deadline) => {
                format!("Weighed: to be gone by {}.", deadline.get(..10).unwrap_or(deadline))
            }
            None => "Weighed.".to_owned(),
        },
        other => format!("{other}."),
    };
    Some(Event {
        at: When::of(at, now),
        kind: line.kind.clone(),
        text,
        by: Link::words(line.actor.clone()),
        level: level.map(Mark::from),
    })
}
