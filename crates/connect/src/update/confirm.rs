//! Confirming a proposal: edit, resolve, compare.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use trimtab_model::{Proposal, Purl};

use super::blocking::{PROJECT, truly};
use super::built::built;
use super::change::{Change, Confirmed, Ran, between};
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable};
use super::npm;
use super::proposal::{Kind, Wish, runs_code};
use super::refusal::{Blocker, Reason, Refusal};
use super::scratch::{Scratch, ScratchError};
use super::yarn_lock::Keys;
use super::{Options, Tool};

/// Has the resolver of the ecosystem carry out a proposal, in a copy of `base`, which stays as it
/// is.
///
/// # Errors
/// Why it is refused. Where an edit of manifests is known, it is told with it.
pub fn confirm(
    tool: &'static Tool,
    base: &Scratch,
    proposal: &Proposal,
    options: &Options,
) -> Result<Confirmed, Box<Refusal>> {
    let begun = Instant::now();
    let mut told = Told::default();
    let ended = attempt(tool, base, proposal, options, &mut told);
    match ended {
        Ok((scratch, changes, packages)) => Ok(Confirmed {
            scratch,
            changes,
            packages,
            unfit: told.unfit,
            unread: told.unread.into_iter().collect(),
            unasked: told.unasked.into_iter().collect(),
            commands: told.commands,
            time: begun.elapsed(),
        }),
        Err(reason) => Err(Box::new(Refusal {
            next: told.next.or_else(|| next(&reason, proposal)),
            reason,
            edits: told.edits,
            commands: told.commands,
        })),
    }
}

/// What is known of an attempt, however it ends.
#[derive(Default)]
struct Told {
    edits: Vec<Change>,
    commands: Vec<Ran>,
    next: Option<Proposal>,
    unfit: Vec<(String, String)>,
    unread: BTreeSet<String>,
    unasked: BTreeSet<(String, String)>,
}

type Done = (Scratch, Vec<Change>, Option<Vec<Purl>>);

fn attempt(
    tool: &'static Tool,
    base: &Scratch,
    proposal: &Proposal,
    options: &Options,
    told: &mut Told,
) -> Result<Done, Reason> {
    let begun = Instant::now();
    let before = base.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let mut copy: Option<Scratch> = None;
    let mut ended = None;
    let runs = Wish::all(proposal, tool)?;
    let asked = runs.concat();
    let mut runs = runs.into_iter().peekable();
    // Several changes that no one run carries out are made one on top of the other.
    while let Some(mut wishes) = runs.next() {
        let now = match &copy {
            Some(copy) => copy.files().map_err(|e| Reason::Scratch(e.to_string()))?,
            None => before.clone(),
        };
        let mut manifests = Manifests::of(tool, &base.inside(), &now);
        let edits = edits(&mut manifests, &mut wishes, tool)
            .map_err(|e| uneditable(e.1, &e.0, proposal, told))?;
        told.edits.extend(edited(&edits, &now));
        let code = (tool.code)(&manifests).or_else(|| built(tool, &base.inside(), &now));
        if let Some(reason) = runs_code(code, options) {
            return Err(reason);
        }
        let Some(wish) = Wish::joined(&wishes) else { continue };
        let scratch = match copy.take() {
            Some(scratch) => scratch,
            None => base.fork().map_err(|e| Reason::Scratch(e.to_string()))?,
        };
        let left = options.time_limit.saturating_sub(begun.elapsed());
        let options = Options { time_limit: left, ..options.clone() };
        let drive = Drive::new(tool, &scratch, &manifests, &options)?;
        let resolved = resolve(&drive, &wish, &edits);
        let is_last = runs.peek().is_none();
        let done = resolved.and_then(|()| match is_last {
            true => finish(&drive, &wish, &before).map(Some),
            false => Ok(None),
        });
        told.commands.extend(drive.ran());
        told.unfit.extend(drive.unfit());
        told.unread.extend(drive.unread());
        told.unasked.extend(drive.unasked());
        ended = done.map_err(|reason| truly(reason, &wish, &asked, tool))?;
        copy = Some(scratch);
    }
    match (copy, ended) {
        (Some(scratch), Some((changes, packages))) => Ok((scratch, changes, packages)),
        _ => Err(Reason::Unchanged { blockers: Vec::new() }),
    }
}

