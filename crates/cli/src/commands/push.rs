//! `trimtab push`: scan and upload, or upload an SBOM as it is; `trimtab deployed`: say what runs.

mod ci;
mod facts;
mod mergers;

use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_connect::Url;
use trimtab_connect::server::{Answered, Server};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::one_line;
use trimtab_report::table::count;

use super::{Outcome, scan};
use crate::args::{Deployed, Push, ServerArgs};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, say};

/// Runs `push`.
///
/// # Errors
/// It cannot be read, or the server does not take it.
pub fn run(args: &Push, io: &mut Io) -> Outcome {
    let server = server(&args.server)?;
    let asset =
        args.asset.clone().unwrap_or_else(|| scan::target(std::slice::from_ref(&args.path)));
    let build = build(args, io);
    let branch = build.branch.as_deref();
    let (body, complete) = body(args, io)?;
    let answer = send_snapshot(&server, args, (&asset, &build), &body)?;
    send_files(&server, args, &asset, io)?;
    for file in &args.gate {
        send_verdicts(&server, file, (&asset, &build), io)?;
    }
    if let Some(environment) = &args.environment {
        deploy_snapshot(&server, (&asset, environment), &answer)?;
    }
    tell_snapshot(&asset, branch, &answer, io);
    let verdict = answer["verdict"]["verdict"].as_str();
    if args.verdict && verdict.is_none() {
        io.err(match branch {
            Some(_) => "no verdict: nothing is settled for branches other than the main line\n",
            None => "no verdict: the server has not read it yet\n",
        });
    }
    if let Some(verdict) = verdict {
        io.out(&format!("{asset}: {}\n", judged(verdict, &answer["verdict"])));
    }
    let until = Instant::now() + facts::ALL;
    // Git is asked first: it takes a moment, and registries may take all the time.
    if let Some(unmerged) = answer["unmerged"].as_array().filter(|_| !args.no_facts) {
        mergers::tell(&server, (&asset, &args.path), (unmerged, until), io);
    }
    if let Some(wanted) = answer["wanted"].as_array().filter(|_| !args.no_facts) {
        facts::tell(&server, &asset, (wanted, until), io);
    }
    Ok(match verdict {
        Some("fails") if args.verdict => Exit::Violated,
        Some("passes") if complete => Exit::Clean,
        _ if args.verdict || !complete => Exit::Incomplete,
        _ => Exit::Clean,
    })
}

/// The build that this is of: as the command line says, else as the CI does.
fn build(args: &Push, io: &mut Io) -> ci::Build {
    let told = ci::build(&io.variable, args.main_line.as_deref());
    // Told to be the main line, a branch is none beside it.
    let branch = args.branch.clone().or(told.branch);
    let branch = branch.filter(|branch| args.main_line.as_ref() != Some(branch));
    if let (Some(assumed), None) = (&told.assumed, &branch) {
        io.err(&format!(
            "`{}` is assumed to be the main line, because the CI does not say which branch is: set it with --main-line\n",
            one_line(assumed)
        ));
    }
    ci::Build {
        revision: args.revision.clone().or(told.revision),
        branch,
        build: args.build.clone().or(told.build),
        assumed: told.assumed,
    }
}

