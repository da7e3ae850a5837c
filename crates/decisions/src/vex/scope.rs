//! Which products a statement is about; the rules are in `apply`.

use trimtab_model::decision::{Product, Statement};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Purl, Vers};

use super::apply::{About, Why, harmless};

/// How precisely a statement is about a finding, or why it is not.
pub(super) fn scope(statement: &Statement, about: &About<'_>) -> Result<u8, Why> {
    let mut best = Err(Why::NoPurl);
    for product in &statement.products {
        let one = if product.components.is_empty() {
            let itself = stands_for(product, about.component);
            about.products.iter().map(|purl| stands_for(product, purl)).fold(itself, better)
        } else {
            let components = product.components.iter();
            let inner = components
                .map(|component| stands_for(component, about.component))
                .fold(Err(Why::NoPurl), better);
            let outer = about
                .products
                .iter()
                .map(|purl| stands_for(product, purl))
                .fold(Err(Why::NoPurl), better);
            match (inner, outer) {
                (Ok(close), Ok(closer)) => Ok(4 + close + closer),
                (Ok(close), Err(_)) if about.products.is_empty() => {
                    if harmless(statement.status) {
                        Err(Why::ProductUnknown)
                    } else {
                        Ok(close)
                    }
                }
                (Err(why), _) | (Ok(_), Err(why)) => Err(why),
            }
        };
        let one = match one {
            Ok(_) if statement.status == VexStatus::Fixed && !versioned(product) => {
                Err(Why::NoVersion)
            }
            other => other,
        };
        best = better(best, one);
    }
    best
}

/// Whether a product, or a component in it, gives a version.
fn versioned(product: &Product) -> bool {
    let one = |p: &Product| {
        p.versions.is_some() || p.purl.as_ref().is_some_and(|p| p.version().is_some())
    };
    one(product) || product.components.iter().any(one)
}

/// The closer of two, else the more telling reason.
fn better(a: Result<u8, Why>, b: Result<u8, Why>) -> Result<u8, Why> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(a.max(b)),
        (Ok(a), Err(_)) | (Err(_), Ok(a)) => Ok(a),
        (Err(a), Err(b)) => Err(a.min(b)),
    }
}

/// How precisely a product covers a purl: 0 for every version, 1 for a range, 2 for one version.
fn stands_for(product: &Product, purl: &Purl) -> Result<u8, Why> {
    let Some(wanted) = &product.purl else { return Err(Why::NoPurl) };
    let same = wanted.package() == purl.package()
        && wanted.qualifiers().all(|(key, value)| purl.qualifier(key) == Some(value))
        && wanted.subpath().is_none_or(|subpath| purl.subpath() == Some(subpath));
    if !same {
        return Err(Why::OtherProduct);
    }
    let version = purl.version();
    match (product.versions.as_deref(), wanted.version()) {
        (None, None) => Ok(0),
        (Some(range), _) if range.starts_with("vers:") => {
            let range = Vers::parse(range).map_err(|_| Why::VersionUnknown)?;
            if range.constraints().is_empty() {
                return Ok(0);
            }
            match version.and_then(|version| range.contains(version)) {
                Some(true) => Ok(1),
                Some(false) => Err(Why::OtherVersion),
                None => Err(Why::VersionUnknown),
            }
        }
        (Some(wanted), _) | (None, Some(wanted)) => match version {
            None => Err(Why::VersionUnknown),
            Some(version) if plain(purl, version) == plain(purl, wanted) => Ok(2),
            Some(_) => Err(Why::OtherVersion),
        },
    }
}

/// A version of a Go module with or without its `v` is the same.
fn plain<'t>(purl: &Purl, version: &'t str) -> &'t str {
    match purl.purl_type() {
        "golang" => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    }
}
