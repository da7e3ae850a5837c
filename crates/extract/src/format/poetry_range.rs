//! Poetry's version constraints, as far as they tell several locked versions of one name apart:
//! PEP 440 specifiers, `^1.2`, `~1.2`, `1.2.*`, `1.2`, and `||` between alternatives.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// Whether a version satisfies a constraint. What is not understood is not satisfied.
pub(super) fn holds(constraint: &str, version: &str) -> bool {
    let Ok(version) = Version::from_str(version) else { return false };
    constraint.split('|').map(str::trim).filter(|part| !part.is_empty()).any(|alternative| {
        alternative
            .split([',', ' '])
            .map(str::trim)
            .filter(|clause| !clause.is_empty())
            .all(|clause| clause_holds(clause, &version))
    })
}

fn clause_holds(clause: &str, version: &Version) -> bool {
    if clause == "*" {
        return true;
    }
    if let Some(base) = clause.strip_prefix('^') {
        return between(base, version, |release| {
            release.iter().position(|part| *part != 0).unwrap_or(release.len().saturating_sub(1))
        });
    }
    if let Some(base) = clause.strip_prefix('~').filter(|base| !base.starts_with('=')) {
        return between(base, version, |release| usize::from(release.len() > 1));
    }
    let bare = clause.starts_with(|c: char| c.is_ascii_digit());
    let specifier = if bare { format!("=={clause}") } else { clause.to_owned() };
    VersionSpecifiers::from_str(&specifier).is_ok_and(|specifiers| specifiers.contains(version))
}

/// Whether a version is at least `base` and below the same with its part at `raised` raised.
fn between(base: &str, version: &Version, raised: impl Fn(&[u64]) -> usize) -> bool {
    let Ok(lowest) = Version::from_str(base.trim()) else { return false };
    let mut release = lowest.release().to_vec();
    let raised = raised(&release);
    release.truncate(raised + 1);
    if let Some(last) = release.last_mut() {
        *last = last.saturating_add(1);
    }
    let limit = Version::new(release).with_epoch(lowest.epoch());
    *version >= lowest && *version < limit
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn constraints_hold_as_poetry_reads_them() {
        for (constraint, yes, no) in [
            ("^1.2", "1.9", "2.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("~1.2", "1.2.9", "1.3"),
            ("~1", "1.9", "2"),
            ("~=1.4", "1.9", "2.0"),
            ("1.2.*", "1.2.5", "1.3"),
            ("1.2", "1.2.0", "1.2.1"),
            (">=1,<2 || >=3", "3.1", "2.5"),
            (">=19.0", "19.2", "18.0"),
            ("<4.0", "3.9", "nonsense"),
        ] {
            assert!(holds(constraint, yes), "{constraint} {yes}");
            assert!(!holds(constraint, no), "{constraint} {no}");
        }
    }
}
