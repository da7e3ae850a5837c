//! `trimtab convert`: a saved scan in another format.

use std::fs::File;
use std::io::Read;

use trimtab_model::{Code, Diagnostic};

use super::{Outcome, scan};
use crate::args;
use crate::io::Io;
use crate::output::Output;

/// The largest saved scan that is read.
const MAX_BYTES: u64 = 1 << 31;

/// Runs the verb.
///
/// # Errors
/// The file is not a saved scan, or the output cannot be written.
pub fn run(args: &args::Convert, io: &mut Io) -> Outcome {
    let output = Output::of(&args.output)?;
    let name = args.file.display().to_string();
    let input: Box<dyn Read + Send> = if name == "-" {
        std::mem::replace(&mut io.stdin, Box::new(std::io::empty()))
    } else {
        Box::new(File::open(&args.file).map_err(|e| {
            Diagnostic::new(Code::FileUnreadable, format!("`{name}` cannot be read: {e}"))
                .help("name a file that `trimtab scan --format json` wrote")
        })?)
    };
    let saved = trimtab_report::json::read(input.take(MAX_BYTES)).map_err(|e| {
        Diagnostic::new(Code::FileMalformed, e.to_string())
            .in_file(name)
            .help("name a file that `trimtab scan --format json` wrote")
    })?;
    scan::finish(&saved, &output, None, io)
}
