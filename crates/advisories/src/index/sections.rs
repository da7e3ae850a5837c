//! Writes the sections of an index file, each in the order that the content has already.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;

use trimtab_model::Family;
use trimtab_model::advisory::Kev;
use zerocopy::IntoBytes;

use super::build::BuildReport;
use super::format::{
    AdvisoryItem, CycleItem, ENDIAN, EntryItem, EpssItem, Extent, FORMAT, FamilyItem, GroupItem,
    Header, IdItem, KevItem, LABEL, LifecycleKey, NO_DAY, NONE, PAGE, PackageHead, ProductHead,
    RUN_ALIGN, Section, Slot, Span, header_flag, id_flag, id_hash, package_hash, rules,
};
use super::run::{Heap, RunWriter};
use super::settle::{Content, Feeds, Scores};
use super::write::PageWriter;
use crate::feed::lifecycle::{End, Product};

/// Why the file is not written.
pub(super) enum WriteError {
    TooLarge(&'static str),
    Io(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

pub(super) type Written<T> = Result<T, WriteError>;

fn number(value: usize, what: &'static str) -> Written<u32> {
    u32::try_from(value).map_err(|_| WriteError::TooLarge(what))
}

/// Writes the whole file.
pub(super) fn write(
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
    let known = content.groups_of.iter().zip(&content.since);
    for (advisory, (group, since)) in content.advisories.iter().zip(known) {
        out.align(RUN_ALIGN)?;
        items.push(AdvisoryItem {
            run: out.position().into(),
            len: number(advisory.details.len(), "bytes of an advisory")?.into(),
            group: (*group).into(),
            content: advisory.content.into(),
            substance: advisory.substance.into(),
            after: since.after.into(),
            by: since.by.into(),
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
