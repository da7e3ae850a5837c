//! Brings what was read into its final order: advisories numbered by id, ids with their groups,
//! entries by package. Nothing here depends on the order in which records arrived.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use trimtab_model::advisory::Epss;

use super::build::{BuildError, BuildReport, Previous};
use super::draft::{Draft, DraftEntry};
use super::format::{NO_TIME, NONE};
use super::groups::Groups;
use super::open::{Index, IndexError};
use super::substance::{Earlier, Since, since};
use crate::feed::lifecycle::Product;
use crate::feed::{Sources, epss, kev, lifecycle};

/// The small feeds, read whole.
#[derive(Default)]
pub(super) struct Feeds {
    pub(super) kev: Option<kev::Catalogue>,
    pub(super) products: Option<Vec<Product>>,
}

/// The most bytes of a small feed.
const MAX_FEED: u64 = 256 << 20;

impl Feeds {
    pub(super) fn read(sources: &Sources) -> Result<Feeds, BuildError> {
        let kev = sources.kev.as_deref().map(|path| small(path, kev::Catalogue::parse));
        let products = sources.lifecycle.as_deref().map(|path| small(path, lifecycle::parse));
        Ok(Feeds { kev: kev.transpose()?, products: products.transpose()? })
    }
}

fn small<T>(path: &Path, parse: fn(&[u8]) -> Result<T, String>) -> Result<T, BuildError> {
    let fail = |reason: String| BuildError::Source { path: path.to_path_buf(), reason };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FEED + 1).read_to_end(&mut bytes))
        .map_err(|e| fail(e.to_string()))?;
    if bytes.len() as u64 > MAX_FEED {
        return Err(fail("it is too large".to_owned()));
    }
    parse(&bytes).map_err(fail)
}

/// An id before it is written.
pub(super) struct Id {
    pub(super) key: Box<str>,
    pub(super) text: Box<str>,
    pub(super) advisory: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) withdrawn: bool,
}

/// Everything but the scores, in its final order.
pub(super) struct Content {
    /// Sorted by key; the position is the advisory's number.
    pub(super) advisories: Vec<Draft>,
    /// The group of each advisory.
    pub(super) groups_of: Vec<u32>,
    /// Between when the substance of each advisory last changed.
    pub(super) since: Vec<Since>,
    /// Sorted by key.
    pub(super) ids: Vec<Id>,
    /// Upper-case id → position in `ids`.
    pub(super) positions: HashMap<Box<str>, u32>,
    /// Positions in `ids` of each group's members, sorted.
    pub(super) groups: Vec<Vec<u32>>,
    /// (advisory, entry), sorted by family and name.
    pub(super) entries: Vec<(u32, DraftEntry)>,
    pub(super) data_date: i64,
}

impl Content {
    pub(super) fn settle(
        drafts: HashMap<Box<str>, Draft>,
        feeds: &Feeds,
        previous: Result<Index, IndexError>,
        report: &mut BuildReport,
    ) -> Result<Content, BuildError> {
        let data_date = drafts.values().map(|d| d.modified).max().unwrap_or(NO_TIME);
        let (gone, mut advisories): (Vec<Draft>, Vec<Draft>) =
            drafts.into_values().partition(|d| d.withdrawn);
        advisories.par_sort_unstable_by(|a, b| a.key.cmp(&b.key));
        report.withdrawn = gone.len() as u64;
        report.advisories = advisories.len() as u64;

        let (earlier, previous) = earlier(previous, &advisories);
        report.previous = previous;
        let since = advisories
            .iter()
            .zip(earlier)
            .map(|(a, before)| since(a.substance, a.published, a.modified, before, data_date))
            .collect();

        let mut ids = collect_ids(&advisories, &gone, feeds);
        ids.par_sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if u32::try_from(ids.len()).is_err() {
            return Err(BuildError::TooLarge("ids"));
        }
        let positions: HashMap<Box<str>, u32> =
            ids.iter().zip(0..).map(|(id, at)| (id.key.clone(), at)).collect();

        let at = |key: &str| positions.get(key).copied();
        let mut sets = Groups::new(ids.len());
        for advisory in &advisories {
            let Some(own) = at(&advisory.key) else { continue };
            for alias in &advisory.aliases {
                if let Some(other) = at(&alias.to_ascii_uppercase()) {
                    sets.join(own, other);
                }
            }
        }
        let groups = number_groups(&mut ids, &mut sets);
        let groups_of = advisories
            .iter()
            .map(|a| at(&a.key).and_then(|i| ids[i as usize].group).unwrap_or(NONE));
        let groups_of: Vec<u32> = groups_of.collect();
        let entries = collect_entries(&mut advisories, report);
        report.groups = groups.len() as u64;
        Ok(Content { advisories, groups_of, since, ids, positions, groups, entries, data_date })
    }
}

