//! What people agreed on and decided: charters, gates, exceptions, VEX, policies, selection.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::{HistoryArgs, IndexArgs, WalkArgs, output};

/// `trimtab charter`
#[derive(Debug, ClapArgs)]
pub struct Charter {
    /// What to do with charters.
    #[command(subcommand)]
    pub verb: CharterVerb,
}

/// What can be done with charters.
#[derive(Debug, Subcommand)]
pub enum CharterVerb {
    /// Write charter.toml and trimtab.toml, from a few questions or from a preset
    Init {
        /// Start from this preset and ask nothing
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
        /// The repository
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Overwrite existing files
        #[arg(long)]
        force: bool,
    },
    /// Check a charter, and the trimtab.toml beside it
    Check {
        /// The charter, or the folder that holds it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Explain all of a charter in words, with the source of every number
    Explain {
        /// A file, a preset or a repository [default: the current folder]
        charter: Option<String>,
    },
    /// Show what changed between two charters
    Diff {
        /// The earlier one: a file or a preset
        a: String,
        /// The later one
        b: String,
    },
    /// List the presets
    Presets,
}

/// `trimtab exceptions`
#[derive(Debug, ClapArgs)]
pub struct Exceptions {
    /// What to do with exceptions and decisions.
    #[command(subcommand)]
    pub verb: ExceptionsVerb,
}

/// What can be done with exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionsVerb {
    /// Show which decisions hold, and which are unused, expired, too long or not properly approved
    Check {
        /// The repository
        #[arg(default_value = ".")]
        path: PathBuf,
        /// The time to run as of, RFC 3339, so that a run can be repeated [default: now]
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// How to walk
        #[command(flatten)]
        walk: WalkArgs,
    },
    /// Import the ignore files of other tools as exceptions to be approved
    Import {
        /// Ignore files: osv-scanner.toml, .trivyignore(.yaml), .grype.yaml, .snyk, deny.toml, audit.toml, *suppression.xml
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The tool that the files belong to, if their names do not tell
        #[arg(long, value_name = "NAME")]
        tool: Option<String>,
        /// The person who requests the exceptions
        #[arg(long, value_name = "PERSON")]
        author: String,
        /// Write to a file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// `trimtab vex`
#[derive(Debug, ClapArgs)]
pub struct Vex {
    /// What to do with statements.
    #[command(subcommand)]
    pub verb: VexVerb,
}

/// What can be done with statements.
#[derive(Debug, Subcommand)]
pub enum VexVerb {
    /// Show what VEX documents would change, before they apply
    Preview {
        /// OpenVEX, CSAF or CycloneDX documents, or folders of them
        #[arg(required = true)]
        documents: Vec<PathBuf>,
        /// The repository
        #[arg(long, default_value = ".")]
        path: PathBuf,
        /// The scanned product, as a purl [default: the project's own packages]
        #[arg(long, value_name = "PURL")]
        product: Vec<String>,
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// How to walk
        #[command(flatten)]
        walk: WalkArgs,
    },
    /// Write a VEX document from the decisions made here
    Write(VexWrite),
}

/// `trimtab vex write`
#[derive(Debug, ClapArgs)]
pub struct VexWrite {
    /// The repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// `openvex`, `csaf` or `cyclonedx`
    #[arg(long, short, default_value = "openvex")]
    pub format: String,
    /// The product that the document is about, as a purl
    #[arg(long, value_name = "PURL")]
    pub product: String,
    /// The author of the document
    #[arg(long, value_name = "NAME")]
    pub author: String,
    /// The author's web address
    #[arg(long, value_name = "URL", default_value = "https://security.example")]
    pub namespace: String,
    /// The document's id: an IRI for OpenVEX
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// The previous release, as a commit or a saved scan (--format json): what is gone since then is `fixed`
    #[arg(long, value_name = "REF|FILE")]
    pub since: Option<String>,
    /// The time of issue, RFC 3339: the same input gives the same bytes
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// The document's version, from 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub document_version: u32,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// `trimtab policy`
#[derive(Debug, ClapArgs)]
pub struct Policy {
    /// What to do with policies.
    #[command(subcommand)]
    pub verb: PolicyVerb,
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Run the tests in `_test.rego` files
    Test {
        /// Files or folders [default: the built-in ones]
        paths: Vec<PathBuf>,
    },
    /// List the Rego packages that the gate evaluates
    List {
        /// Your own policy files or folders
        paths: Vec<PathBuf>,
    },
    /// Print a built-in policy, to read or to adapt
    Show {
        /// The policy's package, such as `trimtab.deadline`
        name: String,
    },
}

/// For whom something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// Business impact, deadline and cost
    Product,
    /// Upgrade path and where it is used
    Engineering,
    /// Likelihood, evidence and sources
    Security,
    /// Rollout, restart and rollback
    Operations,
}

/// `trimtab gate`
#[derive(Debug, ClapArgs)]
pub struct Gate {
    /// The repository
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Compare with a commit or a saved scan: only what the change brings in can fail
    #[arg(long, value_name = "REF|FILE")]
    pub against: Option<String>,
    /// Also fail on what was there before the change
    #[arg(long)]
    pub all: bool,
    /// Ask registries, through the ecosystems' own clients, about what the change brings in
    #[arg(long)]
    pub ask: bool,
    /// Time limit for all registries together, in seconds; what they have not answered by then is unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "ask")]
    pub ask_seconds: u32,
    /// Also evaluate these policies; one with the package of a built-in policy replaces it
    #[arg(long, value_name = "FILE|FOLDER")]
    pub policy: Vec<PathBuf>,
    /// Use this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// Which agreement judges a change that touches the agreement itself [default: both; the stricter counts]
    #[arg(long, value_enum, value_name = "WHICH", requires = "against")]
    pub agreement: Option<AgreementOf>,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = GateFormat::Text)]
    pub format: GateFormat,
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<GateFormat>())]
    pub output: Vec<output::Target<GateFormat>>,
    /// Show everything, including what was there before
    #[arg(long, short)]
    pub verbose: bool,
    /// Show what the gate would have said of the last N commits, each against the one before it
    #[arg(long, value_name = "N", conflicts_with_all = ["against", "format", "output", "history"])]
    pub dry_run: Option<u32>,
    /// The time to run as of, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// When findings were first seen
    #[command(flatten)]
    pub history: HistoryArgs,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// Whose charter, exceptions, statements, policies and settings judge a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AgreementOf {
    /// The one in the commit that it is compared with
    Before,
    /// The one that the change brings
    After,
    /// Both: what either refuses is refused
    Both,
}

/// An output format of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// For people
    Text,
    /// Trimtab's own JSON
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub Actions annotations
    Github,
    /// GitHub Actions step summary, Markdown
    StepSummary,
    /// GitLab code quality
    GitlabCodequality,
    /// GitLab dependency scanning
    Gitlab,
    /// JUnit XML
    Junit,
    /// Markdown for a merge request comment that is updated in place
    Markdown,
}

/// `trimtab check-new`
#[derive(Debug, ClapArgs)]
pub struct CheckNew {
    /// Packages, as purls; without a version, the newest one
    #[arg(required = true, value_name = "PURL")]
    pub purls: Vec<String>,
    /// Do not ask registries; use only answers that were kept
    #[arg(long)]
    pub offline: bool,
    /// Judge only its direct dependencies, not everything that it would bring in
    #[arg(long)]
    pub shallow: bool,
    /// Time limit for one client to answer, in seconds; three times as long to resolve what a package brings in
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    /// Use this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// Print JSON, one line per package
    #[arg(long)]
    pub json: bool,
    /// Also show what is fine
    #[arg(long, short)]
    pub verbose: bool,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
}
