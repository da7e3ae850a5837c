//! What the gate said of changes: the list, by team and asset; one with why; and a near miss out of a refusal.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_model::Level;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Dossier, Part};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, Row,
    Table, Urgency, Value, When,
};
use trimtab_store::{
    Cursor, Judgement, Verdict, VerdictAnswer, VerdictCount, VerdictReason, VerdictSource,
};

use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager};
use crate::access::{Action, Who};
use crate::api::verdicts::{Asked, all, by_team};
use crate::judging::{self, find, is_near_miss};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

fn source(is: VerdictSource) -> &'static str {
    match is {
        VerdictSource::Push => "upload",
        VerdictSource::Gate => "gate",
        VerdictSource::CheckNew => "check-new",
    }
}

/// How it stands with it, in a few words.
fn standing(is: &Verdict) -> &'static str {
    match (is.is.judgement, is.answered) {
        (Judgement::Passed, _) => "passed",
        (Judgement::Unknown, _) => "not known",
        (Judgement::Refused, Some((VerdictAnswer::Passed(_), _))) => "refused, then fixed",
        (Judgement::Refused, Some((VerdictAnswer::Decided(_), _))) => "refused, let through",
        (Judgement::Refused, None) if is.left.is_some() => "refused, branch abandoned",
        (Judgement::Refused, None) => "refused",
    }
}

/// A commit as people say it.
fn commit(revision: &str) -> String {
    let is_hash = revision.len() >= 20 && revision.chars().all(|c| c.is_ascii_hexdigit());
    if is_hash { revision.chars().take(10).collect() } else { revision.to_owned() }
}

/// What narrows a list to the changes that are counted.
fn of_changes<'a>(more: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let more = more.iter().copied().chain([("source", "change")]);
    more.map(|(name, is)| (name, is.to_owned())).collect()
}

/// The address of a part of the list.
fn list(asked: &Asked, days: i64, more: &[(&str, String)]) -> String {
    let id = |id: Option<i64>| id.map(|id| id.to_string());
    let mut members = vec![
        ("asset", id(asked.asset)),
        ("team", id(asked.team)),
        ("days", Some(days.to_string())),
    ];
    members.extend(more.iter().map(|(name, value)| (*name, Some(value.clone()))));
    asking("/verdicts", &members)
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (found, days, now) = (all(&app, &who, &asked).await?, asked.days()?, app.now());
    // All of the time, whichever of them are listed.
    let whole =
        Asked { asset: asked.asset, team: asked.team, days: asked.days, ..Asked::default() };
    let teams = by_team(&app, &who, &whole).await?;
    let sum = teams.iter().fold(VerdictCount::default(), |sum, (_, is)| VerdictCount {
        all: sum.all + is.all,
        passed: sum.passed + is.passed,
        refused: sum.refused + is.refused,
        unknown: sum.unknown + is.unknown,
        mended: sum.mended + is.mended,
        let_through: sum.let_through + is.let_through,
        left: sum.left + is.left,
    });
    let looked = count(sum.all, "change was", "changes were");
    let headline = match (sum.all, sum.refused) {
        (0, _) => format!("The gate judged no change in {days} days."),
        (_, 0) => format!("{looked} judged in {days} days; none was refused."),
        (_, refused) => format!(
            "{looked} judged in {days} days; {refused} refused, {} of them let through by a later decision.",
            if sum.let_through == 0 { "none".to_owned() } else { sum.let_through.to_string() }
        ),
    };
    let mut layout = layout(&app, &who, Entry::Systems, "Verdicts of the gate", headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words("Verdicts of the gate")];
    let here = |more: &[(&str, &str)]| list(&asked, days, &of_changes(more));
    let open = sum.refused - sum.mended - sum.let_through - sum.left;
    let figures = Figures(vec![
        Figure::of(sum.all.to_string(), "changes judged", here(&[])).or_one("change judged"),
        Figure::of(sum.refused.to_string(), "refused", here(&[("outcome", "refused")])),
        Figure::of(
            sum.let_through.to_string(),
            "let through by a later decision",
            here(&[("answered", "decided")]),
        ),
        Figure::of(sum.mended.to_string(), "fixed", here(&[("answered", "passed")])),
        Figure::of(open.to_string(), "refused, still open", here(&[("answered", "open")])),
        Figure::of(sum.left.to_string(), "on abandoned branches", here(&[("answered", "left")]))
            .or_one("on an abandoned branch"),
        Figure::of(sum.unknown.to_string(), "verdict unknown", here(&[("outcome", "unknown")])),
    ]);
    let mut parts = Vec::new();
    if asked.team.is_none() && asked.asset.is_none() && !teams.is_empty() {
        parts.push((String::new(), Part::table(of_teams(&teams, days))));
    }
    let next = found.next.map(Cursor::to_text);
    let rows = Table {
        title: "Verdicts".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Asset").kept(),
            Column::left("Change"),
            Column::left("Verdict").kept(),
            Column::right("Reasons"),
            Column::right("When").kept(),
        ],
        rows: found.rows.iter().map(|is| row(is, now)).collect(),
        pager: pager(found.rows.len(), asked.after.is_none(), next, |next| {
            let mut more = vec![("after", next)];
            let members = [
                ("outcome", &asked.outcome),
                ("source", &asked.source),
                ("answered", &asked.answered),
            ];
            more.extend(members.iter().filter_map(|(name, is)| Some((*name, (*is).clone()?))));
            more.extend(asked.had_time.map(|is| ("had_time", is.to_string())));
            list(&asked, days, &more)
        }),
        empty: Empty {
            why: "Nothing like this. A CI that waits is answered (`trimtab push --wait`), and `trimtab push --gate FILE` \
                  sends what `trimtab gate --format json` decided."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    };
    parts.push((String::new(), Part::table(rows)));
    Ok(html(&Dossier { layout, notice: None, figures, parts }))
}

