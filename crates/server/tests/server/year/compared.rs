//! What the script made of the ledger, against what the server says: each number by its name, and by name also those that
//! the ledger cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::named::{UNTOLD, bound, empty, left, most};
use super::reading::{Shown, Told, leaves, numbers, page, sheet};
use super::walking::{Answers, Form, form, kind};

/// What is said of a number that has no place.
const NEITHER: &str = "` is neither compared nor untold nor left";

/// One number of the script's, or several of one text.
struct Made {
    kind: String,
    name: String,
    value: Value,
}

/// Whether a number is what is shown, to the places that are shown.
fn is_near(shown: Shown, made: &Value) -> bool {
    // What a chart has is told to a hundredth before it is shown to a tenth.
    let before = if shown.places == 1 { 0.005 } else { 1e-6 };
    let least = 0.5 * 0.1_f64.powi(i32::try_from(shown.places).unwrap()) + before;
    made.as_f64().is_some_and(|made| (shown.value - made).abs() <= least)
}

/// Whether what is shown is a number, or all numbers of a text; nothing shown is what is not known.
fn is_shown(text: &str, made: &Value) -> bool {
    let shown = numbers(text);
    match made {
        Value::Array(all) => {
            shown.len() == all.len() && shown.iter().zip(all).all(|(is, made)| is_near(*is, made))
        }
        // Of a text with more than one number all are said.
        Value::Number(_) => shown.len() == 1 && shown.iter().all(|is| is_near(*is, made)),
        _ => shown.is_empty(),
    }
}

/// Whether the number that is shown says which row it is: it was given, and not made again.
fn is_name(shown: &str, row: &str) -> bool {
    let name = row.rsplit('/').next().unwrap_or_default();
    numbers(shown).len() == 1 && shown.split_whitespace().last() == Some(name)
}

fn is_same(said: &Value, made: &Value) -> bool {
    match (said.as_f64(), made.as_f64()) {
        (Some(said), Some(made)) => (said - made).abs() <= 1e-6 * made.abs().max(1.0),
        _ => said == made,
    }
}

