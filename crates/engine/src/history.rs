//! When findings were first seen, kept in a file: the clock of a deadline starts there.
//!
//! The file is text that only grows. Its first line is [`HEAD`], every other one an event:
//!
//! ```text
//! TIME seen PACKAGE ID…      a finding is here, under these ids
//! TIME also PACKAGE ID ID…   the finding with the first id goes by the others, too
//! TIME gone PACKAGE ID       it is here no longer
//! ```
//!
//! A finding is the same in any version of its package and under any id of its vulnerability (TRAPS
//! 25), so that neither a new version nor a new alias restarts a clock. Where groups of ids are
//! merged, the earliest day counts; where one is split, each part keeps it. A finding that was gone
//! and comes back is new from that day on, and its earlier days are reported beside it.
//!
//! What cannot be understood is an error with its line: a damaged file must not restart clocks.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Purl};

use crate::repository::ids;

/// The first line.
pub const HEAD: &str = "trimtab-history 1";
/// The most lines.
const MAX_LINES: usize = 1_000_000;
/// The most ids of an event.
const MAX_IDS: usize = 1000;

/// A finding, and when it was here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    package: Box<str>,
    /// In upper case.
    ids: BTreeSet<Box<str>>,
    /// Since when it is here, or was the last time.
    first: Timestamp,
    /// When that ended. `None`: it is here.
    gone: Option<Timestamp>,
    /// When it was here before that.
    before: Vec<(Timestamp, Timestamp)>,
}

/// Since when a finding is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Since {
    /// When its clock began. `None`: no event says that it is here.
    pub first: Option<Timestamp>,
    /// From when to when it was here before, and gone in between, in order.
    pub before: Vec<(Timestamp, Timestamp)>,
}

/// What a scan added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Added {
    /// Findings that were not here.
    pub seen: usize,
    /// Of these, those that were here before.
    pub again: usize,
    /// Findings that are gone.
    pub gone: usize,
}

/// What was seen when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry>,
    /// The places of the entries that have, or had, an id: `PACKAGE ID`.
    by_id: HashMap<Box<str>, Vec<usize>>,
    last: Option<Timestamp>,
    lines: usize,
    /// What was added since it was read.
    added: String,
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Seen,
    Also,
    Gone,
}

impl What {
    const ALL: [(What, &str); 3] =
        [(What::Seen, "seen"), (What::Also, "also"), (What::Gone, "gone")];
}

impl History {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// A line cannot be understood; it is named.
    pub fn read(text: &str, file: &str) -> Result<History, Diagnostic> {
        let mut history = History::default();
        let malformed = |line: usize, message: String| {
            Diagnostic::new(Code::HistoryMalformed, message)
                .in_file(file)
                .at_line(u32::try_from(line).unwrap_or(u32::MAX))
                .help("restore the file from its last good copy: without it, every clock would start again")
        };
        // Some check text out with the line ends of their system.
        let plain = |line| str::strip_suffix(line, '\r').unwrap_or(line);
        let mut lines = text.split_inclusive('\n').zip(1..);
        match lines.next() {
            Some((head, _)) if head.strip_suffix('\n').map(plain) == Some(HEAD) => {
                history.lines = 1;
            }
            _ => return Err(malformed(1, format!("the first line is not `{HEAD}`"))),
        }
        for (line, number) in lines {
            let Some(line) = line.strip_suffix('\n') else {
                return Err(malformed(number, "the last line is cut off".to_owned()));
            };
            history.event(plain(line)).map_err(|message| malformed(number, message))?;
        }
        Ok(history)
    }

    /// What was added since it was read: the lines to append to the file.
    pub fn added(&self) -> &str {
        &self.added
    }

    /// The time of the last event.
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Since when a finding is here.
    pub fn since(&self, finding: &Finding) -> Since {
        let (package, ids) = key(finding);
        let known = || self.places(&package, &ids).filter_map(|at| self.entries.get(at));
        let open = known().filter(|e| e.gone.is_none());
        Since { first: open.map(|e| e.first).min(), before: trail(known()) }
    }

