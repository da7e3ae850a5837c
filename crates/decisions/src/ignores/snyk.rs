//! `.snyk`: `ignore`, by id a list of dependency paths, each with reason, expiry and beginning.
//!
//! Only the path `*` means every occurrence; another one (`a > b > c`) names a path through the
//! dependency graph, which an exception cannot express. Snyk's own ids (`SNYK-JS-…`) are in no
//! public feed: such an exception covers a finding only if an advisory has that id as an alias,
//! which is reported once for the file.

use trimtab_model::{Code, Diagnostic};

use super::yaml::{self, Node};
use super::{Reading, Rule};
use crate::place;

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(fault) => return reading.malformed(fault),
    };
    let mut own: Option<(u32, usize)> = None;
    for (id, paths) in root.get("ignore").map(Node::entries).unwrap_or_default() {
        if id.starts_with("snyk:lic:") {
            reading.cannot(paths.line(), &format!("`{id}`, which is about a licence,"));
            continue;
        }
        // A list of maps with one path each; older files have one map.
        let list = paths.items();
        let paths = if list.is_empty() { std::slice::from_ref(paths) } else { list };
        for (path, rule) in paths.iter().flat_map(Node::entries) {
            let line = rule.line();
            if path.trim() != "*" {
                reading.cannot(line, &format!("the dependency path `{path}` of {id}"));
                continue;
            }
            let text = |key| rule.get(key).and_then(Node::text);
            let Ok(expires) = reading.last_day(text("expires"), line) else { continue };
            if id.starts_with("SNYK-") {
                own = Some(own.map_or((line, 1), |(line, count)| (line, count + 1)));
            }
            reading.rule(Rule {
                vulnerability: Some(id.clone()),
                reason: text("reason").map(str::to_owned),
                created: text("created").and_then(place::day),
                expires,
                line,
                ..Rule::default()
            });
        }
    }
    if let Some((line, count)) = own {
        reading.faults.push(
            Diagnostic::new(
                Code::ExceptionUnused,
                format!("{count} rules name ids of Snyk, which are not in any public feed and may cover nothing"),
            )
            .at_line(line)
            .help("put the CVE or GHSA id in their place"),
        );
    }
}
