//! Logs go to standard error. `RUST_LOG` says which; secrets are never in them.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::traces::{self, Traces};

/// What spans and events are collected as traces, if a collector is named.
const TRACED: &str = "warn,trimtab_server=info";

/// Logging. When it goes, traces that wait are sent.
#[must_use]
pub struct Logging {
    _traces: Option<Traces>,
}

/// Begins to log. Where something logs already, that stays.
pub fn log(json: bool) -> Logging {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,trimtab_server=info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    let (traces, failed) = match traces::begin() {
        Ok(traces) => (traces, None),
        Err(why) => (None, Some(why)),
    };
    let (traces, tracer) = traces.unzip();
    let spans = tracer.map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false);
        layer.with_threads(false).with_filter(EnvFilter::new(TRACED))
    });
    let all = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans);
    let _ = all.try_init();
    if let Some(why) = failed {
        tracing::error!("{why}");
    }
    Logging { _traces: traces }
}
