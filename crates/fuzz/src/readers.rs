//! The readers of syntaxes: JSON, YAML, TOML and XML. Whatever is read is walked to its end.

use trimtab_extract::read::tree::{Document, Value};
use trimtab_extract::read::{
    json as json_reader, text, toml as toml_reader, xml as xml_reader, xml_parts,
    yaml as yaml_reader,
};
use trimtab_model::Diagnostic;

use crate::{Target, seeds};

pub(crate) fn targets() -> Vec<Target> {
    vec![
        Target::new("json", json, seeds::of_extensions(&["json", "lock"])),
        Target::new("yaml", yaml, seeds::of_extensions(&["yaml", "yml"])),
        Target::new("toml", toml, seeds::of_extensions(&["toml", "lock"])),
        Target::new("xml", xml, seeds::of_extensions(&["xml", "csproj", "props"])),
        Target::new("xml-parts", in_parts, seeds::of_extensions(&["xml"])),
    ]
}

/// JSON, strict and relaxed.
pub fn json(bytes: &[u8]) {
    let Ok(text) = text::decode(bytes) else { return };
    for flavour in [json_reader::Flavour::Strict, json_reader::Flavour::Relaxed] {
        if let Ok(doc) = json_reader::parse(&text, flavour) {
            walk(&doc);
        }
    }
    // What the strict reader takes, another reader takes too, but for depth, and the reverse.
    let ours = json_reader::parse(&text, json_reader::Flavour::Strict);
    if text.len() < 2_000
        && ours.is_err()
        && serde_json::from_str::<serde_json::Value>(&text).is_ok()
    {
        assert!(text.matches(['[', '{']).count() > 100, "JSON that is refused");
    }
}

/// YAML.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = text::decode(bytes) else { return };
    if let Ok(doc) = yaml_reader::parse(&text) {
        walk(&doc);
    }
}

/// TOML.
pub fn toml(bytes: &[u8]) {
    let Ok(text) = text::decode(bytes) else { return };
    if let Ok(doc) = toml_reader::parse(&text) {
        walk(&doc);
    }
}

/// XML.
pub fn xml(bytes: &[u8]) {
    let Ok(text) = xml_reader::decode(bytes) else { return };
    if let Ok(doc) = xml_reader::parse(&text) {
        for element in doc.root().descendants() {
            let _ = (element.name(), element.line(), element.text().len());
            assert!(element.line() >= 1);
            for (key, _) in element.attributes() {
                assert!(element.attribute(key).is_some());
            }
        }
    }
}

/// The elements directly inside the document's own, each as a part.
#[derive(Default)]
struct Children(Vec<String>);

impl xml_parts::Parts<Diagnostic> for Children {
    fn begins(&mut self, path: &str, _: &xml_parts::Tag<'_>) -> Result<bool, Diagnostic> {
        Ok(path.contains('/'))
    }

    fn part(&mut self, _: &str, text: &str) -> Result<(), Diagnostic> {
        self.0.push(text.to_owned());
        Ok(())
    }
}

/// XML in parts: what is read as a whole is read so, and its parts say the same.
pub fn in_parts(bytes: &[u8]) {
    let mut children = Children::default();
    let walked = xml_parts::walk(bytes, 1 << 20, &mut children);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(whole) = xml_reader::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) else {
        return;
    };
    if bytes.len() > 1 << 19 {
        return;
    }
    assert!(walked.is_ok(), "{walked:?}");
    let told = |element: xml_reader::Element<'_>| -> Vec<String> {
        let one = |e: xml_reader::Element<'_>| {
            let text: String = e.text().split_whitespace().collect();
            format!("{} {:?} {text}", e.name(), e.attributes().collect::<Vec<_>>())
        };
        element.descendants().map(one).collect()
    };
    let parts = children.0.iter().map(|part| match xml_reader::parse(part) {
        Ok(part) => told(part.root()),
        Err(fault) => vec![format!("{fault:?}")],
    });
    let expected: Vec<Vec<String>> = whole.root().children().map(told).collect();
    assert_eq!(parts.collect::<Vec<_>>(), expected);
}

/// Visits every value, aliases as often as they stand; bounded, as a bomb of aliases has no end.
fn walk(doc: &Document<'_>) {
    let mut open: Vec<Value<'_>> = vec![doc.root()];
    let mut left = 100_000u32;
    while let Some(value) = open.pop() {
        let Some(rest) = left.checked_sub(1) else { break };
        left = rest;
        assert!(value.line() >= 1);
        let _ = (value.scalar(), value.as_bool(), value.as_u64(), value.is_null());
        open.extend(value.items());
        for (key, inner) in value.entries() {
            let _ = key.scalar();
            open.push(inner);
        }
    }
}
