//! Candidate updates, confirmed by the real resolver of their ecosystem: the package manager that
//! the project uses, run as a program in a copy of the project, with the user's own configuration.
//! One file per package manager, one table line here.
//!
//! What a resolver writes is handed back as it is. Reading lockfiles, and judging whether a change
//! makes anything worse, is done above, by pure code.

mod blocking;
mod built;
mod bundled;
mod bundler;
mod cargo;
mod change;
mod composer;
mod confirm;
mod detect;
mod dotnet;
mod drive;
mod edit;
pub(crate) mod environment;
pub(crate) mod folder;
mod forced;
mod go;
mod gradle;
pub mod image;
mod javascript;
pub(crate) mod layers;
mod marker;
mod maven;
mod needs;
mod npm;
mod parts;
mod peers;
mod pip;
mod pip_tools;
mod pnpm;
mod poetry;
mod proposal;
mod published;
mod python;
mod refusal;
mod requirement;
mod scratch;
mod search;
mod sources;
mod unbuilt;
mod uv;
mod wheels;
pub(crate) mod written;
mod yarn_berry;
mod yarn_classic;
mod yarn_line;
mod yarn_lock;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use trimtab_model::version::Scheme;
use trimtab_model::{Purl, Way};

pub use bundled::{Bundled, bundled};
pub use change::{Change, Confirmed, Ran};
pub use confirm::{Settled, askers, confirm, edits_of, listing, managing, settled};
pub use detect::{detect, detect_among, project_of};
pub use folder::sweep;
pub use forced::is_forced;
pub use go::vendor::{Vendored, vendored, vendored_at};
pub use needs::{Need, needs};
pub use parts::Parts;
pub use published::published;
pub use refusal::{Blocker, Reason, Refusal};
pub use scratch::{Bounds, Extent, Scratch, ScratchError};
pub use search::{Found, lower_lines, near_ends, smallest_parent};
pub use trimtab_model::Proposal;
pub use unbuilt::Unbuilt;

use drive::Drive;
use edit::{Edits, Manifests, Uneditable};
use proposal::{Kind, Wish};
use scratch::Keep;

/// How package managers are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folders in which programs are looked for before those of `PATH`.
    pub programs: Vec<PathBuf>,
    /// How long all programs of one confirmation may take.
    pub time_limit: Duration,
    /// How much one program may write to each of its outputs, in bytes.
    pub output_limit: usize,
    /// Names of further variables of the environment that programs see. None of them is written
    /// into what is told.
    pub variables: Vec<String>,
    /// Whether a package manager may run code out of the project where it cannot resolve without
    /// (Gradle's build files, a Gemfile, pnpm's hooks), and packages of Python that have no wheel be built.
    pub project_code: bool,
    /// Versions that were published later are not chosen, by the tools that can be told so
    /// ([`Tool::keeps_to_age`]). What is asked for by its version is, and so is what stays.
    pub before: Option<Timestamp>,
    /// What images hold that builds start from, as documents tell.
    pub images: Vec<image::Image>,
    /// What stays at a version without a wheel, and is not asked what it requires. Of pip and pip-tools.
    pub unbuilt: Unbuilt,
}

impl Default for Options {
    /// Ten minutes, 32 MiB, no further variables, no code of the project, versions of any age.
    fn default() -> Options {
        Options {
            programs: Vec::new(),
            time_limit: Duration::from_secs(600),
            output_limit: 32 << 20,
            variables: Vec::new(),
            project_code: false,
            before: None,
            images: Vec::new(),
            unbuilt: Unbuilt::default(),
        }
    }
}

