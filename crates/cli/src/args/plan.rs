//! Planning.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{HistoryArgs, IndexArgs, WalkArgs, output};

/// `trimtab plan`
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// The repository, or a folder of it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// A cadence of the charter, or week, sprint, cool-down, month, quarter [default: of trimtab.toml, else the charter's first with windows]
    #[arg(long, value_name = "NAME")]
    pub cadence: Option<String>,
    /// Points of work in a window [default: of trimtab.toml, else 10]
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: Option<u32>,
    /// How many windows are planned
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub windows: u16,
    /// Ask no package manager and no registry: what is planned is not confirmed
    #[arg(long)]
    pub offline: bool,
    /// How long package managers and registries are asked, in seconds
    #[arg(long = "time", value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// How often package managers are asked at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub tries: usize,
    /// Let package managers run code of the project where they cannot resolve without (Gradle, Bundler, .NET, hooks), and build packages of Python that have no wheel
    #[arg(long)]
    pub project_code: bool,
    /// What images hold that builds start from
    #[command(flatten)]
    pub images: super::ImageArgs,
    /// Plan also what broke the tests when it was carried out, in the same versions
    #[arg(long)]
    pub again: bool,
    /// Weigh by this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// The moment of planning, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// When findings were first seen
    #[command(flatten)]
    pub history: HistoryArgs,
    /// What earlier batches came to, to learn costs from: continued by what git says became of them [default: one in the data folder, as trimtab apply continues it]
    #[arg(long, value_name = "FILE")]
    pub finished: Option<PathBuf>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// Write to a file instead of standard output; with a format before it, beside standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<PlanFormat>())]
    pub output: Vec<output::Target<PlanFormat>>,
    /// Show everything
    #[arg(long, short)]
    pub verbose: bool,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Text,
    /// For programs: all of it, as trimtab apply reads it
    Json,
}
