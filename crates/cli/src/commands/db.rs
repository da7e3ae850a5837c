//! `trimtab db`: keep the advisory index.

mod update;

use jiff::Timestamp;
use serde_json::json;
use trimtab_advisories::index::{Diff, Index};
use trimtab_model::Diagnostic;
use trimtab_report::table::thousands;

use super::Outcome;
use super::scan::usage;
use crate::args::{Db, DbVerb, IndexArgs};
use crate::exit::Exit;
use crate::index;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// The index cannot be used, read or written.
pub fn run(args: Db, io: &mut Io) -> Outcome {
    match args.verb {
        DbVerb::Update(args) => update::run(&args, io),
        DbVerb::Status { index, json } => status(&index, json, io),
        DbVerb::Verify { index } => verify(&index, io),
        DbVerb::Diff { old, index, json } => diff(old.as_deref(), &index, json, io),
    }
}

fn status(args: &IndexArgs, as_json: bool, io: &mut Io) -> Outcome {
    let path = index::path(args, io)?;
    let index = Index::open(&path).map_err(|e| e.diagnostic())?;
    let info = index.info().map_err(|e| e.diagnostic())?;
    let families = index.families().map_err(|e| e.diagnostic())?;
    let bytes = std::fs::metadata(&path).map(|m| m.len()).ok();
    if as_json {
        let ecosystems: Vec<_> = families
            .iter()
            .map(|f| json!({"ecosystem": f.family.osv_name(), "advisories": f.advisories, "packages": f.packages}))
            .collect();
        let status = json!({
            "file": path.display().to_string(),
            "bytes": bytes,
            "data_date": info.data_date,
            "digest": info.digest,
            "advisories": info.advisories,
            "withdrawn": index.withdrawn(),
            "kev": info.kev,
            "epss": info.epss,
            "lifecycle": index.has_lifecycle(),
            "ecosystems": ecosystems,
        });
        io.out(&format!("{status:#}\n"));
        return Ok(Exit::Clean);
    }
    let date = info.data_date.as_deref().unwrap_or("unknown");
    let mut text = format!("{}\n", path.display());
    let mut line = |label: &str, value: String| text.push_str(&format!("  {label:<12} {value}\n"));
    line(
        "advisories",
        format!(
            "{}, {} withdrawn left out",
            thousands(info.advisories),
            thousands(index.withdrawn())
        ),
    );
    line("newest", format!("{date}{}", age(date)));
    line("KEV", info.kev.as_deref().unwrap_or("none: known exploitation is unknown").to_owned());
    line("EPSS", info.epss.as_deref().unwrap_or("none: exploit probability is unknown").to_owned());
    line(
        "lifecycle",
        if index.has_lifecycle() { "yes" } else { "none: end of life is unknown" }.to_owned(),
    );
    line("size", bytes.map_or("unknown".to_owned(), |b| format!("{} KiB", thousands(b / 1024))));
    line("digest", info.digest.to_string());
    text.push_str("\n  ecosystem                     advisories  packages\n");
    for f in families.iter().filter(|f| f.entries > 0) {
        text.push_str(&format!(
            "  {:<28} {:>11} {:>9}\n",
            f.family.osv_name(),
            thousands(f.advisories.into()),
            thousands(f.packages.into())
        ));
    }
    io.out(&text);
    Ok(Exit::Clean)
}

/// How long ago a date is, for people.
fn age(date: &str) -> String {
    let Ok(then) = date.parse::<Timestamp>() else { return String::new() };
    match (Timestamp::now().as_second() - then.as_second()) / 86_400 {
        days if days < 1 => String::new(),
        1 => " (1 day ago)".to_owned(),
        days => format!(" ({days} days ago)"),
    }
}

fn verify(args: &IndexArgs, io: &mut Io) -> Outcome {
    let path = index::path(args, io)?;
    let index = Index::open(&path).map_err(|e| e.diagnostic())?;
    let verified = index.verify().map_err(|e| e.diagnostic())?;
    io.out(&format!("{}: sound, {} pages checked\n", path.display(), thousands(verified.pages)));
    Ok(Exit::Clean)
}

fn diff(old: Option<&std::path::Path>, args: &IndexArgs, as_json: bool, io: &mut Io) -> Outcome {
    let path = index::path(args, io)?;
    let before = old.map_or_else(|| trimtab_feeds::previous(&path), std::path::Path::to_path_buf);
    if old.is_none() && !before.exists() {
        return Err(usage(
            "there is no earlier index to compare with",
            "name one: trimtab db diff OLD --db NEW",
        ));
    }
    let open =
        |path: &std::path::Path| Index::open(path).map_err(|e| -> Diagnostic { e.diagnostic() });
    let diff = Diff::between(&open(&before)?, &open(&path)?).map_err(|e| e.diagnostic())?;
    let parts = [
        ("added", &diff.added),
        ("changed", &diff.changed),
        ("withdrawn", &diff.withdrawn),
        ("removed", &diff.removed),
    ];
    if as_json {
        let object: serde_json::Map<_, _> =
            parts.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        io.out(&format!("{:#}\n", serde_json::Value::Object(object)));
        return Ok(Exit::Clean);
    }
    let mut text = String::new();
    for (name, ids) in parts {
        text.push_str(&format!("{name} {}\n", ids.len()));
        for id in ids {
            text.push_str(&format!("  {id}\n"));
        }
    }
    io.out(&text);
    Ok(Exit::Clean)
}
