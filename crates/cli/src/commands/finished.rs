//! What batches of a repository came to: carried out by `apply`, merged or taken back as git says, and what people say
//! that they took. Costs are learnt from it. The list lies in the data folder, or in a file that a pipeline keeps.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use trimtab_charter::calendar::working_days;
use trimtab_connect::apply::merged;
use trimtab_engine::plan::learn::{Finished, Over, Sort};
use trimtab_model::charter::{Calendar, Charter};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::applied;
use trimtab_report::finished::{self, Action, Batch, Document};

use super::plan::last;
use crate::io::Io;
use crate::{agreement, output, say};

/// How many batches are kept: the newest.
const KEPT: usize = 500;

/// Where the list of a repository is, and whether somebody named the file.
fn place(folder: &Path, file: Option<&Path>, io: &Io) -> Option<(PathBuf, bool)> {
    match file {
        Some(file) => Some((file.to_owned(), true)),
        None => Some((last::place(folder, io)?.with_extension("finished.json"), false)),
    }
}

/// Reads a list. One in the data folder that cannot be read is as none: that is told.
fn read((place, named): (&Path, bool), io: &mut Io) -> Result<Option<Document>, Diagnostic> {
    let shown = agreement::shown(place);
    let text = match named {
        true => agreement::text(place)?,
        false => fs::read_to_string(place).ok(),
    };
    let Some(text) = text else { return Ok(None) };
    match finished::read(&text) {
        Ok(document) => Ok(Some(document)),
        Err(why) if named => {
            let message = format!("it is no list of finished batches: {why}");
            Err(Diagnostic::new(Code::ConfigMalformed, message)
                .in_file(shown)
                .help("name another file, or have `trimtab apply --finished FILE` begin it"))
        }
        Err(why) => {
            io.err(&format!("What earlier batches came to cannot be read ({shown}): {why}\n"));
            Ok(None)
        }
    }
}

