//! Every page: as it was when it was last looked at, and by the rules of markup.

mod sample;
mod tags;

use std::collections::BTreeSet;

use tags::{Tag, tags};

#[test]
fn pages_are_as_they_were() {
    for (name, html) in sample::pages() {
        // The digests of assets change with every touch of the style.
        let html = ["style.css", "page.js", "icon.svg"].iter().fold(html, |html, asset| {
            html.replace(&trimtab_pages::asset::asset_url(asset), &format!("/assets/{asset}"))
        });
        insta::assert_snapshot!(name, html);
    }
}

#[test]
fn what_stands_between_backticks_is_code() {
    let drawn = |text: &str| {
        trimtab_pages::Template::render(&trimtab_pages::part::ticked(text)).expect("renders")
    };
    assert_eq!(drawn("run `trimtab <b>` now"), "run <code>trimtab &#60;b&#62;</code> now");
    assert_eq!(drawn("`a` and `b`"), "<code>a</code> and <code>b</code>");
    for plain in ["", "none", "one ` alone", "an empty `` pair", "``", "`"] {
        assert_eq!(drawn(plain), plain);
    }
    assert_eq!(drawn("`` then `c`"), "`` then <code>c</code>");
    assert_eq!(drawn("a ` b\n c `d`"), "a ` b\n c <code>d</code>");
}

#[test]
fn markup_holds_its_rules() {
    for (name, html) in sample::pages() {
        let broken = rules(&tags(&html));
        assert!(broken.is_empty(), "{name}:\n{}", broken.join("\n"));
    }
}

/// Words that other systems have stumbled over, in every text of every view.
#[test]
fn hostile_words_stay_words() {
    let long = "a".repeat(10_000);
    let cases = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "</textarea></title></style><svg onload=alert(1)>",
        "javascript:alert(1)",
        "&lt;script&gt;&#60;",
        "{{ 7*7 }} ${7*7} <% x %>",
        "\u{202e}gnp.exe\u{202c}\u{200f}\u{2066}",
        "\0\u{1}\u{7f}\u{feff}\u{fffe}",
        "",
        long.as_str(),
    ];
    for case in cases {
        for (name, html) in &sample::hostile_pages(case) {
            let tags = tags(html);
            for tag in &tags {
                let runs = tag.attributes.iter().find(|(n, _)| n.starts_with("on"));
                assert!(runs.is_none(), "{name} runs {case:?}: {tag:?}");
                let leads = tag.get("href").or(tag.get("action")).unwrap_or_default();
                assert!(!leads.to_lowercase().contains("script:"), "{name} leads to {leads}");
            }
            let foreign: BTreeSet<&str> = tags
                .iter()
                .map(|t| t.name.as_str())
                .filter(|t| matches!(*t, "img" | "iframe" | "object" | "style" | "base"))
                .collect();
            assert!(foreign.is_empty(), "{name} has {foreign:?} of {case:?}");
            // A wall needs none.
            let own = usize::from(*name != "wall");
            let scripts = tags.iter().filter(|t| t.name == "script").count();
            assert_eq!(scripts, own, "{name} with {case:?}");
        }
    }
}

/// What is against the rules, a line each.
fn rules(tags: &[Tag]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rule = |holds: bool, what: String| {
        if !holds {
            broken.push(what);
        }
    };
    let count = |name: &str| tags.iter().filter(|t| t.name == name).count();
    rule(count("h1") == 1, format!("{} h1", count("h1")));
    rule(count("main") == 1, format!("{} main", count("main")));
    rule(count("style") == 0, "a style element".into());
    let labelled: BTreeSet<&str> =
        tags.iter().filter(|t| t.name == "label").filter_map(|t| t.get("for")).collect();
    let mut ids = BTreeSet::new();
    let mut in_label = 0;
    for tag in tags {
        in_label = if tag.name == "label" { 1 } else { in_label };
        let plain = !tag.attributes.iter().any(|(n, _)| n == "style" || n.starts_with("on"));
        rule(plain, format!("inline style or script: {tag:?}"));
        if let Some(id) = tag.get("id") {
            rule(ids.insert(id), format!("the id {id} twice"));
        }
        if tag.name == "script" {
            let from = tag.get("src").unwrap_or_default();
            rule(from.starts_with("/assets/") && tag.text.is_empty(), format!("a script: {tag:?}"));
        }
        if matches!(tag.name.as_str(), "input" | "select" | "textarea")
            && tag.get("type") != Some("hidden")
        {
            let by_id = tag.get("id").is_some_and(|id| labelled.contains(id));
            let named = tag.get("aria-label").is_some() || by_id || in_label == 1;
            rule(named, format!("a field without a label: {tag:?}"));
        }
        if tag.name == "a" || tag.name == "button" {
            rule(!tag.text.trim().is_empty(), format!("a link without text: {tag:?}"));
        }
        if tag.name == "a" {
            rule(tag.get("href").is_some_and(|h| !h.is_empty()), format!("leads nowhere: {tag:?}"));
        }
        if tag.name == "form" && tag.get("method") == Some("post") {
            let action = tag.get("action").unwrap_or_default();
            rule(action.starts_with('/'), format!("a form that goes elsewhere: {tag:?}"));
        }
    }
    let posts = tags.iter().filter(|t| t.get("method") == Some("post")).count();
    let tokens = tags.iter().filter(|t| t.get("name") == Some("csrf")).count();
    rule(posts == tokens, format!("{posts} forms that change, {tokens} tokens"));
    broken
}
