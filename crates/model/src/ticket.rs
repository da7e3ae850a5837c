//! Tickets of a tracker: what is written there about an action, and what a tracker reports about
//! it. One action has one ticket. What Trimtab wrote last is recorded in the ticket itself, on a
//! line of its own, so that no machine has to remember it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::Level;

/// The label of every ticket of Trimtab's.
pub const LABEL: &str = "trimtab";
/// The label by which people say that it will not be done, where a tracker has no other word for that.
pub const WONT_DO: &str = "trimtab:wont-do";
/// The label of a ticket that another one replaces.
pub const DUPLICATE: &str = "trimtab:duplicate";

/// The label of a level.
pub fn level_label(level: Level) -> Box<str> {
    format!("{LABEL}:{level}").into()
}

/// Whether a label is one that Trimtab puts on and takes off as levels change.
pub fn is_level_label(label: &str) -> bool {
    Level::ALL.iter().any(|level| *level_label(*level) == *label)
}

/// What ties a ticket to its action, whatever becomes of names and versions: letters, digits, `-` and `.`, at most 60.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(Box<str>);

impl Mark {
    /// Reads one. `None`: it has other characters, or is too long.
    pub fn read(text: &str) -> Option<Mark> {
        let is_plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'.';
        ((1..=60).contains(&text.len()) && text.bytes().all(is_plain)).then(|| Mark(text.into()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A link, with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it leads to.
    pub text: Box<str>,
    /// The address.
    pub address: Box<str>,
}

/// The same in the terms of each side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voices {
    /// What it means for those who use it.
    pub product: Box<str>,
    /// What is to be changed.
    pub engineering: Box<str>,
    /// How likely and how grave.
    pub security: Box<str>,
    /// How it is rolled out and taken back.
    pub operations: Box<str>,
}

/// What is written about an action in a tracker.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// Its action.
    pub mark: Mark,
    /// One line.
    pub title: Box<str>,
    /// The text.
    pub voices: Voices,
    /// The gravest level of what it removes.
    pub level: Level,
    /// The last day of work before the charter's deadline.
    pub due: Option<Date>,
    /// What it may cost. People's own points count from then on.
    pub points: Option<f64>,
    /// The team that owns it.
    pub team: Box<str>,
    /// The tracker's component, where it has such.
    pub component: Option<Box<str>>,
    /// Where to read more.
    pub links: Vec<Link>,
    /// When it is done.
    pub criteria: Vec<Box<str>>,
}

/// The most characters of a title: the least that trackers take is 255.
const TITLE: usize = 250;
/// A character that is not seen, and parts what would be read as one word.
const APART: char = '\u{200b}';

impl Ticket {
    /// Its title as it is sent: one line, bounded. A sign before a name is separated from it, so
    /// that nobody is mentioned and nothing is linked.
    pub fn heading(&self) -> String {
        let words: Vec<&str> = self.title.split_whitespace().collect();
        let words = words.join(" ");
        let mut line = String::with_capacity(words.len());
        let mut rest = words.chars().filter(|c| !c.is_control()).peekable();
        while let Some(c) = rest.next() {
            line.push(c);
            if "@#!%&~$".contains(c) && rest.peek().is_some_and(|next| next.is_alphanumeric()) {
                line.push(APART);
            }
        }
        line.chars().take(TITLE).collect::<String>().trim_end().to_owned()
    }

    /// The labels that are Trimtab's.
    pub fn labels(&self) -> BTreeSet<Box<str>> {
        [LABEL.into(), level_label(self.level)].into()
    }