/// Tells who asks for a package.
type Asks = fn(&Drive<'_>, &str) -> Result<Vec<Blocker>, Reason>;
/// Tells what is chosen.
type Lists = fn(&Drive<'_>) -> Result<Vec<Purl>, Reason>;
/// Puts a project in order. What it resolves, listed or not, where it cannot.
type Settles = fn(&Drive<'_>) -> Result<Option<Vec<Purl>>, Reason>;

/// A package manager: one table line each.
pub struct Tool {
    /// Its stable name, as in output: `yarn-berry`.
    id: &'static str,
    /// The purl type of its packages.
    purl_type: &'static str,
    /// How its versions are ordered.
    scheme: Scheme,
    /// Programs that it may be, the preferred one first.
    programs: &'static [&'static str],
    /// What to install when it is missing.
    install: &'static str,
    /// Beginnings of the environment variables that configure it.
    variables: &'static [&'static str],
    /// Names of its lockfiles. None: it has no lockfile.
    lockfiles: &'static [&'static str],
    /// Whether a file of this name is a manifest: people write it, and only edits change it.
    manifest: fn(&str) -> bool,
    /// Whether manifests in the folders above its own are part of the project too.
    above: bool,
    /// How a file is kept in a copy for the resolver: its path below the root, with `/`.
    keep: fn(&str) -> Keep,
    /// The edit of the manifests that a wish means.
    edit: fn(&Manifests, &Wish) -> Result<Edits, Uneditable>,
    /// Whether the program edits the manifests itself, and keeps their format.
    edits_itself: bool,
    /// Whether locking adds what belongs to the edits into the edited manifests (hashes), so that they are not put back.
    completes_edits: bool,
    /// Code of the project that it would run.
    code: fn(&Manifests) -> Option<&'static str>,
    /// Kinds of which one run of it carries out several at once: [`Wish::also`].
    at_once: &'static [Kind],
    /// Whether relocking a package moves all its versions that are locked, each to the newest that is
    /// allowed, whatever version is wanted.
    moves_all: bool,
    /// Lets it resolve what was edited.
    lock: fn(&Drive<'_>, &Wish, &Edits) -> Result<(), Reason>,
    /// Who stands in the way, out of its own words.
    blockers: fn(&str) -> Vec<Blocker>,
    /// Who asks for a package, and in which versions, as the tool tells after it has resolved.
    asks: Option<Asks>,
    /// What is chosen, of a tool without a lockfile.
    listing: Option<Lists>,
    /// Puts a project in order without any change, if the program does so with every change.
    settle: Option<Settles>,
}

impl Tool {
    /// Its stable name, as in output: `yarn-berry`.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The purl type of its packages.
    pub fn purl_type(&self) -> &'static str {
        self.purl_type
    }

    /// Names of its lockfiles. Empty: it has none, and [`listing`] tells what is chosen.
    pub fn lockfiles(&self) -> &'static [&'static str] {
        self.lockfiles
    }

    /// Whether its lockfile tells what is chosen. Otherwise [`listing`] does.
    pub fn has_lockfile(&self) -> bool {
        self.listing.is_none()
    }

    /// Whether relocking a package moves all its versions that are locked, each to the newest that is
    /// allowed, whatever version is wanted.
    pub fn moves_all(&self) -> bool {
        self.moves_all
    }

    /// Whether a file is a manifest, by its path: people write it.
    pub fn is_manifest(&self, path: &str) -> bool {
        (self.manifest)(path.rsplit('/').next().unwrap_or(path))
    }

    /// Whether its files take in others, wherever they lie.
    fn takes_in(&self) -> bool {
        matches!(self.id, "pip" | "pip-tools")
    }

    /// Folders that no copy for it has.
    fn left(&self) -> &'static [&'static str] {
        // A Go package may have the name of what others build.
        if self.id == "go" { scratch::LEFT_OF_GO } else { scratch::LEFT }
    }

    /// Whether one run of it does this to several packages.
    pub fn does_several(&self, way: Way) -> bool {
        let kind = match way {
            Way::Raise | Way::BaseImage => Kind::Raise,
            Way::RaiseParent => Kind::RaiseParent,
            Way::Relock => Kind::Relock,
            Way::Override => Kind::Override,
            Way::Remove => Kind::Remove,
            Way::Replace => Kind::Replace,
        };
        self.at_once.contains(&kind)
    }

    /// Whether it can be told how old a version must be: [`Options::before`].
    pub fn keeps_to_age(&self) -> bool {
        matches!(self.id, "npm" | "pnpm" | "yarn-berry" | "uv" | "poetry" | "pip-tools")
    }

    /// Why it cannot be run, where it is not installed.
    pub fn missing(&self, options: &Options) -> Option<Reason> {
        drive::found(self, options).err()
    }

    /// Beginnings of the environment variables that configure it.
    pub(crate) fn own_variables(&self) -> &'static [&'static str] {
        self.variables
    }

    /// The tool of this name.
    pub fn by_id(id: &str) -> Option<&'static Tool> {
        TOOLS.iter().find(|tool| tool.id == id)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Every package manager that is driven.
pub const TOOLS: &[Tool] = &[
    cargo::TOOL,
    npm::TOOL,
    pnpm::TOOL,
    yarn_classic::TOOL,
    yarn_berry::TOOL,
    uv::TOOL,
    poetry::TOOL,
    pip_tools::TOOL,
    pip::TOOL,
    go::TOOL,
    maven::TOOL,
    gradle::TOOL,
    bundler::TOOL,
    composer::TOOL,
    dotnet::TOOL,
    image::TOOL,
];
