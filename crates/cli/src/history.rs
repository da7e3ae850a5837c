//! The file that remembers when findings were first seen: `--history FILE`, and `--record` to continue it.

use std::path::PathBuf;

use jiff::Timestamp;
use trimtab_engine::history::{HEAD, History};
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic};

use crate::args::HistoryArgs;
use crate::io::Io;
use crate::{agreement, output};

/// The history of what is scanned.
pub struct Kept {
    path: PathBuf,
    /// What the file holds. `None`: it is to be begun.
    text: Option<String>,
    history: History,
    record: bool,
}

/// Reads the history that a run names. `None`: it names none.
///
/// # Errors
/// It does not exist, or cannot be understood: clocks do not start anew by mistake.
pub fn open(args: &HistoryArgs) -> Result<Option<Kept>, Diagnostic> {
    let Some(path) = &args.history else { return Ok(None) };
    let shown = agreement::shown(path);
    let text = agreement::text(path)?;
    let history = match &text {
        Some(text) => History::read(text, &shown)?,
        None if args.record => History::default(),
        None => {
            return Err(Diagnostic::new(Code::Usage, format!("there is no history `{shown}`"))
                .help("correct its name, or start one with --record"));
        }
    };
    Ok(Some(Kept { path: path.clone(), text, history, record: args.record }))
}

impl Kept {
    /// Takes in what a scan found, and continues the file, where the run is to record.
    ///
    /// # Errors
    /// The moment is before the last one of the file, or the file cannot be written.
    pub fn record(&mut self, scan: &Scan, now: Timestamp, io: &mut Io) -> Result<(), Diagnostic> {
        if !self.record {
            return Ok(());
        }
        let shown = agreement::shown(&self.path);
        if let Some(last) = self.history.last().filter(|last| last.as_second() > now.as_second()) {
            let message =
                format!("the history ends at {last}, which is after the time of this run");
            return Err(Diagnostic::new(Code::HistoryMalformed, message)
                .in_file(shown)
                .help("record runs in the order of time; check the clock, or `--now`"));
        }
        let added = self.history.observe(scan, now).map_err(|d| d.in_file(shown.clone()))?;
        let lines = self.history.added();
        if self.text.is_none() || !lines.is_empty() {
            let head = format!("{HEAD}\n");
            let before = self.text.as_deref().unwrap_or(&head);
            output::to_file(&self.path, |out| {
                out.write_all(before.as_bytes())?;
                out.write_all(lines.as_bytes())
            })?;
        }
        let begun = if self.text.is_none() { "begun: " } else { "" };
        let again = if added.again > 0 {
            format!(" ({} of them again)", added.again)
        } else {
            String::new()
        };
        let left = if scan.is_incomplete() {
            "; what is gone is not known, because not everything could be examined"
        } else {
            ""
        };
        io.err(&format!(
            "history {shown} {begun}{} first seen now{again}, {} gone{left}\n",
            trimtab_report::table::count(added.seen, "finding"),
            added.gone,
        ));
        Ok(())
    }

    /// When a finding was first seen, and by which file. What the file does not know is seen `now`.
    pub fn first_seen(&self, finding: &Finding, now: Timestamp) -> Fact<Timestamp> {
        let since = self.history.since(finding);
        let mut source = agreement::shown(&self.path);
        if since.first.is_none() {
            source.push_str(", which does not have it yet");
        }
        let day = |at: &Timestamp| at.strftime("%Y-%m-%d");
        if let Some((from, to)) = since.before.last() {
            source.push_str(&format!("; it was here before, from {} to {}", day(from), day(to)));
        }
        Fact { value: since.first.unwrap_or(now), source: source.into() }
    }
}
