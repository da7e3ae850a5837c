//! What servers and connections do to one file.

use std::time::Duration;

use trimtab_connect::feeds::{Mirrored, Wanted};
use trimtab_model::Code;

use crate::common::{archive_ids, only_osv, records, serve, update, zip};
use crate::server::{Fault, Server};

const ZIP: &str = "/osv/npm/all.zip";

/// A server with one ecosystem of some records and no list, so that archives come whole.
fn server(count: usize) -> Server {
    let server = Server::start();
    server.put("/osv/ecosystems.txt", "npm\n");
    server.put(ZIP, zip(&records(count)));
    server
}

fn run(server: &Server) -> (tempfile::TempDir, Mirrored, Vec<Duration>) {
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, pauses) = update(&only_osv(server), folder.path());
    (folder, mirrored, pauses)
}

/// The copy is whole and nothing else lies about.
fn is_whole(folder: &tempfile::TempDir, count: usize) {
    let npm = folder.path().join("osv/npm");
    assert_eq!(archive_ids(&npm.join("all.zip")), count);
    assert!(!npm.join("all.zip.part").exists());
    assert!(!npm.join("all.zip.part.origin").exists());
}

/// Nothing usable came, and that is told once, with the place and what to do.
fn is_told(mirrored: &Mirrored, about: &str) {
    assert_eq!(mirrored.diagnostics.len(), 1, "{:?}", mirrored.diagnostics);
    let told = &mirrored.diagnostics[0];
    assert_eq!(told.code, Code::FeedUnavailable);
    assert!(told.message.contains(about), "{}", told.message);
    assert!(told.file.as_deref().unwrap().contains("://127.0.0.1"));
    assert!(told.help.is_some());
    assert!(mirrored.osv.is_empty());
}

#[test]
fn a_cut_connection_is_continued_where_it_ended() {
    let server = server(200);
    server.fault(ZIP, &[Fault::CutAfter(5000), Fault::CutAfter(3000)]);
    let (folder, mirrored, pauses) = run(&server);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 200);
    assert_eq!(pauses.len(), 2);
    let asked: Vec<_> = server.requests().into_iter().filter(|r| r.path == ZIP).collect();
    let ranges: Vec<_> = asked.iter().map(|r| r.headers.get("range").map(String::as_str)).collect();
    assert_eq!(ranges, [None, Some("bytes=5000-"), Some("bytes=8000-")]);
    assert!(asked[1].headers.contains_key("if-range"));
    assert_eq!(asked.iter().map(|r| r.status).collect::<Vec<_>>(), [200, 206, 206]);
}

#[test]
fn the_next_run_continues_what_this_one_could_not() {
    let server = server(200);
    server.change(ZIP, |served| served.always = Some(Fault::CutAfter(1000)));
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    is_told(&mirrored, "npm could not be fetched: the connection closed before the end");
    server.requests();
    server.change(ZIP, |served| served.always = None);
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.osv.len()), (0, 1));
    is_whole(&folder, 200);
    let asked = server.requests().into_iter().find(|r| r.path == ZIP).unwrap();
    // Five tries of a thousand bytes each.
    assert_eq!(asked.headers["range"], "bytes=5000-");
}

#[test]
fn a_file_that_changed_meanwhile_comes_whole() {
    let server = server(200);
    server.change(ZIP, |served| served.always = Some(Fault::CutAfter(1000)));
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    server.put(ZIP, zip(&records(150)));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 150);
}

#[test]
fn a_server_without_ranges_or_tags_sends_all_again() {
    for (ranges, tag) in [(false, true), (true, false), (false, false)] {
        let server = server(200);
        server.change(ZIP, |served| {
            served.ranges = ranges;
            served.etag = served.etag.take().filter(|_| tag);
        });
        server.fault(ZIP, &[Fault::CutAfter(5000)]);
        let (folder, mirrored, _) = run(&server);
        assert_eq!(mirrored.diagnostics, []);
        is_whole(&folder, 200);
    }
}

#[test]
fn an_error_that_passes_is_waited_out_with_growing_pauses() {
    let server = server(3);
    server.fault(ZIP, &[Fault::Status(500, ""), Fault::Status(503, "")]);
    let (folder, mirrored, pauses) = run(&server);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 3);
    assert_eq!(pauses.len(), 2);
    assert!(pauses[0] >= Duration::from_secs(1) && pauses[1] >= Duration::from_secs(2));
}

