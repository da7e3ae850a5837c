//! Flavours: builds of one release for different environments, which a version names at its end
//! (`32.0.0-jre` and `32.0.0-android`, `42.2.5.jre7`). They are ordered like any words, but none
//! can replace another. A marker that a version is a release (`.Final`, `.RELEASE`, `.GA`) or a
//! pre-release (`-rc1`) is no flavour.

use super::Scheme;

/// What versions end in, before a number of their own.
const WORDS: &[&str] = &["jre", "jdk", "java", "android", "hadoop", "spark", "scala"];

/// Whether two versions are of the same flavour, or of none.
pub fn same(scheme: Scheme, a: &str, b: &str) -> bool {
    let bare = |version| suffix(scheme, version).get(1..).unwrap_or_default();
    bare(a).eq_ignore_ascii_case(bare(b))
}

/// Whether a version has a flavour.
pub fn is_any(scheme: Scheme, version: &str) -> bool {
    !suffix(scheme, version).is_empty()
}

/// A version in the flavour of another. Whether it exists is not known. `None`: the other has none.
pub fn given(scheme: Scheme, version: &str, like: &str) -> Option<String> {
    let bare = version.strip_suffix(suffix(scheme, version)).unwrap_or(version);
    let own = suffix(scheme, like);
    (!own.is_empty()).then(|| format!("{bare}{own}"))
}

/// The flavour with what separates it; empty: none.
fn suffix(scheme: Scheme, version: &str) -> &str {
    let Some(at) = version.rfind(['.', '-', '_']).filter(|_| scheme == Scheme::Maven) else {
        return "";
    };
    let suffix = version.get(at..).unwrap_or_default();
    let word = suffix.get(1..).unwrap_or_default();
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (stem, number) = word.split_at(end);
    let is_known = WORDS.iter().any(|known| known.eq_ignore_ascii_case(stem));
    if is_known && number.chars().all(|c| c.is_ascii_alphanumeric()) { suffix } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_its_flavour_at_its_end() {
        for (version, flavour) in [
            ("28.0-jre", "-jre"),
            ("28.0-android", "-android"),
            ("42.2.5.jre7", ".jre7"),
            ("10.2.0.JRE11", ".JRE11"),
            ("4.0_jdk15on", "_jdk15on"),
            ("2.4.0-hadoop3", "-hadoop3"),
            ("5.4.18.Final", ""),
            ("5.0.4.RELEASE", ""),
            ("1.0-rc1", ""),
            ("1.0-jre-rc1", ""),
            ("1.0-jrex", ""),
            ("1.0", ""),
            ("jre", ""),
            ("1.0-", ""),
            ("", ""),
        ] {
            assert_eq!(suffix(Scheme::Maven, version), flavour, "{version}");
            assert_eq!(is_any(Scheme::Maven, version), !flavour.is_empty(), "{version}");
        }
        assert_eq!(suffix(Scheme::SemVer, "1.0.0-jre"), "");
    }

    #[test]
    fn a_version_is_given_in_the_flavour_of_another() {
        let given = |version, like| given(Scheme::Maven, version, like);
        assert_eq!(given("32.0.0-android", "28.0-jre").as_deref(), Some("32.0.0-jre"));
        assert_eq!(given("12.2.0", "7.0.0.jre8").as_deref(), Some("12.2.0.jre8"));
        assert_eq!(given("5.4.18.Final", "5.4.17.Final"), None);
        assert_eq!(given("32.0.0-android", "20.0"), None);
        let same = |a, b| same(Scheme::Maven, a, b);
        assert!(same("28.0-jre", "32.0.0.JRE") && same("5.0.4.RELEASE", "5.3.18"));
        assert!(!same("42.2.5.jre7", "42.2.5.jre8") && !same("28.0-jre", "28.0"));
    }
}
