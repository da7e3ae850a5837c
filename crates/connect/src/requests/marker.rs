//! The first line of a request's text: a comment that no page shows, which ties the request to what it carries out.
//! All that is known of a request is read from its host; this machine keeps nothing.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// How the line begins. A reference that nothing refers to is shown by no reader of Markdown.
const BEGIN: &str = "[//]: # (trimtab-request 1 ";
/// How it ends.
const END: char = ')';
/// The most findings that are listed.
const MOST: usize = 100;
/// The longest line that is read, in bytes.
const LONGEST: usize = 4096;

/// A short digest of an action or a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// The digest of some parts.
    pub fn of(parts: &[&str]) -> Id {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        Id(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }

    /// A finding, by one id of its vulnerability and its package without version.
    pub fn of_finding(vulnerability: &str, package: &str) -> Id {
        Id::of(&[vulnerability, package])
    }

    /// The digest of several, whatever their order.
    pub fn of_all(all: &BTreeSet<Id>) -> Id {
        Id::of(&all.iter().map(|id| &*id.0).collect::<Vec<_>>())
    }

    /// Reads twelve digits. `None`: it is none.
    pub fn read(text: &str) -> Option<Id> {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| Id(text.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Under {
    /// Reads `CHARTER:SECONDS`. `None`: it is none.
    fn read(text: &str) -> Option<Under> {
        let (charter, at) = text.split_once(':')?;
        let at = Timestamp::from_second(at.parse().ok()?).ok()?;
        Some(Under { charter: Id::read(charter)?, at })
    }
}

/// Why Trimtab closed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its findings are gone without it.
    Obsolete,
    /// People said so by a label.
    Skip,
    /// Another batch has what it had.
    Superseded(String),
}

/// What the refusals of a charter hold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    /// The charter, as a digest.
    pub charter: Id,
    /// The moment.
    pub at: Timestamp,
}

/// What a request would have, to be compared with what it has.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The actions.
    pub actions: &'a BTreeSet<Id>,
    /// When the last of them became old enough that had to wait for it.
    pub aged: Option<Timestamp>,
    /// The charter, as a digest. `None`: it is not known.
    pub charter: Option<&'a Id>,
}

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The batch, as [`Marker::name`] writes it.
    pub batch: String,
    /// The lockfile or manifest, as a digest.
    pub place: Id,
    /// The commit that it was built on.
    pub base: String,
    /// The last commit of its branch.
    pub tip: String,
    /// The actions that are done in it: [`Id::of_all`] of them.
    pub actions: Id,
    /// The same with those that were left out for what no waiting changes: they broke tests, could not be made, or the
    /// charter refused them for something else than their age. `None`: there are none.
    pub tried: Option<Id>,
    /// When they were tried, and by which charter. `None`: it does not matter, or is not told.
    pub under: Option<Under>,
    /// The findings that are gone with it.
    pub gone: BTreeSet<Id>,
    /// Whether all findings are listed.
    pub whole: bool,
    /// Why Trimtab closed it, or is about to. `None`: it did not.
    pub closed: Option<Reason>,
}

/// Whether a word can stand in the line as it is.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 200
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

impl Marker {
    /// The marker of a text. `None`: it has none, or one that was changed by hand.
    pub fn read(text: &str) -> Option<Marker> {
        let line = text.trim_start().lines().next()?.trim_end();
        let fields = line.strip_prefix(BEGIN)?.strip_suffix(END)?;
        if line.len() > LONGEST {
            return None;
        }
        let field = |name: &str| {
            let mut all = fields.split(' ').filter_map(|field| field.split_once('='));
            all.find_map(|(held, value)| (held == name).then_some(value))
        };
        let word = |name: &str| field(name).filter(|value| is_plain(value)).map(str::to_owned);
        let list = |name: &str| -> Option<BTreeSet<Id>> {
            field(name)?.split(',').filter(|id| !id.is_empty()).map(Id::read).collect()
        };
        let closed = match field("closed") {
            None => None,
            Some("obsolete") => Some(Reason::Obsolete),
            Some("skip") => Some(Reason::Skip),
            Some(other) => {
                let by = other.strip_prefix("superseded:").filter(|name| is_plain(name))?;
                Some(Reason::Superseded(by.to_owned()))
            }
        };
        Some(Marker {
            batch: word("batch")?,
            place: Id::read(field("place")?)?,
            base: word("base")?,
            tip: word("tip")?,
            actions: Id::read(field("actions")?)?,
            tried: field("tried").and_then(Id::read),
            under: field("under").and_then(Under::read),
            gone: list("gone")?,
            whole: field("whole") == Some("yes"),
            closed,
        })
    }

    /// The same text with this marker, and with a line that people see.
    pub fn mark(&self, text: &str, say: Option<&str>) -> String {
        let text = text.trim_start();
        let rest = match text.starts_with(BEGIN) {
            true => text.split_once('\n').map_or("", |(_, rest)| rest),
            false => text,
        };
        let said = say.map_or(String::new(), |line| format!("**{line}**\n\n"));
        format!("{self}\n\n{said}{}", rest.trim_start())
    }

