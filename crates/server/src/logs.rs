//! Logs go to standard error. `RUST_LOG` says which; secrets are never in them.

use tracing_subscriber::EnvFilter;

/// Begins to log. Where something logs already, that stays.
pub fn log(json: bool) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,trimtab_server=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = if json { log.json().try_init() } else { log.try_init() };
}
