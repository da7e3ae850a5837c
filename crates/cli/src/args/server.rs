//! The server, and what talks to it.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::{IndexArgs, WalkArgs};

/// Where the store is.
#[derive(Debug, ClapArgs)]
pub struct StoreArgs {
    /// The store: a SQLite file, or postgres://… [default: a file in the user's data folder]
    #[arg(long, value_name = "FILE|URL", env = "TRIMTAB_STORE", hide_env_values = true)]
    pub store: Option<String>,
}

/// `trimtab serve`
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8321")]
    pub listen: String,
    /// The address that people use, without a path [default: http://LISTEN]
    #[arg(long, value_name = "URL")]
    pub public: Option<String>,
    /// The name of the organisation that a first run makes
    #[arg(long, value_name = "NAME", default_value = "My organisation")]
    pub organisation: String,
    /// The largest document that is taken, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub largest_upload: u64,
    /// How many jobs run at once in this process; 0: none, others work
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub workers: usize,
    /// Logs as JSON, one object a line
    #[arg(long)]
    pub log_json: bool,
    /// Where the store is
    #[command(flatten)]
    pub store: StoreArgs,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
}

/// Which server.
#[derive(Debug, ClapArgs)]
pub struct ServerArgs {
    /// The server's address; its token is taken from TRIMTAB_TOKEN
    #[arg(long, value_name = "URL", env = "TRIMTAB_SERVER")]
    pub server: String,
    /// Read the token from this file instead
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// `trimtab push`
#[derive(Debug, ClapArgs)]
pub struct Push {
    /// A repository, or an SBOM that is sent as it is
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// The asset's name [default: the folder's or file's own name]
    #[arg(long, value_name = "NAME")]
    pub asset: Option<String>,
    /// What the asset is
    #[arg(long, value_enum, default_value_t = AssetKind::Repository)]
    pub kind: AssetKind,
    /// The system that it belongs to
    #[arg(long, value_name = "NAME")]
    pub system: Option<String>,
    /// The commit [default: what the CI says]
    #[arg(long, value_name = "ID")]
    pub revision: Option<String>,
    /// A branch that is not the main line
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// The build
    #[arg(long, value_name = "ID")]
    pub build: Option<String>,
    /// It was deployed to this environment, too
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Wait so many seconds for the server to read it, at most 50
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait: u64,
    /// Which server
    #[command(flatten)]
    pub server: ServerArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AssetKind {
    /// A repository
    Repository,
    /// A container image
    Image,
    /// A host
    Host,
    /// A supplier's product
    Product,
}

/// `trimtab deployed`
#[derive(Debug, ClapArgs)]
pub struct Deployed {
    /// The asset's name
    #[arg(long, value_name = "NAME")]
    pub asset: String,
    /// The environment: a name of the charter
    #[arg(long, visible_alias = "env", value_name = "NAME")]
    pub environment: String,
    /// The snapshot's id
    #[arg(long, value_name = "ID")]
    pub snapshot: Option<i64>,
    /// The commit [default: the newest snapshot]
    #[arg(long, value_name = "ID", conflicts_with = "snapshot")]
    pub revision: Option<String>,
    /// How it ended
    #[arg(long, value_enum, default_value_t = DeployOutcome::Ok)]
    pub outcome: DeployOutcome,
    /// When, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Which server
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeployOutcome {
    /// It runs
    Ok,
    /// It does not
    Failed,
    /// What ran before runs again: name that
    RolledBack,
}

/// `trimtab ledger`
#[derive(Debug, ClapArgs)]
pub struct Ledger {
    /// What to do with the ledger.
    #[command(subcommand)]
    pub verb: LedgerVerb,
}

/// What can be done with the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Reckon every seal again
    Verify {
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Write it out, one JSON object a line, with everything that a verifier needs
    Export {
        /// Only the organisation of this name
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
}