    /// The digest of its text: of everything except title and labels, which trackers keep
    /// separately.
    pub fn digest(&self) -> Digest {
        let voices = &self.voices;
        let mut parts: Vec<&str> = vec![
            &voices.product,
            &voices.engineering,
            &voices.security,
            &voices.operations,
            self.level.as_str(),
            &self.team,
        ];
        let due = self.due.map_or(String::new(), |due| due.to_string());
        parts.push(&due);
        let points = self.points.map_or(String::new(), |points| points.to_string());
        parts.push(&points);
        for link in &self.links {
            parts.extend([&*link.text, &*link.address]);
        }
        parts.extend(self.criteria.iter().map(|criterion| &**criterion));
        Digest::of(&parts)
    }
}

/// A short digest of texts, the same in every build (FNV-1a, 64 bits). It detects changes, and
/// keeps no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// The digest of some texts.
    pub fn of(parts: &[&str]) -> Digest {
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        for part in parts {
            part.bytes().for_each(&mut add);
            // No text has this byte.
            add(0xff);
        }
        Digest(hash)
    }

    /// The digest of a title: trackers may change the space in it, seen or not.
    pub fn of_title(title: &str) -> Digest {
        let seen = title.replace(APART, "");
        Digest::of(&seen.split_whitespace().collect::<Vec<_>>())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// How far Trimtab is in the life of a ticket. Closing and opening are steps that may be cut off in
/// the middle: the beginning is recorded before the call and the end after it, so that they can be
/// distinguished from what people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It did not close it.
    Open,
    /// It is about to close it.
    Closing,
    /// It closed it.
    Closed,
    /// It is about to open it again.
    Opening,
}

impl Life {
    const ALL: [(Life, &'static str); 4] = [
        (Life::Open, "open"),
        (Life::Closing, "closing"),
        (Life::Closed, "closed"),
        (Life::Opening, "opening"),
    ];

    /// The word on the line.
    pub fn as_str(self) -> &'static str {
        Life::ALL.iter().find(|(life, _)| *life == self).map_or("open", |(_, word)| word)
    }

    fn read(word: &str) -> Option<Life> {
        Life::ALL.iter().find(|(_, held)| *held == word).map(|(life, _)| *life)
    }
}

/// What Trimtab wrote last, as the ticket's own line says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrote {
    /// The action.
    pub mark: Mark,
    /// The text.
    pub text: Digest,
    /// The title.
    pub title: Digest,
    /// The due date.
    pub due: Option<Date>,
    /// The points that the ticket was made with, as the tracker took them. `None`: it was made without.
    pub points: Option<f64>,
    /// Where it was in its life.
    pub life: Life,
}

/// How the line begins.
const BEGIN: &str = "trimtab-ticket 1 ";
/// The longest line that is read.
const LONGEST: usize = 240;

impl Wrote {
    /// What is written with a ticket, in a life.
    pub fn with(ticket: &Ticket, life: Life) -> Wrote {
        Wrote {
            mark: ticket.mark.clone(),
            text: ticket.digest(),
            title: Digest::of_title(&ticket.heading()),
            due: ticket.due,
            points: ticket.points.filter(|points| points.is_finite()),
            life,
        }
    }

    /// The last such line of a text, wherever it is. `None`: there is none, or it was changed by
    /// hand.
    pub fn find(text: &str) -> Option<Wrote> {
        let (_, rest) = text.rsplit_once(BEGIN)?;
        let line = rest.lines().next()?;
        let cut = |at: usize| line.get(..at).unwrap_or(line);
        let line = match line.find(END) {
            Some(end) if end <= LONGEST => cut(end),
            _ => return None,
        };
        let field = |name: &str| {
            let mut all = line.split(' ').filter_map(|field| field.split_once('='));
            all.find_map(|(held, value)| (held == name).then_some(value))
        };
        let digest = |name: &str| {
            let value = field(name)?;
            let digits = value.len() == 16 && value.bytes().all(|b| b.is_ascii_hexdigit());
            digits.then(|| u64::from_str_radix(value, 16).ok().map(Digest))?
        };
        let due = match field("due")? {
            "none" => None,
            day => Some(day.parse().ok()?),
        };
        let points = match field("points")? {
            "none" => None,
            points => Some(points.parse::<f64>().ok().filter(|points| points.is_finite())?),
        };
        Some(Wrote {
            mark: Mark::read(field("mark")?)?,
            text: digest("text")?,
            title: digest("title")?,
            due,
            points,
            life: Life::read(field("life")?)?,
        })
    }
}

