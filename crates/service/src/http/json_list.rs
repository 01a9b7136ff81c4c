//! A JSON list of objects as a body: a form that others have set, such as reports of leaked secrets. What we set
//! ourselves is an object, which can get further fields.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::extract::{expect_json, parse_document, read_body};
use crate::problem::{Fault, FaultCode, Problem};

/// A JSON list of objects in a request.
#[derive(Debug, Clone)]
pub struct JsonList<T>(pub Vec<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonList<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        expect_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_list(&body).map(Self)
    }
}

fn parse_list<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Problem> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        let fault = Fault::new(FaultCode::WrongType, "must be a list of JSON objects");
        return Err(Problem::invalid_field("body", fault));
    }
    // A struct could be read from a list of its fields as well, which no description mentions.
    parse_document::<Vec<Map<String, Value>>>(body)?;
    parse_document(body)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Found {
        token: String,
    }

    fn refusal(body: &str) -> (u16, String) {
        let problem = parse_list::<Found>(body.as_bytes()).unwrap_err();
        let field = problem.errors().first().map_or(String::new(), |error| error.field.clone());
        (problem.status().as_u16(), field)
    }

    #[test]
    fn a_list_of_objects_is_read_and_what_is_wrong_is_named_by_its_place() {
        let read: Vec<Found> =
            parse_list(br#"[{"token": "a", "more": 1}, {"token": "b"}]"#).unwrap();
        assert_eq!(read.iter().map(|it| it.token.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(parse_list::<Found>(b"[]").unwrap().is_empty());
        assert_eq!(refusal(r#"{"token": "a"}"#), (422, "body".to_owned()));
        assert_eq!(refusal(r#"[{"token": "a"}, {}]"#), (422, "[1].token".to_owned()));
        assert_eq!(refusal(r#"[["a"]]"#), (422, "[0]".to_owned()));
        assert_eq!(refusal(r#"[{"token": "a\u0000"}]"#), (422, "[0].token".to_owned()));
        for body in ["", "[", "[{}] x"] {
            assert_eq!(refusal(body).0, 400, "{body}");
        }
    }
}
