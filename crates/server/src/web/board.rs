//! A board for each side: the numbers that other pages have, in the side's own words. Within the rail, on a wall, and by
//! a link that is read without signing in.

mod document;
mod parts;
mod sides;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::{Board, Wall};
use trimtab_pages::part::{Cell, Dial, Figure, Figures, Href, Link, Pager, Table, Tabs, Value};
use trimtab_store::ScopeOf;

pub(crate) use document::{address, as_document};

use super::{Page, Sorry, html, layout};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::sharing::{SIDES, reader, side};
use crate::state::App;

/// After how many seconds a wall is fetched again.
const EVERY: u32 = 300;

/// What a board shows.
pub(super) struct Told {
    pub(super) headline: String,
    pub(super) figures: Vec<Figure>,
    pub(super) dial: Option<Dial>,
    pub(super) tables: Vec<Table>,
}

/// `GET /boards`: the one of my own side.
pub(crate) async fn all(who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    let mine = who.side.into_iter().chain(who.roles()).find(|role| SIDES.contains(role));
    let side = mine.unwrap_or(Role::Leadership);
    Ok(Redirect::to(&format!("/boards/{side}")).into_response())
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let side = side(&word)?;
    let told = sides::of(&app, &who, side).await?;
    let title = title(side);
    let mut layout = layout(&app, &who, Entry::Metrics, &title, told.headline).await?;
    layout.crumbs = vec![Link::to("Metrics", "/metrics"), Link::words(title)];
    layout.actions.push(Link::to("Wall", format!("/boards/{side}/wall")));
    if who.may_somewhere(Action::Share) {
        layout.actions.push(Link::to("Share by a link", format!("/boards/{side}/share")));
    }
    if who.session.is_some() {
        layout.actions.push(Link::to("Mail it to me", format!("/boards/{side}/mail")));
    }
    layout.actions.push(Link::to("Shared links", "/shares"));
    let tab = |side: &Role| Link::to(capital(side.as_str()), format!("/boards/{side}"));
    let tabs = Tabs {
        label: "Sides".to_owned(),
        tabs: SIDES.iter().map(tab).collect(),
        shown: SIDES.iter().position(|known| *known == side).unwrap_or_default(),
    };
    let (figures, dial, tables) = (Figures(told.figures), told.dial, told.tables);
    Ok(html(&Board { layout, tabs, figures, dial, tables }))
}

/// The same on a wall, for who is signed in.
pub(crate) async fn wall(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
) -> Response {
    again(of_side(&app, who, &word).await)
}

async fn of_side(app: &App, who: Result<Who, Problem>, word: &str) -> Page {
    let who = who.map_err(Sorry::from)?;
    let side = side(word)?;
    hung(app, &who, side, title(side)).await
}

/// What failed for now is fetched again as well: nobody stands before a wall to do it.
fn again(page: Page) -> Response {
    let mut response = page.into_response();
    let status = response.status();
    let headers = response.headers_mut();
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        headers.insert(header::REFRESH, HeaderValue::from(EVERY));
    }
    let robots = HeaderName::from_static("x-robots-tag");
    headers.insert(robots, HeaderValue::from_static("noindex, nofollow, noarchive"));
    response
}

/// The same by a link, for whoever has it.
pub(crate) async fn shared(State(app): State<App>, Path(secret): Path<String>) -> Response {
    again(by_link(&app, &secret).await)
}

async fn by_link(app: &App, secret: &str) -> Page {
    let (share, who) = reader(app, secret).await.map_err(Sorry::of_link)?;
    let side = side(&share.is.side)?;
    let name = match share.is.scope {
        ScopeOf::Team(id) => {
            let teams = app.store.teams(share.org).await?;
            let name = teams.into_iter().find(|t| t.id == id).map(|t| t.name).unwrap_or_default();
            format!("{} of {name}", title(side))
        }
        ScopeOf::Organisation | ScopeOf::System(_) => title(side),
    };
    hung(app, &who, side, name).await
}

async fn hung(app: &App, who: &Who, side: Role, title: String) -> Page {
    let told = sides::of(app, who, side).await?;
    let organisations = app.store.organisations().await?;
    let organisation = organisations.into_iter().find(|o| o.org == who.org);
    let unlinked = |figure: Figure| Figure { href: Href::default(), ..figure };
    let view = Wall {
        organisation: organisation.map(|o| o.name).unwrap_or_default(),
        title,
        headline: told.headline,
        every: EVERY,
        figures: Figures(told.figures.into_iter().map(unlinked).collect()),
        dial: told.dial.map(plain_dial),
        tables: told.tables.into_iter().map(plain).collect(),
        now: app.now(),
    };
    let mut response: Response = html(&view);
    response.headers_mut().insert(header::REFRESH, HeaderValue::from(EVERY));
    Ok(response)
}

/// A dial with nothing to click.
fn plain_dial(mut dial: Dial) -> Dial {
    dial.href = Href::default();
    dial.csv = Href::default();
    for moved in &mut dial.moves {
        moved.what.href = Href::default();
    }
    dial
}

/// A table with nothing to click.
fn plain(mut table: Table) -> Table {
    for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
        match cell {
            Cell::Name(link, _) | Cell::Count(_, link) | Cell::Value(Value::Link(link)) => {
                link.href = Href::default();
            }
            Cell::Dial(dial) => dial.href = Href::default(),
            _ => {}
        }
    }
    let pager = table.pager.map(|pager| Pager { shown: pager.shown, ..Pager::default() });
    Table { pager, csv: Href::default(), ..table }
}

fn title(side: Role) -> String {
    format!("Board of {side}")
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_pages::Template;
    use trimtab_pages::part::{Column, Row};

    #[test]
    fn nothing_of_a_wall_can_be_clicked() {
        let table = Table {
            columns: vec![Column::left("a"), Column::left("b")],
            rows: vec![Row::of(vec![Cell::name("x", "/systems/1"), Cell::link("y", "/findings")])],
            csv: "/x.csv".into(),
            pager: Some(Pager { shown: "The first 1 of 2".to_owned(), ..Pager::default() }),
            ..Table::default()
        };
        assert_eq!(table.render().unwrap().matches("href").count(), 3);
        let hung = plain(table).render().unwrap();
        assert!(!hung.contains("href") && hung.contains("The first 1 of 2"), "{hung}");
    }
}
