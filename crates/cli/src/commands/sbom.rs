//! `trimtab sbom`: the inventory alone, and work with SBOMs that exist.

use super::{Outcome, scan};
use crate::args;
use crate::io::Io;
use crate::output::Output;

/// Runs the verb.
///
/// # Errors
/// The output cannot be written, or an SBOM cannot be read.
pub fn run(args: &args::Sbom, io: &mut Io) -> Outcome {
    let scan = scan::unmatched(&args.paths, &args.walk);
    let output = Output { format: args.format, file: args.output.clone(), verbose: args.verbose };
    scan::finish(&scan, &output, None, io)
}
