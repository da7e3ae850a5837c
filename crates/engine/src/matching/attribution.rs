//! What one advisory says about a component, as an attribution.

use trimtab_advisories::index::{Affected, Index, IndexError, Verdict};
use trimtab_model::advisory::Advisory;
use trimtab_model::finding::Attribution;

use super::said::{Said, Word};

/// Tells it.
pub(super) fn attribution(index: &Index, said: &Said<'_>) -> Result<Attribution, IndexError> {
    let record = index.advisory_at(said.advisory)?;
    let affected = said.affected() == Affected::Yes;
    let wanted = |v: &Verdict<'_>| !affected || v.affected == Affected::Yes;
    let mut fixed: Vec<Box<str>> = Vec::new();
    let mut symbols: Vec<Box<str>> = Vec::new();
    let mut reason = None;
    for Word { entry, verdict, .. } in said.words.iter().filter(|w| wanted(&w.verdict)) {
        for fix in entry.fixed() {
            if !fixed.iter().any(|f| **f == *fix) {
                fixed.push(fix.into());
            }
        }
        for symbol in entry.symbols() {
            symbols.push(match (symbol.path, symbol.name) {
                (Some(path), Some(name)) => format!("{path}.{name}").into(),
                (path, name) => path.or(name).unwrap_or_default().into(),
            });
        }
        reason.get_or_insert_with(|| match verdict.affected {
            Affected::Yes => verdict.interval.to_string(),
            Affected::No => "not in its ranges or versions".to_owned(),
            Affected::Unknown => "its bounds cannot be compared".to_owned(),
        });
    }
    symbols.sort();
    symbols.dedup();
    Ok(Attribution {
        advisory: Advisory {
            id: record.id().into(),
            database: record.database().into(),
            kind: said.kind,
            published: record.published(),
            modified: record.modified(),
            changed: record.changed(),
            summary: record.summary().map(Into::into),
            url: url(record.id()),
        },
        affected,
        fixed,
        reason: reason.unwrap_or_default().into(),
        symbols,
    })
}

/// Where people read more about a published advisory. Local ids (`x_…`) have no page.
fn url(id: &str) -> Option<Box<str>> {
    (!id.starts_with("x_")).then(|| format!("https://osv.dev/vulnerability/{id}").into())
}
