//! What every page must hold in the browser: WCAG 2.2 AA as axe reads it, nothing wider than the
//! window, nothing that the page's own policy forbids.

use std::path::PathBuf;

use serde_json::Value;

use super::Page;

/// Where `cargo xtask tools` puts axe.
fn axe_file() -> PathBuf {
    crate::repository().join("target/tools/node_modules/axe-core/axe.min.js")
}

/// The source of axe. `None` if it is not installed; the caller's test then says that it skips.
pub fn axe() -> Option<String> {
    let source = std::fs::read_to_string(axe_file());
    if source.is_err() {
        eprintln!("SKIPPED: axe is not installed (cargo xtask tools installs it)");
    }
    source.ok()
}

/// What is against WCAG 2.2 AA on a page, a line each.
pub fn inaccessible(page: &Page, axe: &str) -> Vec<String> {
    page.run(&format!("{axe}; 0"));
    let tags = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']";
    let found = page.run(&format!(
        "axe.run(document, {{ runOnly: {tags}, resultTypes: ['violations'] }}).then((r) => r.violations.flatMap((v) => \
         v.nodes.slice(0, 3).map((n) => v.id + ': ' + n.html.slice(0, 200) + ' | ' + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? v.help))))"
    ));
    lines(&found)
}

/// Elements that make a page wider than its window, a line each.
pub fn too_wide(page: &Page) -> Vec<String> {
    lines(&page.run(
        "(() => { const wide = document.documentElement.clientWidth; \
         if (document.documentElement.scrollWidth <= wide) return []; \
         return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > wide + 1) \
         .slice(0, 8).map((e) => e.tagName + '.' + (e.getAttribute('class') ?? '') + ' ' + Math.round(e.getBoundingClientRect().right)); })()",
    ))
}

/// What the page's own policy forbade, a line each.
pub fn refused(page: &Page) -> Vec<String> {
    lines(&page.run("window.refused ?? []"))
}

/// Looks at a page wide and narrow, and keeps a picture of each (`target/screenshots/NAME-WIDTH.png`); it is wide
/// afterwards. What is wrong with it, with the name and the width.
pub fn looked(page: &Page, axe: &str, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    for width in [1440, 360] {
        page.size(width, 900);
        let mut faults = inaccessible(page, axe);
        faults.extend(too_wide(page).into_iter().map(|fault| format!("too wide: {fault}")));
        faults.extend(refused(page));
        all.extend(faults.into_iter().map(|fault| format!("{name} at {width}: {fault}")));
        page.picture(&crate::repository().join(format!("target/screenshots/{name}-{width}.png")));
    }
    page.size(1440, 900);
    all
}

fn lines(found: &Value) -> Vec<String> {
    let lines = found.as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().map(|l| l.as_str().map_or_else(|| l.to_string(), str::to_owned)).collect()
}
