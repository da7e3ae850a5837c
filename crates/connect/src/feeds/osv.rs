//! OSV's bulk export: `ecosystems.txt`, `<Ecosystem>/all.zip`, `<Ecosystem>/modified_id.csv` and
//! `<Ecosystem>/<ID>.json`.
//!
//! The copy on disk has the same layout, so that it can be carried to another machine as it is: a
//! few changed records lie loose beside the archive that has their older text, and the index takes
//! the newer one. `known.csv` tells what the copy holds. It is not called `modified_id.csv`: that
//! would tell others who copy from here that the archive is as new.
//!
//! The server makes list and archive at different times. After an archive has come, what the list
//! says is newer than it is looked up in it, and what is missing is fetched record by record.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use zip::ZipArchive;

use super::list::List;
use super::{Change, Limits};
use crate::download::{Got, Net, Wish, fetch};
use crate::http::{Failure, PARALLEL};
use crate::origin::{Origin, write_whole};
use crate::retry::http_date;
use crate::url::Url;

/// More changed records than this come as a whole archive.
const MOST_RECORDS: usize = 2000;
/// So does more than one changed record in this many.
const ONE_IN: usize = 50;
/// A list may be this much behind the archive's date and still name what the archive lacks.
const LAG: SignedDuration = SignedDuration::from_hours(48);
/// The most entries of an archive.
const MAX_ENTRIES: usize = 4_000_000;

/// One ecosystem of one server, and its folder here.
pub(super) struct Place<'a> {
    pub(super) net: &'a Net<'a>,
    pub(super) limits: &'a Limits,
    pub(super) url: Url,
    pub(super) folder: PathBuf,
}

