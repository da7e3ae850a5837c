//! The git host of a repository: which it is, which branch requests would change, and what it and git tell of ours.

use std::path::Path;

use trimtab_connect::apply::{checked_out, discard, heads, remote, said, standing, taken_back};
use trimtab_connect::http::Patience;
use trimtab_connect::requests::life::{Ours, Standing};
use trimtab_connect::requests::{
    BRANCHES, Host, HostError, KINDS, Kind, Listed, Marker, Place, Reason, Request, State, connect,
    retire,
};
use trimtab_connect::{SystemClock, Url};
use trimtab_model::{Code, Diagnostic};

use crate::args::HostArgs;

/// Beginning of the names of branches that take a batch back: people asked for these.
const ROLLBACK: &str = "rollback-";

/// A repository's host.
pub(super) struct Located {
    pub(super) kind: Kind,
    pub(super) host: Box<dyn Host>,
    /// The branch that requests would change.
    pub(super) base: String,
}

/// What is told of requests of ours.
pub(super) struct Told {
    pub(super) listed: Listed,
    /// The commit that the base is at.
    pub(super) base: String,
    /// Those for the base.
    pub(super) ours: Vec<Ours>,
    /// Open ones of ours that are left alone: for other bases, and what takes a batch back.
    pub(super) others_open: usize,
}

impl Told {
    /// A request by its number.
    pub(super) fn request(&self, number: Option<u64>) -> Option<&Request> {
        self.listed.requests.iter().find(|request| Some(request.number) == number)
    }
}

/// Finds the host of a repository.
///
/// # Errors
/// It is not known what it runs, there is no token, or no branch to change.
pub(super) fn locate(args: &HostArgs, repository: &Path) -> Result<Located, Diagnostic> {
    let usage = |message: String, help: String| Diagnostic::new(Code::Usage, message).help(help);
    let remote_of = remote(repository, &args.remote)?;
    let words: Vec<&str> = KINDS.iter().map(|line| line.1).collect();
    let kind = match &args.host {
        Some(word) => Kind::from_word(word).ok_or_else(|| {
            usage(
                format!("`{word}` is not a kind of git host"),
                format!("use one of {}", words.join(", ")),
            )
        })?,
        None => Kind::of(&remote_of.host).ok_or_else(|| {
            usage(
                format!("it is not known which kind of git host `{}` is", remote_of.host),
                format!("set it with --host: {}", words.join(", ")),
            )
        })?,
    };
    let api: Option<Url> = match &args.api {
        Some(text) => Some(text.parse::<Url>().map_err(|e| {
            usage(
                format!("`{text}` is not an address: {e}"),
                "write it as https://git.example/api".to_owned(),
            )
        })?),
        None => None,
    };
    let base = match &args.base {
        // As a variable of a pipeline that is not set.
        Some(base) if base.trim().is_empty() => {
            return Err(usage(
                "the branch to change has no name".to_owned(),
                "give it with --base: see which variable of the pipeline holds it".to_owned(),
            ));
        }
        Some(base) => base.clone(),
        None => checked_out(repository)?.ok_or_else(|| {
            usage(
                "no branch is checked out".to_owned(),
                "give the branch to change with --base".to_owned(),
            )
        })?,
    };
    let place = Place { kind, api, remote: remote_of };
    let variable = |name: &str| std::env::var(name).ok();
    let host = connect(&place, &variable, Patience::default(), &SystemClock).map_err(refused)?;
    Ok(Located { kind, host, base })
}

/// Closes a request of ours, and removes its branch from the host if that is where we left it and no other request is open
/// for it: what was done, in words.
///
/// # Errors
/// The host does not close it. That its branch cannot be removed is only said.
pub(super) fn close(
    (host, repository, remote): (&dyn Host, &Path, &str),
    (request, listed): (&Request, &Listed),
    reason: &Reason,
    say: &str,
) -> Result<String, Diagnostic> {
    retire(host, request, reason, say).map_err(refused)?;
    let shares = |other: &Request| {
        other.number != request.number
            && other.state == State::Open
            && other.branch == request.branch
    };
    let is_shared = listed.requests.iter().any(shares);
    let tip = request.body.as_deref().and_then(Marker::read).map(|marker| marker.tip);
    let gone =
        tip.filter(|_| !is_shared).map(|tip| discard(repository, remote, &request.branch, &tip));
    Ok(match gone {
        Some(Ok(true)) => "closed, and its branch removed".to_owned(),
        Some(Ok(false)) | None => "closed".to_owned(),
        Some(Err(why)) => format!("closed; its branch stays: {}", why.message),
    })
}

/// What a host's no is to the person who runs this.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(super) fn refused(error: HostError) -> Diagnostic {
    Diagnostic::new(Code::HostRefused, error.to_string())
        .help("run the same command again: what was done is found, and nothing is done twice")
}

/// Asks the host and git for all that is known of requests of ours.
///
/// # Errors
/// The host or the remote does not answer.
pub(super) fn told(located: &Located, repository: &Path, remote: &str) -> Result<Told, Diagnostic> {
    let listed = located.host.all().map_err(refused)?;
    let is_here = |request: &&Request| {
        request.base == located.base
            && !request.branch.starts_with(&format!("{BRANCHES}{ROLLBACK}"))
    };
    let open = |name: &str| {
        let mut here = listed.requests.iter().filter(is_here);
        here.any(|request| request.state == State::Open && request.branch == name)
    };
    let heads = heads(repository, remote, &located.base, &open)?;
    let base = heads.base.unwrap_or_default();
    let commits = said(repository, &base)?;
    let mut ours = Vec::new();
    for request in listed.requests.iter().filter(is_here) {
        let Some(batch) = request.branch.strip_prefix(BRANCHES) else { continue };
        let marker = request.body.as_deref().and_then(Marker::read);
        // A text may have been copied from another request.
        let marker = marker.filter(|marker| marker.batch == Marker::name(batch));
        let standing = match (request.state, heads.ours.get(&request.branch)) {
            (State::Open, Some(tip)) => standing(repository, &base, tip)?,
            (State::Open, None) => Standing::Unknown(format!("`{remote}` has no such branch")),
            _ => Standing::UpToDate,
        };
        let reverted = match request.state {
            State::Merged => {
                taken_back(&commits, batch, marker.as_ref().map(|marker| &*marker.tip))
            }
            _ => None,
        };
        ours.push(Ours {
            number: request.number,
            batch: batch.to_owned(),
            state: request.state,
            word: request.word(),
            marker,
            standing,
            reverted,
        });
    }
    let others_open = listed
        .requests
        .iter()
        .filter(|request| !is_here(request) && request.state == State::Open)
        .count();
    Ok(Told { listed, base, ours, others_open })
}
