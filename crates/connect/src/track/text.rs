//! The text of a ticket in the markups of trackers, and what is read back from it. Trimtab keeps the part above a line of its
//! own; what people write below stays. Nothing in it names a person or another ticket, or is taken for a command, whatever
//! an advisory says.

use serde_json::{Value, json};
use trimtab_model::ticket::{Life, Mark, Ticket, Wrote};

/// What ends Trimtab's part.
const BOUNDARY: &str = "Trimtab keeps what is above this line; what you write below it stays.";
/// Beginning of the line in the one note.
const NOTE: &str = "trimtab-note 1 ";
/// The most characters of one voice.
const VOICE: usize = 4_000;
/// The most characters of one entry.
const ENTRY: usize = 300;
/// The most entries of a list.
const ENTRIES: usize = 20;

/// How a tracker writes texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Jira's notation, version 2 of its API.
    Wiki,
    /// Atlassian Document Format, version 3 of its API.
    Adf,
}

/// A part of a text.
enum Block {
    Heading(&'static str),
    /// One paragraph, one line.
    Line(String),
    Items(Vec<(String, Option<String>)>),
    /// For machines: not shown, or small.
    Machine(String),
}

fn blocks(ticket: &Ticket, life: Life) -> Vec<Block> {
    let mut all = Vec::new();
    let voices = &ticket.voices;
    for (heading, text) in [
        ("What it means", &voices.product),
        ("What to change", &voices.engineering),
        ("How likely and how grave", &voices.security),
        ("Roll it out and take it back", &voices.operations),
    ] {
        if !text.trim().is_empty() {
            all.push(Block::Heading(heading));
            let text: String = text.chars().take(VOICE).collect();
            all.extend(lines(&text).map(Block::Line));
        }
    }
    all.push(Block::Heading("In short"));
    let mut facts = vec![format!("Level: {}", ticket.level)];
    facts.extend(ticket.due.map(|due| format!("Due by the charter: {due}")));
    facts.extend(ticket.points.map(|points| format!("Reckoned points: {points}")));
    facts.push(format!("Owner: {}", short(&ticket.team)));
    all.push(Block::Items(facts.into_iter().map(|fact| (fact, None)).collect()));
    if !ticket.criteria.is_empty() {
        all.push(Block::Heading("Done when"));
        let of = ticket.criteria.iter().take(ENTRIES).map(|c| (short(c), None));
        all.push(Block::Items(of.collect()));
    }
    // Only what is an address of the web is made a link.
    let is_web = |a: &str| {
        (a.starts_with("https://") || a.starts_with("http://"))
            && a.chars().all(|c| c.is_ascii_graphic() && !"<>\"'()[]{}|\\^`".contains(c))
    };
    let links = ticket.links.iter().filter(|link| is_web(&link.address)).take(ENTRIES);
    let links: Vec<_> =
        links.map(|link| (short(&link.text), Some(link.address.to_string()))).collect();
    if !links.is_empty() {
        all.push(Block::Heading("More"));
        all.push(Block::Items(links));
    }
    all.push(Block::Machine(Wrote::with(ticket, life).to_string()));
    all
}

/// Lines that are not empty, without control characters, and without what only Trimtab's own lines say.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let one = |line: &str| {
        let line: String = line.trim().chars().filter(|c| !c.is_control()).collect();
        line.replace("trimtab-", "trimtab ").replace(BOUNDARY, "")
    };
    text.lines().map(one).filter(|line| !line.is_empty())
}

fn short(text: &str) -> String {
    lines(text).collect::<Vec<_>>().join(" ").chars().take(ENTRY).collect()
}

/// The text of a ticket, with what people wrote below Trimtab's part of the text before.
pub(super) fn whole(markup: Markup, ticket: &Ticket, life: Life, before: &Value) -> Value {
    let blocks = blocks(ticket, life);
    if markup == Markup::Adf {
        let mut content: Vec<Value> = blocks.iter().map(adf).collect();
        content.push(json!({ "type": "rule" }));
        content.push(paragraph(&[node(BOUNDARY, &["em"])]));
        content.extend(below_adf(before));
        return json!({ "type": "doc", "version": 1, "content": content });
    }
    let mut text: String = blocks.iter().map(|block| written(markup, block)).collect();
    text.push_str(&match markup {
        Markup::Html => format!("<hr><p><em>{BOUNDARY}</em></p>"),
        Markup::Wiki => format!("----\n_{BOUNDARY}_\n"),
        _ => format!("---\n*{BOUNDARY}*\n"),
    });
    text.push_str(below(markup, before.as_str().unwrap_or_default()));
    text.into()
}

/// The one note of a ticket.
pub(super) fn note(markup: Markup, mark: &Mark, text: &str) -> Value {
    let text: String = text.chars().take(VOICE).collect();
    let mut blocks: Vec<Block> = lines(&text).map(Block::Line).collect();
    blocks.push(Block::Machine(format!("{NOTE}{mark} end")));
    if markup == Markup::Adf {
        let content: Vec<Value> = blocks.iter().map(adf).collect();
        return json!({ "type": "doc", "version": 1, "content": content });
    }
    blocks.iter().map(|block| written(markup, block)).collect::<String>().into()
}

