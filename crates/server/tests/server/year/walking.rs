//! Every page and every address of the API that somebody may see, found as they find them: by what links there, and by the
//! list of the API's routes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use super::organisation::Year;
use crate::harness::Someone;

/// The most addresses that are opened.
const MOST: usize = 4_000;
/// Parts of a path behind which something is named.
const NAMED: [&str; 4] = ["vulnerabilities", "assets", "packages", "lessons"];
/// Members that make another page of one path.
const TABS: [&str; 2] = ["by=", "chart="];

/// Answers by their addresses.
pub(super) type Answers = BTreeMap<String, String>;

/// An address with what names one thing left out: what its numbers are called by.
pub(super) fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut before = "";
    let mut parts = Vec::new();
    for part in path.split('/') {
        let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        parts.push(if is_number || NAMED.contains(&before) { "*" } else { part });
        before = part;
    }
    let tab = query.split('&').find(|pair| TABS.iter().any(|tab| pair.starts_with(tab)));
    match tab {
        Some(tab) if !path.starts_with("/today/") => format!("{}?{tab}", parts.join("/")),
        _ => parts.join("/"),
    }
}

/// In which form an address answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    Page,
    Json,
    Csv,
}

pub(super) fn form(address: &str) -> Form {
    let path = address.split('?').next().unwrap_or_default();
    match path.rsplit_once('.') {
        Some((_, "csv")) => Form::Csv,
        Some((_, "json")) => Form::Json,
        _ if path.starts_with("/api/") => Form::Json,
        _ => Form::Page,
    }
}

/// By what an address narrows beside its kind.
fn narrowed(address: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let first = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).min();
    format!("{} {}", kind(address), first.unwrap_or_default())
}

fn links(page: &str) -> impl Iterator<Item = String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = hrefs.filter(|href| href.starts_with('/') && !href.starts_with("//"));
    own.map(|href| {
        let href = href.replace("&#38;", "&").replace("&amp;", "&");
        href.split('#').next().unwrap_or_default().to_owned()
    })
}

/// Whether something is asked of an address that would take long, or give bytes that are no page.
fn is_passed(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let is_file = path.starts_with("/assets/") && path.matches('.').count() > 1;
    let bytes = ["/minutes", "/pdf", "/pack", "/oscal", "/report", "/openapi.json", "/backup"];
    // The same as text or bytes.
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let is_other =
        path.starts_with("/api/") && query.split('&').any(|pair| pair.starts_with("as="));
    is_file
        || is_other
        || bytes.iter().any(|end| path.starts_with("/api/") && path.ends_with(end))
        || path.starts_with("/api/v1/documents")
        || path.ends_with(".ics")
}

/// What one reader finds by opening pages, what is linked there, and what does not open.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) answers: Answers,
    pub(super) wrong: Vec<String>,
    seen: Vec<String>,
}

/// Opens each kind of page as somebody, `each` of it and of each that narrows it.
pub(super) fn pages(year: &Year, who: &Someone, each: usize) -> Walk {
    let mut walk = Walk::default();
    let mut opened: BTreeMap<String, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from(["/".to_owned()]);
    while let Some(address) = waiting.pop_front() {
        let times = opened.entry(narrowed(&address)).or_default();
        if *times == each || walk.answers.contains_key(&address) || walk.answers.len() == MOST {
            continue;
        }
        *times += 1;
        let answer = year.server.open(who, &address);
        // It leads to where it is.
        if answer.status == 303 {
            waiting.extend(answer.header("location").map(ToOwned::to_owned));
            continue;
        }
        if answer.status != 200 {
            walk.wrong.push(format!("{address}: {} {}", answer.status, answer.text));
            continue;
        }
        if form(&address) == Form::Page {
            let own: Vec<String> = links(&answer.text).filter(|to| !is_passed(to)).collect();
            walk.seen.extend(own.iter().cloned());
            waiting.extend(own);
        }
        walk.answers.insert(address, answer.text);
    }
    walk
}

/// Opens the API as somebody who may not see all of it, with what their pages named: it answers, or says that they may not.
pub(super) fn own_api(year: &Year, who: &Someone, walk: &mut Walk, each: usize) {
    for address in routes(&walk.seen, each) {
        let answer = year.server.open(who, &address);
        match answer.status {
            200 => _ = walk.answers.insert(address, answer.text),
            0 | 500.. => walk.wrong.push(format!("{address}: {} {}", answer.status, answer.text)),
            _ => {}
        }
    }
}

/// Opens the pages, and all of the API. And what does not open.
pub(super) fn every_address(year: &Year, each: usize) -> (Answers, Vec<String>) {
    let Walk { mut answers, mut wrong, seen } = pages(year, &year.lea, each);
    for address in routes(&seen, each) {
        let Entry::Vacant(place) = answers.entry(address) else { continue };
        let answer = year.server.open(&year.lea, place.key());
        match answer.status {
            200 => _ = place.insert(answer.text),
            status => wrong.push(format!("{}: {status} {}", place.key(), answer.text)),
        }
    }
    assert!(answers.len() < MOST, "there are more");
    (answers, wrong)
}