    /// Records what a scan found at a moment. What was not examined is not gone: after an
    /// incomplete scan nothing is, and nothing of a package that cannot be judged.
    ///
    /// # Errors
    /// The file would have more lines than are read.
    pub fn observe(&mut self, scan: &Scan, now: Timestamp) -> Result<Added, Diagnostic> {
        // Fractions of a second would only make the lines longer.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut added = Added::default();
        let mut found: Vec<_> = scan.findings.iter().map(key).collect();
        found.sort();
        found.dedup();
        let mut here = HashSet::new();
        for (package, ids) in &found {
            let known: Vec<usize> = self.places(package, ids).collect();
            let open = |at: &&usize| self.entries.get(**at).is_some_and(|e| e.gone.is_none());
            let open: Vec<usize> = known.iter().filter(open).copied().collect();
            if open.is_empty() {
                added.seen += 1;
                added.again += usize::from(!known.is_empty());
                self.add(now, What::Seen, package, ids.iter().take(MAX_IDS))?;
            } else {
                let entries = || open.iter().filter_map(|at| self.entries.get(*at));
                // One id that each entry has, so that they become one, and the ids that none has.
                let shared = entries().filter_map(|e| e.ids.intersection(ids).next());
                let new = ids.iter().filter(|id| !entries().any(|e| e.ids.contains(*id)));
                let all: Vec<Box<str>> = shared.chain(new).cloned().collect();
                if all.len() > 1 {
                    self.add(now, What::Also, package, all.iter().take(MAX_IDS))?;
                }
            }
            here.extend(self.places(package, ids));
        }
        if scan.is_incomplete() {
            return Ok(added);
        }
        let unclear: HashSet<Box<str>> = scan.unknowns.iter().map(|u| package(&u.purl)).collect();
        let gone: Vec<(Box<str>, Box<str>)> = (0..)
            .zip(&self.entries)
            .filter(|(at, e)| {
                e.gone.is_none() && !here.contains(at) && !unclear.contains(&e.package)
            })
            .filter_map(|(_, e)| Some((e.package.clone(), e.ids.first()?.clone())))
            .collect();
        for (package, id) in gone {
            added.gone += 1;
            self.add(now, What::Gone, &package, std::iter::once(&id))?;
        }
        Ok(added)
    }

