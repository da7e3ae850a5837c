//! Product lifecycles: the data of endoflife.date, one JSON of products by name.
//!
//! A product is identified by purls (and by CPEs, which are not used: TRAPS 18). `eol` is a date,
//! or a boolean where no date is known.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::lenient::{BoolOrText, List, Object, Text};

/// Whether something has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// The source does not say.
    #[default]
    Unknown,
    /// No end is announced.
    No,
    /// It has ended, no date is known.
    Yes,
    /// It ends or ended on a day.
    On(Date),
}

/// One line of releases of a product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cycle {
    /// Its name (`3.1`).
    pub name: Box<str>,
    /// Its first release.
    pub released: Option<Date>,
    /// When security fixes end.
    pub eol: End,
    /// When active support ends.
    pub support: End,
    /// Its newest version.
    pub latest: Option<Box<str>>,
    /// When that was released.
    pub latest_released: Option<Date>,
}

/// A product and its release cycles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// Its name at the source (`nodejs`).
    pub name: Box<str>,
    /// Its name for people.
    pub title: Box<str>,
    /// Purls that name it, in the form of [`purl_key`], sorted.
    pub purls: Vec<Box<str>>,
    /// Its cycles, in the order of the source (newest first).
    pub cycles: Vec<Cycle>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Document<'a> {
    products: Option<BTreeMap<String, Object<Raw<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Raw<'a> {
    title: Text<'a>,
    identifiers: List<Object<Identifier<'a>>>,
    releases: List<Object<Release<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Identifier<'a> {
    purl: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Release<'a> {
    release_cycle: Text<'a>,
    release_date: Text<'a>,
    eol: BoolOrText<'a>,
    eoas: BoolOrText<'a>,
    latest: Text<'a>,
    latest_release_date: Text<'a>,
}

/// Reads the products, sorted by name.
///
/// # Errors
/// A sentence part that says why the bytes are not such data.
pub fn parse(bytes: &[u8]) -> Result<Vec<Product>, String> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let Some(products) = document.products else { return Err("it has no products".to_owned()) };
    Ok(products.into_iter().map(|(name, raw)| product(&name, &raw)).collect())
}

fn product(name: &str, raw: &Raw<'_>) -> Product {
    let mut purls: Vec<Box<str>> = raw
        .identifiers
        .iter()
        .filter_map(|id| id.purl.get())
        .filter_map(purl_key)
        .map(Into::into)
        .collect();
    purls.sort_unstable();
    purls.dedup();
    let cycles = raw.releases.iter().filter_map(|release| {
        Some(Cycle {
            name: release.release_cycle.get()?.into(),
            released: date(release.release_date.get()),
            eol: end(&release.eol),
            support: end(&release.eoas),
            latest: release.latest.get().map(Into::into),
            latest_released: date(release.latest_release_date.get()),
        })
    });
    Product {
        name: name.into(),
        title: raw.title.get().unwrap_or(name).into(),
        purls,
        cycles: cycles.collect(),
    }
}

fn date(text: Option<&str>) -> Option<Date> {
    text?.trim().get(..10)?.parse().ok()
}

fn end(value: &BoolOrText<'_>) -> End {
    match value {
        BoolOrText::Absent => End::Unknown,
        BoolOrText::Bool(true) => End::Yes,
        BoolOrText::Bool(false) => End::No,
        BoolOrText::Text(text) => date(Some(text)).map_or(End::Unknown, End::On),
    }
}

/// The package that a purl names, as `type/namespace/name`, decoded, without version,
/// qualifiers and subpath. `None` if it is not a purl.
pub fn purl_key(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next()?;
    let (purl_type, path) = rest.split_once('/')?;
    // A scope's `@` is encoded, so a plain one starts the version.
    let path = path.rsplit_once('@').map_or(path, |(path, _)| path).trim_matches('/');
    if path.is_empty() {
        return None;
    }
    Some(format!("{}/{}", purl_type.to_ascii_lowercase(), decode(path)?))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purl_keys_are_decoded_and_bare() {
        assert_eq!(purl_key("pkg:npm/%40adonisjs/core").as_deref(), Some("npm/@adonisjs/core"));
        assert_eq!(
            purl_key("pkg:OCI/debian@1?repository_url=registry.example/library#x").as_deref(),
            Some("oci/debian")
        );
        assert_eq!(purl_key("npm/x"), None);
        assert_eq!(purl_key("pkg:npm/%4"), None);
    }

    #[test]
    fn an_end_may_be_a_date_or_a_boolean() {
        let text = r#"{"products":{"b":{"title":"B","identifiers":[{"purl":"pkg:npm/b"},{"cpe":"x"}],
            "releases":[{"releaseCycle":"2","eol":false},{"releaseCycle":"1","eol":"2021-10-10","latest":"1.9"},
            {"releaseCycle":"0","eol":true},{"eol":7}]},"a":null}}"#;
        let products = parse(text.as_bytes()).unwrap();
        assert_eq!(products.len(), 2);
        let b = &products[1];
        assert_eq!(b.purls, vec!["npm/b".into()]);
        let ends: Vec<End> = b.cycles.iter().map(|c| c.eol).collect();
        assert_eq!(ends, vec![End::No, End::On(jiff::civil::date(2021, 10, 10)), End::Yes]);
    }
}
