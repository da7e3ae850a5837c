//! pip-tools: `pip-compile --upgrade-package`, of wheels only: a source distribution would run its
//! build. A file that `pip-compile` wrote says how; of that, options which name no file are kept. What
//! `uv pip compile` wrote is compiled by uv.

mod by_pins;
mod by_uv;

use std::collections::{BTreeMap, BTreeSet};

use super::drive::Drive;
use super::edit::lines;
use super::edit::{Edits, Manifests, Uneditable};
use super::layers::{self, By, Layers, is_source};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use super::unbuilt::is_kept;
use super::{Tool, pip, python, requirement};

pub(crate) const TOOL: Tool = Tool {
    id: "pip-tools",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["pip-compile", "uv"],
    install: "pip-tools 7",
    variables: &["PIP_", "PYENV_", "UV_"],
    lockfiles: &["requirements.txt"],
    manifest: is_source,
    above: false,
    keep: kept,
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

/// Options that change what is written and name no file, index or program.
const OPTIONS: &[&str] = &[
    "--generate-hashes",
    "--strip-extras",
    "--no-strip-extras",
    "--allow-unsafe",
    "--no-allow-unsafe",
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--annotation-style=line",
    "--annotation-style=split",
    "--resolver=backtracking",
];
const CONSTRAINTS: &str = "constraints.txt";
const WHEELS: &str = "--only-binary :all:";
/// What tells pip how old a version must be.
const OLD_ENOUGH: &str = "PIP_UPLOADED_PRIOR_TO";

/// Requirements, the settings of uv, and what uv may be told to override or to leave out.
fn kept(path: &str) -> Keep {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_option =
        name.ends_with(".txt") && ["overrid", "exclude"].iter().any(|o| name.contains(o));
    let is_settings = matches!(name, "uv.toml" | "pyproject.toml");
    if is_option || is_settings || lines::may_require(path) { Keep::Yes } else { Keep::No }
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind == Kind::Relock {
        return Ok(Edits::none());
    }
    let layers = Layers::of(manifests, &BTreeMap::new());
    let by_hand = layers.by_hand();
    let of = |kind: By| {
        by_hand
            .iter()
            .filter(move |(_, (_, by))| *by == kind)
            .map(|(path, (text, _))| (*path, *text))
    };
    let mut edits = Edits::none();
    for (path, text) in of(By::Taken) {
        let edited = match wish.kind {
            Kind::Relock => None,
            Kind::Override => {
                let direct = lines::requirements(text).any(|(_, l)| named(l, wish));
                if direct {
                    return Err(Uneditable::Direct);
                }
                None
            }
            Kind::Remove => lines::without(text, |line| named(line, wish)),
            Kind::Raise | Kind::RaiseParent | Kind::Replace => {
                lines::each(text, |line| requirement::edited(line, wish))?
            }
        };
        if let Some(text) = edited {
            edits.put(path, text, wish, "");
        }
    }
    let is_named = !edits.named.is_empty();
    if wish.kind == Kind::Override
        || is_named && matches!(wish.kind, Kind::Raise | Kind::RaiseParent)
    {
        // What everything is held to must allow it.
        for (path, text) in of(By::Held) {
            if let Some(text) = lines::each(text, |line| held(line, wish))? {
                edits.put(path, text, wish, "");
            }
        }
    }
    match wish.kind {
        Kind::Override => constrained(manifests, &layers, edits, wish),
        _ => edits.named(),
    }
}

fn named(line: &str, wish: &Wish) -> bool {
    requirement::name(line).is_some_and(|name| requirement::same(name, &wish.name))
}

/// A constraint that does not allow what is wished, raised.
fn held(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let stays = wish.kind != Kind::Override && requirement::has(line, wish.to());
    if stays { Ok(None) } else { requirement::edited(line, wish) }
}

/// A constraint for every file of the folder that is compiled and not held to one of the package already.
fn constrained(
    manifests: &Manifests,
    layers: &Layers,
    mut edits: Edits,
    wish: &Wish,
) -> Result<Edits, Uneditable> {
    let own = manifests.here(CONSTRAINTS);
    let here = |path: &str| path.rsplit_once('/').map_or("", |(f, _)| f) == manifests.folder;
    // Where nothing was compiled yet, all sources will be.
    let all: Vec<(Vec<String>, BTreeMap<String, By>)> = match layers.compiled.is_empty() {
        false => {
            layers.compiled.iter().map(|one| (one.sources.clone(), layers.reached(one))).collect()
        }
        true => manifests
            .named(is_source)
            .filter(|(path, _)| here(path))
            .map(|(path, _)| (vec![path.clone()], BTreeMap::from([(path.clone(), By::Taken)])))
            .collect(),
    };
    let is_held =
        |reached: &BTreeMap<String, By>| reached.keys().any(|path| edits.files.contains_key(path));
    let open: Vec<_> = all.iter().filter(|(_, reached)| !is_held(reached)).collect();
    let sources = open.iter().filter_map(|(sources, reached)| {
        Some((sources.iter().find(|source| here(source))?, reached.contains_key(&own)))
    });
    let sources: Vec<(&String, bool)> = sources.collect();
    if sources.is_empty() {
        return edits.named();
    }
    if layers.is_compiled(&own) {
        let why = format!("{own} is itself compiled: add your own constraints file beside it");
        return Err(Uneditable::Unsupported(why));
    }
    if !edits.files.contains_key(&own) {
        let constraint = format!("{}>={}", wish.name, wish.to());
        let text = manifests.text(CONSTRAINTS).unwrap_or_default();
        let text = match lines::each(text, |line| held(line, wish))? {
            Some(text) => text,
            None => lines::appended(text, &constraint),
        };
        edits.put(&own, text, wish, "");
    }
    for (source, asks) in sources {
        let text = manifests.files.get(source).filter(|_| !asks);
        if let Some(text) = text.filter(|_| !edits.files.contains_key(source)) {
            edits.put(source, lines::prepended(text, &format!("-c {CONSTRAINTS}")), wish, "");
        }
    }
    Ok(edits)
}

/// Compiles what is concerned, each after what it builds on, and what builds on what changed by that.
fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let layers = Layers::of(drive.manifests, &edits.files);
    let mut changed: BTreeSet<&str> = edits.files.keys().map(String::as_str).collect();
    let here = |path: &String| layers::way(&drive.manifests.folder, path);
    for one in &layers.compiled {
        let (target, sources) =
            (here(&one.target), one.sources.iter().map(here).collect::<Vec<_>>());
        let before = drive.text(&target);
        let builds = layers.reached(one).keys().any(|path| changed.contains(&**path));
        if builds || pins(before.as_deref(), wish) {
            compile(drive, wish, &target, &sources)?;
            if drive.text(&target) != before {
                changed.insert(&one.target);
            }
        }
    }
    Ok(())
}

