//! One finding: what could happen, by when it must go, how; then factors, paths, history.

mod past;
mod steps;

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_model::assessment::{Assessment, Effect as Did};
use trimtab_pages::Entry;
use trimtab_pages::page::{Finding as View, Lesson};
use trimtab_pages::part::{
    Cell, Column, Effect, Empty, Factor, Factors, Figure, Figures, Link, Pairs, Paths, Row, Table,
    Tabs, Value, Voices, When, number,
};
use trimtab_report::lesson;
use trimtab_report::voices::probability;
use trimtab_store::{Attribution, Finding, Question, Scheduled};

use super::today::short;
use super::{Page, Sorry, html, layout};
use crate::access::{Action, On, Who};
use crate::api::on;
use crate::facts::finding::{Facts, SIDES};
use crate::paths::Ways;
use crate::planning::held::Held;
use crate::planning::pushed;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::intake::Answered;

/// To whom it is told.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    side: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let facts = Facts::of(&app, &who, id).await?;
    let (is, now) = (&facts.is, app.now());
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
        headline(is, &package, &version, now),
    )
    .await?;
    let place = on(&app.store, who.org, is.system.as_ref().map(|s| s.0)).await?;
    if is.state.is_live() && who.may(Action::Ask, place) {
        if let Some((supplier, _)) = &facts.supplier {
            let ask = format!("/suppliers/{supplier}/ask?finding={id}");
            layout.actions.push(Link::to("Ask the supplier", ask));
        }
        layout.actions.push(Link::to("Ask for a decision", format!("/findings/{id}/ask")));
        let appeal = |kind: &str| format!("/appeals/new?kind={kind}&finding={id}");
        layout.actions.push(Link::to("Ask for a change now", appeal("emergency")));
        layout.actions.push(Link::to("Dispute the priority", appeal("dispute")));
    }
    let sides = SIDES.iter().map(|r| {
        let word = r.as_str();
        Link::to(titled(word), format!("/findings/{id}?side={word}"))
    });
    let mut about = about(is, &facts.aliases);
    if is.state.is_live() {
        let held = facts.held.as_ref();
        about.0.push(("Planned".to_owned(), planned(&who, facts.planned.as_ref(), held)));
        let pushed = match &facts.supplier {
            // It is theirs to raise.
            Some(_) => None,
            None => pushed::of(&app, who.org, is).await?,
        };
        if let Some(words) = pushed.as_ref().and_then(pushed::words) {
            about.0.push(("Pushed plan".to_owned(), Value::Text(words)));
        }
    }
    let story = match facts.voice(side) {
        None => vec![facts.stranger()],
        Some(lines) => {
            // What the story tells is not told again among the facts.
            let summary = is.summary.as_deref().unwrap_or_default();
            if lines.iter().any(|line| line.says.contains(summary)) {
                about.0.retain(|(label, _)| label != "About");
            }
            let told = lines.into_iter();
            about.0.splice(
                0..0,
                told.map(|line| match line.says.as_str() {
                    "unknown" => {
                        (line.label.to_owned(), Value::Unknown("no source says".to_owned()))
                    }
                    _ => (line.label.to_owned(), Value::Text(line.says)),
                }),
            );
            Vec::new()
        }
    };
    let voices = Voices {
        sides: Tabs { label: "Told to".to_owned(), tabs: sides.collect(), shown },
        story,
        facts: about,
    };
    let assessed = facts.assessed.as_ref();
    let factors = assessed.map_or_else(Factors::default, |(_, a)| factors(a));
    let reckoning = assessed.map_or_else(String::new, |(_, a)| reckoning(a));
    let mut decisions = past::decisions(&facts.decisions, &facts.names, now);
    if let Some(held) = &facts.held {
        decisions.empty.why =
            format!("No exception was asked for. What removes it is {}.", held.words());
    }
    let view = View {
        figures: figures(is, now),
        steps: steps::steps(facts.steps(), now),
        voices,
        actions: match &facts.supplier {
            Some(supplier) => questions(&app, &who, is, supplier, now).await?,
            None => actions(is, &package, facts.last_affected()),
        },
        factors,
        reckoning,
        paths: ways(&facts.ways),
        evidence: evidence(assessed.map(|a| &a.0), is),
        attributions: attributions(&facts.attributions, now),
        decisions,
        lessons: lessons(assessed.map(|a| &a.0)),
        history: past::history(&facts.history, &facts.names, now),
        layout,
    };
    Ok(html(&view))
}

/// What can be learnt of it: a lesson for each of its weaknesses that there is one for.
fn lessons(told: Option<&trimtab_model::finding::Finding>) -> Vec<Lesson> {
    let cwes = told.map(|told| told.vulnerability.cwes.as_slice()).unwrap_or_default();
    cwes.iter().filter_map(|cwe| lesson::of(cwe)).map(|is| super::lessons::drawn(&is)).collect()
}

