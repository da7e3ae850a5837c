//! Output formats, and where the output goes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic};
use trimtab_report::table;

use crate::args::OutputArgs;
use crate::args::output::pairs;
use crate::io::Io;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Table,
    /// Trimtab's own JSON, complete: `trimtab convert` reads it
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// CycloneDX 1.6 JSON, with vulnerabilities
    CyclonedxJson,
    /// CycloneDX 1.6 XML, with vulnerabilities
    CyclonedxXml,
    /// SPDX 2.3 JSON
    SpdxJson,
    /// SPDX 2.3 tag-value
    SpdxTag,
    /// Markdown, for pull requests and tickets
    Markdown,
    /// One HTML page that needs nothing else
    Html,
    /// GitLab dependency scanning report
    Gitlab,
    /// CSV, one line per finding and place
    Csv,
}

/// Where the results go and how they look.
#[derive(Debug, Clone)]
pub struct Output {
    /// Each format with its file; standard output if `None`.
    pub all: Vec<(Format, Option<PathBuf>)>,
    /// Everything instead of the first screen.
    pub verbose: bool,
}

impl Output {
    /// What a command line asks for.
    ///
    /// # Errors
    /// It does not go together.
    pub fn of(args: &OutputArgs) -> Result<Output, Diagnostic> {
        Ok(Output { all: pairs(args.format, &args.output)?, verbose: args.verbose })
    }

    /// Whether the table is shown on standard output.
    pub fn shows_table(&self) -> bool {
        self.all.contains(&(Format::Table, None))
    }

    /// Writes a scan. A file is written beside itself and renamed, so that nobody reads half of it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, scan: &Scan, io: &mut Io) -> Result<(), Diagnostic> {
        self.all.iter().try_for_each(|(format, file)| self.one(*format, file.as_deref(), scan, io))
    }

    fn one(
        &self,
        format: Format,
        file: Option<&Path>,
        scan: &Scan,
        io: &mut Io,
    ) -> Result<(), Diagnostic> {
        let style = table::Style { verbose: self.verbose, ..table::Style::default() };
        match file {
            Some(path) => to_file(path, |out| render(format, scan, style, out)),
            None => {
                let style = table::Style { colour: io.colour_out, ascii: io.ascii, ..style };
                let result =
                    render(format, scan, style, &mut io.stdout).and_then(|()| io.stdout.flush());
                match result {
                    // `| head` has what it wanted.
                    Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                        io.closed = true;
                        Ok(())
                    }
                    Err(e) => Err(unwritable(Path::new("standard output"), &e)),
                    Ok(()) => Ok(()),
                }
            }
        }
    }
}

fn render(format: Format, scan: &Scan, style: table::Style, out: &mut dyn Write) -> io::Result<()> {
    use trimtab_report as report;
    match format {
        Format::Table => table::write(scan, style, out),
        Format::Json => report::json::write(scan, out),
        Format::Sarif => report::sarif::write(scan, out),
        Format::Markdown => report::markdown::write(scan, out),
        Format::Gitlab => report::gitlab::write(scan, out),
        Format::Csv => report::csv::write(scan, out),
        Format::Html => report::html::write(scan, out),
        Format::CyclonedxJson => report::sbom::cyclonedx::write(scan, out),
        Format::CyclonedxXml => report::sbom::cyclonedx_xml::write(scan, out),
        Format::SpdxJson => report::sbom::spdx::write(scan, out),
        Format::SpdxTag => report::sbom::spdx_tag::write(scan, out),
    }
}

/// Writes a file aside and renames it into place.
///
/// # Errors
/// The file cannot be written.
pub fn to_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Diagnostic> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let aside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    // Devices and pipes (`/dev/stdout`) cannot be renamed over.
    let plain = std::fs::metadata(path).map_or(true, |m| m.is_file());
    let target = if plain { &aside } else { path };
    let result = File::create(target).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    let result = if plain { result.and_then(|()| std::fs::rename(&aside, path)) } else { result };
    result.map_err(|e| {
        let _ = std::fs::remove_file(&aside);
        unwritable(path, &e)
    })
}

/// Writes an answer in each format to where it goes; `one` writes one format. On standard output it is as the
/// terminal wants it.
///
/// # Errors
/// A file cannot be written, or what `one` tells.
pub fn all<F: Copy>(
    outputs: &[(F, Option<PathBuf>)],
    verbose: bool,
    io: &mut Io,
    mut one: impl FnMut(F, table::Style, &mut Vec<u8>) -> Result<(), Unwritten>,
) -> Result<(), Diagnostic> {
    for (format, file) in outputs {
        let shown = file.is_none();
        let style = table::Style {
            colour: io.colour_out && shown,
            ascii: io.ascii && shown,
            verbose,
            ..table::Style::default()
        };
        let mut bytes = Vec::new();
        one(*format, style, &mut bytes).map_err(|Unwritten(why)| why)?;
        match file {
            Some(path) => to_file(path, |out| out.write_all(&bytes))?,
            None => io.bytes(&bytes),
        }
    }
    Ok(())
}

/// Why an answer could not be written in a format.
pub struct Unwritten(Diagnostic);

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Unwritten {
        let message = format!("the answer cannot be written: {error}");
        Unwritten(
            Diagnostic::new(Code::Usage, message)
                .help("this is a bug in Trimtab: please report it"),
        )
    }
}

impl From<Diagnostic> for Unwritten {
    fn from(why: Diagnostic) -> Unwritten {
        Unwritten(why)
    }
}

/// That a file cannot be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{}` cannot be written: {error}", path.display()))
        .help("check that the folder exists and that you may write to it")
}
