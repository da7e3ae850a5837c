//! The pages: what the API knows, filled into the views of `trimtab-pages`. One file per page.

pub(crate) mod account;
pub(crate) mod add_team;
pub(crate) mod administration;
pub(crate) mod answer_many;
pub(crate) mod appeals;
pub(crate) mod ask;
pub(crate) mod ask_many;
pub(crate) mod asset;
mod begin;
pub(crate) mod board;
pub(crate) mod board_mail;
pub(crate) mod calendar;
pub(crate) mod card;
pub(crate) mod charter;
pub(crate) mod codes;
pub(crate) mod describe;
pub(crate) mod exception;
pub(crate) mod exceptions;
mod facets;
pub(crate) mod feeds;
mod file_form;
pub(crate) mod finding;
pub(crate) mod findings;
pub(crate) mod goals;
pub(crate) mod handoffs;
pub(crate) mod hooks;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod ledger;
pub(crate) mod lessons;
pub(crate) mod letter;
pub(crate) mod maturity;
pub(crate) mod metrics;
pub(crate) mod needs;
pub(crate) mod notices;
pub(crate) mod own_digest;
pub(crate) mod package;
pub(crate) mod person_card;
pub(crate) mod plan;
pub(crate) mod plans;
pub(crate) mod proposal;
pub(crate) mod provider;
pub(crate) mod pulse;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod release;
pub(crate) mod remove;
pub(crate) mod review;
pub(crate) mod reviews;
pub(crate) mod rota;
pub(crate) mod said;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod shares;
pub(crate) mod sign_in;
mod standing;
pub(crate) mod supplied;
pub(crate) mod supplier;
pub(crate) mod suppliers;
pub(crate) mod system;
pub(crate) mod systems;
pub(crate) mod team;
pub(crate) mod teams;
pub(crate) mod thresholds;
pub(crate) mod tickets;
pub(crate) mod today;
pub(crate) mod tracker;
pub(crate) mod try_channel;
pub(crate) mod update;
pub(crate) mod updates;
pub(crate) mod upload;
pub(crate) mod verdicts;
pub(crate) mod vulnerability;
pub(crate) mod welcome;
pub(crate) mod what_if;
pub(crate) mod where_is;
pub(crate) mod wishes;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use trimtab_pages::page::Trouble;
use trimtab_pages::part::{Cell, Form, Input, Link, Notice, Pager, Urgency, Value};
use trimtab_pages::{Entry, Layout, Template};
use trimtab_store::{Load, StoreError};

use crate::access::who::is_csrf;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// A problem as a page; who is not signed in is sent to sign in.
pub(crate) enum Sorry {
    /// A problem of any kind.
    Problem(Problem),
    /// A link that does not work, or no longer. Whoever has it may have no account: they are sent to nobody but to
    /// who gave it to them.
    DeadLink,
}

impl Sorry {
    /// A problem of whoever came by a link.
    pub(crate) fn of_link(problem: Problem) -> Sorry {
        if problem.status == 404 { Sorry::DeadLink } else { Sorry::Problem(problem) }
    }
}

impl<P: Into<Problem>> From<P> for Sorry {
    fn from(problem: P) -> Sorry {
        Sorry::Problem(problem.into())
    }
}

