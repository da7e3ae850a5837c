//! The command line: what `--help`, completions and man pages are made from.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use trimtab_model::advisory::Rating;

use crate::output::Format;

/// Finds the smallest change that removes the most dependency risk, and gets it shipped.
#[derive(Debug, Parser)]
#[command(name = "trimtab", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 clean, 1 policy violated, 2 usage or configuration, 3 incomplete.\n\
    The first steps: trimtab demo, then trimtab db update, then trimtab scan PATH."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// One verb, one job.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find known vulnerabilities in what a folder or file uses
    Scan(Scan),
    /// List what a folder or file uses, and work with SBOMs
    Sbom(Sbom),
    /// Keep the advisory index
    Db(Db),
    /// Tell what is known about a vulnerability
    Explain(Explain),
    /// Tell how a package came in
    Why(Why),
    /// Turn a saved scan (--format json) into another format
    Convert(Convert),
    /// Compare versions as an ecosystem orders them
    Compare(Compare),
    /// Pass or fail a repository or a change, by the charter and its policies
    Gate(Gate),
    /// Judge a dependency before it is added, by the charter's rules on selection
    CheckNew(CheckNew),
    /// Make, check, explain and compare charters
    Charter(Charter),
    /// Check what is accepted until when, and take over the ignores of other tools
    Exceptions(Exceptions),
    /// Preview the statements of suppliers, and write ours
    Vex(Vex),
    /// List, show and test the policies of the gate
    Policy(Policy),
    /// Show the main job on a small sample organisation, with no network
    Demo(Demo),
    /// List the formats that are read
    Formats,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages to a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

/// Which index.
#[derive(Debug, ClapArgs)]
pub struct IndexArgs {
    /// The advisory index [default: in the user's data folder]
    #[arg(long, value_name = "FILE", env = "TRIMTAB_DB")]
    pub db: Option<PathBuf>,
}

/// How to walk a tree.
#[derive(Debug, ClapArgs)]
pub struct WalkArgs {
    /// Also look at what .gitignore leaves out
    #[arg(long)]
    pub no_ignore: bool,
    /// Largest file that is read, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub max_file_size: u64,
}

/// Where the result goes.
#[derive(Debug, ClapArgs)]
pub struct OutputArgs {
    /// Output format
    #[arg(long, short, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show everything, notes included
    #[arg(long, short)]
    pub verbose: bool,
}

/// `trimtab scan`
#[derive(Debug, ClapArgs)]
pub struct Scan {
    /// Folders, lockfiles, manifests or SBOMs
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Use no network (scanning never does; kept for scripts)
    #[arg(long)]
    pub offline: bool,
    /// End with exit code 1 if a finding has this rating or a graver one, or is malicious; `any` for every finding
    #[arg(long, value_enum, value_name = "RATING")]
    pub fail_on: Option<FailOn>,
    /// Weigh by this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// The moment for which exceptions hold, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
    /// Where the result goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The least rating that counts as a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Every finding, those of unknown severity too
    Any,
    /// Low and graver
    Low,
    /// Medium and graver
    Medium,
    /// High and graver
    High,
    /// Critical only
    Critical,
}

impl FailOn {
    /// The rating; `None` for every finding.
    pub fn rating(self) -> Option<Rating> {
        match self {
            FailOn::Any => None,
            FailOn::Low => Some(Rating::Low),
            FailOn::Medium => Some(Rating::Medium),
            FailOn::High => Some(Rating::High),
            FailOn::Critical => Some(Rating::Critical),
        }
    }
}

/// `trimtab sbom`
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
pub struct Sbom {
    /// Work with SBOMs that exist.
    #[command(subcommand)]
    pub verb: Option<SbomVerb>,
    /// Folders, lockfiles, manifests or SBOMs
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = Format::CyclonedxJson)]
    pub format: Format,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show everything, notes included
    #[arg(long, short)]
    pub verbose: bool,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// What can be done with SBOMs.
