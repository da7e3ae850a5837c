//! `trimtab backtest`: what an agreement would have cost and saved, in a repository's own past. The history is read
//! through git; the checkout is not touched.

mod answer;
mod past;

use jiff::{Timestamp, ToSpan};
use trimtab_engine::backtest::{
    Case, Episode, Rhythm as Played, Still, beyond, cases, episodes, first_seen, raised, timeline,
};
use trimtab_engine::match_inventory;
use trimtab_engine::plan::freezes;
use trimtab_engine::plan::simulate::{Lived, Timeline, Way, live};
use trimtab_model::charter::Charter;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic};
use trimtab_report::backtest::{html, json, text};

use self::answer::{Answer, Tried};
use super::rhythm::{Extent, Rhythm, Said};
use super::scan::usage;
use super::{Outcome, scan};
use crate::args::output::pairs;
use crate::args::{Backtest, BacktestFormat};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, index, output, say};

/// The longest time, in days.
const MOST_DAYS: i32 = 1100;
/// The most findings that are lived through, each in one file: some minutes.
const MOST_FINDINGS: usize = 20_000;

/// Runs the verb.
///
/// # Errors
/// There is no git repository, usable index or agreement, the rhythm has no windows, or the output cannot be written.
pub fn run(args: &Backtest, io: &mut Io) -> Outcome {
    let outputs = pairs(args.format, &args.output)?;
    if !args.path.is_dir() {
        let message = format!("`{}` is not a folder", args.path.display());
        return Err(usage(message, "name a git repository, or a folder of it"));
    }
    let index = index::open(&args.index, io)?;
    let agreed = agreement::read(&args.path, args.charter.as_deref(), io)?;
    let charter = &agreed.agreement.charter;
    let until = agreement::moment(args.now.as_deref())?;
    let asked = since(args, charter, until)?;
    let past = past::read(&args.path, &args.reference, (asked, until), io)?;
    let since = past.begins.max(asked);
    if since >= until {
        let message = format!("the history of `{}` begins after {until}", args.reference);
        return Err(usage(message, "choose a later end with --now"));
    }
    let rhythm = |said: Said<'_>| {
        let agreed = (charter, &agreed.agreement.project);
        Rhythm::of(said, Extent::Until(until), agreed, since)
    };
    let own = rhythm(Said {
        cadence: args.cadence.as_deref(),
        capacity: args.capacity,
        charter: agreed.chosen,
    })?;

    let damaged = |e: trimtab_advisories::index::IndexError| e.diagnostic();
    let mut listed = past.listed;
    let matched = match_inventory(&listed.inventory, &index).map_err(damaged)?;
    let episodes = episodes(&listed, &matched.findings, (since, until));
    few(episodes.len(), MOST_FINDINGS)?;
    let versions =
        match_inventory(&raised(&listed.inventory, &episodes), &index).map_err(damaged)?;
    let still = Still::of(&versions.findings);
    let scan = Scan {
        target: scan::target(std::slice::from_ref(&args.path)).into(),
        inventory: std::mem::take(&mut listed.inventory),
        index: Some(index.info().map_err(damaged)?),
        findings: episodes.iter().map(|episode| episode.finding.clone()).collect(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    };
    let (weighing, problems) = agreed.weigh(&scan, &first_seen(&episodes), until)?;
    // That an exception no longer fits is for the checks of today.
    let worth = problems.iter().filter(|p| p.code.makes_incomplete());
    say::diagnostics(io, worth, args.verbose);
    let (cases, decided) = cases(&episodes, &weighing, &charter.cadences);

    let tell = Told { episodes: &episodes, still: &still, cases: &cases, charter, since, until };
    let line = tell.line(&own);
    let ways = lived(&line, Way::ALL)?;
    let mut compared = Vec::new();
    for other in &args.compare {
        let said = Said {
            cadence: Some(&other.cadence),
            capacity: Some(other.capacity),
            charter: agreed.chosen,
        };
        let rhythm = rhythm(said)?;
        let lived = lived(&tell.line(&rhythm), &[Way::Planned])?;
        compared.extend(lived.into_iter().map(|(_, lived)| Tried {
            rhythm: &other.cadence,
            points: other.capacity,
            windows: rhythm.windows.len(),
            lived,
        }));
    }
    let document = Answer {
        args,
        target: &scan.target,
        index: scan.index.as_ref(),
        charter,
        rhythm: &own,
        episodes: &episodes,
        cases: &cases,
        ways: &ways,
        compared: &compared,
        decided,
        beyond: beyond(&line),
        unknown: matched.unknowns.len(),
        components: matched.components,
        history: &past.told,
        asked,
        since,
        until,
    }
    .document();
    output::all(&outputs, args.verbose, io, |format, style, out| {
        Ok(match format {
            BacktestFormat::Table => text::write(&document, style, out),
            BacktestFormat::Json => json::write(&document, out),
            BacktestFormat::Html => html::write(&document, out),
        }?)
    })?;
    let incomplete = past.incomplete || agreed.is_incomplete();
    Ok(if incomplete { Exit::Incomplete } else { Exit::Clean })
}