#[test]
fn an_error_that_stays_is_told() {
    let server = server(3);
    server.change(ZIP, |served| served.always = Some(Fault::Status(500, "")));
    let (_, mirrored, pauses) = run(&server);
    is_told(&mirrored, "the server answered 500");
    assert_eq!(pauses.len(), 4);
}

#[test]
fn a_server_may_say_how_long_to_wait() {
    let server = server(3);
    let later = "Retry-After: 33\r\n";
    let date = "Retry-After: Sat, 21 Nov 2026 10:01:00 GMT\r\n";
    server.fault(ZIP, &[Fault::Status(429, later), Fault::Status(503, date)]);
    let (folder, mirrored, pauses) = run(&server);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 3);
    assert_eq!(pauses, [Duration::from_secs(33), Duration::from_secs(60)]);
}

#[test]
fn a_wait_that_is_too_long_is_told() {
    let server = server(3);
    server.fault(ZIP, &[Fault::Status(429, "Retry-After: 86400\r\n")]);
    let (_, mirrored, pauses) = run(&server);
    is_told(&mirrored, "asking to wait 86400 s");
    assert!(pauses.is_empty());
}

#[test]
fn a_refusal_is_not_asked_again() {
    let server = server(3);
    server.change(ZIP, |served| served.always = Some(Fault::Status(403, "")));
    let (_, mirrored, pauses) = run(&server);
    is_told(&mirrored, "the server answered 403");
    assert!(pauses.is_empty());
}

#[test]
fn a_wrong_length_is_seen() {
    let long = server(40);
    long.fault(ZIP, &[Fault::LongLength(100)]);
    let (folder, mirrored, _) = run(&long);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 40);

    let short = server(40);
    short.fault(ZIP, &[Fault::ShortLength(100)]);
    let (folder, mirrored, _) = run(&short);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 40);

    let ever = server(40);
    ever.change(ZIP, |served| served.always = Some(Fault::ShortLength(100)));
    let (_, mirrored, _) = run(&ever);
    is_told(&mirrored, "it is not a whole zip archive");
}

#[test]
fn a_drip_and_silence_come_to_an_end() {
    let dripping = server(3);
    // Each read is in time; together they are too slow.
    dripping.change(ZIP, |s| s.always = Some(Fault::Drip(Duration::from_millis(20))));
    let (_, mirrored, _) = run(&dripping);
    is_told(&mirrored, "too slowly");

    let silent = server(3);
    silent.fault(ZIP, &[Fault::Silence(Duration::from_secs(4))]);
    let (folder, mirrored, pauses) = run(&silent);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 3);
    assert_eq!(pauses.len(), 1);
}

#[test]
fn a_server_that_stalls_before_tls_comes_to_an_end() {
    // Connections are taken by the system; nobody ever answers the greeting.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/osv", listener.local_addr().unwrap());
    let wanted = Wanted { osv: Some(base.parse().unwrap()), ..Wanted::default() };
    let begun = std::time::Instant::now();
    let (mirrored, pauses) = update(&wanted, tempfile::tempdir().unwrap().path());
    is_told(&mirrored, "the server does not respond");
    // Five tries of 1.5 s each, with room for a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    assert_eq!(pauses.len(), 4);
}

#[test]
fn what_is_too_large_is_refused() {
    let server = server(3);
    server.put(ZIP, vec![0; (4 << 20) + 1]);
    let (folder, mirrored, _) = run(&server);
    is_told(&mirrored, "it is larger than 4194304 bytes");
    assert!(!folder.path().join("osv/npm/all.zip.part").exists());
    // Without a length, it is counted.
    server.change(ZIP, |served| served.always = Some(Fault::Endless));
    let (folder, mirrored, _) = run(&server);
    is_told(&mirrored, "it is larger than 4194304 bytes");
    assert!(!folder.path().join("osv/npm/all.zip.part").exists());
}

#[test]
fn a_damaged_archive_is_never_put_in_place() {
    // Without a checksum, the archive's own sums tell.
    let server = server(40);
    server.fault(ZIP, &[Fault::Flip(100)]);
    let (folder, mirrored, _) = run(&server);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 40);
    // The old one stays when the new one is damaged for good.
    server.put(ZIP, zip(&records(50)));
    server.change(ZIP, |served| served.always = Some(Fault::Flip(100)));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.osv.len()), (1, 1));
    assert!(mirrored.missing.is_empty());
    is_whole(&folder, 40);
}

