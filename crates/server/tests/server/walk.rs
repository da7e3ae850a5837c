//! A walk through all pages in a real browser, as a person does it: by following what can be clicked.

use std::collections::{BTreeMap, VecDeque};

use serde_json::json;
use trimtab_testkit::browser::{Page, rules};
use trimtab_testkit::repository;

/// The most kinds of pages that are looked at.
const MOST: usize = 200;

/// Follows links from `/` and looks once at each kind of page (one finding, one system, one filter of each
/// name …), wide and narrow, and at what is drawn in the dark too. Gives the kinds that were seen, and what is wrong
/// with them.
pub(crate) fn every_page(page: &Page, axe: &str, base: &str) -> (Vec<String>, Vec<String>) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut waiting = VecDeque::from(["/".to_owned()]);
    let mut wrong = Vec::new();
    while let Some(path) = waiting.pop_front() {
        let kind = kind(&path);
        if seen.contains_key(&kind) || seen.len() == MOST {
            continue;
        }
        seen.insert(kind.clone(), path.clone());
        page.size(1440, 900);
        page.dark(false);
        page.open(&format!("{base}{path}"));
        let status = page.run("performance.getEntriesByType('navigation')[0].responseStatus");
        if status != json!(200) {
            wrong.push(format!("{path}: {status}"));
            continue;
        }
        let mut views = vec![(1440, 900, false), (360, 740, false)];
        if is_coloured(&kind) {
            views.push((1440, 900, true));
        }
        for (width, height, dark) in views {
            page.size(width, height);
            page.dark(dark);
            let scheme = if dark { "-dark" } else { "" };
            let mut faults = rules::inaccessible(page, axe);
            faults.extend(rules::too_wide(page).into_iter().map(|f| format!("too wide: {f}")));
            faults.extend(rules::refused(page));
            wrong.extend(faults.into_iter().map(|f| format!("{path} at {width}{scheme}: {f}")));
            let name: String =
                kind.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            let name = name.trim_matches('-');
            let name = if name.is_empty() { "today" } else { name };
            page.picture(
                &repository().join(format!("target/screenshots/filled-{name}-{width}{scheme}.png")),
            );
        }
        let links = page.run(
            "[...document.querySelectorAll('a[href]')].filter((a) => a.origin === location.origin && !a.hasAttribute('download')) \
             .map((a) => a.pathname + a.search)",
        );
        for link in links.as_array().into_iter().flatten().filter_map(|l| l.as_str()) {
            // Data to download is no page.
            if !link.contains(".csv") && !link.contains(".json") && !link.starts_with("/api/v1/") {
                waiting.push_back(link.to_owned());
            }
        }
    }
    (seen.into_keys().collect(), wrong)
}

/// Whether a page has what is drawn in more than the colours of text.
fn is_coloured(kind: &str) -> bool {
    let path = kind.split('?').next().unwrap_or(kind);
    let drawn =
        ["/", "/systems/one", "/teams/one", "/teams/one/plan", "/today/changes", "/today/new"];
    drawn.contains(&path) || path.starts_with("/metrics") || path.starts_with("/ledger")
}

/// A page's kind: its path with what names one thing left out, and the names of its filters.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let named = ["vulnerabilities", "assets", "packages", "lessons"];
    let mut before = "";
    let mut parts = Vec::new();
    for part in path.split('/') {
        let one = part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
        parts.push(if one || named.contains(&before) { "one" } else { part });
        before = part;
    }
    // Which tab of a page is shown makes it another one. A list of *Today* is the same for every side.
    let tabs: &[&str] = if path.starts_with("/today/") { &[] } else { &["state", "by", "side"] };
    let tab = |pair: &str| tabs.iter().any(|t| pair.starts_with(&format!("{t}=")));
    let mut names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| if tab(pair) { Some(pair) } else { pair.split('=').next() })
        .filter(|n| !n.is_empty())
        .collect();
    names.sort_by_key(|pair| (!tab(pair), *pair));
    names.dedup();
    // Many filters together are no other page than each of them.
    names.truncate(1);
    format!("{}?{}", parts.join("/"), names.join("&"))
}
