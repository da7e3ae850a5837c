//! Tickets in a team's tracker: one for each action of its plan, as many open as the team chose. What is to stand in each is
//! made of plan and assessments ([`wanted`]); what is done about it is decided by the engine, one call at a time ([`round`]);
//! what people said there comes back ([`said`]).

mod listings;
pub(crate) mod renamed;
mod round;
mod said;
pub(crate) mod setting;
mod wanted;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_connect::Clock;
use trimtab_connect::requests::HostError;
use trimtab_connect::track::{Project, Settings, Software};
use trimtab_engine::track::Said;
use trimtab_model::Level;
use trimtab_model::ticket::{Digest, Link, Mark, Seen, Stage, Ticket, Voices};
use trimtab_store::{Org, PlannedChange, Tracker};

use crate::ingest::Refused;
use crate::state::App;

pub(crate) use listings::Listings;
pub(crate) use round::Done;

/// How often a tracker is asked what changed, where nothing else asks before.
pub(crate) const POLLED: SignedDuration = SignedDuration::from_mins(5);
/// After so long every ticket is looked at anew, whatever was told of it.
const ANEW: SignedDuration = SignedDuration::from_hours(24);
/// For how long a round holds a tracker, unless it says that it goes on.
const HELD: SignedDuration = SignedDuration::from_mins(2);

/// The address of a server as it is compared: in small letters, and without a slash at its end.
pub(crate) fn address(public: &str) -> String {
    public.trim_end_matches('/').to_ascii_lowercase()
}

/// What is to stand in a ticket, and what that was made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// What it was made of: while that is the same, so is the text.
    pub(crate) made_of: String,
    pub(crate) title: String,
    pub(crate) product: String,
    pub(crate) engineering: String,
    pub(crate) security: String,
    pub(crate) operations: String,
    pub(crate) level: String,
    /// The last day on which whoever ends their work with it done is in time.
    pub(crate) due: Option<String>,
    /// The charter's deadline, with its time and zone.
    pub(crate) deadline: Option<String>,
    pub(crate) points: Option<f64>,
    pub(crate) team: String,
    pub(crate) component: Option<String>,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) criteria: Vec<String>,
    /// The asset's name.
    pub(crate) asset: String,
    /// From which version it is raised to which.
    pub(crate) from: String,
    pub(crate) to: String,
    /// The window that it is scheduled in.
    pub(crate) window: String,
    /// Whether that begins after its deadline.
    pub(crate) after: bool,
    /// Whether its deadline has passed.
    pub(crate) late: bool,
    /// The findings that it removes.
    pub(crate) findings: Vec<i64>,
    /// What the one comment says. `None`: nothing happened yet.
    pub(crate) note: Option<String>,
    /// What became of what people will not do, as the comment said it last.
    pub(crate) answer: String,
    /// Whether evidence closed it: something that it was for was fixed.
    pub(crate) fixed: bool,
}

impl Told {
    pub(crate) fn of(value: &serde_json::Value) -> Told {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    /// The same in the words of trackers. `None`: the mark is none.
    fn ticket(&self, mark: Mark) -> Ticket {
        Ticket {
            mark,
            title: self.title.as_str().into(),
            voices: Voices {
                product: self.product.as_str().into(),
                engineering: self.engineering.as_str().into(),
                security: self.security.as_str().into(),
                operations: self.operations.as_str().into(),
            },
            // What could not be weighed may be critical.
            level: Level::from_word(&self.level).unwrap_or(Level::Critical),
            due: self.due.as_deref().and_then(|due| due.parse().ok()),
            points: self.points,
            team: self.team.as_str().into(),
            component: self.component.as_deref().map(Into::into),
            links: self
                .links
                .iter()
                .map(|(text, address)| Link {
                    text: text.as_str().into(),
                    address: address.as_str().into(),
                })
                .collect(),
            criteria: self.criteria.iter().map(|c| c.as_str().into()).collect(),
        }
    }
}

/// What the tracker had of a ticket, and what people said by it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Had {
    /// `open`, `done`, `wont-do`, `gone`.
    pub(crate) stage: String,
    pub(crate) page: String,
    pub(crate) assignee: Option<String>,
    pub(crate) sprint: Option<String>,
    pub(crate) due: Option<String>,
    /// When it was changed last there.
    pub(crate) updated: Option<String>,
    /// What people changed, in words.
    pub(crate) said: Vec<String>,
}