/// The edits that some wishes mean, one after the other in the same texts. The manifests stay as they are on
/// the disk. Of several, what the manifests do not allow, and what they
/// name themselves and is not forced, is left out.
fn edits(
    manifests: &mut Manifests,
    wishes: &mut Vec<Wish>,
    tool: &'static Tool,
) -> Result<Edits, Box<(Wish, Uneditable)>> {
    let mut all = Edits::none();
    let mut were = BTreeMap::new();
    let mut left = wishes.len();
    for wish in std::mem::take(wishes) {
        let edits = match (tool.edit)(manifests, &wish) {
            Ok(edits) => edits,
            Err(Uneditable::Held(_) | Uneditable::Direct) if left > 1 => {
                left -= 1;
                continue;
            }
            // What cannot be raised holds up no other.
            Err(_) if left > 1 && wish.kind == Kind::Raise => {
                left -= 1;
                continue;
            }
            Err(why) => return Err(Box::new((wish, why))),
        };
        wishes.push(wish);
        for (path, text) in edits.files {
            if let Some(old) = manifests.files.insert(path.clone(), text.clone()) {
                were.entry(path.clone()).or_insert(old);
            }
            all.files.insert(path, text);
        }
        all.named.extend(edits.named);
    }
    manifests.files.extend(were);
    Ok(all)
}

/// The edits of manifests that each of some proposals means by itself. Nothing is run, so that nobody confirms them. Empty: none
/// is known.
pub fn edits_of(tool: &'static Tool, base: &Scratch, all: &[Proposal]) -> Vec<Vec<Change>> {
    let before = base.files().unwrap_or_default();
    let mut manifests = Manifests::of(tool, &base.inside(), &before);
    let mut one = |proposal: &Proposal| {
        let mut wishes = Wish::all(proposal, tool).ok()?.into_iter().next()?;
        let edits = edits(&mut manifests, &mut wishes, tool).ok()?;
        Some(edited(&edits, &before))
    };
    all.iter().map(|proposal| one(proposal).unwrap_or_default()).collect()
}

/// Why there is no edit, and what to try instead.
fn uneditable(why: Uneditable, wish: &Wish, proposal: &Proposal, told: &mut Told) -> Reason {
    match why {
        Uneditable::NotNamed => Reason::NotNamed(wish.name.clone()),
        Uneditable::Direct => {
            told.next = match proposal {
                Proposal::Override { package, to } => {
                    Some(Proposal::Raise { package: package.clone(), to: to.clone() })
                }
                _ => None,
            };
            Reason::Unsupported(format!("`{}` is a direct dependency: raise it instead", wish.name))
        }
        Uneditable::Downgrade(from) => {
            let (package, to) = (wish.name.clone(), wish.to().to_owned());
            Reason::Downgrade { package, from, to }
        }
        Uneditable::Held(range) => {
            let (who, needs) = (PROJECT.to_owned(), wish.name.clone());
            Reason::Unchanged { blockers: vec![Blocker { who, needs, range }] }
        }
        Uneditable::Unsupported(why) => Reason::Unsupported(why),
    }
}

fn resolve(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    if drive.tool.edits_itself {
        return (drive.tool.lock)(drive, wish, edits);
    }
    drive.write_all(edits)?;
    (drive.tool.lock)(drive, wish, edits)?;
    if drive.tool.completes_edits {
        return Ok(());
    }
    // A tool that sorts or indents a manifest anew does so for nothing.
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut kept = Edits::none();
    for (path, text) in &drive.manifests.files {
        if (drive.tool.manifest)(&name(path)) && !edits.files.contains_key(path) {
            kept.files.insert(path.clone(), text.clone());
        }
    }
    drive.write_all(&kept)?;
    drive.write_all(edits)
}

