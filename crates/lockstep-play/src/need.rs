//! Whether an answer has what an IdP needs. Must not know any IdP: its contract says what it needs.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use lockstep_idp::provider::{Call, Demand, Need, Provider, Refused};
use serde_json::Value;

/// An answer, as far as needs look at it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Content-Type`; empty where there is none.
    pub content_type: String,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u64>,
    /// Whether there is a body.
    pub has_body: bool,
    /// The body, where it is JSON.
    pub body: Option<Value>,
    /// How long it took.
    pub took: Duration,
}

impl Answer {
    /// An answer as it came.
    #[must_use]
    pub fn of(response: &http::Response<Vec<u8>>, took: Duration) -> Self {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let body = response.body();
        Self {
            status: response.status().as_u16(),
            content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default().to_owned(),
            retry_after: header("retry-after").and_then(|value| value.trim().parse().ok()),
            has_body: !body.is_empty(),
            body: serde_json::from_slice(body).ok(),
            took,
        }
    }

    /// Whether the call was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the server says of a refusal.
    #[must_use]
    pub fn detail(&self) -> &str {
        let at = |name: &str| self.body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str);
        at("detail").or_else(|| at("message")).unwrap_or_default()
    }
}

/// A need that an answer does not meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// Which.
    pub need: Need,
    /// What is wrong.
    pub why: String,
}

/// The needs of an IdP that the answer to this call does not meet. A refusal that it is known to go on from is none.
#[must_use]
pub fn unmet(provider: &Provider, call: Call, sent: Option<&Value>, answer: &Answer) -> Vec<Unmet> {
    let goes_on = !answer.is_success() && provider.reaction(call, Refused::Status(answer.status)).is_some();
    let asked = provider.needs.iter().filter(|need| need.call == call || need.call == Call::Any);
    let asked = asked.filter(|need| !(goes_on && matches!(need.demand, Demand::Status(_))));
    asked
        .filter_map(|need| failure(need.demand, sent, answer).map(|why| Unmet { need: *need, why }))
        .collect()
}

/// What is missing in an answer; nothing where the demand is met, or not made of such an answer.
#[must_use]
pub fn failure(demand: Demand, sent: Option<&Value>, answer: &Answer) -> Option<String> {
    let nothing = Value::Null;
    let body = answer.body.as_ref().unwrap_or(&nothing);
    let at = |pointer: &str| body.pointer(pointer).filter(|value| !value.is_null());
    match demand {
        Demand::Status(wanted) => {
            let shown: Vec<String> = wanted.iter().map(u16::to_string).collect();
            return (!wanted.contains(&answer.status))
                .then(|| format!("expected {}, was answered with {}", shown.join(" or "), answer.status));
        }
        Demand::Json => {
            return (answer.has_body && answer.body.is_none()).then(|| "the body is not JSON".to_owned());
        }
        Demand::ContentType(wanted) => {
            let found = answer.content_type.to_ascii_lowercase();
            return (answer.has_body && !wanted.iter().any(|wanted| found.starts_with(wanted)))
                .then(|| format!("Content-Type is `{found}`, expected {}", wanted.join(" or ")));
        }
        _ if !answer.is_success() => return None,
        _ => {}
    }
    match demand {
        Demand::Present(pointer) => at(pointer).is_none().then(|| format!("nothing stands at `{pointer}`")),
        Demand::Is(pointer, wanted) => {
            let wanted_value = serde_json::from_str(wanted).unwrap_or(Value::String(wanted.to_owned()));
            let found = at(pointer);
            (found != Some(&wanted_value))
                .then(|| format!("`{pointer}` is {}, expected {wanted}", shown(found)))
        }
        Demand::Echo(pointer) => {
            let wanted = sent?.pointer(pointer).filter(|value| !value.is_null())?;
            let found = at(pointer);
            let same = found.is_some_and(|found| found == wanted || text(found) == text(wanted));
            // Values are somebody's data: only where it stands is told.
            (!same).then(|| match found {
                None => format!("`{pointer}` was sent and does not come back"),
                Some(_) => format!("`{pointer}` comes back as another value than was sent"),
            })
        }
        Demand::EachHas(pointer) => {
            let listed = body.get("Resources").and_then(Value::as_array)?;
            let without = listed.iter().filter(|one| one.pointer(pointer).is_none_or(Value::is_null)).count();
            (without > 0)
                .then(|| format!("{without} of {} resources have nothing at `{pointer}`", listed.len()))
        }
        Demand::List(name) => match body.get(name) {
            Some(Value::Array(_)) => None,
            Some(_) => Some(format!("`{name}` is no list")),
            None => Some(format!("`{name}` is missing; it must be there also where it is empty")),
        },
        Demand::Body => (!answer.has_body).then(|| "there is no body".to_owned()),
        Demand::NoNulls => null_in(body, "").map(|place| format!("`{place}` is null")),
        Demand::Within(milliseconds) => (answer.took > Duration::from_millis(milliseconds.into()))
            .then(|| format!("it took {} ms, expected at most {milliseconds}", answer.took.as_millis())),
        Demand::Status(_) | Demand::Json | Demand::ContentType(_) => None,
    }
}

/// Whether a demand may be told and never counted: how long something takes depends on the day.
#[must_use]
pub fn is_only_told(demand: Demand) -> bool {
    matches!(demand, Demand::Within(_))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "missing".to_owned(),
        Some(Value::Array(_) | Value::Object(_)) => "something else".to_owned(),
        Some(value) => value.to_string(),
    }
}

/// Text, number and boolean as text, without their case: `"True"` that comes back as `true` was understood.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_lowercase()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Where the first null stands.
fn null_in(value: &Value, place: &str) -> Option<String> {
    match value {
        Value::Null => Some(place.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| null_in(item, &format!("{place}/{index}")))
        }
        Value::Object(members) => {
            members.iter().find_map(|(name, member)| null_in(member, &format!("{place}/{name}")))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests;
