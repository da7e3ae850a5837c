//! One run: each feed is brought to its place in the folder, and what fails is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use trimtab_model::{Code, Diagnostic, Family};

use super::check::{looks_like_json, looks_like_kev, looks_like_scores};
use super::osv::Place;
use super::{Change, Limits, Mirrored, Source, Wanted};
use crate::download::{Got, Net, Wish, fetch};
use crate::http::{Failure, PARALLEL};
use crate::url::Url;

pub(super) struct Run<'a> {
    pub(super) net: Net<'a>,
    pub(super) limits: Limits,
    pub(super) wanted: &'a Wanted,
    pub(super) folder: &'a Path,
}

impl Run<'_> {
    pub(super) fn all(&self) -> Mirrored {
        let mut mirrored = Mirrored::default();
        if let Some(url) = &self.wanted.osv {
            mirrored.osv = self.layout(url, "osv", "OSV", true, &mut mirrored);
            if mirrored.offline && mirrored.osv.is_empty() {
                // Without advisories there is no index; one message is enough.
                return mirrored;
            }
        }
        if let Some(from) = &self.wanted.malicious {
            let (url, named) = match from {
                Source::Named(url) => (url, true),
                Source::Beside(url) => (url, false),
            };
            mirrored.malicious =
                self.layout(url, "osv-malicious", "malicious packages", named, &mut mirrored);
        }
        mirrored.kev = self.single(
            &self.wanted.kev,
            "KEV",
            &["kev", "known_exploited_vulnerabilities.json"],
            looks_like_kev,
            &mut mirrored,
        );
        mirrored.lifecycle = self.single(
            &self.wanted.lifecycle,
            "lifecycles",
            &["lifecycle", "endoflife.json"],
            looks_like_json,
            &mut mirrored,
        );
        let epss = self.dated_epss();
        let epss = epss.as_ref().or(self.wanted.epss.as_ref()).cloned();
        mirrored.epss = self.single(
            &epss,
            "EPSS",
            &["epss", "epss_scores-current.csv.gz"],
            looks_like_scores,
            &mut mirrored,
        );
        mirrored
    }

    /// A folder in OSV's layout: the folders of its ecosystems here.
    fn layout(
        &self,
        url: &Url,
        name: &str,
        title: &str,
        named: bool,
        mirrored: &mut Mirrored,
    ) -> Vec<PathBuf> {
        let folder = self.folder.join(name);
        let (families, down) = match self.ecosystems(url, &folder) {
            Ok(Some(families)) => (families, None),
            Ok(None) if !named => return Vec::new(),
            Ok(None) if !self.wanted.ecosystems.is_empty() => {
                (self.wanted.ecosystems.clone(), None)
            }
            Ok(None) => {
                let failure = Failure::Refused("there is no ecosystems.txt".to_owned());
                (self.kept(&folder), Some(failure))
            }
            Err(failure) => (self.kept(&folder), Some(failure)),
        };
        if let Some(failure) = down {
            mirrored.offline |= matches!(failure, Failure::Unreachable(_));
            mirrored.diagnostics.push(unavailable(title, url, &failure));
            return families.iter().map(|f| folder.join(f.osv_name())).collect();
        }
        if named {
            for family in self.wanted.ecosystems.iter().filter(|f| !families.contains(f)) {
                let failure = Failure::Refused("not listed in ecosystems.txt".to_owned());
                let title = format!("{title} for {family}");
                mirrored.diagnostics.push(unavailable(&title, url, &failure));
                if !mirrored.missing.contains(family) {
                    mirrored.missing.push(*family);
                }
            }
        }
        let places: Vec<(Family, Place<'_>)> = families
            .into_iter()
            .map(|family| {
                let place = Place {
                    net: &self.net,
                    limits: &self.limits,
                    url: url.join(&[family.osv_name()]),
                    folder: folder.join(family.osv_name()),
                };
                (family, place)
            })
            .collect();
        let changes = update_all(&places);
        let mut folders = Vec::new();
        for ((family, place), change) in places.iter().zip(changes) {
            let title = format!("{title} for {family}");
            match change {
                Ok(Change::Absent) => {
                    let failure = Failure::Refused("there is no all.zip".to_owned());
                    mirrored.diagnostics.push(unavailable(&title, &place.url, &failure));
                }
                Ok(change) => mirrored.count(change),
                Err(failure) => {
                    mirrored.diagnostics.push(unavailable(&title, &place.url, &failure));
                }
            }
            if place.has_copy() {
                folders.push(place.folder.clone());
            } else if !mirrored.missing.contains(family) {
                mirrored.missing.push(*family);
            }
        }
        folders
    }

    /// The ecosystems to bring. `None`: the server has no list of them.
    fn ecosystems(&self, url: &Url, folder: &Path) -> Result<Option<Vec<Family>>, Failure> {
        fs::create_dir_all(folder)?;
        let target = folder.join("ecosystems.txt");
        let wish = Wish {
            url: &url.join(&["ecosystems.txt"]),
            target: &target,
            most: 1 << 20,
            sha256_beside: false,
            check: &|path, _| match fs::read_to_string(path) {
                Ok(text) if !text.trim_start().starts_with('<') => Ok(()),
                _ => Err("ecosystems.txt is not a list of names".to_owned()),
            },
        };
        if fetch(&self.net, &wish)? == Got::Absent {
            return Ok(None);
        }
        let text = fs::read_to_string(&target)?;
        let only = &self.wanted.ecosystems;
        // A name with a suffix (`Debian:12`) is a part of the one without.
        let families = text.lines().filter_map(|line| Family::from_osv(line.trim()));
        let mut families: Vec<Family> =
            families.filter(|family| only.is_empty() || only.contains(family)).collect();
        families.sort();
        families.dedup();
        Ok(Some(families))
    }

    /// The ecosystems of which there is a copy.
    fn kept(&self, folder: &Path) -> Vec<Family> {
        let only = &self.wanted.ecosystems;
        let wanted = |family: &Family| only.is_empty() || only.contains(family);
        let has = |family: &Family| folder.join(family.osv_name()).join("all.zip").is_file();
        Family::ALL.iter().copied().filter(wanted).filter(has).collect()
    }

    /// A feed of one file: where it lies here.
    fn single(
        &self,
        from: &Option<Source>,
        title: &str,
        path: &[&str; 2],
        check: fn(&Path) -> Result<(), String>,
        mirrored: &mut Mirrored,
    ) -> Option<PathBuf> {
        let [folder, name] = path;
        let (url, named) = match from.as_ref()? {
            Source::Named(url) => (url.clone(), true),
            Source::Beside(url) => (url.join(path), false),
        };
        let folder = self.folder.join(folder);
        let target = folder.join(name);
        let wish = Wish {
            url: &url,
            target: &target,
            most: self.limits.feed,
            sha256_beside: false,
            check: &|path, _| check(path),
        };
        let got = fs::create_dir_all(&folder)
            .map_err(Failure::from)
            .and_then(|()| fetch(&self.net, &wish));
        let failure = match got {
            Ok(Got::Absent) if !named => return None,
            Ok(Got::Absent) => Failure::Refused("not found".to_owned()),
            Ok(got) => {
                mirrored.count(if got == Got::Fresh { Change::Whole } else { Change::Unchanged });
                return Some(target);
            }
            Err(failure) => failure,
        };
        mirrored.diagnostics.push(unavailable(title, &url, &failure));
        target.is_file().then_some(target)
    }

    /// Beside a mirror, scores may have only a dated name: the newest that the folder's listing
    /// shows, where the server has listings.
    fn dated_epss(&self) -> Option<Source> {
        let Some(Source::Beside(url)) = &self.wanted.epss else { return None };
        let folder = url.join(&["epss"]);
        let current = self.net.client.small(&folder.with_suffix("/"), 1 << 20, self.net.clock);
        let text = String::from_utf8_lossy(&current.ok()??).into_owned();
        let names = text.split(['"', '\'', '<', '>', '/']).filter(|name| {
            let date = name.strip_prefix("epss_scores-").and_then(|n| n.strip_suffix(".csv.gz"));
            date.is_some_and(|d| {
                d.len() == 10 && d.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            })
        });
        let known = text.contains("epss_scores-current.csv.gz");
        names.max().filter(|_| !known).map(|name| Source::Named(folder.join(&[name])))
    }
}

