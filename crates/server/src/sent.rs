//! What was sent as a body: read within bounds, digested on the way, kept in memory while it is small and in
//! a file without a name when it is not.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use trimtab_store::Org;

use crate::access::secret::hex;
use crate::ingest::{Refused, blocking};
use crate::problem::Problem;
use crate::state::App;

/// What is larger goes to a file.
const SMALL: usize = 1 << 20;
/// Who sends nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body that arrived.
#[derive(Debug)]
pub(crate) struct Sent {
    /// SHA-256, hexadecimal.
    pub(crate) digest: String,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Memory(Vec<u8>),
    File(File),
}

impl Sent {
    /// Reads a body up to a size.
    pub(crate) async fn read(mut body: Body, largest: u64) -> Result<Sent, Problem> {
        let mut kept = Kept::new(largest);
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let frame = tokio::time::timeout(PATIENCE, next).await;
            let Some(frame) = frame.map_err(|_| slow())? else { break };
            let frame = frame.map_err(|_| too_large(largest))?;
            if let Ok(bytes) = frame.into_data() {
                kept.push(&bytes).await?;
            }
        }
        kept.end().await
    }

    /// Reads a file out of a form, up to a size.
    pub(crate) async fn read_field(mut field: Field<'_>, largest: u64) -> Result<Sent, Problem> {
        let mut kept = Kept::new(largest);
        loop {
            let next = tokio::time::timeout(PATIENCE, field.chunk()).await;
            let Some(bytes) = next.map_err(|_| slow())?.map_err(|_| too_large(largest))? else {
                break;
            };
            kept.push(&bytes).await?;
        }
        kept.end().await
    }

    /// Whether nothing was sent.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.held, Held::Memory(bytes) if bytes.is_empty())
    }

    /// Works with it on a thread of its own.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let mut reader: Box<dyn Read + Send> = match &self.held {
            Held::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            Held::File(file) => {
                let internal = |e: std::io::Error| Refused::Internal(e.to_string());
                let mut file = file.try_clone().map_err(internal)?;
                file.rewind().map_err(internal)?;
                Box::new(BufReader::new(file))
            }
        };
        blocking(move || work(&mut reader)).await
    }

    /// Its bytes, if they are not more than may be held.
    pub(crate) async fn bytes(&self, most: usize) -> Result<Vec<u8>, Problem> {
        let limit = most as u64;
        let read = self.with(move |from| {
            let mut bytes = Vec::new();
            from.take(limit + 1).read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = read.await.map_err(crate::api::snapshots::refused)?.map_err(no_room)?;
        if bytes.len() > most { Err(too_large(limit)) } else { Ok(bytes) }
    }

    /// Keeps it as a document.
    pub(crate) async fn keep(self, app: &App, org: Org, now: Timestamp) -> Result<bool, Problem> {
        Ok(match self.held {
            Held::Memory(bytes) => app.store.put_document(org, &self.digest, &bytes, now).await?,
            Held::File(file) => app.store.put_document_file(org, &self.digest, file, now).await?,
        })
    }
}

/// What has arrived so far.
struct Kept {
    largest: u64,
    size: u64,
    digest: Sha256,
    memory: Vec<u8>,
    file: Option<tokio::fs::File>,
}

impl Kept {
    fn new(largest: u64) -> Kept {
        Kept { largest, size: 0, digest: Sha256::new(), memory: Vec::new(), file: None }
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.size += bytes.len() as u64;
        if self.size > self.largest {
            return Err(too_large(self.largest));
        }
        self.digest.update(bytes);
        match &mut self.file {
            Some(file) => file.write_all(bytes).await.map_err(no_room)?,
            None => self.memory.extend_from_slice(bytes),
        }
        if self.memory.len() > SMALL {
            let made = tempfile::tempfile().map_err(no_room)?;
            let mut made = tokio::fs::File::from_std(made);
            made.write_all(&self.memory).await.map_err(no_room)?;
            self.memory = Vec::new();
            self.file = Some(made);
        }
        Ok(())
    }

    async fn end(self) -> Result<Sent, Problem> {
        let held = match self.file {
            None => Held::Memory(self.memory),
            Some(mut file) => {
                file.flush().await.map_err(no_room)?;
                let mut file = file.into_std().await;
                file.rewind().map_err(no_room)?;
                Held::File(file)
            }
        };
        Ok(Sent { digest: hex(&self.digest.finalize()), held })
    }
}

/// A body that is read when it is known that it may be sent.
pub(crate) struct Arriving {
    body: Body,
    arrived: Option<Sent>,
}

/// A body that something read before the handler, for the handler.
#[derive(Clone)]
pub(crate) struct Arrived(Arc<Mutex<Option<Sent>>>);

impl Arrived {
    pub(crate) fn new(sent: Sent) -> Arrived {
        Arrived(Arc::new(Mutex::new(Some(sent))))
    }
}

impl<S: Send + Sync> FromRequest<S> for Arriving {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Arriving, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let arrived = parts.extensions.remove::<Arrived>();
        let arrived =
            arrived.and_then(|a| a.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(Arriving { body, arrived })
    }
}

impl Arriving {
    /// One that is read already.
    pub(crate) fn of(sent: Sent) -> Arriving {
        Arriving { body: Body::empty(), arrived: Some(sent) }
    }

    /// Reads it; something must have been sent.
    pub(crate) async fn read(self, app: &App) -> Result<Sent, Problem> {
        self.read_up_to(app.settings.largest_upload).await
    }

    /// The same, of what is no larger than so many bytes where it was not read before.
    pub(crate) async fn read_up_to(self, largest: u64) -> Result<Sent, Problem> {
        let sent = match self.arrived {
            Some(sent) => sent,
            None => Sent::read(self.body, largest).await?,
        };
        if sent.is_empty() {
            return Err(Problem::invalid("The body is empty: send the document itself."));
        }
        Ok(sent)
    }
}

fn too_large(largest: u64) -> Problem {
    let detail = format!("What was sent is larger than {largest} bytes, or was cut off.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
}

fn slow() -> Problem {
    let detail = "Nothing more came for a minute. Send it again.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "Too slow", detail)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn no_room(error: std::io::Error) -> Problem {
    tracing::error!(%error, "what was sent cannot be put aside");
    let detail = "What was sent cannot be put aside right now. Try again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable", detail)
}