    fn is_open(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|e| e.gone.is_none())
    }

    /// The places of the entries of a package that have one of some ids.
    fn places(&self, package: &str, ids: &BTreeSet<Box<str>>) -> impl Iterator<Item = usize> {
        let has = |at: &usize, id| self.entries.get(*at).is_some_and(|e| e.ids.contains(id));
        let mut places: Vec<usize> = Vec::new();
        for id in ids {
            let known = self.by_id.get(&*format!("{package} {id}"));
            places.extend(known.into_iter().flatten().copied().filter(|at| has(at, id)));
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter()
    }

    /// Gives an entry ids, and makes it found by them.
    fn name(&mut self, place: usize, ids: impl IntoIterator<Item = Box<str>>) {
        let Some(entry) = self.entries.get_mut(place) else { return };
        for id in ids {
            let known = self.by_id.entry(format!("{} {id}", entry.package).into()).or_default();
            if !known.contains(&place) {
                known.push(place);
            }
            entry.ids.insert(id);
        }
    }

    /// Adds an event, as its line.
    fn add<'i>(
        &mut self,
        now: Timestamp,
        what: What,
        package: &str,
        ids: impl Iterator<Item = &'i Box<str>>,
    ) -> Result<(), Diagnostic> {
        let word = What::ALL.iter().find(|(w, _)| *w == what).map_or("", |(_, word)| word);
        let mut line = format!("{now} {word} {package}");
        for id in ids {
            line.push(' ');
            line.push_str(id);
        }
        self.event(&line).map_err(|message| {
            Diagnostic::new(Code::HistoryMalformed, format!("it cannot be continued: {message}"))
                .help("see `--now`, or begin another file")
        })?;
        self.added.push_str(&line);
        self.added.push('\n');
        Ok(())
    }

    /// Takes in a line.
    fn event(&mut self, line: &str) -> Result<(), String> {
        if self.lines == MAX_LINES {
            return Err(format!("there are more than {MAX_LINES} lines"));
        }
        self.lines += 1;
        let mut words = line.split(' ');
        let mut word = |what: &str| {
            words.next().filter(|w| !w.is_empty()).ok_or_else(|| format!("it has no {what}"))
        };
        let time = word("time")?;
        let at: Timestamp = time.parse().map_err(|_| format!("`{}` is not a time", short(time)))?;
        if let Some(last) = self.last.filter(|last| *last > at) {
            return Err(format!("its time, {at}, is before that of the line above, {last}"));
        }
        let name = word("event")?;
        let what = What::ALL.iter().find(|(_, word)| *word == name);
        let Some((what, _)) = what else {
            return Err(format!("`{}` is none of seen, also, gone", short(name)));
        };
        let text = word("package")?;
        let package = match text.parse::<Purl>() {
            Ok(purl) if *package(&purl) == *text => text,
            _ => return Err(format!("`{}` is not the purl of a package", short(text))),
        };
        let mut ids = BTreeSet::new();
        let mut first = None;
        for id in words {
            if id.is_empty() || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err("an id is empty".to_owned());
            }
            let id: Box<str> = id.to_uppercase().into();
            first.get_or_insert_with(|| id.clone());
            ids.insert(id);
        }
        let Some(first) = first else { return Err("it has no id".to_owned()) };
        if ids.len() > MAX_IDS {
            return Err(format!("it has more than {MAX_IDS} ids"));
        }
        self.last = Some(at);
        let named = BTreeSet::from([first.clone()]);
        match what {
            What::Seen => self.seen(at, package, ids),
            What::Also | What::Gone => {
                let Some(place) = self.places(package, &named).find(|at| self.is_open(*at)) else {
                    return Err(format!("`{}` is not here by the lines above", short(&first)));
                };
                if *what == What::Also {
                    self.join(place, package, ids);
                } else if let Some(entry) = self.entries.get_mut(place) {
                    entry.gone = Some(at);
                }
                Ok(())
            }
        }
    }

    /// Gives an entry more ids. Others that have one of them and are here become one with it: no two
    /// findings of a package that are here share an id.
    fn join(&mut self, place: usize, package: &str, ids: BTreeSet<Box<str>>) {
        let others: Vec<usize> =
            self.places(package, &ids).filter(|at| *at != place && self.is_open(*at)).collect();
        self.name(place, ids);
        for at in others {
            let Some(other) = self.entries.get_mut(at) else { continue };
            // What is left in its place has no id, and is nothing any more.
            let nothing = Entry { ids: BTreeSet::new(), gone: Some(other.first), ..other.clone() };
            let other = std::mem::replace(other, nothing);
            self.name(place, other.ids);
            let Some(entry) = self.entries.get_mut(place) else { return };
            entry.first = entry.first.min(other.first);
            entry.before.extend(other.before);
            entry.before.sort_unstable();
            entry.before.dedup();
        }
    }

    fn seen(
        &mut self,
        at: Timestamp,
        package: &str,
        ids: BTreeSet<Box<str>>,
    ) -> Result<(), String> {
        let known: Vec<usize> = self.places(package, &ids).collect();
        if known.iter().any(|at| self.is_open(*at)) {
            return Err("it is here already by the lines above".to_owned());
        }
        let before = trail(known.iter().filter_map(|at| self.entries.get(*at)));
        // What comes back takes the place of what it was: its trail is kept, and its ids that no other has.
        let place = known.first().copied().unwrap_or(self.entries.len());
        let mut all = ids;
        for id in self.entries.get(place).map(|e| e.ids.clone()).unwrap_or_default() {
            let one = BTreeSet::from([id]);
            if !self.places(package, &one).any(|at| self.is_open(at)) {
                all.extend(one);
            }
        }
        let entry =
            Entry { package: package.into(), ids: BTreeSet::new(), first: at, gone: None, before };
        match self.entries.get_mut(place) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
        self.name(place, all);
        Ok(())
    }
}

/// From when to when findings were here that are gone, in order.
fn trail<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<(Timestamp, Timestamp)> {
    let ended = |e: &'e Entry| e.before.iter().copied().chain(e.gone.map(|gone| (e.first, gone)));
    let mut all: Vec<_> = entries.flat_map(ended).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What a finding is the same by: its package, and its vulnerability's ids in upper case.
fn key(finding: &Finding) -> (Box<str>, BTreeSet<Box<str>>) {
    let plain = |id: &str| id.to_uppercase().split_whitespace().collect::<Vec<_>>().join("_");
    let ids = ids(finding).iter().map(|id| plain(id).into()).collect();
    (package(&finding.purl), ids)
}

fn package(purl: &Purl) -> Box<str> {
    purl.package().to_string().into()
}

/// The beginning of a word, for a message.
fn short(word: &str) -> String {
    word.chars().take(60).collect()
}
