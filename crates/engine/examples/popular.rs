//! Makes and measures the lists of popular names:
//! `popular make DATA` writes `crates/engine/src/selection/popular/*.txt`, `popular measure DATA`
//! prints how many reported malicious names are near a popular one, and how many honest names are.
//!
//! DATA is a folder with `corpus/projects` (lockfiles of real projects), `data/osv` and
//! `data/osv-malicious` (advisories in OSV's bulk layout).
#![expect(clippy::unwrap_used, reason = "a tool of ours that ends where its data is not there")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use trimtab_engine::selection::near::{Popular, Slip};
use trimtab_model::{Family, Relation};

const FAMILIES: &[(Family, &str)] = &[
    (Family::Npm, "npm"),
    (Family::PyPI, "pypi"),
    (Family::CratesIo, "cargo"),
    (Family::Go, "go"),
    (Family::RubyGems, "gem"),
];

/// A name counts as popular from this many votes on: a vote is a project that lists it, an advisory
/// about it (up to two), or ten packages of one lockfile that ask for it (one vote).
const VOTES: usize = 2;

/// What a project lists, by family: name → how many of its packages ask for it.
type Listed = HashMap<Family, BTreeMap<String, usize>>;

fn project(folder: &Path) -> Listed {
    let inventory = trimtab_extract::scan_path(folder, &trimtab_extract::Options::default());
    let mut listed = Listed::new();
    for file in &inventory.files {
        let mut asked = vec![0; file.components.len()];
        for (_, to) in &file.edges {
            asked[*to as usize] += 1;
        }
        for (component, asked) in file.components.iter().zip(asked) {
            let Some(family) = Family::from_purl_type(component.purl.purl_type()) else { continue };
            // A project's own packages come from no registry.
            if component.relation == Relation::Own || component.purl.version().is_none() {
                continue;
            }
            let name = family.normalise(&family.package_name(&component.purl)).to_lowercase();
            let most = listed.entry(family).or_default().entry(name).or_default();
            *most = asked.max(*most);
        }
    }
    listed
}

/// The projects by name, a project's years together.
fn projects(data: &Path) -> BTreeMap<String, Vec<Listed>> {
    let mut all: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    for entry in std::fs::read_dir(data.join("corpus/projects")).unwrap().flatten() {
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = name.split('@').next().unwrap_or(&name).to_owned();
            all.entry(name).or_default().push(project(&entry.path()));
        }
    }
    all
}

/// Names in a folder of advisories → how many; `malicious` chooses the reports or all the others.
fn advised(data: &Path, family: Family, malicious: bool) -> BTreeMap<String, usize> {
    let part = if malicious { "data/osv-malicious" } else { "data/osv" };
    let mut names = BTreeMap::new();
    let Ok(file) = std::fs::File::open(data.join(part).join(family.osv_name()).join("all.zip"))
    else {
        return names;
    };
    let mut zip = zip::ZipArchive::new(file).unwrap();
    for at in 0..zip.len() {
        let Ok(record) = serde_json::from_reader::<_, Value>(zip.by_index(at).unwrap()) else {
            continue;
        };
        let text = record.to_string().to_lowercase();
        if !malicious && (text.contains("malicious") || text.contains("cwe-506")) {
            continue;
        }
        let packages = record["affected"].as_array().into_iter().flatten();
        let of_family: BTreeSet<String> = packages
            .filter(|a| a["package"]["ecosystem"] == family.osv_name())
            .filter_map(|a| Some(family.normalise(a["package"]["name"].as_str()?).to_lowercase()))
            .collect();
        for name in of_family {
            *names.entry(name).or_default() += 1;
        }
    }
    names
}

