//! Who merged an update: what is known of it, and saying so of oneself.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Value};

use crate::access::{On, Who};
use crate::merging;
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{Far, Update};
use crate::web::{Page, Sorry, own_form};

/// Who merged it, as far as that is told and they show it; and what one says of oneself.
pub(super) async fn merger(
    app: &App,
    who: &Who,
    update: &Update,
    on: On,
    csrf: &str,
) -> Result<(Value, Option<Sheet>), Problem> {
    let known = app.store.merger(who.org, update.is.id).await?;
    let own = known.as_ref().is_some_and(|known| known.person == who.person.id);
    let unknown = |why: &str| Value::Unknown(why.to_owned());
    let told = match &known {
        None => unknown("neither git nor a person has said"),
        Some(_) if own => Value::Link(Link::to("you", format!("/cards/{}", who.person.id))),
        Some(known) => {
            let hidden = app.store.unshown(who.org).await?.contains(&known.person);
            let person = app.store.person(who.org, known.person).await?;
            match person.filter(|person| !hidden && !person.disabled) {
                Some(person) => Value::Link(Link::to(person.name, format!("/cards/{}", person.id))),
                None => unknown("the person has chosen not to be shown"),
            }
        }
    };
    let can = merging::may_say(who, on) && update.far != Far::Nothing;
    let form = (own || (can && known.is_none())).then(|| Sheet {
        action: format!("/updates/{}/merged", update.is.id).into(),
        csrf: csrf.to_owned(),
        fields: vec![Field::new("mine", "mine", Input::Hidden).holding(if own {
            "no"
        } else {
            "yes"
        })],
        submit: if own { "I did not merge it" } else { "I merged it" }.to_owned(),
        quiet: true,
        ..Sheet::default()
    });
    Ok((told, form))
}

/// What the form sends of who merged it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Merged {
    csrf: String,
    mine: String,
}

pub(crate) async fn merged(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Merged>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let mine = match sent.mine.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::invalid("There is no such action.").into()),
    };
    merging::mine(&app, &who, id, mine).await?;
    Ok(Redirect::to(&format!("/updates/{id}")).into_response())
}
