//! iCalendar (RFC 5545): what happens when, for programs that show calendars. Times are in UTC, so that no zone has to be
//! described; an event keeps its id as long as it is the same one, and two runs give the same bytes.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A line has so many bytes at most, without its end.
const LINE: usize = 75;

/// What kind of event it is: its category, as filters of programs know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A window of a team.
    Window,
    /// Something must be gone.
    Deadline,
    /// People meet about it.
    Review,
    /// An exception ends.
    Exception,
    /// Somebody is on duty.
    Duty,
}

impl Kind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Window => "window",
            Kind::Deadline => "deadline",
            Kind::Review => "review",
            Kind::Exception => "exception",
            Kind::Duty => "duty",
        }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind it is.
    pub kind: Kind,
    /// What makes it the same one, among those of its kind.
    pub id: String,
    /// A line.
    pub title: String,
    /// More of it.
    pub text: String,
    /// Its page.
    pub link: String,
    /// When it begins.
    pub starts: Timestamp,
    /// When it ends. `None`: it is a moment.
    pub ends: Option<Timestamp>,
    /// When what is said of it changed last.
    pub changed: Timestamp,
}

/// A calendar: what it is called, the host that its ids are of, and its events.
pub fn write(name: &str, host: &str, events: &[Event]) -> String {
    let mut out = String::new();
    for (member, value) in [
        ("BEGIN", "VCALENDAR".to_owned()),
        ("VERSION", "2.0".to_owned()),
        ("PRODID", "-//Trimtab//Trimtab//EN".to_owned()),
        ("CALSCALE", "GREGORIAN".to_owned()),
        ("METHOD", "PUBLISH".to_owned()),
        ("X-WR-CALNAME", escaped(name)),
        ("REFRESH-INTERVAL;VALUE=DURATION", "PT1H".to_owned()),
    ] {
        line(&mut out, member, &value);
    }
    for event in events {
        let kind = event.kind.as_str();
        line(&mut out, "BEGIN", "VEVENT");
        line(&mut out, "UID", &escaped(&format!("{kind}-{}@{host}", event.id)));
        line(&mut out, "DTSTAMP", &moment(event.changed));
        match (event.ends.filter(|ends| *ends > event.starts), last_day(event.starts)) {
            (None, Some(day)) => line(&mut out, "DTSTART;VALUE=DATE", &day),
            (None, None) => line(&mut out, "DTSTART", &moment(event.starts)),
            (Some(ends), _) => {
                line(&mut out, "DTSTART", &moment(event.starts));
                line(&mut out, "DTEND", &moment(ends));
            }
        }
        line(&mut out, "SUMMARY", &escaped(&event.title));
        line(&mut out, "DESCRIPTION", &escaped(&event.text));
        line(&mut out, "URL", &in_line(&event.link));
        line(&mut out, "CATEGORIES", kind);
        // It takes nobody's time.
        line(&mut out, "TRANSP", "TRANSPARENT");
        line(&mut out, "END", "VEVENT");
    }
    line(&mut out, "END", "VCALENDAR");
    out
}

fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The day that ends at a moment, if one does in UTC: at the first moment of the next one, programs east of there would
/// show it a day late.
fn last_day(at: Timestamp) -> Option<String> {
    let is_end = at.as_second().rem_euclid(86_400) == 0 && at.subsec_nanosecond() == 0;
    let within = at.checked_sub(SignedDuration::from_secs(1)).ok().filter(|_| is_end)?;
    Some(within.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string())
}

/// Without what would end a line: for values that are not text.
fn in_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A text as a value (section 3.3.11). Control characters are no part of any.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A line, folded where it is too long (section 3.1), between two characters.
fn line(out: &mut String, name: &str, value: &str) {
    let mut room = LINE;
    for c in name.chars().chain(":".chars()).chain(value.chars()) {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            // The space counts.
            room = LINE - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(title: &str) -> Event {
        Event {
            kind: Kind::Deadline,
            id: "7-pkg".into(),
            title: title.into(),
            text: "Two findings; „müssen“ weg, bald\nsagt die Charta".into(),
            link: "https://trimtab.example/findings/7".into(),
            starts: "2026-12-01T08:30:00Z".parse().unwrap(),
            ends: None,
            changed: "2026-11-29T00:00:00Z".parse().unwrap(),
        }
    }

    /// Reads as section 3.1 says: lines end with CRLF, those that begin with a space go on.
    fn unfolded(text: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for raw in text.strip_suffix("\r\n").unwrap().split("\r\n") {
            assert!(raw.len() <= 75 && !raw.contains('\n') && !raw.contains('\r'), "{raw}");
            match raw.strip_prefix(' ') {
                Some(rest) => lines.last_mut().unwrap().push_str(rest),
                None => lines.push(raw.to_owned()),
            }
        }
        lines
    }

    #[test]
    fn what_ends_with_a_day_is_of_that_day() {
        let starts = "2027-01-11T00:00:00Z".parse().unwrap();
        let text =
            write("Team", "trimtab.example", &[Event { starts, ..event("The contract ends") }]);
        assert!(text.contains("\r\nDTSTART;VALUE=DATE:20270110\r\n"), "{text}");
        assert!(!text.contains("DTEND"), "{text}");
    }

    #[test]
    fn a_calendar_is_as_the_specification_has_it() {
        let text = write("Team; shop, all", "trimtab.example", &[event("Gone by today")]);
        let lines = unfolded(&text);
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Trimtab//Trimtab//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "X-WR-CALNAME:Team\\; shop\\, all",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "BEGIN:VEVENT",
            "UID:deadline-7-pkg@trimtab.example",
            "DTSTAMP:20261129T000000Z",
            "DTSTART:20261201T083000Z",
            "SUMMARY:Gone by today",
            "DESCRIPTION:Two findings\\; „müssen“ weg\\, bald\\nsagt die Charta",
            "URL:https://trimtab.example/findings/7",
            "CATEGORIES:deadline",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
            "END:VCALENDAR",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn nothing_that_is_said_is_another_line_and_long_ones_are_folded_between_characters() {
        let hostile = format!("{}\r\nBEGIN:VEVENT\r\n{}\\,;", "ä€𝄞".repeat(60), "x".repeat(200));
        let text =
            write("x", "h", &[Event { link: "a\r\nEND:VCALENDAR".into(), ..event(&hostile) }]);
        let lines = unfolded(&text);
        assert_eq!(lines.iter().filter(|line| line.starts_with("BEGIN:")).count(), 2);
        assert_eq!(lines.iter().filter(|line| line.starts_with("END:")).count(), 2);
        let summary = lines.iter().find_map(|line| line.strip_prefix("SUMMARY:")).unwrap();
        let read = summary.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";");
        assert_eq!(read.replace("\\\\", "\\"), hostile.replace('\r', ""));
    }

    #[test]
    fn what_lasts_has_an_end_and_what_is_over_before_it_begins_has_none() {
        let starts = event("x").starts;
        let ending = |ends| write("x", "h", &[Event { ends: Some(ends), ..event("x") }]);
        let later = "2026-12-02T00:00:00Z".parse().unwrap();
        assert!(ending(later).contains("DTEND:20261202T000000Z\r\n"));
        assert!(!ending(starts).contains("DTEND"));
    }
}