fn popular<'a>(
    family: Family,
    projects: impl Iterator<Item = &'a Vec<Listed>>,
    advised: &BTreeMap<String, usize>,
    malicious: &BTreeMap<String, usize>,
) -> BTreeSet<String> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for years in projects {
        let mut here: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, asked) in years.iter().filter_map(|y| y.get(&family)).flatten() {
            let vote = here.entry(name).or_default();
            *vote = (*vote).max(1 + usize::from(*asked >= 10));
        }
        for (name, vote) in here {
            *votes.entry(name).or_default() += vote;
        }
    }
    let listed: BTreeSet<&str> = votes.keys().copied().collect();
    for (name, count) in advised {
        *votes.entry(name).or_default() += (*count).min(2);
    }
    let enough = votes.into_iter().filter(|(_, n)| *n >= VOTES).map(|(name, _)| name);
    // A name with a report is popular only where a real project lists it: its versions were hijacked.
    let names: BTreeSet<&str> =
        enough.filter(|n| listed.contains(n) || !malicious.contains_key(*n)).collect();
    // Squatters have advisories too: what only advisories name is not popular beside a listed name.
    let in_projects = list(family, &listed.iter().map(|n| (*n).to_owned()).collect());
    names.into_iter().filter(|n| in_projects.near(n).is_none()).map(str::to_owned).collect()
}

fn list(family: Family, names: &BTreeSet<String>) -> Popular {
    Popular::read(family, &names.iter().fold(String::new(), |text, n| text + n + "\n"))
}

fn make(data: &Path) {
    let projects = projects(data);
    for (family, file) in FAMILIES {
        let malicious = advised(data, *family, true);
        let names = popular(*family, projects.values(), &advised(data, *family, false), &malicious);
        let mut text = format!(
            "# Popular names of {family}, made by `cargo run -p trimtab-engine --example popular -- make DATA`:\n\
             # what at least two real projects list, or ten packages of one ask for, or advisories are about.\n"
        );
        for name in &names {
            let _ = writeln!(text, "{name}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/selection/popular");
        std::fs::write(folder.join(file).with_extension("txt"), text).unwrap();
        println!("{family}: {} names", names.len());
    }
}

fn measure(data: &Path, verbose: bool) {
    let projects = projects(data);
    println!(
        "| ecosystem | popular | reports | near | rate | edit | separators | lookalike | affix | honest names, held out | near | rate |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut all_honest, mut all_wrong) = (0, 0);
    for (family, _) in FAMILIES {
        let (good, malicious) = (advised(data, *family, false), advised(data, *family, true));
        let full = list(*family, &popular(*family, projects.values(), &good, &malicious));
        let reports: Vec<&String> = malicious.keys().filter(|n| !full.contains(n)).collect();
        let slips: Vec<Slip> = reports.iter().filter_map(|n| Some(full.near(n)?.slip)).collect();
        let of = |slip| slips.iter().filter(|s| **s == slip).count();
        // Every second project makes the list, the others are asked; then the other way round.
        let (mut honest, mut wrong) = (0, 0);
        for side in [0, 1] {
            let of_side = |s: usize| {
                projects.values().enumerate().filter(move |(at, _)| at % 2 == s).map(|(_, p)| p)
            };
            let half = list(*family, &popular(*family, of_side(side), &good, &malicious));
            let names: BTreeSet<&String> = of_side(1 - side)
                .flatten()
                .filter_map(|y| y.get(family))
                .flat_map(BTreeMap::keys)
                .filter(|n| !half.contains(n))
                .collect();
            honest += names.len();
            for name in names {
                if let Some(near) = half.near(name) {
                    wrong += 1;
                    if verbose {
                        eprintln!("{family}: {name} ~ {} ({:?})", near.popular, near.slip);
                    }
                }
            }
        }
        all_honest += honest;
        all_wrong += wrong;
        println!(
            "| {family} | {} | {} | {} | {} | {} | {} | {} | {} | {honest} | {wrong} | {} |",
            full.len(),
            reports.len(),
            slips.len(),
            percent(slips.len(), reports.len()),
            of(Slip::Edit) + of(Slip::Swap),
            of(Slip::Separators),
            of(Slip::Lookalike),
            of(Slip::Affix),
            percent(wrong, honest),
        );
    }
    println!(
        "All together: {all_wrong} of {all_honest} honest names near, {}",
        percent(all_wrong, all_honest)
    );
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "?".to_owned() } else { format!("{:.2} %", 100.0 * part as f64 / whole as f64) }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", data] => make(Path::new(data)),
        ["measure", data] => measure(Path::new(data), false),
        ["measure", data, "--verbose"] => measure(Path::new(data), true),
        _ => eprintln!("popular make|measure DATA [--verbose]"),
    }
}
