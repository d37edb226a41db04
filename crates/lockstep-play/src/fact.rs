//! What must hold for a piece of JSON: a path to it and a condition. Must not know where the JSON came from.

use serde_json::Value;

/// Where something stands in JSON: `emails[type=work].value`, `Resources[0].id`, `"urn:…:User".department`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JsonPath(pub Vec<Part>);

/// One part of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A member of an object.
    Key(String),
    /// An element of an array.
    Index(usize),
    /// The first element of an array whose member has this text.
    Where(String, String),
}

/// What must hold at a path.
#[derive(Clone, PartialEq, Debug)]
pub struct Fact {
    /// Where.
    pub path: JsonPath,
    /// What.
    pub condition: Condition,
}

/// A condition.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    /// The value is this JSON, written with variables perhaps.
    Is(String),
    /// An array has an element with at least these members, or this very element.
    Has(String),
    /// An array has no such element.
    Lacks(String),
    /// An array has so many elements; a missing one has none.
    Count(usize),
    /// There is a value.
    Present,
    /// There is none.
    Absent,
}

impl JsonPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            if let Some(tail) = rest.strip_prefix('"') {
                let (key, tail) = tail.split_once('"').ok_or("the quoted key has no end")?;
                parts.push(Part::Key(key.to_owned()));
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('[') {
                let (inside, tail) = tail.split_once(']').ok_or("`[` has no end")?;
                parts.push(match inside.split_once('=') {
                    Some((key, value)) => Part::Where(key.to_owned(), value.to_owned()),
                    None => {
                        Part::Index(inside.parse().map_err(|_| "expected a number or name=text in `[ ]`")?)
                    }
                });
                rest = tail;
            } else {
                let end = rest.find(['.', '[', ' ']).unwrap_or(rest.len());
                let (key, tail) = rest.split_at(end);
                if key.is_empty() || tail.starts_with(' ') {
                    return Err(format!("`{text}` is not a path"));
                }
                parts.push(Part::Key(key.to_owned()));
                rest = tail;
            }
        }
        if parts.is_empty() { Err("the path is empty".to_owned()) } else { Ok(Self(parts)) }
    }

    /// What stands there.
    #[must_use]
    pub fn find<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(json, |at, part| match part {
            Part::Key(key) => at.get(key),
            Part::Index(index) => at.get(index),
            Part::Where(key, text) => {
                at.as_array()?.iter().find(|item| item.get(key).is_some_and(|value| is_text(value, text)))
            }
        })
    }
}

impl std::fmt::Display for JsonPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Key(key) if key.contains([':', '.']) => write!(out, "{}\"{key}\"", dot(index))?,
                Part::Key(key) => write!(out, "{}{key}", dot(index))?,
                Part::Index(number) => write!(out, "[{number}]")?,
                Part::Where(key, text) => write!(out, "[{key}={text}]")?,
            }
        }
        Ok(())
    }
}

fn dot(index: usize) -> &'static str {
    if index == 0 { "" } else { "." }
}

fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        other => serde_json::from_str::<Value>(text).is_ok_and(|wanted| wanted == *other),
    }
}