fn row(is: &Verdict, now: Timestamp) -> Row {
    let here = format!("/verdicts/{}", is.id);
    let change = match (&is.is.revision, &is.is.branch) {
        (Some(revision), _) => Cell::code(commit(revision)),
        (None, Some(branch)) => Cell::text(branch.clone()),
        (None, None) => Cell::unknown("nobody said which commit it was"),
    };
    Row::of(vec![
        Cell::Name(
            Link::to(is.asset_name.clone(), here.clone()),
            format!("{} {}", source(is.is.source), is.id),
        ),
        change,
        Cell::text(standing(is)),
        Cell::link(is.reasons.to_string(), here),
        Cell::Value(When::of(is.last, now).into()),
    ])
}

fn of_teams(teams: &[(Option<(i64, String)>, VerdictCount)], days: i64) -> Table {
    let row = |(team, is): &(Option<(i64, String)>, VerdictCount)| {
        let number = |number: i64, more: &[(&str, &str)]| match team {
            None => Cell::text(number.to_string()),
            Some((id, _)) => {
                let of = Asked { team: Some(*id), ..Asked::default() };
                Cell::link(number.to_string(), list(&of, days, &of_changes(more)))
            }
        };
        Row::of(vec![
            match team {
                Some((id, name)) => Cell::name(name.clone(), format!("/teams/{id}")),
                None => Cell::unknown("no team owns what was judged"),
            },
            number(is.all, &[]),
            number(is.refused, &[("outcome", "refused")]),
            number(is.mended, &[("answered", "passed")]),
            number(is.let_through, &[("answered", "decided")]),
        ])
    };
    Table {
        title: format!("By team, in {days} days"),
        titled: true,
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Judged").kept(),
            Column::right("Refused").kept(),
            Column::right("Fixed"),
            Column::right("Let through"),
        ],
        rows: teams.iter().map(row).collect(),
        ..Table::default()
    }
}

pub(crate) async fn one(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (is, place) = find(&app, &who, id).await?;
    let now = app.now();
    let title = format!("{} {} of {}", source(is.is.source), is.id, is.asset_name);
    // That it fails or passes is said by how it stands.
    let why = without_verdict(&is.is.headline);
    let headline = format!("{}, {}: {why}", is.asset_name, standing(&is));
    let mut layout = layout(&app, &who, Entry::Systems, &title, headline).await?;
    layout.crumbs = vec![
        Link::to("Systems", "/systems"),
        Link::to("Verdicts of the gate", "/verdicts"),
        Link::words(title),
    ];
    if is_near_miss(&is) && who.may(Action::Respond, place) {
        layout.actions.push(Link::to("Open a near miss", format!("/verdicts/{id}/near-miss")));
    }
    layout.actions.push(Link::to("All of this asset", format!("/verdicts?asset={}", is.is.asset)));
    let parts = vec![
        (String::new(), Part::table(reasons(&is))),
        ("Details".to_owned(), Part::Pairs(about(&app, &who, &is, now).await?)),
    ];
    let cut = usize::try_from(is.reasons).unwrap_or(usize::MAX) > is.is.reasons.len();
    let notice = cut.then(|| Notice {
        urgency: Urgency::Note,
        text: format!("The first {} of {} reasons are kept.", is.is.reasons.len(), is.reasons),
        next: None,
    });
    Ok(html(&Dossier { layout, notice, figures: Figures::default(), parts }))
}

