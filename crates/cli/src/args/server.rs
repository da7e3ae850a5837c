//! The server, and what talks to it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::{FeedArgs, IndexArgs, WalkArgs};

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
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8321")]
    pub listen: String,
    /// The URL that people use, without a path [default: http://LISTEN]
    #[arg(long, value_name = "URL")]
    pub public: Option<String>,
    /// The name of the organisation that the first run creates
    #[arg(long, value_name = "NAME", default_value = "My organisation")]
    pub organisation: String,
    /// The largest document to accept, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub largest_upload: u64,
    /// Delete the bytes of documents that are older than this and not evidence [default: keep every byte]
    #[arg(long, value_name = "DAYS")]
    pub keep_days: Option<u32>,
    /// How many jobs to run at once in this process; 0: none, other processes run them
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub workers: usize,
    /// How often to fetch the feeds, in hours [default: never; run `trimtab db update`]
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub feeds_every: Option<u32>,
    /// Write logs as JSON, one object per line
    #[arg(long)]
    pub log_json: bool,
    /// How people and programs get in
    #[command(flatten)]
    pub access: AccessArgs,
    /// How notices leave
    #[command(flatten)]
    pub notices: NoticeArgs,
    /// Where the store is
    #[command(flatten)]
    pub store: StoreArgs,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// What is fetched
    #[command(flatten, next_help_heading = "What --feeds-every fetches")]
    pub feeds: FeedArgs,
}

/// How people and programs get in.
#[derive(Debug, ClapArgs)]
pub struct AccessArgs {
    /// The file with the key that encrypts secrets, 32 bytes in Base64; created if missing [default: next to the store;
    /// for a PostgreSQL store: none]
    #[arg(long, value_name = "FILE", env = "TRIMTAB_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// A proxy to trust, besides those on this machine: its X-Forwarded-For is believed
    #[arg(long = "proxy", value_name = "IP")]
    pub proxies: Vec<IpAddr>,
    /// How many requests a token may make per second; 0: no limit
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub token_rate: u32,
    /// The issuer URL of an OpenID Connect provider
    #[arg(long, value_name = "URL", requires = "oidc_client", env = "TRIMTAB_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// The client ID at the provider
    #[arg(long, value_name = "ID", env = "TRIMTAB_OIDC_CLIENT")]
    pub oidc_client: Option<String>,
    /// The file with the client secret, if there is one
    #[arg(long, value_name = "FILE", env = "TRIMTAB_OIDC_SECRET_FILE")]
    pub oidc_secret_file: Option<PathBuf>,
    /// The provider's name on the sign-in button
    #[arg(long, value_name = "NAME", default_value = "single sign-on")]
    pub oidc_name: String,
    /// The claim that lists a person's groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    pub oidc_groups: String,
    /// The role of a group at the provider: `appsec=security`
    #[arg(long = "oidc-role", value_name = "GROUP=ROLE")]
    pub oidc_roles: Vec<String>,
}

