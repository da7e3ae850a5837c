//! pip: requirement files that people pin by hand. `pip install --dry-run --report` resolves them,
//! of wheels only, and installs nothing. What they take in (`-r`) is edited with them, and what they
//! are held to (`-c`) where it does not allow a version.

mod asked;
mod elsewhere;
mod hashes;
mod local;
mod question;
mod sources;

use std::collections::BTreeMap;

use trimtab_model::Purl;

use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, lines};
use super::layers::{By, Compiled, Layers};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::scratch::Keep;
use super::written::{self, Line};
use super::{Tool, python, requirement};
use asked::{chosen, report};

pub(crate) const TOOL: Tool = Tool {
    id: "pip",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["pip", "pip3"],
    install: "pip 23 or later (it comes with Python)",
    // uv may tell hashes.
    variables: &["PIP_", "PYENV_", "UV_"],
    lockfiles: &[],
    manifest: is_file,
    above: false,
    keep: kept,
    edit,
    edits_itself: false,
    // Hashes of what moves.
    completes_edits: true,
    at_once: &[Kind::Override, Kind::Raise],
    moves_all: false,
    code: |_| None,
    lock,
    blockers: python::blockers,
    asks: None,
    listing: Some(listing),
    settle: None,
};

/// Requirements, and what says which ones a folder of the project has. Of the latter no more is needed than can be read: a
/// link that leads out is left out.
fn kept(path: &str) -> Keep {
    match path.rsplit('/').next().unwrap_or(path) {
        "pyproject.toml" | "setup.cfg" => Keep::Part(str::to_owned),
        "setup.py" => Keep::Part(|_| String::new()),
        _ if lines::may_require(path) => Keep::Yes,
        _ => Keep::No,
    }
}

/// Whether a path is one of a file that says what is there: by its name, or by that of its folder.
pub(super) fn is_file(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(".txt") else { return false };
    let is_other = stem.contains("constraint") || stem == "readme";
    let is_in = folder.rsplit('/').next() == Some("requirements");
    !is_other && (is_in || stem.contains("requirement"))
}

/// A file that takes in several, while pip is asked about all of them: no name of one that is kept.
const TOGETHER: &str = "trimtab-together.list";

/// What pip chooses for some files, by their paths below the tool's folder, together with a text of requirements.
pub(super) fn together(
    drive: &Drive<'_>,
    files: &[String],
    text: &str,
) -> Result<Vec<Purl>, Reason> {
    let own = super::drive::below(&drive.scratch.inside(), TOGETHER);
    // Pins come first: else pip looks at the newest of what a file does not pin.
    let mut all = lines::appended(text, "");
    for path in files {
        all.push_str("-r ");
        all.push_str(path);
        all.push('\n');
    }
    let read = |path: &str| match path == own {
        true => Some(all.clone()),
        false => drive.scratch.read(path),
    };
    Ok(chosen(&report(drive, &own, &read)?))
}

/// A file of which pins moved, with the hashes of what moved if it has some. Its path is below the tool's folder.
pub(super) fn with_hashes(
    drive: &Drive<'_>,
    path: &str,
    before: &str,
    after: &str,
) -> Result<String, Reason> {
    let pins = hashes::moved(before, after);
    if pins.is_empty() || !hashes::has(before) {
        return Ok(after.to_owned());
    }
    let inside = drive.scratch.inside();
    let read = |path: &str| drive.scratch.read(path);
    let path = super::drive::below(&inside, path);
    let question = question::of(&path, &inside, drive.builds(), &read);
    Ok(hashes::spliced(after, &hashes::told(drive, &pins, &question.indexes)?, &[]))
}

/// The requirements of a folder.
struct Files {
    layers: Layers,
    /// The folder's own, which pip may be given.
    own: Vec<String>,
}

impl Files {
    fn of(manifests: &Manifests) -> Files {
        let folder_of = |path: &str| path.rsplit_once('/').map_or("", |(f, _)| f).to_owned();
        let is_own = |path: &&String| is_file(path) && folder_of(path) == manifests.folder;
        let own = manifests.files.keys().filter(is_own).cloned().collect();
        Files { layers: Layers::of(manifests, &BTreeMap::new()), own }
    }

