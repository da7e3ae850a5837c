//! Composer: `composer update --no-install`, with scripts and plugins off.

use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::json::{self, Document};
use super::edit::{Edits, Manifests, Uneditable, not_both, raised};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "composer",
    purl_type: "composer",
    scheme: Scheme::Packagist,
    programs: &["composer"],
    install: "Composer 2",
    variables: &["COMPOSER_"],
    lockfiles: &[LOCKFILE],
    manifest: |name| name == MANIFEST,
    above: false,
    keep: |path| match path.rsplit('/').next().unwrap_or_default() {
        MANIFEST | LOCKFILE | "auth.json" => Keep::Yes,
        _ => Keep::No,
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

const MANIFEST: &str = "composer.json";
const LOCKFILE: &str = "composer.lock";
const SECTIONS: &[&str] = &["require", "require-dev"];

/// A package that others bring is forced by asking for it directly.
fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind == Kind::Relock {
        return Ok(Edits::none());
    }
    let path = manifests.here(MANIFEST);
    let text = manifests.text(MANIFEST).ok_or(Uneditable::NotNamed)?;
    let document = Document::read(text, &path)?;
    let mut edits = Edits::none();
    not_both(&document, SECTIONS, wish)?;
    for section in SECTIONS {
        let Some(member) = document.object(&[section]).and_then(|o| o.get(&wish.name)) else {
            continue;
        };
        let old = json::text(&member).unwrap_or_default();
        match wish.kind {
            Kind::Override => return Err(Uneditable::Direct),
            Kind::Remove => member.remove(),
            _ => {
                let new = match wish.kind {
                    // Another package has other versions.
                    Kind::Replace => Some(format!("^{}", wish.to())),
                    _ => raised(&old, wish, "^", Scheme::Packagist)?,
                };
                let Some(new) = new else { continue };
                json::set_value(&member, &new);
                if wish.kind == Kind::Replace {
                    json::rename(&member, wish.other());
                }
            }
        }
        edits.put(&path, document.text(), wish, wish.to());
    }
    if wish.kind == Kind::Override {
        let range = format!(">={}", wish.to());
        json::set(&document.object_or_new(&["require"])?, &wish.name, &range);
        edits.put(&path, document.text(), wish, wish.to());
    }
    edits.named()
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    // Composer updates single packages of a lockfile alone.
    if drive.text(LOCKFILE).is_none() {
        let why = "there is no composer.lock, without which Composer updates no single package: run `composer update` once and plan again";
        return Err(Reason::Unsupported(why.to_owned()));
    }
    let exactly = format!("{}:{}", wish.name, wish.to());
    let mut arguments = vec!["update"];
    match wish.kind {
        // Exactly this version for this run, within the range of the manifest.
        Kind::Raise | Kind::Override => arguments.extend([&*wish.name, "--with", &exactly]),
        Kind::RaiseParent => {
            arguments.extend([&*wish.name, wish.other(), "--with", &exactly]);
        }
        Kind::Relock => {
            arguments.push(&wish.name);
            if wish.to.is_some() {
                arguments.extend(["--with", &exactly]);
            }
        }
        Kind::Remove => arguments.push(&wish.name),
        Kind::Replace => arguments.extend([&*wish.name, wish.other()]),
    }
    arguments.extend([
        "--with-dependencies",
        "--minimal-changes",
        "--no-install",
        "--no-scripts",
        "--no-plugins",
        "--no-audit",
        "--no-interaction",
        "--no-ansi",
    ]);
    let set = [("COMPOSER_ALLOW_SUPERUSER", "1"), ("COMPOSER_NO_DEV", "0")];
    let output = drive.try_run(&arguments, &set)?;
    if output.is_well() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if !words.contains("--minimal-changes") {
        return Err(drive.means(&output));
    }
    // Before 2.7 there was no such option.
    arguments.retain(|argument| *argument != "--minimal-changes");
    drive.run(&arguments, &set).map(drop)
}

/// `- left/left 2.0.0 requires right/right <3 -> …`
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let (who, rest) = line.trim().trim_start_matches("- ").split_once(" requires ")?;
        let (needs, range) = rest.split(" -> ").next()?.trim().split_once(' ')?;
        let who = match who {
            "Root composer.json" => "the project".to_owned(),
            who => who.replacen(' ', "@", 1),
        };
        Some(Blocker {
            who,
            needs: needs.to_owned(),
            range: range.trim_end_matches(',').to_owned(),
        })
    };
    text.lines().filter_map(one).collect()
}
