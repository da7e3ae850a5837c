//! Every number opens its list: what is counted on a page is what the list behind it has.

use crate::harness::Server;

/// A figure: its number, its label and where it leads.
pub(crate) struct Figure {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) href: String,
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    Some(rest.split_once(end)?.0)
}

fn plain(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}

/// The figures of a page, in their order.
pub(crate) fn figures(page: &str) -> Vec<Figure> {
    let one = |item: &str| {
        let href = plain(between(item, "href=\"", "\"").unwrap_or_default());
        // A value that is code or marked has a tag of its own.
        let value = between(item, "<b", "</b>").unwrap_or_default();
        let value = value.rsplit('>').next().unwrap_or_default().to_owned();
        let label = between(item, "class=\"label\">", "<").unwrap_or_default().to_owned();
        Figure { value, label, href }
    };
    // Many stand in several lines.
    let page = page.replace("<ul class=\"figures many\">", "<ul class=\"figures\">");
    let lists = page.split("<ul class=\"figures\">").skip(1);
    let lists = lists.map(|rest| rest.split("</ul>").next().unwrap_or_default());
    lists.flat_map(|list| list.split("<li>").skip(1)).map(one).collect()
}

/// The numbers in a column, each with where it leads.
fn column(page: &str, name: &str) -> Vec<(String, String)> {
    let begin = format!("data-name=\"{name}\">");
    let cells = page.split(&begin).skip(1).map(|rest| rest.split("</td>").next().unwrap());
    let one = |cell: &str| {
        let link = between(cell, "<a href=\"", "</a>")?;
        let (href, text) = link.split_once("\">")?;
        Some((text.to_owned(), plain(href)))
    };
    cells.filter_map(one).collect()
}

/// How many findings a list has, and what they weigh.
fn behind(server: &Server, cookie: &str, href: &str) -> (String, String) {
    let list = server.ask("GET", href, &[("cookie", cookie)], b"");
    assert_eq!(list.status, 200, "{href}: {}", list.text);
    let all = figures(&list.text);
    (all[0].value.clone(), all[1].value.clone())
}

/// Where the next page of a list begins.
pub(crate) fn next_page(page: &str) -> Option<String> {
    between(page, "<a rel=\"next\" href=\"", "\"").map(plain)
}

/// How many rows a list has, over all of its pages.
fn rows(server: &Server, cookie: &str, href: &str) -> usize {
    let (mut rows, mut next) = (0, href.to_owned());
    for _ in 0..200 {
        let list = server.ask("GET", &next, &[("cookie", cookie)], b"");
        assert_eq!(list.status, 200, "{next}: {}", list.text);
        let body = between(&list.text, "<tbody>", "</tbody>").unwrap_or_default();
        rows += body.matches("<tr>").count();
        match next_page(&list.text) {
            Some(after) => next = after,
            None => return rows,
        }
    }
    panic!("{href} does not end");
}

/// Opens each figure and each row's numbers of a page, and compares them with the list.
fn opens(server: &Server, cookie: &str, path: &str, wrong: &mut Vec<String>) {
    let page = server.ask("GET", path, &[("cookie", cookie)], b"");
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    for figure in figures(&page.text) {
        let Figure { value, label, href } = figure;
        let there = match href.split('?').next().unwrap() {
            "/findings" => {
                let (findings, load) = behind(server, cookie, &href);
                if label.starts_with("load") { load } else { findings }
            }
            "/exceptions" => rows(server, cookie, &href).to_string(),
            list if list.starts_with("/today/") => rows(server, cookie, &href).to_string(),
            _ => continue,
        };
        // Of some only the least is said.
        let least = value.strip_suffix('+').and_then(|least| least.parse::<usize>().ok());
        if there != value
            && !least.is_some_and(|least| there.parse().is_ok_and(|n: usize| n >= least))
        {
            wrong.push(format!("{path}: {label} is {value}, {href} has {there}"));
        }
    }
    for (column_name, load) in [("Findings", false), ("Load", true)] {
        for (value, href) in column(&page.text, column_name).into_iter().take(25) {
            if !href.starts_with("/findings?") || value.parse::<f64>().is_err() {
                continue;
            }
            let (findings, weight) = behind(server, cookie, &href);
            let there = if load { weight } else { findings };
            if there != value {
                wrong.push(format!("{path}: {column_name} is {value}, {href} has {there}"));
            }
        }
    }
}

