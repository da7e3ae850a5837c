//! The DevTools protocol over two pipes: JSON messages, each ended by a zero byte.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// The two ends.
pub(super) struct Pipe {
    write: RefCell<Option<ChildStdin>>,
    read: Receiver<Value>,
    /// Events that came while an answer was awaited.
    events: RefCell<VecDeque<Value>>,
    last: RefCell<u64>,
}

impl Pipe {
    pub(super) fn new(write: ChildStdin, read: ChildStdout) -> Pipe {
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let mut messages = BufReader::new(read);
            let mut message = Vec::new();
            while messages.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let read = serde_json::from_slice(&message);
                message.clear();
                if read.is_ok_and(|value| send.send(value).is_err()) {
                    break;
                }
            }
        });
        Pipe {
            write: RefCell::new(Some(write)),
            read: receive,
            events: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// Asks, and waits for the answer.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub(super) fn call(&self, session: Option<&str>, method: &str, params: &Value) -> Value {
        let id = self.send(session, method, params);
        loop {
            let message = self.next(method);
            if message.get("id") == Some(&json!(id)) {
                if let Some(error) = message.get("error") {
                    panic!("{method} {params}: {error}");
                }
                return message.get("result").cloned().unwrap_or_default();
            }
            self.events.borrow_mut().push_back(message);
        }
    }

    /// Waits for an event of a session; those before it are dropped.
    pub(super) fn event(&self, session: &str, method: &str) -> Value {
        loop {
            let kept = self.events.borrow_mut().pop_front();
            let message = kept.unwrap_or_else(|| self.next(method));
            if is_event(&message, session, method) {
                return message.get("params").cloned().unwrap_or_default();
            }
        }
    }

    /// Forgets the events of a session that have come.
    pub(super) fn forget(&self, session: &str) {
        self.events.borrow_mut().retain(|m| m.get("sessionId") != Some(&json!(session)));
    }

    /// Ends the browser.
    pub(super) fn close(&self) {
        self.send(None, "Browser.close", &json!({}));
        self.write.borrow_mut().take();
    }

    fn send(&self, session: Option<&str>, method: &str, params: &Value) -> u64 {
        *self.last.borrow_mut() += 1;
        let id = *self.last.borrow();
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(message)) = (session, message.as_object_mut()) {
            message.insert("sessionId".into(), json!(session));
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        if let Some(write) = self.write.borrow_mut().as_mut() {
            // A browser that has gone is told by the answer that does not come.
            let _sent = write.write_all(&bytes).and_then(|()| write.flush());
        }
        id
    }

    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    fn next(&self, awaited: &str) -> Value {
        let message = self.read.recv_timeout(PATIENCE);
        message.unwrap_or_else(|e| panic!("the browser says nothing to {awaited}: {e}"))
    }
}

fn is_event(message: &Value, session: &str, method: &str) -> bool {
    message.get("sessionId") == Some(&json!(session))
        && message.get("method") == Some(&json!(method))
}