/// Whether a compiled file has a package of the wish, or is not there yet.
fn pins(text: Option<&str>, wish: &Wish) -> bool {
    let Some(text) = text else { return true };
    let children = wish.children();
    let mut names = lines::requirements(text).filter_map(|(_, line)| requirement::name(line));
    names.any(|name| {
        wish.packages().any(|(own, _)| requirement::same(name, own))
            || children.iter().any(|child| requirement::same(name, child))
    })
}

fn compile(drive: &Drive<'_>, wish: &Wish, target: &str, sources: &[String]) -> Result<(), Reason> {
    let before = drive.text(target).unwrap_or_default();
    let command = layers::command(&before);
    let exactly = |(name, to): (&str, Option<&str>)| match to {
        Some(to) => format!("{name}=={to}"),
        None => name.to_owned(),
    };
    let moves = !matches!(wish.kind, Kind::Remove | Kind::Replace);
    let mut packages: Vec<String> = wish.packages().filter(|_| moves).map(exactly).collect();
    if wish.kind == Kind::RaiseParent {
        packages.extend(wish.brought().into_iter().map(str::to_owned));
    }
    let uv = command.filter(|command| command.starts_with(layers::UV));
    let job = uv.map(|command| by_uv::Job { command, target, sources, packages: &packages });
    // pip reads nothing of what uv is told to choose otherwise.
    let is_pip = job.as_ref().is_none_or(|job| by_uv::is_plain(drive, job));
    let pins = by_pins::moved(&before, wish).filter(|_| is_pip && !drive.builds());
    // What is known to have no wheel and to stay would be refused again.
    if let Some(text) = pins.as_deref().filter(|text| !drive.unbuilt().among(text).is_empty()) {
        match by_pins::agrees(drive, text, sources) {
            Ok(()) => return written(drive, target, &before, text),
            Err(Reason::ToolMissing { .. }) => {}
            Err(why) => return Err(why),
        }
    }
    if let Some(job) = job {
        let Err(why) = by_uv::compile(drive, &job) else { return Ok(()) };
        let why = versioned(why, &before);
        return match pins {
            Some(text) if may_stay(drive, &why) => {
                pinned(drive, (target, &before), &text, sources, why)
            }
            _ => Err(why),
        };
    }
    let mut arguments: Vec<&str> = vec!["--quiet", "--no-config"];
    let told = command.unwrap_or_default().split_whitespace();
    arguments.extend(told.filter(|option| OPTIONS.contains(option)));
    for package in &packages {
        arguments.extend(["--upgrade-package", package]);
    }
    let output_file = format!("--output-file={target}");
    // No name of a file is taken for an option.
    arguments.extend([&output_file, "--"]);
    arguments.extend(sources.iter().map(String::as_str));
    let mut set = vec![("PIP_DISABLE_PIP_VERSION_CHECK", "1")];
    if !drive.builds() {
        set.push(("PIP_ONLY_BINARY", ":all:"));
    }
    if let Some(command) = command {
        set.push(("CUSTOM_COMPILE_COMMAND", command));
    }
    // pip 26 or later chooses nothing that was uploaded later; an older one does not read it.
    let moment = drive.before().filter(|_| !drive.sees(OLD_ENOUGH)).map(|at| at.to_string());
    if let Some(moment) = &moment {
        set.push((OLD_ENOUGH, moment));
    }
    let output = drive.try_other("pip-compile", &arguments, &set)?;
    if !output.is_well() {
        let stands = |name: &str| {
            wish.wanted(name).map(str::to_owned).or_else(|| requirement::pin(&before, name))
        };
        let why = python::without_wheel(&drive.words(&output), stands);
        let why = why.filter(|_| !drive.builds());
        return match (pins, why) {
            (Some(text), Some(why)) if may_stay(drive, &why) => {
                pinned(drive, (target, &before), &text, sources, why)
            }
            (_, why) => Err(why.unwrap_or_else(|| drive.means(&output))),
        };
    }
    // What was asked of this run alone is not the file's.
    if !before.lines().any(|line| line == WHEELS)
        && let Some(after) = drive.text(target)
        && let Some(text) = without_wheels(&after)
    {
        drive.write(target, &text)?;
    }
    Ok(())
}

