//! A real PostgreSQL for tests: the system's own programs, a cluster in a temporary folder, on loopback.
//! The server ends with the value, or with this process, however that ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that runs.
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    programs: PathBuf,
    child: Option<Child>,
}

/// Where the programs are: the newest version that Debian has installed, or what is on the path.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = debian
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, bin)) = found.pop() {
        return Some(bin);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
}

/// A command as the user that the server may run as: it refuses to run as root.
fn as_user(program: &Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt;
        m.uid() == 0
    });
    if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Postgres {
    /// Starts a server. `None`, with a loud word, where PostgreSQL is not installed.
    ///
    /// # Panics
    /// It is installed and does not start: that is a failure of the test.
    pub fn start() -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: PostgreSQL is not installed: nothing is tested on it");
            return None;
        };
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("trimtab-pg-{}-{port}", std::process::id()));
        let made = as_user(&programs.join("initdb"))
            .args(["-D", &folder.to_string_lossy(), "-U", "trimtab", "-A", "trust", "-E", "UTF8"])
            .args(["--no-locale", "--no-sync"])
            .current_dir("/")
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|s| s.success()), "initdb failed");
        let mut server = Postgres { folder, port, programs, child: None };
        server.run();
        Some(server)
    }

    /// Starts the server of the folder.
    ///
    /// # Panics
    /// It does not start.
    pub fn run(&mut self) {
        // The shell waits at a pipe that closes when this process is gone, and then ends the server.
        const KEEPER: &str = "folder=$1; shift; \"$@\" & server=$!; read -r line; \
            kill -QUIT $server; wait $server; [ \"$line\" = keep ] || rm -rf \"$folder\"";
        let (folder, port) = (self.folder.to_string_lossy(), self.port.to_string());
        let child = as_user(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "sh", &folder])
            .arg(self.programs.join("postgres"))
            .args(["-D", &folder, "-p", &port, "-h", "127.0.0.1"])
            .args(["-k", "", "-c", "fsync=off", "-c", "max_connections=200"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = child.ok();
        let ready = || {
            as_user(&self.programs.join("pg_isready"))
                .args(["-h", "127.0.0.1", "-p", &port, "-q"])
                .current_dir("/")
                .status()
                .is_ok_and(|s| s.success())
        };
        let until = Instant::now() + Duration::from_secs(60);
        while !ready() {
            assert!(Instant::now() < until, "PostgreSQL does not answer after a minute");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server at once, as a crash does; [`run`](Postgres::run) starts it again.
    pub fn stop(&mut self) {
        self.end("keep\n");
    }

    fn end(&mut self, line: &str) {
        if let Some(mut child) = self.child.take() {
            if let Some(mut pipe) = child.stdin.take() {
                let _ = pipe.write_all(line.as_bytes());
            }
            let _ = child.wait();
        }
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Panics
    /// The server refuses.
    pub fn database(&self, name: &str) -> String {
        let made = as_user(&self.programs.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "trimtab", name])
            .current_dir("/")
            .status();
        assert!(made.is_ok_and(|s| s.success()), "createdb {name} failed");
        format!("postgres://trimtab@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end("\n");
    }
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    listener.and_then(|l| l.local_addr()).map_or(54329, |address| address.port())
}
