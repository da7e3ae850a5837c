//! Charters to start from: one file each in `presets/`, each with its public source.

use trimtab_model::charter::Charter;

/// Name, what it is, and text.
const PRESETS: &[(&str, &str, &str)] = &[
    (
        "framework",
        "72 hours, this sprint, 90 days, opportunistic",
        include_str!("../presets/framework.toml"),
    ),
    ("swift", "48 hours for critical, 7 days for high", include_str!("../presets/swift.toml")),
    (
        "cyber-essentials",
        "UK Cyber Essentials: 14 days",
        include_str!("../presets/cyber-essentials.toml"),
    ),
    (
        "bod-22-01",
        "CISA BOD 22-01: known exploited by the due date",
        include_str!("../presets/bod-22-01.toml"),
    ),
    ("pci-dss", "PCI DSS 6.3.3: critical within a month", include_str!("../presets/pci-dss.toml")),
    ("fedramp", "FedRAMP: 30, 90 and 180 days", include_str!("../presets/fedramp.toml")),
];

/// The name of the preset that applies if no charter is given.
pub const DEFAULT: &str = "framework";

/// Names of the presets, the default first.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, ..)| *name)
}

/// A line about a preset.
pub fn about(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(n, ..)| *n == name).map(|(_, about, _)| *about)
}

/// The text of a preset.
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(n, ..)| *n == name).map(|(.., text)| *text)
}

/// A preset as a charter. `None` if there is none of that name.
pub fn get(name: &str) -> Option<Charter> {
    // Presets start from at most one other; a test reads them all.
    crate::read(name, text(name)?).ok().map(|(charter, _)| charter)
}

/// The charter that applies if none is given.
pub fn default() -> Charter {
    get(DEFAULT).unwrap_or_else(crate::defaults::charter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_model::Code;

    #[test]
    fn every_preset_reads_and_cites_its_source() {
        for (name, _, text) in PRESETS {
            let (charter, warnings) =
                crate::read(name, text).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
            assert!(
                text.contains("# Source: ") || text.contains("\n# Source: "),
                "{name} cites nothing"
            );
            assert!(charter.matrix.is_monotonic() && !charter.goal.is_empty(), "{name}");
            // Nobody has agreed to a preset; nothing else is open.
            assert!(
                warnings
                    .iter()
                    .all(|w| w.code == Code::CharterWeak && w.message.contains("agreed")),
                "{name}: {warnings:#?}"
            );
            assert!(charter.floors.starts_with(&crate::defaults::built_in_floors()), "{name}");
        }
    }

    /// What the public sources say, as terms in production: from critical to low.
    #[test]
    fn presets_say_what_their_sources_say() {
        use trimtab_model::Level;
        use trimtab_model::charter::{CountsFrom, Term};

        let days = Term::Days;
        for (name, from, terms) in [
            (
                "framework",
                CountsFrom::Detected,
                [Term::Hours(72), Term::Sprints(1), days(90), Term::Opportunistic],
            ),
            (
                "swift",
                CountsFrom::Detected,
                [Term::Hours(48), days(7), days(30), Term::Opportunistic],
            ),
            (
                "cyber-essentials",
                CountsFrom::Published,
                [days(14), days(14), days(90), Term::Opportunistic],
            ),
            (
                "bod-22-01",
                CountsFrom::Detected,
                [days(14), days(30), days(90), Term::Opportunistic],
            ),
            ("pci-dss", CountsFrom::Published, [days(30), days(90), days(90), days(90)]),
            ("fedramp", CountsFrom::Detected, [days(30), days(30), days(90), days(180)]),
        ] {
            let charter = get(name).unwrap();
            let deadlines = &charter.deadlines;
            let own = deadlines.terms.iter().find(|(n, _)| n.as_deref() == Some("production"));
            let (_, by_level) = own.or(deadlines.terms.iter().find(|(n, _)| n.is_none())).unwrap();
            let told = [Level::Critical, Level::High, Level::Medium, Level::Low];
            assert_eq!(told.map(|l| by_level[l as usize]), terms, "{name}");
            assert_eq!(deadlines.counts_from, from, "{name}");
            // The directive names the catalogue's date for what is known to be exploited.
            let catalogue = (name == "bod-22-01").then_some(Term::Catalogue);
            assert_eq!(deadlines.known_exploited, catalogue, "{name}");
        }
    }
}
