//! The command line: what `--help`, completions and man pages are made from.

mod agreement;
mod apply;
mod backtest;
mod feeds;
pub mod output;
mod plan;
mod requests;
mod server;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use trimtab_model::advisory::Rating;

pub use agreement::{
    AgreementOf, Audience, Charter, CharterVerb, CheckNew, Exceptions, ExceptionsVerb, Gate,
    GateFormat, Policy, PolicyVerb, Vex, VexVerb, VexWrite,
};

pub use apply::{Apply, ApplyFormat, HostArgs, ImageArgs, Rollback, TrialArgs};
pub use backtest::{Backtest, BacktestFormat, Other};
pub use feeds::FeedArgs;
pub use plan::{Plan, PlanFormat};
pub use requests::{Requests, RequestsFormat};
pub use server::{
    AccessArgs, AssetKind, DeployOutcome, Deployed, Ledger, LedgerVerb, MailSecurity, NoticeArgs,
    Push, Serve, ServerArgs, Store, StoreArgs, StoreVerb,
};

use crate::output::Format;

/// Finds the smallest change that removes the most dependency risk, and gets it shipped.
#[derive(Debug, Parser)]
#[command(name = "trimtab", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 clean, 1 policy violated, 2 usage or configuration, 3 incomplete.\n\
    First steps: trimtab demo, then trimtab db update, then trimtab scan PATH."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// One verb, one job.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find known vulnerabilities in the dependencies of a folder or file
    Scan(Scan),
    /// List the dependencies of a folder or file as an SBOM, and work with SBOMs
    Sbom(Sbom),
    /// Manage the advisory index
    Db(Db),
    /// Show what is known about a vulnerability
    Explain(Explain),
    /// Show which dependencies bring a package in
    Why(Why),
    /// Convert a saved scan (--format json) to another format
    Convert(Convert),
    /// Compare versions by an ecosystem's own rules
    Compare(Compare),
    /// Check a repository or a change against the charter and the policies: pass or fail
    Gate(Gate),
    /// Plan the updates that remove the most risk: which ones, in which window, for how much work
    Plan(Plan),
    /// Simulate a repository's past under an agreement before you sign it: what it would have cost and saved
    Backtest(Backtest),
    /// Carry out a batch of a plan in a copy, test it there, and write a branch
    Apply(Apply),
    /// Show Trimtab's requests on the git host and what to do about each; --sync does it
    Requests(Box<Requests>),
    /// Write a branch that reverts a batch
    Rollback(Rollback),
    /// Judge a dependency before you add it, by the charter's rules on selection
    CheckNew(CheckNew),
    /// Create, check, explain and compare charters
    Charter(Charter),
    /// Check exceptions, and import the ignore files of other tools
    Exceptions(Exceptions),
    /// Preview what suppliers' VEX documents change, and write your own
    Vex(Vex),
    /// List, show and test the gate's policies
    Policy(Policy),
    /// Run the server for the whole organisation: pages, API and jobs
    Serve(Box<Serve>),
    /// Upload a repository's inventory, or an SBOM as it is, to a server
    Push(Push),
    /// Tell a server what was deployed where
    Deployed(Deployed),
    /// Verify or export the ledger of a store
    Ledger(Ledger),
    /// Back up, restore or migrate a store, or add an organisation to it
    Store(Store),
    /// Show how Trimtab works on a small sample organisation, without a network
    Demo(Demo),
    /// List the file formats that Trimtab reads
    Formats,
    /// Print shell completions
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
#[derive(Debug, Clone, ClapArgs)]
pub struct IndexArgs {
    /// The advisory index [default: in the user's data folder]
    #[arg(long, value_name = "FILE", env = "TRIMTAB_DB")]
    pub db: Option<PathBuf>,
}

/// When findings were first seen.
#[derive(Debug, ClapArgs)]
pub struct HistoryArgs {
    /// The file that records when findings were first seen: deadlines count from then
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Add what is found now to the history file; create the file if there is none
    #[arg(long, requires = "history")]
    pub record: bool,
}

/// How to walk a tree.
#[derive(Debug, Clone, ClapArgs)]
pub struct WalkArgs {
    /// Also read files that .gitignore excludes
    #[arg(long)]
    pub no_ignore: bool,
    /// Largest file to read, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub max_file_size: u64,
}

/// Where the result goes.
#[derive(Debug, ClapArgs)]
pub struct OutputArgs {
    /// Output format
    #[arg(long, short, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<Format>())]
    pub output: Vec<output::Target<Format>>,
    /// Show everything, including notes
    #[arg(long, short)]
    pub verbose: bool,
}

/// `trimtab scan`
#[derive(Debug, ClapArgs)]
pub struct Scan {
    /// Folders, lockfiles, manifests or SBOMs
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Do not use the network (scanning never does; accepted for scripts)
    #[arg(long)]
    pub offline: bool,
    /// Exit with code 1 if a finding has this rating or a higher one, or is malicious; `any`: if there is any finding
    #[arg(long, value_enum, value_name = "RATING")]
    pub fail_on: Option<FailOn>,
    /// Use this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
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
    /// Where the result goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The least rating that counts as a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Every finding, including those of unknown severity
    Any,
    /// Low and above
    Low,
    /// Medium and above
    Medium,
    /// High and above
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
    /// Show everything, including notes
    #[arg(long, short)]
    pub verbose: bool,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// What can be done with SBOMs.
#[derive(Debug, Subcommand)]
pub enum SbomVerb {
    /// Convert an SBOM to another format
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
    /// Show what changed between two SBOMs or folders: components, licences, findings
    Diff {
        /// The earlier one
        a: PathBuf,
        /// The later one
        b: PathBuf,
        /// Where the index is, for findings
        #[command(flatten)]
        index: IndexArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Merge several SBOMs into one
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
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Exit with code 1 if the score is lower
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
    /// Show what the index holds and how old it is
    Status {
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every byte of the index
    Verify {
        /// Where the index is
        #[command(flatten)]
        index: IndexArgs,
    },
    /// Show what changed between two indexes; without OLD, in the last update
    Diff {
        /// The earlier index [default: the one before the last update]
        #[arg(value_name = "OLD")]
        old: Option<PathBuf>,
        /// Where the later index is
        #[command(flatten)]
        index: IndexArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `trimtab db update`
#[derive(Debug, ClapArgs)]
pub struct DbUpdate {
    /// What to read
    #[command(flatten)]
    pub feeds: FeedArgs,
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
    /// Also show where it is in these folders or files
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Explain what it means here for one audience, by the charter [PATH default: the current folder]
    #[arg(long = "for", value_enum, value_name = "AUDIENCE")]
    pub audience: Option<Audience>,
    /// Use this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// The file that records when findings were first seen
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// The time to run as of, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
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
    /// Folders, lockfiles or SBOMs [default: the current folder]
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
    /// The ecosystem, as OSV names it (npm, PyPI, Maven, Debian, …), or its purl type
    pub ecosystem: String,
    /// The first version; without versions, read pairs from standard input, one `A B` per line
    #[arg(requires = "b", allow_hyphen_values = true)]
    pub a: Option<String>,
    /// The second version
    #[arg(allow_hyphen_values = true)]
    pub b: Option<String>,
}

/// `trimtab demo`
#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Serve a sample organisation with a year of made-up history on this machine, until Ctrl-C
    #[arg(long, conflicts_with_all = ["format", "output", "verbose"])]
    pub serve: bool,
    /// Where the result goes
    #[command(flatten)]
    pub output: OutputArgs,
}
