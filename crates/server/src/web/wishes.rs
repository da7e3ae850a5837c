//! How a team wishes to be told: one form.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Notice, Pairs};
use trimtab_store::Team;

use super::team::find;
use super::try_channel::notice;
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, Who};
use crate::notices::duty::attempt;
use crate::notices::wishes::{
    CHANNELS, DAYS, Quiet, Wanted, Wishes, keep, lines, may_wish, not_kept,
};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// Set by the button that tries it and keeps nothing.
    also: String,
    channel: String,
    address: String,
    secret: String,
    addresses: String,
    day_monday: String,
    day_tuesday: String,
    day_wednesday: String,
    day_thursday: String,
    day_friday: String,
    day_saturday: String,
    day_sunday: String,
    time: String,
    zone: String,
    quiet_from: String,
    quiet_to: String,
    budget: String,
    on_duty: String,
    escalates: String,
    second: String,
    third: String,
}

impl Sent {
    fn days(&self) -> [&str; 7] {
        [
            &self.day_monday,
            &self.day_tuesday,
            &self.day_wednesday,
            &self.day_thursday,
            &self.day_friday,
            &self.day_saturday,
            &self.day_sunday,
        ]
    }

    /// What is wished; a number that is none is told with its field.
    fn wanted(&self) -> Result<Wanted, (&'static str, String)> {
        let days = DAYS.iter().zip(self.days()).filter(|(_, chosen)| !chosen.is_empty());
        let whole = |name: &'static str, text: &str| {
            text.trim().parse::<u32>().map_err(|_| (name, "Enter a whole number.".to_owned()))
        };
        let escalates = match self.escalates.trim() {
            "" => None,
            text => Some(whole("escalates", text)?),
        };
        let quiet = match (self.quiet_from.trim(), self.quiet_to.trim()) {
            ("", "") => None,
            (from, to) => Some(Quiet { from: from.to_owned(), to: to.to_owned() }),
        };
        Ok(Wanted {
            wishes: Wishes {
                zone: self.zone.trim().to_owned(),
                days: days.map(|((word, _), _)| (*word).to_owned()).collect(),
                time: self.time.trim().to_owned(),
                quiet,
                budget: whole("budget", &self.budget)?,
                escalates,
                channel: self.channel.clone(),
                addresses: lines(&self.addresses),
                ..Wishes::default()
            },
            people: [lines(&self.on_duty), lines(&self.second), lines(&self.third)],
            address: self.address.clone(),
            secret: self.secret.clone(),
        })
    }

    fn of(is: &Wishes, emails: impl Fn(&[i64]) -> String) -> Sent {
        let day = |word: &str| {
            let chosen = is.days.iter().any(|day| day == word);
            if chosen { "yes".to_owned() } else { String::new() }
        };
        let [on_duty, second, third] = &is.circles;
        let quiet = is.quiet.clone();
        let (quiet_from, quiet_to) = quiet.map(|q| (q.from, q.to)).unwrap_or_default();
        Sent {
            csrf: String::new(),
            also: String::new(),
            channel: is.channel.clone(),
            address: String::new(),
            secret: String::new(),
            addresses: is.addresses.join("\n"),
            day_monday: day("monday"),
            day_tuesday: day("tuesday"),
            day_wednesday: day("wednesday"),
            day_thursday: day("thursday"),
            day_friday: day("friday"),
            day_saturday: day("saturday"),
            day_sunday: day("sunday"),
            time: is.time.clone(),
            zone: is.zone.clone(),
            quiet_from,
            quiet_to,
            budget: is.budget.to_string(),
            on_duty: emails(on_duty),
            escalates: is.escalates.map(|minutes| minutes.to_string()).unwrap_or_default(),
            second: emails(second),
            third: emails(third),
        }
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    if !may_wish(&who, id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let wished = app.store.wishes(who.org, id).await?;
    let is = wished.map(|w| Wishes::of(&w.told)).unwrap_or_default();
    let people = app.store.people(who.org).await?;
    let emails = |ids: &[i64]| {
        let found = ids.iter().filter_map(|id| people.iter().find(|p| p.id == *id));
        found.map(|p| p.email.clone()).collect::<Vec<_>>().join("\n")
    };
    show(&app, &who, &team, Sent::of(&is, emails), (None, None)).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (team, _) = find(&app, &who, id).await?;
    if !sent.also.is_empty() {
        return attempted(&app, &who, &team, sent).await;
    }
    let kept = match sent.wanted() {
        Ok(wanted) => keep(&app, &who, &team, wanted).await?,
        Err(wrong) => Err(wrong),
    };
    match kept {
        Ok(()) => Ok(Redirect::to(&format!("/teams/{id}/notices")).into_response()),
        Err(wrong) => show(&app, &who, &team, sent, (Some(wrong), None)).await,
    }
}

/// Tries the channel as the form has it, and keeps nothing.
async fn attempted(app: &App, who: &Who, team: &Team, sent: Sent) -> Page {
    let wished = match sent.wanted() {
        Ok(wanted) => not_kept(app, who, team, wanted).await?,
        Err(wrong) => Err(wrong),
    };
    let wished = match wished {
        Ok(wished) => wished,
        Err(wrong) => return show(app, who, team, sent, (Some(wrong), None)).await,
    };
    let came = match attempt(app, who, team, Some(wished)).await {
        Err(problem) if matches!(problem.status, 403 | 404) => return Err(problem.into()),
        came => came,
    };
    let mut said = notice(came);
    said.text.push_str(" Nothing is kept yet.");
    if !sent.address.is_empty() || !sent.secret.is_empty() {
        said.text.push_str(
            " Address and secret are not shown again: fill them in once more to keep them.",
        );
    }
    show(app, who, team, sent, (None, Some(said))).await
}

async fn show(
    app: &App,
    who: &Who,
    team: &Team,
    sent: Sent,
    (wrong, notice): (Option<(&'static str, String)>, Option<Notice>),
) -> Page {
    if !may_wish(who, team.id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let headline = format!("Notice settings of {}.", team.name);
    let mut layout = layout(app, who, Entry::Teams, "Notice settings", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{}", team.id)),
        Link::to("Notices", format!("/teams/{}/notices", team.id)),
        Link::words("Notice settings"),
    ];
    layout.actions.push(Link::to("Send a test letter", format!("/teams/{}/notices/try", team.id)));
    layout.actions.push(Link::to("Who is on duty", format!("/teams/{}/rota", team.id)));
    let mut form = Sheet {
        action: format!("/teams/{}/notices/edit", team.id).into(),
        csrf: layout.csrf.clone(),
        fields: fields(&sent),
        submit: "Save".to_owned(),
        also: "Send a test letter first".to_owned(),
        notice,
        cancel: Some(Link::to("Back to the notices", format!("/teams/{}/notices", team.id))),
        ..Sheet::default()
    };
    // Fields that stand in several.
    let wrong = wrong.map(|(name, text)| match name {
        "days" => ("day_monday", text),
        "quiet" => ("quiet_from", text),
        name => (name, text),
    });
    mended(&mut form, wrong);
    let follows = vec![
        "What is new waits for the digest. Only what the charter calls now goes out at once, to the people on duty."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

fn fields(sent: &Sent) -> Vec<Field> {
    let channels = CHANNELS.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned()));
    let mut fields = vec![
        Field::new("channel", "Channel", Input::Select(channels.collect())).holding(&sent.channel),
        Field::new("addresses", "Mail to", Input::Area)
            .holding(&sent.addresses)
            .hinted("For the channel mail: one address per line.")
            .optional(),
        Field::new("address", "Address of the webhook", Input::Secret("off"))
            .hinted("Of Slack, Teams, Mattermost or your own. It is kept sealed. Leave empty to keep it.")
            .optional(),
        Field::new("secret", "Secret of the webhook", Input::Secret("off"))
            .hinted("Letters to your own webhook are signed with it. Leave empty to keep it.")
            .optional(),
    ];
    for ((word, _), chosen) in DAYS.iter().zip(sent.days()) {
        let label = format!("Digest on {}", capital(word));
        fields.push(
            Field::new(format!("day_{word}"), label, Input::Check).holding(chosen).optional(),
        );
    }
    fields.extend([
        Field::new("time", "At", Input::Text).holding(&sent.time).hinted("For example 09:00."),
        Field::new("zone", "Time zone", Input::Text)
            .holding(&sent.zone)
            .hinted("For example Europe/Berlin."),
        Field::new("quiet_from", "Quiet from", Input::Text)
            .holding(&sent.quiet_from)
            .hinted("No digest is sent in this time.")
            .optional(),
        Field::new("quiet_to", "Quiet until", Input::Text).holding(&sent.quiet_to).optional(),
        Field::new("budget", "Digests per week at most", Input::Number).holding(&sent.budget),
        Field::new("on_duty", "People on duty", Input::Area)
            .holding(&sent.on_duty)
            .hinted("They are mailed what the charter calls now. One address per line. Leave empty to tell the channel. A rota takes their place.")
            .optional(),
        Field::new("escalates", "Minutes until escalation", Input::Number)
            .holding(&sent.escalates)
            .hinted("If nobody acknowledges it by then. Leave empty for never.")
            .optional(),
        Field::new("second", "Escalate to first", Input::Area).holding(&sent.second).optional(),
        Field::new("third", "Escalate to next", Input::Area).holding(&sent.third).optional(),
    ]);
    fields
}

/// With a capital at the beginning.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}
