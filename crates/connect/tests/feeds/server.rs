//! A small HTTP server on 127.0.0.1 for tests: serves files from memory with entity tags, ranges
//! and the faults that a test orders. One thread per connection, one request per connection.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What goes wrong with one answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status, with these headers, and no body.
    Status(u16, &'static str),
    /// The connection ends after so many bytes of the body.
    CutAfter(usize),
    /// The head names so many bytes more than there are.
    LongLength(usize),
    /// The head names so many bytes fewer than there are.
    ShortLength(usize),
    /// A byte at a time, with this pause.
    Drip(Duration),
    /// The byte here is another.
    Flip(usize),
    /// No answer at all for this time, then the end.
    Silence(Duration),
    /// A body without an end: zeros until the client goes away.
    Endless,
    /// Chunks of so many bytes with a pause between them.
    Slow(usize, Duration),
}

/// A file that is served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// Answer ranges.
    pub(crate) ranges: bool,
    /// One for each of the next answers.
    pub(crate) faults: VecDeque<Fault>,
    /// For every answer.
    pub(crate) always: Option<Fault>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) status: u16,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Served>,
    requests: Vec<Request>,
    under_way: usize,
    most_under_way: usize,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Server {
    state: Arc<Mutex<State>>,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { state: Arc::default(), port: listener.local_addr().unwrap().port() };
        let accepting = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = accepting.clone();
                thread::spawn(move || {
                    // A client that goes away is part of the tests.
                    let _ = server.answer(stream);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves bytes with a strong tag, ranges and no fault.
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let sum =
            bytes.iter().fold(7u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
        let etag = Some(format!("\"{sum:x}\""));
        let served = Served { bytes, etag, ranges: true, ..Served::default() };
        self.state.lock().unwrap().files.insert(path.to_owned(), served);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.state.lock().unwrap().files.remove(path);
    }

    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Served)) {
        let mut state = self.state.lock().unwrap();
        change(state.files.entry(path.to_owned()).or_default());
    }

    pub(crate) fn fault(&self, path: &str, faults: &[Fault]) {
        self.change(path, |served| served.faults.extend(faults.iter().cloned()));
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let (served, fault) = {
            let mut state = self.state.lock().unwrap();
            let served = state.files.get_mut(&path);
            let fault = served.and_then(|s| s.faults.pop_front().or_else(|| s.always.clone()));
            (state.files.get(&path).cloned(), fault)
        };
        let request = Request { path, headers, status: 0 };
        self.respond(stream, request, served, fault.as_ref())
    }

    /// Counts how many such answers are under way; before the last bytes, as the client goes on
    /// when it has them.
    fn slowly(
        &self,
        stream: &mut TcpStream,
        body: &[u8],
        size: usize,
        pause: Duration,
    ) -> std::io::Result<()> {
        {
            let mut state = self.state.lock().unwrap();
            state.under_way += 1;
            state.most_under_way = state.most_under_way.max(state.under_way);
        }
        let (most, last) = body.split_at(body.len().saturating_sub(size));
        let result = trickle(stream, most, size, pause);
        self.state.lock().unwrap().under_way -= 1;
        result.and_then(|()| stream.write_all(last))
    }

    fn note(&self, mut request: Request, status: u16) {
        request.status = status;
        self.state.lock().unwrap().requests.push(request);
    }

    fn respond(
        &self,
        mut stream: TcpStream,
        request: Request,
        served: Option<Served>,
        fault: Option<&Fault>,
    ) -> std::io::Result<()> {
        if let Some(Fault::Status(status, headers)) = fault {
            self.note(request, *status);
            return write!(
                stream,
                "HTTP/1.1 {status} Fault\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        let Some(served) = served else {
            self.note(request, 404);
            return write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        };
        if let Some(Fault::Silence(time)) = fault {
            self.note(request, 0);
            thread::sleep(*time);
            return Ok(());
        }
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let etag = served.etag.as_deref();
        if etag.is_some() && header("if-none-match") == etag {
            self.note(request, 304);
            return write!(stream, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
        }
        let total = served.bytes.len();
        let start = header("range")
            .filter(|_| {
                served.ranges && (header("if-range").is_none() || header("if-range") == etag)
            })
            .and_then(|range| {
                range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
        if start.is_some_and(|start| start >= total) {
            self.note(request, 416);
            return write!(
                stream,
                "HTTP/1.1 416 Range\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        let mut body = served.bytes[start.unwrap_or(0)..].to_vec();
        let mut length = body.len();
        match fault {
            Some(Fault::LongLength(more)) => length += more,
            Some(Fault::ShortLength(fewer)) => length -= fewer,
            Some(Fault::Flip(at)) => body[*at] ^= 0x55,
            _ => {}
        }
        let status = if start.is_some() { 206 } else { 200 };
        self.note(request, status);
        write!(stream, "HTTP/1.1 {status} OK\r\nConnection: close\r\n")?;
        if let Some(start) = start {
            write!(stream, "Content-Range: bytes {start}-{}/{total}\r\n", total - 1)?;
        }
        if let Some(etag) = etag {
            write!(stream, "ETag: {etag}\r\n")?;
        }
        for (name, value) in &served.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        if matches!(fault, Some(Fault::Endless)) {
            write!(stream, "\r\n")?;
            loop {
                stream.write_all(&[0; 4096])?;
            }
        }
        write!(stream, "Content-Length: {length}\r\n\r\n")?;
        match fault {
            Some(Fault::CutAfter(count)) => stream.write_all(&body[..(*count).min(body.len())]),
            Some(Fault::Drip(pause)) => trickle(&mut stream, &body, 1, *pause),
            Some(Fault::Slow(size, pause)) => self.slowly(&mut stream, &body, *size, *pause),
            _ => stream.write_all(&body),
        }
    }
}

fn trickle(
    stream: &mut TcpStream,
    body: &[u8],
    size: usize,
    pause: Duration,
) -> std::io::Result<()> {
    for bytes in body.chunks(size) {
        stream.write_all(bytes)?;
        stream.flush()?;
        thread::sleep(pause);
    }
    Ok(())
}
