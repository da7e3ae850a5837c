//! Every page in a real browser: WCAG 2.2 AA by axe, nothing wider than the window, nothing that the
//! policy forbids, in two widths, light and dark. Pictures are kept in `target/screenshots`.

mod sample;
mod served;

use jiff::{Span, Timestamp};
use serde_json::json;
use trimtab_pages::part::When;
use trimtab_testkit::browser::{Browser, Page, rules};
use trimtab_testkit::repository;

/// Pages as they are served.
fn owned(pages: Vec<(&'static str, String)>) -> Vec<(String, String)> {
    pages.into_iter().map(|(name, html)| (name.to_owned(), html)).collect()
}

/// Keeps a picture of a page.
fn keep(page: &Page, view: &str) {
    page.picture(&repository().join(format!("target/screenshots/{view}.png")));
}

/// What is wrong with a page as it stands, with the name of the view.
fn faults(page: &Page, axe: &str, view: &str) -> Vec<String> {
    let mut faults = rules::inaccessible(page, axe);
    faults.extend(rules::too_wide(page).into_iter().map(|f| format!("too wide: {f}")));
    faults.extend(rules::refused(page).into_iter().map(|f| format!("refused: {f}")));
    faults.into_iter().map(|fault| format!("{view}: {fault}")).collect()
}

/// Set `TRIMTAB_PAGE` to look at one page alone.
#[test]
fn every_page_can_be_used_by_everyone() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let pages = sample::pages();
    let only = std::env::var("TRIMTAB_PAGE").unwrap_or_default();
    let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    let address = served::serve(owned(pages));
    let mut wrong = Vec::new();
    let page = browser.page();
    for name in names.into_iter().filter(|n| only.is_empty() || *n == only) {
        for (width, height) in [(1440, 900), (360, 740)] {
            for (dark, scheme) in [(false, "light"), (true, "dark")] {
                page.size(width, height);
                page.dark(dark);
                page.open(&format!("{address}{name}"));
                let view = format!("{name}-{width}-{scheme}");
                wrong.extend(faults(&page, &axe, &view));
                keep(&page, &view);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// 320 px is what WCAG asks of reflow; the others are where the layout changes.
#[test]
fn nothing_is_wider_than_any_window() {
    let Some(browser) = Browser::start() else { return };
    let pages = sample::pages();
    let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    let address = served::serve(owned(pages));
    let page = browser.page();
    let mut wrong = Vec::new();
    for name in names {
        page.open(&format!("{address}{name}"));
        for width in [320, 480, 861, 960, 1081, 1920] {
            page.size(width, 800);
            let wide = rules::too_wide(&page);
            wrong.extend(wide.into_iter().map(|f| format!("{name} at {width}: {f}")));
            if (name, width) == ("finding", 960) {
                page.touch(".who > summary");
                keep(&page, "finding-960-panel");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hostile_words_run_nothing_and_fit() {
    let Some(browser) = Browser::start() else { return };
    let script = "\"><img src=x onerror=\"window.ran=1\"><script>window.ran=1</script>";
    let long = "W".repeat(10_000);
    let page = browser.page();
    let mut wrong = Vec::new();
    for (words, kind) in [(script, "script"), (long.as_str(), "long"), ("\u{202e}gnp.exe", "rtl")] {
        let pages = sample::hostile_pages(words);
        let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
        let address = served::serve(owned(pages));
        for name in names {
            page.size(360, 740);
            page.open(&format!("{address}{name}"));
            assert_eq!(page.run("window.ran ?? 0"), json!(0), "{name} ran what it was told");
            wrong.extend(rules::too_wide(&page).into_iter().map(|f| format!("{name} {kind}: {f}")));
            let refused = rules::refused(&page);
            wrong.extend(refused.into_iter().map(|f| format!("{name} {kind}: {f}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_list_is_used_by_keyboard() {
    let Some(browser) = Browser::start() else { return };
    let address = served::serve(owned(sample::pages()));
    let page = browser.page();
    page.size(1440, 900);
    page.open(&format!("{address}findings"));
    assert_eq!(page.run("document.querySelector('.bar').hidden"), json!(true), "nothing is chosen");
    page.press("/");
    assert_eq!(page.run("document.activeElement.id"), json!("q"));
    page.press("j");
    assert_eq!(page.run("document.getElementById('q').value"), json!("j"), "typing is typing");
    page.press("Escape");
    page.press("j");
    page.press("j");
    page.press("k");
    page.press("x");
    assert_eq!(page.text("tr.at .name"), "Upgrade log4j-core");
    assert_eq!(page.text(".bar .chosen"), "1 row chosen");
    page.press("j");
    page.press("x");
    assert_eq!(page.text(".bar .chosen"), "2 rows chosen");
    keep(&page, "findings-chosen");
    page.touch("details.facet > summary");
    keep(&page, "findings-facet");
    page.follow("Enter");
    assert!(page.address().ends_with("/actions/1"), "enter follows the row's own link");
}

#[test]
fn without_a_script_nothing_is_missing() {
    let Some(browser) = Browser::start() else { return };
    let address = served::serve(owned(sample::pages()));
    let page = browser.page();
    page.without_script();
    page.size(360, 740);
    page.open(&format!("{address}findings"));
    keep(&page, "findings-360-without-script");
    page.open(&format!("{address}findings#rail"));
    keep(&page, "findings-360-rail");
    page.size(1440, 900);
    page.open(&format!("{address}findings"));
    // What a script would hide is there: read from the drawing of the page, not by a script in it.
    let document = page.call("DOM.getDocument", &json!({}));
    let root = document.pointer("/root/nodeId").cloned().unwrap_or_default();
    for there in [".bar button", ".filter > .apply"] {
        let found = page.call("DOM.querySelector", &json!({ "nodeId": root, "selector": there }));
        let node = found.get("nodeId").cloned().unwrap_or_default();
        let drawn = page.call("DOM.getBoxModel", &json!({ "nodeId": node }));
        let width = drawn.pointer("/model/width").and_then(serde_json::Value::as_i64);
        assert!(width.is_some_and(|w| w > 20), "{there} is not drawn");
    }
}

/// The script keeps times fresh by the same rule as the server.
#[test]
fn both_rules_of_times_are_one() {
    let Some(browser) = Browser::start() else { return };
    let now: Timestamp = "2026-11-27T09:30:00Z".parse().expect("a time");
    let mut seconds: Vec<i64> = vec![0];
    for edge in [60_i64, 3_600, 7_200, 86_400, 172_800, 2_592_000, 7_776_000, 63_072_000] {
        seconds.extend([edge - 30, edge + 30, -edge - 30, 30 - edge, edge * 3, -edge * 2 - 40]);
    }
    let times: Vec<String> = seconds
        .iter()
        .map(|s| trimtab_pages::Template::render(&When::of(now + Span::new().seconds(*s), now)))
        .map(|rendered| rendered.expect("renders"))
        .collect();
    let html = sample::pages().into_iter().find(|(name, _)| *name == "today").expect("today").1;
    let html =
        html.replace("<footer>", &format!("<div id=\"times\">{}</div><footer>", times.join(" ")));
    let address = served::serve(vec![("times".to_owned(), html)]);
    let page = browser.page();
    page.open(&format!("{address}times"));
    let before = page.text("#times");
    page.run("document.dispatchEvent(new Event('visibilitychange'))");
    assert_eq!(page.text("#times"), before);
    page.run("document.querySelectorAll('#times time').forEach((t) => { t.textContent = '' })");
    page.run("document.dispatchEvent(new Event('visibilitychange'))");
    assert_eq!(page.text("#times"), before, "the script tells the same");
}

#[test]
fn reports_can_be_printed() {
    let Some(browser) = Browser::start() else { return };
    let address = served::serve(owned(sample::pages()));
    let page = browser.page();
    page.size(794, 1123);
    page.print_view();
    for name in ["finding", "metrics", "exceptions", "proposal"] {
        page.open(&format!("{address}{name}"));
        let shown = page.run("[...document.querySelectorAll('.rail, .top, .filter')].filter((e) => e.offsetParent !== null).length");
        assert_eq!(shown, json!(0), "{name} prints what is for the screen");
        assert_eq!(rules::too_wide(&page), Vec::<String>::new(), "{name}");
        keep(&page, &format!("{name}-print"));
    }
}
