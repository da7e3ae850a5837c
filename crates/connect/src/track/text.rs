//! The text of a ticket in the markups of trackers, and what is read back from it. Trimtab keeps the part above a line of its
//! own; what people write below stays. Nothing in it names a person or another ticket, or is taken for a command, whatever
//! an advisory says.

mod markup;

use serde_json::{Value, json};
use trimtab_model::ticket::{Life, Mark, Ticket, Wrote};

pub(super) use markup::Markup;
use markup::{APART, Block, adf, node, paragraph, written};

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
/// The most lines of one voice: short ones are not made shorter, and all of them must fit.
const LINES: usize = 30;

fn blocks(ticket: &Ticket, line: &Wrote) -> Vec<Block> {
    let mut all = Vec::new();
    let voices = &ticket.voices;
    for (heading, text) in [
        ("What it means", &voices.product),
        ("What to change", &voices.engineering),
        ("Likelihood and severity", &voices.security),
        ("Rollout and rollback", &voices.operations),
    ] {
        if !text.trim().is_empty() {
            all.push(Block::Heading(heading));
            let text: String = text.chars().take(VOICE).collect();
            all.extend(lines(&text).take(LINES).map(Block::Line));
            if lines(&text).nth(LINES).is_some() {
                all.push(Block::Line("…".to_owned()));
            }
        }
    }
    all.push(Block::Heading("In short"));
    let mut facts = vec![format!("Level: {}", ticket.level)];
    facts.extend(ticket.due.map(|due| format!("Due: {due}")));
    facts.extend(ticket.points.map(|points| format!("Planned points: {points}")));
    facts.push(format!("Owner: {}", short(&ticket.team)));
    all.push(Block::Items(facts.into_iter().map(|fact| (fact, None)).collect()));
    if !ticket.criteria.is_empty() {
        all.push(Block::Heading("Done when"));
        let of = ticket.criteria.iter().take(ENTRIES).map(|c| (short(c), None));
        let of: Vec<_> = of.filter(|(text, _)| !text.is_empty()).collect();
        all.push(match of.is_empty() {
            true => Block::Line("Not stated.".to_owned()),
            false => Block::Items(of),
        });
    }
    // Only what is an address of the web is made a link.
    let is_web = |a: &str| {
        (a.starts_with("https://") || a.starts_with("http://"))
            && a.chars().all(|c| c.is_ascii_graphic() && !"<>\"'()[]{}|\\^`".contains(c))
    };
    let links = ticket.links.iter().filter(|link| is_web(&link.address)).take(ENTRIES);
    let links: Vec<_> =
        links.map(|link| (short(&link.text), Some(link.address.to_string()))).collect();
    let links: Vec<_> = links.into_iter().filter(|(text, _)| !text.is_empty()).collect();
    if !links.is_empty() {
        all.push(Block::Heading("More"));
        all.push(Block::Items(links));
    }
    all.push(Block::Machine(line.to_string()));
    all
}

/// Makes long parts shorter, the longest first, until all fits into so many characters or nothing is long.
fn fit(markup: Markup, blocks: &mut [Block], most: usize) {
    let size = |block: &Block| match markup {
        Markup::Adf => plain(&adf(block)).chars().count(),
        markup => written(markup, block).chars().count(),
    };
    let mut sizes: Vec<usize> = blocks.iter().map(&size).collect();
    while sizes.iter().sum::<usize>() > most {
        let long = |(at, block): (usize, &Block)| match block {
            Block::Line(text) if text.chars().count() > 80 => Some((*sizes.get(at)?, at)),
            Block::Items(items) if items.len() > 1 => Some((*sizes.get(at)?, at)),
            _ => None,
        };
        let Some((_, at)) = blocks.iter().enumerate().filter_map(long).max() else { return };
        let (Some(block), Some(held)) = (blocks.get_mut(at), sizes.get_mut(at)) else { return };
        match block {
            Block::Line(text) => {
                *text = text.chars().take(text.chars().count() / 2).chain(['…']).collect();
            }
            Block::Items(items) => items.truncate(items.len() / 2),
            _ => return,
        }
        *held = size(block);
    }
}

/// Lines that are not empty, without control characters, and without what only Trimtab's own lines say.
fn lines(text: &str) -> impl Iterator<Item = String> {
    bare(text).map(|line| parted(&line))
}

/// Lines that are not empty, without control characters.
fn bare(text: &str) -> impl Iterator<Item = String> {
    let one = |line: &str| line.trim().chars().filter(|c| !c.is_control()).collect::<String>();
    text.lines().map(one).filter(|line| !line.trim().is_empty())
}

/// Parts what only Trimtab's own lines say. Nothing is taken out, so that no such word comes together.
fn parted(text: &str) -> String {
    let text = text.replace("trimtab-", &format!("trimtab{APART}-"));
    let Some((first, rest)) = BOUNDARY.split_once(' ') else { return text };
    text.replace(BOUNDARY, &format!("{first}{APART} {rest}"))
}