    fn reached(&self, sources: &[String]) -> BTreeMap<String, By> {
        let one = Compiled { target: String::new(), sources: sources.to_vec() };
        self.layers.reached(&one)
    }

    /// The own files that no other takes in.
    fn first(&self) -> Vec<&String> {
        let takes = |by: &String, path: &String| {
            self.reached(std::slice::from_ref(by)).get(path) == Some(&By::Taken)
        };
        let is_taken =
            |path: &&String| self.own.iter().any(|by| takes(by, path) && !takes(path, by));
        self.own.iter().filter(|path| !is_taken(path)).collect()
    }

    /// The file that everything is in, for what no line asks for yet.
    fn base(&self, manifests: &Manifests) -> Option<&String> {
        let usual = manifests.here("requirements.txt");
        let first = self.first();
        let mut own = self.own.iter();
        own.find(|path| **path == usual)
            .or_else(|| self.own.iter().find(|path| !first.contains(path)))
            .or_else(|| self.own.first())
    }
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let files = Files::of(manifests);
    let named =
        |line: &str| requirement::name(line).is_some_and(|n| requirement::same(n, &wish.name));
    let mut edits = Edits::none();
    let (mut taken, mut held) = (Vec::new(), Vec::new());
    for (path, by) in files.reached(&files.own) {
        let Some(text) = manifests.files.get(&path) else { continue };
        if by == By::Taken { taken.push((path, text)) } else { held.push((path, text)) }
    }
    let direct =
        taken.iter().any(|(_, text)| lines::requirements(text).any(|(_, line)| named(line)));
    match wish.kind {
        Kind::Override if direct => return Err(Uneditable::Direct),
        Kind::Relock if !direct => {
            let why = "nothing locks transitive dependencies";
            return Err(Uneditable::Unsupported(why.to_owned()));
        }
        _ => {}
    }
    for (path, text) in &taken {
        let new = match wish.kind {
            // What others bring is forced by a line of its own.
            Kind::Override => {
                let here = files.base(manifests) == Some(path);
                here.then(|| lines::appended(text, &format!("{}>={}", wish.name, wish.to())))
            }
            Kind::Remove => lines::without(text, named),
            _ => raised(text, wish)?,
        };
        let Some(new) = new else { continue };
        // What goes would leave its hashes behind.
        let is_raise = matches!(wish.kind, Kind::Raise | Kind::RaiseParent | Kind::Relock);
        if hashes::has(text) && !is_raise {
            let why = format!("{path} has hashes: let pip-compile write it");
            return Err(Uneditable::Unsupported(why));
        }
        if wish.kind != Kind::Remove
            && let Some(line) =
                lines::requirements(&new).find(|(_, line)| named(line) && !is_asked(line))
        {
            let why =
                format!("`{}` in {path} cannot be parsed, so pip cannot be asked about it", line.1);
            return Err(Uneditable::Unsupported(why));
        }
        edits.put(path, new, wish, "");
    }
    let is_named = !edits.named.is_empty();
    if is_named && !matches!(wish.kind, Kind::Remove | Kind::Replace | Kind::Relock) {
        // What everything is held to must allow it.
        let allows = |line: &str| requirement::has(line, wish.to());
        for (path, text) in held {
            let one =
                |line: &str| if allows(line) { Ok(None) } else { requirement::edited(line, wish) };
            if let Some(new) = lines::each(text, one)? {
                edits.put(&path, new, wish, "");
            }
        }
    }
    edits.named()
}

/// Whether a line of a package is one that pip is asked about; its hashes may stand in the lines below.
fn is_asked(line: &str) -> bool {
    let line = line.trim_end().trim_end_matches('\\');
    written::lines(line).iter().any(|read| matches!(read, Line::Wanted(_)))
}