/// Whether what has no wheel is a pin of the project that may stay.
fn may_stay(drive: &Drive<'_>, why: &Reason) -> bool {
    match why {
        Reason::NoWheel { package, version, asked: None } => {
            drive.unbuilt().may_stay(package, version) && is_kept(drive, package, version)
        }
        _ => false,
    }
}

/// That a package has no wheel, with the version to which a compiled file pins it where the program does not tell one.
fn versioned(why: Reason, before: &str) -> Reason {
    match why {
        Reason::NoWheel { package, version, asked: None } if version.is_empty() => {
            let version = requirement::pin(before, &package).unwrap_or_default();
            Reason::NoWheel { package, version, asked: None }
        }
        other => other,
    }
}

/// Writes the pins that move into their lines, if pip agrees. Without pip it stays with why the program did not.
fn pinned(
    drive: &Drive<'_>,
    (target, before): (&str, &str),
    text: &str,
    sources: &[String],
    why: Reason,
) -> Result<(), Reason> {
    match by_pins::agrees(drive, text, sources) {
        Ok(()) => written(drive, target, before, text),
        Err(Reason::ToolMissing { .. }) => Err(why),
        Err(other) => Err(other),
    }
}

/// Writes a compiled file, if it changes; what moves gets its own hashes where the file has some.
fn written(drive: &Drive<'_>, target: &str, before: &str, text: &str) -> Result<(), Reason> {
    if before == text {
        return Ok(());
    }
    drive.write(target, &pip::with_hashes(drive, target, before, text)?)
}

