//! How a team's tracker is set, and what came of trying it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_connect::track::Software;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Notice, Pairs, Urgency, Value};
use trimtab_store::{Team, Tracker};

use super::team::{find, may_pace};
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, On, Who};
use crate::api::trackers::{OPEN_USUAL, Wanted, end, set, shown, tried};
use crate::problem::Problem;
use crate::state::App;
use crate::tracking::setting::Tried;

/// The longest that a try is waited for: the page that comes of it may be the only one with the secret.
const TRIES: Duration = Duration::from_secs(20);

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    software: String,
    address: String,
    project: String,
    token: String,
    open_limit: String,
    kind: String,
    points: String,
    sprint: String,
    due: String,
    done: String,
    open: String,
    components: String,
    private: String,
    new_secret: String,
    end: String,
}

/// What is shown beside the form.
#[derive(Default)]
struct Came {
    wrong: Option<(&'static str, String)>,
    tried: Option<Tried>,
    /// Why it was kept and not tried.
    untried: Option<String>,
    secret: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    let tracker = app.store.tracker(who.org, id).await?;
    let sent = tracker.as_ref().map_or_else(
        || Sent {
            software: "gitea".to_owned(),
            open_limit: OPEN_USUAL.to_string(),
            ..Sent::default()
        },
        |tracker| held(&app, tracker),
    );
    show(&app, &who, (&team, tracker.as_ref()), sent, Came::default()).await
}

/// A tracker as the form holds it.
fn held(app: &App, tracker: &Tracker) -> Sent {
    let is = shown(app, tracker, None);
    let lines: Vec<String> = is.components.iter().map(|(of, c)| format!("{of} = {c}")).collect();
    Sent {
        software: is.software,
        address: is.address,
        project: is.project,
        open_limit: is.open_limit.to_string(),
        kind: is.names.kind,
        points: is.names.points,
        sprint: is.names.sprint,
        due: is.names.due,
        done: is.names.done,
        open: is.names.open,
        components: lines.join("\n"),
        private: if is.private { "yes" } else { "no" }.to_owned(),
        ..Sent::default()
    }
}

/// What is wanted by what was sent.
fn wanted(sent: &Sent) -> Result<Wanted, (&'static str, String)> {
    let text = sent.open_limit.trim();
    let open_limit: Option<u32> = if text.is_empty() { None } else { text.parse().ok() };
    if open_limit.is_none() && !text.is_empty() {
        return Err(("open_limit", "Enter a whole number.".to_owned()));
    }
    let mut components = BTreeMap::new();
    for line in sent.components.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (of, component) = line
            .split_once('=')
            .ok_or_else(|| ("components", format!("`{line}` is not `NAME = COMPONENT`.")))?;
        components.insert(of.trim().to_owned(), component.trim().to_owned());
    }
    Ok(Wanted {
        software: sent.software.clone(),
        address: sent.address.clone(),
        project: sent.project.clone(),
        token: Some(sent.token.clone()),
        new_secret: sent.new_secret == "yes",
        kind: sent.kind.clone(),
        points: sent.points.clone(),
        sprint: sent.sprint.clone(),
        due: sent.due.clone(),
        done: sent.done.clone(),
        open: sent.open.clone(),
        components,
        open_limit,
        private: sent.private == "yes",
    })
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
    if sent.end == "yes" {
        end(&app, &who, id).await?;
        return Ok(Redirect::to(&format!("/teams/{id}/tickets")).into_response());
    }
    let before = app.store.tracker(who.org, id).await?;
    let wanted = match wanted(&sent) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            let came = Came { wrong: Some(wrong), ..Came::default() };
            return show(&app, &who, (&team, before.as_ref()), sent, came).await;
        }
    };
    match set(&app, &who, id, &wanted).await {
        Ok((tracker, secret)) => {
            // Whatever becomes of the try, the secret is shown: it is shown once.
            let came = match tokio::time::timeout(TRIES, tried(&app, &who, id)).await {
                Ok(Ok(tried)) => Came { tried: Some(tried), secret, ..Came::default() },
                Ok(Err(problem)) => {
                    Came { untried: Some(problem.detail), secret, ..Came::default() }
                }
                Err(_) => {
                    let why = format!("It did not answer within {} s.", TRIES.as_secs());
                    Came { untried: Some(why), secret, ..Came::default() }
                }
            };
            let sent = held(&app, &tracker);
            show(&app, &who, (&team, Some(&tracker)), sent, came).await
        }
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let named =
                ["software", "address", "project", "token", "open_limit", "components", "private"];
            let starts = |name: &&&str| problem.detail.starts_with(&format!("`{name}`"));
            let name = named.iter().find(starts).copied().unwrap_or("");
            let came = Came { wrong: Some((name, problem.detail)), ..Came::default() };
            show(&app, &who, (&team, before.as_ref()), sent, came).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    (team, tracker): (&Team, Option<&Tracker>),
    sent: Sent,
    came: Came,
) -> Page {
    if !may_pace(who, team.id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let title = format!("Tracker of {}", team.name);
    let mut layout = layout(app, who, Entry::Teams, &title, format!("{title}.")).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{}", team.id)),
        Link::to("Tickets", format!("/teams/{}/tickets", team.id)),
        Link::words("Tracker"),
    ];
    let mut form = form(who, team, tracker, sent, layout.csrf.clone());
    if let Some(tried) = &came.tried {
        form.notice = Some(match &tried.wrong {
            None => Notice {
                urgency: Urgency::Done,
                text: "Saved, and it works: the project was read.".to_owned(),
                next: Some(Link::to("Tickets", format!("/teams/{}/tickets", team.id))),
            },
            Some(why) => Notice {
                urgency: Urgency::Warning,
                text: format!("Saved, but it does not work: {why}."),
                next: None,
            },
        });
    }
    if let Some(why) = &came.untried {
        form.notice = Some(Notice {
            urgency: Urgency::Warning,
            text: format!("Saved, but not tested: {why}"),
            next: None,
        });
    }
    mended(&mut form, came.wrong.clone());
    let mut follows = vec![
        "Each change that the plan schedules gets one ticket there, the most urgent first. Evidence of the fix closes it."
            .to_owned(),
        "What people do with a ticket comes back: points become the change's cost, and a ticket that is closed as \"won't \
         do\" becomes a request for an exception in your name."
            .to_owned(),
    ];
    follows.extend(unreachable(&app.settings.public, &app.settings.listen));
    let about = about(app, tracker, &came);
    Ok(html(&Act { layout, follows, about, form }))
}