/// A file with a package raised; of several lines of it, for one Python or system each, those that have what is there.
fn raised(text: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let named =
        |line: &str| requirement::name(line).is_some_and(|n| requirement::same(n, &wish.name));
    let own = || lines::requirements(text).filter(|(_, line)| named(line));
    let has = |line: &str| wish.from.as_deref().is_none_or(|from| requirement::has(line, from));
    let is_one = own().count() < 2 || !own().any(|(_, line)| has(line));
    lines::each(text, |line| match is_one || !named(line) || has(line) {
        true => requirement::edited(line, wish),
        false => Ok(None),
    })
}

/// Nothing is locked: that pip is asked what it chooses tells whether it can be had, also where a marker holds elsewhere alone.
/// Where files hold packages to hashes, what moves gets its own, and what comes in is named as all else is.
fn lock(drive: &Drive<'_>, _: &Wish, edits: &Edits) -> Result<(), Reason> {
    let files = Files::of(drive.manifests);
    for (path, after) in &edits.files {
        let before = drive.manifests.files.get(path).map_or("", String::as_str);
        let moved = elsewhere::marked(before, after);
        if moved.is_empty() {
            continue;
        }
        let takes = |first: &&&String| {
            files.reached(std::slice::from_ref(**first)).get(path) == Some(&By::Taken)
        };
        let first = files.first();
        for first in first.iter().filter(takes) {
            elsewhere::confirm(drive, first, &moved)?;
        }
    }
    let hashed = edits.files.iter().filter(|(_, text)| hashes::has(text));
    for (path, after) in hashed {
        let before = drive.manifests.files.get(path).map_or("", String::as_str);
        let mut pins = hashes::moved(before, after);
        let more = unnamed(drive, &files, path)?;
        pins.extend(more.iter().cloned());
        if pins.is_empty() {
            continue;
        }
        let read = |path: &str| drive.scratch.read(path);
        let question = || question::of(path, &drive.scratch.inside(), drive.builds(), &read);
        let asked = question();
        let text = hashes::spliced(after, &hashes::told(drive, &pins, &asked.indexes)?, &more);
        drive.scratch.write(path, &text).map_err(|e| Reason::Scratch(e.to_string()))?;
        // What is pinned now is what pip chose: it would say the same again.
        asked::stands(drive, &asked, &question());
    }
    Ok(())
}

/// What pip chooses for a file now, did not before, and no line asks for: as pins. What the file did without is none of a raise.
fn unnamed(drive: &Drive<'_>, files: &Files, path: &String) -> Result<Vec<String>, Reason> {
    let reached = files.reached(std::slice::from_ref(path));
    // What a constraint names is not pinned by that.
    let taken = reached.iter().filter(|(_, by)| **by == By::Taken);
    let texts: Vec<String> = taken.filter_map(|(path, _)| drive.scratch.read(path)).collect();
    let now = chosen(&report(drive, path, &|path| drive.scratch.read(path))?);
    let open: Vec<&Purl> = now.iter().filter(|purl| !hashes::names(&texts, purl.name())).collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let before =
        |path: &str| drive.manifests.files.get(path).cloned().or_else(|| drive.scratch.read(path));
    let before = chosen(&report(drive, path, &before)?);
    Ok(new(&open, &before))
}

/// The pins of packages that others are not among.
fn new(open: &[&Purl], before: &[Purl]) -> Vec<String> {
    let is_new = |purl: &Purl| !before.iter().any(|old| requirement::same(old.name(), purl.name()));
    let new = open.iter().filter(|purl| is_new(purl));
    new.filter_map(|purl| Some(hashes::pinned(purl.name(), purl.version()?))).collect()
}

