//! The `trimtab` command as a value: arguments and streams in, exit code out, so that tests run it
//! in process. One file per verb under `commands/`; data goes to standard output, talk to standard
//! error; the exit codes are the same for every verb and format ([`exit::Exit`]).

pub mod agreement;
pub mod args;
pub mod commands;
pub mod exit;
pub mod history;
pub mod index;
pub mod io;
pub mod output;
pub mod progress;
pub mod sample;
pub mod say;

use std::ffi::OsString;

use clap::Parser;

pub use exit::Exit;
pub use io::Io;

/// Runs a command line.
pub fn run(args: impl IntoIterator<Item = OsString>, io: &mut Io) -> Exit {
    match args::Args::try_parse_from(args) {
        Ok(args) => commands::run(args, io),
        Err(e) => {
            // Help and version are answers, not errors.
            let text =
                if io.colour_out { e.render().ansi().to_string() } else { e.render().to_string() };
            if e.use_stderr() {
                io.err(&text);
                Exit::Usage
            } else {
                io.out(&text);
                Exit::Clean
            }
        }
    }
}
