//! Starting and stopping a server.

use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trimtab_model::Role;
use trimtab_store::{Grant, NewPerson, Org, ScopeOf, Store, StoreError};

use crate::access::secret::Secret;
use crate::jobs;
use crate::router::router;
use crate::state::{App, Settings};

/// The longest name of an organisation.
const NAME: usize = 200;
/// How long a sign-in link is good.
const LINK: SignedDuration = SignedDuration::from_hours(24);

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The application.
    pub app: App,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Stops: what was begun is finished, nothing new is taken.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        self.app.store.close().await;
    }
}

/// Opens the store, listens, and works.
///
/// # Errors
/// The store cannot be opened, or the address is taken.
pub async fn start(settings: Settings, clock: fn() -> Timestamp) -> Result<Running, String> {
    let store = Store::open(&settings.store, clock()).await.map_err(|e| e.to_string())?;
    let listener = TcpListener::bind(&settings.listen)
        .await
        .map_err(|e| format!("`{}` cannot be listened on: {e}", settings.listen))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let workers = settings.workers;
    let (stop, stopped) = watch::channel(false);
    let mut app = App::new(store, settings, clock);
    app.stopping = stopped.clone();
    // Windows may have ended while nobody was here to see it. Before anybody works and writes.
    for org in app.store.organisations().await.map_err(|e| e.to_string())? {
        let next = jobs::replan::next(org.org, clock());
        app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        // Digests may have come due meanwhile, and letters be on their way to nobody.
        let next = jobs::notify::at_once(org.org, clock());
        app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        if app.store.charter_in_force(org.org).await.map_err(|e| e.to_string())?.is_some() {
            let next = jobs::tell_terms::at_once(org.org, clock());
            app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        }
        let next = jobs::look_back::next(org.org, clock());
        app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        // Each asks for the one of the next day: the last one may not have come to that.
        let any = app.store.suppliers(org.org, None, None, 1).await;
        if !any.map_err(|e| e.to_string())?.rows.is_empty() {
            let next = jobs::remind::next(org.org, clock());
            app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        }
        let written = app.store.written_suppliers(org.org, 0, 1).await;
        if !written.map_err(|e| e.to_string())?.is_empty() {
            let next = jobs::write_suppliers::next(org.org, clock());
            app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        }
        if app.store.next_mail(org.org).await.map_err(|e| e.to_string())?.is_some() {
            let next = jobs::mail_people::at_once(org.org, clock());
            app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        }
        let open = app.store.incidents(org.org, Some(true), None, None, 1).await;
        if !open.map_err(|e| e.to_string())?.rows.is_empty() {
            let next = jobs::look::next(org.org, clock());
            app.store.add_job(&next, clock()).await.map_err(|e| e.to_string())?;
        }
    }
    let mut tasks = Vec::new();
    for n in 0..workers {
        let name = format!("{}-{n}-{}", std::process::id(), clock().as_microsecond());
        tasks.push(tokio::spawn(jobs::work(app.clone(), name, stopped.clone())));
    }
    tasks.push(tokio::spawn(jobs::refresh::watch(app.clone(), stopped.clone())));
    if app.settings.feeds.is_some() {
        tasks.push(tokio::spawn(jobs::fetch::watch(app.clone(), stopped.clone())));
    }
    let routes = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let mut stopped = stopped;
    tasks.push(tokio::spawn(async move {
        let ended = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(ended).await {
            tracing::error!(%error, "the server ended");
        }
    }));
    Ok(Running { address, app, stop, tasks })
}

/// On the first run: makes the organisation and its first admin, and gives the link that signs them in
/// once. `None`: somebody has an account already.
///
/// # Errors
/// The store does not answer.
pub async fn first_link(app: &App, organisation: &str) -> Result<Option<String>, StoreError> {
    let now = app.now();
    let org = match app.store.organisations().await?.first() {
        Some(first) => first.org,
        None => app.store.add_organisation(organisation, now).await?,
    };
    let people = app.store.people(org).await?;
    let admin = match people.as_slice() {
        [] => add_admin(&app.store, org, now).await?,
        // Nobody has chosen a password yet: the link of the first run was lost.
        [only] if only.password.is_none() && only.subject.is_none() => only.id,
        _ => return Ok(None),
    };
    link(&app.store, org, admin, &app.settings.public, now).await.map(Some)
}

/// Makes another organisation with its first admin, in a store that a server may be using meanwhile, and gives the link
/// that signs them in once. Organisations never see each other.
///
/// # Errors
/// There is one of this name, or it is no name; the store does not answer.
pub async fn add_organisation(
    store: &Store,
    name: &str,
    public: &str,
    now: Timestamp,
) -> Result<String, StoreError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(StoreError::Refused(format!("a name has 1 to {NAME} letters")));
    }
    if store.organisations().await?.iter().any(|is| is.name == name) {
        return Err(StoreError::Refused(format!("there is an organisation `{name}`")));
    }
    let org = store.add_organisation(name, now).await?;
    let admin = add_admin(store, org, now).await?;
    store.add_job(&jobs::replan::next(org, now), now).await?;
    store.add_job(&jobs::look_back::next(org, now), now).await?;
    link(store, org, admin, public, now).await
}

/// The first admin of an organisation: they choose their address and password when they come by the link.
async fn add_admin(store: &Store, org: Org, now: Timestamp) -> Result<i64, StoreError> {
    let email = "admin@localhost".to_owned();
    let person = NewPerson { email, name: "Admin".to_owned(), subject: None };
    let grants = [Grant { role: Role::Admin, scope: ScopeOf::Organisation }];
    store.add_person(org, &person, &grants, "trimtab", now).await
}

/// A link that signs a person in once.
async fn link(
    store: &Store,
    org: Org,
    person: i64,
    public: &str,
    now: Timestamp,
) -> Result<String, StoreError> {
    let secret = Secret::new("").map_err(|e| StoreError::Refused(e.to_string()))?;
    store.add_link(org, person, &secret.digest(), now + LINK).await?;
    Ok(format!("{public}/welcome/{}", secret.shown()))
}