/// Every figure of the pages that count, on the filled store.
pub(crate) fn every_figure_opens_its_list(server: &Server, cookie: &str) {
    let mut wrong = Vec::new();
    let mut paths: Vec<String> = [
        "/",
        "/systems",
        "/teams",
        "/findings?by=action",
        "/findings?by=action&counts=true&level=high",
        "/findings?by=package&counts=true",
        "/findings?by=vulnerability&team=3",
        "/findings?by=action&due=week&system=5",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend((1..=80).step_by(9).map(|id| format!("/systems/{id}")));
    paths.extend((1..=12).map(|id| format!("/teams/{id}")));
    for path in &paths {
        opens(server, cookie, path, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let today = server.ask("GET", "/", &[("cookie", cookie)], b"").text;
    let open = figures(&today).into_iter().find(|f| f.label == "open, counting towards the load");
    assert!(open.unwrap().value.parse::<i64>().unwrap() > 0, "the case says nothing");
    // What narrows the list can be taken away again.
    let list = server.ask("GET", "/findings?counts=true&due=week", &[("cookie", cookie)], b"").text;
    for chip in ["href=\"/findings?due=week\"", "href=\"/findings?counts=true\""] {
        assert!(list.contains(chip), "{chip}: {list}");
    }
}

/// The first number of a page's headline, and its words.
fn headline(server: &Server, cookie: &str, href: &str) -> (f64, String) {
    let page = server.ask("GET", href, &[("cookie", cookie)], b"");
    assert_eq!(page.status, 200, "{href}: {}", page.text);
    let words = plain(between(&page.text, "<h1>", "</h1>").unwrap_or_default());
    let number = words.split(' ').next().unwrap_or_default().replace(',', "");
    (number.parse().unwrap_or(f64::NAN), words)
}

/// The links of a part of a page that open a list of the metrics, each with its number.
fn lists(part: &str) -> Vec<(f64, String)> {
    let one = |rest: &str| {
        let (href, rest) = rest.split_once("\">")?;
        let number = rest.split('<').next()?.replace(',', "").parse().ok()?;
        Some((number, plain(&format!("/metrics/list{href}"))))
    };
    part.split("<a href=\"/metrics/list").skip(1).filter_map(one).collect()
}

/// Points of charts and cells of tables, against what their lists count.
pub(crate) fn every_point_opens_its_list(server: &Server, cookie: &str) {
    let mut wrong = Vec::new();
    let mut looked = 0;
    for path in ["/metrics", "/metrics?team=2&days=28", "/metrics?against=2026-01-05"] {
        let page = server.ask("GET", path, &[("cookie", cookie)], b"").text;
        for chart in page.split("<figure class=\"chart\">").skip(1) {
            let chart = chart.split("</figure>").next().unwrap();
            let title = between(chart, "<h2>", " <span").unwrap_or_default().to_owned();
            let all = lists(chart);
            // Of a short time of one team it may be that nothing is known.
            assert!(!all.is_empty() || path != "/metrics", "{title} opens nothing");
            // Some of each, from its end: there is most in it.
            for (value, href) in all.iter().rev().step_by((all.len() / 6).max(1)) {
                looked += 1;
                let (number, words) = headline(server, cookie, href);
                let good = match title.as_str() {
                    "Time to remediate" | "From detected to deployed" => number > 0.0,
                    "Load" => {
                        let load = words.rsplit(' ').next().unwrap_or_default();
                        let load = load.trim_end_matches('.').replace(',', "").parse::<f64>();
                        load.is_ok_and(|load| (load - value).abs() <= 0.051)
                    }
                    _ => (number - value).abs() < 1e-9,
                };
                if !good {
                    wrong.push(format!("{path}: {title} is {value}, {href} says {words}"));
                }
            }
        }
        for (name, exact) in
            [("Found", true), ("Fixed", true), ("Interruptions", true), ("In time", false)]
        {
            for (value, href) in column(&page, name).into_iter().take(8) {
                looked += 1;
                let (number, words) = headline(server, cookie, &href);
                let good =
                    if exact { value.replace(',', "").parse() == Ok(number) } else { number > 0.0 };
                if !good {
                    wrong.push(format!("{path}: {name} is {value}, {href} says {words}"));
                }
            }
        }
        for figure in figures(&page) {
            assert!(
                figure.href.starts_with("/metrics/list?"),
                "{path}: {} opens {}",
                figure.label,
                figure.href
            );
            assert_eq!(server.ask("GET", &figure.href, &[("cookie", cookie)], b"").status, 200);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked > 80, "{looked}");
    // A list goes on to its end.
    let found = "/metrics/list?of=found&days=364";
    let (number, _) = headline(server, cookie, found);
    assert_eq!(rows(server, cookie, found) as f64, number);
    for gone in ["of=nothing", "of=found&level=odd", "of=backlog&band=4", ""] {
        let page = server.ask("GET", &format!("/metrics/list?{gone}"), &[("cookie", cookie)], b"");
        assert_eq!(page.status, 404, "{gone}");
    }
}
