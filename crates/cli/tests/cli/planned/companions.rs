//! What the project does not allow is raised with what asks for it, as its peer: with npm, which tells one contradiction at
//! a time, and a registry of ours on this machine.

use serde_json::json;

use crate::offering::{Version, plain};
use crate::planned::askers::{asking, manifest, named, planned, universe};
use crate::planned::choice::{reached, record};

/// A version that asks for others beside it.
fn beside(version: &str, peers: &[(&str, &str)]) -> (String, Version) {
    let all = peers.iter().map(|(name, range)| ((*name).to_owned(), (*range).to_owned()));
    (version.to_owned(), Version { peers: all.collect(), ..Version::default() })
}

/// `web` asks for `right` from 2.0.0 on, and the `mid` that goes with it for one with a gap there: no range alone tells
/// which.
#[test]
fn a_companion_goes_with_all_who_ask_for_it() {
    let universe = universe(&[
        ("web", vec![plain("1.0.0"), beside("2.0.0", &[("mid", "^2.0.0"), ("right", "^2.0.0")])]),
        ("mid", vec![plain("1.0.0"), beside("2.0.0", &[("right", ">=1.1.0 <1.5.0 || >=2.1.0")])]),
        ("right", ["1.0.0", "1.1.0", "2.0.0", "2.1.0", "2.2.0"].map(plain).into()),
    ]);
    let records = [record("OSV-TEST-0", "web", "2.0.0")];
    let manifest = manifest(&json!({ "web": "1.0.0", "mid": "1.0.0", "right": "1.0.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    let mut names = named(action);
    names.sort_unstable();
    assert_eq!(names, ["pkg:npm/mid", "pkg:npm/right", "pkg:npm/web"], "{action:#?}");
    assert_eq!(reached(action, "pkg:npm/right"), Some("2.1.0"), "{action:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// Each version of `top` that mends `deep` asks for four others anew, of which npm tells one at a time. The newest takes four
/// runs; five for each of four halvings would be 24 in all, for one parent.
#[test]
fn a_parent_with_companions_takes_a_bounded_number_of_runs() {
    const FOUR: [&str; 4] = ["east", "north", "south", "west"];
    let later = (0..16).map(|minor| {
        let peers = FOUR.map(|name| (name, "^2.0.0"));
        let (version, peers) = beside(&format!("2.{minor}.0"), &peers);
        let dependencies = vec![("deep".to_owned(), "2.0.0".to_owned())];
        (version, Version { dependencies, ..peers })
    });
    let top = std::iter::once(asking("1.0.0", &[("deep", "1.0.0")])).chain(later);
    let others = FOUR.map(|name| (name, ["1.0.0", "2.0.0"].map(plain).into()));
    let deep = ("deep", ["1.0.0", "2.0.0"].map(plain).into());
    let universe = universe(&[&[("top", top.collect()), deep][..], &others].concat());
    let records = [record("OSV-TEST-0", "deep", "2.0.0")];
    let ours = json!({
        "top": "1.0.0", "east": "1.0.0", "north": "1.0.0", "south": "1.0.0", "west": "1.0.0",
    });
    let Some(plan) = planned(&manifest(&ours), &[], &records, universe) else { return };
    let action = plan.actions.iter().find(|action| action.way == "raise-parent");
    let action = action.unwrap_or_else(|| panic!("{:#?} {:#?}", plan.actions, plan.left));
    assert_eq!(named(action).len(), 5, "{action:#?}");
    assert!(plan.search.tries < 24, "{:#?}", plan.search);
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}
