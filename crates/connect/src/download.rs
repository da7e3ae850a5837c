//! One file from a server to the disk: asked for only if it changed, continued where it broke off,
//! checked before it gets its name.
//!
//! Bytes go to `NAME.part`, which survives the process; the next try asks for the rest with
//! `Range` and `If-Range`, so that a file which changed meanwhile comes whole. Nothing is renamed
//! to `NAME` that does not match the checksums offered and the caller's own check.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::checksum::Checksums;
use crate::http::{Client, Failure, Response, interrupted, too_large};
use crate::origin::{Origin, beside};
use crate::retry::Clock;
use crate::url::Url;

/// A connection that carried this much before it broke was not a failed try.
const STRIDE: u64 = 1 << 20;

/// How many bytes are expected and have come, over all files.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) expected: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// What every fetch needs.
pub(crate) struct Net<'a> {
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) meter: &'a Meter,
}

/// The file that is wanted.
pub(crate) struct Wish<'a> {
    pub(crate) url: &'a Url,
    pub(crate) target: &'a Path,
    /// The most bytes.
    pub(crate) most: u64,
    /// Whether `NAME.sha256` is asked for where the server names no checksum.
    pub(crate) sha256_beside: bool,
    /// The caller's check; told whether a checksum has already vouched for every byte.
    pub(crate) check: &'a dyn Fn(&Path, bool) -> Result<(), String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Got {
    Fresh,
    Unchanged,
    Absent,
}

/// Fetches a file, trying again where that may help.
pub(crate) fn fetch(net: &Net<'_>, wish: &Wish<'_>) -> Result<Got, Failure> {
    let part = beside(wish.target, ".part");
    let (mut failed, mut furthest) = (0, held(&part));
    loop {
        let failure = match attempt(net, wish, &part) {
            Ok(got) => return Ok(got),
            Err(failure) => failure,
        };
        // Where the server cannot continue, each try must get further: that too comes to an end.
        let reached = held(&part);
        if reached >= furthest.saturating_add(STRIDE) {
            (failed, furthest) = (0, reached);
        }
        failed += 1;
        let Some(pause) = failure.pause(failed) else { return Err(failure) };
        net.clock.pause(pause);
    }
}

fn held(part: &Path) -> u64 {
    fs::metadata(part).map_or(0, |m| m.len())
}

fn attempt(net: &Net<'_>, wish: &Wish<'_>, part: &Path) -> Result<Got, Failure> {
    let begun = Origin::read(part, wish.url).filter(|o| o.validator().is_some());
    let have = if begun.is_some() { held(part) } else { 0 };
    if let Some(origin) = begun.as_ref().filter(|o| have > 0 && o.length == Some(have)) {
        // All of it came before the last process ended.
        return settle(net, wish, part, origin);
    }
    let whole = Origin::of_file(wish.target, wish.url);
    let range = format!("bytes={have}-");
    let mut headers: Vec<(&str, &str)> = Vec::new();
    match (&begun, &whole) {
        (Some(origin), _) if have > 0 => {
            headers.push(("Range", &range));
            headers.extend(origin.validator().map(|v| ("If-Range", v)));
        }
        (_, Some(origin)) => {
            headers.extend(origin.etag.as_deref().map(|v| ("If-None-Match", v)));
            headers.extend(origin.last_modified.as_deref().map(|v| ("If-Modified-Since", v)));
        }
        _ => {}
    }
    let answer = net.client.get(wish.url, &headers, net.clock)?;
    let origin = match answer.status {
        200 => {
            let origin = Origin::of(wish.url, &answer, answer.length());
            receive(net, wish, part, 0, answer, &origin)?;
            origin
        }
        206 if have > 0 => {
            let total = match content_range(answer.header("content-range")) {
                Some((start, total)) if start == have => total,
                _ => {
                    return Err(start_over(
                        part,
                        "the server sent a different range than requested",
                    ));
                }
            };
            let before = begun.unwrap_or_default();
            let origin = Origin::of(wish.url, &answer, total.or(before.length));
            if origin.etag.is_some() && before.etag.is_some() && origin.etag != before.etag {
                return Err(start_over(part, "the file changed on the server"));
            }
            receive(net, wish, part, have, answer, &origin)?;
            origin
        }
        304 if whole.is_some() && have == 0 => return Ok(Got::Unchanged),
        416 => return Err(start_over(part, "the file on the server is shorter than before")),
        _ if answer.is_absent() => {
            discard(part);
            return Ok(Got::Absent);
        }
        _ => return Err(answer.refusal()),
    };
    settle(net, wish, part, &origin)
}

/// Writes a body behind the bytes that are there.
fn receive(
    net: &Net<'_>,
    wish: &Wish<'_>,
    part: &Path,
    have: u64,
    mut answer: Response,
    origin: &Origin,
) -> Result<(), Failure> {
    if origin.length.is_some_and(|length| length > wish.most) {
        discard(part);
        return Err(too_large(wish.most));
    }
    let mut file = if have > 0 {
        File::options().append(true).open(part)?
    } else {
        // The origin of other bytes must not stand beside these.
        discard(part);
        File::create(part)?
    };
    origin.write(part)?;
    let rest = origin.length.map(|length| length.saturating_sub(have));
    net.meter.expected.fetch_add(rest.unwrap_or(0), Ordering::Relaxed);
    let mut at = have;
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let count = match answer.body.read(&mut buffer) {
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(interrupted(&e)),
        };
        let Some(bytes) = buffer.get(..count).filter(|b| !b.is_empty()) else { break };
        at += bytes.len() as u64;
        if at > wish.most {
            drop(file);
            discard(part);
            return Err(too_large(wish.most));
        }
        file.write_all(bytes)?;
        net.meter.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if rest.is_none() {
            net.meter.expected.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
    }
    if origin.length.is_some_and(|length| length != at) {
        return Err(Failure::Interrupted("the connection closed before the end".to_owned()));
    }
    file.sync_all()?;
    Ok(())
}

/// Checks a whole part and gives it its name.
fn settle(net: &Net<'_>, wish: &Wish<'_>, part: &Path, origin: &Origin) -> Result<Got, Failure> {
    let mut sums = origin.checksums();
    if sums.is_empty() && wish.sha256_beside {
        let beside = net.client.small(&wish.url.with_suffix(".sha256"), 4096, net.clock)?;
        let text = beside.and_then(|bytes| String::from_utf8(bytes).ok());
        sums = text.and_then(|text| Checksums::of_sha256_file(&text)).unwrap_or_default();
    }
    let named = !sums.is_empty();
    let mut result = Ok(());
    if named {
        result = sums.check(File::open(part)?)?.map_err(str::to_owned);
    }
    if let Err(reason) = result.and_then(|()| (wish.check)(part, named)) {
        discard(part);
        return Err(Failure::Corrupt(reason));
    }
    let origin = Origin { length: Some(held(part)), ..origin.clone() };
    fs::rename(part, wish.target)?;
    origin.write(wish.target)?;
    discard(part);
    Ok(Got::Fresh)
}

fn start_over(part: &Path, reason: &str) -> Failure {
    discard(part);
    Failure::Interrupted(reason.to_owned())
}

/// Removes a part and its origin. If that fails, the next try finds out.
fn discard(part: &Path) {
    let _ = fs::remove_file(part);
    let _ = fs::remove_file(beside(part, ".origin"));
}

/// First byte and total length of `bytes 100-199/200`.
fn content_range(value: Option<&str>) -> Option<(u64, Option<u64>)> {
    let (range, total) = value?.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}
