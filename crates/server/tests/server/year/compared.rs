//! What the script made of the ledger, against what the server says: each number by its name, and by name also those that
//! the ledger cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::organisation::Year;
use crate::figures::figures;

/// Numbers of the addresses that are compared, which the ledger alone does not tell; each with the reason. Grows shorter.
const UNTOLD: &[(&str, &str, &str)] = &[
    ("/api/v1/reviews/*", "/pack/figures/new", "the level that a tier accepts is of the charter"),
    ("/api/v1/reviews/*", "/pack/figures/exceptions", EXCEPTIONS),
    ("/api/v1/reviews/*", "/pack/figures/answers", EXCEPTIONS),
    ("/api/v1/reviews/*", "/pack/figures/scheduled", WINDOWS),
    ("/api/v1/reviews/*", "/before/*", "the review before is compared by itself"),
    ("/api/v1/reviews/*", "/pack/end", "the time of a part is a choice"),
    ("/api/v1/reviews/*", "/pack/parts/*", "what a part lists is of charter, tiers and plan"),
    ("/api/v1/reviews/*", "/pack/charts/*/series/*/values/*", TODAY),
    ("/api/v1/metrics", "/delivery/with_updates/*", EVIDENCE),
    ("/api/v1/metrics", "/delivery_before/with_updates/*", EVIDENCE),
    ("/api/v1/incidents/*", "/teams/*", "where a package is now is of the inventories"),
    ("/api/v1/incidents/*", "/unknown_versions", "versions are of the inventories"),
    ("/api/v1/incidents/*", "/timeline/*", "the entries themselves"),
    ("/api/v1/maturity", "/number", "some criteria are of the index, the charter and who answers"),
    ("/api/v1/maturity", "/criteria/*", "of the index, the charter, inventories and evidence"),
    ("/api/v1/maturity", "/ledger/*", "where the ledger ends"),
    ("/api/v1/maturity", "/teams/*", "as of the organisation"),
    ("/api/v1/pulse", "/rows/*", "sums of answers are kept beside no name, and are in no entry"),
    ("/api/v1/teams/*/card", "/numbers/*", EVIDENCE),
    ("/teams/*/card", "updates in production", EVIDENCE),
    ("/teams/*/card", "findings that they removed", EVIDENCE),
    ("/teams/*/card", "load that they removed", EVIDENCE),
    ("/teams/*/card", "load-days no longer carried", EVIDENCE),
    ("/teams/*/card", "% of their deadlines kept", EVIDENCE),
    ("/teams/*/card", "updates taken back", EVIDENCE),
    ("/", "decisions to answer", "who may answer is of roles, the charter and levels"),
    ("/", "new above the line in a week", "the level that a tier accepts is of the charter"),
    ("/", "to assess", "what could not be weighed, and why, is of the index"),
    ("/", "charters to agree to", "who may agree is of roles"),
    ("/", "changes of this window", WINDOWS),
    ("/", "without a scheduled change", WINDOWS),
    ("/", "roll-outs wait", "by asset: a list, and no measure"),
    ("/", "jobs given up", "of the queue"),
    ("/", "needs of the server", "of the server"),
    ("/boards/leadership", "maturity", "see the maturity"),
    ("/boards/product", "with a planned release", WINDOWS),
    ("/boards/operations", "systems say what runs in production", RUNS),
    ("/reviews", "decisions of the reviews below", "of a page of the list"),
    ("/reviews/*", "new above the line", "the level that a tier accepts is of the charter"),
    ("/reviews/*", "exceptions that end", EXCEPTIONS),
    ("/reviews/*", "decisions asked for", EXCEPTIONS),
    ("/reviews/*", "changes scheduled", WINDOWS),
];

const WINDOWS: &str = "what is in no window any longer because a day is over is no entry";
const EVIDENCE: &str = "what an update removes is in its evidence, which is no entry";
const EXCEPTIONS: &str = "of which systems decisions about a name are is told by the index";
const TODAY: &str = "the last is of a day that was not over, as it was kept within the hour";
const RUNS: &str = "which environments are production is of the charter";

/// So many are untold at most: who makes one again takes it off, and nobody adds one.
const UNTOLD_MOST: usize = 42;

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
        Value::Number(_) => {
            all.insert(at.to_owned());
        }
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
            let team: i64 = team.parse().ok()?;
            let begin = row("teams", &|is| is["team"]["id"] == team)?;
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

/// A field of CSV, by what its line begins with.
fn field(text: &str, name: &str) -> Option<String> {
    let (row, column) = name.split_once('|')?;
    let line = text.lines().find(|line| line.split(',').next() == Some(row))?;
    line.split(',').nth(column.parse().ok()?).map(ToOwned::to_owned)
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
                    _ => {
                        // What is not there is not the same as what is not known.
                        let Some(said) = answer.pointer(&place) else {
                            wrong.push(format!("{at}: there is no {place}"));
                            continue;
                        };
                        (said.clone(), vec![place.clone()])
                    }
                };
                if !is_same(&said, &made.value) {
                    wrong.push(format!(
                        "{at} {}: {said}, and {} of the ledger",
                        made.name, made.value
                    ));
                }
                for part in &parts {
                    left.remove(part);
                }
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
                "csv" => field(&answer.text, &made.name),
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
    assert!(UNTOLD.len() <= UNTOLD_MOST, "{} are untold", UNTOLD.len());
    // What needs somebody on Today or a board may need nobody when the year ends.
    for (place, (at, name, _)) in UNTOLD.iter().enumerate() {
        let may_need_nobody = *at == "/" || at.starts_with("/boards/");
        if !may_need_nobody && !met.contains(&place) {
            wrong.push(format!("{at} {name} is called untold, and is not there or is compared"));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(numbers > 5000, "{numbers}");
}
