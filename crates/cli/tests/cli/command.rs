//! Runs the command in process, with its streams held in memory.

use std::ffi::OsString;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use trimtab_cli::{Exit, Io};

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone())
            .expect("all output is UTF-8")
    }
}

/// How a run's terminal is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Terminal {
    pub(crate) colour: bool,
    pub(crate) ascii: bool,
}

/// `trimtab ARGS` with this on standard input.
pub(crate) fn run_with(args: &[&str], stdin: &str, terminal: Terminal) -> Ran {
    run_in(None, args, stdin, terminal)
}

/// The same, with this as the user's folder for data.
pub(crate) fn run_in(
    data_folder: Option<PathBuf>,
    args: &[&str],
    stdin: &str,
    terminal: Terminal,
) -> Ran {
    let (out, err) = (Shared::default(), Shared::default());
    let mut io = Io {
        stdout: Box::new(out.clone()),
        stderr: Box::new(err.clone()),
        stdin: Box::new(Cursor::new(stdin.as_bytes().to_vec())),
        colour_out: terminal.colour,
        colour_err: terminal.colour,
        terminal_err: false,
        ascii: terminal.ascii,
        // Whatever CI runs the tests.
        variable: |_| None,
        data_folder,
        closed: false,
    };
    let args = std::iter::once("trimtab").chain(args.iter().copied()).map(OsString::from);
    let exit = trimtab_cli::run(args, &mut io);
    Ran { exit, out: out.text(), err: err.text() }
}

/// `trimtab ARGS`.
pub(crate) fn run(args: &[&str]) -> Ran {
    run_with(args, "", Terminal::default())
}
