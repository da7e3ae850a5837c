//! Carrying out, and taking back.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{IndexArgs, WalkArgs, output};

/// `trimtab apply`
#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// The batch, by its name in the plan [default: the first that is not waiting for a version to be old enough]
    #[arg(value_name = "BATCH")]
    pub batch: Option<String>,
    /// The plan, as trimtab plan --format json writes it; `-` for standard input [default: this repository's last plan]
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// The repository, or a folder of it
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The commit to start from
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub at: String,
    /// How it is carried out
    #[command(flatten)]
    pub trial: TrialArgs,
    /// Push the branch to the git host, and open a pull or merge request there
    #[arg(long)]
    pub request: bool,
    /// Open it even if people closed a request for the same change, or reverted it
    #[arg(long, requires = "request")]
    pub again: bool,
    /// Where the repository is
    #[command(flatten)]
    pub host: HostArgs,
    /// The time to run as of, RFC 3339, so that a run can be repeated [default: now]
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
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<ApplyFormat>())]
    pub output: Vec<output::Target<ApplyFormat>>,
}

/// How a batch is carried out.
#[derive(Debug, Clone, ClapArgs)]
pub struct TrialArgs {
    /// The command that tests the project; `detected`: the usual one for this kind of project; `none`: no tests [default: from trimtab.toml]
    #[arg(long, value_name = "COMMAND")]
    pub test: Option<String>,
    /// Write one commit per action
    #[arg(long)]
    pub commit_each: bool,
    /// How many test runs to spend at most on finding the action that breaks the tests
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub runs: usize,
    /// Write the branch even if the tests cannot tell whether it breaks something
    #[arg(long)]
    pub untested: bool,
    /// Let package managers run the project's code where they cannot resolve without it
    #[arg(long)]
    pub project_code: bool,
    /// Add the outcome to this file, from which trimtab plan learns costs [default: a file in the data folder]
    #[arg(long, value_name = "FILE")]
    pub finished: Option<PathBuf>,
    /// What images hold that builds start from
    #[command(flatten)]
    pub images: ImageArgs,
}

/// What images hold.
#[derive(Debug, Clone, ClapArgs)]
pub struct ImageArgs {
    /// An SBOM of an image that a Dockerfile starts from, or could start from: `debian:12.8=FILE`, with `@sha256:…` where it is pinned. May be repeated
    #[arg(long = "image-sbom", value_name = "NAME:TAG=FILE")]
    pub image_sbom: Vec<String>,
}

/// Which git host, for a request.
#[derive(Debug, Clone, ClapArgs)]
pub struct HostArgs {
    /// The git remote to push the branch to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub remote: String,
    /// The kind of git host: github, gitlab, gitea, azure, bitbucket [default: recognised by its name]
    #[arg(long, value_name = "KIND")]
    pub host: Option<String>,
    /// The URL of its API [default: the usual one for that kind of host]
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// The branch that the request would change [default: the one checked out]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
}

/// How a batch that was carried out is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApplyFormat {
    /// For people, and as the text of a request
    Markdown,
    /// For programs, complete
    Json,
    /// Only the change, as a patch for git am
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
    /// Test the project without the batch by this command first; `detected`: the usual one for this kind of project [default: no tests]
    #[arg(long, value_name = "COMMAND")]
    pub test: Option<String>,
    /// Write the branch whatever the tests say
    #[arg(long, requires = "test")]
    pub untested: bool,
    /// The time of the commit, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}
