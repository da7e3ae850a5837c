//! Whether a supplier keeps what was promised for a product: met, not met since, or unknown, each
//! with its evidence. Unknown is neither met nor broken.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Level;

/// The kinds of SBOMs that a contract can require.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CycloneDX.
    CycloneDx,
    /// SPDX.
    Spdx,
}

impl Format {
    /// Both.
    pub const ALL: [Format; 2] = [Format::CycloneDx, Format::Spdx];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::CycloneDx => "cyclonedx",
            Format::Spdx => "spdx",
        }
    }

    /// As it is written.
    pub const fn words(self) -> &'static str {
        match self {
            Format::CycloneDx => "CycloneDX",
            Format::Spdx => "SPDX",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|is| is.as_str() == word)
    }
}

/// A version of a format: `1.5`.
pub type Version = (u32, u32);

/// A version from its text.
pub fn version(text: &str) -> Option<Version> {
    let mut parts = text.trim().split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next()??, parts.next().unwrap_or(Some(0))?);
    // Of a third one it is enough that it is a number.
    parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some((major, minor))
}

/// What was promised. What is `None` or `false` was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Obligations {
    /// SBOMs in a format, of at least a version of it.
    pub format: Option<(Format, Version)>,
    /// An SBOM that is at most so many days old.
    pub fresh_days: Option<u32>,
    /// An SBOM with each release.
    pub each_release: bool,
    /// A word from them within so many hours after we first know of a vulnerability in their product.
    pub notice_hours: Option<u32>,
    /// A VEX statement within so many days, for what is at or above a level.
    pub vex: Option<(u32, Level)>,
    /// SBOMs with at least so many of the hundred points.
    pub quality: Option<u8>,
}

/// An SBOM that came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sbom {
    /// The version of the product.
    pub of: Box<str>,
    /// Its format. `None`: it could not be determined.
    pub format: Option<(Format, Version)>,
    /// When it was made, by its own word.
    pub made: Option<Timestamp>,
    /// When it came.
    pub received: Timestamp,
    /// Its points. `None`: not known.
    pub score: Option<f64>,
}

/// A vulnerability that is known in the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub vulnerability: Box<str>,
    /// How grave. `None`: it was not weighed.
    pub level: Option<Level>,
    /// Since when we know of it.
    pub since: Timestamp,
    /// When they first said something about it: an answer or a statement.
    pub told: Option<Timestamp>,
    /// When they first stated how they are affected.
    pub stated: Option<Timestamp>,
}

impl Obligations {
    /// Whether a promise asks for more here than it does there, or was not made there.
    pub fn is_stricter(&self, promise: Promise, than: &Obligations) -> bool {
        let shorter = |new: Option<u32>, old: Option<u32>| match (new, old) {
            (Some(new), Some(old)) => new < old,
            (new, old) => new.is_some() && old.is_none(),
        };
        match promise {
            Promise::Format => match (self.format, than.format) {
                (Some((new, least)), Some((old, before))) => new != old || least > before,
                (new, old) => new.is_some() && old.is_none(),
            },
            Promise::Freshness => shorter(self.fresh_days, than.fresh_days),
            Promise::Release => self.each_release && !than.each_release,
            Promise::Quality => {
                self.quality.is_some_and(|new| than.quality.is_none_or(|old| new > old))
            }
            Promise::Notice => shorter(self.notice_hours, than.notice_hours),
            Promise::Vex => match (self.vex, than.vex) {
                (Some((new, from)), Some((old, before))) => new < old || from < before,
                (new, old) => new.is_some() && old.is_none(),
            },
        }
    }

    /// Whether a promise was made.
    pub fn has(&self, promise: Promise) -> bool {
        match promise {
            Promise::Format => self.format.is_some(),
            Promise::Freshness => self.fresh_days.is_some(),
            Promise::Release => self.each_release,
            Promise::Quality => self.quality.is_some(),
            Promise::Notice => self.notice_hours.is_some(),
            Promise::Vex => self.vex.is_some(),
        }
    }
}

/// What there is to judge by, of one product.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Since when the product is delivered, as far as we know.
    pub since: Timestamp,
    /// Since when promises apply that were made, or made stricter, later than others: they do not
    /// apply before.
    pub promised: BTreeMap<Promise, Timestamp>,
    /// The SBOMs that came, the newest first.
    pub sboms: Vec<Sbom>,
    /// The newest release that we know of, and since when.
    pub release: Option<(Box<str>, Timestamp)>,
    /// Vulnerabilities that are known in it now. `None`: nothing could be examined yet.
    pub known: Option<Vec<Known>>,
    /// How much of what they said was examined, in words, if they said more than that: what then
    /// seems to be missing is unknown.
    pub cut: Option<Box<str>>,
}

impl Evidence {
    /// Since when a promise holds: a moment, or that, where it was made later.
    fn held(&self, promise: Promise, at: Timestamp) -> Timestamp {
        self.promised.get(&promise).map_or(at, |promised| at.max(*promised))
    }