#[test]
fn checksums_are_compared_where_they_are_offered() {
    // Base64 of four and sixteen zero bytes: surely wrong.
    for hash in ["crc32c=AAAAAA==", "md5=AAAAAAAAAAAAAAAAAAAAAA=="] {
        let server = server(3);
        server.change(ZIP, |s| s.headers.push(("x-goog-hash".into(), hash.into())));
        let (_, mirrored, _) = run(&server);
        is_told(&mirrored, "is wrong");
        // The sum of what is stored packed says nothing about what is sent unpacked.
        server.change(ZIP, |s| {
            s.headers.push(("x-goog-stored-content-encoding".into(), "gzip".into()));
        });
        assert_eq!(run(&server).1.diagnostics, []);
    }
    let server = server(3);
    server.put(&format!("{ZIP}.sha256"), format!("{}  all.zip\n", "0".repeat(64)));
    is_told(&run(&server).1, "its SHA-256 is wrong");
}

#[test]
fn redirects_are_followed_to_a_bound() {
    let server = server(3);
    let elsewhere = "/elsewhere/all.zip";
    server.put(elsewhere, zip(&records(7)));
    server.change(ZIP, |served| {
        served.always = Some(Fault::Status(302, "Location: /elsewhere/all.zip\r\n"));
    });
    let (folder, mirrored, _) = run(&server);
    assert_eq!(mirrored.diagnostics, []);
    is_whole(&folder, 7);
    server.change(ZIP, |served| {
        served.always = Some(Fault::Status(302, "Location: /osv/npm/all.zip\r\n"));
    });
    server.requests();
    is_told(&run(&server).1, "more than 5 redirects");
    assert_eq!(server.requests().iter().filter(|r| r.path == ZIP).count(), 6);
}

#[test]
fn credentials_are_sent_and_never_told() {
    let server = server(3);
    let with = server.url().replace("http://", "http://ann:secret@");
    let wanted = Wanted { osv: Some(format!("{with}/osv").parse().unwrap()), ..Wanted::default() };
    let folder = tempfile::tempdir().unwrap();
    update(&wanted, folder.path());
    // RFC 7617 over `ann:secret`.
    let asked = server.requests();
    assert!(asked.iter().all(|r| r.headers["authorization"] == "Basic YW5uOnNlY3JldA=="));
    assert!(asked.iter().all(|r| r.headers["user-agent"].starts_with("trimtab/")));
    server.change(ZIP, |served| served.always = Some(Fault::Status(403, "")));
    let (mirrored, _) = update(&wanted, tempfile::tempdir().unwrap().path());
    assert!(!format!("{:?}", mirrored.diagnostics).contains("secret"));
    let kept = std::fs::read_to_string(folder.path().join("osv/npm/all.zip.origin")).unwrap();
    assert!(!kept.contains("secret") && kept.contains("/osv/npm/all.zip"));
}

#[test]
fn without_a_network_one_thing_is_told() {
    // Nobody listens: the port was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}/data/osv");
    let wanted = Wanted::mirror(base.parse().unwrap());
    let (mirrored, pauses) = update(&wanted, tempfile::tempdir().unwrap().path());
    is_told(&mirrored, "the server cannot be reached");
    assert!(mirrored.offline);
    assert_eq!(pauses.len(), 1);
}

#[test]
fn a_few_requests_at_a_time_and_no_more() {
    let server = Server::start();
    let names = ["npm", "PyPI", "Go", "Maven", "NuGet", "Hex", "Pub", "RubyGems", "Packagist"];
    server.put("/osv/ecosystems.txt", names.join("\n"));
    for name in names {
        serve(&server, "/osv", name, &records(200));
        server.change(&format!("/osv/{name}/all.zip"), |served| {
            served.always = Some(Fault::Slow(4000, Duration::from_millis(5)));
        });
    }
    let (_, mirrored, _) = run(&server);
    assert_eq!((mirrored.diagnostics.len(), mirrored.osv.len()), (0, names.len()));
    assert!((2..=4).contains(&server.most_under_way()), "{}", server.most_under_way());
}
