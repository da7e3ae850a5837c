//! What registries know about packages, through the ecosystems' own clients and the user's own
//! configuration: one file per ecosystem, one table line here. No registry is named, and none is
//! reached, but by the client.
//!
//! Clients run in an empty folder (no project's configuration or code is there), without a shell,
//! with bounded output and time, and never install anything. Answers are kept in a folder that the
//! caller gives.

mod cache;
mod cargo;
pub mod closure;
mod composer;
pub mod contents;
mod gem;
mod go;
mod maven;
mod npm;
mod pypi;
mod run;
pub mod versions;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::{Code, Diagnostic, Metadata, Purl};

use closure::Closure;
use run::Runner;

/// How registries are asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where answers are kept. `None`: nowhere.
    pub cache: Option<PathBuf>,
    /// Whether only kept answers are used, of any age.
    pub offline: bool,
    /// Kept answers older than this are asked for again.
    pub longest_kept: SignedDuration,
    /// How long one client may take.
    pub time_limit: Duration,
    /// How long one client may take to choose all that a package brings.
    pub resolve_limit: Duration,
    /// How much one client may write, in bytes.
    pub output_limit: usize,
    /// A folder in which clients are looked for instead of in `PATH`.
    pub programs: Option<PathBuf>,
    /// The time.
    pub now: Timestamp,
}

impl Options {
    /// The usual limits: kept for a day, a minute (three to resolve) and 32 MiB for one client.
    pub fn at(now: Timestamp) -> Options {
        Options {
            cache: None,
            offline: false,
            longest_kept: SignedDuration::from_hours(24),
            time_limit: Duration::from_secs(60),
            resolve_limit: Duration::from_secs(180),
            output_limit: 32 << 20,
            programs: None,
            now,
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the registry says. `None`: unknown, and a diagnostic says why.
    pub metadata: Option<Metadata>,
    /// Whether it was kept from an earlier time.
    pub kept: bool,
    /// What went wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// A client: one table line per ecosystem.
pub(crate) struct Client {
    /// The purl type of its packages.
    purl_type: &'static str,
    /// The program.
    program: &'static str,
    /// What to install when it is missing.
    install: &'static str,
    /// Beginnings of the environment variables that configure it.
    variables: &'static [&'static str],
    /// Files that configure it, below the home folder.
    files: &'static [&'static str],
    /// Asks it.
    ask: fn(&Question<'_>, &Runner) -> Result<Metadata, Failure>,
    /// Lists every version of a package, in any order.
    versions: fn(&Question<'_>, &Runner) -> Result<Vec<versions::Offered>, Failure>,
    /// Lets its resolver choose what a package at a version brings.
    resolve: fn(&Question<'_>, &str, &Runner) -> Result<Closure, Failure>,
}

const CLIENTS: &[Client] = &[
    npm::CLIENT,
    cargo::CLIENT,
    pypi::CLIENT,
    go::CLIENT,
    maven::CLIENT,
    composer::CLIENT,
    gem::CLIENT,
];

/// A package that a client is asked about. All parts were checked: a client takes none for an option.
pub(crate) struct Question<'a> {
    purl: &'a Purl,
    /// As the ecosystem spells it.
    name: String,
    version: Option<&'a str>,
    now: Timestamp,
}

impl Question<'_> {
    /// Nothing is known yet of the version that answered.
    fn unknown(&self, version: &str, source: &str) -> Metadata {
        Metadata::unknown(self.purl.package().with_version(version), source, self.now)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The program is not there.
    Missing,
    /// It could not be started or read, in words.
    Run(String),
    /// It took too long.
    TimeLimit,
    /// It wrote too much.
    OutputLimit,
    /// It ended with an error, in its own words.
    Refused(String),
    /// Its answer is not what it should be, in words.
    Garbage(String),
}

/// Asks the registry of a package about it. Without a version, about the newest.
pub fn ask(purl: &Purl, options: &Options) -> Answer {
    let unavailable = |(why, help): (String, String)| Answer {
        metadata: None,
        kept: false,
        diagnostics: vec![unavailable(&format!("no metadata for {purl}: {why}"), help)],
    };
    let (client, question) = match question(purl, options) {
        Ok(both) => both,
        Err(why) => return unavailable(why),
    };
    let key = options.cache.as_deref().map(|folder| cache::place(folder, client, purl));
    if let Some(metadata) = key.as_deref().and_then(|place| cache::read(place, purl)) {
        let age = options.now.duration_since(metadata.asked);
        if options.offline || (age >= SignedDuration::ZERO && age <= options.longest_kept) {
            return Answer { metadata: Some(metadata), kept: true, diagnostics: Vec::new() };
        }
    }
    if options.offline {
        return unavailable(offline());
    }
    let answer =
        Runner::new(client.program, options).and_then(|runner| (client.ask)(&question, &runner));
    let metadata = match answer {
        Ok(metadata) => metadata,
        Err(failure) => return unavailable(told(client, &failure, options)),
    };
    let mut diagnostics = Vec::new();
    if let Some(place) = key.as_deref()
        && let Err(e) = cache::write(place, &metadata)
    {
        let message = format!("could not cache the metadata of {purl}: {e}");
        diagnostics.push(
            Diagnostic::new(Code::MetadataUnavailable, message)
                .help("make the cache folder writable"),
        );
    }
    Answer { metadata: Some(metadata), kept: false, diagnostics }
}

fn unavailable(message: &str, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::MetadataUnavailable, message).help(help.into())
}

fn offline() -> (String, String) {
    (
        "it is not cached, and this run is offline".to_owned(),
        "run once with network access".to_owned(),
    )
}

/// Who is asked about a package, and how it is named there. Otherwise why nobody is, and what helps.
fn question<'a>(
    purl: &'a Purl,
    options: &Options,
) -> Result<(&'static Client, Question<'a>), (String, String)> {
    let Some(client) = CLIENTS.iter().find(|c| c.purl_type == purl.purl_type()) else {
        let why = format!("there is no client for packages of type {}", purl.purl_type());
        let help = "check its registry yourself; what the rules need counts as unknown";
        return Err((why, help.to_owned()));
    };
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    if !is_name(&name) || !purl.version().is_none_or(is_version) {
        let why = "its name or version is not valid in a registry";
        return Err((why.to_owned(), "correct the purl".to_owned()));
    }
    Ok((client, Question { purl, name, version: purl.version(), now: options.now }))
}

fn told(client: &Client, failure: &Failure, options: &Options) -> (String, String) {
    let program = client.program;
    let same = "check whether the same command works by hand".to_owned();
    match failure {
        Failure::Missing => {
            (format!("`{program}` is not installed"), format!("install {}", client.install))
        }
        Failure::Run(why) => (format!("`{program}` could not be run: {why}"), same),
        Failure::TimeLimit => {
            let limit = options.time_limit.as_secs_f32();
            (
                format!("`{program}` took longer than {limit} s and was stopped"),
                "try again, or raise the limit".to_owned(),
            )
        }
        Failure::OutputLimit => (
            format!("`{program}` wrote more than {} bytes and was stopped", options.output_limit),
            same,
        ),
        Failure::Refused(why) => (
            format!("`{program}` says: {why}"),
            "check the name, the version and the client's configuration".to_owned(),
        ),
        Failure::Garbage(why) => {
            (format!("the output of `{program}` could not be read: {why}"), same)
        }
    }
}

/// Whether a text can be the name of a package: no option, no path that climbs, nothing that a
/// client would read as a range, a URL or a file.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"@/._-~+".contains(&b);
    (1..=256).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(['.', '/', '~', '+'])
        && name.rfind('@').is_none_or(|at| at == 0)
        && name.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.starts_with('-'))
        && !name.trim_start_matches('@').starts_with('-')
}

