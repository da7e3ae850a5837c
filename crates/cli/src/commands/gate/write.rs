//! What a gate answers, in each format that is asked for.

use std::path::PathBuf;

use trimtab_model::Diagnostic;
use trimtab_report::gate as told;
use trimtab_report::table::Style;

use super::answer::Answer;
use crate::args::GateFormat;
use crate::io::Io;
use crate::output;

/// Writes every output; where no text is shown, the outcome is said.
///
/// # Errors
/// A file cannot be written.
pub(super) fn all(
    outputs: &[(GateFormat, Option<PathBuf>)],
    answer: &Answer,
    verbose: bool,
    io: &mut Io,
) -> Result<(), Diagnostic> {
    output::all(outputs, verbose, io, |format, style, text| Ok(one(format, answer, style, text)?))?;
    if !outputs.contains(&(GateFormat::Text, None)) {
        io.err(&format!("{}.\n", answer.told.headline()));
    }
    Ok(())
}

fn one(
    format: GateFormat,
    answer: &Answer,
    style: Style,
    text: &mut Vec<u8>,
) -> std::io::Result<()> {
    let told = &answer.told;
    match format {
        GateFormat::Text => told::text::write(told, style, text),
        GateFormat::Json => told::json::write(told, text),
        GateFormat::Sarif => told::sarif::write(told, text),
        GateFormat::Github => told::github::write(told, text),
        GateFormat::StepSummary => told::github::step_summary(told, text),
        GateFormat::GitlabCodequality => told::codequality::write(told, text),
        GateFormat::Gitlab => trimtab_report::gitlab::write(&answer.scan, text),
        GateFormat::Junit => told::junit::write(told, text),
        GateFormat::Markdown => told::markdown::write(told, text),
    }
}
