//! What the formats of conda share: purls, and what the address of an archive says.

use trimtab_model::{Component, Origin, Purl};

use super::address;

/// The purl of a conda package. The build and platform of one archive are no part of it: a
/// lockfile has the package once for each platform.
pub(super) fn purl(name: &str) -> Purl {
    Purl::new("conda", None, name)
}

/// One archive: `https://host/channel/linux-64/name-1.0-build_0.conda`.
pub(super) struct Archive<'t> {
    pub(super) name: &'t str,
    pub(super) version: &'t str,
    /// The address of the channel.
    pub(super) channel: &'t str,
}

impl<'t> Archive<'t> {
    /// Reads the address of an archive. `None` if it is none of conda.
    pub(super) fn of(url: &'t str) -> Option<Archive<'t>> {
        let url = url.split(['#', '?']).next()?;
        let (folder, file) = url.rsplit_once('/')?;
        let stem = file.strip_suffix(".conda").or_else(|| file.strip_suffix(".tar.bz2"))?;
        let (rest, _build) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let (channel, _platform) = folder.rsplit_once('/')?;
        let whole = !name.is_empty() && !version.is_empty();
        whole.then_some(Archive { name, version, channel })
    }

    /// The component of the archive.
    pub(super) fn component(&self) -> Component {
        let mut component = Component::new(purl(self.name).with_version(self.version));
        component.origin = Origin::Registry(address::without_credentials(self.channel).into());
        component
    }
}

/// The name with which a match specification begins: `channel::name >=1`, `name=1.2`.
pub(super) fn spec(text: &str) -> Option<(&str, &str)> {
    let text = text.rsplit_once("::").map_or(text, |(_, spec)| spec).trim();
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = text.find(|c| !inner(c)).unwrap_or(text.len());
    let (name, asks) = text.split_at(end);
    (!name.is_empty()).then(|| (name, asks.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_and_specifications_come_apart() {
        let a =
            Archive::of("https://c.example/t/x/conda-forge/linux-64/a-b-1.0-py_0.conda#0").unwrap();
        assert_eq!(
            (a.name, a.version, a.channel),
            ("a-b", "1.0", "https://c.example/t/x/conda-forge")
        );
        assert!(Archive::of("https://c.example/a-1.0.whl").is_none());
        assert_eq!(spec("conda-forge::a-b >=1,<2"), Some(("a-b", ">=1,<2")));
        assert_eq!(spec("python=3.12"), Some(("python", "=3.12")));
        assert_eq!(spec(">=1"), None);
    }
}