/// After so many ecosystems in a row that could not be reached, the rest is not tried.
const GIVE_UP: usize = 3;

/// Updates every place, a few at a time; the answers are in the places' order.
fn update_all(places: &[(Family, Place<'_>)]) -> Vec<Result<Change, Failure>> {
    let (next, unreachable) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..PARALLEL.min(places.len()) {
            let send = send.clone();
            let (next, unreachable) = (&next, &unreachable);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, place)) = places.get(at) else { return };
                    let change = if unreachable.load(Ordering::Relaxed) >= GIVE_UP {
                        Err(Failure::Unreachable("the server cannot be reached".to_owned()))
                    } else {
                        place.update()
                    };
                    match &change {
                        Err(Failure::Unreachable(_)) => {
                            unreachable.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => unreachable.store(0, Ordering::Relaxed),
                    }
                    if send.send((at, change)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(send);
    let mut changes: Vec<(usize, Result<Change, Failure>)> = receive.iter().collect();
    changes.sort_by_key(|(at, _)| *at);
    changes.into_iter().map(|(_, change)| change).collect()
}

fn unavailable(title: &str, url: &Url, failure: &Failure) -> Diagnostic {
    let next = match failure {
        Failure::Disk(_) => "free disk space, or use another place with --db FILE",
        Failure::Untrusted(_) => {
            "check the address; if a proxy inspects TLS, set SSL_CERT_FILE to a PEM file with its root certificate"
        }
        Failure::Refused(_) | Failure::Corrupt(_) => "check the address, or use a mirror",
        _ => "run the update again; it resumes from what was already downloaded",
    };
    Diagnostic::new(Code::FeedUnavailable, format!("{title} could not be fetched: {failure}"))
        .in_file(url.to_string())
        .help(next)
}