/// Whether a comment is the one note.
pub(super) fn is_note(text: &Value, mark: &Mark) -> bool {
    plain(text).contains(&format!("{NOTE}{mark} end"))
}

/// Whether a comment is a note of Trimtab's.
pub(super) fn is_ours(text: &Value) -> bool {
    plain(text).contains(NOTE)
}

/// What Trimtab wrote last. `None`: its part is not there any more.
pub(super) fn wrote(text: &Value) -> Option<Wrote> {
    let text = plain(text);
    let (ours, _) = text.split_once(BOUNDARY)?;
    Wrote::find(ours)
}

/// The characters of a text, whatever its markup: of a document, those of its nodes.
pub(super) fn plain(text: &Value) -> String {
    fn add(node: &Value, depth: usize, text: &mut String) {
        if depth > 20 || text.len() > 1 << 20 {
            return;
        }
        text.push_str(node["text"].as_str().unwrap_or_default());
        for child in node["content"].as_array().into_iter().flatten() {
            add(child, depth + 1, text);
        }
        if matches!(node["type"].as_str(), Some("paragraph" | "heading" | "listItem")) {
            text.push('\n');
        }
    }
    match text {
        Value::String(text) => text.clone(),
        node => {
            let mut text = String::new();
            add(node, 0, &mut text);
            text
        }
    }
}

fn below(markup: Markup, before: &str) -> &str {
    let Some((_, rest)) = before.split_once(BOUNDARY) else { return "" };
    let end = if markup == Markup::Html { "</p>" } else { "\n" };
    rest.split_once(end).map_or("", |(_, rest)| rest)
}

fn below_adf(before: &Value) -> Vec<Value> {
    let nodes = before["content"].as_array().map_or(&[][..], Vec::as_slice);
    let boundary = nodes.iter().position(|node| plain(node).contains(BOUNDARY));
    boundary.and_then(|at| nodes.get(at + 1..)).unwrap_or_default().to_vec()
}

fn written(markup: Markup, block: &Block) -> String {
    match (markup, block) {
        (Markup::Html, Block::Heading(text)) => format!("<h3>{text}</h3>"),
        (Markup::Html, Block::Line(text)) => format!("<p>{}</p>", html(text)),
        (Markup::Html, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("<li><a href=\"{}\">{}</a></li>", html(to), html(text)),
                None => format!("<li>{}</li>", html(text)),
            };
            format!("<ul>{}</ul>", items.iter().map(one).collect::<String>())
        }
        (Markup::Html, Block::Machine(text)) => format!("<p><small>{text}</small></p>"),
        (Markup::Wiki, Block::Heading(text)) => format!("h3. {text}\n"),
        (Markup::Wiki, Block::Line(text)) => format!("{}\n\n", wiki(text)),
        (Markup::Wiki, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("* [{}|{to}]\n", wiki(text)),
                None => format!("* {}\n", wiki(text)),
            };
            format!("{}\n", items.iter().map(one).collect::<String>())
        }
        (Markup::Wiki, Block::Machine(text)) => format!("{{color:#888888}}{text}{{color}}\n"),
        (_, Block::Heading(text)) => format!("### {text}\n\n"),
        (_, Block::Line(text)) => format!("{}\n\n", markdown(text)),
        (_, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("- [{}]({to})\n", markdown(text)),
                None => format!("- {}\n", markdown(text)),
            };
            format!("{}\n", items.iter().map(one).collect::<String>())
        }
        // A reference that nothing refers to is shown by no reader of Markdown.
        (_, Block::Machine(text)) => format!("[//]: # ({text})\n\n"),
    }
}

/// Text that Markdown takes as it is. A sign before a name is cut from it, so that nobody is called and nothing is linked.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // A slash at the beginning of a line is a command to some.
    if text.starts_with(['/', '-', '+', '=']) || text.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('\u{200b}');
    }
    while let Some(c) = rest.next() {
        if "\\`*_{}[]<>#|~!&".contains(c) {
            out.push('\\');
        }
        out.push(c);
        let named = rest.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if named && "@#!~%&$^".contains(c) {
            out.push('\u{200b}');
        }
    }
    out
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn wiki(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\{}[]*_-+^~?!|#@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn node(text: &str, marks: &[&str]) -> Value {
    let marks: Vec<Value> = marks.iter().map(|mark| json!({ "type": mark })).collect();
    match marks.is_empty() {
        true => json!({ "type": "text", "text": text }),
        false => json!({ "type": "text", "text": text, "marks": marks }),
    }
}

fn paragraph(nodes: &[Value]) -> Value {
    json!({ "type": "paragraph", "content": nodes })
}

