//! Who merged updates that the server asks about, as git tells it where the code is.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use trimtab_connect::apply::merger;
use trimtab_connect::server::Server;
use trimtab_report::one_line;

use super::{taken, unreached};
use crate::io::Io;
use crate::{agreement, say};

/// How many updates are looked at, whatever the server names.
const MOST: usize = 20;

/// Looks who merged what the server asks about until a moment, and tells it. That it fails fails no push.
pub(super) fn tell(
    server: &Server,
    (asset, path): (&str, &Path),
    (unmerged, until): (&[Value], Instant),
    io: &mut Io,
) {
    if !path.is_dir() {
        return;
    }
    let repository = agreement::repository(path);
    let mut all = Vec::new();
    for one in unmerged.iter().take(MOST) {
        if Instant::now() >= until {
            break;
        }
        let (Some(update), Some(commit)) = (one["update"].as_i64(), one["commit"].as_str()) else {
            continue;
        };
        // Where there is no git, or not all of the past, nobody tells.
        if let Ok(Some(is)) = merger(&repository, commit) {
            let at = is.at.map(|at| at.to_string());
            let (commit, address) = (is.commit, is.address);
            all.push(json!({ "update": update, "commit": commit, "at": at, "address": address }));
        }
    }
    if all.is_empty() {
        return;
    }
    let body = json!({ "merges": all }).to_string();
    let path = ["api", "v1", "updates", "merges"];
    let sent = server
        .post(&path, &[("asset", asset)], "application/json", body.as_bytes())
        .map_err(|e| unreached(&e.to_string()))
        .and_then(|answer| taken(&answer));
    match sent {
        Err(problem) => say::diagnostic(io, &problem),
        Ok(answer) => io.err(&format!(
            "{}: git knows who merged {}, of which the server checked {}\n",
            one_line(asset),
            trimtab_report::table::count(all.len(), "update"),
            answer["looked_at"].as_i64().unwrap_or(0)
        )),
    }
}
