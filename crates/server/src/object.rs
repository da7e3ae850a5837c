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
        let sent = Json::<Map<String, Value>>::from_request(request, app).await;
        let Json(members) = sent.map_err(IntoResponse::into_response)?;
        read(members).map(Object).map_err(IntoResponse::into_response)
    }
}

/// So many members at most are tried for the one that is wrong.
const TRIED: usize = 50;

/// Reads members. Of one that is not of its type, its name is told.
///
/// # Errors
/// A member is missing, not known, or not of its type.
pub(crate) fn read<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Problem> {
    let names: Vec<String> = members.keys().take(TRIED).cloned().collect();
    let mut whole = Value::Object(members);
    let wrong = match T::deserialize(&whole) {
        Ok(read) => return Ok(read),
        Err(error) => error.to_string(),
    };
    // What is missing or not known is named already.
    if wrong.starts_with("missing field") || wrong.starts_with("unknown field") {
        return Err(Problem::invalid(wrong));
    }
    for name in names {
        let Some(value) = whole.as_object_mut().and_then(|all| all.remove(&name)) else { continue };
        // Without it something else is wrong, or nothing.
        if T::deserialize(&whole).err().is_none_or(|other| other.to_string() != wrong) {
            return Err(Problem::invalid(format!("`{name}`: {wrong}")));
        }
        if let Some(all) = whole.as_object_mut() {
            all.insert(name, value);
        }
    }
    Err(Problem::invalid(wrong))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: String,
        #[serde(default)]
        people: Vec<String>,
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        let told = |sent: Value| match read::<Wanted>(sent.as_object().unwrap().clone()) {
            Ok(is) => format!("{} {}", is.name, is.people.len()),
            Err(problem) => problem.detail,
        };
        assert_eq!(told(json!({ "name": "a", "people": ["b"] })), "a 1");
        let wrong = told(json!({ "name": "a", "people": [9] }));
        assert!(wrong.starts_with("`people`: invalid type: integer `9`"), "{wrong}");
        let wrong = told(json!({ "name": 1, "people": [] }));
        assert!(wrong.starts_with("`name`: invalid type"), "{wrong}");
        let wrong = told(json!({ "people": [] }));
        assert!(wrong.starts_with("missing field `name`"), "{wrong}");
        let wrong = told(json!({ "name": "a", "person": "b" }));
        assert!(wrong.starts_with("unknown field `person`"), "{wrong}");
    }
}
