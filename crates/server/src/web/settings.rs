//! Administration: how the server is set, and how it stands with backups.

use axum::extract::State;
use trimtab_pages::Entry;
use trimtab_pages::page::Administration;
use trimtab_pages::part::{Cell, Column, Empty, Notice, Pairs, Row, Table, Urgency, Value, When};
use trimtab_store::Engine;

use super::administration::{admin, tabs};
use super::{Page, Sorry, html, layout};
use crate::access::{Provider, Who};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    let headline = "How the server is set: by its command line and environment.".to_owned();
    let layout = layout(&app, &who, Entry::Administration, "Settings", headline).await?;
    let engine = match app.store.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let set = &app.settings;
    let feeds = set.feeds.as_ref().map_or_else(
        || "not fetched by this server".to_owned(),
        |feeds| format!("fetched every {} h", feeds.every.as_hours()),
    );
    let rate = match set.access.token_rate {
        0 => "no limit".to_owned(),
        rate => format!("{rate} a second"),
    };
    let key = if set.access.key.is_some() { "there" } else { "none: no codes, no webhook secrets" };
    let proxies: Vec<String> = set.access.proxies.iter().map(ToString::to_string).collect();
    let proxies =
        if proxies.is_empty() { "none but on this machine".to_owned() } else { proxies.join(", ") };
    let mail = match &set.notices.mail {
        None => Cell::text("none is sent"),
        Some(mail) => Cell::code(format!("{}:{} from {}", mail.host, mail.port, mail.from)),
    };
    let channels = match set.notices.private {
        true => "public and internal networks",
        false => "public networks only",
    };
    let keep = match set.keep_days {
        None => "always".to_owned(),
        Some(days) => format!("{days} days"),
    };
    let rows = [
        ("Store", Cell::text(engine), "--store"),
        ("Address", Cell::code(set.public.clone()), "--public"),
        ("Listens on", Cell::code(set.listen.clone()), "--listen"),
        (
            "Largest upload",
            Cell::text(format!("{} MiB", set.largest_upload >> 20)),
            "--largest-upload",
        ),
        ("Jobs at once", Cell::text(set.workers.to_string()), "--workers"),
        ("Documents are kept", Cell::text(keep), "--keep-days"),
        ("Feeds", Cell::text(feeds), "--feeds-every"),
        ("Requests of a token", Cell::text(rate), "--token-rate"),
        ("Key that seals secrets", Cell::text(key), "--key-file"),
        ("Proxies", Cell::text(proxies), "--proxy"),
        ("Mail", mail, "--mail-server"),
        ("Channels of teams", Cell::text(channels), "--private-channels"),
    ];
    let row = |(name, value, flag): (&str, Cell, &str)| {
        Row::of(vec![Cell::text(name), value, Cell::code(flag)])
    };
    let people = app.store.people(who.org).await?;
    let organisations = app.store.organisations().await?;
    // One provider serves the first organisation.
    let is_first = organisations.first().is_some_and(|first| first.org == who.org);
    let joined = people.iter().filter(|person| person.subject.is_some()).count();
    Ok(html(&Administration {
        layout,
        tabs: tabs(3),
        intro: "What stands here is changed where the server is started.".to_owned(),
        about: Pairs::default(),
        tables: vec![
            Table {
                title: "Settings".to_owned(),
                columns: vec![
                    Column::left("What").kept(),
                    Column::left("As set").kept(),
                    Column::left("Set by"),
                ],
                rows: rows.into_iter().map(row).collect(),
                ..Table::default()
            },
            provider(set.access.provider.as_ref(), is_first, joined),
        ],
        form: None,
    }))
}

