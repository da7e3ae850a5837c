//! `trimtab db update` over TLS and through proxies, all of them on this machine. The command runs
//! as a process of its own, because roots of trust and proxies come from its environment.
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::network::{Authority, Gate, Proxy};
use crate::server::{Fault, Server};

const RECORD: &str = r#"{"id":"X-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}"#;

fn mirror() -> Server {
    use std::io::Write;
    let server = Server::start();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("X-1.json", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(RECORD.as_bytes()).unwrap();
    server.put("/osv/ecosystems.txt", "npm");
    server.put("/osv/npm/all.zip", zip.finish().unwrap().into_inner());
    server
}

/// A place to update to, and the roots that are trusted.
struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Place {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    fn trusting(self, authority: &Authority) -> Place {
        let file = self.folder.path().join("roots.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let file = file.to_str().unwrap().to_owned();
        self.with("SSL_CERT_FILE", file)
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("a.index")
    }

    fn update(&self, from: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
        command.args(["db", "update", "--from", from, "--db"]).arg(self.db());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").env_remove("TRIMTAB_DB");
        command.envs(self.environment.iter().map(|(n, v)| (n, v))).output().unwrap()
    }

    #[track_caller]
    fn succeeds(&self, from: &str) {
        let ran = self.update(from);
        let told = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{told}");
        assert!(String::from_utf8_lossy(&ran.stdout).starts_with("1 advisories"), "{told}");
    }

    /// What is told when nothing comes: one line, and no index.
    #[track_caller]
    fn fails(&self, from: &str, about: &[&str]) {
        let ran = self.update(from);
        let told = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(3), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        for part in about {
            assert!(told.contains(part), "`{part}` is not told: {told}");
        }
        assert!(!told.contains("secret"), "{told}");
        assert!(!self.db().exists());
    }
}

#[test]
fn a_certificate_is_trusted_when_its_root_is_named() {
    let authority = Authority::new();
    let gate = Gate::open(&mirror(), authority.certificate("127.0.0.1"));
    let from = format!("https://127.0.0.1:{}/osv", gate.port());
    Place::new().trusting(&authority).succeeds(&from);
    assert!(gate.served() > 0);
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_once_and_not_retried() {
    let (authority, other) = (Authority::new(), Authority::named("Another"));
    let gate = Gate::open(&mirror(), authority.certificate("127.0.0.1"));
    let host = format!("127.0.0.1:{}", gate.port());
    let about = ["not signed by a trusted authority", "SSL_CERT_FILE", &host];
    Place::new().trusting(&other).fails(&format!("https://{host}/osv"), &about);
    // The mirror and the five places that may lie beside it, each once.
    assert_eq!((gate.taken(), gate.served()), (6, 0));
}

#[test]
fn a_certificate_for_another_name_or_time_is_told() {
    let authority = Authority::new();
    let place = Place::new().trusting(&authority);
    let gate = Gate::open(&mirror(), authority.certificate("other.example"));
    let from = format!("https://127.0.0.1:{}/osv", gate.port());
    place.fails(&from, &["is for another name", &from]);
    let gate = Gate::open(&mirror(), authority.expired("127.0.0.1"));
    let from = format!("https://127.0.0.1:{}/osv", gate.port());
    place.fails(&from, &["has expired", &from]);
}

#[test]
fn roots_that_cannot_be_read_are_told() {
    let gate = Gate::open(&mirror(), Authority::new().certificate("127.0.0.1"));
    let from = format!("https://127.0.0.1:{}/osv", gate.port());
    let place = Place::new().with("SSL_CERT_FILE", "no/such/file.pem");
    place.fails(&from, &["no trusted root certificates were found", "SSL_CERT_FILE"]);
}

#[test]
fn an_encrypted_address_does_not_lead_to_a_plain_one() {
    let (authority, server) = (Authority::new(), mirror());
    let location = format!("Location: {}/osv/ecosystems.txt\r\n", server.url());
    let location: &'static str = Box::leak(location.into_boxed_str());
    server.change("/osv/ecosystems.txt", |s| s.always = Some(Fault::Status(302, location)));
    let gate = Gate::open(&server, authority.certificate("127.0.0.1"));
    let place = Place::new().trusting(&authority);
    let from = format!("https://127.0.0.1:{}/osv", gate.port());
    place.fails(&from, &["from https to http"]);
    let asked = server.requests();
    assert_eq!(asked.iter().filter(|r| r.path == "/osv/ecosystems.txt").count(), 1);
}

#[test]
fn plain_http_behind_tls_is_no_answer() {
    let from = format!("https://127.0.0.1:{}/osv", crate::network::plain());
    Place::new().trusting(&Authority::new()).fails(&from, &["the encrypted connection fails"]);
}

#[test]
fn an_encrypted_server_is_reached_through_a_proxy() {
    let authority = Authority::new();
    // Only the proxy knows the way to this host, and the certificate is the host's.
    let gate = Gate::open(&mirror(), authority.certificate("feeds.example"));
    let proxy = Proxy::open(gate.port());
    let named = format!("http://ann:secret@127.0.0.1:{}", proxy.port());
    let place = Place::new().trusting(&authority).with("HTTPS_PROXY", named);
    place.succeeds("https://feeds.example/osv");
    let asked = proxy.asked();
    assert!(!asked.is_empty());
    for head in &asked {
        assert!(head.starts_with("CONNECT feeds.example:443 HTTP/1.1\r\n"), "{head}");
        // RFC 7617 over `ann:secret`.
        let head = head.to_ascii_lowercase();
        assert!(head.contains("proxy-authorization: basic yw5uonnly3jlda==\r\n"), "{head}");
        assert!(!head.contains("\r\nauthorization:"), "{head}");
    }
}

#[test]
fn a_plain_server_is_reached_through_a_proxy() {
    let server = mirror();
    let proxy = Proxy::open(server.url().rsplit(':').next().unwrap().parse().unwrap());
    let named = format!("http://127.0.0.1:{}", proxy.port());
    // Lower case wins, as with curl.
    let place = Place::new().with("http_proxy", named).with("HTTP_PROXY", "http://127.0.0.1:1");
    place.succeeds("http://feeds.example/osv");
    assert!(proxy.asked().iter().all(|head| head.contains("feeds.example")));
}

#[test]
fn a_proxy_is_left_out_for_the_hosts_that_say_so() {
    let authority = Authority::new();
    let gate = Gate::open(&mirror(), authority.certificate("127.0.0.1"));
    let proxy = Proxy::open(gate.port());
    let place = Place::new()
        .trusting(&authority)
        .with("ALL_PROXY", format!("http://127.0.0.1:{}", proxy.port()))
        .with("NO_PROXY", "intranet.example, 127.0.0.1");
    place.succeeds(&format!("https://127.0.0.1:{}/osv", gate.port()));
    assert_eq!(proxy.asked(), [""; 0]);
    // Another scheme's proxy is not this one's.
    let place = Place::new()
        .trusting(&authority)
        .with("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port()));
    place.succeeds(&format!("https://127.0.0.1:{}/osv", gate.port()));
    assert_eq!(proxy.asked(), [""; 0]);
}

#[test]
fn a_proxy_that_is_none_is_told_and_not_left_out() {
    let server = mirror();
    let place = Place::new().with("HTTP_PROXY", "nonsense://ann:secret@proxy.example");
    place.fails(&format!("{}/osv", server.url()), &["the proxy set in the environment is not"]);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_proxy_that_refuses_is_told_without_its_credentials() {
    let proxy = Proxy::refusing();
    let named = format!("http://ann:secret@127.0.0.1:{}", proxy.port());
    let place = Place::new().trusting(&Authority::new()).with("HTTPS_PROXY", named);
    place.fails("https://feeds.example/osv", &["the proxy set in the environment"]);
    assert!(!proxy.asked().is_empty());
}