impl Fact {
    /// Reads `PATH == JSON`, `PATH has JSON`, `PATH lacks JSON`, `PATH count N`, `PATH present`, `PATH absent`.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (path, condition) = path_end(line)
            .map(|end| {
                (line.get(..end).unwrap_or_default(), line.get(end..).unwrap_or_default().trim_start())
            })
            .ok_or("expected a path and a condition: == has lacks count present absent")?;
        let path = JsonPath::parse(path)?;
        let (word, operand) = condition.split_once(' ').unwrap_or((condition, ""));
        let operand = operand.trim();
        let json = || {
            if operand.is_empty() {
                return Err(format!("`{word}` needs JSON after it"));
            }
            // Variables stand for text inside quotes or for a whole value.
            let probe = operand.replace("{{", "").replace("}}", "");
            let bare = operand.starts_with("{{") && operand.ends_with("}}");
            if bare || serde_json::from_str::<Value>(&probe).is_ok() || operand.contains("{{") {
                Ok(operand.to_owned())
            } else {
                Err(format!("`{operand}` is not JSON"))
            }
        };
        let condition = match word {
            "==" => Condition::Is(json()?),
            "has" => Condition::Has(json()?),
            "lacks" => Condition::Lacks(json()?),
            "count" => Condition::Count(operand.parse().map_err(|_| "`count` needs a number after it")?),
            "present" => Condition::Present,
            "absent" => Condition::Absent,
            _ => return Err(format!("`{word}` is no condition: == has lacks count present absent")),
        };
        Ok(Self { path, condition })
    }

    /// Says what is wrong, without showing more of the JSON than the fact is about.
    pub fn check(&self, json: &Value, fill: &dyn Fn(&str) -> Result<String, String>) -> Result<(), String> {
        let found = self.path.find(json);
        let wanted = |text: &str| -> Result<Value, String> {
            let filled = fill(text)?;
            Ok(serde_json::from_str(&filled).unwrap_or(Value::String(filled)))
        };
        let seen = found.map_or_else(|| "absent".to_owned(), Value::to_string);
        let holds = match &self.condition {
            Condition::Is(text) => found == Some(&wanted(text)?),
            Condition::Has(text) => contains(found, &wanted(text)?),
            Condition::Lacks(text) => !contains(found, &wanted(text)?),
            Condition::Count(count) => {
                found.map_or(Some(0), |value| value.as_array().map(Vec::len)) == Some(*count)
            }
            Condition::Present => found.is_some_and(|value| !value.is_null()),
            Condition::Absent => found.is_none(),
        };
        if holds {
            return Ok(());
        }
        let expected = match &self.condition {
            Condition::Is(text) => format!("== {}", fill(text)?),
            Condition::Has(text) => format!("has {}", fill(text)?),
            Condition::Lacks(text) => format!("lacks {}", fill(text)?),
            Condition::Count(count) => format!("count {count}"),
            Condition::Present => "present".to_owned(),
            Condition::Absent => "absent".to_owned(),
        };
        Err(format!("{} {expected}: found {seen}", self.path))
    }
}

/// Where the path of a fact ends: at the first space outside quotes and brackets.
fn path_end(line: &str) -> Option<usize> {
    let (mut quoted, mut bracketed) = (false, false);
    line.char_indices().find_map(|(index, letter)| {
        match letter {
            '"' => quoted = !quoted,
            '[' if !quoted => bracketed = true,
            ']' if !quoted => bracketed = false,
            ' ' if !quoted && !bracketed => return Some(index),
            _ => {}
        }
        None
    })
}

fn contains(found: Option<&Value>, wanted: &Value) -> bool {
    let Some(items) = found.and_then(Value::as_array) else { return false };
    items.iter().any(|item| match (item, wanted) {
        (Value::Object(item), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| item.get(key) == Some(value))
        }
        (item, wanted) => item == wanted,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_hold_or_say_what_is_wrong() {
        let body = json!({
            "active": true,
            "emails": [{ "type": "work", "value": "a@example.com" }, { "type": "home", "value": "b@example.com" }],
            "urn:x:2.0:User": { "department": "Ops" },
        });
        for (line, expected) in [
            ("active == true", None),
            ("active == \"true\"", Some("active == \"true\": found true")),
            ("emails count 2", None),
            ("members count 0", None),
            ("emails[type=home].value == \"b@example.com\"", None),
            ("emails[0].type == \"work\"", None),
            ("\"urn:x:2.0:User\".department == \"Ops\"", None),
            ("emails has {\"type\": \"work\"}", None),
            ("emails lacks {\"type\": \"other\"}", None),
            ("title absent", None),
            ("active absent", Some("active absent: found true")),
            ("active == {{flag}}", None),
        ] {
            let fact = Fact::parse(line).unwrap();
            let fill = |text: &str| Ok(text.replace("{{flag}}", "true"));
            assert_eq!(fact.check(&body, &fill).err().as_deref(), expected, "{line}");
        }
        for line in ["active", "active = true", "active == ", "emails count many", "a[ == 1"] {
            assert!(Fact::parse(line).is_err(), "{line}");
        }
    }
}
