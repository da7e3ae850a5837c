//! Living the past through.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{IndexArgs, output};

/// `trimtab backtest`
#[derive(Debug, ClapArgs)]
pub struct Backtest {
    /// The git repository, or a folder of it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The branch, tag or commit whose past to simulate, along first parents
    #[arg(long = "at", value_name = "REF", default_value = "HEAD")]
    pub reference: String,
    /// How many days before the end to start
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=1100))]
    pub days: u16,
    /// The day on which to start instead, such as 2026-01-31
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    pub since: Option<jiff::civil::Date>,
    /// The time at which to end, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// The agreement to try: a charter or preset [default: the repository's own]
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// A cadence of the charter, or week, sprint, cool-down, month, quarter [default: from trimtab.toml, else the charter's first with windows]
    #[arg(long, value_name = "NAME")]
    pub cadence: Option<String>,
    /// Points of work per window [default: from trimtab.toml, else 10]
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: Option<u32>,
    /// Also try this rhythm: a cadence and its points per window, such as `month=20`. May be repeated
    #[arg(long, value_name = "CADENCE=POINTS", value_parser = other)]
    pub compare: Vec<Other>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = BacktestFormat::Table)]
    pub format: BacktestFormat,
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<BacktestFormat>())]
    pub output: Vec<output::Target<BacktestFormat>>,
    /// Show everything
    #[arg(long, short)]
    pub verbose: bool,
}

/// Another rhythm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The cadence.
    pub cadence: String,
    /// The points of a window.
    pub capacity: u32,
}

fn other(text: &str) -> Result<Other, String> {
    let wrong =
        || format!("`{text}` is not a rhythm: give a cadence and its points, such as `month=20`");
    let (cadence, points) = text.rsplit_once('=').ok_or_else(wrong)?;
    let capacity = points.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(wrong)?;
    match cadence.is_empty() {
        true => Err(wrong()),
        false => Ok(Other { cadence: cadence.to_owned(), capacity }),
    }
}

/// How a backtest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BacktestFormat {
    /// For people
    Table,
    /// For programs, complete
    Json,
    /// One self-contained page with charts, to share
    Html,
}
