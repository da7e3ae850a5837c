//! What an incident came to, to take away: a retrospective that is filled from what happened. What only people can say
//! is asked for in it.

use jiff::Timestamp;
use trimtab_engine::incident::{Span, Stand};
use trimtab_report::minutes::STYLE;
use trimtab_store::IncidentEvent;

use super::{Room, Task, around, drills, length};

/// A part of it.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) text: Vec<String>,
    /// The names of columns, and rows.
    pub(crate) table: Option<(Vec<&'static str>, Vec<Vec<String>>)>,
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A time, or why there is none. `closed`: whether the incident is, and no clock runs on.
pub(crate) fn span(span: Span, closed: bool) -> String {
    match span {
        Span::Took(took) => length(took),
        Span::Runs(runs) if closed => {
            format!("not before it was closed, after {}", length(runs))
        }
        Span::Runs(runs) => format!("not yet, {} so far", length(runs)),
        Span::Unknown(why) => format!("unknown: {why}"),
    }
}

/// What happened, in a sentence.
pub(crate) fn told(room: &Room, event: &IncidentEvent) -> String {
    let told = &event.is.told;
    let text = told["text"].as_str().unwrap_or_default();
    let team = match event.is.team {
        Some(_) => room.team(event.is.team),
        None => "What nobody owns".to_owned(),
    };
    let behind = if text.is_empty() { String::new() } else { format!(": {text}") };
    match event.is.kind.as_str() {
        "opened" => "The incident was opened.".to_owned(),
        "touched" => match told["places"].as_u64() {
            Some(1) => format!("{team} is affected, in 1 place."),
            Some(places) => format!("{team} is affected, in {places} places."),
            None => format!("{team} is affected."),
        },
        "acknowledged" => format!("{team} acknowledged it{behind}"),
        "contained" => format!("{team} contained it{behind}"),
        "fixed" if event.actor == "trimtab" => {
            format!(
                "{team}: gone from the main lines and from all reported production deployments."
            )
        }
        around::KIND => {
            let name = told["environment"].as_str().unwrap_or("unknown");
            match told["what"].as_str() {
                Some("touched") => format!("{team}: running in {name}."),
                Some("fixed") => format!("{team}: gone from {name}."),
                Some("returned") => format!("{team}: running in {name} again."),
                Some("handed") => format!("{team}: what runs in {name} has a new owner."),
                _ => format!("{team} contained it in {name}{behind}"),
            }
        }
        "handed" => format!("{team}: the affected assets have a new owner."),
        "fixed" => format!("{team} fixed it{behind}"),
        "returned" => format!("{team}: present again."),
        "task" => format!("Task for {}: {text}", doer(room, event)),
        "action" => format!("Follow-up for {}: {text}", doer(room, event)),
        "done" => match told["task"].as_i64() {
            Some(task) => format!("Task {task} is done{behind}"),
            None => format!("A task is done{behind}"),
        },
        "update" => format!("Management was informed: {text}"),
        "status" => format!("Customers were informed: {text}"),
        "closed" if text.is_empty() => "The incident was closed.".to_owned(),
        "closed" => match told["undone"].as_str() {
            None => format!("The incident was closed. {text}"),
            Some(why) => {
                format!("The incident was closed. {text} Why some teams were not done: {why}")
            }
        },
        _ => text.to_owned(),
    }
}

fn doer(room: &Room, event: &IncidentEvent) -> String {
    owner(room, event.is.told["owner"].as_i64(), event.is.team)
}

/// Who does something: a person, else a team.
pub(crate) fn owner(room: &Room, person: Option<i64>, team: Option<i64>) -> String {
    match person {
        Some(person) => crate::people::name(&room.names, person),
        None => room.team(team),
    }
}

/// The retrospective.
pub(crate) fn sections(room: &Room, now: Timestamp) -> Vec<Section> {
    let plain = |title, text| Section { title, text, table: None };
    vec![
        plain("What it was", about(room)),
        spans(room, now),
        environments(room, now),
        timeline(room, now),
        tasks("Tasks", false, room, now),
        plain("What was learnt", lessons(room)),
        tasks("Follow-up", true, room, now),
        plain("To discuss", ASK.map(str::to_owned).into()),
    ]
}

/// What only people can say.
const ASK: [&str; 4] = [
    "What went well, and would have gone wrong a year ago?",
    "What took longest, and what did it wait for?",
    "What did we not know that we could have known?",
    "Where were we lucky?",
];

fn about(room: &Room) -> Vec<String> {
    let incident = &room.is;
    let mut about = Vec::new();
    if incident.is.drill.is_some() {
        about.push(
            "This is a drill. It does not count as a real incident in any measure.".to_owned(),
        );
    }
    if incident.is.near_miss {
        about.push(
            "This is a near miss: it was caught in time. It does not count in incident times."
                .to_owned(),
        );
    }
    about.push(format!(
        "Looked for: {} {}",
        incident.is.looked_for,
        if incident.is.versions.is_empty() { "in every version" } else { &incident.is.versions }
    ));
    about.push(match incident.is.published {
        Some(at) => format!("Published on {}.", moment(at)),
        None => "Publication date unknown.".to_owned(),
    });
    let end = incident.closed.map_or_else(
        || format!("Opened on {}, still open.", moment(incident.opened)),
        |at| format!("Opened on {}, closed on {}.", moment(incident.opened), moment(at)),
    );
    about.push(end);
    if !room.all {
        about.push("Limited to what you may see.".to_owned());
    }
    about
}

/// How long it took each team.
fn spans(room: &Room, now: Timestamp) -> Section {
    let incident = &room.is;
    let drill = incident.is.drill.is_some();
    let row = |stand: &Stand| {
        let is = stand.measures(incident.is.published, drill, incident.closed.unwrap_or(now));
        let span = |is| span(is, incident.closed.is_some());
        vec![
            room.team(stand.team),
            span(is.know),
            span(is.acknowledge),
            span(is.contain),
            span(is.fix),
        ]
    };
    let columns = vec!["Team", "To know", "To acknowledge", "To contain", "To fix"];
    Section {
        title: "How long it took",
        text: vec![
            "Counted from when a team was known to be affected; the time to know from publication."
                .to_owned(),
        ],
        table: Some((columns, room.stands.iter().map(row).collect())),
    }
}

/// What happened, with the news of the past event that a drill brings.
fn timeline(room: &Room, now: Timestamp) -> Section {
    let line =
        |event: &IncidentEvent| vec![moment(event.at), room.actor(&event.actor), told(room, event)];
    let mut lines: Vec<(Timestamp, Vec<String>)> =
        room.events.iter().map(|event| (event.at, line(event))).collect();
    for (at, text) in drills::brought(&room.is, now) {
        lines.push((at, vec![moment(at), "the past event".to_owned(), text.to_owned()]));
    }
    lines.sort_by_key(|(at, _)| *at);
    let rows = lines.into_iter().map(|(_, line)| line).collect();
    let table = Some((vec!["When", "Who", "What"], rows));
    Section { title: "What happened", text: Vec::new(), table }
}

/// Tasks of it, or of what was learnt.
fn tasks(title: &'static str, after: bool, room: &Room, now: Timestamp) -> Section {
    let row = |task: &Task| {
        vec![
            task.text.clone(),
            owner(room, task.owner, task.team),
            task.due.map_or_else(|| "unknown".to_owned(), moment),
            task.done.map_or_else(
                || if task.is_late(now) { "late" } else { "open" }.to_owned(),
                |at| format!("done {}", moment(at)),
            ),
        ]
    };
    let rows = room.tasks.iter().filter(|task| task.after == after).map(row).collect();
    let table = Some((vec!["What", "Who", "Until", "State"], rows));
    Section { title, text: Vec::new(), table }
}

/// What was learnt: it is said where it is closed.
fn lessons(room: &Room) -> Vec<String> {
    let closed = room.events.iter().filter(|event| event.is.kind == "closed");
    let mut lessons: Vec<String> =
        closed.filter_map(|event| Some(event.is.told["text"].as_str()?.to_owned())).collect();
    if lessons.is_empty() {
        lessons.push("No lessons recorded yet.".to_owned());
    }
    lessons
}

/// How long it took in each environment.
fn environments(room: &Room, now: Timestamp) -> Section {
    let closed = room.is.closed.is_some();
    let row = |(name, stand): &(&str, Stand)| {
        let is = stand.measures(None, true, room.is.closed.unwrap_or(now));
        vec![
            (*name).to_owned(),
            room.team(stand.team),
            span(is.contain, closed),
            span(is.fix, closed),
        ]
    };
    let columns = vec!["Environment", "Team", "To contain", "To fix"];
    let mut text =
        vec!["From when it was first seen running there, by reported deployments.".to_owned()];
    if room.runs.is_none() || room.around().is_empty() {
        text.push(room.nowhere().to_owned());
    }
    Section {
        title: "How long it took in each environment",
        text,
        table: Some((columns, room.around().iter().map(row).collect())),
    }
}

/// A text of others in Markdown: it is one line, and no markup.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in trimtab_report::one_line(text).chars() {
        if "\\`*_[]<>|#@~!&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// As Markdown.
pub(crate) fn markdown(room: &Room, now: Timestamp) -> String {
    let mut out = format!("# {}\n", inert(&room.is.is.title));
    for section in sections(room, now) {
        out += &format!("\n## {}\n\n", section.title);
        for text in &section.text {
            out += &format!("- {}\n", inert(text));
        }
        let Some((columns, rows)) = &section.table else { continue };
        if rows.is_empty() {
            out += "Nothing.\n";
            continue;
        }
        if !section.text.is_empty() {
            out.push('\n');
        }
        out += &format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
        for row in rows {
            let row: Vec<String> = row.iter().map(|cell| inert(cell)).collect();
            out += &format!("| {} |\n", row.join(" | "));
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}

/// As a page that stands alone.
pub(crate) fn html(room: &Room, now: Timestamp) -> String {
    let title = escaped(&trimtab_report::one_line(&room.is.is.title));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
    );
    for section in sections(room, now) {
        out += &format!("<h2>{}</h2>\n", section.title);
        for text in &section.text {
            out += &format!("<p>{}</p>\n", escaped(text));
        }
        let Some((columns, rows)) = &section.table else { continue };
        if rows.is_empty() {
            out += "<p>Nothing.</p>\n";
            continue;
        }
        let cells = |cells: &mut dyn Iterator<Item = String>, tag: &str| {
            cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(&cell))).collect::<String>()
        };
        let head = cells(&mut columns.iter().map(|c| (*c).to_owned()), "th");
        out += &format!("<table>\n<tr>{head}</tr>\n");
        for row in rows {
            out += &format!("<tr>{}</tr>\n", cells(&mut row.iter().cloned(), "td"));
        }
        out += "</table>\n";
    }
    out + "</body></html>\n"
}
