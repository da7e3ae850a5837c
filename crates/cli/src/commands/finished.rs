//! What batches of a repository came to: carried out by `apply`, merged or taken back as git says, and what people say
//! that they took. Costs are learnt from it. The list lies in the data folder, or in a file that a pipeline keeps.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use trimtab_charter::calendar::working_days;
use trimtab_connect::apply::{Carried, merged};
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
            let message = format!("it is not a list of finished batches: {why}");
            Err(Diagnostic::new(Code::ConfigMalformed, message)
                .in_file(shown)
                .help("name another file, or have `trimtab apply --finished FILE` create it"))
        }
        Err(why) => {
            io.err(&format!("The outcomes of earlier batches cannot be read ({shown}): {why}\n"));
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
            io.err(&format!("The outcome of the batch could not be saved: {}\n", wrong.message));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// That a list that is named can be read: known before anything is done.
///
/// # Errors
/// It cannot, or is none.
pub(super) fn begin(folder: &Path, file: Option<&Path>, io: &mut Io) -> Result<(), Diagnostic> {
    let Some((place, named)) = place(folder, file, io).filter(|(_, named)| *named) else {
        return Ok(());
    };
    read((&place, named), io).map(|_| ())
}

/// Adds a batch that was carried out to a branch. Where it cannot be kept, that is told: the branch is there.
pub(super) fn add(folder: &Path, file: Option<&Path>, is: &applied::json::Document, io: &mut Io) {
    let Some((place, named)) = place(folder, file, io) else { return };
    let kept = read((&place, named), io).and_then(|list| {
        let mut list = list.unwrap_or_default();
        continued(&mut list, is);
        write((&place, named), &list, io)
    });
    if let Err(wrong) = kept {
        io.err(&format!("The outcome of the batch could not be saved: {}\n", wrong.message));
    }
}

/// Adds a batch to a list.
fn continued(list: &mut Document, is: &applied::json::Document) {
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
        commit: is.commits.last().map(|commit| commit.id.clone()),
        merged: None,
        landed: false,
        reverted: false,
        points: None,
        actions: done.filter_map(action).collect(),
    };
    // Carried out anew before it was merged: it is the same one, and was begun when it was begun first.
    let open = |held: &&mut Batch| {
        held.batch == batch.batch && held.merged.is_none() && !held.landed && !held.reverted
    };
    match list.batches.iter_mut().find(open) {
        Some(held) => (held.actions, held.commit) = (batch.actions, batch.commit),
        None => list.batches.push(batch),
    }
    let more = list.batches.len().saturating_sub(KEPT);
    list.batches.drain(..more);
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
            io.err(&format!("{shown} does not exist yet: costs are the charter's priors\n"));
        }
        return Ok(Vec::new());
    };
    let carried: Vec<Carried<'_>> = (0..).zip(&list.batches).map(|one| asked(one, &list)).collect();
    let became = merged(&agreement::repository(folder), &carried).unwrap_or_else(|unknown| {
        say::diagnostics(io, std::iter::once(&unknown), false);
        Vec::new()
    });
    let before = list.clone();
    for (batch, is) in list.batches.iter_mut().zip(became) {
        let Some(is) = is else { continue };
        if batch.merged.is_none() {
            batch.merged = is.at.map(|at| at.to_string());
        }
        batch.landed = batch.merged.is_none();
        // What was taken back may have been brought back since.
        batch.reverted = is.taken_back;
    }
    if list != before {
        write((&place, named), &list, io)?;
    }
    let over = list.batches.iter().filter_map(|batch| over(batch, &charter.calendar));
    Ok(over.flat_map(|over| over.finished().collect::<Vec<_>>()).collect())
}

/// A batch of a list as it is looked for.
fn asked<'b>((at, batch): (usize, &'b Batch), list: &'b Document) -> Carried<'b> {
    let moment = |batch: &Batch| batch.carried_out.parse::<Timestamp>().ok();
    let next = list.batches.iter().skip(at + 1).find(|next| next.batch == batch.batch);
    Carried {
        name: &batch.batch,
        commit: batch.commit.as_deref(),
        from: moment(batch),
        until: next.and_then(moment),
        is_dated: batch.merged.is_some(),
    }
}

/// A batch that is over. `None`: it waits.
fn over(batch: &Batch, calendar: &Calendar) -> Option<Over> {
    if batch.merged.is_none() && !batch.landed && !batch.reverted && batch.points.is_none() {
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
            commit: None,
            merged: merged.map(str::to_owned),
            landed: false,
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
        // It came without a merge: it is over, and nobody knows how long it took.
        let is = Batch { landed: true, ..batch(None, false, None) };
        assert_eq!(over(&is, &calendar).unwrap().days, None);
    }

    fn evidence(now: &str, commit: &str) -> applied::json::Document {
        serde_json::from_value(serde_json::json!({
            "format": "trimtab-applied", "version": 1, "target": "app", "now": now, "batch": "b",
            "window": "w", "place": "p", "tool": "npm", "outcome": "applied", "why": "", "base": "",
            "branch": "trimtab/b", "commits": [{ "id": commit, "subject": "s" }], "request": null,
            "actions": [], "moves": [], "removes": [], "load": 0.0, "worse": [],
            "tests": { "judgement": "unharmed", "why": "", "command": null, "before": null,
                "after": null, "failed_before": [], "mended": [], "gone": [], "wavering": [],
                "runs": 0, "confined": [] },
            "changelogs": [], "why_these": [], "why_now": [], "rollback": [],
        }))
        .unwrap()
    }

    #[test]
    fn what_is_carried_out_anew_is_the_same_one_until_it_is_merged() {
        let mut list = Document::default();
        continued(&mut list, &evidence("2026-11-23T00:00:00Z", "1"));
        continued(&mut list, &evidence("2026-11-24T00:00:00Z", "2"));
        let [one] = &list.batches[..] else { panic!("{list:?}") };
        assert_eq!((&*one.carried_out, one.commit.as_deref()), ("2026-11-23T00:00:00Z", Some("2")));
        list.batches[0].landed = true;
        continued(&mut list, &evidence("2026-11-25T00:00:00Z", "3"));
        let all: Vec<Carried<'_>> = (0..).zip(&list.batches).map(|one| asked(one, &list)).collect();
        assert_eq!(all[0].until, all[1].from);
        assert_eq!((all[0].commit, all[1].commit, all[1].until), (Some("2"), Some("3"), None));
    }

    #[test]
    fn a_list_that_cannot_be_kept_fails_before_and_is_told_after() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        let mut io = Io { stderr: Box::new(fs::File::create(&told).unwrap()), ..Io::of_process() };
        // A folder is no list.
        assert!(begin(folder.path(), Some(folder.path()), &mut io).is_err());
        let is = evidence("2026-11-23T00:00:00Z", "1");
        add(folder.path(), Some(folder.path()), &is, &mut io);
        drop(io);
        assert!(
            fs::read_to_string(&told)
                .unwrap()
                .contains("The outcome of the batch could not be saved")
        );
    }
}
