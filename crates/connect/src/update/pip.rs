//! pip: requirement files that people pin by hand. `pip install --dry-run --report` resolves them,
//! of wheels only, and installs nothing.

use serde_json::Value;
use trimtab_model::Purl;

use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, lines};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::scratch::Keep;
use super::{Tool, python, requirement};

pub(crate) const TOOL: Tool = Tool {
    id: "pip",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["pip", "pip3"],
    install: "pip 23 or later (it comes with Python)",
    variables: &["PIP_", "PYENV_"],
    lockfiles: &[],
    manifest: is_file,
    above: false,
    keep: |path| if lines::may_require(path) { Keep::Yes } else { Keep::No },
    edit,
    edits_itself: false,
    at_once: &[],
    moves_all: false,
    code: |_| None,
    lock,
    blockers: python::blockers,
    asks: None,
    listing: Some(listing),
    settle: None,
};

fn is_file(name: &str) -> bool {
    name.starts_with("requirements") && name.ends_with(".txt")
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    let named =
        |line: &str| requirement::name(line).is_some_and(|n| requirement::same(n, &wish.name));
    for (path, text) in manifests.named(is_file) {
        if text.contains("--hash") {
            let why = format!("{path} has hashes: let pip-compile write it");
            return Err(Uneditable::Unsupported(why));
        }
        let direct = lines::requirements(text).any(|(_, line)| named(line));
        let new = match wish.kind {
            Kind::Override if direct => return Err(Uneditable::Direct),
            // What others bring is forced by a line of its own.
            Kind::Override => {
                let here = *path == manifests.here("requirements.txt");
                here.then(|| lines::appended(text, &format!("{}>={}", wish.name, wish.to())))
            }
            Kind::Relock if !direct => {
                let why = "nothing locks what others bring";
                return Err(Uneditable::Unsupported(why.to_owned()));
            }
            Kind::Remove => lines::without(text, named),
            _ => lines::each(text, |line| requirement::edited(line, wish))?,
        };
        if let Some(new) = new {
            edits.put(path, new, wish, "");
        }
    }
    edits.named()
}

fn lock(drive: &Drive<'_>, _: &Wish, edits: &Edits) -> Result<(), Reason> {
    for path in edits.files.keys() {
        let below = path.strip_prefix(&drive.manifests.folder).unwrap_or(path);
        report(drive, below.trim_start_matches('/'))?;
    }
    Ok(())
}

fn report(drive: &Drive<'_>, file: &str) -> Result<Value, Reason> {
    let mut arguments = vec!["install", "--dry-run", "--ignore-installed"];
    if !drive.builds() {
        arguments.extend(["--only-binary", ":all:"]);
    }
    let requirement = format!("--requirement={file}");
    arguments.extend(["--quiet", "--report", "-", &requirement]);
    let set = [("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1")];
    let output = drive.try_run(&arguments, &set)?;
    if !output.is_well() {
        let lines = drive.text(file).unwrap_or_default();
        let why =
            python::without_wheel(&drive.words(&output), |name| requirement::pin(&lines, name));
        let why = why.filter(|_| !drive.builds());
        return Err(why.unwrap_or_else(|| drive.means(&output)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|e| Reason::Failed(format!("its report: {e}")))
}

fn listing(drive: &Drive<'_>) -> Result<Vec<Purl>, Reason> {
    let mut all = Vec::new();
    let own = |path: &str| path.rsplit_once('/').map_or("", |(f, _)| f) == drive.manifests.folder;
    for (path, _) in drive.manifests.named(is_file).filter(|(path, _)| own(path)) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let value = report(drive, name)?;
        for item in value["install"].as_array().into_iter().flatten() {
            let text = |key: &str| item["metadata"][key].as_str().filter(|t| !t.is_empty());
            if let (Some(name), Some(version)) = (text("name"), text("version")) {
                all.push(Purl::new("pypi", None, name).with_version(version));
            }
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}
