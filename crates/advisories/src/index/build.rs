//! Builds the index: threads share out the records (unpack, parse, prepare), one thread collects
//! what they made, brings it into order and writes it.
//!
//! What is held in memory is the prepared runs, about as much as the index has bytes, never the
//! JSON: each thread has one record at a time. The result does not depend on the order in which
//! threads finish or files are listed: records are identified by id (the newest `modified` wins,
//! then the greater content hash), and everything is sorted before it is numbered.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use rayon::slice::ParallelSliceMut;
use trimtab_model::advisory::{Epss, Kev};
use trimtab_model::{Code, Diagnostic, Family};
use zerocopy::IntoBytes;

use super::draft::{Draft, DraftEntry, content, draft};
use super::format::{
    AdvisoryItem, CycleItem, ENDIAN, EntryItem, EpssItem, Extent, FORMAT, FamilyItem, GroupItem,
    Header, IdItem, KevItem, LABEL, LifecycleKey, NO_DAY, NO_TIME, NONE, PAGE, PackageHead,
    ProductHead, RUN_ALIGN, Section, Slot, Span, header_flag, id_flag, id_hash, package_hash,
    rules,
};
use super::groups::Groups;
use super::run::{Heap, RunWriter};
use super::write::{Aside, PageWriter};
use crate::feed::lifecycle::{End, Product};
use crate::feed::osv_folder::{BadSource, Limits, Records};
use crate::feed::{Sources, epss, kev, lifecycle};
use crate::osv::Record;

/// A stage of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Records are read.
    Reading,
    /// What was read is brought into order.
    Sorting,
    /// The file is written.
    Writing,
}

/// Who wants to know how far a build is.
pub trait Progress {
    /// `done` of `total` pieces of work of a phase. Called by one thread, in order.
    fn report(&mut self, phase: Phase, done: u64, total: u64);
}

/// Nobody.
impl Progress for () {
    fn report(&mut self, _: Phase, _: u64, _: u64) {}
}

/// What a build did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildReport {
    /// Records read, repeats included.
    pub records: u64,
    /// Advisories in the index.
    pub advisories: u64,
    /// Records left out because their database took them back.
    pub withdrawn: u64,
    /// Records that could not be read; the first [`MAX_DIAGNOSTICS`] are in `diagnostics`.
    pub malformed: u64,
    /// Affected packages without a usable name (repositories only).
    pub nameless: u64,
    /// Affected packages by ecosystem that this build does not know.
    pub unknown_ecosystems: BTreeMap<Box<str>, u64>,
    /// Packages in the index.
    pub packages: u64,
    /// Pairs of advisory and package in the index.
    pub entries: u64,
    /// Groups of advisories.
    pub groups: u64,
    /// Entries of the KEV catalogue.
    pub kev: u64,
    /// EPSS scores that were kept.
    pub epss: u64,
    /// Products with a lifecycle.
    pub products: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The content digest, hexadecimal.
    pub digest: Box<str>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// The most diagnostics that a report keeps.
pub const MAX_DIAGNOSTICS: usize = 1000;