/// Writes a list. One in the data folder that cannot be written is told, and no fault of what was done.
fn write((place, named): (&Path, bool), list: &Document, io: &mut Io) -> Result<(), Diagnostic> {
    let written = if named { Ok(()) } else { place.parent().map_or(Ok(()), fs::create_dir_all) };
    let written = match written {
        Ok(()) => output::to_file(place, |out| finished::write(list, out)),
        Err(error) => Err(output::unwritable(place, &error)),
    };
    match written {
        Err(wrong) if named => Err(wrong),
        Err(wrong) => {
            io.err(&format!("What the batch came to is not kept: {}\n", wrong.message));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Adds a batch that was carried out to a branch.
///
/// # Errors
/// The file that is named cannot be read or written.
pub(super) fn add(
    folder: &Path,
    file: Option<&Path>,
    is: &applied::json::Document,
    io: &mut Io,
) -> Result<(), Diagnostic> {
    let Some((place, named)) = place(folder, file, io) else { return Ok(()) };
    let mut list = read((&place, named), io)?.unwrap_or_default();
    let done = is.actions.iter().filter(|action| action.outcome == applied::json::DONE);
    let action = |action: &applied::json::Action| {
        let estimate = action.estimate.as_ref()?;
        Some(Action {
            kind: estimate.kind.clone(),
            distance: estimate.distance.clone(),
            transitive: estimate.transitive,
            points: action.points,
        })
    };
    let batch = Batch {
        batch: is.batch.clone(),
        carried_out: is.now.clone(),
        merged: None,
        reverted: false,
        points: None,
        actions: done.filter_map(action).collect(),
    };
    // Carried out anew before it was merged: it is the same one, and was begun when it was begun first.
    let open =
        |held: &&mut Batch| held.batch == batch.batch && held.merged.is_none() && !held.reverted;
    match list.batches.iter_mut().find(open) {
        Some(held) => held.actions = batch.actions,
        None => list.batches.push(batch),
    }
    let more = list.batches.len().saturating_sub(KEPT);
    list.batches.drain(..more);
    write((&place, named), &list, io)
}

/// What is learnt from: the actions of batches that are over. What git says became of batches is written into the list.
///
/// # Errors
/// The file that is named cannot be read or written.
pub(super) fn learnt(
    folder: &Path,
    file: Option<&Path>,
    charter: &Charter,
    io: &mut Io,
) -> Result<Vec<Finished>, Diagnostic> {
    let Some((place, named)) = place(folder, file, io) else { return Ok(Vec::new()) };
    let Some(mut list) = read((&place, named), io)? else {
        if named {
            let shown = agreement::shown(&place);
            io.err(&format!("{shown} is not there yet: costs are the charter's, as priors\n"));
        }
        return Ok(Vec::new());
    };
    let open: Vec<&str> =
        list.batches.iter().filter(|b| !b.reverted).map(|b| b.batch.as_str()).collect();
    let became = merged(&agreement::repository(folder), &open).unwrap_or_else(|unknown| {
        say::diagnostics(io, std::iter::once(&unknown), false);
        std::collections::BTreeMap::new()
    });
    let mut changed = false;
    for batch in &mut list.batches {
        let Some(is) = became.get(&batch.batch) else { continue };
        if let (None, Some(at)) = (&batch.merged, is.at) {
            batch.merged = Some(at.to_string());
            changed = true;
        }
        if is.taken_back && !batch.reverted {
            batch.reverted = true;
            changed = true;
        }
    }
    if changed {
        write((&place, named), &list, io)?;
    }
    let over = list.batches.iter().filter_map(|batch| over(batch, &charter.calendar));
    Ok(over.flat_map(|over| over.finished().collect::<Vec<_>>()).collect())
}

/// A batch that is over. `None`: it waits.
fn over(batch: &Batch, calendar: &Calendar) -> Option<Over> {
    if batch.merged.is_none() && !batch.reverted && batch.points.is_none() {
        return None;
    }
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let ends = moment(&batch.carried_out).zip(batch.merged.as_deref().and_then(moment));
    let part = |action: &Action| {
        let distance = action.distance.as_deref();
        Some((Sort::from_words(&action.kind, distance, action.transitive)?, action.points))
    };
    Some(Over {
        parts: batch.actions.iter().filter_map(part).collect(),
        points: batch.points,
        days: ends
            .filter(|(from, to)| from <= to)
            .map(|(from, to)| working_days(from, to, calendar)),
        reverted: batch.reverted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(merged: Option<&str>, reverted: bool, points: Option<f64>) -> Batch {
        let action = |kind: &str, points| Action {
            kind: kind.to_owned(),
            distance: Some("minor".to_owned()),
            transitive: false,
            points,
        };
        Batch {
            batch: "b".to_owned(),
            carried_out: "2026-11-23T00:00:00Z".to_owned(),
            merged: merged.map(str::to_owned),
            reverted,
            points,
            actions: vec![
                action("raise", Some(3.0)),
                action("relock", Some(1.0)),
                action("jump", None),
            ],
        }
    }

    #[test]
    fn what_waits_teaches_nothing_and_what_is_over_shares_its_time() {
        let calendar = trimtab_charter::preset::default().calendar;
        assert_eq!(over(&batch(None, false, None), &calendar), None);
        let is = over(&batch(Some("2026-11-25T00:00:00Z"), false, None), &calendar).unwrap();
        assert_eq!((is.days, is.reverted), (Some(2.0), false));
        // What this build has no word for is left out.
        let days: Vec<Option<f64>> = is.finished().map(|f| f.days).collect();
        assert_eq!(days, [Some(1.5), Some(0.5)]);
        // A clock that went back says nothing.
        let is = over(&batch(Some("2026-11-20T00:00:00Z"), true, Some(8.0)), &calendar).unwrap();
        assert_eq!((is.days, is.reverted, is.points), (None, true, Some(8.0)));
    }
}
