//! KEV, EPSS and lifecycles: named, or beside a mirror.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use trimtab_connect::feeds::{Source, Wanted};

use crate::common::{records, serve, update};
use crate::server::{Fault, Server};

const KEV: &str = r#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2026-1"}]}"#;

fn scores() -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(
        b"#model_version:v1,score_date:2026-01-30\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n",
    )
    .unwrap();
    out.finish().unwrap()
}

fn server() -> Server {
    let server = Server::start();
    server.put("/data/osv/ecosystems.txt", "npm\n");
    serve(&server, "/data/osv", "npm", &records(3));
    server
}

fn wanted(server: &Server) -> Wanted {
    Wanted::mirror(format!("{}/data/osv/", server.url()).parse().unwrap())
}

#[test]
fn what_lies_beside_a_mirror_is_found() {
    let server = server();
    server.put("/data/osv-malicious/ecosystems.txt", "npm\n");
    serve(&server, "/data/osv-malicious", "npm", &records(2));
    server.put("/data/kev/known_exploited_vulnerabilities.json", KEV);
    server.put("/data/epss/epss_scores-current.csv.gz", scores());
    server.put("/data/lifecycle/endoflife.json", "[]");
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&wanted(&server), folder.path());
    assert_eq!(mirrored.diagnostics, []);
    let at = |path: &str| Some(folder.path().join(path));
    assert_eq!(mirrored.osv, [folder.path().join("osv/npm")]);
    assert_eq!(mirrored.malicious, [folder.path().join("osv-malicious/npm")]);
    assert_eq!(mirrored.kev, at("kev/known_exploited_vulnerabilities.json"));
    assert_eq!(mirrored.epss, at("epss/epss_scores-current.csv.gz"));
    assert_eq!(mirrored.lifecycle, at("lifecycle/endoflife.json"));
}

#[test]
fn what_does_not_lie_there_is_no_failure() {
    let server = server();
    let (mirrored, _) = update(&wanted(&server), tempfile::tempdir().unwrap().path());
    assert_eq!(mirrored.diagnostics, []);
    assert_eq!((mirrored.kev, mirrored.epss, mirrored.lifecycle), (None, None, None));
    assert!(mirrored.malicious.is_empty());
}

#[test]
fn what_was_named_and_is_not_there_is_one() {
    let server = server();
    let url = format!("{}/nowhere.json", server.url()).parse().unwrap();
    let wanted = Wanted { kev: Some(Source::Named(url)), ..wanted(&server) };
    let (mirrored, _) = update(&wanted, tempfile::tempdir().unwrap().path());
    assert_eq!(mirrored.diagnostics.len(), 1);
    assert!(mirrored.diagnostics[0].message.starts_with("KEV could not be fetched"));
    assert_eq!(mirrored.osv.len(), 1);
}

#[test]
fn dated_scores_are_found_in_a_listing() {
    let server = server();
    let page = "<a href=\"epss_scores-2026-01-29.csv.gz\">x</a>\
                <a href=\"epss_scores-2026-01-30.csv.gz\">y</a><a href=\"epss_scores-zz.csv.gz\">";
    server.put("/data/epss/", page);
    server.put("/data/epss/epss_scores-2026-01-30.csv.gz", scores());
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&wanted(&server), folder.path());
    assert_eq!(mirrored.diagnostics, []);
    let asked = server.requests();
    assert!(asked.iter().any(|r| r.path.ends_with("epss_scores-2026-01-30.csv.gz")));
    assert!(mirrored.epss.is_some());
}

#[test]
fn a_page_that_is_not_the_feed_does_not_replace_it() {
    let server = server();
    let (kev, epss) =
        ("/data/kev/known_exploited_vulnerabilities.json", "/data/epss/epss_scores-current.csv.gz");
    server.put(kev, KEV);
    server.put(epss, scores());
    let folder = tempfile::tempdir().unwrap();
    update(&wanted(&server), folder.path());
    server.put(kev, r#"{"error":"down for maintenance"}"#);
    // Nor do scores that end early.
    let mut cut = scores();
    cut.truncate(cut.len() - 9);
    server.put(epss, cut);
    let (mirrored, _) = update(&wanted(&server), folder.path());
    assert_eq!(mirrored.diagnostics.len(), 2, "{:?}", mirrored.diagnostics);
    assert_eq!(fs::read(mirrored.kev.unwrap()).unwrap(), KEV.as_bytes());
    assert_eq!(fs::read(mirrored.epss.unwrap()).unwrap(), scores());
    server.change(kev, |served| served.always = Some(Fault::Status(500, "")));
    let (mirrored, _) = update(&wanted(&server), folder.path());
    assert!(mirrored.kev.is_some());
}
