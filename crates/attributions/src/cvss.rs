//! CVSS vectors from separate metrics, as OWASP Dependency-Check writes them. Every value of a
//! metric begins with its letter (`NETWORK`, `PARTIAL`, `UNCHANGED`).

const V2: &[(&str, &str)] = &[
    ("AV", "accessVector"),
    ("AC", "accessComplexity"),
    // Its reports spell it so.
    ("Au", "authenticationr"),
    ("C", "confidentialImpact"),
    ("I", "integrityImpact"),
    ("A", "availabilityImpact"),
];

const V3: &[(&str, &str)] = &[
    ("AV", "attackVector"),
    ("AC", "attackComplexity"),
    ("PR", "privilegesRequired"),
    ("UI", "userInteraction"),
    ("S", "scope"),
    ("C", "confidentialityImpact"),
    ("I", "integrityImpact"),
    ("A", "availabilityImpact"),
];

/// A vector of version 2. `None` if a metric is missing.
pub(crate) fn v2<'m>(metric: impl Fn(&str) -> Option<&'m str>) -> Option<String> {
    joined(V2, metric)
}

/// A vector of version 3; of 3.1 where the report does not say which. `None` if a metric is
/// missing.
pub(crate) fn v3<'m>(metric: impl Fn(&str) -> Option<&'m str>) -> Option<String> {
    let prefix = if metric("version") == Some("3.0") { "CVSS:3.0" } else { "CVSS:3.1" };
    joined(V3, metric).map(|vector| format!("{prefix}/{vector}"))
}

fn joined<'m>(
    metrics: &[(&str, &str)],
    metric: impl Fn(&str) -> Option<&'m str>,
) -> Option<String> {
    let one = |(name, key): &(&str, &str)| {
        let value = metric(key)?.trim().chars().next()?;
        value.is_ascii_alphabetic().then(|| format!("{name}:{}", value.to_ascii_uppercase()))
    };
    Some(metrics.iter().map(one).collect::<Option<Vec<_>>>()?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_model::cvss::base_score_tenths;

    #[test]
    fn metrics_become_vectors_that_are_read() {
        let v3 = v3(|key| {
            Some(match key {
                "attackVector" => "NETWORK",
                "attackComplexity" => "LOW",
                "scope" => "UNCHANGED",
                "version" => "3.0",
                key if key.ends_with("Impact") => "HIGH",
                _ => "NONE",
            })
        });
        assert_eq!(v3.as_deref().and_then(base_score_tenths).map(|(_, s)| s), Some(98));
        let v2 = v2(|key| Some(if key == "accessVector" { "NETWORK" } else { "LOW" }));
        assert_eq!(v2.as_deref(), Some("AV:N/AC:L/Au:L/C:L/I:L/A:L"));
        assert_eq!(super::v2(|_| None), None);
    }
}