fn listing(drive: &Drive<'_>) -> Result<Vec<Purl>, Reason> {
    let mut all = Vec::new();
    let files = Files::of(drive.manifests);
    for path in files.first() {
        all.extend(chosen(&report(drive, path, &|path| drive.scratch.read(path))?));
    }
    all.sort();
    all.dedup();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests(folder: &str, files: &[(&str, &str)]) -> Manifests {
        let one = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Manifests { folder: folder.to_owned(), files: files.iter().map(one).collect() }
    }

    fn wish(kind: Kind, name: &str, from: &str, to: &str) -> Wish {
        Wish {
            kind,
            name: name.to_owned(),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    const LAYERS: &[(&str, &str)] = &[
        ("constraints.txt", "right<2\nleft==1.0\n"),
        ("requirements.txt", "-r requirements/base.txt\ngunicorn==20.0.4\n"),
        ("requirements/base.txt", "-c ../constraints.txt\nleft[x]==1.0  # why\n"),
        ("requirements/dev.txt", "-r base.txt\n-e .\nright==1.5\n"),
        ("service/requirements.txt", "left==1.0\n"),
    ];

    #[test]
    fn files_are_known_by_their_names_and_folders() {
        for path in ["requirements.txt", "dev-requirements.txt", "requirements/base.txt"] {
            assert!(is_file(path), "{path}");
        }
        for path in ["requirements/constraints.txt", "notes.txt", "requirements/README.txt"] {
            assert!(!is_file(path), "{path}");
        }
    }

    #[test]
    fn only_what_comes_in_is_pinned() {
        let purl = |name: &str| Purl::new("pypi", None, name).with_version("1");
        let (old, came) = (purl("Old_one"), purl("came"));
        assert_eq!(new(&[&old, &came], &[purl("old-one")]), ["came==1"]);
    }

    #[test]
    fn what_is_held_to_is_raised_with_what_is_asked_for() {
        let edits =
            edit(&manifests("requirements", LAYERS), &wish(Kind::Raise, "left", "1.0", "1.1"));
        let files = edits.unwrap().files;
        let all: Vec<(&str, &str)> = files.iter().map(|(p, t)| (&**p, &**t)).collect();
        assert_eq!(
            all,
            [
                ("constraints.txt", "right<2\nleft==1.1\n"),
                ("requirements/base.txt", "-c ../constraints.txt\nleft[x]==1.1  # why\n"),
            ]
        );
        // What it allows stays, and so does what only other folders ask for.
        let edits =
            edit(&manifests("requirements", LAYERS), &wish(Kind::Raise, "right", "1.5", "1.6"));
        let files = edits.unwrap().files;
        assert_eq!(files.keys().collect::<Vec<_>>(), ["requirements/dev.txt"]);
        let other =
            edit(&manifests("service", LAYERS), &wish(Kind::Raise, "gunicorn", "20.0.4", "21.0"));
        assert!(matches!(other, Err(Uneditable::NotNamed)));
    }

    #[test]
    fn what_others_bring_is_forced_where_all_take_it_in() {
        let forced =
            edit(&manifests("requirements", LAYERS), &wish(Kind::Override, "deep", "1", "2"));
        let files = forced.unwrap().files;
        assert!(files["requirements/base.txt"].ends_with("\ndeep>=2\n"), "{files:?}");
        assert_eq!(files.len(), 1);
        // It is named in the second of its files.
        let direct =
            edit(&manifests("requirements", LAYERS), &wish(Kind::Override, "right", "1.5", "2"));
        assert!(matches!(direct, Err(Uneditable::Direct)));
    }

    #[test]
    fn only_what_no_other_takes_in_is_resolved() {
        let files = Files::of(&manifests("requirements", LAYERS));
        assert_eq!(files.first(), ["requirements/dev.txt"]);
        let top = Files::of(&manifests("", LAYERS));
        assert_eq!(top.first(), ["requirements.txt"]);
    }

    #[test]
    fn of_several_lines_those_are_raised_that_have_what_is_there() {
        let text = "left==1.0 ; python_version < '3.8'\nleft==1.5 ; python_version >= '3.8'\n";
        let to = |from: &str, to: &str| raised(text, &wish(Kind::Raise, "left", from, to)).unwrap();
        let first = to("1.0", "1.1").unwrap();
        assert_eq!(first, text.replace("1.0", "1.1"));
        assert_eq!(to("1.5", "1.6").unwrap(), text.replace("1.5", "1.6"));
    }
}
