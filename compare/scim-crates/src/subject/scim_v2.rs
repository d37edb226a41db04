//! scim_v2: models, parsers, validators; no evaluation and no application of PATCH.

use scim_v2::Validate;
use scim_v2::filter::{AttrExp, Filter, PatchPath, ValFilter};
use scim_v2::models::others::PatchOp;
use serde_json::Value;

use super::{Answer, Subject, Tree};

pub struct ScimV2;

impl Subject for ScimV2 {
    fn name(&self) -> &'static str {
        "scim_v2"
    }

    fn parse(&self, filter: &str) -> Option<Answer<Tree>> {
        Some(filter.parse::<Filter>().map(|filter| tree(&filter)).map_err(Into::into))
    }

    fn parse_only(&self, filter: &str) -> bool {
        filter.parse::<Filter>().is_ok()
    }

    fn path(&self, path: &str) -> Option<Answer<()>> {
        Some(path.parse::<PatchPath>().map(drop).map_err(Into::into))
    }

    fn message(&self, request: &Value) -> Option<Answer<()>> {
        let read = || -> Answer<()> {
            let request: PatchOp = serde_json::from_value(request.clone())?;
            Ok(request.validate()?)
        };
        Some(read())
    }
}

fn tree(filter: &Filter) -> Tree {
    match filter {
        Filter::Attr(leaf) => expression(leaf),
        Filter::ValuePath(values) => {
            Tree::Values(values.attr.to_string(), Box::new(value_tree(&values.filter)))
        }
        Filter::Not(inner) => Tree::Not(Box::new(tree(inner))),
        Filter::And(parts) => Tree::And(parts.iter().map(tree).collect()),
        Filter::Or(parts) => Tree::Or(parts.iter().map(tree).collect()),
    }
}

fn value_tree(filter: &ValFilter) -> Tree {
    match filter {
        ValFilter::Attr(leaf) => expression(leaf),
        ValFilter::Not(inner) => Tree::Not(Box::new(value_tree(inner))),
        ValFilter::And(parts) => Tree::And(parts.iter().map(value_tree).collect()),
        ValFilter::Or(parts) => Tree::Or(parts.iter().map(value_tree).collect()),
    }
}

fn expression(leaf: &AttrExp) -> Tree {
    match leaf {
        AttrExp::Present(path) => Tree::Leaf(format!("{path} pr")),
        AttrExp::Comparison(path, op, value) => Tree::compare(path, &op.to_string(), value),
    }
}