/// What to say where the public address is the one at which the server listens, as it is where nobody told it another.
fn unreachable(public: &str, listen: &str) -> Option<String> {
    let is_told = public != format!("http://{listen}");
    (!is_told).then(|| {
        format!(
            "Here tickets link to {public}, where this server listens, and webhooks must reach that address. Unless the \
             tracker and your colleagues can open it, restart the server with --public and the address that they use."
        )
    })
}

fn about(app: &App, tracker: Option<&Tracker>, came: &Came) -> Pairs {
    let Some(tracker) = tracker else { return Pairs::default() };
    let is = shown(app, tracker, None);
    let mut pairs = vec![("Webhooks go to".to_owned(), Value::Code(is.webhook))];
    let secret = match &came.secret {
        Some(secret) => Value::Code(secret.clone()),
        None => Value::Text("saved; it was shown once".to_owned()),
    };
    pairs.push(("Their secret".to_owned(), secret));
    if let Some(tried) = came.tried.as_ref().filter(|tried| tried.wrong.is_none()) {
        let account = tried
            .account
            .clone()
            .map_or_else(|| Value::Unknown("the tracker does not tell".to_owned()), Value::Text);
        pairs.push(("It knows the token as".to_owned(), account));
        let more = if tried.more { " or more" } else { "" };
        let tickets = format!("{}{more}", tried.tickets);
        pairs.push(("Tickets of Trimtab's there".to_owned(), tickets.into()));
        for what in &tried.missing {
            pairs.push(("Missing".to_owned(), Value::Text(what.clone())));
        }
    }
    Pairs(pairs)
}