/// How the line ends.
const END: &str = " end";

impl fmt::Display for Wrote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrote { mark, text, title, due, points, life } = self;
        let due = due.map_or("none".to_owned(), |due| due.to_string());
        let points = points.map_or("none".to_owned(), |points| points.to_string());
        let life = life.as_str();
        write!(
            f,
            "{BEGIN}mark={mark} text={text} title={title} due={due} points={points} life={life}{END}"
        )
    }
}

/// Where people and Trimtab are with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// There is something to do.
    Open,
    /// It was done.
    Done,
    /// It will not be done.
    WontDo,
}

/// A ticket as its tracker reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its name in the tracker: `7`, `APP-7`.
    pub key: Box<str>,
    /// The order in which the tracker made it.
    pub number: u64,
    /// Who created it, in the form in which the tracker also names the token's owner. `None`: the
    /// tracker does not say.
    pub author: Option<Box<str>>,
    /// Its title.
    pub title: Box<str>,
    /// What Trimtab wrote last. `None`: people took the line off, and with it the ticket into their own hands.
    pub wrote: Option<Wrote>,
    /// Where it is.
    pub stage: Stage,
    /// Why it will not be done, in people's words. `None`: they gave no reason, or it was not asked
    /// for.
    pub reason: Option<Box<str>>,
    /// Its labels.
    pub labels: BTreeSet<Box<str>>,
    /// The due date. `None`: it has none, or the tracker has none.
    pub due: Option<Date>,
    /// People's points.
    pub points: Option<f64>,
    /// Who has it.
    pub assignee: Option<Box<str>>,
    /// The sprint, milestone or iteration.
    pub sprint: Option<Box<str>>,
    /// When it was changed last.
    pub updated: Timestamp,
    /// Its page.
    pub page: Box<str>,
}

impl Seen {
    /// Whether people said that it will not be done, by its stage or by the label.
    pub fn is_declined(&self) -> bool {
        self.stage == Stage::WontDo || self.labels.contains(WONT_DO)
    }
}

/// What is changed in a ticket, at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The title becomes what is wanted.
    pub title: bool,
    /// The due date becomes what is wanted.
    pub due: bool,
    /// Labels that come.
    pub add: BTreeSet<Box<str>>,
    /// Labels that go.
    pub remove: BTreeSet<Box<str>>,
}

/// What is known of the tracker.
#[derive(Debug, Clone, PartialEq)]
pub enum There {
    /// Nobody looked.
    Unknown,
    /// All tickets that have the mark, and that of the key that is kept. Empty: there is none.
    Tickets(Vec<Seen>),
}

