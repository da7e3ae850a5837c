//! `.cargo/audit.toml` of cargo-audit: `[advisories] ignore`, a list of ids. Reasons are in
//! comments after them.

use serde::Deserialize;

use super::{Reading, Rule, comment_after, toml_fault};
use crate::place::{At, Lines};

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
    let lines = Lines::of(text);
    for At { value, span } in file.advisories.ignore {
        reading.rule(Rule {
            vulnerability: Some(value),
            reason: comment_after(text, span.end),
            line: lines.at(span.start),
            ..Rule::default()
        });
    }
}
