//! How a team wishes to be told: read, checked, kept; and where its channel is, sealed.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_connect::Url;
use trimtab_engine::notices as engine;
use trimtab_engine::rota::Rota;
use trimtab_store::{Grant, Org, Person, System, Team, Wished};

use crate::access::table::allow;
use crate::access::{Action, On, Who};
use crate::jobs::notify;
use crate::people::is_address;
use crate::problem::Problem;
use crate::state::App;

/// The most addresses of a team's mail, and people of a circle.
pub(crate) const MOST: usize = 20;
/// The most digests in a week.
const BUDGET: u32 = 50;
/// The longest wait for an answer: a day.
const LONGEST: u32 = 1440;
/// The longest address of a channel, and the longest secret.
const ADDRESS: usize = 2000;
const SECRET: usize = 200;
/// The days of a week, in order.
pub(crate) const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
/// The kinds of channels, and their names.
pub(crate) const CHANNELS: [(&str, &str); 6] = [
    ("none", "none: look at the page"),
    ("mail", "mail"),
    ("slack", "Slack"),
    ("teams", "Microsoft Teams"),
    ("mattermost", "Mattermost"),
    ("webhook", "signed webhook"),
];

/// From when to when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quiet {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// How a team wishes to be told, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Wishes {
    pub(crate) zone: String,
    pub(crate) days: Vec<String>,
    pub(crate) time: String,
    pub(crate) quiet: Option<Quiet>,
    pub(crate) budget: u32,
    pub(crate) escalates: Option<u32>,
    pub(crate) channel: String,
    /// Addresses for mail.
    pub(crate) addresses: Vec<String>,
    /// The server of the channel: the address itself is a secret.
    pub(crate) server: String,
    /// People: on duty, and the two further circles.
    pub(crate) circles: [Vec<i64>; 3],
    /// Who is on duty, in the place of the first circle; kept by itself.
    #[serde(skip)]
    pub(crate) rota: Option<Rota>,
    /// Since when its digest is at these times, microseconds since 1970.
    pub(crate) since: i64,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes {
            zone: "UTC".to_owned(),
            days: vec!["monday".to_owned()],
            time: "09:00".to_owned(),
            quiet: Some(Quiet { from: "18:00".to_owned(), to: "08:00".to_owned() }),
            budget: 1,
            escalates: Some(30),
            channel: "none".to_owned(),
            addresses: Vec::new(),
            server: String::new(),
            circles: Default::default(),
            rota: None,
            since: 0,
        }
    }
}

/// What somebody wishes, before it is checked; people by their addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) wishes: Wishes,
    pub(crate) people: [Vec<String>; 3],
    /// Another address of the channel. Empty: the one that is kept.
    pub(crate) address: String,
    /// What letters to a webhook are signed with. Empty: what is kept.
    pub(crate) secret: String,
}

/// Where a channel is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) secret: String,
}

/// A place, opened.
pub(crate) fn place(app: &App, org: Org, wished: &Wished) -> Option<Place> {
    let key = app.settings.access.key.as_ref()?;
    let bytes = key.open(wished.sealed.as_deref()?, &sealed_for(org, wished.team))?;
    serde_json::from_slice(&bytes).ok()
}

fn sealed_for(org: Org, team: i64) -> String {
    format!("notices:{}:{team}", org.0)
}