/// Sends the snapshot itself.
fn send_snapshot(
    server: &Server,
    args: &Push,
    (asset, build): (&str, &ci::Build),
    body: &[u8],
) -> Result<Value, Diagnostic> {
    let wait = args.wait.clamp(u64::from(args.verdict), 50).to_string();
    let kind = word(&args.kind);
    let mut query = vec![("asset", asset), ("kind", kind.as_str()), ("wait", wait.as_str())];
    let named = [
        ("system", args.system.as_deref()),
        ("revision", build.revision.as_deref()),
        ("branch", build.branch.as_deref()),
        ("build", build.build.as_deref()),
    ];
    query.extend(named.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    query.extend((!args.no_facts).then_some(("facts", "true")));
    let answer = server
        .post(&["api", "v1", "snapshots"], &query, "application/octet-stream", body)
        .map_err(|e| unreached(&e.to_string()))?;
    taken(&answer)
}

/// Sends what other tools wrote about the asset: reports, VEX documents, a plan and what was applied.
fn send_files(server: &Server, args: &Push, asset: &str, io: &mut Io) -> Result<(), Diagnostic> {
    for file in &args.report {
        let answer = send(server, "reports", asset, file)?;
        let number =
            |name: &str| answer[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let tool = answer["tool"].as_str().unwrap_or("a tool");
        let (says, gone) = (count(number("says"), "finding"), number("gone"));
        let unclear = count(number("unclear"), "entry");
        io.out(&format!(
            "{asset}: {tool} reports {says}, no longer {gone}; {unclear} without a package or a vulnerability\n"
        ));
    }
    for file in &args.vex {
        let answer = send(server, "vex", asset, file)?;
        let statements = answer["statements"].as_u64().and_then(|n| usize::try_from(n).ok());
        let statements = count(statements.unwrap_or(0), "statement");
        io.out(&format!("{asset}: {statements} taken from `{}`\n", file.display()));
    }
    if let Some(file) = &args.plan {
        let answer = send(server, "plans", asset, file)?;
        let actions = answer["actions"].as_i64().unwrap_or(0);
        let kept = answer["kept"].as_bool().unwrap_or(true);
        let kept = if kept { "stand in its team's plan" } else { "are older than what is there" };
        io.out(&format!("{asset}: {actions} confirmed actions {kept}\n"));
    }
    for file in &args.applied {
        let answer = send(server, "updates", asset, file)?;
        let update = answer["update"].as_i64().unwrap_or(0);
        io.out(&format!("{asset}: `{}` is update {update}\n", file.display()));
    }
    Ok(())
}

/// Sends the verdicts of a gate.
fn send_verdicts(
    server: &Server,
    file: &Path,
    (asset, build): (&str, &ci::Build),
    io: &mut Io,
) -> Result<(), Diagnostic> {
    let named = [("revision", build.revision.as_deref()), ("branch", build.branch.as_deref())];
    let mut query = vec![("asset", asset)];
    query.extend(named.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    // It is of when it was written.
    let made = made(file).map(|at| at.to_string());
    query.extend(made.as_deref().map(|at| ("made", at)));
    let body = agreement::bytes(file)?;
    let answer = server
        .post(&["api", "v1", "verdicts"], &query, "application/json", &body)
        .map_err(|e| unreached(&e.to_string()))?;
    for one in taken(&answer)?["rows"].as_array().into_iter().flatten() {
        let outcome = one_line(one["outcome"].as_str().unwrap_or_default());
        let id = one["id"].as_i64().unwrap_or(0);
        io.out(&format!("{asset}: verdict {id} of `{}` is kept: {outcome}\n", file.display()));
    }
    Ok(())
}

/// Says that the snapshot that the server answered for runs in an environment.
fn deploy_snapshot(
    server: &Server,
    (asset, environment): (&str, &str),
    answer: &Value,
) -> Result<(), Diagnostic> {
    let mut said = json!({ "asset": asset, "environment": environment });
    if let Some(snapshot) = answer["snapshot"].as_i64() {
        said["snapshot"] = snapshot.into();
    } else {
        let message = "the server has not read it yet, so the deployment was not recorded";
        return Err(Diagnostic::new(Code::Usage, message)
            .help("wait longer with --wait, or run `trimtab deployed` later"));
    }
    deploy(server, &said).map(|_| ())
}

/// Tells what the server made of the snapshot.
fn tell_snapshot(asset: &str, branch: Option<&str>, answer: &Value, io: &mut Io) {
    let number = |name: &str| answer[name].as_i64();
    let state = answer["state"].as_str().unwrap_or("accepted");
    let mut text = format!("{asset}: {state}");
    if let Some(snapshot) = number("snapshot") {
        text += &format!(", snapshot {snapshot}");
    }
    if let Some(branch) = branch {
        let branch = one_line(branch);
        text += &format!(", branch `{branch}`: kept for comparison, it opens no findings");
    } else if let Some(live) = number("live") {
        let (new, merged) = (number("detected").unwrap_or(0), number("merged").unwrap_or(0));
        text += &found(live, new, merged);
    }
    if let Some(job) = number("job") {
        text += &format!(", job {job}");
    }
    io.out(&(text + "\n"));
    if let Some(text) = answer["without_owner"].as_str() {
        io.err(&format!("{asset} has no owner: {}\n", one_line(text)));
    }
}

/// How many findings the snapshot has. `live`: with those that are `merged`, which it no longer has.
fn found(live: i64, new: i64, merged: i64) -> String {
    let is = format!(", {} findings, {new} of them new", live.saturating_sub(merged));
    match merged {
        ..=0 => is,
        1 => is + "; 1 more waits to be deployed",
        merged => is + &format!("; {merged} more wait to be deployed"),
    }
}

/// When a file was written: a week ago, if it is older. `None`: that is not known.
fn made(file: &Path) -> Option<Timestamp> {
    let at = Timestamp::try_from(std::fs::metadata(file).ok()?.modified().ok()?).ok()?;
    let now = Timestamp::now();
    Some(at.max(now - SignedDuration::from_hours(24 * 7)).min(now))
}

/// A verdict in words.
fn judged(verdict: &str, of: &Value) -> String {
    let late = of["late"].as_u64().unwrap_or(0);
    let above = match (of["above"].as_u64(), of["acceptable"].as_str()) {
        (Some(above), Some("none")) => {
            format!("new findings, of which its tier accepts none: {above}")
        }
        (Some(above), Some(most)) => format!("new findings above {}: {above}", one_line(most)),
        _ => "what is accepted is not known: it belongs to no system with a tier of the charter"
            .to_owned(),
    };
    format!("{}: {above}; past their deadline: {late}", one_line(verdict))
}

/// Sends a file about an asset.
fn send(server: &Server, what: &str, asset: &str, file: &Path) -> Result<Value, Diagnostic> {
    let body = agreement::bytes(file)?;
    let kind = "application/octet-stream";
    let answer = server.post(&["api", "v1", what], &[("asset", asset)], kind, &body);
    taken(&answer.map_err(|e| unreached(&e.to_string()))?)
}

/// What is sent: an SBOM's own bytes, or the inventory of a tree as a scan. And whether all was read.
fn body(args: &Push, io: &mut Io) -> Result<(Vec<u8>, bool), Diagnostic> {
    if is_sbom(&args.path) {
        return Ok((agreement::bytes(&args.path)?, true));
    }
    let found = scan::unmatched(std::slice::from_ref(&args.path), &args.walk, io);
    say::diagnostics(io, found.inventory.all_diagnostics(), false);
    if found.inventory.files.is_empty() {
        let message =
            format!("nothing that lists dependencies was found under `{}`", args.path.display());
        return Err(Diagnostic::new(Code::NothingFound, message)
            .help("name another path; `trimtab formats` lists what is read"));
    }
    let mut text = Vec::new();
    trimtab_report::json::write(&found, &mut text).map_err(|e| {
        Diagnostic::new(Code::Usage, format!("the inventory cannot be written: {e}"))
    })?;
    Ok((text, !found.is_incomplete()))
}

/// Whether a path is one document that says itself what is in it.
fn is_sbom(path: &Path) -> bool {
    use std::io::Read;
    if !path.is_file() {
        return false;
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(1 << 16).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let marks = [
        "\"bomFormat\"",
        "\"spdxVersion\"",
        "SPDXVersion:",
        "cyclonedx.org/schema/bom",
        "spdx.org/rdf",
    ];
    read.is_ok() && marks.iter().any(|mark| text.contains(mark))
}

/// Runs `deployed`.
///
/// # Errors
/// The server does not take it.
pub fn deployed(args: &Deployed, io: &mut Io) -> Outcome {
    let server = server(&args.server)?;
    let asset = match (&args.asset, &args.pods) {
        (Some(asset), _) => asset,
        (None, Some(pods)) => return listed(args, pods, &server, io),
        (None, None) => {
            return Err(Diagnostic::new(Code::Usage, "nothing says what was deployed")
                .help("name an asset with --asset, or a list of pods with --pods"));
        }
    };
    let said = json!({
        "asset": asset,
        "environment": args.environment,
        "snapshot": args.snapshot,
        "revision": args.revision,
        "outcome": word(&args.outcome),
        "at": args.at,
    });
    let answer = deploy(&server, &said)?;
    let count = |name: &str| answer[name].as_i64().unwrap_or(0);
    io.out(&format!(
        "{asset} in {}: {}; {} findings gone from production, {} came back\n",
        args.environment,
        word(&args.outcome),
        count("fixed"),
        count("regressed")
    ));
    Ok(Exit::Clean)
}

/// Sends what a cluster runs, and tells what the server made of it.
fn listed(args: &Deployed, pods: &Path, server: &Server, io: &mut Io) -> Outcome {
    let list = agreement::input(pods, io)?;
    let mut query = vec![("environment", args.environment.as_str())];
    query.extend(args.cluster.as_deref().map(|cluster| ("cluster", cluster)));
    let path = ["api", "v1", "deployments", "kubernetes"];
    let answer = server
        .post(&path, &query, "application/octet-stream", &list)
        .map_err(|e| unreached(&e.to_string()))?;
    let answer = taken(&answer)?;
    let all = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    // Names are whatever somebody called an image.
    let text = |value: &Value| one_line(value.as_str().unwrap_or_default());
    for one in all("assets") {
        let (asset, state) = (text(&one["asset"]), text(&one["state"]));
        io.out(&format!("{asset} in {}: {state}\n", args.environment));
    }
    for one in all("stopped") {
        io.out(&format!("{} in {}: stopped\n", text(&one), args.environment));
    }
    for one in all("unclear") {
        let (image, asset, why) = (text(&one["image"]), text(&one["asset"]), text(&one["why"]));
        io.err(&format!("unclear: {image} ({asset}): {why}\n"));
    }
    for one in all("unknown") {
        io.err(&format!("no asset: {}\n", text(&one)));
    }
    if ["assets", "stopped", "unclear", "unknown"].into_iter().all(|name| all(name).is_empty()) {
        io.err("nothing was recorded: no container in the list is running\n");
    }
    Ok(Exit::Clean)
}

fn deploy(server: &Server, said: &Value) -> Result<Value, Diagnostic> {
    let answer = server
        .post(&["api", "v1", "deployments"], &[], "application/json", said.to_string().as_bytes())
        .map_err(|e| unreached(&e.to_string()))?;
    taken(&answer)
}

fn server(args: &ServerArgs) -> Result<Server, Diagnostic> {
    let usage = |text: String, help: &str| Diagnostic::new(Code::Usage, text).help(help);
    let address: Url = args.server.parse().map_err(|_| {
        usage(
            format!("`{}` is not an address of a server", args.server),
            "write it as https://trimtab.example",
        )
    })?;
    let token = match &args.token_file {
        Some(file) => agreement::text(file)?.ok_or_else(|| {
            usage(format!("`{}` does not exist", file.display()), "name the file that holds the token")
        })?,
        None => std::env::var("TRIMTAB_TOKEN").map_err(|_| {
            usage(
                "there is no token for the server".to_owned(),
                "set TRIMTAB_TOKEN, or give a file with --token-file; create a token on the server's page of tokens",
            )
        })?,
    };
    Server::new(address, token.trim()).map_err(|e| usage(e, "check --server and the token"))
}

fn unreached(why: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("the server could not be reached: {why}"))
        .help("check --server, and that the server is running")
}

/// The answer, if it was taken; else what the server says about it.
fn taken(answer: &Answered) -> Result<Value, Diagnostic> {
    let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(value);
    }
    let detail = value["detail"].as_str().unwrap_or("it says nothing more");
    Err(Diagnostic::new(Code::Usage, format!("the server answered {}: {detail}", answer.status))
        .help("fix what it says, and push again: what was taken once is not taken twice"))
}

/// The word of a choice.
fn word<V: ValueEnum>(value: &V) -> String {
    value.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn what_waits_to_be_deployed_is_not_in_the_snapshot() {
        assert_eq!(found(16, 0, 0), ", 16 findings, 0 of them new");
        let two = ", 14 findings, 0 of them new; 2 more wait to be deployed";
        assert_eq!(found(16, 0, 2), two);
        assert!(
            found(16, 3, 1).ends_with("15 findings, 3 of them new; 1 more waits to be deployed")
        );
    }
}
