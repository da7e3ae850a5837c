//! Editing JSON in place: members are set, added, renamed and removed; all else stays, byte for byte.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};

use super::Uneditable;

/// How deep a document may be nested: its reader recurses.
const DEEPEST: usize = 256;

/// A document that is being edited.
pub(crate) struct Document {
    root: CstRootNode,
    object: CstObject,
    /// What stands before the document: some editors write a byte order mark.
    mark: &'static str,
}

impl Document {
    /// Reads a text whose value is an object.
    pub(crate) fn read(text: &str, path: &str) -> Result<Document, Uneditable> {
        let (mark, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => ("\u{feff}", rest),
            None => ("", text),
        };
        let bad = |why: &str| Uneditable::Unsupported(format!("{path} cannot be edited: {why}"));
        if depth(text) > DEEPEST {
            return Err(bad("it is nested too deeply"));
        }
        let root =
            CstRootNode::parse(text, &ParseOptions::default()).map_err(|e| bad(&e.to_string()))?;
        let object = root.object_value().ok_or_else(|| bad("it is not an object"))?;
        Ok(Document { root, object, mark })
    }

    /// The text as it is now.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.mark, self.root)
    }

    /// An object below the root, by the names of its members. `None`: it is not there.
    pub(crate) fn object(&self, path: &[&str]) -> Option<CstObject> {
        path.iter().try_fold(self.object.clone(), |object, name| object.object_value(name))
    }

    /// An object below the root, which is added where it is missing.
    pub(crate) fn object_or_new(&self, path: &[&str]) -> Result<CstObject, Uneditable> {
        path.iter().try_fold(self.object.clone(), |object, name| {
            let missing = object.get(name).is_none();
            let inner = object.object_value_or_create(name).ok_or_else(|| {
                Uneditable::Unsupported(format!("`{name}` exists but is not an object"))
            })?;
            if missing {
                inner.ensure_multiline();
            }
            Ok(inner)
        })
    }
}

/// An upper bound of how deep a text is nested: brackets in texts count too.
fn depth(text: &str) -> usize {
    let step = |(now, most): (usize, usize), byte: u8| match byte {
        b'{' | b'[' => (now + 1, most.max(now + 1)),
        b'}' | b']' => (now.saturating_sub(1), most),
        _ => (now, most),
    };
    text.bytes().fold((0, 0), step).1
}

/// The text of a member.
pub(crate) fn text(member: &CstObjectProp) -> Option<String> {
    member.value()?.as_string_lit()?.decoded_value().ok()
}

/// The object that a member is.
pub(crate) fn object(member: &CstObjectProp) -> Option<CstObject> {
    member.value()?.as_object()
}

/// Sets a member to a text.
pub(crate) fn set(object: &CstObject, name: &str, value: &str) {
    match object.get(name) {
        Some(member) => set_value(&member, value),
        None => {
            object.append(name, CstInputValue::String(value.to_owned()));
        }
    }
}

/// Sets the text of a member that is there.
pub(crate) fn set_value(member: &CstObjectProp, value: &str) {
    // Versions and ranges have nothing that JSON would escape, but a text of a user's might.
    let quoted = serde_json::Value::String(value.to_owned()).to_string();
    match member.value().and_then(|v| v.as_string_lit()) {
        Some(literal) => literal.set_raw_value(quoted),
        None => member.set_value(CstInputValue::String(value.to_owned())),
    }
}

/// Gives a member another name.
pub(crate) fn rename(member: &CstObjectProp, name: &str) {
    if let Some(literal) = member.name().and_then(|n| n.as_string_lit()) {
        literal.set_raw_value(serde_json::Value::String(name.to_owned()).to_string());
    }
}
