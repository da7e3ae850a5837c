//! `.cargo/audit.toml` of cargo-audit: `[advisories] ignore`, a list of ids. Reasons stand in
//! comments after them.

use serde::Deserialize;

use super::{Reading, Rule, comment_after, line_at, toml_fault};
use crate::place::At;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    advisories: Advisories,
}

#[derive(Deserialize, Default)]
struct Advisories {
    #[serde(default)]
    ignore: Vec<At<String>>,
}

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(fault) => return reading.malformed(toml_fault(text, &fault)),
    };
    for At { value, span } in file.advisories.ignore {
        reading.rule(Rule {
            vulnerability: Some(value),
            reason: comment_after(text, span.end),
            line: line_at(text, span.start),
            ..Rule::default()
        });
    }
}