/// What is kept about a ticket outside the tracker. All of it may be lost: then a creation whose
/// answer was lost may be repeated, and the second ticket is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Its key.
    pub key: Option<Box<str>>,
    /// When it was sent last and nothing was answered. Written before it is sent.
    pub sent: Option<Timestamp>,
    /// The note that was written last.
    pub note: Option<Box<str>>,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Look for it.
    Look,
    /// Make it. [`Kept::sent`] is written first.
    Create,
    /// Write title, text, due date and labels at once.
    Write {
        /// The ticket.
        key: Box<str>,
        /// What of it besides the text.
        change: Change,
        /// The life that is written with it.
        life: Life,
    },
    /// Write the one note, in place.
    Note {
        /// The ticket.
        key: Box<str>,
        /// What it says.
        text: Box<str>,
    },
    /// Close it: done.
    Close {
        /// The ticket.
        key: Box<str>,
    },
    /// Open it again.
    Reopen {
        /// The ticket.
        key: Box<str>,
    },
    /// Close a second one, and label it as what it is.
    Retire {
        /// The second.
        key: Box<str>,
        /// The one that stays.
        by: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            mark: Mark::read("app.ms-2").unwrap(),
            title: "Raise ms".into(),
            voices: Voices::default(),
            level: Level::High,
            due: Some("2026-12-24".parse().unwrap()),
            points: Some(2.0),
            team: "payments".into(),
            component: None,
            links: Vec::new(),
            criteria: vec!["deployed".into()],
        }
    }

    #[test]
    fn what_is_written_is_read_again_wherever_it_stands() {
        for (life, _) in Life::ALL {
            let wrote = Wrote::with(&ticket(), life);
            let text = format!("# Title\n<p>x {wrote}</p> and more");
            assert_eq!(Wrote::find(&text), Some(wrote), "{text}");
        }
        let none = Wrote { due: None, points: None, ..Wrote::with(&ticket(), Life::Open) };
        assert_eq!(Wrote::find(&none.to_string()), Some(none.clone()));
        // What stands above ours is not it.
        let wrote = Wrote::with(&ticket(), Life::Open);
        assert_eq!(Wrote::find(&format!("{none}\n{wrote}")), Some(wrote));
    }

    #[test]
    fn what_was_changed_by_hand_is_none() {
        let line = Wrote::with(&ticket(), Life::Open).to_string();
        let changed = [
            ("open", "shut"),
            ("due=2026", "due=x"),
            ("points=2", "points=NaN"),
            (" end", ""),
            ("app", "a/p"),
        ];
        for (from, to) in changed {
            assert_eq!(Wrote::find(&line.replace(from, to)), None, "{from}");
        }
        let long = line.replace(" end", &format!("{} end", " ".repeat(300)));
        assert_eq!(Wrote::find(&long), None);
        for text in ["", "trimtab-ticket 1 ", "trimtab-ticket 1 mark=é end"] {
            assert_eq!(Wrote::find(text), None, "{text}");
        }
    }

    #[test]
    fn digests_tell_texts_apart_and_stay_as_they_are() {
        // FNV-1a of `a` followed by the byte 0xff, computed by hand from the published constants.
        let byte = |hash: u64, byte: u64| (hash ^ byte).wrapping_mul(1_099_511_628_211);
        let expected = byte(byte(14_695_981_039_346_656_037, 0x61), 0xff);
        assert_eq!(Digest::of(&["a"]).to_string(), format!("{expected:016x}"));
        assert_ne!(Digest::of(&["a", "b"]), Digest::of(&["ab"]));
        assert_eq!(Digest::of_title(" Raise  ms\n"), Digest::of_title("Raise ms"));
        let later = Ticket { due: None, ..ticket() };
        assert_ne!(later.digest(), ticket().digest());
        let dearer = Ticket { points: None, ..ticket() };
        assert_ne!(dearer.digest(), ticket().digest());
        let other = Ticket { title: "x".into(), level: Level::High, ..ticket() };
        assert_eq!(other.digest(), ticket().digest());
    }

    #[test]
    fn a_title_that_is_cut_is_known_again() {
        let long = Ticket { title: "many\n words ".repeat(90).into(), ..ticket() };
        let sent = long.heading();
        assert!(sent.chars().count() <= TITLE && !sent.contains('\n') && !sent.ends_with(' '));
        assert_eq!(Wrote::with(&long, Life::Open).title, Digest::of_title(&sent));
    }

    #[test]
    fn a_title_calls_nobody_and_links_nothing() {
        let title = "Raise @babel/core, see #12 and !3 %4 &5 ~bug $6: 100 % @ once";
        let sent = Ticket { title: title.into(), ..ticket() }.heading();
        let signs: Vec<char> = sent.chars().collect();
        for two in signs.windows(2) {
            assert!(!("@#!%&~$".contains(two[0]) && two[1].is_alphanumeric()), "{sent}");
        }
        assert_eq!(sent.replace(APART, ""), title);
        // A tracker that drops what is not seen tells the same title.
        assert_eq!(Digest::of_title(&sent), Digest::of_title(title));
    }

    #[test]
    fn only_level_labels_come_and_go() {
        assert!(is_level_label("trimtab:high") && !is_level_label("trimtab:wont-do"));
        assert_eq!(ticket().labels().len(), 2);
        assert_eq!(Mark::read(""), None);
        assert_eq!(Mark::read("a b"), None);
    }
}
