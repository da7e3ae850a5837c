//! `trimtab db update`: fetch what changed and build the index anew, aside; the old one keeps
//! working until the new one is whole.

use std::path::Path;

use trimtab_advisories::index::{self as advisories, Index, Phase};
use trimtab_connect::SystemClock;
use trimtab_connect::feeds::Fetching;
use trimtab_feeds::{Failed, News, Update, plan};
use trimtab_model::Diagnostic;
use trimtab_report::table::thousands;

use super::super::Outcome;
use crate::args::DbUpdate;
use crate::exit::Exit;
use crate::io::Io;
use crate::progress::Progress;
use crate::{index, say};

/// Runs the verb.
///
/// # Errors
/// A feed cannot be read, or the index cannot be written. The old index stays as it was.
pub(super) fn run(args: &DbUpdate, io: &mut Io) -> Outcome {
    let path = index::path(&args.index, io)?;
    let mut update = Update::new(plan(&args.feeds.named())?, &path)?;
    if let Some(news) = fetch(&mut update, io)? {
        if news.nothing {
            io.err("nothing changed since the last update\n");
            return tell(&path, io);
        }
        let fetched = news.mirrored;
        io.err(&format!(
            "fetched {} files and {} records, {} KiB; {} files unchanged\n",
            thousands(fetched.whole as u64),
            thousands(fetched.records as u64),
            thousands(fetched.bytes.div_ceil(1024)),
            thousands(fetched.unchanged as u64)
        ));
    }
    let built = update.build(&mut Line(Progress::new(io)))?;
    say::diagnostics(io, built.diagnostics.iter(), false);
    if let Some(reason) = &built.forgot {
        io.err(&format!(
            "{reason}: when advisories changed is known only from what they say themselves\n"
        ));
    }
    say::diagnostics(io, built.missing.iter(), false);
    let exit = tell(&path, io)?;
    Ok(if built.is_incomplete() { Exit::Incomplete } else { exit })
}

/// Brings the feeds of servers beside the index.
fn fetch(update: &mut Update, io: &mut Io) -> Result<Option<News>, Diagnostic> {
    let fetched = {
        let mut line = Progress::new(io);
        let mut show = |at: Fetching| {
            if at.expected > 0 {
                line.report("Fetching", at.received, at.expected, true);
            }
        };
        update.fetch(&SystemClock, &mut show)
    };
    fetched.map_err(|Failed { told, error }| {
        say::diagnostics(io, told.iter(), false);
        error
    })
}

/// Tells what the index holds now.
fn tell(path: &Path, io: &mut Io) -> Outcome {
    let index = Index::open(path).map_err(|e| e.diagnostic())?;
    let info = index.info().map_err(|e| e.diagnostic())?;
    let date = info.data_date.as_deref().and_then(|d| d.get(..10)).unwrap_or("unknown date");
    let missing: Vec<&str> = [("KEV", info.kev.is_none()), ("EPSS", info.epss.is_none())]
        .iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| *name)
        .collect();
    let mut text = format!(
        "{} advisories, newest of {date}, in {}\n",
        thousands(info.advisories),
        path.display()
    );
    if !missing.is_empty() {
        text.push_str(&format!(
            "without {}: exploitation that it would show is unknown\n",
            missing.join(" and ")
        ));
    }
    io.out(&text);
    Ok(Exit::Clean)
}

struct Line(Progress);

impl advisories::Progress for Line {
    fn report(&mut self, phase: Phase, done: u64, total: u64) {
        self.0.report(&format!("{phase:?}"), done, total, false);
    }
}
