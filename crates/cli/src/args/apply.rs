//! Carrying out, and taking back.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{IndexArgs, WalkArgs, output};

/// `trimtab apply`
#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// The batch, by its name in the plan [default: the first that waits for no version to be old enough]
    #[arg(value_name = "BATCH")]
    pub batch: Option<String>,
    /// The plan, as trimtab plan --format json writes it; `-` for standard input [default: the last one of this repository]
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// The repository, or a folder of it
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The commit to begin with
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub at: String,
    /// How it is carried out
    #[command(flatten)]
    pub trial: TrialArgs,
    /// Send the branch to the git host, and ask for the change there: a pull or merge request
    #[arg(long)]
    pub request: bool,
    /// Ask for it even if people closed a request for the same, or took it back
    #[arg(long, requires = "request")]
    pub again: bool,
    /// Where the repository is
    #[command(flatten)]
    pub host: HostArgs,
    /// The moment, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = ApplyFormat::Markdown)]
    pub format: ApplyFormat,
    /// Write to a file instead of standard output; with a format before it, beside standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<ApplyFormat>())]
    pub output: Vec<output::Target<ApplyFormat>>,
}

/// How a batch is carried out.
#[derive(Debug, Clone, ClapArgs)]
pub struct TrialArgs {
    /// The command that tests the project; `detected`: as projects of its kind usually are; `none` [default: of trimtab.toml]
    #[arg(long, value_name = "COMMAND")]
    pub test: Option<String>,
    /// One commit for each action
    #[arg(long)]
    pub commit_each: bool,
    /// How often tests are run at most to find the action that breaks them
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub runs: usize,
    /// Write the branch even if tests do not tell whether it breaks something
    #[arg(long)]
    pub untested: bool,
    /// Let package managers run code of the project where they cannot resolve without
    #[arg(long)]
    pub project_code: bool,
    /// Continue this list of what batches came to, which trimtab plan learns costs from [default: one in the data folder]
    #[arg(long, value_name = "FILE")]
    pub finished: Option<PathBuf>,
    /// What images hold that builds start from
    #[command(flatten)]
    pub images: ImageArgs,
}

/// What images hold.
#[derive(Debug, Clone, ClapArgs)]
pub struct ImageArgs {
    /// A bill of material of an image that a Dockerfile starts from, or could: `debian:12.8=FILE`, with `@sha256:…` where it is pinned. May be repeated
    #[arg(long = "image-sbom", value_name = "NAME:TAG=FILE")]
    pub image_sbom: Vec<String>,
}

/// Which git host, for a request.
#[derive(Debug, Clone, ClapArgs)]
pub struct HostArgs {
    /// The remote that the branch is sent to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub remote: String,
    /// What the host runs: github, gitlab, gitea, azure, bitbucket [default: known by its name]
    #[arg(long, value_name = "KIND")]
    pub host: Option<String>,
    /// The address of its API [default: where that kind of host has it]
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// The branch that the request would change [default: the one that is checked out]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
}

/// How a batch that was carried out is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApplyFormat {
    /// For people, and for the text of a request
    Markdown,
    /// For programs: all of it
    Json,
    /// The change alone, as git am takes it
    Patch,
}

/// `trimtab rollback`
#[derive(Debug, ClapArgs)]
pub struct Rollback {
    /// The batch
    #[arg(value_name = "BATCH")]
    pub batch: String,
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The branch or commit that has the batch
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub at: String,
    /// The moment that the commit carries, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}
