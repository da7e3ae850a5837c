//! A server for the length of a test: pages and assets from memory, on loopback, with the policy
//! that the real one sends.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use trimtab_pages::{CONTENT_SECURITY_POLICY, asset};

/// Serves pages by their names until the test ends; the address to put before a name.
pub(crate) fn serve(pages: Vec<(String, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let pages = Arc::new(pages);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let pages = Arc::clone(&pages);
            std::thread::spawn(move || answer(&stream, &pages));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, pages: &[(String, String)]) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let _rest = lines.by_ref().take_while(|l| !l.is_empty()).count();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let page = pages.iter().find(|(name, _)| path.strip_prefix('/') == Some(name));
    let found = match (page, path.strip_prefix(asset::FOLDER).and_then(asset::asset)) {
        (Some((_, html)), _) => Some(("text/html; charset=utf-8", html.as_bytes())),
        (_, known) => known,
    };
    let (status, (kind, body)) = match found {
        Some(found) => ("200 OK", found),
        None => ("404 Not Found", ("text/plain", b"nothing".as_slice())),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
         content-security-policy: {CONTENT_SECURITY_POLICY}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A browser that has gone away needs no answer.
    let _sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
