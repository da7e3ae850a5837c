//! What the tests of fetching share: a mirror's content, a clock that does not wait, a run.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use trimtab_connect::Clock;
use trimtab_connect::feeds::{Fetcher, Limits, Mirrored, Wanted};
use trimtab_connect::http::{Client, Patience};

use crate::server::Server;

/// A clock that notes pauses and does not make them.
#[derive(Default)]
pub(crate) struct NoWait(pub(crate) Mutex<Vec<Duration>>);

impl NoWait {
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn pause(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

/// A record with nothing but what fetching looks at.
pub(crate) fn record(id: &str, modified: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"{modified}","affected":[{{"package":{{"ecosystem":"npm","name":"p"}},"versions":["1.0.0"]}}]}}"#
    )
}

/// An archive of records (id, modified).
pub(crate) fn zip(records: &[(String, String)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (id, modified) in records {
        // Stored, so that a flipped byte is the content's and nothing else's.
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        out.start_file(format!("{id}.json"), options).unwrap();
        out.write_all(record(id, modified).as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// `count` records of one day.
pub(crate) fn records(count: usize) -> Vec<(String, String)> {
    (0..count).map(|i| (format!("X-{i}"), "2026-01-01T00:00:00Z".to_owned())).collect()
}

pub(crate) fn list(records: &[(String, String)]) -> String {
    records.iter().map(|(id, modified)| format!("{modified},{id}\n")).collect()
}

/// Serves an ecosystem whole.
pub(crate) fn serve(server: &Server, base: &str, ecosystem: &str, records: &[(String, String)]) {
    server.put(&format!("{base}/{ecosystem}/all.zip"), zip(records));
    server.put(&format!("{base}/{ecosystem}/modified_id.csv"), list(records));
}

/// Everything that a copy's archive and loose records say: id and modified.
pub(crate) fn archive_ids(path: &Path) -> usize {
    zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap().len()
}

/// Short times, so that tests of slowness are quick.
pub(crate) const BRISK: Patience = Patience {
    connect: Duration::from_secs(5),
    read: Duration::from_millis(1500),
    window: Duration::from_millis(600),
    rate: 1000,
};

/// One update from a server, with short times and small caps.
pub(crate) fn update(wanted: &Wanted, folder: &Path) -> (Mirrored, Vec<Duration>) {
    let clock = NoWait::default();
    let client = Client::with_environment(BRISK, |_| None);
    let limits = Limits { archive: 4 << 20, list: 1 << 20, record: 1 << 16, feed: 1 << 16 };
    let fetcher = Fetcher { client: &client, clock: &clock, limits };
    let mirrored = fetcher.mirror(wanted, folder, &mut |_| {}).unwrap();
    (mirrored, clock.pauses())
}

/// The mirror's OSV folder and nothing else.
pub(crate) fn only_osv(server: &Server) -> Wanted {
    Wanted { osv: Some(format!("{}/osv", server.url()).parse().unwrap()), ..Wanted::default() }
}