impl Place<'_> {
    fn zip(&self) -> PathBuf {
        self.folder.join("all.zip")
    }

    /// Whether there is a copy, of any age.
    pub(super) fn has_copy(&self) -> bool {
        self.zip().is_file()
    }

    /// Brings the copy up to date.
    pub(super) fn update(&self) -> Result<Change, Failure> {
        fs::create_dir_all(&self.folder)?;
        let zip_url = self.url.join(&["all.zip"]);
        let held = Origin::of_file(&self.zip(), &zip_url).is_some();
        let known = self.known().filter(|_| held);
        let Some(list) = self.list()? else {
            // Nothing tells what changed.
            return self.whole(&zip_url).map(|got| self.changed(got, 0));
        };
        let mut wanted = known.as_ref().map(|known| known.changed(&list));
        let lost = known.as_ref().is_none_or(|known| known.lost(&list));
        if !lost && wanted.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Change::Unchanged);
        }
        if !lost
            && let Some(wanted) = &wanted
            && self.are_few(wanted.len(), &list)
            && self.records(wanted)?
        {
            self.keep(&list)?;
            return Ok(Change::Records(wanted.len()));
        }
        let got = self.whole(&zip_url)?;
        if got == Got::Absent {
            return Ok(Change::Absent);
        }
        if got == Got::Fresh {
            self.drop_records()?;
            wanted = Some(self.lacking(&list, &zip_url));
        }
        let wanted = wanted.unwrap_or_else(|| self.lacking(&list, &zip_url));
        let mut fetched = 0;
        if !wanted.is_empty() && self.are_few(wanted.len(), &list) && self.records(&wanted)? {
            fetched = wanted.len();
        }
        // What is still missing is not known, and is asked for next time.
        let mut now = list;
        if fetched == 0 {
            for (id, _) in &wanted {
                now.0.remove(id);
            }
        }
        if let (Got::Unchanged, Some(known)) = (got, known) {
            // So is what the list lost and the archive still has.
            for (id, at) in known.0 {
                now.0.entry(id).or_insert(at);
            }
        }
        self.keep(&now)?;
        Ok(self.changed(got, fetched))
    }

    fn changed(&self, got: Got, records: usize) -> Change {
        match got {
            Got::Fresh => Change::Whole,
            Got::Unchanged if records > 0 => Change::Records(records),
            Got::Unchanged => Change::Unchanged,
            Got::Absent => Change::Absent,
        }
    }

    fn known(&self) -> Option<List> {
        List::parse(&fs::read(self.folder.join("known.csv")).ok()?)
    }

    fn keep(&self, list: &List) -> Result<(), Failure> {
        Ok(write_whole(&self.folder.join("known.csv"), list.text().as_bytes())?)
    }

    /// The server's list. `None`: it has none.
    fn list(&self) -> Result<Option<List>, Failure> {
        let target = self.folder.join("listed.csv");
        let url = self.url.join(&["modified_id.csv"]);
        let readable = |path: &Path, _| {
            let list = fs::read(path).ok().and_then(|bytes| List::parse(&bytes));
            list.map(|_| ()).ok_or_else(|| "modified_id.csv has no list of records".to_owned())
        };
        let wish = Wish {
            url: &url,
            target: &target,
            most: self.limits.list,
            sha256_beside: false,
            check: &readable,
        };
        Ok(match fetch(self.net, &wish)? {
            Got::Absent => None,
            Got::Fresh | Got::Unchanged => List::parse(&fs::read(&target)?),
        })
    }

    fn whole(&self, url: &Url) -> Result<Got, Failure> {
        let check = |path: &Path, vouched: bool| check_zip(path, vouched);
        let target = self.zip();
        let wish = Wish {
            url,
            target: &target,
            most: self.limits.archive,
            sha256_beside: true,
            check: &check,
        };
        fetch(self.net, &wish)
    }

    /// Whether so many more records, beside those that lie loose already, are worth single requests.
    fn are_few(&self, count: usize, list: &List) -> bool {
        let total = count + self.loose().len();
        total < MOST_RECORDS && total.saturating_mul(ONE_IN) < list.0.len()
    }

    fn loose(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        paths.filter(|path| path.extension().is_some_and(|e| e == "json")).collect()
    }

    fn drop_records(&self) -> Result<(), Failure> {
        for path in self.loose() {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// What the list names and the archive does not have, or has older.
    fn lacking(&self, list: &List, zip_url: &Url) -> Vec<(Box<str>, Timestamp)> {
        let made = Origin::of_file(&self.zip(), zip_url)
            .and_then(|origin| http_date(origin.last_modified.as_deref()?))
            .and_then(|date| date.checked_sub(LAG).ok());
        let Ok(Ok(mut archive)) = File::open(self.zip()).map(ZipArchive::new) else {
            return Vec::new();
        };
        let recent = list.0.iter().filter(|(_, at)| made.is_none_or(|made| **at >= made));
        recent
            .filter(|(id, at)| {
                let Ok(entry) = archive.by_name(&format!("{id}.json")) else { return true };
                let mut bytes = Vec::new();
                let read = entry.take(self.limits.record).read_to_end(&mut bytes);
                read.is_err() || !is_as_new(&bytes, id, **at)
            })
            .map(|(id, at)| (id.clone(), *at))
            .collect()
    }

    /// Fetches records one by one. `false`: the server does not offer them so, or only older ones.
    fn records(&self, wanted: &[(Box<str>, Timestamp)]) -> Result<bool, Failure> {
        // The first shows whether the server has single records at all.
        let Some((first, rest)) = wanted.split_first() else { return Ok(true) };
        if !self.record(first)? {
            return Ok(false);
        }
        let next = AtomicUsize::new(0);
        let outcome: Mutex<Result<bool, Failure>> = Mutex::new(Ok(true));
        thread::scope(|scope| {
            for _ in 0..PARALLEL.min(rest.len()) {
                scope.spawn(|| {
                    while let Some(one) = rest.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let got = self.record(one);
                        if !matches!(got, Ok(true)) {
                            // One missing is enough to take the archive instead.
                            next.store(rest.len(), Ordering::Relaxed);
                            *outcome.lock().unwrap_or_else(PoisonError::into_inner) = got;
                        }
                    }
                });
            }
        });
        outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, (id, at): &(Box<str>, Timestamp)) -> Result<bool, Failure> {
        // A colon is no part of a file name everywhere.
        let target = self.folder.join(format!("{}.json", id.replace(':', "%3A")));
        if fs::read(&target).is_ok_and(|bytes| is_as_new(&bytes, id, *at)) {
            return Ok(true);
        }
        let url = self.url.join(&[&format!("{id}.json")]);
        let Some(bytes) = self.net.client.small(&url, self.limits.record, self.net.clock)? else {
            return Ok(false);
        };
        let as_new = is_as_new(&bytes, id, *at);
        if as_new {
            write_whole(&target, &bytes)?;
        }
        Ok(as_new)
    }
}

/// Whether bytes are the record with this id, at least as new.
fn is_as_new(bytes: &[u8], id: &str, at: Timestamp) -> bool {
    #[derive(Deserialize)]
    struct Head {
        id: String,
        modified: String,
    }
    serde_json::from_slice::<Head>(bytes).is_ok_and(|head| {
        // The list has whole seconds where the record may have fractions.
        let modified = head.modified.parse::<Timestamp>().map(Timestamp::as_second);
        head.id == id && modified.is_ok_and(|modified| modified >= at.as_second())
    })
}

/// Whether a file is a zip archive with entries; unless a checksum vouches for it, each entry is
/// unpacked and its own sum compared.
fn check_zip(path: &Path, vouched: bool) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let size = file.metadata().map_or(0, |m| m.len());
    let broken = |e: &dyn std::fmt::Display| format!("it is not a whole zip archive: {e}");
    let mut archive = ZipArchive::new(file).map_err(|e| broken(&e))?;
    if archive.is_empty() || archive.len() > MAX_ENTRIES {
        return Err(format!("the archive has {} entries", archive.len()));
    }
    if vouched {
        return Ok(());
    }
    // As much as the reader of the index unpacks.
    let mut left = size.saturating_mul(200).saturating_add(64 << 20);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|e| broken(&e))?;
        let count = std::io::copy(&mut (&mut entry).take(left), &mut std::io::sink());
        left = left.saturating_sub(count.map_err(|e| broken(&e))?);
        if left == 0 {
            return Err("the archive unpacks to more than its size allows".to_owned());
        }
    }
    Ok(())
}
