//! A real SMTP server (aiosmtpd) that tells what it was given.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A mail server that runs until its value ends.
pub struct Smtp {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Smtp {
    /// Starts one: `certificate` and `key` are files with PEM, `at_once` is TLS without STARTTLS, `login` name and
    /// password. `None`: it is not installed, which is said.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(wished: &Value) -> Option<Smtp> {
        let python = crate::repository().join("target/tools/smtp/bin/python");
        if !python.exists() {
            eprintln!("SKIPPED: no mail server; `cargo xtask tools` installs it");
            return None;
        }
        let mut child = Command::new(python)
            .args(["-c", include_str!("smtp.py"), &wished.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut port = String::new();
        lines.read_line(&mut port).expect("a line");
        let port = port.trim().parse().expect("the mail server says its port");
        Some(Smtp { child, lines, port })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next mail that it was given; waits for it.
    ///
    /// # Panics
    /// It ended.
    pub fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("the mail server tells of a mail")
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
