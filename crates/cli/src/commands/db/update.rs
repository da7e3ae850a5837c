//! `trimtab db update`: fetch what changed and build the index anew, aside; the old one keeps
//! working until the new one is whole.

use std::path::{Path, PathBuf};

use trimtab_advisories::feed::Sources;
use trimtab_advisories::index::{self as advisories, BuildError, Index, Phase};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::table::thousands;

use super::super::Outcome;
use super::super::scan::usage;
use crate::args::DbUpdate;
use crate::exit::Exit;
use crate::io::Io;
use crate::progress::Progress;
use crate::{index, say};

/// Where the index before the last update is kept, for `db diff`.
pub(super) fn previous(index: &Path) -> PathBuf {
    let mut name = index.file_name().unwrap_or_default().to_owned();
    name.push(".previous");
    index.with_file_name(name)
}

/// Runs the verb.
///
/// # Errors
/// A feed cannot be read, or the index cannot be written. The old index stays as it was.
pub(super) fn run(args: &DbUpdate, io: &mut Io) -> Outcome {
    let path = index::path(&args.index, io)?;
    let sources = sources(args)?;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| {
            usage(
                format!("`{}` cannot be made: {e}", folder.display()),
                "name the index with --db FILE",
            )
        })?;
    }
    // Keep the old index for `db diff`: a second name of the same file, no copy.
    let old = path.with_extension("old");
    let _ = std::fs::remove_file(&old);
    let kept = std::fs::hard_link(&path, &old).is_ok();
    let report = {
        let mut line = Line(Progress::new(io));
        advisories::build(&sources, &path, &mut line)
    };
    let report = match report {
        Ok(report) => report,
        Err(e) => {
            let _ = std::fs::remove_file(&old);
            return Err(failed(&e));
        }
    };
    let index = Index::open(&path).map_err(|e| e.diagnostic())?;
    if kept {
        keep_previous(&old, &path, &index);
    }
    say::diagnostics(io, report.diagnostics.iter(), false);
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
            "without {}: exploitation is unknown where it would tell\n",
            missing.join(" and ")
        ));
    }
    io.out(&text);
    Ok(Exit::Clean)
}

fn failed(error: &BuildError) -> Diagnostic {
    let (code, help) = match error {
        BuildError::Source { .. } | BuildError::Nothing => (
            Code::FeedUnavailable,
            "name a folder laid out as OSV publishes it with --from; the old index stays in use",
        ),
        BuildError::TooLarge(_) => {
            (Code::FileLimit, "choose fewer with --ecosystems; the old index stays in use")
        }
        _ => (Code::Usage, "name another place with --db FILE; the old index stays in use"),
    };
    Diagnostic::new(code, error.to_string()).help(help)
}

/// The old index becomes the previous one, unless nothing changed.
fn keep_previous(old: &Path, path: &Path, new: &Index) {
    let digest = |index: &Index| index.info().map(|i| i.digest).ok();
    let changed = Index::open(old).ok().and_then(|o| digest(&o)) != digest(new);
    if changed {
        let _ = std::fs::rename(old, previous(path));
    } else {
        let _ = std::fs::remove_file(old);
    }
}

fn sources(args: &DbUpdate) -> Result<Sources, Diagnostic> {
    let from = args.from.as_deref().unwrap_or_default();
    let folder = Path::new(from);
    if from.is_empty() || !folder.exists() {
        return Err(Diagnostic::new(Code::FeedUnavailable, format!("`{from}` is not there"))
            .help("name a folder or file with --from"));
    }
    let mut sources = Sources::beside(folder);
    if let Some(path) = &args.malicious {
        sources.malicious = vec![path.into()];
    }
    if let Some(path) = &args.kev {
        sources.kev = Some(path.into());
    }
    if let Some(path) = &args.epss {
        sources.epss = Some(path.into());
    }
    if let Some(path) = &args.lifecycle {
        sources.lifecycle = Some(path.into());
    }
    Ok(sources)
}

struct Line(Progress);

impl advisories::Progress for Line {
    fn report(&mut self, phase: Phase, done: u64, total: u64) {
        self.0.report(&format!("{phase:?}"), done, total, false);
    }
}
