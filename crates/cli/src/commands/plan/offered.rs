//! Which of the versions that a registry offers are worth trying.

use trimtab_connect::registry;
use trimtab_model::Purl;

/// The final versions above the one of a purl that were not taken back.
pub(super) fn later(purl: &Purl, offered: Vec<registry::versions::Offered>) -> Vec<Box<str>> {
    let family = trimtab_model::Family::from_purl_type(purl.purl_type());
    let above = |version: &str| {
        let (Some(family), Some(from)) = (family, purl.version()) else { return false };
        family.compare(version, from).is_some_and(std::cmp::Ordering::is_gt)
    };
    let fine = offered.into_iter().filter(|o| o.yanked != Some(true) && is_final(purl, &o.version));
    fine.map(|o| o.version).filter(|version| above(version)).collect()
}

/// Whether a version is no trial one, by the custom of its ecosystem.
fn is_final(purl: &Purl, version: &str) -> bool {
    const TRIAL: &[&str] = &[
        "alpha",
        "beta",
        "rc",
        "dev",
        "pre",
        "snapshot",
        "canary",
        "next",
        "nightly",
        "milestone",
    ];
    let lower = version.to_ascii_lowercase();
    if TRIAL.iter().any(|word| lower.contains(word)) {
        return false;
    }
    match purl.purl_type() {
        "npm" | "cargo" | "golang" => !version.contains('-') || version.contains('+'),
        "pypi" => !lower.trim_start_matches('v').contains(['a', 'b', 'c']),
        _ => true,
    }
}
