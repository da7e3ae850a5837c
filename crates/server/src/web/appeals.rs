//! What people ask of each other outside of the plan: the list, asking, and answering.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Dossier, Part};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, Row,
    Table, Urgency, Value, When,
};
use trimtab_store::{Appeal, AppealState, Cursor};

use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager};
use crate::access::{Action, Who};
use crate::api::appeals::{Asked, all};
use crate::api::visible;
use crate::appealing::{self, Answer, Wanted, answering, find, standing};
use crate::facts::finding;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::short;

fn kind(is: &Appeal) -> &'static str {
    match (is.is.dispute, is.is.at_once) {
        (false, _) => "outside of any cadence",
        (true, true) => "dispute: now",
        (true, false) => "dispute: later",
    }
}

/// What happens when it is granted, under that name.
fn granting(is: &Appeal) -> &'static str {
    match (is.is.dispute, is.is.at_once) {
        (false, _) => "Grant it: at once, outside of any cadence",
        (true, true) => "Grant it: it is done now",
        (true, false) => "Grant it: it is held back",
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let found = all(&app, &who, &asked).await?;
    let (names, now) = (names(&app, who.org).await?, app.now());
    // All that wait, whatever is listed.
    let seen = visible(&who, &app.store.systems(who.org).await?);
    let of = |state| (state, asked.incident, asked.team);
    let waiting = of(Some(AppealState::Asked));
    let waits = app.store.count_appeals(who.org, waiting, seen.as_deref(), None).await?;
    let late = app.store.count_appeals(who.org, waiting, seen.as_deref(), Some(now)).await?;
    let ever = app.store.count_appeals(who.org, of(None), seen.as_deref(), None).await?;
    let number = count(waits, "appeal waits", "appeals wait");
    let headline = match (ever, waits) {
        (0, _) => "Nobody has asked for a change outside the plan.".to_owned(),
        (_, 0) => "Every appeal has been answered.".to_owned(),
        _ if late == 0 => format!("{number} for an answer, none for too long."),
        _ => format!("{number} for an answer, {late} of them for too long."),
    };
    let mut layout = layout(&app, &who, Entry::Plan, "Appeals", headline).await?;
    layout.crumbs = vec![Link::to("Plan", "/plan"), Link::words("Appeals")];
    let row = |is: &Appeal| {
        let (package, _) = short(&is.is.package);
        let state = match is.state {
            AppealState::Asked => Cell::Due(When::of(is.is.due, now), standing(is, now).1),
            _ => Cell::text(standing(is, now).0),
        };
        Row::of(vec![
            Cell::Name(Link::to(package, format!("/appeals/{}", is.id)), is.asset_name.clone()),
            Cell::text(kind(is)),
            Cell::text(name(&names, is.is.author)),
            Cell::text(is.is.sides.join(" or ")),
            state,
        ])
    };
    let id = |id: Option<i64>| id.map(|id| id.to_string());
    let here = asking("/appeals", &[("incident", id(asked.incident)), ("team", id(asked.team))]);
    let by = if here.contains('?') { '&' } else { '?' };
    let figures = Figures(vec![
        Figure::of(waits.to_string(), "wait for an answer", format!("{here}{by}state=asked"))
            .or_one("waits for an answer"),
    ]);
    let list = Table {
        title: "Appeals".to_owned(),
        columns: vec![
            Column::left("Change").kept(),
            Column::left("What is asked"),
            Column::left("By"),
            Column::left("Who answers"),
            Column::left("Answer").kept(),
        ],
        rows: found.rows.iter().map(row).collect(),
        pager: pager(
            found.rows.len(),
            asked.after.is_none(),
            found.next.map(Cursor::to_text),
            |next| {
                let members = [
                    ("state", asked.state.clone()),
                    ("incident", id(asked.incident)),
                    ("team", id(asked.team)),
                    ("after", Some(next)),
                ];
                asking("/appeals", &members)
            },
        ),
        empty: Empty {
            why: "Use a finding's page to ask for a change now, or to dispute the priority."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    };
    let parts = vec![(String::new(), Part::table(list))];
    Ok(html(&Dossier { layout, notice: None, figures, parts }))
}

/// What it is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    kind: String,
    finding: i64,
    incident: Option<i64>,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    kind: String,
    finding: i64,
    incident: String,
    wanted: String,
    reason: String,
}