pub(crate) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl Wishes {
    /// As the store has them; what an older or newer build wrote otherwise is as nobody wished it.
    pub(crate) fn of(told: &Value) -> Wishes {
        serde_json::from_value(told.clone()).unwrap_or_default()
    }

    /// For the decision. Where nobody is named further, and nobody comes next in the rota at that moment, nobody is asked
    /// further.
    pub(crate) fn for_engine(&self, now: Timestamp) -> engine::Wishes {
        let days = DAYS.iter().filter(|(word, _)| self.days.iter().any(|d| d == word));
        let quiet = self.quiet.as_ref().and_then(|q| Some((time(&q.from)?, time(&q.to)?)));
        let further = self.circles.iter().skip(1).take_while(|circle| !circle.is_empty()).count();
        let next = self.rota.as_ref().map_or(0, |rota| rota.order(now).len().saturating_sub(1));
        let steps = u8::try_from(further.max(next)).unwrap_or(u8::MAX).min(engine::STEPS);
        engine::Wishes {
            zone: self.zone(),
            days: days.map(|(_, day)| *day).collect(),
            time: time(&self.time).unwrap_or(Time::midnight()),
            quiet,
            budget: self.budget,
            escalates: self.escalates.map(|m| SignedDuration::from_mins(m.into())),
            steps,
            since: Timestamp::from_microsecond(self.since).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Whether it has a channel.
    pub(crate) fn has_channel(&self) -> bool {
        self.channel != "none"
    }

    /// Where its clock is read.
    pub(crate) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// The entries of a field that has several: one a line, or with commas between.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let parts = text.split(['\n', ',', ';']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(ToOwned::to_owned).collect()
}

/// Whether somebody may see something of a team.
pub(crate) fn sees(grants: &[Grant], team: i64, systems: &[System]) -> bool {
    let own = systems.iter().filter(|system| system.team == Some(team));
    let mut places = own.map(|system| On { system: Some(system.id), team: Some(team) });
    allow(grants, Action::View, On { system: None, team: Some(team) })
        || places.any(|on| allow(grants, Action::View, on))
}

/// Whether somebody may say how a team is told: who sets its pace, or an admin.
pub(crate) fn may_wish(who: &Who, team: i64) -> bool {
    let on = On { system: None, team: Some(team) };
    who.may(Action::Pace, on) || who.may(Action::Administer, On::ALL)
}

/// What is wrong with which field.
type Wrong = (&'static str, String);
/// How a channel's server is called, and where it is, sealed, if it needs that.
type Sealed = (String, Option<Vec<u8>>);

fn wrong<T>(name: &'static str, text: impl Into<String>) -> Result<T, Wrong> {
    Err((name, text.into()))
}

/// What can be told without asking anybody.
fn checked(is: &Wishes) -> Result<(), Wrong> {
    if is.zone.len() > 64 || TimeZone::get(&is.zone).is_err() {
        return wrong("zone", "Must be a time zone name such as Europe/Berlin.");
    }
    let known = |day: &String| DAYS.iter().any(|(word, _)| word == day);
    if is.days.len() > DAYS.len() || !is.days.iter().all(known) {
        return wrong("days", "Days are `monday` to `sunday`.");
    }
    if time(&is.time).is_none() {
        return wrong("time", "Must be a time such as 09:00.");
    }
    if is.quiet.as_ref().is_some_and(|q| time(&q.from).is_none() || time(&q.to).is_none()) {
        return wrong("quiet", "Must be two times, such as 18:00 and 08:00.");
    }
    if is.budget > BUDGET {
        return wrong("budget", format!("Must be a whole number, 0 to {BUDGET}."));
    }
    if is.escalates.is_some_and(|minutes| !(1..=LONGEST).contains(&minutes)) {
        return wrong("escalates", format!("Must be a whole number of minutes, 1 to {LONGEST}."));
    }
    if !CHANNELS.iter().any(|(word, _)| *word == is.channel) {
        let words: Vec<&str> = CHANNELS.iter().map(|(word, _)| *word).collect();
        return wrong("channel", format!("Must be one of {}.", words.join(", ")));
    }
    if is.addresses.len() > MOST {
        return wrong("addresses", format!("At most {MOST} addresses, one per line."));
    }
    if !is.addresses.iter().all(|a| is_address(a)) {
        let text =
            "Must be addresses for mail, one per line; that of a webhook goes into `address`.";
        return wrong("addresses", text);
    }
    if is.channel == "mail" && is.addresses.is_empty() {
        return wrong("addresses", "Add an address to send the digest to.");
    }
    Ok(())
}

/// The people of a circle, who all may see something of the team.
pub(crate) async fn circle(
    app: &App,
    org: Org,
    team: i64,
    (name, emails): (&'static str, &[String]),
    people: &[Person],
) -> Result<Result<Vec<i64>, Wrong>, Problem> {
    if emails.len() > MOST {
        return Ok(wrong(name, format!("At most {MOST} people.")));
    }
    let systems = app.store.systems(org).await?;
    let mut ids = Vec::new();
    for email in emails {
        let email = email.trim().to_lowercase();
        let person = people.iter().find(|p| p.email.to_lowercase() == email && !p.disabled);
        let seeing = match person {
            Some(person) => {
                let grants = app.store.grants(org, person.id).await?;
                sees(&grants, team, &systems).then_some(person.id)
            }
            None => None,
        };
        match seeing {
            Some(id) if ids.contains(&id) => {}
            Some(id) => ids.push(id),
            None => {
                let text = format!("Nobody who may see this team has the address `{email}`.");
                return Ok(wrong(name, text));
            }
        }
    }
    Ok(Ok(ids))
}

/// Where the channel is to be, if another address or secret was said, and how its server is called.
fn sealed(
    app: &App,
    org: Org,
    team: &Team,
    wanted: &Wanted,
    before: Option<&Wished>,
) -> Result<Result<Sealed, Wrong>, Problem> {
    let channel = wanted.wishes.channel.as_str();
    if matches!(channel, "none" | "mail") {
        // It needs no place: the one that is kept is forgotten.
        let kept = before.and_then(|before| before.sealed.as_deref());
        let forgotten = kept.is_some_and(|sealed| !sealed.is_empty()).then(Vec::new);
        return Ok(Ok((String::new(), forgotten)));
    }
    let Some(key) = app.settings.access.key.as_ref() else {
        let text = "The server has no key to encrypt the address with: start it with `--key-file`.";
        return Ok(wrong("channel", text));
    };
    // What was of another kind of channel is not taken for this one's.
    let same = before.filter(|before| Wishes::of(&before.told).channel == channel);
    let kept = same.and_then(|before| place(app, org, before));
    let said = |text: &str, kept: Option<&String>| match text.trim() {
        "" => kept.cloned().unwrap_or_default(),
        text => text.to_owned(),
    };
    let address = said(&wanted.address, kept.as_ref().map(|k| &k.address));
    let secret = said(&wanted.secret, kept.as_ref().map(|k| &k.secret));
    if address.is_empty() {
        return Ok(wrong("address", "Enter the address of the webhook."));
    }
    let Ok(url) = address.parse::<Url>() else {
        return Ok(wrong("address", "Must be an address such as https://chat.example/hooks/…"));
    };
    if !url.is_secure() && !app.settings.notices.private {
        return Ok(wrong("address", "Must begin with https://"));
    }
    if channel == "webhook" && !(16..=SECRET).contains(&secret.chars().count()) {
        return Ok(wrong("secret", "Must have 16 to 200 characters: messages are signed with it."));
    }
    let server = url.authority().to_owned();
    let told = json!(Place { address, secret }).to_string();
    let sealed = key.seal(told.as_bytes(), &sealed_for(org, team.id)).map_err(|e| {
        tracing::error!(error = %e, "no random bytes");
        Problem::conflict("This cannot be encrypted right now. Try again.")
    })?;
    Ok(Ok((server, Some(sealed))))
}

/// What is wished, with another place of its channel, if it is another.
type Read = (Wishes, Option<Vec<u8>>);

/// What is wished, as it would be kept. What is not right is told with its field.
///
/// # Errors
/// They may not, or the store does not answer.
async fn read(
    app: &App,
    who: &Who,
    team: &Team,
    mut wanted: Wanted,
) -> Result<Result<Read, Wrong>, Problem> {
    if !may_wish(who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    if let Err(wrong) = checked(&wanted.wishes) {
        return Ok(Err(wrong));
    }
    for (name, text, most) in
        [("address", &wanted.address, ADDRESS), ("secret", &wanted.secret, SECRET)]
    {
        if text.chars().count() > most {
            return Ok(wrong(name, format!("Must have at most {most} characters.")));
        }
    }
    let people = app.store.people(who.org).await?;
    let names = ["on_duty", "second", "third"];
    let mut circles: [Vec<i64>; 3] = Default::default();
    for ((name, emails), ids) in names.into_iter().zip(&wanted.people).zip(&mut circles) {
        match circle(app, who.org, team.id, (name, emails), &people).await? {
            Ok(found) => *ids = found,
            Err(wrong) => return Ok(Err(wrong)),
        }
    }
    let [_, second, third] = &circles;
    if second.is_empty() && !third.is_empty() {
        return Ok(wrong("second", "A third circle needs a second one."));
    }
    let before = app.store.wishes(who.org, team.id).await?;
    let (server, sealed) = match sealed(app, who.org, team, &wanted, before.as_ref())? {
        Ok(found) => found,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let order = |day: &String| DAYS.iter().position(|(word, _)| word == day);
    wanted.wishes.days.sort_by_key(order);
    wanted.wishes.days.dedup();
    let now = app.now();
    // What waits is not told at once because another day was chosen.
    let was = before.as_ref().map(|before| Wishes::of(&before.told)).filter(|was| {
        let is = &wanted.wishes;
        was.has_channel() && (&was.days, &was.time, &was.zone) == (&is.days, &is.time, &is.zone)
    });
    let since = was.map_or(now.as_microsecond(), |was| was.since);
    Ok(Ok((Wishes { circles, server, since, ..wanted.wishes }, sealed)))
}

/// A team's channel as it is wished, which is not kept: to be tried.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn not_kept(
    app: &App,
    who: &Who,
    team: &Team,
    wanted: Wanted,
) -> Result<Result<Wished, Wrong>, Problem> {
    let (is, sealed) = match read(app, who, team, wanted).await? {
        Ok(read) => read,
        Err(wrong) => return Ok(Err(wrong)),
    };
    Ok(Ok(Wished { team: team.id, told: json!(is), sealed, turn: 0, passed: None }))
}

/// Keeps how a team wishes to be told; API and pages do it the same way. What is not right is told with its field.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn keep(
    app: &App,
    who: &Who,
    team: &Team,
    wanted: Wanted,
) -> Result<Result<(), Wrong>, Problem> {
    let (kept, sealed) = match read(app, who, team, wanted).await? {
        Ok(read) => read,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let now = app.now();
    app.store.put_wishes(who.org, team.id, (&json!(kept), sealed), &who.actor(), now).await?;
    app.store.add_job(&notify::at_once(who.org, now), now).await?;
    app.work.notify_one();
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use trimtab_engine::rota::Cover;

    use super::*;

    #[test]
    fn what_is_no_wish_is_told_with_its_field() {
        assert_eq!(checked(&Wishes::default()), Ok(()));
        let field = |is: Wishes| checked(&is).unwrap_err().0;
        let of = Wishes::default;
        assert_eq!(field(Wishes { zone: "Mars/Base".into(), ..of() }), "zone");
        assert_eq!(field(Wishes { days: vec!["mon".into()], ..of() }), "days");
        for time in ["9:00", "24:00", "09:60", "", "09:00:00", "-1:00"] {
            assert_eq!(field(Wishes { time: time.into(), ..of() }), "time", "{time}");
        }
        let quiet = Some(Quiet { from: "x".into(), to: "08:00".into() });
        assert_eq!(field(Wishes { quiet, ..of() }), "quiet");
        assert_eq!(field(Wishes { budget: 51, ..of() }), "budget");
        assert_eq!(field(Wishes { escalates: Some(0), ..of() }), "escalates");
        assert_eq!(field(Wishes { channel: "pigeon".into(), ..of() }), "channel");
        assert_eq!(field(Wishes { channel: "mail".into(), ..of() }), "addresses");
        assert_eq!(field(Wishes { addresses: vec!["x".into()], ..of() }), "addresses");
    }

    #[test]
    fn further_people_are_asked_as_far_as_they_are_named() {
        let now = Timestamp::UNIX_EPOCH;
        let steps = |circles| Wishes { circles, ..Wishes::default() }.for_engine(now).steps;
        assert_eq!(steps([vec![1], vec![], vec![]]), 0);
        assert_eq!(steps([vec![1], vec![2], vec![]]), 1);
        assert_eq!(steps([vec![], vec![2], vec![3]]), 2);
    }

    #[test]
    fn whose_turn_another_took_is_asked_further() {
        let day = Date::constant;
        let cover = Cover { from: day(1970, 1, 1), until: day(1970, 1, 3), person: 2 };
        let rota = Rota {
            zone: TimeZone::UTC,
            people: vec![1],
            first: day(1970, 1, 1),
            days: 7,
            at: Time::midnight(),
            covers: vec![cover],
        };
        let wishes = Wishes { rota: Some(rota), ..Wishes::default() };
        let steps = |hours| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
            wishes.for_engine(now).steps
        };
        assert_eq!((steps(1), steps(60)), (1, 0));
    }
}