impl Had {
    pub(crate) fn of(value: &serde_json::Value) -> Had {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    fn seen(seen: Option<&Seen>, said: &[Said]) -> Had {
        let words = said.iter().map(said::words).collect();
        let Some(seen) = seen else {
            return Had { stage: "gone".to_owned(), said: words, ..Had::default() };
        };
        let stage = match seen.stage {
            Stage::Open => "open",
            Stage::Done => "done",
            Stage::WontDo => "wont-do",
        };
        Had {
            stage: stage.to_owned(),
            page: seen.page.to_string(),
            assignee: seen.assignee.as_deref().map(Into::into),
            sprint: seen.sprint.as_deref().map(Into::into),
            due: seen.due.map(|due| due.to_string()),
            updated: Some(seen.updated.to_string()),
            said: words,
        }
    }

    /// Its page, where that is one of the web.
    pub(crate) fn address(&self) -> Option<&str> {
        let page = self.page.as_str();
        (page.starts_with("https://") || page.starts_with("http://")).then_some(page)
    }
}

/// How it stands with a ticket, as the ledger is told: its key, what the tracker has, and how many points the plan reckons.
pub(crate) fn standing(
    key: Option<&str>,
    had: &Had,
    is_wanted: bool,
    planned: Option<f64>,
) -> serde_json::Map<String, serde_json::Value> {
    let state = crate::api::tickets::stands(key.is_some(), had, is_wanted);
    let members = [("key", json!(key)), ("state", json!(state)), ("planned", json!(planned))];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What ties a ticket to its action: the tracker's own name in it keeps those of two installations apart.
fn mark(handle: &str, of: &PlannedChange) -> Option<Mark> {
    Mark::read(&format!("{handle}.{}.{}", of.asset, Digest::of(&[&of.package])))
}

/// Where a team's tickets are. `None`: this build does not know that tracker, or the address is not valid.
pub(crate) fn project(tracker: &Tracker) -> Option<Project> {
    let text = |name: &str| tracker.is.settings[name].as_str().unwrap_or_default().to_owned();
    let kind = Some(text("kind")).filter(|kind| !kind.is_empty());
    Some(Project {
        software: Software::from_word(&tracker.is.software)?,
        api: tracker.is.address.parse().ok()?,
        name: tracker.is.project.clone(),
        settings: Settings {
            kind: kind.unwrap_or_else(|| Settings::default().kind),
            points: text("points"),
            sprint: text("sprint"),
            due: text("due"),
            done: text("done"),
            open: text("open"),
        },
        private: tracker.is.private,
    })
}

/// What a tracker's no is, in words. Where it has no such project, what to look at: it says the same of a project that a
/// token does not show.
pub(crate) fn refusal(error: &HostError) -> String {
    match error {
        HostError::Missing(why) => format!(
            "the tracker has no such project, or does not show it to this token: check the project's name and what the \
             token may read ({why})"
        ),
        other => other.to_string(),
    }
}

/// What a token or secret of a team's tracker is sealed for.
pub(crate) fn sealed_for(what: &str, org: Org, team: i64) -> String {
    format!("tracker-{what}:{}:{team}", org.0)
}

/// A sealed word of a tracker. `None`: there is no key, or another one sealed it.
pub(crate) fn opened(app: &App, tracker: &Tracker, what: &str) -> Option<String> {
    let sealed = if what == "token" { &tracker.is.token } else { &tracker.is.secret };
    let key = app.settings.access.key.as_ref()?;
    String::from_utf8(key.open(sealed, &sealed_for(what, tracker.org, tracker.is.team))?).ok()
}

/// The longest that a round waits where a tracker asks to: for more it ends, and another one goes on then.
const WAITS: Duration = Duration::from_secs(5);

/// The system's clock, which holds up nobody for long.
pub(crate) struct Short;

impl Clock for Short {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time.min(WAITS * 4));
    }

