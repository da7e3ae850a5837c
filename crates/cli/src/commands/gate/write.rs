//! What a gate answers, in each format that is asked for.

use std::io::Write;
use std::path::PathBuf;

use trimtab_model::{Code, Diagnostic};
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
    for (format, file) in outputs {
        let shown = file.is_none();
        let style = Style {
            colour: io.colour_out && shown,
            ascii: io.ascii && shown,
            verbose,
            ..Style::default()
        };
        let mut text = Vec::new();
        one(*format, answer, style, &mut text).map_err(|e| {
            Diagnostic::new(Code::Usage, format!("the answer cannot be written: {e}"))
        })?;
        match file {
            Some(path) => output::to_file(path, |out| out.write_all(&text))?,
            None => {
                if io.stdout.write_all(&text).and_then(|()| io.stdout.flush()).is_err() {
                    io.closed = true;
                }
            }
        }
    }
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
