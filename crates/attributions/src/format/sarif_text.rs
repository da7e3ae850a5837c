//! What scanners of packages write into the messages of SARIF, for want of a place: `Package: apt` in
//! lines of their own (Trivy, Grype), or a sentence with the package in quotes (OSV-Scanner). Lines that
//! are not of this kind are passed over; nothing is guessed from other prose.

/// What a message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'m> {
    pub(super) name: Option<&'m str>,
    pub(super) version: Option<&'m str>,
    pub(super) fixed: Vec<&'m str>,
    pub(super) kind: Option<&'m str>,
}

/// Lines that are read.
const MAX_LINES: usize = 100;

/// What the message of a result says; if it says nothing, the help of its rule.
pub(super) fn read<'m>(message: Option<&'m str>, help: Option<&Told<'m>>) -> Told<'m> {
    let message = message.unwrap_or_default();
    let mut told = lines(message);
    if told.name.is_none() {
        told = sentence(message).unwrap_or_default();
    }
    let Some(general) = help else { return told };
    // Help is about every package of its rule only where it names the same.
    if told.name.is_none() || told.name == general.name {
        told.name = told.name.or(general.name);
        told.version = told.version.or(general.version);
        told.kind = told.kind.or(general.kind);
        if told.fixed.is_empty() {
            told.fixed.clone_from(&general.fixed);
        }
    }
    told
}

/// What the lines of a text say.
pub(super) fn lines(text: &str) -> Told<'_> {
    let mut told = Told::default();
    for line in text.lines().take(MAX_LINES) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match key.trim().trim_matches('*') {
            "Package" => told.name = told.name.or(Some(value)),
            "Installed Version" | "Version" => told.version = told.version.or(Some(value)),
            "Fixed Version" | "Fix Version" => {
                told.fixed.extend(value.split([',', ' ']).filter(|v| !v.is_empty()));
            }
            "Type" => told.kind = told.kind.or(Some(value)),
            _ => {}
        }
    }
    // Without a package the other lines are about something else.
    if told.name.is_none() { Told::default() } else { told }
}

/// `Package 'x@1.0' is vulnerable to …`
fn sentence(text: &str) -> Option<Told<'_>> {
    let (named, rest) = text.trim_start().strip_prefix("Package '")?.split_once('\'')?;
    if !rest.trim_start().starts_with("is vulnerable to") {
        return None;
    }
    let (name, version) = named.rsplit_once('@').filter(|(name, _)| !name.is_empty())?;
    Some(Told { name: Some(name), version: Some(version), ..Told::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'m>(message: &'m str, help: &'m str) -> Told<'m> {
        read(Some(message), Some(&lines(help)))
    }

    #[test]
    fn packages_are_read_out_of_messages() {
        let trivy = "Package: apt\nInstalled Version: 1.8\nVulnerability CVE-2020-1\nSeverity: LOW\nFixed Version: 1.9, 2.0\nLink: [a](b)";
        let said = told(trivy, "");
        assert_eq!((said.name, said.version), (Some("apt"), Some("1.8")));
        assert_eq!(said.fixed, ["1.9", "2.0"]);
        let osv = "Package '@a/b@1.0' is vulnerable to 'CVE-2020-1' (also known as 'GHSA-x').";
        assert_eq!((told(osv, "").name, told(osv, "").version), (Some("@a/b"), Some("1.0")));
        let grype = "Vulnerability CVE-2020-1\nPackage: log4j\nVersion: 2.1\nFix Version: 2.2\nType: java-archive";
        let said = told("A high vulnerability in java-archive package: log4j, version 2.1", grype);
        assert_eq!(
            (said.name, said.kind, said.fixed),
            (Some("log4j"), Some("java-archive"), vec!["2.2"])
        );
    }

    #[test]
    fn other_prose_says_nothing() {
        assert_eq!(told("Version: 3 of the protocol is used\nType: x", ""), Told::default());
        assert_eq!(told("Package 'x' is old", ""), Told::default());
        assert_eq!(told("", ""), Told::default());
    }
}