    fn longest(&self) -> Duration {
        WAITS
    }
}

/// Until when a tracker is held, by a clock that nobody sets: milliseconds since the round began.
struct Lease {
    begun: Instant,
    until: AtomicU64,
}

impl Lease {
    fn passed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// It was taken for as long as usual by who asked at `asked`.
    fn extend(&self, asked: u64) {
        let held = u64::try_from(HELD.as_millis()).unwrap_or(0);
        self.until.store(asked.saturating_add(held), Ordering::SeqCst);
    }

    /// Whether nobody else can be at it yet.
    fn holds(&self) -> bool {
        self.passed() < self.until.load(Ordering::SeqCst)
    }
}

/// Holds a tracker for as long as this lives, and gives it back in the end.
struct Hold(tokio::task::JoinHandle<()>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}

/// Brings a team's tickets to what the plan wants, as far as one round goes. `None`: somebody else is at it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn bring(
    app: &App,
    tracker: &Tracker,
    worker: &str,
) -> Result<Option<Done>, Refused> {
    let (org, team) = (tracker.org, tracker.is.team);
    let lease = Arc::new(Lease { begun: Instant::now(), until: AtomicU64::new(0) });
    let now = app.now();
    if !app.store.take_tracker(org, team, worker, later(now, HELD), now).await? {
        return Ok(None);
    }
    lease.extend(0);
    let (held, name, kept) = (app.clone(), worker.to_owned(), lease.clone());
    let hold = Hold(tokio::spawn(async move {
        loop {
            tokio::time::sleep(HELD.unsigned_abs() / 4).await;
            let (now, asked) = (held.now(), kept.passed());
            match held.store.take_tracker(org, team, &name, later(now, HELD), now).await {
                Ok(true) => kept.extend(asked),
                // Another one took it, or it is no more: the round ends.
                Ok(false) => {
                    kept.until.store(0, Ordering::SeqCst);
                    return;
                }
                Err(error) => {
                    tracing::warn!(team, %error, "that a tracker is held cannot be said");
                }
            }
        }
    }));
    let done = round::run(app, tracker, lease).await;
    drop(hold);
    app.store.leave_tracker(org, team, worker).await?;
    done.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_taken_again_in_time_is_not_held() {
        let lease = Lease { begun: Instant::now(), until: AtomicU64::new(0) };
        assert!(!lease.holds());
        lease.extend(lease.passed());
        assert!(lease.holds());
        lease.until.store(0, Ordering::SeqCst);
        assert!(!lease.holds());
    }

    #[test]
    fn a_project_that_is_not_found_says_what_to_look_at() {
        let told = refusal(&HostError::Missing("Not Found (status 404)".to_owned()));
        for words in ["check the project's name", "what the token may read", "(status 404)"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let denied = HostError::Denied("no (status 401)".to_owned());
        assert_eq!(refusal(&denied), denied.to_string());
    }

    #[test]
    fn marks_keep_actions_and_installations_apart() {
        let change = |asset: i64, package: &str| PlannedChange { asset, package: package.into() };
        let long = "x".repeat(900);
        let all = [
            mark("0123456789ab", &change(1, "pkg:npm/a")),
            mark("0123456789ab", &change(1, "pkg:npm/b")),
            mark("0123456789ab", &change(2, "pkg:npm/a")),
            mark("ba9876543210", &change(1, "pkg:npm/a")),
            mark("0123456789ab", &change(i64::MAX, &long)),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.is_some(), "{at}");
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }
}