/// What the index before has of each advisory, and what became of it.
fn earlier(
    previous: Result<Index, IndexError>,
    advisories: &[Draft],
) -> (Vec<Option<Earlier>>, Previous) {
    let none = || vec![None; advisories.len()];
    let read = previous.and_then(|index| {
        advisories.par_iter().map(|a| index.earlier(&a.key)).collect::<Result<Vec<_>, _>>()
    });
    match read {
        Ok(earlier) => (earlier, Previous::Kept),
        Err(IndexError::Missing(_)) => (none(), Previous::None),
        // All or nothing: half a memory would make what it lacks look new.
        Err(error) => (none(), Previous::Lost(error.to_string().into())),
    }
}

/// Every id that is looked up: advisories, withdrawn ones, aliases, and the CVEs of KEV.
fn collect_ids(advisories: &[Draft], gone: &[Draft], feeds: &Feeds) -> Vec<Id> {
    let mut ids: HashMap<Box<str>, Id> = HashMap::new();
    for (advisory, number) in advisories.iter().zip(0..) {
        ids.insert(advisory.key.clone(), id(&advisory.id, Some(number), false));
    }
    for draft in gone {
        ids.insert(draft.key.clone(), id(&draft.id, None, true));
    }
    let aliases = advisories.iter().flat_map(|a| a.aliases.iter().map(|alias| &**alias));
    let listed = feeds.kev.iter().flat_map(|k| k.entries.iter().map(|entry| &*entry.cve));
    for text in aliases.chain(listed) {
        let new = id(text, None, false);
        match ids.get_mut(&new.key) {
            // Spelled in several ways and without a record: the first spelling in order.
            Some(known)
                if known.advisory.is_none() && !known.withdrawn && new.text < known.text =>
            {
                *known = new;
            }
            Some(_) => {}
            None => {
                ids.insert(new.key.clone(), new);
            }
        }
    }
    ids.into_values().collect()
}

fn id(text: &str, advisory: Option<u32>, withdrawn: bool) -> Id {
    Id {
        key: text.to_ascii_uppercase().into(),
        text: text.into(),
        advisory,
        group: None,
        withdrawn,
    }
}

/// Numbers the sets that have an advisory, by their first id.
fn number_groups(ids: &mut [Id], sets: &mut Groups) -> Vec<Vec<u32>> {
    let roots: Vec<u32> = (0..ids.len()).zip(0..).map(|(_, at)| sets.root(at)).collect();
    let mut has_advisory = vec![false; ids.len()];
    for (id, root) in ids.iter().zip(&roots) {
        has_advisory[*root as usize] |= id.advisory.is_some();
    }
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for ((id, root), at) in ids.iter_mut().zip(&roots).zip(0..) {
        if !has_advisory[*root as usize] {
            continue;
        }
        let number = *numbers.entry(*root).or_insert_with(|| {
            groups.push(Vec::new());
            u32::try_from(groups.len() - 1).unwrap_or(NONE)
        });
        id.group = Some(number);
        groups[number as usize].push(at);
    }
    groups
}

fn collect_entries(advisories: &mut [Draft], report: &mut BuildReport) -> Vec<(u32, DraftEntry)> {
    let mut entries = Vec::new();
    for (advisory, number) in advisories.iter_mut().zip(0..) {
        report.nameless += u64::from(advisory.nameless);
        for name in advisory.unknown_ecosystems.drain(..) {
            *report.unknown_ecosystems.entry(name).or_default() += 1;
        }
        entries.extend(advisory.entries.drain(..).map(|entry| (number, entry)));
    }
    entries.par_sort_by(|(a_number, a), (b_number, b)| {
        (a.family, &a.name, a_number).cmp(&(b.family, &b.name, b_number))
    });
    report.entries = entries.len() as u64;
    entries
}

/// The scores of the ids that the index has.
pub(super) struct Scores {
    pub(super) day: Option<Box<str>>,
    pub(super) by_id: Vec<Option<Epss>>,
}

impl Scores {
    pub(super) fn read(sources: &Sources, content: &Content) -> Result<Scores, BuildError> {
        let mut by_id = vec![None; content.ids.len()];
        let Some(path) = &sources.epss else { return Ok(Scores { day: None, by_id }) };
        let fail = |e: io::Error| BuildError::Source { path: path.clone(), reason: e.to_string() };
        let file = File::open(path).map_err(fail)?;
        let day = epss::read(file, |cve, epss| {
            let at = content.positions.get(cve).copied();
            if let Some(slot) = at.and_then(|at| by_id.get_mut(at as usize)) {
                *slot = Some(epss);
            }
        });
        Ok(Scores { day: Some(day.map_err(fail)?.date), by_id })
    }
}