impl IntoResponse for Sorry {
    fn into_response(self) -> Response {
        let problem = match self {
            Sorry::Problem(problem) => problem,
            Sorry::DeadLink => return dead_link(),
        };
        if problem.status == 401 {
            return Redirect::to("/sign-in").into_response();
        }
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let page = Trouble {
            status: problem.status,
            headline: problem.title.to_owned(),
            text: vec![problem.detail.clone()],
            next: vec![Link::to("Today", "/"), Link::to("Findings", "/findings")],
            reference: problem.code.to_owned(),
        };
        let mut response = (status, html(&page)).into_response();
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn dead_link() -> Response {
    let why = "It has ended, was used or withdrawn, or was not copied whole. Ask whoever gave it to you for a new one.";
    let page = Trouble {
        status: 404,
        headline: "This link does not work".to_owned(),
        text: vec![why.to_owned()],
        next: Vec::new(),
        reference: String::new(),
    };
    (StatusCode::NOT_FOUND, html(&page)).into_response()
}

/// What a page answers.
pub(crate) type Page = Result<Response, Sorry>;

/// A page as an answer.
pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A redirect after a form, with a cookie.
pub(crate) fn redirect_with_cookie(to: &str, cookie: &str) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

/// What stands around a page.
pub(crate) async fn layout(
    app: &App,
    who: &Who,
    entry: Entry,
    title: &str,
    headline: String,
) -> Result<Layout, Problem> {
    let organisations = app.store.organisations().await?;
    let organisation = organisations.iter().find(|o| o.org == who.org);
    let sides: Vec<String> = who.roles().iter().map(|r| r.as_str().to_owned()).collect();
    let index = app.index().and_then(|i| i.info().ok());
    let day = |text: Option<Box<str>>| {
        text.map_or("unknown".to_owned(), |d| d.chars().take(10).collect())
    };
    let source = match index {
        None => "No advisory index".to_owned(),
        Some(info) => format!(
            "Advisories of {}, KEV {}, EPSS of {}",
            day(info.data_date),
            info.kev.as_deref().unwrap_or("unknown"),
            day(info.epss)
        ),
    };
    let views = who.may_somewhere(Action::View);
    let all = who.may(Action::View, On::ALL);
    let admin = who.may(Action::Administer, On::ALL);
    let audits = who.may(Action::Audit, On::ALL);
    let may = |entry: &Entry| match entry {
        Entry::Ledger => audits,
        Entry::Feeds => all,
        Entry::Administration => admin,
        _ => views,
    };
    let entries: Vec<Entry> = Entry::ALL.iter().copied().filter(may).collect();
    Ok(Layout {
        organisation: organisation.map_or(String::new(), |o| o.name.clone()),
        person: who.person.name.clone(),
        side: who
            .side
            .map(|side| side.as_str().to_owned())
            .or_else(|| sides.first().cloned())
            .unwrap_or_default(),
        sides,
        entry: Some(entry),
        entries,
        search: String::new(),
        crumbs: Vec::new(),
        title: title.to_owned(),
        headline,
        actions: Vec::new(),
        primary: None,
        csrf: who.session.as_ref().map_or(String::new(), |s| s.csrf.clone()),
        flash: None,
        now: app.now(),
        source,
    })
}

/// That a form came from a page of this session.
///
/// # Errors
/// It did not, or there is no session: programs use the API.
pub(crate) fn own_form(who: &Who, csrf: &str) -> Result<(), Problem> {
    let session = who.session.as_ref().ok_or_else(Problem::unauthorised)?;
    if is_csrf(session, csrf) { Ok(()) } else { Err(Problem::from_elsewhere()) }
}

/// What was wrong with a form, if anything was, at its fields or above them.
pub(crate) fn mended(form: &mut Form, wrong: Option<(&'static str, String)>) {
    let Some((name, text)) = wrong else { return };
    // What the API says of a member is said at its field, which has another name for people.
    let member = text.strip_prefix('`').and_then(|rest| rest.split_once("` ")).map(|(of, _)| of);
    let has = |name: &str| form.fields.iter().any(|f| f.name == name && f.input != Input::Hidden);
    let name = match member.filter(|member| has(member)) {
        Some(member) => member.to_owned(),
        None => name.to_owned(),
    };
    match form.fields.iter_mut().find(|f| f.name == name && f.input != Input::Hidden) {
        Some(field) => field.error = at_its_field(&name, text),
        None => {
            form.notice = Some(Notice { urgency: Urgency::Warning, text, next: None });
        }
    }
}

/// What is wrong with a member, as it is said where its field stands.
fn at_its_field(name: &str, text: String) -> String {
    let Some(rest) = text.strip_prefix(&format!("`{name}` ")) else { return text };
    match rest.strip_prefix("must be ").or_else(|| rest.strip_prefix("is ")) {
        Some(no) if ["no ", "not ", "none ", "too "].iter().any(|word| no.starts_with(word)) => {
            format!("This is {no}")
        }
        Some(is) => format!("This must be {is}"),
        None => format!("It {rest}"),
    }
}

/// The sides that a person may speak for, to choose one.
pub(crate) fn sides(who: &Who) -> Input {
    let roles = who.roles();
    Input::Select(roles.iter().map(|r| (r.as_str().into(), r.as_str().into())).collect())
}

/// An address with what is asked there; what is empty is left out.
pub(crate) fn asking(path: &str, members: &[(&str, Option<String>)]) -> String {
    let pairs: Vec<String> = members
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_deref().filter(|v| !v.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", findings::encode(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// What stands below a page of a list: how much of it is shown, and where it goes on. Nothing where all is shown.
pub(crate) fn pager(
    shown: usize,
    is_first: bool,
    next: Option<String>,
    address: impl FnOnce(String) -> String,
) -> Option<Pager> {
    if is_first && next.is_none() {
        return None;
    }
    Some(Pager {
        shown: format!("{shown} shown"),
        before: "".into(),
        after: next.map(address).unwrap_or_default().into(),
    })
}

/// A load, or how much it is at least.
pub(crate) fn at_least(load: &Load) -> String {
    let plus = if load.is_least { "+" } else { "" };
    trimtab_pages::part::number(load.weight) + plus
}

/// What is said where nothing was sent.
pub(crate) const UNSENT: &str = "No inventory has been sent yet: nothing can be found.";

/// Whether nothing was sent of what somebody may see. Then nothing is known, and a zero would say too much.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn is_unsent(
    app: &App,
    who: &Who,
    systems: Option<&[i64]>,
) -> Result<bool, StoreError> {
    Ok(app.store.assets(who.org, None, systems, "", 1).await?.is_empty())
}

/// A number, unless nothing was sent.
pub(crate) fn unless_unsent(is_unsent: bool, number: String) -> Value {
    match is_unsent {
        true => Value::Unknown("no inventory has been sent".to_owned()),
        false => number.into(),
    }
}

/// A number in a list, with the list behind it, unless nothing was sent.
pub(crate) fn counted(is_unsent: bool, number: String, href: String) -> Cell {
    match unless_unsent(is_unsent, number) {
        Value::Text(number) => Cell::link(number, href),
        unknown => Cell::Value(unknown),
    }
}

/// A number of things as the store counts them.
pub(crate) fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: i64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