    /// Whether something came before a promise was made.
    fn is_before(&self, promise: Promise, at: Timestamp) -> bool {
        self.promised.get(&promise).is_some_and(|promised| at < *promised)
    }
}

/// Which promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// The format of SBOMs.
    Format,
    /// How old an SBOM may be.
    Freshness,
    /// One with each release.
    Release,
    /// How good it is.
    Quality,
    /// How soon they notify us.
    Notice,
    /// How soon they state how they are affected.
    Vex,
}

impl Promise {
    /// All of them.
    pub const ALL: [Promise; 6] = [
        Promise::Format,
        Promise::Freshness,
        Promise::Release,
        Promise::Quality,
        Promise::Notice,
        Promise::Vex,
    ];

    /// From the word.
    pub fn from_word(word: &str) -> Option<Promise> {
        Promise::ALL.into_iter().find(|is| is.as_str() == word)
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Promise::Format => "format",
            Promise::Freshness => "freshness",
            Promise::Release => "release",
            Promise::Quality => "quality",
            Promise::Notice => "notice",
            Promise::Vex => "vex",
        }
    }
}

/// Whether a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is kept.
    Met,
    /// It is broken, since then.
    NotMet(Timestamp),
    /// It cannot be determined.
    Unknown,
}

impl Standing {
    /// The term for people and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Met => "met",
            Standing::NotMet(_) => "not met",
            Standing::Unknown => "unknown",
        }
    }

    /// Since when it is broken.
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Standing::NotMet(at) => Some(at),
            Standing::Met | Standing::Unknown => None,
        }
    }
}

/// A promise with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Which.
    pub promise: Promise,
    /// Its state.
    pub standing: Standing,
    /// What shows it, in a sentence.
    pub shown: String,
    /// When it will be broken if nothing comes.
    pub due: Option<Timestamp>,
}

fn days(number: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(number))
}

fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Whether each promise that was made is kept, for one product.
pub fn judge(promised: &Obligations, is: &Evidence, now: Timestamp) -> Vec<Judged> {
    let mut all = Vec::new();
    if let Some((format, least)) = promised.format {
        all.push(format_of(format, least, is));
    }
    if let Some(number) = promised.fresh_days {
        all.push(freshness(number, is, now));
    }
    if promised.each_release {
        all.push(release(is));
    }
    if let Some(least) = promised.quality {
        all.push(quality(least, is));
    }
    if let Some(hours) = promised.notice_hours {
        let by = SignedDuration::from_hours(i64::from(hours));
        all.push(spoken(Promise::Notice, is, now, by, None));
    }
    if let Some((number, from)) = promised.vex {
        all.push(spoken(Promise::Vex, is, now, days(number), Some(from)));
    }
    all
}

fn judged(promise: Promise, standing: Standing, shown: impl Into<String>) -> Judged {
    Judged { promise, standing, shown: shown.into(), due: None }
}

const NOTHING: &str = "No SBOM has been received yet.";

fn format_of(format: Format, (major, minor): Version, is: &Evidence) -> Judged {
    let of = |standing, shown: String| judged(Promise::Format, standing, shown);
    let Some(newest) = is.sboms.first() else {
        return of(Standing::Unknown, NOTHING.to_owned());
    };
    let wanted = format!("{} {major}.{minor} or later was agreed", format.words());
    let Some((has, version)) = newest.format else {
        return of(
            Standing::Unknown,
            format!("The format of the newest SBOM is unknown; {wanted}."),
        );
    };
    let shown =
        format!("The newest SBOM is {} {}.{}; {wanted}.", has.words(), version.0, version.1);
    let kept = has == format && version >= (major, minor);
    of(sent(Promise::Format, kept, is, newest.received), shown)
}

/// The state by a document or a release: one that came before it was promised breaks nothing.
fn sent(promise: Promise, kept: bool, is: &Evidence, received: Timestamp) -> Standing {
    match kept {
        true => Standing::Met,
        false if is.is_before(promise, received) => Standing::Unknown,
        false => Standing::NotMet(received),
    }
}

/// By the document's own time and by its arrival: what was made long before it came is old, and what says of itself that
/// it was made later than it came was made then at the latest.
fn freshness(number: u32, is: &Evidence, now: Timestamp) -> Judged {
    let by = days(number);
    let Some(newest) = is.sboms.first() else {
        let due = after(is.held(Promise::Freshness, is.since), by);
        let standing = if now >= due { Standing::NotMet(due) } else { Standing::Unknown };
        return Judged { due: Some(due), ..judged(Promise::Freshness, standing, NOTHING) };
    };
    let arrived = after(is.held(Promise::Freshness, newest.received), by);
    let received = day(newest.received);
    let Some(made) = newest.made else {
        let shown = format!(
            "The newest SBOM was received on {received} and does not say when it was made."
        );
        // It is at least as old as its arrival.
        let standing = if now >= arrived { Standing::NotMet(arrived) } else { Standing::Unknown };
        return Judged { due: Some(arrived), ..judged(Promise::Freshness, standing, shown) };
    };
    let made_at = made.min(newest.received);
    // What was made before they delivered to us broke no promise then.
    let due = after(is.held(Promise::Freshness, made_at.max(is.since)), by);
    // What is too old and came before that was agreed is not broken, and does not keep it.
    let standing = match (now >= due, now >= after(made_at, by)) {
        (true, _) => Standing::NotMet(due),
        (false, true) => Standing::Unknown,
        (false, false) => Standing::Met,
    };
    let shown = format!(
        "The newest SBOM was made on {} and received on {received}; at most {number} days old was agreed.",
        day(made)
    );
    Judged { due: Some(due), ..judged(Promise::Freshness, standing, shown) }
}

