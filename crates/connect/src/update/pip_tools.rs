//! pip-tools: `pip-compile --upgrade-package`, of wheels only: a source distribution would run its
//! build. A file that `pip-compile` wrote says how; of that, options which name no file are kept.

use super::drive::Drive;
use super::edit::lines;
use super::edit::{Edits, Manifests, Uneditable};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use super::{Tool, python};

pub(crate) const TOOL: Tool = Tool {
    id: "pip-tools",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["pip-compile"],
    install: "pip-tools 7",
    variables: &["PIP_", "PYENV_"],
    lockfiles: &["requirements.txt"],
    manifest: |name| name.ends_with(".in") && lines::is_requirements(name),
    above: false,
    keep: |path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        if lines::is_requirements(name) { Keep::Yes } else { Keep::No }
    },
    edit,
    edits_itself: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
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

fn is_source(name: &str) -> bool {
    name.ends_with(".in") && lines::is_requirements(name)
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    for (path, text) in manifests.named(is_source) {
        let edited = match wish.kind {
            Kind::Relock => return Ok(Edits::none()),
            Kind::Override => {
                let direct = lines::requirements(text).any(|(_, l)| named(l, wish));
                if direct {
                    return Err(Uneditable::Direct);
                }
                continue;
            }
            Kind::Remove => lines::without(text, |line| named(line, wish)),
            Kind::Raise | Kind::RaiseParent | Kind::Replace => {
                lines::each(text, |line| python::edited(line, wish))?
            }
        };
        if let Some(text) = edited {
            edits.put(path, text, wish, "");
        }
    }
    if wish.kind == Kind::Override {
        return constrained(manifests, wish);
    }
    edits.named()
}

fn named(line: &str, wish: &Wish) -> bool {
    python::name(line).is_some_and(|name| python::same(name, &wish.name))
}

/// A constraint for every source file of the folder.
fn constrained(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let constraint = format!("{}>={}", wish.name, wish.to());
    let mut edits = Edits::none();
    let own = manifests.text(CONSTRAINTS).unwrap_or_default();
    let text = match lines::each(own, |line| Ok(named(line, wish).then(|| constraint.clone())))? {
        Some(text) => text,
        None => lines::appended(own, &constraint),
    };
    edits.put(&manifests.here(CONSTRAINTS), text, wish, "");
    for (path, text) in manifests.named(is_source) {
        let here = path.rsplit_once('/').map_or("", |(folder, _)| folder) == manifests.folder;
        let asks = text.lines().any(|l| l.split_whitespace().eq(["-c", CONSTRAINTS]));
        if here && !asks {
            edits.put(path, lines::prepended(text, &format!("-c {CONSTRAINTS}")), wish, "");
        }
    }
    Ok(edits)
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let folder = match drive.manifests.folder.as_str() {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let sources: Vec<&str> = drive
        .manifests
        .named(is_source)
        .filter_map(|(path, _)| path.strip_prefix(&folder))
        .collect();
    // Where one file builds on another, all are compiled, and two rounds settle them.
    let layered = sources.iter().any(|source| builds_on_others(drive, source));
    let edited = |source: &str| edits.files.contains_key(&format!("{folder}{source}"));
    let concerned = |source: &&str| layered || edited(source) || pins(drive, source, wish);
    let concerned: Vec<&str> = sources.into_iter().filter(concerned).collect();
    let rounds = if layered { 2 } else { 1 };
    for source in (0..rounds).flat_map(|_| &concerned) {
        compile(drive, wish, source)?;
    }
    Ok(())
}

/// What a source file is compiled to.
fn target(source: &str) -> String {
    format!("{}.txt", source.trim_end_matches(".in"))
}

/// Whether what a source file is compiled to has a package of the wish, or is not there yet.
fn pins(drive: &Drive<'_>, source: &str, wish: &Wish) -> bool {
    let Some(text) = drive.text(&target(source)) else { return true };
    let children = wish.children();
    let mut names = lines::requirements(&text).filter_map(|(_, line)| python::name(line));
    names.any(|name| {
        wish.packages().any(|(own, _)| python::same(name, own))
            || children.iter().any(|child| python::same(name, child))
    })
}

/// Whether a source file names another file: `-r`, `-c`, or the same in full.
fn builds_on_others(drive: &Drive<'_>, source: &str) -> bool {
    let text = drive.text(source).unwrap_or_default();
    text.lines().map(str::trim_start).any(|line| {
        ["-r", "-c", "--requirement", "--constraint"].iter().any(|option| line.starts_with(option))
    })
}

fn compile(drive: &Drive<'_>, wish: &Wish, source: &str) -> Result<(), Reason> {
    let target = target(source);
    let before = drive.text(&target).unwrap_or_default();
    // `#    pip-compile --generate-hashes requirements.in`
    let command = before.lines().take(20).find_map(|line| {
        Some(line.strip_prefix('#')?.trim()).filter(|l| l.starts_with("pip-compile"))
    });
    let mut arguments: Vec<&str> = vec!["--quiet", "--no-config"];
    let written = command.unwrap_or_default().split_whitespace();
    arguments.extend(written.filter(|option| OPTIONS.contains(option)));
    let exactly = |(name, to): (&str, Option<&str>)| match to {
        Some(to) => format!("{name}=={to}"),
        None => name.to_owned(),
    };
    let moves = !matches!(wish.kind, Kind::Remove | Kind::Replace);
    let packages: Vec<String> = wish.packages().filter(|_| moves).map(exactly).collect();
    let children = if wish.kind == Kind::RaiseParent { wish.children() } else { Vec::new() };
    for package in packages.iter().map(String::as_str).chain(children) {
        arguments.extend(["--upgrade-package", package]);
    }
    arguments.extend(["--output-file", &target, source]);
    let mut set = vec![("PIP_ONLY_BINARY", ":all:"), ("PIP_DISABLE_PIP_VERSION_CHECK", "1")];
    if let Some(command) = command {
        set.push(("CUSTOM_COMPILE_COMMAND", command));
    }
    drive.run(&arguments, &set)?;
    // What was asked of this run alone is not the file's.
    if !before.lines().any(|line| line == WHEELS)
        && let Some(after) = drive.text(&target)
        && let Some(text) = lines::without(&after, |line| line == WHEELS)
    {
        drive.write(&target, &text.replace("\n\n\n", "\n\n"))?;
    }
    Ok(())
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
    use super::blockers;

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
