//! Reading JSON whose shape is not guaranteed: what is missing or of another type counts as absent.

use serde_json::Value;

use crate::reading::MAX_LIST;
use crate::text;

/// The most items of an array that should be short.
const MAX_FEW: usize = 4 * MAX_LIST;

/// A value, or nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'v>(Option<&'v Value>);

impl<'v> Node<'v> {
    pub(crate) const NONE: Node<'static> = Node(None);

    pub(crate) const fn of(value: &'v Value) -> Node<'v> {
        Node(Some(value))
    }

    /// A member of an object.
    pub(crate) fn at(self, key: &str) -> Node<'v> {
        Node(self.0.and_then(|value| value.as_object()).and_then(|members| members.get(key)))
    }

    /// A member of a member, and so on.
    pub(crate) fn path(self, keys: &[&str]) -> Node<'v> {
        keys.iter().fold(self, |node, key| node.at(key))
    }

    /// An item of an array.
    pub(crate) fn item(self, at: usize) -> Node<'v> {
        Node(self.0.and_then(Value::as_array).and_then(|items| items.get(at)))
    }

    /// A text that is not empty, trimmed. Of a long one only the beginning is read, so that what
    /// many entries share costs little each time.
    pub(crate) fn text(self) -> Option<&'v str> {
        let text = self.0.and_then(Value::as_str)?;
        Some(text::beginning(text).trim()).filter(|text| !text.is_empty())
    }

    /// The text of the first member that has one.
    pub(crate) fn first(self, keys: &[&str]) -> Option<&'v str> {
        keys.iter().find_map(|key| self.at(key).text())
    }

    /// A text, or a number as it is written.
    pub(crate) fn written(self) -> Option<String> {
        match self.0 {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => self.text().map(str::to_owned),
        }
    }

    /// A number that is a line.
    pub(crate) fn line(self) -> Option<u32> {
        match self.0? {
            Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|line| *line > 0)
    }

    pub(crate) fn is_true(self) -> bool {
        self.0.and_then(Value::as_bool) == Some(true)
    }

    pub(crate) fn is_false(self) -> bool {
        self.0.and_then(Value::as_bool) == Some(false)
    }

    pub(crate) fn is_some(self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.is_some_and(Value::is_object)
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.is_some_and(Value::is_array)
    }

    /// The items of an array that should be short: the first of them, so that what many entries
    /// share costs little each time.
    pub(crate) fn few(self) -> impl Iterator<Item = Node<'v>> {
        self.items().take(MAX_FEW)
    }

    /// The items of an array.
    pub(crate) fn items(self) -> impl Iterator<Item = Node<'v>> {
        self.0.and_then(Value::as_array).into_iter().flatten().map(Node::of)
    }

    /// The texts of a short array, or the text in its place.
    pub(crate) fn texts(self) -> impl Iterator<Item = &'v str> {
        self.few().filter_map(Node::text).chain(self.text())
    }

    /// The members of an object, sorted by key: their order in memory depends on how serde_json was
    /// built.
    pub(crate) fn members(self) -> Vec<(&'v str, Node<'v>)> {
        let members = self.0.and_then(Value::as_object).into_iter().flatten();
        let mut all: Vec<_> = members.map(|(key, value)| (key.as_str(), Node::of(value))).collect();
        all.sort_by_key(|(key, _)| *key);
        all
    }
}
