//! What people decided: the exceptions file, VEX in every format, and the ignores of other tools.
//! What is read is written and read again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::date;
use trimtab_decisions::vex::{self, Issue, VexDocument, VexFormat};
use trimtab_decisions::{exceptions as file, ignores as tools};
use trimtab_model::decision::{Decisions, Signatory};
use trimtab_model::evidence::VexStatus;

use crate::{Target, seeds};

pub(crate) fn targets() -> Vec<Target> {
    let mut vex_seeds = seeds::of_folder("decisions/vex");
    vex_seeds.extend(seeds::shared_files("vex"));
    vec![
        Target::new("exceptions", exceptions, seeds::of_folder("decisions")),
        Target::new("vex", vex, vex_seeds),
        Target::new(
            "ignores",
            ignores,
            seeds::of_folder("decisions/ignores")
                .into_iter()
                .flat_map(|seed| (0..tools::TOOLS.len()).map(move |at| (at, seed.clone())))
                .map(|(at, mut seed)| {
                    seed.insert(0, u8::try_from(at).unwrap_or(0));
                    seed
                })
                .collect(),
        ),
    ]
}

/// `exceptions.toml`: what is read without fault is written so that it is read again as the same.
pub fn exceptions(bytes: &[u8]) {
    let Ok(text) = trimtab_decisions::text(bytes) else { return };
    let (all, _) = file::read(text, "exceptions.toml");
    let written = file::write(&all);
    let (again, faults) = file::read(&written, "exceptions.toml");
    assert!(faults.is_empty(), "{written} is read with {faults:?}");
    assert_eq!(again.exceptions.len(), all.exceptions.len());
    for (again, one) in again.exceptions.iter().zip(&all.exceptions) {
        assert_eq!((&again.id, &again.reach, again.expires), (&one.id, &one.reach, one.expires));
    }
    assert_eq!(again.not_affected.len(), all.not_affected.len());
    for (again, one) in again.not_affected.iter().zip(&all.not_affected) {
        assert_eq!((&again.id, &again.reach), (&one.id, &one.reach));
        assert_eq!((again.justification, again.expires), (one.justification, one.expires));
    }
}

/// A document of VEX: what is read is written in every format, and read again.
pub fn vex(bytes: &[u8]) {
    let (Some(document), _) = vex::read(bytes) else { return };
    let issue = Issue {
        id: "https://vex.example/1".into(),
        title: "Fuzzing".into(),
        author: document.author.clone().unwrap_or_else(|| "A".into()),
        namespace: "https://vex.example/".into(),
        at: Timestamp::UNIX_EPOCH,
        version: 1,
    };
    for format in VexFormat::ALL {
        let (written, losses) = vex::write(*format, &document.statements, &issue);
        let (again, faults) = vex::read(written.as_bytes());
        assert!(again.is_some(), "what is written is not read: {written}");
        let Some(again) = again else { continue };
        if *format == document.format && losses.is_empty() {
            assert_eq!(said(&again), said(&document), "{faults:?} in {written}");
        }
    }
}

/// Who is said to be how: vulnerability, status, product, component.
fn said(document: &VexDocument) -> BTreeSet<(&str, VexStatus, &str, &str)> {
    let mut all = BTreeSet::new();
    for statement in &document.statements {
        for product in &statement.products {
            let one =
                |component| (&*statement.vulnerability, statement.status, &*product.id, component);
            all.extend(product.components.is_empty().then(|| one("")));
            all.extend(product.components.iter().map(|component| one(&component.id)));
        }
    }
    all
}

/// The ignores of a tool: the first byte picks it.
pub fn ignores(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some(tool) = tools::TOOLS.get(usize::from(*first) % tools::TOOLS.len()) else { return };
    let author = Signatory { name: "A".into(), role: None };
    let (all, _) = tools::import(tool, rest, "folder/file", &author, date(2026, 3, 1));
    for exception in &all {
        assert!(exception.approver.is_none(), "an import is approved");
    }
    let all = Decisions { exceptions: all, ..Decisions::default() };
    let (again, faults) = file::read(&file::write(&all), "exceptions.toml");
    let same = again.exceptions.len() == all.exceptions.len();
    assert!(faults.is_empty() && same, "{all:?} is read with {faults:?}");
}