fn release(is: &Evidence) -> Judged {
    let of = |standing, shown: String| judged(Promise::Release, standing, shown);
    let Some((newest, since)) = &is.release else {
        return of(Standing::Unknown, "The newest release is not recorded.".to_owned());
    };
    if is.sboms.iter().any(|sbom| sbom.of == *newest) {
        return of(Standing::Met, format!("There is an SBOM for {newest}."));
    }
    let standing = sent(Promise::Release, false, is, *since);
    of(standing, format!("No SBOM for {newest}, known since {}.", day(*since)))
}

fn quality(least: u8, is: &Evidence) -> Judged {
    let of = |standing, shown: String| judged(Promise::Quality, standing, shown);
    let Some(newest) = is.sboms.first() else {
        return of(Standing::Unknown, NOTHING.to_owned());
    };
    let Some(score) = newest.score else {
        let shown = format!("The newest SBOM has no score; {least} points were agreed.");
        return of(Standing::Unknown, shown);
    };
    // What falls short is not shown as if it did not. Sums of shares are not exact.
    let score = score + 1e-9;
    let shown =
        format!("The newest SBOM scores {:.0} of 100 points; {least} were agreed.", score.floor());
    let kept = score >= f64::from(least);
    of(sent(Promise::Quality, kept, is, newest.received), shown)
}

/// Whether they spoke in time about each vulnerability that is known in the product now.
fn spoken(
    promise: Promise,
    is: &Evidence,
    now: Timestamp,
    by: SignedDuration,
    from: Option<Level>,
) -> Judged {
    let Some(known) = &is.known else {
        return judged(promise, Standing::Unknown, "The product could not be examined yet.");
    };
    let mut late: Option<(Timestamp, &str)> = None;
    let mut broken: Option<Timestamp> = None;
    // Whether something seems to be late that may not be.
    let mut unsure = false;
    let mut due: Option<Timestamp> = None;
    let (mut asked, mut waits, mut open, mut unknown, mut tardy) = (0u32, 0u32, 0u32, 0u32, 0u32);
    for one in known {
        let unweighed = from.is_some() && one.level.is_none();
        if from.zip(one.level).is_some_and(|(from, level)| level < from) {
            continue;
        }
        asked += 1;
        let until = after(is.held(promise, one.since), by);
        let said = if promise == Promise::Vex { one.stated } else { one.told };
        match said.filter(|at| *at <= now) {
            Some(at) if at <= until => {}
            Some(_) => {
                tardy += 1;
                if unweighed || is.cut.is_some() {
                    unsure = true;
                } else {
                    broken = Some(broken.map_or(until, |at| at.min(until)));
                }
            }
            None if now < until => {
                waits += 1;
                due = Some(due.map_or(until, |at| at.min(until)));
            }
            // It may be below the level from which on they are to speak, or among what was not looked at.
            None if unweighed || is.cut.is_some() => unknown += 1,
            None => {
                open += 1;
                broken = Some(broken.map_or(until, |at| at.min(until)));
                if late.is_none_or(|(at, _)| until < at) {
                    late = Some((until, &one.vulnerability));
                }
            }
        }
    }
    let tail = match tardy {
        0 => String::new(),
        1 => " One was answered late.".to_owned(),
        n => format!(" {n} were answered late."),
    };
    let unclear = match &is.cut {
        Some(looked) => format!("only {looked} were checked"),
        None => "their level is unknown".to_owned(),
    };
    let spoken = asked - waits - open - unknown;
    let things = if asked == 1 { "vulnerability" } else { "vulnerabilities" };
    let (standing, shown) = match (broken, late) {
        (Some(since), Some((_, name))) => (
            Standing::NotMet(since),
            format!("{open} of {asked} unanswered and overdue, {name} first.{tail}"),
        ),
        (Some(since), None) => (
            Standing::NotMet(since),
            format!("Of {asked} known {things}, {spoken} answered.{tail}"),
        ),
        (None, _) if unknown > 0 => {
            (Standing::Unknown, format!("{unknown} unanswered; {unclear}.{tail}"))
        }
        (None, _) if unsure => (
            Standing::Unknown,
            format!("Of {asked} known {things}, {spoken} answered; {unclear}.{tail}"),
        ),
        (None, _) if asked == 0 => {
            (Standing::Met, "No known vulnerability needs a statement.".to_owned())
        }
        (None, _) => (
            Standing::Met,
            format!("Of {asked} known {things}, {spoken} answered, {waits} not due yet.{tail}"),
        ),
    };
    Judged { due, ..judged(promise, standing, shown) }
}