/// A compiled file without the option that asks for wheels alone, and without the empty line that follows options where it was
/// the only one. `None`: it has no such option.
fn without_wheels(text: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = lines.iter().position(|line| line.trim_end() == WHEELS)?;
    let before = at.checked_sub(1).and_then(|before| lines.get(before));
    let is_alone = before.is_none_or(|line| line.trim().is_empty() || line.starts_with('#'));
    let ends = lines.get(at + 1).is_some_and(|line| line.trim().is_empty());
    lines.drain(at..=if is_alone && ends { at + 1 } else { at });
    Some(lines.concat())
}

/// As pip tells it, and as its error shows where pip-tools does not let it tell:
/// `SpecifierRequirement('right<3'), parent=LinkCandidate('…/left-2.0-py3-none-any.whl …')`.
fn blockers(text: &str) -> Vec<Blocker> {
    let mut found = python::blockers(text);
    for part in text.split("Requirement('").skip(1) {
        let Some((what, rest)) = part.split_once("')") else { continue };
        let start = what.find(['<', '>', '=', '!', '~']).unwrap_or(what.len());
        let (needs, range) = what.split_at(start);
        let parent = rest.split_once("parent=").map_or("", |(_, parent)| parent);
        let file = parent.strip_prefix("LinkCandidate('").and_then(|p| p.split([' ', '\'']).next());
        let file = file.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let mut parts = file.trim_end_matches(".tar.gz").split('-');
        let who = match (parts.next().filter(|name| !name.is_empty()), parts.next()) {
            (Some(name), Some(version)) => format!("{name}@{version}"),
            _ => "the project".to_owned(),
        };
        if !range.is_empty() {
            found.push(Blocker { who, needs: needs.trim().to_owned(), range: range.to_owned() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Keep, Reason, blockers, kept, versioned, without_wheels};

    #[test]
    fn what_has_no_wheel_is_known_by_its_pin() {
        let of = |version: &str| {
            let why = Reason::NoWheel {
                package: "Flex".to_owned(),
                version: version.to_owned(),
                asked: None,
            };
            match versioned(why, "a==1\nflex==6.14.1 \\\n    --hash=sha256:00\n") {
                Reason::NoWheel { version, .. } => version,
                _ => String::new(),
            }
        };
        assert_eq!((of("").as_str(), of("6.14.2").as_str()), ("6.14.1", "6.14.2"));
    }

    #[test]
    fn the_option_of_a_run_leaves_nothing_behind() {
        let option = "--only-binary :all:\n";
        for (text, written) in [
            ("# head\n#\nOPTION\na==1\n", "# head\n#\na==1\n"),
            ("# head\n#\n--pre\nOPTION\na==1\n", "# head\n#\n--pre\n\na==1\n"),
            ("# head\n#\nOPTION--pre\n\na==1\n", "# head\n#\n--pre\n\na==1\n"),
            ("OPTION\na==1\n", "a==1\n"),
        ] {
            let text = text.replace("OPTION", option);
            assert_eq!(without_wheels(&text).as_deref(), Some(written), "{text}");
        }
        assert_eq!(without_wheels("# head\na==1\n"), None);
    }

    #[test]
    fn what_uv_may_be_told_is_kept() {
        for path in ["overrides.txt", "a/uv-override.txt", "excludes.txt", "requirements.in"] {
            assert!(matches!(kept(path), Keep::Yes), "{path}");
        }
        assert!(matches!(kept("robots.txt"), Keep::No));
    }

    #[test]
    fn blockers_are_read_out_of_its_error() {
        let text = "ResolutionImpossible: [RequirementInformation(requirement=SpecifierRequirement(\
                    'right<3,>=1'), parent=LinkCandidate('https://registry.example/a/left-2.0-py3-none-any.whl \
                    (from x)')), RequirementInformation(requirement=SpecifierRequirement('right==4'), parent=None)]";
        let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            ["`left@2.0` requires `right <3,>=1`", "`the project` requires `right ==4`"]
        );
    }
}
