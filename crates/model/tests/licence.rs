//! Declared licences: every identifier of the SPDX list, expressions, and common spellings.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::Value;
use trimtab_model::Licence;

fn id(text: &str) -> Licence {
    Licence::Id(text.into())
}

fn list(file: &str, key: &str) -> Option<Vec<Value>> {
    let path = trimtab_testkit::shared()?.join("data/spdx").join(file);
    let list: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(list[key].as_array().unwrap().clone())
}

#[test]
fn every_identifier_of_the_list_is_read() {
    let Some(licences) = list("licenses.json", "licenses") else { return };
    assert!(licences.len() > 700);
    for licence in &licences {
        let name = licence["licenseId"].as_str().unwrap();
        assert_eq!(Licence::read(name), id(name));
        assert_eq!(Licence::read(&format!(" {} ", name.to_lowercase())), id(name));
        assert_eq!(Licence::read(&format!("({name})")), id(name));
        assert_eq!(Licence::read(name).ids(), [name]);
        let pair = format!("{name} OR (MIT AND {name})");
        assert_eq!(Licence::read(&pair), Licence::Expression(pair.into()));
    }
}

#[test]
fn every_full_name_is_read_as_an_identifier_of_that_name() {
    let Some(licences) = list("licenses.json", "licenses") else { return };
    let named = |name: &str| -> Vec<&str> {
        let same = licences
            .iter()
            .filter(|l| l["name"].as_str().unwrap().trim().eq_ignore_ascii_case(name));
        same.map(|l| l["licenseId"].as_str().unwrap()).collect()
    };
    for licence in &licences {
        let name = licence["name"].as_str().unwrap();
        match Licence::read(name) {
            Licence::Id(id) => assert!(named(name.trim()).contains(&&*id), "{name}: {id}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_exception_is_read() {
    let Some(exceptions) = list("exceptions.json", "exceptions") else { return };
    for exception in exceptions {
        let name = exception["licenseExceptionId"].as_str().unwrap();
        let text = format!("GPL-2.0-only WITH {name}");
        assert_eq!(Licence::read(&text), Licence::Expression(text.clone().into()));
        assert_eq!(Licence::read(&text.to_lowercase()), Licence::Expression(text.into()));
    }
}

#[test]
fn expressions_are_written_the_standard_s_way() {
    for (declared, written) in [
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("MIT / Apache-2.0", "MIT OR Apache-2.0"),
        ("MIT || Apache-2.0", "MIT OR Apache-2.0"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT or Apache-2.0) and ISC", "(MIT OR Apache-2.0) AND ISC"),
        ("Unlicense/MIT", "Unlicense OR MIT"),
        ("(MIT)or(ISC)", "(MIT) OR (ISC)"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("apache-2.0 with llvm-exception/mit", "Apache-2.0 WITH LLVM-exception OR MIT"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("apache-2.0+", "Apache-2.0+"),
        ("LicenseRef-mine", "LicenseRef-mine"),
        ("DocumentRef-a:LicenseRef-b AND MIT", "DocumentRef-a:LicenseRef-b AND MIT"),
        ("CC0-1.0 AND LGPL-2.1-only AND LGPL-2.1+", "CC0-1.0 AND LGPL-2.1-only AND LGPL-2.1+"),
    ] {
        assert_eq!(Licence::read(declared), Licence::Expression(written.into()), "{declared}");
    }
}

#[test]
fn certain_spellings_become_identifiers() {
    for (declared, written) in [
        ("MIT", "MIT"),
        ("MIT License", "MIT"),
        ("The MIT License", "MIT"),
        ("Apache License,  Version 2.0", "Apache-2.0"),
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("BSD 3-Clause", "BSD-3-Clause"),
        ("zlib", "Zlib"),
        ("GPL-2.0", "GPL-2.0"),
        ("GPL-3.0+", "GPL-3.0+"),
        ("GNU General Public License v2.0 only", "GPL-2.0-only"),
    ] {
        assert_eq!(Licence::read(declared), id(written), "{declared}");
    }
}

#[test]
fn what_is_not_certain_stays_text() {
    for declared in [
        "",
        "NONE",
        "NOASSERTION",
        "GPL",
        "LGPL",
        "BSD",
        "Apache",
        "GPLv3",
        "MIT/X11",
        "Public Domain",
        "SEE LICENSE IN LICENSE",
        "UNLICENSED",
        "Proprietary",
        "MIT AND",
        "MIT OR Nope-1.0",
        "(MIT",
        "https://example.org/licence",
        "MIT, Apache-2.0",
    ] {
        assert_eq!(Licence::read(declared), Licence::Text(declared.into()));
    }
    let long = "MIT OR ".repeat(1000) + "MIT";
    assert_eq!(Licence::read(&long), Licence::Text(long.clone().into()));
    let deep = "(".repeat(1000) + "MIT" + &")".repeat(1000);
    assert_eq!(Licence::read(&deep), id("MIT"));
}

proptest! {
    #[test]
    fn reading_what_was_read_gives_the_same(
        text in "(MIT|mit|Apache-2.0|GPL-2.0|LicenseRef-a| |/|\\(|\\)|OR|and|WITH|\\+|-|\\PC){0,12}",
    ) {
        let read = Licence::read(&text);
        prop_assert_eq!(Licence::read(read.as_str()), read);
    }
}
