//! A body that is a JSON object: a list is none, though it could be read as the members in their order.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::state::App;

/// What was sent.
pub(crate) struct Object<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Object<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Object<T>, Response> {
        let read = Json::<Map<String, Value>>::from_request(request, app).await;
        let Json(members) = read.map_err(IntoResponse::into_response)?;
        let read = serde_json::from_value(Value::Object(members));
        let wrong = |e: serde_json::Error| Problem::invalid(e.to_string()).into_response();
        read.map(Object).map_err(wrong)
    }
}
