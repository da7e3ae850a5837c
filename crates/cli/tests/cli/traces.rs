//! The program's own server sends traces to whoever collects them (OTLP over HTTP), and goes on if nobody does.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use trimtab_testkit::served::Served;

/// What was sent: the line of the request, its headers in lower case, its body.
struct Sent {
    line: String,
    headers: String,
    body: Vec<u8>,
}

impl Sent {
    fn has(&self, part: &[u8]) -> bool {
        self.body.windows(part.len()).any(|window| window == part)
    }
}

/// A collector on the loopback that takes everything.
fn collector() -> (String, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (to, from) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let to = to.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                loop {
                    let (mut line, mut headers, mut length) = (String::new(), String::new(), 0);
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    loop {
                        let mut header = String::new();
                        reader.read_line(&mut header).unwrap();
                        let header = header.trim().to_ascii_lowercase();
                        if header.is_empty() {
                            break;
                        }
                        if let Some(value) = header.strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                        headers.push_str(&header);
                        headers.push('\n');
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    reader
                        .get_mut()
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                        .unwrap();
                    let _ = to.send(Sent { line, headers, body });
                }
            });
        }
    });
    (address, from)
}

fn serve(folder: &std::path::Path, endpoint: &str) -> Served {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(folder.join("store.sqlite"))
        .arg("--db")
        .arg(folder.join("none.index"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=ferries")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    Served::start(&mut command)
}

fn get(server: &Served, path: &str, trace: &str) -> u16 {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}{path}", server.base());
    let answer = agent.get(&url).header("traceparent", trace).call().unwrap();
    answer.status().as_u16()
}

#[test]
fn a_request_is_a_span_below_that_of_whoever_asks() {
    let (address, sent) = collector();
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), &address);
    let path = "/api/v1/findings?q=a-secret-of-the-address";
    let trace = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01";
    assert_eq!(get(&server, path, trace), 401);
    let trace: Vec<u8> = (1..=16).collect();
    let parent = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8];
    // Other spans may come before.
    let batch = loop {
        let batch = sent.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(batch.line.starts_with("POST /v1/traces "), "{}", batch.line);
        if batch.has(&trace) {
            break batch;
        }
    };
    assert!(batch.headers.contains("content-type: application/x-protobuf"), "{}", batch.headers);
    assert!(batch.headers.contains("x-tenant: ferries"), "{}", batch.headers);
    for part in [&parent[..], b"GET /api/v1/findings", b"service.name", b"trimtab"] {
        assert!(batch.has(part), "{}", String::from_utf8_lossy(&batch.body));
    }
    assert!(!batch.has(b"a-secret-of-the-address"), "values of an address are not told");
}

#[test]
fn without_a_collector_that_answers_the_server_goes_on() {
    // A port that nobody listens on any longer.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(folder.path(), &format!("http://{closed}"));
    let trace = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01";
    for _ in 0..20 {
        assert_eq!(get(&server, "/api/v1/findings", trace), 401);
    }
    assert!(server.runs());
}
