//! What the script made of the ledger, against what the server says: each number by its name, and by name also those that
//! the ledger cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::organisation::Year;
use crate::figures::figures;

/// Numbers of the addresses that are compared, which the ledger alone does not tell; each with the reason. Grows shorter.
const UNTOLD: &[(&str, &str, &str)] = &[
    ("/api/v1/reviews/*", "/pack/figures/new", "the level that a tier accepts is of the charter"),
    ("/api/v1/reviews/*", "/pack/figures/exceptions", "kept with the review when it was opened"),
    ("/api/v1/reviews/*", "/pack/figures/answers", "kept with the review when it was opened"),
    (
        "/api/v1/reviews/*",
        "/pack/figures/scheduled",
        "what becomes of a window by itself is no entry",
    ),
    ("/api/v1/reviews/*", "/before/*", "the review before is compared by itself"),
    ("/api/v1/reviews/*", "/pack/end", "the time of a part is the engine's choice"),
    (
        "/api/v1/reviews/*",
        "/pack/parts/*",
        "what a part lists is of the charter, the tiers and the plan",
    ),
    ("/api/v1/reviews/*", "/minutes", "what was planned, as it was said"),
    ("/api/v1/incidents/*", "/teams/*/places", "where a package is now is of the inventories"),
    ("/api/v1/incidents/*", "/unknown_versions", "versions are of the inventories"),
    ("/api/v1/incidents/*", "/timeline/*", "the entries themselves"),
    ("/api/v1/incidents/*", "/speed", "of drills alone"),
    (
        "/api/v1/maturity",
        "/number",
        "some criteria are of the index, the charter and who answers for systems",
    ),
    ("/api/v1/maturity", "/criteria/*", "what is not listed here as compared is not of the ledger"),
    ("/api/v1/maturity", "/ledger/*", "where the ledger ends"),
    ("/api/v1/maturity", "/teams/*", "as of the organisation"),
    (
        "/api/v1/teams/*/card",
        "/numbers/*",
        "an update's findings are in its evidence, which is no entry",
    ),
    ("/", "decisions to answer", "who may answer is of roles, the charter and levels"),
    ("/", "decisions to answer, by side", "as above"),
    ("/", "findings that could not be weighed", "why something is not weighed is of the index"),
    ("/boards/leadership", "maturity", "see the maturity"),
    ("/boards/product", "with a planned release", "what becomes of a window by itself is no entry"),
    (
        "/boards/operations",
        "deployments went wrong",
        "what was deployed since in which environment",
    ),
    (
        "/boards/operations",
        "systems say what runs in production",
        "which environments are production is of the charter",
    ),
    ("/reviews", "decisions of the reviews below", "of a page of the list"),
];

/// One number of the script's.
struct Made {
    kind: String,
    name: String,
    value: Value,
}

fn number(text: &str) -> Option<f64> {
    let text = text.replace(',', "").replace('−', "-");
    text.split([' ', '+']).next()?.parse().ok()
}

/// Whether what is shown is a number, to the places that are shown.
fn is_shown(shown: &str, made: &Value) -> bool {
    let Some(made) = made.as_f64() else { return number(shown).is_none() };
    let places = shown.split(' ').next().unwrap().split_once('.').map_or(0, |(_, part)| part.len());
    let least = 0.5 * 0.1_f64.powi(i32::try_from(places).unwrap()) + 1e-6;
    number(shown).is_some_and(|shown| (shown - made).abs() <= least)
}

fn is_same(said: &Value, made: &Value) -> bool {
    match (said.as_f64(), made.as_f64()) {
        (Some(said), Some(made)) => (said - made).abs() <= 1e-6 * made.abs().max(1.0),
        _ => said == made,
    }
}

/// Every number of an answer, by its pointer. What says which something is is no number of it.
fn leaves(value: &Value, at: &str, all: &mut BTreeSet<String>) {
    let names = [
        "id", "team", "system", "asset", "finding", "decision", "update", "person", "entries",
        "owner", "seq", "task", "updates", "incident",
    ];
    match value {
        Value::Object(members) => {
            for (name, is) in members.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
                leaves(is, &format!("{at}/{name}"), all);
            }
        }
        Value::Array(rows) => {
            for (row, is) in rows.iter().enumerate() {
                leaves(is, &format!("{at}/{row}"), all);
            }
        }
        Value::Number(_) => drop(all.insert(at.to_owned())),
        _ => {}
    }
}

