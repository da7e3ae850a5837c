//! A year of an organisation, day by day through the server's own ways with a clock of its own: advisories come on the days
//! on which they were published, teams act in their rhythm, people decide, answer and meet. At its end each page and address
//! of the API is opened, and its numbers are compared with what `year/recompute.py` makes of the exported ledger and the documents that it names. What is
//! not compared has a name.

mod advisories;
mod compared;
mod named;
mod organisation;
mod reading;
mod walking;

use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use organisation::Year;

/// The first day: what RustSec published from here on is in the shared data.
const BEGINS: &str = "2025-08-21T06:00:00Z";
/// So many of each kind of address are opened, and of each that narrows it.
const EACH: usize = 6;
/// So many days.
const DAYS: i64 = 364;

/// Seconds since 1970, by the server's clock.
static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    Timestamp::from_second(NOW.load(Ordering::SeqCst)).unwrap()
}

/// It is not before a moment any longer. No two things happen in one second.
fn passes(to: Timestamp) {
    NOW.fetch_max(to.as_second(), Ordering::SeqCst);
}

fn later(seconds: i64) {
    NOW.fetch_add(seconds, Ordering::SeqCst);
}

/// The ledger as `trimtab ledger export` writes it.
fn export(year: &Year, to: &Path) -> usize {
    let app = year.server.app();
    let (mut lines, mut after) = (Vec::new(), 0);
    loop {
        let block = year.server.runtime.block_on(app.store.ledger(year.org, after, 5000)).unwrap();
        let Some(last) = block.last() else { break };
        after = last.seq;
        lines.extend(block.iter().map(|entry| entry.line("Ferries")));
    }
    std::fs::write(to, lines.join("\n")).unwrap();
    lines.len()
}

/// With `TRIMTAB_YEAR` the year's ledger and answers are kept in that folder; with `TRIMTAB_KEPT_YEAR` those of a folder are
/// compared again and no year passes, to work on the script.
#[test]
fn every_number_of_a_year_is_made_of_its_ledger_again() {
    if let Some(kept) = std::env::var_os("TRIMTAB_KEPT_YEAR") {
        return compare_kept(Path::new(&kept));
    }
    let begins: Timestamp = BEGINS.parse().unwrap();
    let ends = begins + SignedDuration::from_hours(24 * DAYS + 6);
    let started = std::time::Instant::now();
    let mut year = Year::new(begins, ends);
    year.pass();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let entries = export(&year, &ledger);
    let evidence = folder.path().join("evidence");
    year.evidence(&ledger, &evidence);
    eprintln!("a year of {entries} entries in {:?}", started.elapsed());
    assert!(entries > 2000, "{entries}");
    let (_, broken) =
        year.server.runtime.block_on(year.server.app().store.verify_ledger(year.org)).unwrap();
    assert_eq!(broken, None);
    year.answers_are_told();
    let (mut answers, mut unopened) = walking::every_address(&year, EACH);
    eprintln!("walked {} addresses after {:?}", answers.len(), started.elapsed());
    // Who sees one team alone.
    let (reader, team) = (&year.people[0], year.teams[0]);
    let mut walk = walking::pages(&year, reader, EACH / 2);
    walking::own_api(&year, reader, &mut walk, EACH / 2);
    eprintln!("walked {} of one team after {:?}", walk.answers.len(), started.elapsed());

    // To look at a year: a folder in which its ledger and its answers are kept.
    let keep = |answers: &walking::Answers| {
        let Some(kept) = std::env::var_os("TRIMTAB_YEAR").map(PathBuf::from) else { return };
        std::fs::copy(&ledger, kept.join("ledger.jsonl")).unwrap();
        copied(&evidence, &kept.join("evidence"));
        let all = json!({ "now": now().as_microsecond(), "answers": answers, "reader": year.lea.id,
            "part": walk.answers, "part_reader": reader.id, "team": team, "wrong": walk.wrong });
        std::fs::write(kept.join("answers.json"), all.to_string()).unwrap();
    };
    keep(&answers);
    let opened: Vec<String> = answers.keys().cloned().collect();
    let lea = year.lea.id.to_string();
    let Some(said) = made((&ledger, &evidence), &[&lea], &opened) else { return };
    for at in compared::addresses(&said) {
        if let Entry::Vacant(place) = answers.entry(at) {
            let answer = year.server.open(&year.lea, place.key());
            match answer.status {
                200 => _ = place.insert(answer.text),
                status => unopened.push(format!("{}: {status} {}", place.key(), answer.text)),
            }
        }
    }
    keep(&answers);
    year.is_a_year(&ledger);
    assert!(unopened.is_empty(), "{}", unopened.join("\n"));
    // Of records that are made up not all is met.
    compared::with(&answers, &said, trimtab_testkit::shared().is_some());
    eprintln!("compared after {:?}", started.elapsed());

    // They see the numbers of their team, and nothing of what is of others alone; and what is linked there opens.
    assert!(walk.wrong.is_empty(), "{}", walk.wrong.join("\n"));
    year.sees_nothing_else(&walk);
    let theirs: Vec<String> = walk.answers.keys().cloned().collect();
    let own = [reader.id.to_string(), team.to_string()];
    let of_part = made((&ledger, &evidence), &own.each_ref().map(String::as_str), &theirs).unwrap();
    compared::of_part(&walk.answers, &of_part);

    // Terms that are told afterwards are the same terms.
    let later = folder.path().join("later.jsonl");
    std::fs::write(&later, told_later(&ledger)).unwrap();
    let again = made((&later, &evidence), &[&lea], &opened).unwrap();
    let is_of_entries = |line: &&str| line.contains("ledger\"");
    let one: Vec<&str> = said.lines().filter(|line| !is_of_entries(line)).collect();
    let other: Vec<&str> = again.lines().filter(|line| !is_of_entries(line)).collect();
    assert_eq!(one.len(), other.len(), "of terms that are told afterwards");
    assert!(one.len() > 20_000, "{} are said", one.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other, "of terms that are told afterwards");
    }
    eprintln!("compared with what was told afterwards after {:?}", started.elapsed());

    // Of what a ledger of an earlier version lacks nothing is said, and all else is the same.
    let earlier = folder.path().join("earlier.jsonl");
    std::fs::write(&earlier, of_earlier(&ledger)).unwrap();
    let of_less = made((&earlier, &evidence), &[&lea], &opened).unwrap();
    let known: std::collections::HashSet<&str> = said.lines().collect();
    // Lists of the entries themselves are others.
    let is_of_entries = |line: &&str| line.contains("ledger") || line.contains("history|");
    for line in of_less.lines().filter(|line| !is_of_entries(line)) {
        assert!(known.contains(line), "of an earlier ledger: {line}");
    }
    eprintln!("compared with an earlier ledger after {:?}", started.elapsed());
}

