//! Base scores against the examples of the specifications, and every vector of the advisories.

use std::io::Read as _;

use proptest::prelude::*;
use serde_json::Value;
use trimtab_model::advisory::CvssVersion::{self, V2, V3_0, V3_1, V4};
use trimtab_model::cvss::base_score_tenths;

/// Vectors of the advisory data that are not CVSS, and why.
const UNREADABLE: &[(&str, &str)] = &[];

/// From the specifications' texts and FIRST's documents of examples.
#[test]
fn the_specifications_examples_hold() {
    let cases: &[(&str, CvssVersion, u8)] = &[
        // CVSS 2.0 guide, 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", V2, 78),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", V2, 100),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", V2, 62),
        // CVSS 3.0 and 3.1 examples: MySQL, SSLv3 POODLE, VMware, Tomcat, Cisco, Heartbleed.
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", V3_0, 64),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", V3_1, 31),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", V3_1, 99),
        ("CVSS:3.0/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", V3_0, 42),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:L/A:N", V3_1, 58),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", V3_0, 75),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", V3_1, 98),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", V3_1, 0),
        // CVSS 4.0: the extremes that the specification names, and its equivalence classes' tops.
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", V4, 100),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", V4, 93),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", V4, 0),
    ];
    for (vector, version, tenths) in cases {
        assert_eq!(base_score_tenths(vector), Some((*version, *tenths)), "{vector}");
    }
}

#[test]
fn only_base_metrics_count() {
    let v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    for tail in ["/E:U", "/E:P/MAV:L", "/S:P/AU:Y/R:I/V:C/RE:L/U:Red"] {
        assert_eq!(base_score_tenths(&format!("{v4}{tail}")), Some((V4, 93)));
    }
    let v3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U/MAV:P";
    assert_eq!(base_score_tenths(v3), Some((V3_1, 98)));
    assert_eq!(base_score_tenths("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C"), Some((V2, 78)));
}

#[test]
fn vectors_are_read_leniently_but_never_guessed() {
    for vector in [
        "  AV:N/AC:L/Au:N/C:N/I:N/A:C\n",
        "(AV:N/AC:L/Au:N/C:N/I:N/A:C)",
        "CVSS:2.0/AV:N/AC:L/Au:N/C:N/I:N/A:C",
        "A:C/I:N/C:N/Au:N/AC:L/AV:N/",
    ] {
        assert_eq!(base_score_tenths(vector), Some((V2, 78)), "{vector}");
    }
    for vector in [
        "",
        "7.5",
        "CVSS:3.1",
        "CVSS:3.1/",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
        "CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ] {
        assert_eq!(base_score_tenths(vector), None, "{vector}");
    }
}

#[test]
fn every_vector_of_the_advisories_is_read() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let (mut vectors, mut unreadable) = (0, std::collections::BTreeSet::new());
    for folder in shared.join("data/osv").read_dir().unwrap() {
        let Ok(file) = std::fs::File::open(folder.unwrap().path().join("all.zip")) else {
            continue;
        };
        let mut archive = zip::ZipArchive::new(file).unwrap();
        for at in 0..archive.len() {
            let mut text = String::new();
            archive.by_index(at).unwrap().read_to_string(&mut text).unwrap();
            if !text.contains("CVSS_") {
                continue;
            }
            let record: Value = serde_json::from_str(&text).unwrap();
            let of_packages = record["affected"].as_array().into_iter().flatten();
            let lists = of_packages.map(|a| &a["severity"]).chain([&record["severity"]]);
            for severity in lists.filter_map(Value::as_array).flatten() {
                let vector = severity["score"].as_str().unwrap();
                vectors += 1;
                match (base_score_tenths(vector), severity["type"].as_str().unwrap()) {
                    (Some((V2, _)), "CVSS_V2")
                    | (Some((V3_0 | V3_1, _)), "CVSS_V3")
                    | (Some((V4, _)), "CVSS_V4") => {}
                    _ => drop(unreadable.insert(vector.to_owned())),
                }
            }
        }
    }
    unreadable.retain(|vector| !UNREADABLE.iter().any(|(known, _)| known == vector));
    assert!(unreadable.is_empty(), "{} of {vectors}: {unreadable:#?}", unreadable.len());
    assert!(vectors > 9_000, "only {vectors} vectors");
    eprintln!("cvss: {vectors} vectors, {} not CVSS", UNREADABLE.len());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(CVSS:[234]\\.[01]|/|AV:|AC:|[NLHPACS]|\\PC){0,30}") {
        let _ = base_score_tenths(&text);
    }
}