/// A text with every number in it as `*`.
fn pattern(text: &str) -> String {
    let part = |part: &str| match part.parse::<u64>() {
        Ok(_) => "*".to_owned(),
        Err(_) => part.to_owned(),
    };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Whether a number that was not compared is among those that are named.
fn is_untold(at: &str, name: &str, met: &mut BTreeSet<usize>) -> bool {
    let at = pattern(at.split('?').next().unwrap());
    let name = pattern(name);
    let found = UNTOLD.iter().position(|(of, named, _)| {
        let within =
            named.strip_suffix("/*").is_some_and(|begin| name.starts_with(&format!("{begin}/")));
        *of == at && (*named == name || within)
    });
    found.map(|place| met.insert(place)).is_some()
}

/// Where a number of the script's is in an answer.
fn place(answer: &Value, made: &Made) -> Option<String> {
    let row = |list: &str, is: &dyn Fn(&Value) -> bool| {
        let at = answer[list].as_array()?.iter().position(is)?;
        Some(format!("/{list}/{at}"))
    };
    match made.kind.as_str() {
        "api" => Some(made.name.clone()),
        "team" => {
            let (team, rest) = made.name.split_once('|')?;
            let begin = row("teams", &|is| is["team"]["id"].to_string() == team)?;
            Some(format!("{begin}/{rest}"))
        }
        "named" => {
            let (name, side) = made.name.split_once('|')?;
            Some(format!("{}/{side}", row("numbers", &|is| is["name"] == name)?))
        }
        _ => row("criteria", &|is| is["fact"] == made.name.as_str()),
    }
}

/// The cell of a table, by the name of its row.
fn cell(page: &str, name: &str) -> Option<String> {
    let (row, column) = name.split_once('|')?;
    let row = page.split("<tr>").find(|part| part.contains(&format!(">{row}</a>")))?;
    let (_, rest) = row.split_once(&format!("data-name=\"{column}\">"))?;
    let cell = rest.split("</td>").next()?;
    let begin = cell.find("\">").map_or(0, |at| at + 2);
    Some(cell[begin..].split('<').next()?.to_owned())
}

/// Compares all of it, and names what differs.
pub(super) fn with(year: &Year, text: &str) {
    let mut by: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for line in text.lines() {
        let is: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| is[name].as_str().unwrap().to_owned();
        let made = Made { kind: word("kind"), name: word("name"), value: is["value"].clone() };
        by.entry(word("at")).or_default().push(made);
    }
    let (mut wrong, mut names, mut met) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut numbers = 0;
    for (at, all) in &by {
        let answer = year.server.open(&year.lea, at);
        assert_eq!(answer.status, 200, "{at}: {}", answer.text);
        numbers += all.iter().filter(|made| made.value.is_number()).count();
        for made in all {
            let of = pattern(at.split('?').next().unwrap());
            *names.entry(format!("{of} {}", pattern(&made.name))).or_insert(0) += 1;
        }
        if at.starts_with("/api/") {
            let answer = answer.json();
            let mut left = BTreeSet::new();
            leaves(&answer, "", &mut left);
            for made in all {
                let Some(place) = place(&answer, made) else {
                    wrong.push(format!("{at}: there is no {}", made.name));
                    continue;
                };
                let (said, parts) = match made.kind.as_str() {
                    "criterion" => {
                        let of = |name: &str| answer.pointer(&format!("{place}/{name}")).cloned();
                        let said = Value::from(vec![of("count").unwrap(), of("of").unwrap()]);
                        (said, vec![format!("{place}/count"), format!("{place}/of")])
                    }
                    _ => (answer.pointer(&place).cloned().unwrap_or_default(), vec![place.clone()]),
                };
                if !is_same(&said, &made.value) {
                    wrong.push(format!(
                        "{at} {}: {said}, and {} of the ledger",
                        made.name, made.value
                    ));
                }
                parts.iter().for_each(|part| drop(left.remove(part)));
            }
            for name in left.iter().filter(|name| !is_untold(at, name, &mut met)) {
                wrong.push(format!(
                    "{at} {name} is neither compared nor among those that are untold"
                ));
            }
            continue;
        }
        let shown = figures(&answer.text);
        let mut left: BTreeSet<&str> = shown.iter().map(|figure| figure.label.as_str()).collect();
        for made in all {
            let is = match made.kind.as_str() {
                "cell" => cell(&answer.text, &made.name),
                _ => {
                    let found = shown.iter().find(|figure| figure.label == made.name);
                    found.map(|figure| figure.value.clone())
                }
            };
            left.remove(made.name.as_str());
            if !is.as_deref().is_some_and(|is| is_shown(is, &made.value)) {
                wrong.push(format!("{at} {}: {is:?}, and {} of the ledger", made.name, made.value));
            }
        }
        for name in left.iter().filter(|name| !is_untold(at, name, &mut met)) {
            wrong
                .push(format!("{at} `{name}` is neither compared nor among those that are untold"));
        }
    }
    for (name, times) in &names {
        eprintln!("compared {times} times: {name}");
    }
    eprintln!("{numbers} numbers at {} addresses", by.len());
    let unmet: Vec<_> = UNTOLD.iter().enumerate().filter(|(at, _)| !met.contains(at)).collect();
    for (_, (at, name, _)) in &unmet {
        wrong.push(format!("{at} {name} is called untold, and is not there or is compared"));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(numbers > 5000, "{numbers}");
}