/// What changed, and whether that is what was wished.
fn finish(
    drive: &Drive<'_>,
    wish: &Wish,
    before: &BTreeMap<String, Vec<u8>>,
) -> Result<(Vec<Change>, Option<Vec<Purl>>), Reason> {
    let after = drive.scratch.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let changes = between(before, &after);
    if changes.is_empty() {
        return Err(Reason::Unchanged { blockers: held(drive, wish) });
    }
    if let Some(why) = changes.iter().find_map(|change| other_format(drive, change)) {
        return Err(Reason::Failed(why));
    }
    let packages = drive.tool.listing.map(|list| list(drive)).transpose()?;
    Ok((changes, packages))
}

/// A lockfile that was written anew in another format, in words: all of it may have moved, whatever was wished. Of yarn's
/// formats none is asked for; of npm's the project's own configuration may ask for one.
fn other_format(drive: &Drive<'_>, change: &Change) -> Option<String> {
    let path = &change.path;
    let before = String::from_utf8_lossy(change.before.as_deref()?);
    let after = String::from_utf8_lossy(change.after.as_deref()?);
    match path.rsplit('/').next()? {
        "yarn.lock" => {
            let (was, is) = (Keys::of(&before)?, Keys::of(&after)?);
            (was != is).then(|| format!("it wrote {path} anew in the format of another yarn"))
        }
        "package-lock.json" | "npm-shrinkwrap.json" if drive.tool.id == npm::TOOL.id => {
            let (was, is) = (npm::format(&before)?, npm::format(&after)?);
            let told = npm::format_told(&drive.text(".npmrc").unwrap_or_default());
            (was != is && told != Some(is)).then(|| {
                format!(
                    "it wrote {path} anew in lockfile version {is} (it was {was}): another npm is installed than the project uses"
                )
            })
        }
        _ => None,
    }
}

/// Whose requirements do not allow the version that is wanted. Without such a version, all.
fn held(drive: &Drive<'_>, wish: &Wish) -> Vec<Blocker> {
    if !wish.also.is_empty() {
        return Vec::new();
    }
    let name = if wish.kind == Kind::RaiseParent { wish.other() } else { &wish.name };
    let asked = drive.tool.asks.and_then(|asks| asks(drive, name).ok()).unwrap_or_default();
    let mut held: Vec<Blocker> = asked
        .into_iter()
        .filter(|blocker| {
            let wanted = wish.to.as_deref().filter(|_| wish.kind == Kind::Relock);
            wanted.is_none_or(|to| allows(drive.tool.purl_type, &blocker.range, to) != Some(true))
        })
        .collect();
    held.sort();
    held.dedup();
    held
}

/// Of each of some packages who asks for it in a range that does not allow a version, as it is locked now: the project itself
/// where it does not. Nothing is changed.
///
/// # Errors
/// Why nobody could be asked.
pub fn askers(
    tool: &'static Tool,
    base: &Scratch,
    asked: &[(&Purl, &str)],
    options: &Options,
) -> Result<Vec<Vec<Blocker>>, Reason> {
    let scratch = |e: ScratchError| Reason::Scratch(e.to_string());
    let files = base.files().map_err(scratch)?;
    let manifests = Manifests::of(tool, &base.inside(), &files);
    if let Some(reason) = runs_code((tool.code)(&manifests), options) {
        return Err(reason);
    }
    // What only reads the lockfile needs no copy.
    let is_read = matches!(tool.id, "npm" | "yarn");
    let copy = if is_read { None } else { Some(base.fork().map_err(scratch)?) };
    let drive = Drive::new(tool, copy.as_ref().unwrap_or(base), &manifests, options)?;
    let one = |(package, to): &(&Purl, &str)| {
        let relock = Proposal::Relock { package: (*package).clone(), to: Some((*to).into()) };
        let Ok(wish) = Wish::read(&relock, tool) else { return Vec::new() };
        match (tool.edit)(&manifests, &wish) {
            Err(Uneditable::Held(range)) => {
                vec![Blocker { who: PROJECT.to_owned(), needs: wish.name, range }]
            }
            _ => held(&drive, &wish),
        }
    };
    Ok(asked.iter().map(one).collect())
}