/// How notices leave.
#[derive(Debug, ClapArgs)]
pub struct NoticeArgs {
    /// The mail server; without a port, the usual one for --mail-security [default: no mail is sent]
    #[arg(long, value_name = "HOST[:PORT]", requires = "mail_from", env = "TRIMTAB_MAIL_SERVER")]
    pub mail_server: Option<String>,
    /// How to protect the connection to it; `none` only on this machine
    #[arg(long, value_enum, default_value_t = MailSecurity::Starttls)]
    pub mail_security: MailSecurity,
    /// The sender's address
    #[arg(long, value_name = "ADDRESS", env = "TRIMTAB_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// The user name at the mail server, if it needs one
    #[arg(long, value_name = "NAME", requires = "mail_password_file", env = "TRIMTAB_MAIL_USER")]
    pub mail_user: Option<String>,
    /// The file with the password for the mail server
    #[arg(long, value_name = "FILE", env = "TRIMTAB_MAIL_PASSWORD_FILE")]
    pub mail_password_file: Option<PathBuf>,
    /// Let teams use channels at addresses in internal networks
    #[arg(long)]
    pub private_channels: bool,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MailSecurity {
    /// TLS from the first byte (port 465)
    Tls,
    /// STARTTLS, without which nothing is sent (port 587)
    Starttls,
    /// None (port 25): only to this machine
    None,
}

/// Which server.
#[derive(Debug, ClapArgs)]
pub struct ServerArgs {
    /// The server's URL; the token is read from TRIMTAB_TOKEN
    #[arg(long, value_name = "URL", env = "TRIMTAB_SERVER")]
    pub server: String,
    /// Read the token from this file instead
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// `trimtab push`
#[derive(Debug, ClapArgs)]
pub struct Push {
    /// A repository, or an SBOM to upload as it is
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
    /// The commit [default: from the CI's variables]
    #[arg(long, value_name = "ID")]
    pub revision: Option<String>,
    /// The branch, if it is not the main line [default: from the CI's variables]
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// The main line's name, if the CI does not say which branch it is
    #[arg(long, value_name = "NAME")]
    pub main_line: Option<String>,
    /// The build [default: from the CI's variables]
    #[arg(long, value_name = "ID")]
    pub build: Option<String>,
    /// Also upload a report of another scanner about it. May be repeated
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
    /// Also upload a VEX document that applies to it. May be repeated
    #[arg(long, value_name = "FILE")]
    pub vex: Vec<PathBuf>,
    /// Also upload a plan for it that `trimtab plan --format json` wrote
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Also upload what `trimtab apply --format json` wrote about a batch of it. May be repeated
    #[arg(long, value_name = "FILE")]
    pub applied: Vec<PathBuf>,
    /// Also upload what `trimtab gate --format json` or `trimtab check-new --json` said about it. May be repeated
    #[arg(long, value_name = "FILE")]
    pub gate: Vec<PathBuf>,
    /// Also record that it was deployed to this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// How many seconds to wait for the server to read it, at most 50
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait: u64,
    /// Exit with code 1 if it violates the agreement: something new is above what its system's tier accepts, or
    /// something is past its deadline; with 3 if that is not known, as for other branches
    #[arg(long)]
    pub verdict: bool,
    /// Do not gather the further facts that the server asks for [default: ask registries, by their own clients and for
    /// about a minute, when versions were published and what came after them, and ask git who merged updates]
    #[arg(long)]
    pub no_facts: bool,
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
    #[arg(long, value_name = "NAME", required_unless_present = "pods")]
    pub asset: Option<String>,
    /// The output of `kubectl get pods -A -o json` (`-` for standard input), instead of one asset: its images are found
    /// by the names of assets of kind image
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["asset", "snapshot", "revision", "outcome", "at"])]
    pub pods: Option<PathBuf>,
    /// A name for the cluster: what was in its previous list, and is in neither this list nor another cluster's, counts as stopped
    #[arg(long, value_name = "NAME", requires = "pods")]
    pub cluster: Option<String>,
    /// The environment, by its name in the charter
    #[arg(long, visible_alias = "env", value_name = "NAME")]
    pub environment: String,
    /// The snapshot's id
    #[arg(long, value_name = "ID")]
    pub snapshot: Option<i64>,
    /// The commit [default: the newest snapshot]
    #[arg(long, value_name = "ID", conflicts_with = "snapshot")]
    pub revision: Option<String>,
    /// How the deployment ended
    #[arg(long, value_enum, default_value_t = DeployOutcome::Ok)]
    pub outcome: DeployOutcome,
    /// When it happened, RFC 3339 [default: now]
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
    /// It does not run
    Failed,
    /// What ran before runs again; name that one
    RolledBack,
    /// It no longer runs; name what ran
    Stopped,
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
    /// Recompute and check every seal
    Verify {
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Export it, one JSON object per line, with everything that a verifier needs
    Export {
        /// Only this organisation
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        /// Also write the documents and charters that entries name to this folder, each named by its SHA-256
        #[arg(long, value_name = "DIR")]
        documents: Option<PathBuf>,
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// `trimtab store`
#[derive(Debug, ClapArgs)]
pub struct Store {
    /// What to do with the store.
    #[command(subcommand)]
    pub verb: StoreVerb,
}

/// What can be done with a store.
#[derive(Debug, Subcommand)]
pub enum StoreVerb {
    /// Write a consistent backup of the whole store to a file; the server may keep running
    Backup {
        /// The file to write; it must not exist yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Restore a backup into an empty store, SQLite or PostgreSQL
    Restore {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Create another organisation and print the link that signs in its first admin; the server may keep running
    Organisation {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// The URL that people use, without a path
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8321")]
        public: String,
        /// Where the store is
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Copy a whole store to another, empty one; stop the server first
    Migrate {
        /// The store to copy from
        #[arg(long, value_name = "FILE|URL")]
        from: String,
        /// The empty store to copy to
        #[arg(long, value_name = "FILE|URL")]
        to: String,
    },
}
