//! scim_proto: types and a filter parser of the Kanidm project.

use scim_proto::filter::{ScimComplexFilter as Inner, ScimFilter as Filter};

use super::{Answer, Subject, Tree};

pub struct ScimProto;

impl Subject for ScimProto {
    fn name(&self) -> &'static str {
        "scim_proto"
    }

    fn parse(&self, filter: &str) -> Option<Answer<Tree>> {
        Some(filter.parse::<Filter>().map(|filter| tree(&filter)).map_err(Into::into))
    }

    fn parse_only(&self, filter: &str) -> bool {
        filter.parse::<Filter>().is_ok()
    }
}

fn tree(filter: &Filter) -> Tree {
    match filter {
        Filter::Or(left, right) => tree(left).or(tree(right)),
        Filter::And(left, right) => tree(left).and(tree(right)),
        Filter::Not(inner) => Tree::Not(Box::new(tree(inner))),
        Filter::Present(path) => Tree::Leaf(format!("{} pr", path.to_string())),
        Filter::Equal(path, value) => Tree::compare(path.to_string(), "eq", value),
        Filter::NotEqual(path, value) => Tree::compare(path.to_string(), "ne", value),
        Filter::Contains(path, value) => Tree::compare(path.to_string(), "co", value),
        Filter::StartsWith(path, value) => Tree::compare(path.to_string(), "sw", value),
        Filter::EndsWith(path, value) => Tree::compare(path.to_string(), "ew", value),
        Filter::Greater(path, value) => Tree::compare(path.to_string(), "gt", value),
        Filter::Less(path, value) => Tree::compare(path.to_string(), "lt", value),
        Filter::GreaterOrEqual(path, value) => Tree::compare(path.to_string(), "ge", value),
        Filter::LessOrEqual(path, value) => Tree::compare(path.to_string(), "le", value),
        Filter::Complex(attribute, inner) => Tree::Values(attribute.clone(), Box::new(inner_tree(inner))),
    }
}

fn inner_tree(filter: &Inner) -> Tree {
    match filter {
        Inner::Or(left, right) => inner_tree(left).or(inner_tree(right)),
        Inner::And(left, right) => inner_tree(left).and(inner_tree(right)),
        Inner::Not(inner) => Tree::Not(Box::new(inner_tree(inner))),
        Inner::Present(name) => Tree::Leaf(format!("{name} pr")),
        Inner::Equal(name, value) => Tree::compare(name, "eq", value),
        Inner::NotEqual(name, value) => Tree::compare(name, "ne", value),
        Inner::Contains(name, value) => Tree::compare(name, "co", value),
        Inner::StartsWith(name, value) => Tree::compare(name, "sw", value),
        Inner::EndsWith(name, value) => Tree::compare(name, "ew", value),
        Inner::Greater(name, value) => Tree::compare(name, "gt", value),
        Inner::Less(name, value) => Tree::compare(name, "lt", value),
        Inner::GreaterOrEqual(name, value) => Tree::compare(name, "ge", value),
        Inner::LessOrEqual(name, value) => Tree::compare(name, "le", value),
    }
}