/// Whether a range of the ecosystem has a version. `None`: its notation is not understood.
pub(super) fn allows(purl_type: &str, range: &str, version: &str) -> Option<bool> {
    trimtab_model::vers::Vers::from_native(purl_type, range).ok()?.contains(version)
}

/// The edits as changes of files.
fn edited(edits: &Edits, before: &BTreeMap<String, Vec<u8>>) -> Vec<Change> {
    let one = |(path, text): (&String, &String)| Change {
        path: path.clone(),
        before: before.get(path).cloned(),
        after: Some(text.clone().into_bytes()),
    };
    edits.files.iter().map(one).filter(|change| change.before != change.after).collect()
}

/// What to try when this is refused, of what can be derived from the proposal alone.
fn next(reason: &Reason, proposal: &Proposal) -> Option<Proposal> {
    match (reason, proposal) {
        (
            Reason::Conflict { .. } | Reason::Unchanged { .. } | Reason::Unsupported(_),
            Proposal::Relock { package, to: Some(to) },
        )
        | (Reason::NotNamed(_), Proposal::Raise { package, to }) => {
            Some(Proposal::Override { package: package.clone(), to: to.clone() })
        }
        (Reason::Unsupported(_), Proposal::Override { package, to }) => {
            Some(Proposal::Relock { package: package.clone(), to: Some(to.clone()) })
        }
        _ => None,
    }
}

/// What a tool without a lockfile chooses. `None`: it has one, which tells.
///
/// # Errors
/// Why it could not be asked.
pub fn listing(
    tool: &'static Tool,
    base: &Scratch,
    options: &Options,
) -> Result<Option<Vec<Purl>>, Reason> {
    let Some(list) = tool.listing else { return Ok(None) };
    let before = base.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let manifests = Manifests::of(tool, &base.inside(), &before);
    let code = (tool.code)(&manifests).or_else(|| built(tool, &base.inside(), &before));
    if let Some(reason) = runs_code(code, options) {
        return Err(reason);
    }
    let scratch = base.fork().map_err(|e| Reason::Scratch(e.to_string()))?;
    list(&Drive::new(tool, &scratch, &manifests, options)?).map(Some)
}

/// What may say the versions of what a project names without one, with the version that it has there: parents and lists of
/// versions that are no files of the project. Of Maven.
pub fn managing(tool: &'static Tool, base: &Scratch) -> Vec<Purl> {
    if tool.id != super::maven::TOOL.id {
        return Vec::new();
    }
    let Ok(files) = base.files() else { return Vec::new() };
    super::maven::managing(&Manifests::of(tool, &base.inside(), &files))
}

/// What a tool makes of a project without any change.
#[derive(Debug)]
pub enum Settled {
    /// It is put in order.
    Tidied(Scratch),
    /// It cannot be put in order; and this is what it resolves, listed or not.
    Graph(Vec<Purl>),
}

/// What a tool that puts a project in order with every change makes of it without any: that is not what a change
/// comes to. `None`: it does no such thing.
///
/// # Errors
/// Why it could not be asked.
pub fn settled(
    tool: &'static Tool,
    base: &Scratch,
    options: &Options,
) -> Result<Option<Settled>, Reason> {
    let Some(settle) = tool.settle else { return Ok(None) };
    let before = base.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let manifests = Manifests::of(tool, &base.inside(), &before);
    let scratch = base.fork().map_err(|e| Reason::Scratch(e.to_string()))?;
    let graph = settle(&Drive::new(tool, &scratch, &manifests, options)?)?;
    Ok(Some(match graph {
        Some(graph) => Settled::Graph(graph),
        None => Settled::Tidied(scratch),
    }))
}
