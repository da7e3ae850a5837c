//! A year of an organisation, day by day through the server's own ways with a clock of its own: advisories come on the days
//! on which they were published, teams act in their rhythm, people decide, answer and meet. At its end the numbers of
//! the API, and the figures of pages, are compared with what `year/recompute.py` makes of the exported ledger alone. What is not
//! compared at these addresses has a name; which pages are not visited stands in `docs/roadmap.md`.

mod advisories;
mod compared;
mod organisation;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use organisation::Year;

/// The first day: what RustSec published from here on is in the shared data.
const BEGINS: &str = "2025-08-21T06:00:00Z";
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

#[test]
fn every_number_of_a_year_is_made_of_its_ledger_again() {
    let begins: Timestamp = BEGINS.parse().unwrap();
    let ends = begins + SignedDuration::from_hours(24 * DAYS + 6);
    let started = std::time::Instant::now();
    let mut year = Year::new(begins, ends);
    year.pass();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let entries = export(&year, &ledger);
    eprintln!("a year of {entries} entries in {:?}", started.elapsed());
    assert!(entries > 2000, "{entries}");
    let (_, broken) =
        year.server.runtime.block_on(year.server.app().store.verify_ledger(year.org)).unwrap();
    assert_eq!(broken, None);
    year.is_a_year(&ledger);
    year.answers_are_told();

    let script = trimtab_testkit::repository().join("crates/server/tests/server/year/recompute.py");
    let made = Command::new("python3")
        .arg(script)
        .arg(&ledger)
        .arg(now().as_microsecond().to_string())
        .output();
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "there is no python3: {error}");
            eprintln!("NOT COMPARED: there is no python3: {error}");
            return;
        }
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    compared::with(&year, &String::from_utf8(made.stdout).unwrap());
    eprintln!("compared after {:?}", started.elapsed());
}