/// Which pages tell the names of what a route is about.
const ABOUT: &[(&str, &str)] = &[
    ("/api/v1/appeals/{id}", "/appeals/"),
    ("/api/v1/cards/{id}", "/cards/"),
    ("/api/v1/charters/{id}/effect", "/charter/proposals/"),
    ("/api/v1/decisions/{id}", "/exceptions/"),
    ("/api/v1/findings/{id}", "/findings/"),
    ("/api/v1/incidents/{id}", "/incidents/"),
    ("/api/v1/people/{id}", "/administration/people/"),
    ("/api/v1/reviews/{id}", "/reviews/"),
    ("/api/v1/suppliers/{id}", "/suppliers/"),
    ("/api/v1/suppliers/{id}/documents", "/suppliers/"),
    ("/api/v1/suppliers/{id}/letters", "/suppliers/"),
    ("/api/v1/suppliers/{id}/packages", "/suppliers/"),
    ("/api/v1/suppliers/{id}/questions", "/suppliers/"),
    ("/api/v1/systems/{id}/people", "/systems/"),
    ("/api/v1/teams/{id}/card", "/teams/"),
    ("/api/v1/teams/{id}/notices", "/teams/"),
    ("/api/v1/teams/{id}/notices/sent", "/teams/"),
    ("/api/v1/teams/{id}/notices/wishes", "/teams/"),
    ("/api/v1/teams/{id}/plan", "/teams/"),
    ("/api/v1/teams/{id}/rota", "/teams/"),
    ("/api/v1/teams/{id}/tickets", "/teams/"),
    ("/api/v1/updates/{id}", "/updates/"),
    ("/api/v1/verdicts/{id}", "/verdicts/"),
    ("/api/v1/vulnerabilities/{name}", "/vulnerabilities/"),
];
/// Routes that are not opened, each with the reason.
const NOT_OPENED: &[(&str, &str)] = &[
    ("/api/v1/assets/{id}", "of what its page tells, by a number that no page tells"),
    ("/api/v1/boards/{side}/mail", "to whom a board is written, which is no measure"),
    ("/api/v1/documents/{digest}", "as it was received"),
    ("/api/v1/findings/groups", "asks by what; the pages are walked"),
    ("/api/v1/findings/groups.csv", "asks by what; the pages are walked"),
    ("/api/v1/incidents/{id}/report", "text; the page is walked"),
    ("/api/v1/jobs/{id}", "of a job, which is no measure"),
    ("/api/v1/jobs/{id}/events", "does not end before the job does"),
    ("/api/v1/maturity/oscal", "what `/api/v1/maturity` says, in another's form"),
    ("/api/v1/maturity/pack", "bytes; the page is walked"),
    ("/api/v1/maturity/pdf", "bytes; the page is walked"),
    ("/api/v1/metrics/list", "asks for what is to be listed; the page is walked"),
    ("/api/v1/notices/{id}", "of a letter, which is no measure"),
    ("/api/v1/openapi.json", "describes the API"),
    ("/api/v1/packages/{purl}", "the page is walked"),
    ("/api/v1/releases", "asks for an asset; the page is walked"),
    ("/api/v1/reviews/{id}/minutes", "text; the page is walked"),
    ("/api/v1/search", "asks for words"),
    ("/api/v1/supplied", "of a supplier's link"),
    ("/api/v1/suppliers/{id}/documents/{number}", "of a document, which is no measure"),
    ("/api/v1/suppliers/{id}/documents/{number}/bytes", "as it was received"),
    ("/api/v1/teams/{id}/tracker", "how a tracker is reached, which is no measure"),
    ("/api/v1/today/{list}", "asks for a side; the pages are walked"),
    ("/api/v1/where", "asks for what is looked for; the page is walked"),
];

/// The addresses of the API, with names that pages told.
fn routes(seen: &[String], each: usize) -> Vec<String> {
    let list = trimtab_testkit::repository().join("corpus/access/routes.txt");
    let list = std::fs::read_to_string(list).unwrap();
    let mut all = Vec::new();
    for line in list.lines().filter_map(|line| line.strip_prefix("GET ")) {
        let route = line.split_whitespace().next().unwrap();
        if NOT_OPENED.iter().any(|(of, _)| *of == route) {
            continue;
        }
        let Some((begin, rest)) = route.split_once('{') else {
            all.push(route.to_owned());
            continue;
        };
        let end = rest.split_once('}').unwrap().1;
        let about = ABOUT.iter().find(|(of, _)| *of == route);
        let Some((_, from)) = about else { panic!("{route} is neither opened nor named") };
        let name = |to: &String| {
            let name = to.strip_prefix(from)?.split(['/', '?']).next()?.to_owned();
            let is_number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
            (is_number || (rest.starts_with("name") && !name.is_empty())).then_some(name)
        };
        let mut names: Vec<String> = seen.iter().filter_map(name).collect();
        names.sort();
        names.dedup();
        all.extend(names.into_iter().take(each).map(|name| format!("{begin}{name}{end}")));
    }
    all
}
