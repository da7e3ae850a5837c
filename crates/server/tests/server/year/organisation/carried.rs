//! What the ledger says of findings, held against what the assets had: detected where an affected version is, gone where none is
//! any longer, in production where one runs, and nothing that is there without an entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Year;

/// Of each revision that was built, the version of each package.
pub(super) type Carried = BTreeMap<String, BTreeMap<String, String>>;

/// What is where, by asset: on the main line, and in each environment.
#[derive(Default)]
struct Places<'c> {
    main: BTreeMap<i64, &'c BTreeMap<String, String>>,
    runs: BTreeMap<(i64, String), &'c BTreeMap<String, String>>,
    snapshots: BTreeMap<i64, &'c BTreeMap<String, String>>,
    /// Which environments are production.
    production: BTreeSet<String>,
}

/// A finding as the ledger tells it.
struct Found {
    asset: i64,
    package: String,
    vulnerability: String,
    live: bool,
    on_main: bool,
    production: Option<bool>,
}

impl Year {
    /// Whether a version of a package has a flaw of a name, by the records of the year.
    fn is_affected(&self, package: &str, version: &str, name: &str) -> bool {
        let names = BTreeSet::from([name]);
        self.world
            .records
            .iter()
            .any(|one| one.package == package && one.is_called(&names) && one.has(version))
    }

    /// Whether what an asset has holds an affected version.
    fn holds(&self, what: Option<&&BTreeMap<String, String>>, of: &Found) -> bool {
        let package = of.package.strip_prefix("pkg:cargo/").unwrap_or_default();
        let version = what.and_then(|has| has.get(package));
        version.is_some_and(|version| self.is_affected(package, version, &of.vulnerability))
    }

    /// Whether an affected version runs in production. `None`: it is not known what runs.
    fn runs(&self, places: &Places<'_>, of: &Found) -> Option<bool> {
        let here = places.runs.iter().filter(|((asset, environment), _)| {
            *asset == of.asset && places.production.contains(environment)
        });
        let here: Vec<_> = here.map(|(_, has)| self.holds(Some(has), of)).collect();
        (!here.is_empty()).then(|| here.contains(&true))
    }

    /// Holds each entry of a finding against what its asset had just then, and what is there at the end against the findings.
    pub(in super::super) fn is_carried(&self, ledger: &str) {
        let mut places =
            Places { production: BTreeSet::from(["production".to_owned()]), ..Places::default() };
        let mut found: BTreeMap<i64, Found> = BTreeMap::new();
        let (mut held, mut wrong) = (0, Vec::new());
        for line in ledger.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
            let Some(kind) = entry["kind"].as_str() else { continue };
            if let Some(names) = data["terms"]["production"].as_array() {
                places.production =
                    names.iter().filter_map(|is| is.as_str().map(ToOwned::to_owned)).collect();
            }
            let Some(asset) = entry["asset"].as_i64() else { continue };
            match (kind, entry["finding"].as_i64()) {
                ("received", _) => {
                    let content = data["revision"].as_str().and_then(|is| self.carried.get(is));
                    if let (Some(content), Some(snapshot)) = (content, data["snapshot"].as_i64()) {
                        places.snapshots.insert(snapshot, content);
                        places.main.insert(asset, content);
                    }
                }
                ("deployed", _) => {
                    let outcome = data["outcome"].as_str().unwrap_or_default();
                    let content =
                        data["snapshot"].as_i64().and_then(|is| places.snapshots.get(&is));
                    if let (Some(content), "ok" | "rolled-back") = (content.copied(), outcome) {
                        let environment = data["environment"].as_str().unwrap_or_default();
                        places.runs.insert((asset, environment.to_owned()), content);
                    }
                }
                // What a supplier sends is of its own making.
                (_, Some(number)) if places.main.contains_key(&asset) => {
                    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
                    if kind == "detected" {
                        let (package, vulnerability) = (text("package"), text("vulnerability"));
                        let (live, on_main, production) = (true, true, None);
                        let new =
                            Found { asset, package, vulnerability, live, on_main, production };
                        found.insert(number, new);
                    }
                    let Some(of) = found.get_mut(&number) else { continue };
                    match kind {
                        "detected" | "regressed" => (of.live, of.on_main) = (true, true),
                        "merged" => of.on_main = false,
                        "fixed" | "retracted" => of.live = false,
                        "assessed" => of.production = data["production"].as_bool(),
                        _ => {}
                    }
                    let of = &found[&number];
                    let main = self.holds(places.main.get(&asset), of);
                    let runs = self.runs(&places, of);
                    let is_so = match kind {
                        "detected" | "regressed" => main || runs == Some(true),
                        "merged" => !main && runs != Some(false),
                        "fixed" => !main && runs != Some(true),
                        "assessed" => data["production"].as_bool() == runs,
                        _ => continue,
                    };
                    held += 1;
                    if !is_so {
                        wrong.push(format!(
                            "{line}: on the main line {main}, in production {runs:?}"
                        ));
                    }
                }
                _ => {}
            }
        }
        // What is a finding is there: nothing stays that is gone, and nothing is told to be where it is not.
        for (number, of) in found.iter().filter(|(_, of)| of.live) {
            let main = self.holds(places.main.get(&of.asset), of);
            let runs = self.runs(&places, of);
            let is_there = main || runs == Some(true);
            if !is_there || of.on_main != main || of.production != runs {
                let told = (of.on_main, of.production);
                wrong.push(format!(
                    "finding {number} at the end: on the main line {main}, in production {runs:?}, and told {told:?}"
                ));
            }
        }
        // What is there is a finding, on the main line and where it runs.
        let mut there = 0;
        let main = places.main.iter().map(|(asset, has)| (*asset, *has, true));
        let runs = places.runs.iter().filter(|((_, is), _)| places.production.contains(is));
        let runs = runs.map(|((asset, _), has)| (*asset, *has, false));
        for (asset, has, is_main) in main.chain(runs) {
            for (package, version) in has {
                let own = found.values().filter(|of| {
                    of.asset == asset
                        && of.live
                        && (of.on_main || !is_main)
                        && of.package == format!("pkg:cargo/{package}")
                });
                let own: BTreeSet<&str> = own.map(|of| of.vulnerability.as_str()).collect();
                for record in self.world.records.iter().filter(|one| one.package == *package) {
                    let is_taken_back = self.back.as_deref() == Some(record.id());
                    let stands =
                        record.at <= super::now() && !record.is_withdrawn() && !is_taken_back;
                    if stands && record.has(version) {
                        there += 1;
                        if !self.is_found(record.id(), &own) {
                            wrong.push(format!(
                                "asset {asset} has {package} {version}, and {} is no finding",
                                record.id()
                            ));
                        }
                    }
                }
            }
        }
        eprintln!(
            "{held} entries are held against what assets had, and {there} flaws of what they have against findings"
        );
        assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
        assert!(held > 1_000 && there > 10, "{held} {there}");
    }

    /// Whether a record goes by the name of a finding, by its own or by one that another record gives it.
    fn is_found(&self, record: &str, names: &BTreeSet<&str>) -> bool {
        let own = |id: &str| self.world.records.iter().find(|one| one.id() == id);
        let Some(is) = own(record) else { return false };
        is.is_called(names)
            || self
                .world
                .records
                .iter()
                .any(|one| one.is_called(&BTreeSet::from([record])) && one.is_called(names))
    }
}