/// Why there is no new index. The old one is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A source cannot be used.
    Source {
        /// The file or folder.
        path: PathBuf,
        /// A sentence part.
        reason: String,
    },
    /// The sources have no record at all.
    Nothing,
    /// There is more than the format holds.
    TooLarge(&'static str),
    /// The file cannot be written.
    Write {
        /// The index.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Source { path, reason } => {
                write!(f, "{} cannot be used as a source of advisories: {reason}", path.display())
            }
            BuildError::Nothing => f.write_str("the sources have no advisory"),
            BuildError::TooLarge(what) => write!(f, "there are too many {what} for an index"),
            BuildError::Write { path, error } => {
                write!(f, "{} cannot be written: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for BuildError {}

impl From<BadSource> for BuildError {
    fn from(bad: BadSource) -> BuildError {
        BuildError::Source { path: bad.path, reason: bad.reason }
    }
}

/// Builds the index at `target` from feeds on disk.
///
/// # Errors
/// A source cannot be used or the file cannot be written. An index that is there stays.
pub fn build(
    sources: &Sources,
    target: &Path,
    progress: &mut dyn Progress,
) -> Result<BuildReport, BuildError> {
    let failed = |error| BuildError::Write { path: target.to_path_buf(), error };
    // The lock and a full disk show now, not after the work.
    let aside = Aside::create(target).map_err(failed)?;
    let mut report = BuildReport::default();
    let paths: Vec<PathBuf> = sources.osv.iter().chain(&sources.malicious).cloned().collect();
    let records = Records::open(&paths, Limits::default())?;
    let drafts = read_all(&records, &mut report, progress);
    if report.records == 0 {
        return Err(BuildError::Nothing);
    }
    progress.report(Phase::Sorting, 0, 1);
    let feeds = Feeds::read(sources)?;
    let content = Content::settle(drafts, &feeds, &mut report)?;
    let scores = Scores::read(sources, &content)?;
    progress.report(Phase::Sorting, 1, 1);
    progress.report(Phase::Writing, 0, 1);
    let file = aside.file().map_err(failed)?;
    let header = write(file, &content, &feeds, &scores, &mut report).map_err(|e| match e {
        WriteError::TooLarge(what) => BuildError::TooLarge(what),
        WriteError::Io(error) => failed(error),
    })?;
    aside.commit().map_err(failed)?;
    report.bytes = header.file_len.get();
    report.digest = super::open::hex(&header.digest).into();
    progress.report(Phase::Writing, 1, 1);
    Ok(report)
}

/// What one thread made of one piece of work.
#[derive(Default)]
struct Batch {
    drafts: Vec<Draft>,
    records: u64,
    malformed: u64,
    diagnostics: Vec<Diagnostic>,
}

fn read_all(
    records: &Records,
    report: &mut BuildReport,
    progress: &mut dyn Progress,
) -> HashMap<Box<str>, Draft> {
    let units = records.units();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(units.len().max(1));
    // A short queue: no thread runs far ahead of the one that collects.
    let (send, receive) = mpsc::sync_channel::<Batch>(threads * 2);
    let mut drafts: HashMap<Box<str>, Draft> = HashMap::new();
    thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.clone();
            let (units, next) = (&units, &next);
            scope.spawn(move || {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut batch = Batch::default();
                    records.read(unit, |place, bytes| read_one(place, bytes, &mut batch));
                    if send.send(batch).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let total = units.len() as u64;
        for (done, batch) in receive.iter().enumerate() {
            report.records += batch.records;
            report.malformed += batch.malformed;
            report.diagnostics.extend(batch.diagnostics);
            for draft in batch.drafts {
                keep_newest(&mut drafts, draft);
            }
            progress.report(Phase::Reading, done as u64 + 1, total);
        }
    });
    report.diagnostics.sort();
    report.diagnostics.truncate(MAX_DIAGNOSTICS);
    drafts
}

fn read_one(place: &str, bytes: Result<&[u8], Diagnostic>, batch: &mut Batch) {
    let result = bytes.and_then(|bytes| {
        let record = Record::parse(bytes).map_err(|reason| {
            Diagnostic::new(Code::AdvisoryMalformed, format!("it is not an OSV record: {reason}"))
                .in_file(place)
        })?;
        Ok(draft(&record, bytes))
    });
    match result {
        Ok(mut draft) => {
            draft.content = content(&draft);
            batch.records += 1;
            batch.drafts.push(draft);
        }
        Err(diagnostic) => {
            batch.malformed += 1;
            batch.diagnostics.push(
                diagnostic.help("report it to the database that published it; the rest is in use"),
            );
        }
    }
}

/// A record that stands in several files is one record.
fn keep_newest(drafts: &mut HashMap<Box<str>, Draft>, draft: Draft) {
    match drafts.get_mut(&draft.key) {
        Some(before) => {
            let rank = |d: &Draft| (d.modified, d.withdrawn, d.content, d.id.clone());
            if rank(&draft) > rank(before) {
                *before = draft;
            }
        }
        None => {
            drafts.insert(draft.key.clone(), draft);
        }
    }
}

/// The small feeds, read whole.
#[derive(Default)]
struct Feeds {
    kev: Option<kev::Catalogue>,
    products: Option<Vec<Product>>,
}

/// The most bytes of a small feed.
const MAX_FEED: u64 = 256 << 20;

impl Feeds {
    fn read(sources: &Sources) -> Result<Feeds, BuildError> {
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
struct Id {
    key: Box<str>,
    text: Box<str>,
    advisory: Option<u32>,
    group: Option<u32>,
    withdrawn: bool,
}

/// Everything but the scores, in its final order.
struct Content {
    /// Sorted by key; the position is the advisory's number.
    advisories: Vec<Draft>,
    /// The group of each advisory.
    groups_of: Vec<u32>,
    /// Sorted by key.
    ids: Vec<Id>,
    /// Upper-case id → position in `ids`.
    positions: HashMap<Box<str>, u32>,
    /// Positions in `ids` of each group's members, sorted.
    groups: Vec<Vec<u32>>,
    /// (advisory, entry), sorted by family and name.
    entries: Vec<(u32, DraftEntry)>,
    data_date: i64,
}

impl Content {
    fn settle(
        drafts: HashMap<Box<str>, Draft>,
        feeds: &Feeds,
        report: &mut BuildReport,
    ) -> Result<Content, BuildError> {
        let data_date = drafts.values().map(|d| d.modified).max().unwrap_or(NO_TIME);
        let (gone, mut advisories): (Vec<Draft>, Vec<Draft>) =
            drafts.into_values().partition(|d| d.withdrawn);
        advisories.par_sort_unstable_by(|a, b| a.key.cmp(&b.key));
        report.withdrawn = gone.len() as u64;
        report.advisories = advisories.len() as u64;

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
        Ok(Content { advisories, groups_of, ids, positions, groups, entries, data_date })
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
struct Scores {
    day: Option<Box<str>>,
    by_id: Vec<Option<Epss>>,
}

impl Scores {
    fn read(sources: &Sources, content: &Content) -> Result<Scores, BuildError> {
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

enum WriteError {
    TooLarge(&'static str),
    Io(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

type Written<T> = Result<T, WriteError>;

fn number(value: usize, what: &'static str) -> Written<u32> {
    u32::try_from(value).map_err(|_| WriteError::TooLarge(what))
}

fn write(
    file: &File,
    content: &Content,
    feeds: &Feeds,
    scores: &Scores,
    report: &mut BuildReport,
) -> Written<Header> {
    let mut out = PageWriter::new(file)?;
    write_packages(&mut out, content, report)?;
    write_ids(&mut out, content, feeds, scores, report)?;
    write_advisories(&mut out, content)?;
    write_lifecycles(&mut out, feeds.products.as_deref().unwrap_or_default(), report)?;
    out.begin(Section::Texts)?;
    let mut texts = Heap::default();
    let kev = texts.text(feeds.kev.as_ref().map_or("", |k| &k.version));
    let epss = texts.text(scores.day.as_deref().unwrap_or_default());
    out.write(texts.bytes())?;
    let mut flags = 0;
    for (there, flag) in [
        (feeds.kev.is_some(), header_flag::KEV),
        (scores.day.is_some(), header_flag::EPSS),
        (feeds.products.is_some(), header_flag::LIFECYCLE),
    ] {
        if there {
            flags |= flag;
        }
    }
    let blank = Extent { offset: 0.into(), len: 0.into() };
    Ok(out.finish(Header {
        label: LABEL,
        endian: ENDIAN.into(),
        format: FORMAT.into(),
        rules: rules().into(),
        file_len: 0.into(),
        page: (PAGE as u32).into(),
        flags: flags.into(),
        data_date: content.data_date.into(),
        advisories: report.advisories.into(),
        withdrawn: report.withdrawn.into(),
        kev,
        epss,
        sums: blank,
        sums_sum: 0.into(),
        sections: [blank; Section::COUNT],
        digest: [0; 32],
        own_sum: 0.into(),
    })?)
}

type Out<'f> = PageWriter<&'f File>;

fn write_packages(out: &mut Out<'_>, content: &Content, report: &mut BuildReport) -> Written<()> {
    let mut families: BTreeMap<Family, FamilyItem> = BTreeMap::new();
    let mut seen: BTreeMap<Family, Vec<u32>> = BTreeMap::new();
    let mut places = Vec::new();
    out.begin(Section::Packages)?;
    for of in content.entries.chunk_by(|(_, a), (_, b)| (a.family, &a.name) == (b.family, &b.name))
    {
        let Some((_, first)) = of.first() else { continue };
        let (family, name) = (first.family, &*first.name);
        out.align(RUN_ALIGN)?;
        let place = usize::try_from(out.position() / RUN_ALIGN).unwrap_or(usize::MAX);
        places.push((package_hash(family, name), number(place, "packages")?));
        let mut heap = Heap::default();
        heap.text(name);
        let mut items = Vec::with_capacity(of.len());
        for (advisory, entry) in of {
            let group = content.groups_of.get(*advisory as usize).copied().unwrap_or(NONE);
            let run = heap.put(&entry.run);
            items.push(EntryItem { run, advisory: (*advisory).into(), group: group.into() });
        }
        let len = size_of::<PackageHead>() + items.as_bytes().len() + heap.bytes().len();
        let head = PackageHead {
            len: number(len, "advisories of one package")?.into(),
            entries: number(items.len(), "advisories of one package")?.into(),
            name_len: u16::try_from(name.len()).unwrap_or(u16::MAX).into(),
            family: family as u8,
            spare: 0,
        };
        out.write(&RunWriter::new(&head).array(&items).finish(&heap))?;
        let item = families.entry(family).or_insert(FamilyItem {
            family: (family as u32).into(),
            advisories: 0.into(),
            packages: 0.into(),
            entries: 0.into(),
        });
        item.packages += 1;
        item.entries += number(of.len(), "entries")?;
        seen.entry(family).or_default().extend(of.iter().map(|(advisory, _)| *advisory));
    }
    report.packages = places.len() as u64;
    write_slots(out, Section::PackageSlots, &places)?;
    out.begin(Section::Families)?;
    for (family, mut item) in families {
        let mut advisories = seen.remove(&family).unwrap_or_default();
        advisories.sort_unstable();
        advisories.dedup();
        item.advisories = number(advisories.len(), "advisories")?.into();
        out.write(item.as_bytes())?;
    }
    Ok(())
}

/// A table of at most half its slots in use, filled in the order given.
fn write_slots(out: &mut Out<'_>, section: Section, places: &[(u64, u32)]) -> Written<()> {
    let count = (places.len() * 2).next_power_of_two().max(2);
    let mut slots = vec![Slot { tag: 0.into(), value: 0.into() }; count];
    for (hash, place) in places {
        let value = place.checked_add(1).ok_or(WriteError::TooLarge("places"))?;
        let tag = u32::try_from(hash >> 32).unwrap_or(0);
        let mut at = usize::try_from(*hash & (count as u64 - 1)).unwrap_or(0);
        while slots[at].value != 0 {
            at = (at + 1) & (count - 1);
        }
        slots[at] = Slot { tag: tag.into(), value: value.into() };
    }
    out.begin(section)?;
    Ok(out.write(slots.as_bytes())?)
}

fn write_ids(
    out: &mut Out<'_>,
    content: &Content,
    feeds: &Feeds,
    scores: &Scores,
    report: &mut BuildReport,
) -> Written<()> {
    let listed: &[Kev] = feeds.kev.as_ref().map_or(&[], |k| &k.entries);
    let kev_of: HashMap<&str, u32> = listed.iter().zip(0..).map(|(k, i)| (&*k.cve, i)).collect();
    let mut texts = Heap::default();
    let mut items = Vec::with_capacity(content.ids.len());
    let mut epss = Vec::new();
    let mut places = Vec::with_capacity(content.ids.len());
    for ((id, score), at) in content.ids.iter().zip(&scores.by_id).zip(0..) {
        let score_at = match score {
            None => NONE,
            Some(score) => {
                epss.push(EpssItem {
                    probability: score.probability.to_bits().into(),
                    percentile: score.percentile.to_bits().into(),
                });
                number(epss.len() - 1, "scores")?
            }
        };
        let flags = if id.withdrawn { id_flag::WITHDRAWN } else { 0 };
        items.push(IdItem {
            text: texts.text(&id.text),
            group: id.group.unwrap_or(NONE).into(),
            advisory: id.advisory.unwrap_or(NONE).into(),
            kev: kev_of.get(&*id.key).copied().unwrap_or(NONE).into(),
            epss: score_at.into(),
            flags: flags.into(),
        });
        places.push((id_hash(&id.key), at));
    }
    number(texts.bytes().len(), "bytes of ids")?;
    report.kev = listed.len() as u64;
    report.epss = epss.len() as u64;
    out.begin(Section::Ids)?;
    out.write(items.as_bytes())?;
    out.begin(Section::IdTexts)?;
    out.write(texts.bytes())?;
    write_slots(out, Section::IdSlots, &places)?;
    out.begin(Section::Epss)?;
    out.write(epss.as_bytes())?;
    out.begin(Section::Kev)?;
    for kev in listed {
        let item = KevItem {
            id: content.positions.get(&*kev.cve).copied().unwrap_or(NONE).into(),
            added: kev.added.map_or(NO_DAY, day).into(),
            due: kev.due.map_or(NO_DAY, day).into(),
            ransomware: match kev.ransomware {
                None => 0,
                Some(false) => 1,
                Some(true) => 2,
            }
            .into(),
        };
        out.write(item.as_bytes())?;
    }
    out.begin(Section::Groups)?;
    let mut first = 0u32;
    for group in &content.groups {
        let count = number(group.len(), "ids of a group")?;
        out.write(GroupItem { first: first.into(), count: count.into() }.as_bytes())?;
        first = first.checked_add(count).ok_or(WriteError::TooLarge("ids"))?;
    }
    out.begin(Section::GroupIds)?;
    for at in content.groups.iter().flatten() {
        out.write(&at.to_le_bytes())?;
    }
    Ok(())
}

fn write_advisories(out: &mut Out<'_>, content: &Content) -> Written<()> {
    let mut items = Vec::with_capacity(content.advisories.len());
    out.begin(Section::Details)?;
    for (advisory, group) in content.advisories.iter().zip(&content.groups_of) {
        out.align(RUN_ALIGN)?;
        items.push(AdvisoryItem {
            run: out.position().into(),
            len: number(advisory.details.len(), "bytes of an advisory")?.into(),
            group: (*group).into(),
            content: advisory.content.into(),
        });
        out.write(&advisory.details)?;
    }
    out.begin(Section::Advisories)?;
    Ok(out.write(items.as_bytes())?)
}

fn write_lifecycles(
    out: &mut Out<'_>,
    products: &[Product],
    report: &mut BuildReport,
) -> Written<()> {
    let mut keys: Vec<(&str, Span)> = Vec::new();
    out.begin(Section::Products)?;
    for product in products {
        out.align(RUN_ALIGN)?;
        let start = number(usize::try_from(out.position()).unwrap_or(usize::MAX), "products")?;
        let run = product_run(product)?;
        let span = Span { offset: start.into(), len: number(run.len(), "cycles")?.into() };
        out.write(&run)?;
        keys.extend(product.purls.iter().map(|purl| (&**purl, span)));
    }
    keys.sort_by_key(|(purl, span)| (*purl, span.offset.get()));
    let mut texts = Heap::default();
    out.begin(Section::LifecycleKeys)?;
    for (purl, product) in keys {
        out.write(LifecycleKey { text: texts.text(purl), product }.as_bytes())?;
    }
    out.begin(Section::LifecycleTexts)?;
    out.write(texts.bytes())?;
    report.products = products.len() as u64;
    Ok(())
}

fn product_run(product: &Product) -> Written<Box<[u8]>> {
    let mut heap = Heap::default();
    let head = ProductHead {
        name: heap.text(&product.name),
        title: heap.text(&product.title),
        cycles: number(product.cycles.len(), "cycles")?.into(),
    };
    let mut cycles = Vec::with_capacity(product.cycles.len());
    for cycle in &product.cycles {
        let (eol_state, eol) = end(cycle.eol);
        let (support_state, support) = end(cycle.support);
        cycles.push(CycleItem {
            name: heap.text(&cycle.name),
            latest: heap.text(cycle.latest.as_deref().unwrap_or_default()),
            released: cycle.released.map_or(NO_DAY, day).into(),
            latest_released: cycle.latest_released.map_or(NO_DAY, day).into(),
            eol: eol.into(),
            support: support.into(),
            eol_state,
            support_state,
        });
    }
    Ok(RunWriter::new(&head).array(&cycles).finish(&heap))
}

fn end(end: End) -> (u8, i32) {
    match end {
        End::Unknown => (0, NO_DAY),
        End::No => (1, NO_DAY),
        End::Yes => (2, NO_DAY),
        End::On(date) => (3, day(date)),
    }
}

/// Days since 1970-01-01.
fn day(date: jiff::civil::Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}
