//! `trimtab push`: scan and upload, or upload an SBOM as it is; `trimtab deployed`: say what runs.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};
use trimtab_connect::Url;
use trimtab_connect::server::{Answered, Server};
use trimtab_model::{Code, Diagnostic};

use super::{Outcome, scan};
use crate::args::{Deployed, Push, ServerArgs};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, say};

/// Where CI systems say which commit they build: GitHub, GitLab, Azure DevOps, Jenkins, Bitbucket, Buildkite.
const REVISIONS: [&str; 6] = [
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILD_SOURCEVERSION",
    "GIT_COMMIT",
    "BITBUCKET_COMMIT",
    "BUILDKITE_COMMIT",
];

/// Runs `push`.
///
/// # Errors
/// It cannot be read, or the server does not take it.
pub fn run(args: &Push, io: &mut Io) -> Outcome {
    let server = server(&args.server)?;
    let asset =
        args.asset.clone().unwrap_or_else(|| scan::target(std::slice::from_ref(&args.path)));
    let revision = args.revision.clone().or_else(|| {
        REVISIONS.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
    });
    let (body, complete) = body(args, io)?;
    let wait = args.wait.min(50).to_string();
    let mut query = vec![("asset", asset.as_str()), ("kind", word(&args.kind)), ("wait", &wait)];
    let named = [
        ("system", args.system.as_deref()),
        ("revision", revision.as_deref()),
        ("branch", args.branch.as_deref()),
        ("build", args.build.as_deref()),
    ];
    query.extend(named.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let answer = server
        .post(&["api", "v1", "snapshots"], &query, "application/octet-stream", &body)
        .map_err(|e| unreached(&e.to_string()))?;
    let answer = taken(&answer)?;
    if let Some(environment) = &args.environment {
        let mut said = json!({ "asset": asset, "environment": environment });
        if let Some(snapshot) = answer["snapshot"].as_i64() {
            said["snapshot"] = snapshot.into();
        } else {
            let message = "the server has yet to read it, so that it cannot be noted as deployed";
            return Err(Diagnostic::new(Code::Usage, message)
                .help("wait longer with --wait, or run `trimtab deployed` later"));
        }
        deploy(&server, &said)?;
    }
    let number = |name: &str| answer[name].as_i64();
    let state = answer["state"].as_str().unwrap_or("accepted");
    let mut text = format!("{asset}: {state}");
    if let Some(snapshot) = number("snapshot") {
        text += &format!(", snapshot {snapshot}");
    }
    if let Some(live) = number("live") {
        let new = number("detected").unwrap_or(0);
        text += &format!(", {live} findings, {new} of them new");
    }
    if let Some(job) = number("job") {
        text += &format!(", job {job}");
    }
    io.out(&(text + "\n"));
    Ok(if complete { Exit::Clean } else { Exit::Incomplete })
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
    let said = json!({
        "asset": args.asset,
        "environment": args.environment,
        "snapshot": args.snapshot,
        "revision": args.revision,
        "outcome": word(&args.outcome),
        "at": args.at,
    });
    let answer = deploy(&server, &said)?;
    let count = |name: &str| answer[name].as_i64().unwrap_or(0);
    io.out(&format!(
        "{} in {}: {}; {} findings gone from production, {} came back\n",
        args.asset,
        args.environment,
        word(&args.outcome),
        count("fixed"),
        count("regressed")
    ));
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
            format!("`{}` is no address of a server", args.server),
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
                "set TRIMTAB_TOKEN, or name a file with --token-file; the server's page of tokens makes one",
            )
        })?,
    };
    Server::new(address, token.trim()).map_err(|e| usage(e, "check --server and the token"))
}

fn unreached(why: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("the server was not reached: {why}"))
        .help("check --server, and whether the server runs")
}

/// The answer, if it was taken; else what the server says about it.
fn taken(answer: &Answered) -> Result<Value, Diagnostic> {
    let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(value);
    }
    let detail = value["detail"].as_str().unwrap_or("it says nothing more");
    Err(Diagnostic::new(Code::Usage, format!("the server answered {}: {detail}", answer.status))
        .help("mend what it says, and push again: what was taken once is not taken twice"))
}

/// The word of a choice.
fn word<V: ValueEnum>(value: &V) -> &'static str {
    // The names of values are static texts of the table of arguments.
    value.to_possible_value().map_or("", |v| {
        let name = v.get_name().to_owned();
        ["repository", "image", "host", "product", "ok", "failed", "rolled-back"]
            .into_iter()
            .find(|known| *known == name)
            .unwrap_or("")
    })
}