fn short(text: &str) -> String {
    let line: String = bare(text).collect::<Vec<_>>().join(" ").chars().take(ENTRY).collect();
    parted(&line)
}

/// The text of a new ticket. `points`: as they are sent.
pub(super) fn first(markup: Markup, ticket: &Ticket, points: Option<f64>) -> Value {
    let line = Wrote { points, ..Wrote::with(ticket, Life::Open) };
    whole(markup, ticket, &line, &Value::Null)
}

/// The text of a ticket that is there, with what people wrote below Trimtab's part of the text before.
pub(super) fn again(markup: Markup, ticket: &Ticket, life: Life, before: &Value) -> Value {
    // Points are sent once.
    let points = wrote(before).and_then(|wrote| wrote.points);
    whole(markup, ticket, &Wrote { points, ..Wrote::with(ticket, life) }, before)
}

fn whole(markup: Markup, ticket: &Ticket, line: &Wrote, before: &Value) -> Value {
    let mut blocks = blocks(ticket, line);
    let theirs = match markup {
        Markup::Adf => below_adf(before).iter().map(|node| plain(node).chars().count()).sum(),
        markup => below(markup, before.as_str().unwrap_or_default()).chars().count(),
    };
    let end = BOUNDARY.chars().count() + 40;
    fit(markup, &mut blocks, markup.most().saturating_sub(theirs + end));
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
    if markup == Markup::Html {
        // Ends of elements have no text.
        let mut rest = rest;
        while let Some(end) = rest.strip_prefix("</").and_then(|end| end.split_once('>')) {
            rest = end.1;
        }
        return rest;
    }
    let mark = if markup == Markup::Wiki { '_' } else { '*' };
    let rest = rest.strip_prefix(mark).unwrap_or(rest);
    rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest)
}