/// Compares what was kept of a year.
fn compare_kept(kept: &Path) {
    let text = std::fs::read_to_string(kept.join("answers.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    passes(Timestamp::from_microsecond(all["now"].as_i64().unwrap()).unwrap());
    let answers =
        |name: &str| -> walking::Answers { serde_json::from_value(all[name].clone()).unwrap() };
    let (ledger, evidence) = (kept.join("ledger.jsonl"), kept.join("evidence"));
    let (answers, part) = (answers("answers"), answers("part"));
    let opened = |answers: &walking::Answers| answers.keys().cloned().collect::<Vec<_>>();
    let said =
        made((&ledger, &evidence), &[&all["reader"].to_string()], &opened(&answers)).unwrap();
    compared::with(&answers, &said, trimtab_testkit::shared().is_some());
    let own = [all["part_reader"].to_string(), all["team"].to_string()];
    let of_part =
        made((&ledger, &evidence), &own.each_ref().map(String::as_str), &opened(&part)).unwrap();
    compared::of_part(&part, &of_part);
}

/// Copies a folder with folders of files.
fn copied(from: &Path, to: &Path) {
    for folder in std::fs::read_dir(from).unwrap() {
        let folder = folder.unwrap();
        let to = to.join(folder.file_name());
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// What the script makes of a ledger and its evidence, for a reader (who sees one team, if it is named), of addresses that were
/// opened. `None`: there is no Python here.
fn made((ledger, evidence): (&Path, &Path), reader: &[&str], opened: &[String]) -> Option<String> {
    let script = trimtab_testkit::repository().join("crates/server/tests/server/year/recompute.py");
    let addresses = ledger.with_extension("addresses");
    std::fs::write(&addresses, opened.join("\n")).unwrap();
    let made = Command::new("python3")
        .arg("-B")
        .arg(script)
        .arg(ledger)
        .arg(now().as_microsecond().to_string())
        .arg(addresses)
        .arg(evidence)
        .args(reader)
        .output();
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "there is no python3: {error}");
            eprintln!("NOT COMPARED: there is no python3: {error}");
            return None;
        }
    };
    let words = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{words}");
    eprint!("{words}");
    Some(String::from_utf8(made.stdout).unwrap())
}

/// The ledger without what versions before layout 31 did not tell.
fn of_earlier(ledger: &Path) -> String {
    let entries = ["plan", "pulse-round", "maturity", "letter", "verdict-again"];
    let text = std::fs::read_to_string(ledger).unwrap();
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let mut data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
        let what = data["what"].as_str().unwrap_or_default().to_owned();
        if entries.contains(&what.as_str()) {
            continue;
        }
        let members: &[&str] = match what.as_str() {
            "system" => &["accountable"],
            "charter-proposed" => &["text"],
            "update" => &["did", "carried"],
            "supplier-document" => &["made", "format", "parts"],
            _ => &[],
        };
        for member in members {
            data.as_object_mut().unwrap().remove(*member);
        }
        entry["data"] = json!(data.to_string());
        lines.push(entry.to_string());
    }
    lines.join("\n")
}

/// The ledger as an earlier build wrote it, and this one went on: terms are told at its end.
fn told_later(ledger: &Path) -> String {
    let text = std::fs::read_to_string(ledger).unwrap();
    let (mut lines, mut after) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let mut data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
        let terms = data.as_object_mut().unwrap().remove("terms");
        if let Some(terms) = terms.filter(|_| data["what"] == "charter-agreed") {
            let since = Timestamp::from_microsecond(entry["at"].as_i64().unwrap()).unwrap();
            let told = json!({ "what": "charter-terms", "charter": data["charter"],
                "since": since.to_string(), "terms": terms });
            let mut later = entry.clone();
            later["at"] = json!(now().as_microsecond());
            later["actor"] = json!("trimtab");
            later["data"] = json!(told.to_string());
            after.push(later.to_string());
            entry["data"] = json!(data.to_string());
            lines.push(entry.to_string());
        } else {
            lines.push(line.to_owned());
        }
    }
    assert_eq!(after.len(), 2, "charters came into force");
    lines.extend(after);
    lines.join("\n")
}
