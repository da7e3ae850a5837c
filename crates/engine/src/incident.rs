//! An incident, computed from its events: how far each team is, and how long it took them to know,
//! to acknowledge, to contain and to fix. Nothing is kept beside the events, so that anybody can
//! compute the numbers again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// What happened to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// It turned out to have what the incident is about.
    Touched,
    /// The team said that it has seen it and works on it.
    Acknowledged,
    /// The team said that nothing more can happen there, though what is affected is still there.
    Contained,
    /// What is affected is gone from its main lines and from what runs.
    Fixed,
    /// What was gone is there again.
    Returned,
    /// All of it was given to another owner: it is no longer this team's, and was not fixed by it.
    Handed,
}

impl What {
    /// All of them.
    pub const ALL: [What; 6] = [
        What::Touched,
        What::Acknowledged,
        What::Contained,
        What::Fixed,
        What::Returned,
        What::Handed,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::Touched => "touched",
            What::Acknowledged => "acknowledged",
            What::Contained => "contained",
            What::Fixed => "fixed",
            What::Returned => "returned",
            What::Handed => "handed",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<What> {
        What::ALL.into_iter().find(|what| what.as_str() == text)
    }
}

/// Something that happened to a team. `team`: `None` for what nobody owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub team: Option<i64>,
    /// What.
    pub what: What,
}

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So long.
    Took(SignedDuration),
    /// It has not happened: so long until now.
    Runs(SignedDuration),
    /// It cannot be determined, with the reason.
    Unknown(&'static str),
}

/// How far a team is. Each moment is at or after the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Which team. `None`: nobody's.
    pub team: Option<i64>,
    /// Since when it is known here that it is touched.
    pub touched: Timestamp,
    /// When the team said that it works on it.
    pub acknowledged: Option<Timestamp>,
    /// Since when nothing more can happen.
    pub contained: Option<Timestamp>,
    /// Since when it is gone.
    pub fixed: Option<Timestamp>,
}

/// How long a team took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// From the advisory to when it was known that the team is touched.
    pub know: Span,
    /// From there to its word that it works on it.
    pub acknowledge: Span,
    /// From there until nothing more could happen.
    pub contain: Span,
    /// From there until it was gone.
    pub fix: Span,
}

/// How far each team is, by its first event. Events may come in any order.
///
/// A team that has contained it has acknowledged it, and what is gone is contained, whether or not
/// somebody said so. What comes back is neither until that is said again.
pub fn stands(events: &[Happened]) -> Vec<Stand> {
    let mut events = events.to_vec();
    // In one moment in the order of the words: what came back then is back.
    events.sort_by_key(|event| (event.at, event.team, event.what as u8));
    let mut stands: Vec<Stand> = Vec::new();
    for event in events {
        let Happened { at, team, what } = event;
        if what == What::Handed {
            stands.retain(|stand| stand.team != team);
            continue;
        }
        let known = stands.iter_mut().find(|stand| stand.team == team);
        let Some(stand) = known else {
            // A team is not touched by what others say of it.
            if matches!(what, What::Touched | What::Returned) {
                stands.push(Stand {
                    team,
                    touched: at,
                    acknowledged: None,
                    contained: None,
                    fixed: None,
                });
            }
            continue;
        };
        match what {
            What::Touched | What::Handed => {}
            What::Acknowledged => {
                stand.acknowledged.get_or_insert(at);
            }
            What::Contained => {
                stand.acknowledged.get_or_insert(at);
                stand.contained.get_or_insert(at);
            }
            What::Fixed => {
                stand.acknowledged.get_or_insert(at);
                stand.contained.get_or_insert(at);
                stand.fixed.get_or_insert(at);
            }
            What::Returned => {
                stand.contained = None;
                stand.fixed = None;
            }
        }
    }
    stands
}

/// How far each team is in each environment, by the name of the environment: what happened in one is nothing of another.
/// There *touched* is that it was seen to run there.
pub fn stands_in<'e>(
    events: impl IntoIterator<Item = (&'e str, Happened)>,
) -> BTreeMap<&'e str, Vec<Stand>> {
    let mut by: BTreeMap<&str, Vec<Happened>> = BTreeMap::new();
    for (environment, event) in events {
        by.entry(environment).or_default().push(event);
    }
    by.into_iter().map(|(environment, events)| (environment, stands(&events))).collect()
}

impl Stand {
    /// How long it took, as of a moment. `published`: when the first advisory was. In a drill
    /// nobody can be late to know.
    pub fn measures(&self, published: Option<Timestamp>, drill: bool, now: Timestamp) -> Measures {
        let know = match published {
            _ if drill => Span::Unknown("a drill begins when it is known"),
            None => Span::Unknown("nobody said when it was published"),
            // It was known here before the world was told.
            Some(at) => Span::Took(since(at, self.touched)),
        };
        let until = |at: Option<Timestamp>| match at {
            Some(at) => Span::Took(since(self.touched, at)),
            None => Span::Runs(since(self.touched, now)),
        };
        Measures {
            know,
            acknowledge: until(self.acknowledged),
            contain: until(self.contained),
            fix: until(self.fixed),
        }
    }
}

/// From a moment to a later one; nothing where it is none.
fn since(from: Timestamp, to: Timestamp) -> SignedDuration {
    to.duration_since(from).max(SignedDuration::ZERO)
}

/// The middle of what is known: of an even number the longer one of the two in the middle, so that it is always
/// something that happened. `None`: nothing is known.
pub fn middle(spans: impl IntoIterator<Item = Span>) -> Option<SignedDuration> {
    let took = |span: Span| match span {
        Span::Took(took) => Some(took),
        Span::Runs(_) | Span::Unknown(_) => None,
    };
    let mut all: Vec<SignedDuration> = spans.into_iter().filter_map(took).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}