/// How the provider is set that knows people; its secret is not shown.
fn provider(is: Option<&Provider>, is_first: bool, joined: usize) -> Table {
    let row = |name: &str, value: Cell, flag: &str| {
        Row::of(vec![
            Cell::text(name),
            value,
            if flag.is_empty() { Cell::Nothing } else { Cell::code(flag) },
        ])
    };
    let rows = is.map(|is| {
        let secret = if is.secret.is_some() { "there" } else { "none: PKCE alone" };
        let mut rows = vec![
            row("Button", Cell::text(format!("Sign in with {}", is.name)), "--oidc-name"),
            row("Issuer", Cell::code(is.issuer.clone()), "--oidc-issuer"),
            row("Client", Cell::code(is.client.clone()), "--oidc-client"),
            row("Secret", Cell::text(secret), "--oidc-secret-file"),
            row("Claim of the groups", Cell::code(is.groups.clone()), "--oidc-groups"),
            row("People who came by it", Cell::text(joined.to_string()), ""),
        ];
        if !is_first {
            let text = "the first organisation: people of this one sign in with a password";
            rows.push(row("Serves", Cell::text(text), ""));
        }
        let roles = is.roles.iter();
        rows.extend(roles.map(|(group, role)| {
            row(&format!("Group {group}"), Cell::text(format!("is {role}")), "--oidc-role")
        }));
        rows
    });
    Table {
        title: "Provider (OpenID Connect)".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("As set").kept(),
            Column::left("Set by"),
        ],
        rows: rows.unwrap_or_default(),
        empty: Empty {
            why: "None: people sign in with a password. `--oidc-issuer` names one.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// After so many days without a backup that is a warning.
pub(crate) const OLD: i64 = 7;

pub(crate) async fn backup(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    let now = app.now();
    let last = app.store.last_backup().await?;
    let age = last.map(|last| now.duration_since(last.at).as_hours() / 24);
    let headline = match age {
        None => "No backup of this store is known.".to_owned(),
        Some(days) if days >= OLD => format!("The last backup is {days} days old."),
        Some(_) => "There is a backup of the last days.".to_owned(),
    };
    let mut layout =
        layout(&app, &who, Entry::Administration, "Backup and retention", headline).await?;
    if age.is_none_or(|days| days >= OLD) {
        let text =
            "Run `trimtab store backup FILE` where the store is; the server may run meanwhile.";
        layout.flash =
            Some(Notice { urgency: Urgency::Warning, text: text.to_owned(), next: None });
    }
    let unknown = || Value::Unknown("none was noted".to_owned());
    let kept = match app.settings.keep_days {
        None => "always".to_owned(),
        Some(days) => format!("{days} days, and longer where something rests on them"),
    };
    let done = app.store.last_done(who.org, "forget").await?;
    let waits = app.store.open_job(who.org, "forget").await?;
    let last_gone = done.as_ref().and_then(|job| job.ended);
    let gone = done.as_ref().and_then(|job| job.result.as_ref()).map(let_go);
    let about = vec![
        ("Last backup", last.map_or_else(unknown, |last| When::of(last.at, now).into())),
        (
            "Its size",
            last.map_or_else(unknown, |last| format!("{} KiB", last.bytes.div_ceil(1024)).into()),
        ),
        ("Make one", Value::Code("trimtab store backup FILE".to_owned())),
        ("Restore one", Value::Code("trimtab store restore FILE --store NEW".to_owned())),
        (
            "Move to another store",
            Value::Code("trimtab store migrate --from OLD --to NEW".to_owned()),
        ),
        ("Documents are kept", kept.into()),
        ("Set by", Value::Code("trimtab serve --keep-days DAYS".to_owned())),
        ("Finished jobs, sessions and answers are kept", "30 days".into()),
        ("Ledger, decisions, charters and findings are kept", "always".into()),
        (
            "Last deletion",
            last_gone.map_or_else(|| Value::from("none yet"), |at| When::of(at, now).into()),
        ),
        ("Deleted then", gone.unwrap_or_else(|| "nothing yet".to_owned()).into()),
        (
            "Next deletion",
            waits.map_or_else(
                || Value::Text("within a day of the next upload".to_owned()),
                |job| When::of(job.run_at, now).into(),
            ),
        ),
    ];
    Ok(html(&Administration {
        layout,
        tabs: tabs(2),
        intro: "A backup holds every row as it was at one moment. It has the sealed secrets and not the key that opens \
                them: keep a copy of the key elsewhere."
            .to_owned(),
        about: Pairs(about.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        tables: Vec::new(),
        form: None,
    }))
}

/// What went last, in words.
fn let_go(result: &serde_json::Value) -> String {
    let number = |name: &str| result[name].as_u64().unwrap_or(0);
    format!(
        "{} documents, {} jobs, {} sessions, {} answers, {} notices, {} letters",
        number("documents"),
        number("jobs"),
        number("sessions"),
        number("answers"),
        number("notices"),
        number("letters")
    )
}
