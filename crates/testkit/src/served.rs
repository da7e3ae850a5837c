//! The program's own server for tests and measurements: a process that says where it listens, and ends
//! with its value.

use std::io::{BufRead, BufReader, sink};
use std::process::{Child, Command, Stdio};

/// A server that runs.
pub struct Served {
    child: Child,
    base: String,
}

impl Served {
    /// Starts a program that tells its address on its standard error, and waits for that.
    ///
    /// # Panics
    /// It does not start, or ends before it listens.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn start(command: &mut Command) -> Served {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("the server does not start: {e}"));
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        let base = loop {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap_or(0) > 0, "the server ended too early");
            if let Some(address) = line.trim().strip_prefix("Listening on ") {
                break format!("http://{address}");
            }
        };
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut sink()));
        Served { child, base }
    }

    /// Its address: `http://127.0.0.1:…`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
