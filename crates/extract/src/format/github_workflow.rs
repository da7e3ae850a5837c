//! GitHub Actions: workflows and composite actions (Forgejo's and Gitea's have the same form).
//!
//! `uses:` names an action or reusable workflow as `owner/repository[/path]@ref`, a container image
//! as `docker://…`, or something of the own repository as `./…` or `$/…`, which adds nothing. Jobs also name
//! images in `container` and `services`.
//!
//! A full commit is a pin and is the purl's version. By custom its tag stands in a comment behind
//! it (`# v4.1.0`); that is what somebody wrote, not what the commit is, so it is kept as the
//! requirement: a matcher may use it as a hint. A tag or branch can be moved at any time and is
//! reported as floating; a tag with all three numbers still names a version, `v4` and `main` do
//! not.

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Purl, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

use super::image::{self, ImageReference};
use crate::read::tree::{Kind, Value};
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "github-workflow",
    title: "GitHub Actions",
    family: Some(Family::GitHubActions),
    kind: FormatKind::Configuration,
    names: ".github/workflows/*.yml, action.yml",
    claims,
    sniff: None,
    extract,
};

fn claims(path: &str) -> bool {
    let name = view::file_name(path);
    if !(name.ends_with(".yml") || name.ends_with(".yaml")) {
        return false;
    }
    let folder = view::folder(path);
    let forge = |f: &str| matches!(view::file_name(f), ".github" | ".gitea" | ".forgejo");
    matches!(name, "action.yml" | "action.yaml")
        || (view::file_name(folder) == "workflows" && forge(view::folder(folder)))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::parse(&text)?;
    let root = doc.root();
    let mut workflow = Workflow { file: FileInventory::default(), lines: text.lines().collect() };
    for (_, job) in root.get("jobs").into_iter().flat_map(Value::entries) {
        workflow.steps(job);
        if let Some(uses) = job.get("uses") {
            workflow.uses(uses);
        }
        if let Some(container) = job.get("container") {
            workflow.container(container);
        }
        for (_, service) in job.get("services").into_iter().flat_map(Value::entries) {
            workflow.container(service);
        }
    }
    if let Some(runs) = root.get("runs") {
        workflow.steps(runs);
        // An action's image is `docker://…` or a Dockerfile beside it, which is read by itself.
        if let Some(image) = runs.get("image").and_then(Value::as_str)
            && image.starts_with("docker://")
            && let Some(value) = runs.get("image")
        {
            workflow.uses(value);
        }
    }
    // Jobs may state their parts in any order; the inventory has the order of the file.
    workflow.file.components.sort_by_key(|c| c.line);
    workflow.file.unmanaged.sort_by_key(|u| u.line);
    Ok(workflow.file)
}

struct Workflow<'t> {
    file: FileInventory,
    lines: Vec<&'t str>,
}

impl Workflow<'_> {
    fn steps(&mut self, owner: Value<'_>) {
        for step in owner.get("steps").into_iter().flat_map(Value::items) {
            if let Some(uses) = step.get("uses") {
                self.uses(uses);
            }
        }
    }

    fn uses(&mut self, value: Value<'_>) {
        let (text, line) = (value.scalar().unwrap_or_default().trim(), value.line());
        if ["./", "../", ".\\", "$/"].iter().any(|own| text.starts_with(own)) {
            return;
        }
        if let Some(image) = text.strip_prefix("docker://") {
            self.image(image, line);
            return;
        }
        if text.contains("${{") {
            self.unresolved(text, line);
            return;
        }
        let Some(component) = self.action(text, line) else {
            self.malformed(text, line);
            return;
        };
        let pinned = component.purl.version().is_some_and(is_commit);
        if !pinned {
            self.file.unmanaged.push(Unmanaged {
                reason: UnmanagedReason::FloatingVersion,
                package: Some(component.purl.package()),
                requirement: text.rsplit_once('@').map(|(_, reference)| reference.into()),
                line: Some(line),
            });
        }
        self.file.add(component);
    }

    fn action(&self, text: &str, line: u32) -> Option<Component> {
        let (path, reference) = text.split_once('@')?;
        // A forge other than the default may be named by its full address.
        let path = path.strip_prefix("https://github.com/").unwrap_or(path);
        let mut parts = path.splitn(3, '/');
        let owner = parts.next().filter(|p| is_name(p))?;
        let repository = parts.next().filter(|p| is_name(p))?;
        let subpath = parts.next().unwrap_or_default();
        if reference.is_empty() || reference.contains(' ') {
            return None;
        }
        let version = Some(reference).filter(|r| is_commit(r) || is_full_version(r));
        let purl = Purl::new("github", Some(owner), repository)
            .with_version(version.unwrap_or_default())
            .with_subpath(subpath.trim_matches('/'));
        let mut component = Component::new(purl);
        component.relation = Relation::Direct;
        component.scope = Scope::Build;
        component.line = Some(line);
        component.requirement = match version {
            Some(version) if is_commit(version) => self.comment(line).map(Into::into),
            Some(_) => None,
            None => Some(reference.into()),
        };
        Some(component)
    }

    /// The version that a comment on a line names: `# v4.1.0`, `# tag=v4.1.0`, `# pin@v4`.
    fn comment(&self, line: u32) -> Option<&str> {
        let text = self.lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let (_, comment) = text.split_once(" #")?;
        comment.split(|c: char| c.is_whitespace() || matches!(c, '=' | '@' | ',')).find(|word| {
            let digits = word.strip_prefix('v').unwrap_or(word);
            digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
        })
    }

    /// A container by its image, or by a map with one.
    fn container(&mut self, value: Value<'_>) {
        let image = if value.kind() == Kind::Map { value.get("image") } else { Some(value) };
        if let Some(image) = image
            && let Some(text) = image.scalar().filter(|t| !t.is_empty())
        {
            self.image(text.trim_start_matches("docker://"), image.line());
        }
    }

    fn image(&mut self, text: &str, line: u32) {
        if text.contains("${{") {
            self.unresolved(text, line);
            return;
        }
        match ImageReference::parse(text) {
            Some(reference) => {
                image::add(&mut self.file, &reference, Scope::Build, line);
            }
            None => self.malformed(text, line),
        }
    }

    fn unresolved(&mut self, text: &str, line: u32) {
        self.file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::Unresolved,
            package: None,
            requirement: Some(text.into()),
            line: Some(line),
        });
    }

    fn malformed(&mut self, text: &str, line: u32) {
        self.file.diagnostics.push(
            Diagnostic::new(
                Code::EntryMalformed,
                format!("`{text}` names neither an action with a ref nor an image"),
            )
            .at_line(line),
        );
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Three numbers, as `v4.1.0` or `4.1.0-rc.1`.
fn is_full_version(reference: &str) -> bool {
    let text = reference.strip_prefix('v').unwrap_or(reference);
    let core = text.split(['-', '+']).next().unwrap_or(text);
    core.split('.').count() >= 3
        && core.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
