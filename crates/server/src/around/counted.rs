//! What is counted of this process, for Prometheus: `GET /internal/metrics`, from this machine or
//! with an admin's token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use trimtab_store::JobState;

use crate::access::peer::Peer;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// The most jobs of an organisation and state that are counted.
const MOST: usize = 10_000;

/// What a request was, and how it ended. The route is its pattern: there are as many as routes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfJobs {
    state: &'static str,
}

/// The counters of this process.
#[derive(Clone)]
pub(crate) struct Counters {
    registry: Arc<Registry>,
    pub(crate) requests: Family<Request, Histogram>,
    /// Attempts to sign in that failed.
    pub(crate) failed: Counter,
    jobs: Family<OfJobs, Gauge>,
}

impl Default for Counters {
    fn default() -> Counters {
        let mut registry = Registry::with_prefix("trimtab");
        let buckets = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let requests = Family::<Request, Histogram>::new_with_constructor(buckets);
        let failed = Counter::default();
        let jobs = Family::<OfJobs, Gauge>::default();
        registry.register("request_seconds", "How long answers took", requests.clone());
        registry.register("sign_in_failures", "Attempts to sign in that failed", failed.clone());
        registry.register("jobs", "Jobs of all organisations", jobs.clone());
        Counters { registry: Arc::new(registry), requests, failed, jobs }
    }
}

pub(crate) async fn get(
    State(app): State<App>,
    peer: Peer,
    who: Result<Who, Problem>,
) -> Result<Response, Problem> {
    if !peer.local {
        who?.must(Action::Administer, On::ALL)?;
    }
    for state in [JobState::Waiting, JobState::Running, JobState::Dead] {
        let mut count = 0;
        for of in app.store.organisations().await? {
            count += app.store.jobs(of.org, state, MOST).await?.len();
        }
        let gauge = app.counters.jobs.get_or_create(&OfJobs { state: state.as_str() });
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let mut text = String::new();
    encode(&mut text, &app.counters.registry).map_err(|e| Problem::conflict(e.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