async fn about(app: &App, who: &Who, is: &Verdict, now: Timestamp) -> Result<Pairs, Problem> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    let mut add = |label: &str, value: Value| pairs.push((label.to_owned(), value));
    let findings = format!("/findings?asset={}", is.is.asset);
    add("Asset", Link::to(is.asset_name.clone(), findings).into());
    match &is.is.revision {
        Some(revision) if is.is.source == VerdictSource::CheckNew => {
            add("Package", Value::Code(revision.clone()));
        }
        Some(revision) => add("Commit", Value::Code(revision.clone())),
        None => add("Commit", Value::Unknown("nobody said which it was".to_owned())),
    }
    add("Branch", Value::Text(is.is.branch.clone().unwrap_or_else(|| "main line".to_owned())));
    if !is.is.charter.is_empty() {
        add("Charter", Value::Text(is.is.charter.clone()));
    }
    add("Judged", When::of(is.at, now).into());
    if is.times > 1 {
        add("Judged again", Value::Text(format!("{} times in all", is.times)));
        add("Judged last", When::of(is.last, now).into());
    }
    let names = names(app, who.org).await?;
    let to = match is.actor.split_once(':') {
        Some(("person", id)) => id.parse().map_or_else(|_| is.actor.clone(), |id| name(&names, id)),
        Some(("token", id)) => format!("token {id}"),
        _ => "Trimtab".to_owned(),
    };
    add("Asked by", Value::Text(to));
    match is.answered {
        Some((VerdictAnswer::Passed(id), at)) => {
            let words = format!("verdict {id} passed");
            add("Fixed", Link::to(words, format!("/verdicts/{id}")).into());
            add("Since", When::of(at, now).into());
        }
        Some((VerdictAnswer::Decided(id), at)) => {
            let decision = app.store.decision(who.org, id).await?;
            let by = decision.and_then(|decision| decision.approver);
            let by = by.map_or_else(|| "somebody".to_owned(), |(person, _)| name(&names, person));
            let words = format!("decision {id}, answered by {by}");
            add("Let through by", Link::to(words, format!("/exceptions/{id}")).into());
            add("Since", When::of(at, now).into());
        }
        None => {}
    }
    if let Some(incident) = is.near_miss {
        let words = format!("near miss {incident}");
        add("Near miss", Link::to(words, format!("/incidents/{incident}")).into());
    }
    Ok(Pairs(pairs))
}

/// What the gate said, without whether it passes.
fn without_verdict(told: &str) -> &str {
    told.strip_prefix("Fails: ").or_else(|| told.strip_prefix("Passes: ")).unwrap_or(told)
}

fn reasons(is: &Verdict) -> Table {
    let row = |reason: &VerdictReason| {
        let name = match reason.finding {
            Some(id) => Cell::Name(
                Link::to(reason.text.clone(), format!("/findings/{id}")),
                reason.rule.clone(),
            ),
            None => Cell::Name(Link::words(reason.text.clone()), reason.rule.clone()),
        };
        Row::of(vec![
            name,
            match (reason.refuses, &reason.level) {
                (false, _) => Cell::text("data is missing"),
                (true, Some(level)) => match Level::from_word(level) {
                    Some(level) => Cell::Mark(level.into()),
                    None => Cell::text(level.clone()),
                },
                (true, None) => Cell::text("refuses"),
            },
            match reason.brought {
                Some(true) => Cell::text("this change"),
                Some(false) => Cell::text("the calendar"),
                None => Cell::unknown("it was compared with nothing"),
            },
            if reason.next.is_empty() { Cell::Nothing } else { Cell::text(reason.next.clone()) },
        ])
    };
    Table {
        title: "Why".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Reason").kept(),
            Column::left("Level").kept(),
            Column::left("Brought in by"),
            Column::left("Next step"),
        ],
        rows: is.is.reasons.iter().map(row).collect(),
        empty: Empty { why: "No rule was broken.".to_owned(), next: None },
        ..Table::default()
    }
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    title: String,
}

pub(crate) async fn ask(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, id, None, None).await
}

pub(crate) async fn open(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    match judging::near_miss(&app, &who, id, &sent.title).await {
        Ok(incident) => Ok(Redirect::to(&format!("/incidents/{incident}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let name = if problem.detail.contains("`title`") { "title" } else { "" };
            show(&app, &who, id, Some(sent.title), Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    id: i64,
    called: Option<String>,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let (is, place) = find(app, who, id).await?;
    who.must(Action::Respond, place)?;
    let title = "Open a near miss";
    let headline = format!("Open a near miss of what was refused in {}.", is.asset_name);
    let mut layout = layout(app, who, Entry::Incidents, title, headline).await?;
    layout.crumbs = vec![
        Link::to("Incidents", "/incidents"),
        Link::to(format!("Verdict {id}"), format!("/verdicts/{id}")),
        Link::words(title),
    ];
    let called = called.unwrap_or_else(|| judging::title(&is));
    let mut form = Sheet {
        action: format!("/verdicts/{id}/near-miss").into(),
        csrf: layout.csrf.clone(),
        fields: vec![Field::new("title", "What is it called?", Input::Text).holding(called)],
        submit: title.to_owned(),
        cancel: Some(Link::to("Back to the verdict", format!("/verdicts/{id}"))),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let about = Pairs(vec![
        ("Refused".to_owned(), Value::from(without_verdict(&is.is.headline))),
        ("In".to_owned(), Value::Text(is.asset_name.clone())),
    ]);
    let follows = vec![
        "It begins with what was refused, where and why.".to_owned(),
        "It is counted among near misses, in the quarterly briefing too, and never among incidents; nobody is told of it \
         by mail."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about, form }))
}
