//! `deny.toml` of cargo-deny: `[advisories] ignore`, as ids, or as tables with a reason. Entries that
//! name a crate are about yanked versions, which are no vulnerabilities.

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
    ignore: Vec<At<Ignored>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ignored {
    Id(String),
    Table {
        id: Option<String>,
        #[serde(rename = "crate", alias = "name")]
        package: Option<String>,
        reason: Option<String>,
    },
}

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(fault) => return reading.malformed(toml_fault(text, &fault)),
    };
    let lines = Lines::of(text);
    for At { value, span } in file.advisories.ignore {
        let line = lines.at(span.start);
        let (id, package, reason) = match value {
            Ignored::Id(id) => (Some(id), None, None),
            Ignored::Table { id, package, reason } => (id, package, reason),
        };
        match id {
            // Only ids have upper case before their first dash.
            Some(id)
                if id
                    .split('-')
                    .next()
                    .is_some_and(|p| p.bytes().all(|b| b.is_ascii_uppercase())) =>
            {
                reading.rule(Rule {
                    vulnerability: Some(id),
                    reason: reason.or_else(|| comment_after(text, span.end)),
                    line,
                    ..Rule::default()
                });
            }
            id => {
                let name = package.or(id).unwrap_or_default();
                reading.cannot(line, &format!("the yanked crate `{name}`"));
            }
        }
    }
}
