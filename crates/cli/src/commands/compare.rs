//! `trimtab compare`: the order of versions, as an ecosystem has it.

use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Write};

use trimtab_model::Family;

use super::Outcome;
use super::scan::usage;
use crate::args;
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb: prints `<`, `=`, `>` or `unknown`, one line per pair.
///
/// # Errors
/// The ecosystem is not known, or a line of the input is not a pair.
pub fn run(args: &args::Compare, io: &mut Io) -> Outcome {
    let name = args.ecosystem.split(':').next().unwrap_or(&args.ecosystem);
    let family = Family::from_name(name).ok_or_else(|| {
        usage(
            format!("`{}` is not an ecosystem", args.ecosystem),
            "name it as OSV does (npm, PyPI, Maven, crates.io, Debian, …) or by its purl type",
        )
    })?;
    if let (Some(a), Some(b)) = (&args.a, &args.b) {
        io.out(&format!("{}\n", sign(family, a, b)));
        return Ok(Exit::Clean);
    }
    let stdin = std::mem::replace(&mut io.stdin, Box::new(std::io::empty()));
    for (number, line) in (1u64..).zip(BufReader::new(stdin).lines()) {
        let line = line.map_err(|e| {
            usage(format!("line {number} of the input cannot be read: {e}"), "give text")
        })?;
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some(a), Some(b), None) => {
                if writeln!(io.stdout, "{}", sign(family, a, b)).is_err() {
                    io.closed = true;
                    break;
                }
            }
            _ => {
                io.out("");
                return Err(usage(
                    format!("line {number} of the input is not a pair of versions"),
                    "give two versions per line, separated by a space",
                ));
            }
        }
    }
    io.out("");
    Ok(Exit::Clean)
}

fn sign(family: Family, a: &str, b: &str) -> &'static str {
    match family.compare(a, b) {
        Some(Ordering::Less) => "<",
        Some(Ordering::Equal) => "=",
        Some(Ordering::Greater) => ">",
        None => "unknown",
    }
}
