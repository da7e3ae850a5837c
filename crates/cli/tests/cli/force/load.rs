//! Clients that upload without end, as CI systems do: what got no answer is sent again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the server is now; another place after every start.
#[derive(Default)]
pub(crate) struct Place(Mutex<String>);

impl Place {
    pub(crate) fn set(&self, address: &str) {
        *self.0.lock().unwrap() = address.to_owned();
    }

    fn get(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// A document that differs from all others and has the sample's vulnerable package.
pub(crate) fn document(asset: usize, revision: usize) -> String {
    serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [
            { "type": "library", "name": "moment", "version": "2.24.0", "purl": "pkg:npm/moment@2.24.0" },
            { "type": "library", "name": "own", "version": format!("{asset}.{revision}.0"),
              "purl": format!("pkg:npm/own@{asset}.{revision}.0") },
        ]
    })
    .to_string()
}

/// Uploads revision after revision of one asset until told to stop. Gives how many the server accepted: an
/// upload without an answer is repeated until it has one.
pub(crate) fn upload(place: &Place, token: &str, asset: usize, stop: &AtomicBool) -> usize {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let mut accepted = 0;
    while !stop.load(Ordering::SeqCst) {
        let body = document(asset, accepted);
        loop {
            let address = place.get();
            let url =
                format!("{address}/api/v1/snapshots?asset=asset-{asset}&revision=r{accepted}");
            let sent = agent
                .post(&url)
                .header("authorization", &format!("Bearer {token}"))
                .send(body.as_bytes());
            match sent.map(|answer| answer.status().as_u16()) {
                Ok(200..=202) => break,
                // The server is away, or on its way up or down.
                Ok(429 | 500..) | Err(_) => std::thread::yield_now(),
                Ok(status) => panic!("{url}: {status}"),
            }
        }
        accepted += 1;
    }
    accepted
}
