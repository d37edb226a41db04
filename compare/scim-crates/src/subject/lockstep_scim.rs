//! lockstep-scim, this repository's own.

use lockstep_scim::filter::{self, Filter};
use lockstep_scim::path::Path;
use lockstep_scim::{Definition, Error, Limits, patch};
use serde_json::Value;

use super::{Answer, Refusal, Subject, Tree};

pub struct LockstepScim;

impl Subject for LockstepScim {
    fn name(&self) -> &'static str {
        "lockstep-scim"
    }

    fn parse(&self, filter: &str) -> Option<Answer<Tree>> {
        Some(filter::parse(filter, &Limits::default()).map(|filter| tree(&filter)).map_err(refusal))
    }

    fn parse_only(&self, filter: &str) -> bool {
        filter::parse(filter, &Limits::default()).is_ok()
    }

    fn path(&self, path: &str) -> Option<Answer<()>> {
        Some(Path::parse(path, &Limits::default()).map(drop).map_err(refusal))
    }

    fn select(&self, filter: &str, resources: &[Value]) -> Option<Answer<Vec<Value>>> {
        let select = || {
            let user = Definition::user();
            let wanted = filter::Matcher::new(&filter::parse(filter, &Limits::default())?, &user)?;
            let matches =
                |resource: &&Value| resource.as_object().is_some_and(|object| wanted.matches(object));
            Ok(resources.iter().filter(matches).cloned().collect())
        };
        Some(select().map_err(refusal))
    }

    fn message(&self, request: &Value) -> Option<Answer<()>> {
        let options = patch::PatchOptions::default();
        let parsed = patch::parse(request, &Definition::user(), &options, &Limits::default());
        Some(parsed.map(drop).map_err(refusal))
    }

    fn patch(&self, kind: &str, resource: &Value, request: &Value) -> Option<Answer<Value>> {
        let definition = if kind == "Group" { Definition::group() } else { Definition::user() };
        let options = patch::PatchOptions::default();
        let object = resource.as_object()?;
        let apply = || {
            let parsed = patch::parse(request, &definition, &options, &Limits::default())?;
            patch::apply(&parsed.operations, object, &definition, &options, &parsed.limits)
        };
        Some(apply().map(Value::Object).map_err(refusal))
    }
}

fn refusal(error: Error) -> Refusal {
    Refusal { kind: error.scim_type.map(|kind| kind.as_str().to_owned()), text: error.detail }
}

fn tree(filter: &Filter) -> Tree {
    match filter {
        Filter::Attr { path, op, value } => Tree::compare(path, op.as_str(), value.to_value()),
        Filter::Present(path) => Tree::Leaf(format!("{path} pr")),
        Filter::ValuePath { attr, filter } => Tree::Values(attr.to_string(), Box::new(tree(filter))),
        Filter::And(parts) => Tree::And(parts.iter().map(tree).collect()),
        Filter::Or(parts) => Tree::Or(parts.iter().map(tree).collect()),
        Filter::Not(inner) => Tree::Not(Box::new(tree(inner))),
    }
}