fn form(who: &Who, team: &Team, tracker: Option<&Tracker>, sent: Sent, csrf: String) -> Sheet {
    let name = |software: Software| match software {
        Software::GitHub => "GitHub Issues",
        Software::GitLab => "GitLab Issues",
        Software::Gitea => "Gitea or Forgejo",
        Software::Jira => "Jira Cloud",
        Software::JiraServer => "Jira Data Center",
        Software::Azure => "Azure Boards",
    };
    let all = Software::all().map(|s| (s.as_str().to_owned(), name(s).to_owned())).collect();
    let optional = |name: &str, label: &str, held: String, hint: &str| {
        Field::new(name, label, Input::Text).holding(held).hinted(hint).optional()
    };
    let no_yes = |no: &str, yes: &str| {
        Input::Select(vec![("no".to_owned(), no.to_owned()), ("yes".to_owned(), yes.to_owned())])
    };
    let token =
        "It may write tickets of the project, and nothing else. It is sealed, and never shown.";
    let mut fields = vec![
        Field::new("software", "Software", Input::Select(all)).holding(sent.software),
        Field::new("address", "Address of its API", Input::Code)
            .holding(sent.address)
            .hinted("For example `https://git.example/api/v1`, `https://api.github.com` or `https://me.example`."),
        Field::new("project", "Project", Input::Code)
            .holding(sent.project)
            .hinted("`OWNER/NAME`, `GROUP/NAME`, or the key of the project."),
        match tracker {
            Some(_) => Field::new("token", "Token", Input::Secret("new-password"))
                .hinted(format!("{token} Leave empty to keep it."))
                .optional(),
            None => Field::new("token", "Token", Input::Secret("new-password")).hinted(token),
        },
        Field::new("open_limit", "Open at once", Input::Number)
            .holding(sent.open_limit)
            .hinted("How many tickets may be open at once. The most urgent come first."),
        Field::new("components", "Components", Input::Area)
            .holding(sent.components)
            .hinted("Jira components, or areas of Azure: `ASSET = COMPONENT` or `SYSTEM = COMPONENT`, one per line; `*` stands for all others.")
            .optional(),
        optional("kind", "Ticket type", sent.kind, "Jira and Azure. Leave empty for Task."),
        optional("points", "Field for points", sent.points, "Jira, for example `customfield_10016`."),
        optional("sprint", "Field for the sprint", sent.sprint, "Jira, for example `customfield_10016`."),
        optional("due", "Field for the due date", sent.due, "Azure. Enter `none` if there is none."),
        optional("done", "State for done", sent.done, "Leave empty for the usual one."),
        optional("open", "State for reopened", sent.open, "Leave empty for the usual one."),
    ];
    let allowed = tracker.is_some_and(|tracker| tracker.is.private);
    if allowed || who.may(Action::Administer, On::ALL) {
        fields.push(
            Field::new(
                "private",
                "Its address",
                no_yes("is of the public network", "may be of a private network"),
            )
            .holding(if sent.private == "yes" { "yes" } else { "no" })
            .hinted("Only an administrator allows an address of a private network."),
        );
    }
    if tracker.is_some() {
        fields.push(
            Field::new("new_secret", "Secret of webhooks", no_yes("stays", "is made anew"))
                .holding("no"),
        );
        fields.push(
            Field::new(
                "end",
                "This tracker",
                no_yes("stays", "is forgotten; its tickets stay there"),
            )
            .holding("no")
            .hinted(
                "Set again later for the same project, it continues with the tickets that it made.",
            ),
        );
    }
    Sheet {
        action: format!("/teams/{}/tracker", team.id).into(),
        csrf,
        fields,
        submit: "Save and test".to_owned(),
        cancel: Some(Link::to("Back to the tickets", format!("/teams/{}/tickets", team.id))),
        ..Sheet::default()
    }
}

#[cfg(test)]
mod tests {
    use super::unreachable;

    #[test]
    fn a_server_that_was_told_no_public_address_says_so() {
        let told = unreachable("http://127.0.0.1:8321", "127.0.0.1:8321").unwrap();
        assert!(told.contains("tickets link to http://127.0.0.1:8321"), "{told}");
        assert_eq!(unreachable("https://trimtab.example", "127.0.0.1:8321"), None);
        assert_eq!(unreachable("http://127.0.0.1", "127.0.0.1:8321"), None);
    }
}
