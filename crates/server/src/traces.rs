//! Traces, to whoever collects them over OTLP/HTTP (OpenTelemetry protocol 1.x, protobuf). Nothing is collected
//! unless `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names a collector; the other
//! variables of OpenTelemetry hold, too (headers, time-out, sampler, resource attributes).
//!
//! A request and a job are spans, and the steps of a job within it. Of an address its pattern is told, never a
//! value; bodies and secrets never.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Where a collector is named.
const NAMED: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// The longest that a collector may take. OpenTelemetry's own default.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of its answer.
const ANSWER: u64 = 1 << 20;

/// Sends what it has when it goes.
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        // Who does not answer is not waited for longer than that.
        let _ = self.0.shutdown_with_timeout(PATIENCE);
    }
}

/// Begins to collect, if a collector is named; why not, if it cannot be.
pub(crate) fn begin() -> Result<Option<(Traces, SdkTracer)>, String> {
    let named = |name: &&str| std::env::var(*name).is_ok_and(|value| !value.trim().is_empty());
    if !NAMED.iter().any(named) {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(Sender::new()).build();
    let exporter = exporter.map_err(|e| format!("traces cannot be sent: {e}"))?;
    let mut about = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        about = about.with_service_name("trimtab");
    }
    let provider = SdkTracerProvider::builder()
        .with_resource(about.build())
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("trimtab");
    Ok(Some((Traces(provider), tracer)))
}

/// Puts the span of a request below that of whoever asks (W3C Trace Context).
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    struct Sent<'h>(&'h HeaderMap);
    impl Extractor for Sent<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key).and_then(|value| value.to_str().ok())
        }
        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(axum::http::HeaderName::as_str).collect()
        }
    }
    if headers.contains_key("traceparent") {
        let context = TraceContextPropagator::new().extract(&Sent(headers));
        // Nobody collects: then there is nothing to follow.
        let _ = span.set_parent(context);
    }
}

/// Sends with the client that all of the program uses.
#[derive(Debug)]
struct Sender(ureq::Agent);

impl Sender {
    fn new() -> Sender {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build();
        Sender(agent.into())
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(parts, body.as_ref()));
        let mut answer = answer.inspect_err(|error| {
            tracing::warn!(%error, "traces cannot be sent");
        })?;
        if !answer.status().is_success() {
            tracing::warn!(status = answer.status().as_u16(), "traces were refused");
        }
        let said = answer.body_mut().with_config().limit(ANSWER).read_to_vec()?;
        let mut response = Response::new(Bytes::from(said));
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl HttpClient for Sender {
    // It is called on the thread that does nothing but send.
    fn send_bytes<'a: 'f, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        Self: 'f,
    {
        Box::pin(async move { self.send(request) })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A collector that answers once, and who it is: gives what it was sent.
    fn collector(answer: String) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sent = vec![0; 4096];
            let length = stream.read(&mut sent).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&sent[..length]).into_owned()
        });
        (address, heard)
    }

    fn request(address: &str) -> Request<Bytes> {
        Request::post(address).header("x-secret", "geheim").body(Bytes::from("spans")).unwrap()
    }

    #[test]
    fn a_collector_turns_nothing_to_another_machine() {
        let inside = TcpListener::bind("127.0.0.1:0").unwrap();
        inside.set_nonblocking(true).unwrap();
        let to = inside.local_addr().unwrap();
        let (address, heard) = collector(format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n"
        ));
        // Told as it came, or refused: never followed.
        if let Ok(answer) = Sender::new().send(request(&address)) {
            assert_eq!(answer.status(), 307);
        }
        assert!(heard.join().unwrap().contains("geheim"), "the one that was named got it");
        assert!(inside.accept().is_err(), "nobody else did");
    }

    #[test]
    fn traces_go_to_the_web_and_nowhere_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for address in
            [format!("file://localhost{}", file.path().display()), "ftp://127.0.0.1/".to_owned()]
        {
            assert!(Sender::new().send(request(&address)).is_err(), "{address}");
        }
    }

    #[test]
    fn an_answer_without_an_end_is_cut() {
        let long = "x".repeat(64);
        let (address, heard) =
            collector(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", ANSWER * 4));
        assert!(Sender::new().send(request(&address)).is_err());
        heard.join().unwrap();
    }
}