pub(crate) fn is_version(version: &str) -> bool {
    version.len() <= 128
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-_!~".contains(&b))
        && version.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// The folder that stands for home, if the environment names one.
fn home() -> Option<PathBuf> {
    ["HOME", "USERPROFILE"].iter().find_map(std::env::var_os).map(PathBuf::from)
}

/// A file below a folder that the environment names, or below home.
fn configured(variable: &str, below_home: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).or_else(|| Some(home()?.join(below_home)))
}

/// A file of at most 16 MiB. `None`: it is not there, or larger.
pub(crate) fn small_file(path: &Path) -> Option<Vec<u8>> {
    const LIMIT: u64 = 16 << 20;
    let about = std::fs::metadata(path).ok()?;
    (about.is_file() && about.len() <= LIMIT).then(|| std::fs::read(path).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_no_options_paths_or_ranges() {
        for good in
            ["left-pad", "@babel/core", "github.com/pkg/errors", "zope.interface", "_", "a~b"]
        {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "-g",
            "--registry=x",
            "@-x/y",
            "a/-b",
            "../x",
            "./x",
            "a b",
            "x@1",
            "@s/n@file:x",
            "a;b",
            "$(x)",
            "a\nb",
            "/etc",
            "a//b",
            "git+ssh://x",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_version("1.0.0-rc.1+build") && is_version("v0.0.0-2020") && is_version("1!2.0"));
        for bad in ["", "-1", ">=1", "1 || 2", "latest;x", "1@2", "*", "file:x"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
