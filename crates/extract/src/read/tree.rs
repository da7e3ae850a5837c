//! A positioned tree: what JSON, YAML and TOML files say, with the line of every entry.
//!
//! All nodes of a document lie in one flat list in document order; a node knows where its subtree
//! ends, so that walking is a scan and nothing recurses. Texts are slices of the file, or of one
//! side buffer where escapes had to be decoded.

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`, `~`, or nothing where YAML allows it.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number; its text is kept, so that `1.10` stays `1.10`.
    Number,
    /// A text.
    Text,
    /// A sequence.
    List,
    /// Keys (text nodes) and values in turn.
    Map,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The one-based line where it starts.
    line: u32,
    /// Text range: in the file, or in the side buffer.
    start: u32,
    end: u32,
    /// Position after the subtree. For an alias, the position of its target.
    next: u32,
    kind: Kind,
    side: bool,
    alias: bool,
}

/// A whole file as a tree.
#[derive(Debug)]
pub struct Document<'t> {
    text: &'t str,
    side: String,
    nodes: Vec<Node>,
}

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'d> {
    doc: &'d Document<'d>,
    at: u32,
}

/// An offset in a file, which the walker keeps far below 2³² bytes.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<'t> Document<'t> {
    pub(super) fn empty(text: &'t str) -> Document<'t> {
        Document { text, side: String::new(), nodes: Vec::new() }
    }

    pub(super) fn len(&self) -> u32 {
        // Readers stop at MAX_NODES, which is below 2³².
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// Adds a leaf whose text is a range of the file.
    pub(super) fn push_slice(&mut self, kind: Kind, line: u32, start: usize, end: usize) {
        let next = self.len() + 1;
        let (start, end) = (offset(start), offset(end));
        self.nodes.push(Node { line, start, end, next, kind, side: false, alias: false });
    }

    /// Adds a leaf whose text had to be decoded.
    pub(super) fn push_decoded(&mut self, kind: Kind, line: u32, decoded: &str) {
        let start = self.side.len();
        self.side.push_str(decoded);
        let next = self.len() + 1;
        let (start, end) = (offset(start), offset(self.side.len()));
        self.nodes.push(Node { line, start, end, next, kind, side: true, alias: false });
    }

    /// Opens a list or map; [`Document::close`] ends it.
    pub(super) fn open(&mut self, kind: Kind, line: u32) -> u32 {
        let position = self.len();
        self.nodes.push(Node { line, start: 0, end: 0, next: 0, kind, side: false, alias: false });
        position
    }

    /// Ends the list or map that was opened at `position`.
    pub(super) fn close(&mut self, position: u32) {
        let next = self.len();
        if let Some(node) = self.nodes.get_mut(position as usize) {
            node.next = next;
        }
    }

    /// Adds a reference to a complete earlier node (a YAML alias).
    pub(super) fn push_alias(&mut self, line: u32, target: u32) {
        self.nodes.push(Node {
            line,
            start: 0,
            end: 0,
            next: target,
            kind: Kind::Null,
            side: false,
            alias: true,
        });
    }

    /// The top of the tree.
    pub fn root(&self) -> Value<'_> {
        Value { doc: self, at: 0 }.resolved()
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    /// The position after the node at `at` and all below it.
    fn after(&self, at: u32) -> u32 {
        match self.node(at) {
            Some(node) if !node.alias => node.next.max(at + 1),
            _ => at.saturating_add(1),
        }
    }

    fn end_of(&self, at: u32) -> u32 {
        self.node(at).map_or(at, |node| node.next)
    }
}

impl<'d> Value<'d> {
    fn resolved(self) -> Value<'d> {
        match self.doc.node(self.at) {
            // Aliases point only to earlier, complete nodes, which are never aliases themselves.
            Some(node) if node.alias => Value { doc: self.doc, at: node.next },
            _ => self,
        }
    }

    /// What the node is. An empty document is null.
    pub fn kind(self) -> Kind {
        self.doc.node(self.at).map_or(Kind::Null, |n| n.kind)
    }

    /// The one-based line where the node starts.
    pub fn line(self) -> u32 {
        self.doc.node(self.at).map_or(1, |n| n.line)
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The text of a text node.
    pub fn as_str(self) -> Option<&'d str> {
        (self.kind() == Kind::Text).then(|| self.raw()).flatten()
    }

    /// The text of a text, number or boolean: what stands in the file.
    pub fn scalar(self) -> Option<&'d str> {
        match self.kind() {
            Kind::Text | Kind::Number | Kind::Bool => self.raw(),
            Kind::Null | Kind::List | Kind::Map => None,
        }
    }

    fn raw(self) -> Option<&'d str> {
        let node = self.doc.node(self.at)?;
        let text: &str = if node.side { &self.doc.side } else { self.doc.text };
        text.get(node.start as usize..node.end as usize)
    }

    /// A boolean.
    pub fn as_bool(self) -> Option<bool> {
        match (self.kind(), self.raw()?) {
            (Kind::Bool, "true" | "True" | "TRUE") => Some(true),
            (Kind::Bool, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        }
    }

    /// A whole number.
    pub fn as_u64(self) -> Option<u64> {
        (self.kind() == Kind::Number).then(|| self.raw()).flatten()?.parse().ok()
    }

    /// The value of a key; the last one where a key repeats, as the native readers take it.
    /// `None` for a missing key and for what is not a map.
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        self.entries().filter(|(k, _)| k.raw() == Some(key)).last().map(|(_, v)| v)
    }

    /// [`Value::get`] along several keys.
    pub fn path(self, keys: &[&str]) -> Option<Value<'d>> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a key's value.
    pub fn str(self, key: &str) -> Option<&'d str> {
        self.get(key)?.as_str()
    }

    /// Whether a key's value is `true`.
    pub fn flag(self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// Keys with their values, in the order of the file. Nothing for what is not a map.
    pub fn entries(self) -> Entries<'d> {
        let end = if self.kind() == Kind::Map { self.doc.end_of(self.at) } else { 0 };
        Entries { doc: self.doc, at: self.at + 1, end }
    }

    /// The items of a list, in order. Nothing for what is not a list.
    pub fn items(self) -> Items<'d> {
        let end = if self.kind() == Kind::List { self.doc.end_of(self.at) } else { 0 };
        Items { doc: self.doc, at: self.at + 1, end }
    }

    /// The texts of a list, leaving out what is not text.
    pub fn texts(self) -> impl Iterator<Item = &'d str> {
        self.items().filter_map(Value::as_str)
    }
}

/// See [`Value::entries`].
#[derive(Debug, Clone)]
pub struct Entries<'d> {
    doc: &'d Document<'d>,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Entries<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Value { doc: self.doc, at: self.at };
        let at = self.doc.after(self.at);
        if at >= self.end {
            self.at = self.end;
            return None;
        }
        let value = Value { doc: self.doc, at };
        self.at = self.doc.after(at);
        Some((key.resolved(), value.resolved()))
    }
}

/// See [`Value::items`].
#[derive(Debug, Clone)]
pub struct Items<'d> {
    doc: &'d Document<'d>,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let item = Value { doc: self.doc, at: self.at };
        self.at = self.doc.after(self.at);
        Some(item.resolved())
    }
}
