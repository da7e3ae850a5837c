//! The image that a build starts from: a Dockerfile is the manifest, and what an image holds is told by a document of it
//! that the user names. No image is fetched, and nothing is built.

mod dockerfile;
mod tag;

use std::path::Path;
use std::time::{Duration, Instant};

use trimtab_model::version::Scheme;
use trimtab_model::{Proposal, Purl};

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable};
use super::proposal::Wish;
use super::refusal::Reason;
use super::scratch::Keep;
use crate::program;

pub use dockerfile::{Start, raised, starts};
pub use tag::{above, newest};

/// How long a tool that lists tags may take, and how much it may write.
const ASKED: (Duration, usize) = (Duration::from_secs(60), 8 << 20);
/// Programs that list the tags of an image, with the user's own configuration, and how they are asked.
const LISTERS: &[(&str, &[&str], &str)] =
    &[("crane", &["ls", "--"], ""), ("skopeo", &["list-tags", "--"], "docker://")];

pub(crate) const TOOL: Tool = Tool {
    id: "dockerfile",
    purl_type: "docker",
    scheme: Scheme::Unknown,
    programs: &[],
    install: "",
    variables: &[],
    lockfiles: &[],
    manifest: is_dockerfile,
    above: false,
    keep: |path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        if is_dockerfile(name) { Keep::Yes } else { Keep::No }
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[],
    moves_all: false,
    code: |_| None,
    lock: |_, _, _| Ok(()),
    blockers: |_| Vec::new(),
    asks: None,
    listing: Some(listing),
    settle: None,
};

/// What an image holds, as a document of it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name, with its host where one is told.
    pub name: String,
    /// Its tag.
    pub tag: String,
    /// The digest of it that the document is of, where that is told.
    pub digest: Option<String>,
    /// Its packages.
    pub packages: Vec<Purl>,
}

impl Image {
    /// An image by its reference, `name:tag` or `name:tag@sha256:…`. `None`: it is none with a tag.
    pub fn of(reference: &str, packages: Vec<Purl>) -> Option<Image> {
        let start = dockerfile::reference(reference)?;
        Some(Image { name: start.name, tag: start.tag?, digest: start.digest, packages })
    }

    /// Whether a build starts from it.
    pub fn is(&self, start: &Start) -> bool {
        let digest = start.digest.is_none() || self.digest.is_none() || start.digest == self.digest;
        self.name == start.name && Some(&self.tag) == start.tag.as_ref() && digest
    }

    /// What a build that starts from it names behind the name.
    pub fn to(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.tag),
            None => self.tag.clone(),
        }
    }
}

/// Whether a file is a Dockerfile, by its name.
pub fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|base| {
        name.strip_prefix(base).is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with('.') && rest != ".dockerignore")
        }) || name.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// The purl of what a build starts from, at its tag.
pub fn purl(start: &Start) -> Purl {
    let path = start.path();
    let (namespace, name) = match path.rsplit_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, path),
    };
    let purl = Purl::new("docker", namespace, name);
    match &start.tag {
        Some(tag) => purl.with_version(tag),
        None => purl,
    }
}

/// The tags of an image, as a local tool tells them, with the tool's name. `None`: there is no such tool, or it cannot say.
pub fn tags(name: &str, programs: &[std::path::PathBuf]) -> Option<(&'static str, Vec<String>)> {
    if !crate::registry::is_name(&name.replace(':', "-")) {
        return None;
    }
    LISTERS.iter().find_map(|(program, arguments, prefix)| {
        let path = program::in_folders(program, programs).or_else(|| program::on_path(program))?;
        let tags = asked(&path, arguments, &format!("{prefix}{name}"))?;
        Some((*program, tags))
    })
}

fn asked(program: &Path, arguments: &[&str], image: &str) -> Option<Vec<String>> {
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(image);
    let limits = program::Limits { until: Instant::now() + ASKED.0, output: ASKED.1 };
    let output = program::run_tied(command, limits).ok().filter(program::Output::is_well)?;
    let text = String::from_utf8(output.stdout).ok()?;
    let all: Vec<String> = match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Object(told)) => {
            let tags = told.get("Tags")?.as_array()?.iter();
            tags.filter_map(|tag| Some(tag.as_str()?.to_owned())).collect()
        }
        _ => text.lines().map(|line| line.trim().to_owned()).collect(),
    };
    Some(all.into_iter().filter(|tag| dockerfile::is_tag(tag)).collect())
}

/// The Dockerfiles of the folder itself.
fn own(manifests: &Manifests) -> impl Iterator<Item = (&String, &String)> {
    manifests.named(is_dockerfile).filter(|(path, _)| {
        path.rsplit_once('/').map_or("", |(folder, _)| folder) == manifests.folder
    })
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    let from = wish.from.as_deref().ok_or(Uneditable::NotNamed)?;
    for (path, text) in own(manifests) {
        match raised(text, &wish.name, from, wish.to()) {
            Ok(Some(text)) => edits.put(path, text, wish, wish.to()),
            Ok(None) => {}
            Err(why) => return Err(Uneditable::Unsupported(why)),
        }
    }
    edits.named()
}

/// The packages of the images that the builds of the folder ship.
fn listing(drive: &Drive<'_>) -> Result<Vec<Purl>, Reason> {
    let files = drive.scratch.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let manifests = Manifests::of(&TOOL, &drive.scratch.inside(), &files);
    let mut all = Vec::new();
    for (_, text) in own(&manifests) {
        for start in starts(text).into_iter().filter(|start| start.shipped) {
            let image = drive.images().iter().find(|image| image.is(&start)).ok_or_else(|| {
                Reason::Unsupported(format!("no inventory says what `{start}` contains"))
            })?;
            all.extend(image.packages.iter().cloned());
        }
    }
    Ok(all)
}

/// What the proposal to start from another tag is checked for: its name, the tag that is there, and the one that is wanted.
pub(crate) fn wished(proposal: &Proposal) -> Result<(String, String, String), Reason> {
    let no = |what: &str| Reason::Unsupported(format!("`{what}` is not the tag of an image"));
    let Proposal::BaseImage { image, to } = proposal else { return Err(no("")) };
    let name = match image.namespace() {
        Some(namespace) => format!("{namespace}/{}", image.name()),
        None => image.name().to_owned(),
    };
    let from = image.version().unwrap_or_default();
    let (tag, digest) = to.split_once('@').map_or((&**to, None), |(tag, d)| (tag, Some(d)));
    if !dockerfile::is_tag(from) || !dockerfile::is_tag(tag) {
        return Err(no(to));
    }
    if digest.is_some_and(|digest| !dockerfile::is_digest(digest)) {
        return Err(no(to));
    }
    if above(tag, from).is_some_and(std::cmp::Ordering::is_lt) {
        let (from, to) = (from.to_owned(), to.to_string());
        return Err(Reason::Downgrade { package: name, from, to });
    }
    Ok((name, from.to_owned(), to.to_string()))
}
