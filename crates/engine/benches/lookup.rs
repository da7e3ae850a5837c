//! Distinct component look-ups a second, on one core, over a real index and real projects.
//!
//!     cargo bench -p trimtab-engine --bench lookup -- INDEX FOLDER [ROUNDS]
//!     lookup INDEX FOLDER open|hits|misses          (for counting instructions)
//!
//! INDEX may also be a folder of advisories, of which an index is then made first.
//!
//! A look-up is everything from the purl to the package's entries: ecosystem, name, normal form,
//! hash, probe. Matching is a look-up, and for a package that is there the parsing of the version
//! and the evaluation of every entry.

use std::collections::HashSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use trimtab_advisories::{Index, Sources, build};
use trimtab_engine::match_inventory;
use trimtab_model::{Component, Ecosystem, FileInventory, Inventory, Purl, Relation};

/// Look-ups of one count of instructions.
const COUNTED: usize = 1000;

fn main() {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    let [_, index, folder, rest @ ..] = &*args else {
        eprintln!("usage: lookup INDEX FOLDER [ROUNDS | open | hits | misses]");
        return;
    };
    let mut index = PathBuf::from(index);
    let made = tempfile::tempdir().expect("a folder for the index");
    if index.is_dir() {
        let target = made.path().join("index");
        build(&Sources::beside(&index), &target, &mut ()).expect("advisories");
        index = target;
    }
    let index = opened(&index);
    let inventory = trimtab_extract::scan_path(Path::new(folder), &Default::default());
    let purls: HashSet<&Purl> = inventory
        .components()
        .filter(|(_, c)| c.relation != Relation::Own)
        .map(|(_, c)| &c.purl)
        .collect();
    let (hits, misses): (Vec<&Purl>, Vec<&Purl>) = purls.iter().partition(|p| look_up(&index, p));
    match rest.first().map(String::as_str) {
        Some("open") => {}
        Some("hits") => counted(&index, &hits),
        Some("misses") => counted(&index, &misses),
        rounds => {
            measure(&index, &hits, &misses, rounds.and_then(|r| r.parse().ok()).unwrap_or(20));
        }
    }
}

// What instructions are counted in must stay a function of its own.
#[inline(never)]
fn opened(index: &Path) -> Index {
    Index::open(index).expect("an index")
}

/// Whether advisories speak of the package.
fn look_up(index: &Index, purl: &Purl) -> bool {
    let Some(Ecosystem { family, .. }) = Ecosystem::of(purl) else { return false };
    let name = family.package_name(purl);
    let found = index.package(family, &family.normalise(&name)).expect("a sound index");
    found.is_some_and(|package| package.entries().len() > 0)
}

#[inline(never)]
fn counted(index: &Index, purls: &[&Purl]) {
    for purl in purls.iter().cycle().take(COUNTED) {
        black_box(look_up(index, black_box(purl)));
    }
}

fn measure(index: &Index, hits: &[&Purl], misses: &[&Purl], rounds: usize) {
    let all: Vec<&Purl> = hits.iter().chain(misses).copied().collect();
    for (what, purls) in [("hits", hits), ("misses", misses), ("all", &*all)] {
        let seconds = best(rounds, || {
            for purl in purls {
                black_box(look_up(index, black_box(purl)));
            }
        });
        tell(&format!("look-up, {what}"), purls.len(), seconds);
    }
    for (what, purls) in [("hits", hits), ("misses", misses), ("all", &*all)] {
        let components = purls.iter().map(|purl| Component::new((*purl).clone())).collect();
        let file = FileInventory { components, ..FileInventory::default() };
        let inventory = Inventory { files: vec![file], ..Inventory::default() };
        let seconds = best(rounds, || {
            black_box(match_inventory(black_box(&inventory), index).expect("a sound index"));
        });
        tell(&format!("matching, {what}"), purls.len(), seconds);
    }
}

/// The best of several rounds, in seconds: what else the machine does only adds.
fn best(rounds: usize, mut work: impl FnMut()) -> f64 {
    let rounds = (0..rounds.max(1)).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn tell(what: &str, count: usize, seconds: f64) {
    let each = seconds * 1e9 / count.max(1) as f64;
    println!("{what:20} {count:7} components, {each:8.1} ns each, {:12.0} a second", 1e9 / each);
}
