//! Reads the tags of our own pages, strictly: what does not nest or is not quoted fails the test.

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The text inside, without tags.
    pub(crate) text: String,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

const VOID: &[&str] = &["meta", "link", "input", "br", "hr", "img"];

/// The tags of a page, in order.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    let (mut tags, mut open): (Vec<Tag>, Vec<usize>) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        assert!(!text.contains('>'), "a lone > in {text:?}");
        for index in &open {
            tags[*index].text.push_str(text);
        }
        let mut end = 0;
        let mut quoted = false;
        for (i, c) in tag.char_indices() {
            quoted ^= c == '"';
            if c == '>' && !quoted {
                end = i;
                break;
            }
        }
        assert!(end > 0, "a tag does not end: {}", tag.chars().take(80).collect::<String>());
        let inner = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            let last = open.pop().map(|i| tags[i].name.clone());
            assert_eq!(last.as_deref(), Some(name), "tags do not nest");
            continue;
        }
        let alone = inner.ends_with('/');
        let (name, attributes) = read(inner.trim_end_matches('/'));
        if !alone && !VOID.contains(&name.as_str()) {
            open.push(tags.len());
        }
        tags.push(Tag { name, attributes, text: String::new() });
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "tags that do not end");
    tags
}

fn read(inner: &str) -> (String, Vec<(String, String)>) {
    let (name, mut rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "not a tag: {inner:?}");
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        if attribute.is_empty() {
            return (name.to_owned(), attributes);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(attribute.chars().all(plain), "not an attribute: {attribute:?}");
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').expect("a value ends"),
            None => ("", after),
        };
        assert!(!attributes.iter().any(|(n, _)| n == attribute), "{attribute} twice in {inner:?}");
        attributes.push((attribute.to_owned(), value.to_owned()));
        rest = after;
    }
}
