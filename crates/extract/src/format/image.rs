//! References to container images, as Dockerfiles, workflows and pipelines write them:
//! `[host[:port]/]path[:tag][@digest]` (the OCI distribution reference grammar).
//!
//! A digest pins; a tag with a digit in it names a version; `latest`, another bare word or nothing
//! floats. The purl is of type `docker` and has no host: the host is the component's origin.

use trimtab_model::{
    Component, FileInventory, Hash, HashAlgorithm, Origin, Purl, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

/// A parsed reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageReference<'t> {
    /// Host and port, where stated.
    pub(crate) host: Option<&'t str>,
    /// Everything between host and tag.
    pub(crate) path: &'t str,
    /// The tag.
    pub(crate) tag: Option<&'t str>,
    /// `sha256:…`.
    pub(crate) digest: Option<&'t str>,
}

impl<'t> ImageReference<'t> {
    /// `None` if it is not a reference.
    pub(crate) fn parse(text: &'t str) -> Option<ImageReference<'t>> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (host, rest) = match rest.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (Some(first), rest)
            }
            _ => (None, rest),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        let valid_path = !path.is_empty()
            && path.split('/').all(|part| {
                !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            });
        let valid_tag = tag.is_none_or(|t| {
            !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        let valid_digest = digest.is_none_or(|d| {
            d.split_once(':').is_some_and(|(_, hex)| {
                hex.len() >= 12 && hex.bytes().all(|b| b.is_ascii_hexdigit())
            })
        });
        (valid_path && valid_tag && valid_digest).then_some(ImageReference {
            host,
            path,
            tag,
            digest,
        })
    }

    /// The version that the reference names; `None` if it floats.
    pub(crate) fn version(&self) -> Option<&'t str> {
        self.digest.or_else(|| self.tag.filter(|t| t.bytes().any(|b| b.is_ascii_digit())))
    }

    fn component(&self) -> Component {
        let (namespace, name) = match self.path.rsplit_once('/') {
            // The custom of the default registry: `library/x` is `x`.
            Some(("library", name)) if self.host.is_none() => (None, name),
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, self.path),
        };
        let purl = Purl::new("docker", namespace, name);
        let mut component = Component::new(purl.with_version(self.version().unwrap_or_default()));
        component.relation = Relation::Direct;
        if let Some(host) = self.host {
            component.origin = Origin::Registry(host.into());
        }
        let hex = self.digest.and_then(|d| d.strip_prefix("sha256:"));
        component.hashes =
            hex.and_then(|hex| Hash::from_hex(HashAlgorithm::Sha256, hex)).into_iter().collect();
        // Beside a digest, the tag still says what was meant.
        component.requirement = match (self.version(), self.digest) {
            (Some(_), None) => None,
            (Some(_), Some(_)) => self.tag.map(Into::into),
            (None, _) => Some(self.tag.unwrap_or("latest").into()),
        };
        component
    }
}

/// Adds an image to an inventory, and the observation if it floats.
pub(crate) fn add(
    file: &mut FileInventory,
    reference: &ImageReference<'_>,
    scope: Scope,
    line: u32,
) -> u32 {
    let mut component = reference.component();
    component.scope = scope;
    component.line = Some(line);
    if reference.version().is_none() {
        file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.clone()),
            requirement: component.requirement.clone(),
            line: Some(line),
        });
    }
    file.add(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart() {
        let parse = |text| ImageReference::parse(text).map(|r| (r.host, r.path, r.tag, r.digest));
        assert_eq!(parse("nginx"), Some((None, "nginx", None, None)));
        assert_eq!(parse("a/b:1.2"), Some((None, "a/b", Some("1.2"), None)));
        assert_eq!(
            parse("registry.example:5000/a/b"),
            Some((Some("registry.example:5000"), "a/b", None, None))
        );
        assert_eq!(parse("localhost/x:y"), Some((Some("localhost"), "x", Some("y"), None)));
        let digest = "sha256:5a271780516b718910041c0993952f14371490216692290d234a9b231d102e1c";
        let pinned = format!("x:1@{digest}");
        assert_eq!(parse(&pinned), Some((None, "x", Some("1"), Some(digest))));
        for bad in ["", ":1", "a b", "x@", "x@sha256:zz", "${X}", "a//b", "x:"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_float_and_numbers_do_not() {
        let version = |text| ImageReference::parse(text).and_then(|r| r.version());
        assert_eq!(version("x:1.27"), Some("1.27"));
        assert_eq!(version("x:bookworm"), None);
        assert_eq!(version("x:latest"), None);
        assert_eq!(version("x"), None);
    }
}