/// A word that begins a line.
fn titled(word: &str) -> String {
    let mut text = word.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Who brings the component in.
fn ways(ways: &Ways) -> Paths {
    match ways {
        Ways::Unknown(why) => Paths { unknown: (*why).to_owned(), ..Paths::default() },
        Ways::Known(ways, more) => Paths {
            paths: ways.iter().map(|way| way.iter().cloned().map(Link::words).collect()).collect(),
            more: (*more > 0).then(|| Link::words(format!("and {more} more"))),
            unknown: String::new(),
        },
    }
}

/// Who says so.
fn attributions(all: &[Attribution], now: Timestamp) -> Table {
    let row = |a: &Attribution| {
        let says = if a.until.is_some() { "no longer affected" } else { "affected" };
        // How grave, in the tool's own word.
        let says = match a.said["severity"][0].as_str().filter(|word| !word.is_empty()) {
            Some(word) => format!("{says}, {word}"),
            None => says.to_owned(),
        };
        Row::of(vec![
            Cell::text(a.source.clone()),
            Cell::text(says),
            Cell::Value(When::of(a.since, now).into()),
            Cell::Value(When::of(a.last, now).into()),
        ])
    };
    Table {
        title: "Reported by".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Source").kept(),
            Column::left("Says"),
            Column::right("Since").kept(),
            Column::right("Last"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "No source reports it any longer.".to_owned(), next: None },
        ..Table::default()
    }
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
        None => Figure::of(Value::Unknown("not weighed yet".to_owned()), "level", here.clone()),
    };
    let deadline: Value = match w {
        Some(w) => match (w.deadline, w.deadline_kind) {
            (Some(at), _) => When::of(at, now).into(),
            (None, "opportunistic") => "at the next opportunity".into(),
            (None, _) => Value::Unknown("the factors below show what is missing".to_owned()),
        },
        None => Value::Unknown("not weighed yet".to_owned()),
    };
    let load: Value =
        w.map_or_else(|| Value::Unknown("not weighed yet".to_owned()), |w| number(w.weight).into());
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

fn about(is: &Finding, aliases: &[String]) -> Pairs {
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
        ("IDs".to_owned(), aliases.join(", ").into()),
    ];
    if let Some(summary) = &is.summary {
        pairs.push(("About".to_owned(), summary.clone().into()));
    }
    Pairs(pairs)
}

/// When the change that removes it is done; a link to the plan of the team, for those who may see that.
fn planned(who: &Who, planned: Option<&(i64, Scheduled)>, held: Option<&Held>) -> Value {
    let Some((team, is)) = planned else {
        if let Some(held) = held {
            return Value::Text(format!("no: {}", held.words()));
        }
        return Value::from("no change that removes it is scheduled");
    };
    let (window, anchor) = match &is.window {
        None => ("now".to_owned(), "now".to_owned()),
        Some(window) => (window.name.clone(), format!("window-{}", window.starts.as_second())),
    };
    let (name, _) = short(&is.change.package);
    let ready = is
        .ready
        .map_or_else(String::new, |ready| format!(", not before {}", ready.strftime("%Y-%m-%d")));
    let words = format!("{name} to {}: {window}{ready}", is.version);
    match who.may(Action::View, On { system: None, team: Some(*team) }) {
        true => Value::Link(Link::to(words, format!("/teams/{team}/plan#{anchor}"))),
        false => Value::Text(words),
    }
}

fn actions(is: &Finding, package: &str, last: Option<&str>) -> Table {
    let rows = is.fix.iter().map(|fix| {
        let cost = is.weighed.as_ref().and_then(|w| w.cost);
        let link = format!(
            "/findings?package={}&fix={}",
            super::findings::encode(&is.package),
            super::findings::encode(fix)
        );
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
        empty: Empty {
            why: match last {
                Some(last) => format!(
                    "No source names the first version without it. The last that is called affected is {last}: raise it above that."
                ),
                None => "No source names a version without it.".to_owned(),
            },
            next: None,
        },
        ..Table::default()
    }
}

/// What was asked of the supplier of what has it: nobody here can raise anything in there.
async fn questions(
    app: &App,
    who: &Who,
    is: &Finding,
    (supplier, name): &(i64, String),
    now: Timestamp,
) -> Result<Table, Problem> {
    let row = |question: &Question| {
        let says = match &question.answer {
            Some((_, told)) => Answered::of(told).words.chars().take(200).collect(),
            None => question.state.as_str().to_owned(),
        };
        Row::of(vec![
            Cell::name(
                question.is.words.chars().take(120).collect::<String>(),
                format!("/suppliers/{supplier}#questions"),
            ),
            Cell::text(says),
            Cell::Due(
                When::of(question.is.due, now),
                question.answer.is_none() && question.is.due < now,
            ),
        ])
    };
    let asked = app.store.questions_of(who.org, is.id).await?;
    Ok(Table {
        title: format!("{name} removes it"),
        titled: true,
        columns: vec![
            Column::left("Asked").kept(),
            Column::left("Answer").kept(),
            Column::right("Due"),
        ],
        rows: asked.iter().map(row).collect(),
        empty: Empty {
            why: format!("It is in what {name} delivers: nobody here can raise it."),
            next: Some(Link::to(
                "Ask the supplier",
                format!("/suppliers/{supplier}/ask?finding={}", is.id),
            )),
        },
        ..Table::default()
    })
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
        "Likelihood {} ({}) and impact {} make {}. {}",
        probability(a.likelihood.probability),
        a.likelihood.band,
        a.impact.band,
        a.level,
        match a.bounds {
            (least, most) if least == most => "Nothing unknown changes that.".to_owned(),
            (least, most) => format!("What is unknown leaves it between {least} and {most}."),
        }
    )
}

fn evidence(finding: Option<&trimtab_model::finding::Finding>, is: &Finding) -> Table {
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
