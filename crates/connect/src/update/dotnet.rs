//! NuGet, by `dotnet restore`. It evaluates project files, which are code, so it is run only where
//! that is allowed. Edits are of the version in a project file or in `Directory.Packages.props`.

use trimtab_model::version::Scheme;

use super::Tool;
use super::edit::xml::{self, Element};
use super::edit::{Edits, Manifests, Uneditable, spliced};
use super::proposal::{Kind, Wish};
use super::refusal::Blocker;
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "dotnet",
    purl_type: "nuget",
    scheme: Scheme::NuGet,
    programs: &["dotnet"],
    install: "the .NET SDK 8 or later",
    variables: &["NUGET_", "DOTNET_", "MSBUILD"],
    lockfiles: &["packages.lock.json"],
    manifest: is_project,
    above: true,
    keep: |path| {
        let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let ends = [".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".sln", ".slnx"];
        let known = ["packages.lock.json", "nuget.config", "global.json"];
        let keeps = known.contains(&&*name) || ends.iter().any(|end| name.ends_with(end));
        if keeps { Keep::Yes } else { Keep::No }
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[],
    moves_all: false,
    code: |_| Some("its project files"),
    lock: |drive, _, _| {
        let arguments = ["restore", "--force-evaluate", "--nologo"];
        drive.run(&arguments, &[("DOTNET_CLI_TELEMETRY_OPTOUT", "1")]).map(drop)
    },
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

const CENTRAL: &str = "Directory.Packages.props";

fn is_project(name: &str) -> bool {
    [".csproj", ".fsproj", ".vbproj"].iter().any(|end| name.ends_with(end))
}

/// Whether an element is about the package.
fn is_about(text: &str, element: &Element, name: &str) -> bool {
    let last = element.path.rsplit('/').next().unwrap_or_default();
    matches!(last, "PackageReference" | "PackageVersion" | "GlobalPackageReference")
        && ["Include", "Update"].iter().any(|attribute| {
            xml::attribute(text, element, attribute)
                .is_some_and(|(v, _)| v.eq_ignore_ascii_case(name))
        })
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let files = || manifests.named(|name| is_project(name) || name == CENTRAL);
    let mut edits = Edits::none();
    let mut about = false;
    for (path, text) in files() {
        let all = xml::elements(text, path)?;
        let mut parts = Vec::new();
        for (at, element) in all.iter().enumerate() {
            if !is_about(text, element, &wish.name) {
                continue;
            }
            about = true;
            if wish.kind == Kind::Remove {
                parts.push((xml::whole_line(text, element), String::new()));
                continue;
            }
            if wish.kind == Kind::Replace {
                let place = xml::attribute(text, element, "Include");
                parts.extend(place.map(|(_, place)| (place, wish.other().to_owned())));
            }
            let version = xml::attribute(text, element, "Version")
                .or_else(|| xml::attribute(text, element, "VersionOverride"))
                .or_else(|| xml::value(text, xml::child(&all, at, "Version")?));
            let Some((old, place)) = version.filter(|(old, _)| !old.contains('$')) else {
                continue;
            };
            let lower =
                Scheme::NuGet.compare(wish.to(), old).is_some_and(std::cmp::Ordering::is_lt);
            if lower && wish.kind != Kind::Replace {
                return Err(Uneditable::Downgrade(old.to_owned()));
            }
            parts.push((place, wish.to().to_owned()));
        }
        if !parts.is_empty() {
            edits.put(path, spliced(text, parts), wish, wish.to());
        }
    }
    match wish.kind {
        Kind::Override if about => Err(Uneditable::Direct),
        Kind::Override => direct(manifests, wish),
        Kind::Relock => Err(Uneditable::Unsupported(
            "NuGet takes the lowest allowed version: reference the package directly to raise it"
                .to_owned(),
        )),
        _ => edits.named(),
    }
}

/// What others bring is forced by a reference of its own, beside the first one of the file.
fn direct(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    for central in [true, false] {
        for (path, text) in manifests.named(|name| (name == CENTRAL) == central) {
            if !(central || is_project(path)) {
                continue;
            }
            let last = if central { "PackageVersion" } else { "PackageReference" };
            let all = xml::elements(text, path)?;
            let Some(first) = all.iter().find(|e| e.path.ends_with(&format!("/{last}"))) else {
                continue;
            };
            let line = xml::whole_line(text, first).start;
            let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
            let new = format!(
                "{}<{last} Include=\"{}\" Version=\"{}\" />{end}",
                xml::indent(text, first),
                wish.name,
                wish.to()
            );
            return Ok(Edits::one(path.clone(), spliced(text, vec![(line..line, new)])));
        }
    }
    Err(Uneditable::NotNamed)
}

/// `error NU1107: Version conflict detected for Right. … Left 2.0.0 -> Right (>= 1.0.0 && < 3.0.0)`
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let (before, last) = line.trim().rsplit_once(" -> ")?;
        let who = before.rsplit(" -> ").next()?.trim().replacen(' ', "@", 1);
        let (needs, range) = last.trim_end_matches(['.', ' ']).split_once(" (")?;
        let range = range.trim_end_matches(')').to_owned();
        Some(Blocker { who, needs: needs.to_owned(), range })
    };
    text.lines().filter_map(one).collect()
}
