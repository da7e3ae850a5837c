//! How far one version is from another.

/// How far one version is from another, by the custom of semantic versioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Distance {
    /// Only the third number and after differ.
    Patch,
    /// The second number differs.
    Minor,
    /// The first number differs, or the second one of 0.x.
    Major,
}

impl Distance {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Distance::Patch => "patch",
            Distance::Minor => "minor",
            Distance::Major => "major",
        }
    }

    /// Reads the word. `None` if it is not one.
    pub fn from_word(word: &str) -> Option<Distance> {
        let all = [Distance::Patch, Distance::Minor, Distance::Major];
        all.into_iter().find(|distance| distance.as_str() == word)
    }
}

/// How far it is from one version to another. `None` if one does not begin with numbers.
pub fn distance(from: &str, to: &str) -> Option<Distance> {
    let numbers = |version: &str| {
        // Epochs (`1:2.0`, `1!2.0`) and a leading `v` are not part of the numbers.
        let version =
            version.rsplit([':', '!']).next().unwrap_or(version).trim_start_matches(['v', 'V']);
        let mut parts = version.split(['.', '-', '+', '_', '~']).map(|p| {
            let digits = p.bytes().take_while(u8::is_ascii_digit).count();
            p[..digits].parse::<u64>().ok()
        });
        let first = parts.next()??;
        Some((first, parts.next().flatten().unwrap_or(0)))
    };
    let (a, b) = (numbers(from)?, numbers(to)?);
    Some(match () {
        () if a.0 != b.0 => Distance::Major,
        () if a.1 != b.1 && a.0 == 0 => Distance::Major,
        () if a.1 != b.1 => Distance::Minor,
        () => Distance::Patch,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_follow_custom() {
        let d = |a, b| distance(a, b).map(Distance::as_str);
        assert_eq!(d("1.2.3", "1.2.4"), Some("patch"));
        assert_eq!(d("1.2.3", "1.3.0"), Some("minor"));
        assert_eq!(d("0.2.3", "0.3.0"), Some("major"));
        assert_eq!(d("0.2.3", "0.2.9"), Some("patch"));
        assert_eq!(d("v1.9.0", "v2.0.0"), Some("major"));
        assert_eq!(d("1:2.3-1", "1:2.3-4"), Some("patch"));
        assert_eq!(d("4", "4.1"), Some("minor"));
        assert_eq!(d("trunk", "1.0"), None);
    }
}