/// When the time is to begin.
fn since(args: &Backtest, charter: &Charter, until: Timestamp) -> Result<Timestamp, Diagnostic> {
    let zone = charter.calendar.time_zone.clone();
    let end = until.to_zoned(zone.clone()).date();
    let late = || {
        usage(
            "the period has no days, or is longer than three years".to_owned(),
            "start at most 1,100 days before the end",
        )
    };
    let Some(day) = args.since else {
        return until.checked_sub((i64::from(args.days) * 24).hours()).map_err(|_| late());
    };
    let length = day.until(end).map_err(|_| late())?.get_days();
    if !(0..=MOST_DAYS).contains(&length) {
        return Err(late());
    }
    let begin = day.to_zoned(zone).map_err(|_| late())?.timestamp();
    if begin < until { Ok(begin) } else { Err(late()) }
}

/// What is lived through, whatever the rhythm.
struct Told<'t> {
    episodes: &'t [Episode],
    still: &'t Still,
    cases: &'t [Case],
    charter: &'t Charter,
    since: Timestamp,
    until: Timestamp,
}

impl Told<'_> {
    fn line(&self, rhythm: &Rhythm) -> Timeline {
        let played = Played {
            team: rhythm.team.clone(),
            windows: rhythm.windows.clone(),
            open_limit: rhythm.open_limit,
            freezes: freezes(&self.charter.calendar),
            horizon: rhythm.horizon,
        };
        let time = (self.since, self.until);
        let past = (self.episodes, self.still);
        timeline(past, self.cases, &played, &self.charter.cost, time)
    }
}

fn lived(line: &Timeline, ways: &[Way]) -> Result<Vec<(Way, Lived)>, Diagnostic> {
    let one = |way: &Way| live(line, *way).map(|lived| (*way, lived));
    let lived: Result<Vec<_>, _> = ways.iter().map(one).collect();
    lived.map_err(|wrong| {
        let message = format!("the past cannot be simulated: {wrong}");
        usage(message, "choose a shorter period or a smaller folder")
    })
}

/// Whether no more findings are in the time than are lived through.
fn few(findings: usize, most: usize) -> Result<(), Diagnostic> {
    if findings <= most {
        return Ok(());
    }
    let message =
        format!("the period has {findings} findings, more than the {most} that are simulated");
    Err(Diagnostic::new(Code::FileLimit, message)
        .help("choose a shorter period (--days) or a smaller folder"))
}

#[cfg(test)]
mod tests {
    use super::few;

    #[test]
    fn too_many_findings_are_told_with_what_to_narrow() {
        assert!(few(2, 2).is_ok());
        let told = few(3, 2).unwrap_err();
        assert!(told.message.contains("3 findings"), "{}", told.message);
        assert!(told.help.is_some_and(|help| help.contains("--days")));
    }
}
