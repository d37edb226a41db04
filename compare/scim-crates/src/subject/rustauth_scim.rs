//! rustauth-scim: a plugin of RustAuth; its filters are public, its PATCH is part of the plugin.

use rustauth_scim::filters::{
    ScimAttributePath, ScimCompareOperator, ScimFilterExpression as Filter, parse_filter,
    resource_matches_filter,
};
use serde_json::Value;

use super::{Answer, Refusal, Subject, Tree};

pub struct RustauthScim;

impl Subject for RustauthScim {
    fn name(&self) -> &'static str {
        "rustauth-scim"
    }

    fn parse(&self, filter: &str) -> Option<Answer<Tree>> {
        Some(parse_filter(filter).map(|filter| tree(&filter)).map_err(|error| refusal(&error)))
    }

    fn parse_only(&self, filter: &str) -> bool {
        parse_filter(filter).is_ok()
    }

    fn select(&self, filter: &str, resources: &[Value]) -> Option<Answer<Vec<Value>>> {
        let mut selected = Vec::new();
        for resource in resources {
            match resource_matches_filter(resource, filter) {
                Ok(true) => selected.push(resource.clone()),
                Ok(false) => {}
                Err(error) => return Some(Err(refusal(&error))),
            }
        }
        Some(Ok(selected))
    }
}

fn refusal(error: &rustauth_scim::errors::ScimError) -> Refusal {
    Refusal::from(format!("{error:?}"))
}

/// `attribute[filter]` is what precedes the operator; without one it is printed as `attribute[filter]`.
fn path(path: &ScimAttributePath) -> String {
    let filter = path.value_filter.as_ref().map_or_else(String::new, |filter| format!("[{}]", tree(filter)));
    let sub = path.sub_attribute.as_ref().map_or_else(String::new, |sub| format!(".{sub}"));
    format!("{}{filter}{sub}", path.attribute)
}

fn tree(filter: &Filter) -> Tree {
    match filter {
        Filter::Compare { path: attribute, operator, value } => {
            let op = match operator {
                ScimCompareOperator::Eq => "eq",
                ScimCompareOperator::Ne => "ne",
                ScimCompareOperator::Co => "co",
                ScimCompareOperator::Sw => "sw",
                ScimCompareOperator::Ew => "ew",
                ScimCompareOperator::Gt => "gt",
                ScimCompareOperator::Ge => "ge",
                ScimCompareOperator::Lt => "lt",
                ScimCompareOperator::Le => "le",
            };
            Tree::compare(path(attribute), op, value)
        }
        Filter::Present(attribute) => Tree::Leaf(format!("{} pr", path(attribute))),
        Filter::And(left, right) => tree(left).and(tree(right)),
        Filter::Or(left, right) => tree(left).or(tree(right)),
        Filter::Not(inner) => Tree::Not(Box::new(tree(inner))),
    }
}
