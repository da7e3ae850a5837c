//! Reports of other scanners: one target for each format, as every reader is to be spoiled.

use std::collections::BTreeMap;

use trimtab_attributions::{FORMATS, MAX_ATTRIBUTIONS, MAX_LIST, MAX_TEXT, MAX_TITLE};
use trimtab_model::Purl;

use crate::{Target, seeds};

pub(crate) fn targets() -> Vec<Target> {
    let mut by_format: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for seed in seeds::of_folder("reports").into_iter().chain(seeds::shared_reports()) {
        if let Ok(report) = trimtab_attributions::read(&seed) {
            by_format.entry(report.format.id).or_default().push(seed);
        }
    }
    let target = |id| {
        let seeds = by_format.get(id).cloned().unwrap_or_default();
        Target::new(format!("report-{id}"), report, seeds)
    };
    FORMATS.iter().map(|format| target(format.id)).collect()
}

/// A report: what is read is within its bounds and can be joined; what is refused says why.
pub fn report(bytes: &[u8]) {
    let report = match trimtab_attributions::read(bytes) {
        Ok(report) => report,
        Err(fault) => {
            assert!(fault.help.is_some(), "{} has no next step", fault.message);
            return;
        }
    };
    assert!(report.attributions.len() <= MAX_ATTRIBUTIONS);
    for one in &report.attributions {
        assert!(one.ids.len() <= MAX_LIST && one.places.len() <= MAX_LIST);
        for (text, most) in [(&one.title, MAX_TITLE), (&one.text, MAX_TEXT)] {
            let text = text.as_deref().unwrap_or_default();
            assert!(text.chars().count() <= most + 1 && !text.contains("://"), "{text}");
        }
        if let Some(purl) = &one.component {
            let written = purl.to_string();
            assert!(Purl::parse(&written).is_ok_and(|again| again == *purl), "{written}");
        }
        assert!(one.component.is_some() || one.package.is_some() || !one.ids.is_empty());
    }
}