pub(crate) async fn new(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let incident = begun.incident.map(|id| id.to_string()).unwrap_or_default();
    let sent = Sent { kind: begun.kind, finding: begun.finding, incident, ..Sent::default() };
    show(&app, &who, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let wanted = Wanted {
        kind: sent.kind.clone(),
        finding: sent.finding,
        incident: sent.incident.trim().parse().ok(),
        wanted: Some(sent.wanted.clone()).filter(|w| !w.is_empty()),
        reason: sent.reason.clone(),
    };
    match appealing::ask(&app, &who, &wanted).await {
        Ok(id) => Ok(Redirect::to(&format!("/appeals/{id}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let name = if problem.detail.contains("`reason`") { "reason" } else { "" };
            show(&app, &who, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, sent: &Sent, wrong: Option<(&'static str, String)>) -> Page {
    let is = finding::find(app, who, sent.finding).await?;
    let (package, version) = short(&is.component.1);
    let place = is.system.as_ref().map_or(&is.asset.1, |s| &s.1);
    let dispute = sent.kind == "dispute";
    let (title, headline) = match dispute {
        true => ("Dispute the priority", format!("Dispute when {package} of {place} is done.")),
        false => (
            "Ask for a change now",
            format!("Ask for {package} of {place} outside of any cadence."),
        ),
    };
    let mut layout = layout(app, who, Entry::Plan, title, headline).await?;
    let here = format!("/findings/{}", is.id);
    layout.crumbs =
        vec![Link::to("Plan", "/plan"), Link::to("Appeals", "/appeals"), Link::words(title)];
    let hidden =
        |name: &str, holds: &str| Field::new(name, name, Input::Hidden).holding(holds).optional();
    let mut fields = vec![
        hidden("kind", if dispute { "dispute" } else { "emergency" }),
        hidden("finding", &sent.finding.to_string()),
        hidden("incident", &sent.incident),
    ];
    if dispute {
        let pair = |value: &str, text: &str| (value.to_owned(), text.to_owned());
        let choices = vec![pair("now", "do it now"), pair("later", "let it wait")];
        fields.push(
            Field::new("wanted", "What is asked?", Input::Select(choices))
                .holding(sent.wanted.clone()),
        );
    }
    fields.push(Field::new("reason", "Why?", Input::Text).holding(sent.reason.clone()));
    let mut form = Sheet {
        action: "/appeals/new".into(),
        csrf: layout.csrf.clone(),
        fields,
        submit: title.to_owned(),
        cancel: Some(Link::to("Back to the finding", here.clone())),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let awaited = appealing::awaited(app, who, dispute).await?;
    let end = format!(
        "A change that is to wait is held back for as long as the charter lets a finding of its level be accepted, {} days \
         at most. Then it goes back into the plan by itself, and the team is told.",
        appealing::HELD
    );
    let view = Act {
        layout,
        follows: vec![end; usize::from(dispute)].into_iter().chain([
            format!("The charter says who answers; it is never the person who asked. {awaited}"),
            "If granted, the change goes into the team's plan at once, with your reason. All of it is recorded in the ledger.".to_owned(),
        ]).collect(),
        about: Pairs(vec![
            ("Finding".to_owned(), Link::to(is.vulnerability.1.clone(), here).into()),
            ("Version".to_owned(), Value::Code(version)),
        ]),
        form,
    };
    Ok(html(&view))
}

/// What the answer's form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answered {
    csrf: String,
    state: String,
    role: String,
    reason: String,
}

pub(crate) async fn one(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    tell(&app, &who, id, &Answered::default(), None).await
}

pub(crate) async fn answer(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Answered>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let answer =
        Answer { state: sent.state.clone(), role: sent.role.clone(), reason: sent.reason.clone() };
    match appealing::answer(&app, &who, id, &answer).await {
        Ok(_) => Ok(Redirect::to(&format!("/appeals/{id}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let name = if problem.detail.contains("`role`") { "role" } else { "reason" };
            tell(&app, &who, id, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What the form that takes it back sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TakenBack {
    csrf: String,
}

pub(crate) async fn take_back(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<TakenBack>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    match appealing::take_back(&app, &who, id).await {
        // Somebody answered meanwhile: the page says so.
        Ok(_) => Ok(Redirect::to(&format!("/appeals/{id}")).into_response()),
        Err(problem) if problem.status == 409 => {
            Ok(Redirect::to(&format!("/appeals/{id}")).into_response())
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn tell(
    app: &App,
    who: &Who,
    id: i64,
    sent: &Answered,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let (is, place) = find(app, who, id).await?;
    let (names, now) = (names(app, who.org).await?, app.now());
    let (package, _) = short(&is.is.package);
    let (words, late) = standing(&is, now);
    let title = format!("{package} of {}", is.asset_name);
    let late = if late { ", and is late" } else { "" };
    let headline = format!("{title}, {}: {words}{late}.", kind(&is));
    let mut layout = layout(app, who, Entry::Plan, &title, headline).await?;
    layout.crumbs =
        vec![Link::to("Plan", "/plan"), Link::to("Appeals", "/appeals"), Link::words(title)];
    let mut about = about(&is, &names, now);
    let may = appealing::answerers(app, who.org, &is, place).await?;
    if is.state == AppealState::Asked {
        let people: Vec<String> = may.iter().map(|id| name(&names, *id)).collect();
        let people = match people.is_empty() {
            true => Value::Unknown("nobody here may, by the charter".to_owned()),
            false => Value::Text(people.join(", ")),
        };
        about.0.push(("May answer".to_owned(), people));
    }
    let roles = answering(who, &is, place);
    let waits = is.state == AppealState::Asked;
    if waits && appealing::is_own(who, &is) && who.may(Action::Ask, place) {
        let few = too_few(&is, may.len());
        let notice = few.map(|text| Notice { urgency: Urgency::Warning, text, next: None });
        let form = Sheet {
            action: format!("/appeals/{id}/take-back").into(),
            csrf: layout.csrf.clone(),
            notice,
            submit: "Take it back".to_owned(),
            quiet: true,
            ..Sheet::default()
        };
        let follows = vec![
            "You asked for this, so somebody else answers.".to_owned(),
            "You can take it back until somebody has answered. Whoever was asked is told."
                .to_owned(),
        ];
        return Ok(html(&Act { layout, follows, about, form }));
    }
    if roles.is_empty() {
        let own = waits && appealing::is_own(who, &is);
        let granted = waits && is.consents.iter().any(|c| c.person == who.person.id);
        let few = too_few(&is, may.len());
        let text = match (own, granted) {
            (true, _) => Some("You asked for this, so somebody else answers.".to_owned()),
            (false, true) => {
                Some("You have granted it; somebody else must grant it too.".to_owned())
            }
            (false, false) => None,
        };
        let urgency = if few.is_some() { Urgency::Warning } else { Urgency::Note };
        let text: Vec<String> = text.into_iter().chain(few).collect();
        let notice =
            (!text.is_empty()).then(|| Notice { urgency, text: text.join(" "), next: None });
        let parts = vec![("Details".to_owned(), Part::Pairs(about))];
        return Ok(html(&Dossier { layout, notice, figures: Figures::default(), parts }));
    }
    let pair = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let states =
        vec![pair("granted", granting(&is)), pair("refused", "Refuse it: the plan stays as it is")];
    let roles = roles.iter().map(|role| pair(role.as_str(), role.as_str())).collect();
    let mut form = Sheet {
        action: format!("/appeals/{id}").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("state", "Your answer", Input::Select(states)).holding(sent.state.clone()),
            Field::new("role", "For the side of", Input::Select(roles)).holding(sent.role.clone()),
            Field::new("reason", "Why?", Input::Text).holding(sent.reason.clone()),
        ],
        submit: "Answer".to_owned(),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    Ok(html(&Act { layout, follows: Vec::new(), about, form }))
}

/// That it waits for more people than may answer, as far as it does.
fn too_few(is: &Appeal, may: usize) -> Option<String> {
    let granted = u32::try_from(is.consents.len()).unwrap_or(u32::MAX);
    let left = is.is.needs.saturating_sub(granted).max(1);
    let is_so = is.state == AppealState::Asked && usize::try_from(left).is_ok_and(|l| may < l);
    let people = count(i64::from(left), "person", "people");
    let there = if may == 0 { "nobody".to_owned() } else { may.to_string() };
    is_so.then(|| {
        format!(
            "It waits for {people} of {} beside whoever asked, and {there} may answer here. An admin gives roles under \
             Administration.",
            is.is.sides.join(" or ")
        )
    })
}

fn about(is: &Appeal, names: &std::collections::HashMap<i64, String>, now: Timestamp) -> Pairs {
    let mut pairs = vec![
        ("Asked by".to_owned(), Value::Text(name(names, is.is.author))),
        ("Asked".to_owned(), When::of(is.asked, now).into()),
        ("Why".to_owned(), Value::Text(is.is.reason.clone())),
        ("By which rule".to_owned(), Value::Text(is.is.rule.clone())),
    ];
    let mut to = |label: &str, words: String, href: String| {
        pairs.push((label.to_owned(), Link::to(words, href).into()));
    };
    if let Some(finding) = is.is.finding {
        to("Finding", format!("finding {finding}"), format!("/findings/{finding}"));
    }
    if let Some(incident) = is.is.incident {
        to("Incident", format!("incident {incident}"), format!("/incidents/{incident}"));
    }
    if let Some(team) = is.is.team {
        to("Plan", "the team's plan".to_owned(), format!("/teams/{team}/plan"));
    }
    if is.is.needs > 1 && is.state == AppealState::Asked {
        let so_far = format!("{} of {} people", is.consents.len(), is.is.needs);
        pairs.push(("Granted by".to_owned(), Value::Text(so_far)));
    }
    for consent in &is.consents {
        let who = name(names, consent.person);
        let text = format!("{who}, for {}: {}", consent.role, consent.reason);
        pairs.push(("Granted as well by".to_owned(), Value::Text(text)));
    }
    match (&is.approver, is.answered) {
        (Some((person, role)), Some(at)) => pairs.extend([
            (
                "Answered by".to_owned(),
                Value::Text(format!("{}, for {role}", name(names, *person))),
            ),
            ("Answered".to_owned(), When::of(at, now).into()),
            ("Their words".to_owned(), Value::Text(is.answer.clone())),
        ]),
        (None, Some(at)) => pairs.push(("Taken back".to_owned(), When::of(at, now).into())),
        _ => pairs.push(("Answer due".to_owned(), When::of(is.is.due, now).into())),
    }
    match (is.until, is.ended) {
        (_, Some(at)) => {
            pairs.push(("Left to the plan again".to_owned(), When::of(at, now).into()));
        }
        (Some(at), None) => pairs.push(("Held back until".to_owned(), When::of(at, now).into())),
        (None, None) => {}
    }
    Pairs(pairs)
}
