//! Every page in a real browser: WCAG 2.2 AA by axe, nothing wider than the window, nothing that the
//! policy forbids, in two widths, light and dark. Pictures are kept in `target/screenshots`.

mod sample;
mod served;

use trimtab_testkit::browser::{Browser, Page, rules};
use trimtab_testkit::repository;

/// A page of the sample as it is served.
fn sample() -> Vec<(String, String)> {
    sample::pages().into_iter().map(|(name, html)| (name.to_owned(), html)).collect()
}

/// What is wrong with a page as it stands, with the name of the view.
fn faults(page: &Page, axe: &str, view: &str) -> Vec<String> {
    let mut faults = rules::inaccessible(page, axe);
    faults.extend(rules::too_wide(page).into_iter().map(|f| format!("too wide: {f}")));
    faults.extend(rules::refused(page).into_iter().map(|f| format!("refused: {f}")));
    faults.into_iter().map(|fault| format!("{view}: {fault}")).collect()
}

#[test]
fn every_page_can_be_used_by_everyone() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let pages = sample();
    let only = std::env::var("TRIMTAB_PAGE").unwrap_or_default();
    let names: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
    let address = served::serve(pages);
    let mut wrong = Vec::new();
    let page = browser.page();
    for name in names.iter().filter(|n| only.is_empty() || **n == only) {
        for (width, height) in [(1440, 900), (360, 740)] {
            for (dark, scheme) in [(false, "light"), (true, "dark")] {
                page.size(width, height);
                page.dark(dark);
                page.open(&format!("{address}{name}"));
                let view = format!("{name}-{width}-{scheme}");
                wrong.extend(faults(&page, &axe, &view));
                page.picture(&repository().join(format!("target/screenshots/{view}.png")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