/// A pointer with every number in it as `*`.
fn pattern(text: &str) -> String {
    let part = |part: &str| match part.parse::<u64>() {
        Ok(_) => "*".to_owned(),
        Err(_) => part.to_owned(),
    };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What was compared, and what of the lists was met.
#[derive(Default)]
struct Met {
    /// Which places a line of what is untold takes in.
    untold: BTreeMap<usize, BTreeSet<String>>,
    left: BTreeSet<usize>,
    /// Kinds of addresses with the places that were compared there.
    compared: BTreeSet<(String, String)>,
    /// How many numbers were compared; how many are not, and stand where others of the kind are compared; and how many are
    /// named.
    made_again: usize,
    of_kind: usize,
    named: usize,
    /// Numbers that are not compared, by why, kind of address and place: how many, and what the first of them shows where.
    others: BTreeMap<(&'static str, String, String), (usize, String)>,
    /// Which places a line with a `*` takes in.
    taken: BTreeMap<usize, BTreeSet<String>>,
    /// Columns of which rows may be shown, by kind of address: whether any address of the kind has one.
    columns: BTreeMap<(String, String), bool>,
}

/// Why a number is not compared: it stands where others of its kind are, or it is named.
const OF_KIND: &str = "others of its kind are compared";
const NAMED: &str = "named";

impl Met {
    /// Whether a number that was not compared is among those that are named.
    fn names(&mut self, at: &str, exactly: &str) -> bool {
        let (at, place) = (kind(at), pattern(exactly));
        let is = |of: &str, named: &str| {
            let begin = named.strip_suffix('*');
            of == at
                && (named == place
                    || named == exactly
                    || begin.is_some_and(|begin| place.starts_with(begin)))
        };
        let label = place.strip_prefix("figure|").unwrap_or(&place);
        let untold = UNTOLD
            .iter()
            .enumerate()
            .filter(|(_, (of, named, _))| is(of, named) || (*of == at && *named == label));
        let untold: Vec<usize> = untold.map(|(number, _)| number).collect();
        let lines = left();
        // What is compared at some of a kind no `*` takes in at others.
        let here = |place: &str| self.compared.contains(&(at.clone(), place.to_owned()));
        let is_compared = here(&place) || here(exactly);
        let left = lines.iter().enumerate().filter(|(_, (of, named, _))| {
            is(of, named) && !(is_compared && named.ends_with('*') && *named != place)
        });
        let left: Vec<usize> = left.map(|(number, _)| number).collect();
        let is_named = !untold.is_empty() || !left.is_empty();
        for line in untold {
            self.untold.entry(line).or_default().insert(place.clone());
        }
        for line in left {
            self.left.insert(line);
            self.taken.entry(line).or_default().insert(place.clone());
        }
        is_named
    }

    /// Notes numbers that are not compared.
    fn note(&mut self, why: &'static str, (at, place): (&str, &str), text: &str, many: usize) {
        let first = || (0, format!("{at} `{text}`"));
        self.others.entry((why, kind(at), pattern(place))).or_insert_with(first).0 += many;
        match why {
            OF_KIND => self.of_kind += many,
            _ => self.named += many,
        }
    }
}

/// A pointer in which a row of a list may be chosen by what its members are: `/rows/[id=3&of/name=shop]/number`. What is
/// not there is `null`.
fn select(answer: &Value, path: &str) -> Option<String> {
    let is = |row: &Value, wanted: &str| {
        let Some((member, value)) = wanted.split_once('=') else { return false };
        match row.pointer(&format!("/{member}")) {
            Some(Value::String(text)) => text == value,
            Some(Value::Null) | None => value == "null",
            Some(other) => format!("{other}") == value,
        }
    };
    let (mut at, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once("/[") {
        let (wanted, then) = after.split_once(']')?;
        at += before;
        let rows = answer.pointer(&at)?.as_array()?;
        let row = rows.iter().position(|row| wanted.split('&').all(|one| is(row, one)))?;
        at += &format!("/{row}");
        rest = then;
    }
    Some(at + rest)
}

/// Where a number of the script's is in an answer.
fn place(answer: &Value, made: &Made) -> Option<String> {
    let row = |list: &str, is: &dyn Fn(&Value) -> bool| {
        let at = answer.pointer(&format!("/{list}"))?.as_array()?.iter().position(is)?;
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
        "at" => select(answer, &made.name),
        "named" => {
            let (name, side) = made.name.split_once('|')?;
            Some(format!("{}/{side}", row("numbers", &|is| is["name"] == name)?))
        }
        // `list|member|value|pointer`: the row of a list whose member is a value.
        "row" => {
            let mut parts = made.name.split('|');
            let (list, member) = (parts.next()?, parts.next()?);
            let (value, rest) = (parts.next()?, parts.next()?);
            let is = |is: &Value| match is.pointer(&format!("/{member}")) {
                Some(Value::String(text)) => text == value,
                Some(other) => value.parse().is_ok_and(|value: i64| other.as_i64() == Some(value)),
                None => false,
            };
            Some(format!("{}/{rest}", row(list, &is)?))
        }
        kind => panic!("{kind} is said of no answer"),
    }
}

/// Compares an answer of the API. What is wrong is said.
fn answer(at: &str, answer: &Value, all: &[&Made], met: &mut Met) -> Vec<String> {
    let (mut wrong, mut left) = (Vec::new(), BTreeSet::new());
    leaves(answer, "", &mut left);
    for made in all {
        let Some(place) = place(answer, made) else {
            wrong.push(format!("{at}: there is no {}", made.name));
            continue;
        };
        // What is not there is not the same as what is not known.
        let Some(said) = answer.pointer(&place) else {
            wrong.push(format!("{at}: there is no {place}"));
            continue;
        };
        if !is_same(said, &made.value) {
            wrong.push(format!("{at} {}: {said}, and {} of the ledger", made.name, made.value));
        }
        met.compared.insert((kind(at), pattern(&place)));
        met.made_again += usize::from(left.remove(&place));
    }
    for name in left {
        let text = || answer.pointer(&name).map(ToString::to_string).unwrap_or_default();
        if all.is_empty() && met.compared.contains(&(kind(at), pattern(&name))) {
            met.note(OF_KIND, (at, &name), &text(), 1);
        } else if met.names(at, &name) {
            met.note(NAMED, (at, &name), &text(), 1);
        } else {
            let name = pattern(&name);
            wrong.push(format!("{} `{name}{NEITHER}", kind(at)));
        }
    }
    wrong
}

/// Compares a page, or CSV. What is wrong is said.
fn shown(at: &str, told: &[Told], (all, is_said): (&[&Made], bool), met: &mut Met) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut seen, mut spoken) = (BTreeSet::new(), BTreeSet::new());
    // Where something stands: by its row, and by where that leads.
    let mut by: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    for (at, one) in told.iter().enumerate() {
        for row in [&one.row, &one.href] {
            by.entry((&one.place, row)).or_default().insert(at);
        }
    }
    for made in all {
        // A cell is `TABLE|COLUMN|ROW`.
        let (name, row) = match made.kind.as_str() {
            "figure" => (format!("figure|{}", made.name), ""),
            "cell" | "csv" | "may" => made
                .name
                .rsplit_once('|')
                .map_or((String::new(), ""), |(n, row)| (n.to_owned(), row)),
            _ => (made.name.clone(), ""),
        };
        // Of several that are called the same, each is said once.
        let is_it = |(_, one): &(usize, &Told)| is_shown(&one.text, &made.value);
        let places = by.get(&(name.as_str(), row)).into_iter().flatten();
        let all_so: Vec<(usize, &Told)> = places
            .filter(|at| !seen.contains(*at))
            .filter_map(|at| Some((*at, told.get(*at)?)))
            .collect();
        let found = all_so.iter().find(|one| is_it(one));
        if made.kind == "may" {
            let is_there = told.iter().any(|one| one.place == name);
            *met.columns.entry((kind(at), name.clone())).or_default() |= is_there;
        }
        if found.is_none() && made.kind == "may" {
            // It may be another time of the same: in the end each row is what something said.
            spoken.extend(all_so.iter().map(|(at, _)| *at));
            continue;
        }
        let found = found.or(all_so.first()).map(|(at, _)| *at);
        let it = found.and_then(|at| told.get(at));
        // Words without a number are not told; all else is there, if there is nothing known of it too.
        if it.is_none() && !name.starts_with("words|") {
            wrong.push(format!("{at}: there is no {name} of `{row}`"));
            continue;
        }
        let shown = it.map_or("", |one| one.text.as_str());
        seen.extend(found);
        // A figure that stands twice is said once.
        let same = told
            .iter()
            .enumerate()
            .filter(|(_, one)| one.place.starts_with("figure|") && Some(*one) == it);
        seen.extend(same.map(|(at, _)| at));
        met.compared.insert((kind(at), name));
        if is_shown(shown, &made.value) {
            if !is_name(shown, row) {
                met.made_again += numbers(shown).len();
            }
        } else {
            wrong.push(format!("{at} {}: `{shown}`, and {} of the ledger", made.name, made.value));
        }
    }
    for one in spoken.difference(&seen).filter_map(|place| told.get(*place)) {
        wrong.push(format!(
            "{at} {} {}: `{}`, and otherwise of the ledger",
            one.place, one.row, one.text
        ));
    }
    seen.extend(spoken);
    let left = told.iter().enumerate().filter(|(place, _)| !seen.contains(place));
    for (_, one) in left {
        let many = numbers(&one.text).len();
        if many == 0 {
            continue;
        }
        if !is_said && met.compared.contains(&(kind(at), one.place.clone())) {
            met.note(OF_KIND, (at, &one.place), &one.text, many);
        } else if met.names(at, &one.place) {
            met.note(NAMED, (at, &one.place), &one.text, many);
        } else {
            let (kind, place) = (kind(at), &one.place);
            wrong.push(format!("{kind} `{place}{NEITHER}"));
        }
    }
    wrong
}

/// What the script says, by address.
fn said(text: &str) -> BTreeMap<String, Vec<Made>> {
    let mut by: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for line in text.lines() {
        let is: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| is[name].as_str().unwrap().to_owned();
        let made = Made { kind: word("kind"), name: word("name"), value: is["value"].clone() };
        by.entry(word("at")).or_default().push(made);
    }
    by
}

/// The addresses that the script speaks of.
pub(super) fn addresses(text: &str) -> Vec<String> {
    said(text).into_keys().filter(|at| !at.starts_with('*')).collect()
}

/// Compares what somebody sees who sees a part: what is said of it. What is not said is not looked at.
pub(super) fn of_part(answers: &Answers, text: &str) {
    let (by, mut met, mut wrong) = (said(text), Met::default(), Vec::new());
    for (at, text) in answers {
        let Some(all) = by.get(at) else { continue };
        let all: Vec<&Made> = all.iter().collect();
        let mut differs = match form(at) {
            Form::Json => answer(at, &serde_json::from_str(text).unwrap(), &all, &mut met),
            Form::Csv => shown(at, &sheet(text), (&all, true), &mut met),
            Form::Page => shown(at, &page(text), (&all, true), &mut met),
        };
        differs.retain(|words| !words.ends_with(NEITHER));
        wrong.append(&mut differs);
    }
    eprintln!("{} numbers of a part are made again", met.made_again);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(met.made_again > most("part"), "{}", met.made_again);
}

/// Compares all of it, and names what differs. `whole`: it is the year of which each line of the lists is met.
pub(super) fn with(answers: &Answers, text: &str, whole: bool) {
    // What is said of every address of a kind: `*` before it.
    let (of_kinds, by): (BTreeMap<_, _>, BTreeMap<_, _>) =
        said(text).into_iter().partition(|(at, _)| at.starts_with('*'));
    let (mut wrong, mut names, mut met) = (BTreeMap::new(), BTreeMap::new(), Met::default());
    let mut there = 0;
    for (at, made) in of_kinds.iter().flat_map(|(at, all)| all.iter().map(move |made| (at, made))) {
        if let Some((column, _)) = made.name.rsplit_once('|').filter(|_| made.kind == "may") {
            let kind = at.trim_start_matches('*').to_owned();
            met.columns.entry((kind, column.to_owned())).or_default();
        }
    }
    // First what is compared, and then what is only looked at.
    let (told, others): (Vec<_>, Vec<_>) = answers.iter().partition(|(at, _)| by.contains_key(*at));
    for (at, text) in told.into_iter().chain(others) {
        let own = by.get(at).into_iter().flatten();
        let all: Vec<&Made> =
            own.chain(of_kinds.get(&format!("*{}", kind(at))).into_iter().flatten()).collect();
        let is_said = by.contains_key(at);
        for made in &all {
            *names.entry(format!("{} {}", kind(at), pattern(&made.name))).or_insert(0) += 1;
        }
        let differs = if form(at) == Form::Json {
            let is: Value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{at}: {error}"));
            let mut all_numbers = BTreeSet::new();
            leaves(&is, "", &mut all_numbers);
            there += all_numbers.len();
            answer(at, &is, &all, &mut met)
        } else {
            let told = if form(at) == Form::Csv { sheet(text) } else { page(text) };
            there += told.iter().map(|one| numbers(&one.text).len()).sum::<usize>();
            shown(at, &told, (&all, is_said), &mut met)
        };
        for one in differs {
            *wrong.entry(one).or_insert(0) += 1;
        }
    }
    for (name, times) in &names {
        eprintln!("compared {times} times: {name}");
    }
    let kinds: BTreeSet<String> = answers.keys().map(|at| kind(at)).collect();
    eprintln!(
        "{} numbers at {} addresses are made again; {there} numbers at {} addresses of {} kinds were seen",
        met.made_again,
        by.len(),
        answers.len(),
        kinds.len()
    );
    eprintln!(
        "{} stand where others of the kind are made again, {} are named",
        met.of_kind, met.named
    );
    let mut others: Vec<_> = met.others.iter().collect();
    others.sort_by_key(|(_, (many, _))| std::cmp::Reverse(*many));
    for ((why, kind, place), (many, first)) in others.iter().take(400) {
        eprintln!("{many} of {kind} `{place}`: {why}, such as {first}");
    }
    let left = left();
    eprintln!("{} kinds are untold, {} places are left", UNTOLD.len(), left.len());
    // What needs somebody on Today or a board may need nobody when the year ends.
    for (place, (at, name, why)) in UNTOLD.iter().enumerate() {
        let may_need_nobody = *at == "/" || at.starts_with("/boards/");
        let many = met.untold.get(&place).map_or(0, BTreeSet::len);
        if whole && !may_need_nobody && many == 0 {
            let words = format!("{at} {name} is called untold, and is not there or is compared");
            wrong.insert(words, 1);
        }
        let most = bound(why);
        if whole && many > 0 && many != most {
            wrong.insert(format!("{at} {name} takes in {many} places, and says {most}"), 1);
        }
    }
    for (place, (at, name, why)) in left.iter().enumerate() {
        let many = met.taken.get(&place).map_or(0, BTreeSet::len);
        let most = bound(why);
        // What goes away is counted down, or something new has room.
        let is_less = many > 0 && many < most && !why.contains("if any");
        if whole && (many > most || is_less) {
            wrong.insert(format!("{at} `{name}` takes in {many} places, and says {most}"), 1);
        }
        if whole && !why.contains("if any") && !met.left.contains(&place) {
            wrong.insert(
                format!("{at} `{name}` is called left, and is not there or is compared"),
                1,
            );
        }
    }
    // What may stand in a list that no page has would never be compared. One that is empty when the year ends is named.
    let empty = empty();
    for ((kind, column), is_there) in &met.columns {
        let is_named = empty.contains(&(kind.as_str(), column.as_str()));
        if whole && !is_there && !is_named {
            wrong.insert(format!("{kind} has no `{column}`, of which rows may be"), 1);
        }
        if whole && *is_there && is_named {
            wrong.insert(format!("{kind} `{column}` is called empty, and is there"), 1);
        }
    }
    let wrong: Vec<String> =
        wrong.into_iter().map(|(is, times)| format!("{is} ({times})")).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(UNTOLD.len(), most("untold"), "are untold");
    assert_eq!(left.len(), most("left"), "are left");
    if whole {
        assert!(met.made_again > most("made"), "{}", met.made_again);
        assert!(met.of_kind < most("of-kind"), "{}", met.of_kind);
        assert!(met.named < most("named"), "{}", met.named);
    }
}
