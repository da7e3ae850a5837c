//! Forms that send a file: read as any other upload is, after the token against forged requests.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};

use super::own_form;
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::sent::Sent;
use crate::state::App;

/// The longest value of a field but the file.
const TEXT: usize = 1000;
/// The most fields.
const MOST: usize = 20;

/// What a form says.
#[derive(Debug, Default)]
pub(super) struct Filled {
    fields: BTreeMap<String, String>,
    /// The file, unless it is empty.
    pub(super) file: Option<Sent>,
}

impl Filled {
    /// A field; empty if it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Reads a form of somebody who may upload somewhere.
///
/// # Errors
/// They may not, it is not of this session, or it is no form with a file.
pub(super) async fn read(app: &App, who: &Who, request: Request) -> Result<Filled, Problem> {
    // Nothing is read of whoever may send nothing.
    if !who.may_somewhere(Action::Upload) {
        return Err(Problem::forbidden(Action::Upload));
    }
    let own = |filled: &Filled| own_form(who, filled.text("csrf"));
    filled(app, request, app.settings.largest_upload, own).await
}

/// Reads a form with a file of at most so many bytes. `own` says of what came before the file whether it is to be read.
///
/// # Errors
/// It is not, or it is no form with a file.
pub(super) async fn filled(
    app: &App,
    request: Request,
    largest: u64,
    own: impl Fn(&Filled) -> Result<(), Problem>,
) -> Result<Filled, Problem> {
    let Ok(mut form) = Multipart::from_request(request, app).await else {
        // What is no such form has no token either.
        own(&Filled::default())?;
        return Err(Problem::invalid("This is not a form with a file."));
    };
    let wrong = |_| Problem::invalid("The form was cut off, or is not a form. Send it again.");
    let mut filled = Filled::default();
    while let Some(mut field) = form.next_field().await.map_err(wrong)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            // The token stands before the file: nothing is kept of what is not this session's own.
            own(&filled)?;
            let sent = Sent::read_field(field, largest).await?;
            filled.file = Some(sent).filter(|sent| !sent.is_empty());
            continue;
        }
        if name.len() > TEXT || filled.fields.len() >= MOST {
            return Err(Problem::invalid("The form has unknown fields."));
        }
        let long = || Problem::invalid(format!("`{name}` must be at most {TEXT} bytes."));
        let mut bytes = Vec::new();
        while let Some(more) = field.chunk().await.map_err(wrong)? {
            bytes.extend_from_slice(&more);
            if bytes.len() > TEXT {
                return Err(long());
            }
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Problem::invalid(format!("`{name}` is not UTF-8.")))?;
        filled.fields.insert(name, text);
    }
    own(&filled)?;
    Ok(filled)
}