fn below_adf(before: &Value) -> Vec<Value> {
    let nodes = before["content"].as_array().map_or(&[][..], Vec::as_slice);
    let boundary = nodes.iter().position(|node| plain(node).contains(BOUNDARY));
    let Some((ours, rest)) = boundary.and_then(|at| nodes.get(at..)?.split_first()) else {
        return Vec::new();
    };
    // What an editor put into the same node.
    let same = plain(ours);
    let same = same.split_once(BOUNDARY).map_or("", |(_, same)| same);
    let same = same.lines().map(str::trim).filter(|line| !line.is_empty());
    same.map(|line| paragraph(&[node(line, &[])])).chain(rest.iter().cloned()).collect()
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
            text in "(\\PC|trimtab-|Trimtab keeps what is above this line; ?|what you write below it stays[.]|\n){0,60}",
            below in "[a-zA-Z<>&\n ]{0,60}",
        ) {
            let (first, then) = (ticket(&text), ticket("other"));
            for markup in ALL {
                let written = super::first(markup, &first, Some(2.0));
                let line = Wrote { points: Some(2.0), ..Wrote::with(&first, Life::Open) };
                prop_assert_eq!(wrote(&written), Some(line));
                prop_assert_eq!(plain(&written).matches(BOUNDARY).count(), 1);
                let with = match written {
                    Value::String(all) => Value::String(format!("{all}{below}")),
                    mut doc => {
                        let more = paragraph(&[node(&below, &[])]);
                        doc["content"].as_array_mut().unwrap().push(more);
                        doc
                    }
                };
                let again = again(markup, &then, Life::Closing, &with);
                // Points stay those that were sent.
                let line = Wrote { points: Some(2.0), ..Wrote::with(&then, Life::Closing) };
                prop_assert_eq!(wrote(&again), Some(line));
                prop_assert!(plain(&again).trim_end().ends_with(below.trim_end()), "{markup:?}");
                // Written again, nothing is added.
                prop_assert_eq!(&super::again(markup, &then, Life::Closing, &again), &again);
            }
        }

        #[test]
        fn nobody_is_called_and_nothing_is_commanded(
            text in "([@#!/~%&$:.a-z0-9<>\\[\\]() \n-]|https://|www[.]|GH-|[0-9a-f]{7,40}){0,80}",
        ) {
            let written = first(Markup::Markdown, &ticket(&text), None);
            let written = written.as_str().unwrap();
            let signs: Vec<char> = written.chars().collect();
            for two in signs.windows(2) {
                let named = two[1].is_alphanumeric();
                prop_assert!(!(named && two[0] == '@'), "{written}");
                prop_assert!(!(two[0] == '\n' && two[1] == '/'), "{written}");
            }
            // The one link, and nothing else that is read as one.
            let theirs = written.replace("](https://trimtab.example/1)", "]");
            let (theirs, _) = theirs.split_once("[//]: # (").unwrap();
            for link in ["://", "www.", "GH-1", "gh-1"] {
                prop_assert!(!theirs.contains(link), "{written}");
            }
            let is_commit = |word: &str| {
                word.len() >= 7
                    && word.bytes().all(|b| b.is_ascii_hexdigit())
                    && word.bytes().any(|b| b.is_ascii_digit())
            };
            prop_assert!(!theirs.split(|c: char| !c.is_ascii_alphanumeric()).any(is_commit), "{written}");
        }
    }

    #[test]
    fn what_people_take_away_is_theirs() {
        for markup in ALL {
            let text = plain(&first(markup, &ticket("x"), None));
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
            let text = first(markup, &ticket, None).to_string();
            assert!(!text.contains("javascript") && !text.contains("a.example"), "{text}");
            assert!(text.contains("https://b.example/"));
        }
    }

    #[test]
    fn no_text_passes_for_a_line_of_ours() {
        let real = ticket("x");
        let line = Wrote::with(&Ticket { title: "y".into(), ..real.clone() }, Life::Closed);
        let forged = "-ticket 1 mark=other text=0000000000000000 title=0000000000000000 due=none \
                      points=none life=closed end";
        let (begin, end) = BOUNDARY.split_at(36);
        let (first_line, second_line) = BOUNDARY.split_once(" line").unwrap();
        for text in [
            format!("{BOUNDARY} {line}\n{NOTE}app.ms end"),
            // What comes together where something is taken out.
            format!("trimtab{BOUNDARY}{forged}"),
            format!("{begin}{BOUNDARY}{end}"),
            // What comes together where lines are joined.
            format!("{first_line}\nline{second_line}"),
            format!("trim\ntab{forged}\n{first_line}\u{7}\nline{second_line}"),
        ] {
            let told = ticket(&text);
            for markup in ALL {
                let text = first(markup, &told, None);
                assert_eq!(wrote(&text), Some(Wrote::with(&told, Life::Open)), "{markup:?}");
                assert_eq!(plain(&text).matches(BOUNDARY).count(), 1, "{markup:?}");
                assert!(!is_ours(&text));
            }
        }
    }

    #[test]
    fn what_people_write_below_stays_however_the_line_is_reshaped() {
        let line = Wrote::with(&ticket("x"), Life::Open);
        for (markup, before) in [
            (Markup::Markdown, format!("{line}\n---\n*{BOUNDARY}* theirs")),
            (Markup::Markdown, format!("{line}\r\n---\r\n{BOUNDARY}\r\ntheirs")),
            (Markup::Html, format!("<p>{line}</p><div><i>{BOUNDARY}</i><br>theirs</div>")),
            (Markup::Html, format!("<p>{line}</p>{BOUNDARY} theirs")),
            (Markup::Wiki, format!("{line}\r\n----\r\n_{BOUNDARY}_\r\ntheirs")),
        ] {
            let text = again(markup, &ticket("y"), Life::Open, &before.into());
            let shown = text.as_str().unwrap().to_owned();
            assert_eq!(shown.matches("theirs").count(), 1, "{markup:?}: {shown}");
            assert_eq!(again(markup, &ticket("y"), Life::Open, &text), text, "{markup:?}");
        }
        let mut doc = first(Markup::Adf, &ticket("x"), None);
        let last = doc["content"].as_array_mut().unwrap().last_mut().unwrap();
        last["content"].as_array_mut().unwrap().push(node(" theirs", &[]));
        let text = again(Markup::Adf, &ticket("y"), Life::Open, &doc);
        assert_eq!(plain(&text).matches("theirs").count(), 1, "{text}");
        assert_eq!(again(Markup::Adf, &ticket("y"), Life::Open, &text), text);
    }

    #[test]
    fn nothing_is_empty_and_all_of_it_is_bounded() {
        // Each character is escaped in Jira's notation.
        let mut long = ticket(&"{*}".repeat(2_000));
        let text: Box<str> = "[_]\n".repeat(2_000).into();
        long.voices = Voices {
            product: text.clone(),
            engineering: text.clone(),
            security: text.clone(),
            operations: "{*}".repeat(2_000).into(),
        };
        long.criteria = vec!["{*}".repeat(400).into(); 90];
        for markup in ALL {
            let written = first(markup, &long, None);
            assert!(plain(&written).chars().count() <= markup.most(), "{markup:?}");
            assert_eq!(wrote(&written), Some(Wrote::with(&long, Life::Open)), "{markup:?}");
        }
        // Thousands of short lines, none of which can be made shorter.
        let text: Box<str> = "{*}\n".repeat(2_000).into();
        let short = ["a", "b"].map(|_| text.clone());
        let voices = Voices {
            product: text.clone(),
            engineering: text,
            security: short[0].clone(),
            operations: short[1].clone(),
        };
        let short = Ticket { voices, ..ticket("x") };
        for markup in ALL {
            let written = first(markup, &short, None);
            assert!(plain(&written).chars().count() <= markup.most(), "{markup:?}");
        }
        let mut empty = ticket("x");
        empty.criteria = vec!["".into(), "\u{7}".into()];
        empty.links = vec![Link { text: " ".into(), address: "https://b.example/".into() }];
        let written = first(Markup::Adf, &empty, None).to_string();
        assert!(!written.contains("\"text\":\"\""), "{written}");
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
