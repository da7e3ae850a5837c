//! A real browser for tests: Debian's Chromium without a window, driven over a pipe by the DevTools
//! protocol. No port is opened and no driver program is needed; the browser ends with its [`Browser`].
//!
//! ```no_run
//! let Some(browser) = trimtab_testkit::browser::Browser::start() else { return };
//! let mut page = browser.page();
//! page.size(1440, 900);
//! page.open("http://127.0.0.1:8080/");
//! assert_eq!(page.text("h1"), "Sign in");
//! page.fill("#f-email", "ana@example.org");
//! page.click("button[type=submit]"); // waits for the page that follows
//! ```

mod page;
mod pipe;
pub mod rules;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

pub use page::Page;
use pipe::Pipe;

/// What is started: its names on Debian and elsewhere.
const PROGRAMS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Nothing but what a page itself asks for goes over the network, and nothing is kept.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
];

/// A running browser with a profile of its own.
pub struct Browser {
    child: Child,
    pipe: Rc<Pipe>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one. `None` if there is none on this machine; the caller's test then says that it skips.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn start() -> Option<Browser> {
        let Some(program) = PROGRAMS.iter().find(|p| is_installed(p)) else {
            eprintln!("SKIPPED: no Chromium here (cargo xtask tools installs it)");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder for the profile");
        // The protocol speaks on descriptors 3 and 4: the shell makes them of our pipes.
        let mut child = Command::new("sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null")
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{program} does not start: {e}"));
        let (write, read) = (child.stdin.take(), child.stdout.take());
        let pipe = Pipe::new(write.expect("a pipe"), read.expect("a pipe"));
        Some(Browser { child, pipe: Rc::new(pipe), _profile: profile })
    }

    /// A new page with a session of its own: no cookie of another page.
    pub fn page(&self) -> Page {
        Page::new(Rc::clone(&self.pipe))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked first, so that its own processes end with it.
        self.pipe.close();
        let _ended = self.child.wait();
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}
