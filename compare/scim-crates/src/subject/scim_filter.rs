//! scim-filter: a parser, and an evaluator over anything that serializes.

use scim_filter::parser::{
    AttrExpData, AttrPath, CompValue, CompareOp, Filter, LogExpData, ValFilter, filter,
};
use serde_json::Value;

use super::{Answer, Refusal, Subject, Tree};

pub struct ScimFilter;

impl Subject for ScimFilter {
    fn name(&self) -> &'static str {
        "scim-filter"
    }

    fn parse(&self, text: &str) -> Option<Answer<Tree>> {
        Some(match filter(text) {
            Ok(("", filter)) => Ok(tree(&filter)),
            Ok((rest, _)) => Err(Refusal::from(format!("`{rest}` remains"))),
            Err(error) => Err(error.into()),
        })
    }

    fn parse_only(&self, text: &str) -> bool {
        matches!(filter(text), Ok(("", _)))
    }

    fn select(&self, filter: &str, resources: &[Value]) -> Option<Answer<Vec<Value>>> {
        Some(scim_filter::scim_filter(filter, resources.to_vec()).map_err(Into::into))
    }
}

/// The crate shows no URN of a path.
fn path(path: &AttrPath) -> String {
    let attribute: &str = path.attr_name();
    path.sub_attr().as_ref().map_or_else(|| attribute.to_owned(), |sub| format!("{attribute}.{}", &**sub))
}

fn expression(leaf: &AttrExpData<'_>) -> Tree {
    match leaf {
        AttrExpData::Present(attribute) => Tree::Leaf(format!("{} pr", path(attribute))),
        AttrExpData::Compare(attribute, op, value) => {
            let op = match op {
                CompareOp::Equal => "eq",
                CompareOp::NotEqual => "ne",
                CompareOp::Contains => "co",
                CompareOp::StartsWith => "sw",
                CompareOp::EndsWith => "ew",
                CompareOp::GreaterThan => "gt",
                CompareOp::GreaterThanOrEqual => "ge",
                CompareOp::LessThan => "lt",
                CompareOp::LessThanOrEqual => "le",
            };
            let value = match value {
                CompValue::False => "false".to_owned(),
                CompValue::Null => "null".to_owned(),
                CompValue::True => "true".to_owned(),
                CompValue::Number(number) => number.to_string(),
                CompValue::String(text) => Value::from(*text).to_string(),
            };
            Tree::compare(path(attribute), op, value)
        }
    }
}

fn tree(filter: &Filter<'_>) -> Tree {
    match filter {
        Filter::AttrExp(leaf) => expression(leaf),
        Filter::LogExp(both) => logical(both),
        Filter::ValuePath(values) => {
            Tree::Values(path(values.attr_path()), Box::new(value_tree(values.val_filter())))
        }
        Filter::Sub(true, inner) => Tree::Not(Box::new(tree(inner))),
        Filter::Sub(false, inner) => tree(inner),
    }
}

fn value_tree(filter: &ValFilter<'_>) -> Tree {
    match filter {
        ValFilter::AttrExp(leaf) => expression(leaf),
        ValFilter::LogExp(both) => logical(both),
        ValFilter::SubFilter(true, inner) => Tree::Not(Box::new(value_tree(inner))),
        ValFilter::SubFilter(false, inner) => value_tree(inner),
    }
}

fn logical(both: &LogExpData<'_>) -> Tree {
    let (left, right) = (tree(&both.left), tree(&both.right));
    if both.log_exp_operator.is_and() { left.and(right) } else { left.or(right) }
}