    /// Whether it is of these actions: as they were done, or as they were tried. What a charter refused is tried again by
    /// another charter, and when something of it became old enough since.
    pub fn is_of(&self, wanted: Wanted<'_>) -> bool {
        let all = Id::of_all(wanted.actions);
        let holds = |under: &Under| {
            wanted.charter.is_none_or(|charter| *charter == under.charter)
                && wanted.aged.is_none_or(|aged| aged <= under.at)
        };
        let tried = self.tried.as_ref() == Some(&all);
        self.actions == all || (tried && self.under.as_ref().is_none_or(holds))
    }

    /// The name of a batch as the line holds it: itself, or where no line can hold it, a digest.
    pub fn name(batch: &str) -> String {
        if is_plain(batch) { batch.to_owned() } else { Id::of(&[batch]).to_string() }
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: &BTreeSet<Id>| {
            let all: Vec<&str> = all.iter().take(MOST).map(|id| &*id.0).collect();
            all.join(",")
        };
        let whole = self.whole && self.gone.len() <= MOST;
        write!(
            f,
            "{BEGIN}batch={} place={} base={} tip={} whole={} actions={} gone={}",
            self.batch,
            self.place,
            self.base,
            self.tip,
            if whole { "yes" } else { "no" },
            self.actions,
            list(&self.gone),
        )?;
        if let Some(tried) = &self.tried {
            write!(f, " tried={tried}")?;
        }
        if let Some(under) = &self.under {
            write!(f, " under={}:{}", under.charter, under.at.as_second())?;
        }
        match &self.closed {
            None => {}
            Some(Reason::Obsolete) => f.write_str(" closed=obsolete")?,
            Some(Reason::Skip) => f.write_str(" closed=skip")?,
            Some(Reason::Superseded(by)) => write!(f, " closed=superseded:{by}")?,
        }
        write!(f, "{END}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(all: &[u16]) -> BTreeSet<Id> {
        all.iter().map(|n| Id::of(&[&n.to_string()])).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            batch in "[a-z0-9-]{1,40}", actions in prop::collection::vec(0u16.., 0..90),
            gone in prop::collection::vec(0u16.., 0..90), why in 0..4, body in "\\PC{0,80}",
        ) {
            let closed = match why {
                0 => None,
                1 => Some(Reason::Obsolete),
                2 => Some(Reason::Skip),
                _ => Some(Reason::Superseded(batch.clone())),
            };
            let marker = Marker {
                batch, place: Id::of(&["a"]), base: "a1".to_owned(), tip: "b2".to_owned(),
                actions: Id::of_all(&ids(&actions)), gone: ids(&gone), whole: true, closed,
                tried: (why > 1).then(|| Id::of_all(&ids(&gone))),
                under: (why > 2).then(|| Under { charter: Id::of(&["c"]), at: Timestamp::UNIX_EPOCH }),
            };
            let text = marker.mark(&body, Some("Closed"));
            let read = Marker::read(&text);
            prop_assert_eq!(read.as_ref(), Some(&marker));
            // Marked again, there is one marker, and the text is the same below it.
            let again = Marker { closed: None, ..marker.clone() }.mark(&text, None);
            prop_assert_eq!(again.matches(BEGIN).count() - body.matches(BEGIN).count(), 1);
            prop_assert!(again.trim_end().ends_with(body.trim()));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,200}", line in "[ -~]{0,200}") {
            let _ = Marker::read(&text);
            let _ = Marker::read(&format!("{BEGIN}{line})\n"));
        }
    }

    #[test]
    fn a_list_that_is_too_long_says_so() {
        let many: Vec<u16> = (0..400).collect();
        let marker = Marker {
            batch: "b".to_owned(),
            place: Id::of(&["a"]),
            base: "a".to_owned(),
            tip: "b".to_owned(),
            actions: Id::of_all(&ids(&[1])),
            tried: None,
            under: None,
            gone: ids(&many),
            whole: true,
            closed: None,
        };
        let line = marker.to_string();
        assert!(line.len() < LONGEST, "{}", line.len());
        let read = Marker::read(&line).unwrap();
        assert!(!read.whole && read.gone.len() == MOST);
        assert_eq!(read.actions, marker.actions, "whatever is listed, it is the same batch");
    }

    #[test]
    fn a_batch_of_any_name_has_a_line() {
        for name in ["week-48", "équipe-48", "week/48", "a b) c", ""] {
            let marker = Marker {
                batch: Marker::name(name),
                place: Id::of(&["a"]),
                base: "a".to_owned(),
                tip: "b".to_owned(),
                actions: Id::of_all(&ids(&[])),
                tried: None,
                under: None,
                gone: ids(&[]),
                whole: true,
                closed: None,
            };
            assert_eq!(Marker::read(&marker.to_string()), Some(marker), "{name}");
        }
    }
}