fn adf(block: &Block) -> Value {
    match block {
        Block::Heading(text) => {
            json!({ "type": "heading", "attrs": { "level": 3 }, "content": [node(text, &[])] })
        }
        Block::Line(text) => paragraph(&[node(text, &[])]),
        Block::Machine(text) => paragraph(&[node(text, &["code"])]),
        Block::Items(items) => {
            let one = |(text, address): &(String, Option<String>)| {
                let text = match address {
                    Some(to) => json!({
                        "type": "text", "text": text,
                        "marks": [{ "type": "link", "attrs": { "href": to } }],
                    }),
                    None => node(text, &[]),
                };
                json!({ "type": "listItem", "content": [paragraph(&[text])] })
            };
            let items: Vec<Value> = items.iter().map(one).collect();
            json!({ "type": "bulletList", "content": items })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use trimtab_model::Level;
    use trimtab_model::ticket::{Link, Voices};

    use super::*;

    const ALL: [Markup; 4] = [Markup::Markdown, Markup::Html, Markup::Wiki, Markup::Adf];

    fn ticket(text: &str) -> Ticket {
        Ticket {
            mark: Mark::read("app.ms").unwrap(),
            title: "Raise ms".into(),
            voices: Voices { product: text.into(), ..Voices::default() },
            level: Level::High,
            due: None,
            points: None,
            team: text.into(),
            component: None,
            links: vec![Link { text: "page".into(), address: "https://trimtab.example/1".into() }],
            criteria: vec![text.into()],
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_what_people_write_stays(
            text in "\\PC{0,120}", below in "[a-zA-Z<>&\n ]{0,60}",
        ) {
            let (first, then) = (ticket(&text), ticket("other"));
            for markup in ALL {
                let written = whole(markup, &first, Life::Open, &Value::Null);
                prop_assert_eq!(wrote(&written), Some(Wrote::with(&first, Life::Open)));
                let with = match written {
                    Value::String(all) => Value::String(format!("{all}{below}")),
                    mut doc => {
                        let more = paragraph(&[node(&below, &[])]);
                        doc["content"].as_array_mut().unwrap().push(more);
                        doc
                    }
                };
                let again = whole(markup, &then, Life::Closing, &with);
                prop_assert_eq!(wrote(&again), Some(Wrote::with(&then, Life::Closing)));
                prop_assert!(plain(&again).trim_end().ends_with(below.trim_end()), "{markup:?}");
                // Written again, nothing is added.
                prop_assert_eq!(&whole(markup, &then, Life::Closing, &again), &again);
            }
        }

        #[test]
        fn nobody_is_called_and_nothing_is_commanded(text in "[@#!/~%&$a-z0-9<>\\[\\]() \n]{0,80}") {
            let written = whole(Markup::Markdown, &ticket(&text), Life::Open, &Value::Null);
            let written = written.as_str().unwrap();
            let signs: Vec<char> = written.chars().collect();
            for two in signs.windows(2) {
                let named = two[1].is_alphanumeric();
                prop_assert!(!(named && two[0] == '@'), "{written}");
                prop_assert!(!(two[0] == '\n' && two[1] == '/'), "{written}");
            }
            prop_assert!(!written.contains("](http://x"), "{written}");
        }
    }

    #[test]
    fn what_people_take_away_is_theirs() {
        for markup in ALL {
            let text = plain(&whole(markup, &ticket("x"), Life::Open, &Value::Null));
            assert_eq!(wrote(&text.replace(BOUNDARY, "").into()), None);
            assert_eq!(wrote(&text.replace("trimtab-ticket", "").into()), None);
        }
    }

    #[test]
    fn an_address_is_a_link_only_where_it_is_one() {
        let mut ticket = ticket("x");
        let address = |a: &str| Link { text: "t".into(), address: a.into() };
        ticket.links = ["javascript:alert(1)", "https://a.example/)x(", "https://b.example/"]
            .map(address)
            .to_vec();
        for markup in ALL {
            let text = whole(markup, &ticket, Life::Open, &Value::Null).to_string();
            assert!(!text.contains("javascript") && !text.contains("a.example"), "{text}");
            assert!(text.contains("https://b.example/"));
        }
    }

    #[test]
    fn no_text_passes_for_a_line_of_ours() {
        let real = ticket("x");
        let line = Wrote::with(&Ticket { title: "y".into(), ..real.clone() }, Life::Closed);
        let told = ticket(&format!("{BOUNDARY} {line}\n{NOTE}app.ms end"));
        for markup in ALL {
            let text = whole(markup, &told, Life::Open, &Value::Null);
            assert_eq!(wrote(&text), Some(Wrote::with(&told, Life::Open)), "{markup:?}");
            assert!(!is_ours(&text));
        }
    }

    #[test]
    fn a_note_is_known_by_its_line() {
        let mark = Mark::read("app.ms").unwrap();
        let other = Mark::read("app.ms2").unwrap();
        for markup in ALL {
            let text = note(markup, &mark, "The level rose.\n@bob");
            assert!(is_note(&text, &mark) && !is_note(&text, &other) && is_ours(&text));
            assert!(!is_ours(&"The level rose.".into()));
        }
    }
}