#[derive(Debug, Subcommand)]
pub enum SbomVerb {
    /// Write an SBOM in another format
    Convert {
        /// The SBOM
        file: PathBuf,
        /// Output format
        #[arg(long, short, value_enum, default_value_t = Format::CyclonedxJson)]
        format: Format,
        /// Write to a file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Tell what changed between two SBOMs or folders: components, licences, findings
    Diff {
        /// The earlier one
        a: PathBuf,
        /// The later one
        b: PathBuf,
        /// Where the index is, for findings
        #[command(flatten)]
        index: IndexArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Make one SBOM of several
    Merge {
        /// The SBOMs or folders
        #[arg(required = true, num_args = 1..)]
        files: Vec<PathBuf>,
        /// Output format
        #[arg(long, short, value_enum, default_value_t = Format::CyclonedxJson)]
        format: Format,
        /// Write to a file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check an SBOM against the minimum elements (NTIA 2021, CISA 2025) and score its quality
    Check {
        /// The SBOM or folder
        file: PathBuf,
        /// Write JSON
        #[arg(long)]
        json: bool,
        /// End with exit code 1 if the score is lower
        #[arg(long, value_name = "SCORE")]
        min_score: Option<u8>,
    },
}

/// `trimtab db`
#[derive(Debug, ClapArgs)]
pub struct Db {
    /// What to do with the index.
    #[command(subcommand)]
    pub verb: DbVerb,
}

/// What can be done with the index.
#[derive(Debug, Subcommand)]
pub enum DbVerb {
    /// Fetch advisories and build the index
    Update(DbUpdate),
    /// Tell what the index holds and how old it is
    Status {
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every byte of the index
    Verify {
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
    },
    /// Tell what changed between two indexes; with one, since the update before
    Diff {
        /// The earlier index [default: the one before the last update]
        #[arg(value_name = "OLD")]
        old: Option<PathBuf>,
        /// Where the later index is
        #[command(flatten)]
        index: IndexArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

/// `trimtab db update`
#[derive(Debug, ClapArgs)]
pub struct DbUpdate {
    /// A folder or URL with `<Ecosystem>/all.zip`, as OSV publishes it [default: OSV's public bucket, with CISA's KEV and FIRST's EPSS]
    #[arg(long, value_name = "FOLDER|URL")]
    pub from: Option<String>,
    /// Malicious packages in the same layout [default: beside it]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub malicious: Option<String>,
    /// Known exploited vulnerabilities, CISA's JSON [default: beside it]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub kev: Option<String>,
    /// EPSS scores, csv.gz [default: beside it]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub epss: Option<String>,
    /// Product lifecycles, JSON [default: beside it]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub lifecycle: Option<String>,
    /// Only these ecosystems
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ecosystems: Vec<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
}

/// `trimtab explain`
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// A vulnerability: CVE, GHSA, RUSTSEC, MAL, …
    #[arg(value_name = "ID")]
    pub id: String,
    /// Also tell where these folders or files have it
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Tell what it means here to one audience, by the charter [path default: here]
    #[arg(long = "for", value_enum, value_name = "AUDIENCE")]
    pub audience: Option<Audience>,
    /// Weigh by this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// `trimtab why`
#[derive(Debug, ClapArgs)]
pub struct Why {
    /// A purl, with or without version, or a package's name
    #[arg(value_name = "PURL")]
    pub purl: String,
    /// Folders, lockfiles or SBOMs [default: here]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// `trimtab convert`
#[derive(Debug, ClapArgs)]
pub struct Convert {
    /// The saved scan; `-` for standard input
    pub file: PathBuf,
    /// Where the result goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `trimtab compare`
#[derive(Debug, ClapArgs)]
pub struct Compare {
    /// The ecosystem, as OSV names it (npm, PyPI, Maven, Debian, …) or as a purl type
    pub ecosystem: String,
    /// One version; without versions, pairs are read from standard input, one `A B` a line
    #[arg(requires = "b", allow_hyphen_values = true)]
    pub a: Option<String>,
    /// The other
    #[arg(allow_hyphen_values = true)]
    pub b: Option<String>,
}

/// `trimtab demo`
#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Where the result goes
    #[command(flatten)]
    pub output: OutputArgs,
}

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
    /// Write charter.toml and trimtab.toml: asks a few questions, or takes a preset
    Init {
        /// Start from this preset and ask nothing
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
        /// The repository
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Write over files that exist
        #[arg(long)]
        force: bool,
    },
    /// Check a charter, and the trimtab.toml beside it
    Check {
        /// The charter, or the folder that holds it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Tell everything that a charter says, in words, with the source of every number
    Explain {
        /// A file, a preset or a repository [default: here]
        charter: Option<String>,
    },
    /// Tell what changed between two charters
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
    /// What to do with exceptions.
    #[command(subcommand)]
    pub verb: ExceptionsVerb,
}

/// What can be done with exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionsVerb {
    /// Tell which exceptions hold, and which are unused, expired, too long or not properly approved
    Check {
        /// The repository
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// How to walk
        #[command(flatten)]
        walk: WalkArgs,
    },
    /// Take over the ignores of other tools, to be approved
    Import {
        /// Their files: osv-scanner.toml, .trivyignore(.yaml), .grype.yaml, .snyk, deny.toml, audit.toml, *suppression.xml
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The tool, where the file's name does not say it
        #[arg(long, value_name = "NAME")]
        tool: Option<String>,
        /// Who asks for them
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
    /// Tell what documents would change, before they apply
    Preview {
        /// OpenVEX, CSAF or CycloneDX documents, or folders of them
        #[arg(required = true)]
        documents: Vec<PathBuf>,
        /// The repository
        #[arg(long, default_value = ".")]
        path: PathBuf,
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// How to walk
        #[command(flatten)]
        walk: WalkArgs,
    },
    /// Write a document of what was decided here
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
    /// Who says it
    #[arg(long, value_name = "NAME")]
    pub author: String,
    /// The author's address on the web
    #[arg(long, value_name = "URL", default_value = "https://security.example")]
    pub namespace: String,
    /// The document's id: an IRI for OpenVEX
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// When it is issued, RFC 3339: the same input gives the same bytes
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
    /// List the packages that the gate asks
    List {
        /// Files or folders of your own
        paths: Vec<PathBuf>,
    },
    /// Print a built-in policy, to read or to change
    Show {
        /// Its package, as `trimtab.deadline`
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
    /// Compare with a commit or a saved scan: only what this change brought in can fail
    #[arg(long, value_name = "REF|FILE")]
    pub against: Option<String>,
    /// Let what was there before fail as well
    #[arg(long)]
    pub all: bool,
    /// Ask registries, through the ecosystems' own clients, about what the change brings in
    #[arg(long)]
    pub ask: bool,
    /// Also ask these policies; one with the package of a built-in takes its place
    #[arg(long, value_name = "FILE|FOLDER")]
    pub policy: Vec<PathBuf>,
    /// Weigh by this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = GateFormat::Text)]
    pub format: GateFormat,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show everything, what was there before included
    #[arg(long, short)]
    pub verbose: bool,
    /// Tell how the last N commits would have ended, each against the one before it
    #[arg(long, value_name = "N", conflicts_with_all = ["against", "format", "output"])]
    pub dry_run: Option<u32>,
    /// The moment, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
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
    /// Annotations of GitHub Actions
    Github,
    /// The step summary of GitHub Actions, Markdown
    StepSummary,
    /// GitLab code quality
    GitlabCodequality,
    /// GitLab dependency scanning
    Gitlab,
    /// JUnit XML
    Junit,
    /// A comment for a merge request that is updated in place
    Markdown,
}

/// `trimtab check-new`
#[derive(Debug, ClapArgs)]
pub struct CheckNew {
    /// Packages, as purls; without a version the newest is meant
    #[arg(required = true, value_name = "PURL")]
    pub purls: Vec<String>,
    /// Ask no registry: only answers that were kept
    #[arg(long)]
    pub offline: bool,
    /// Judge by this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// Write JSON, one line a package
    #[arg(long)]
    pub json: bool,
    /// Show what is fine as well
    #[arg(long, short)]
    pub verbose: bool,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
}
