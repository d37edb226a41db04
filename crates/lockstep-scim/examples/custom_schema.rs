//! A schema of one's own: defined, used, changed, and what is stored brought to it.
//! `cargo run -p lockstep-scim --example custom_schema`

use lockstep_scim::schema::Schema;
use lockstep_scim::{Definition, Error, Limits, filter, resource};
use serde_json::{Value, json};

const URN: &str = "urn:example:params:scim:schemas:extension:badge:1.0:User";

fn badge(attributes: &Value) -> Result<Schema, Error> {
    Schema::from_json(&json!({"id": URN, "name": "Badge", "attributes": attributes}), &Limits::default())
}

fn main() -> Result<(), Error> {
    let limits = Limits::default();
    let first = badge(&json!([
        {"name": "number", "type": "integer", "required": true},
        {"name": "doors", "multiValued": true, "canonicalValues": ["north", "south"]},
    ]))?;
    let user = Definition::user().with_extension(first.clone(), false);

    // What does not fit is refused by its place.
    let wrong = json!({"userName": "ada", (URN): {"number": "seven"}});
    if let Err(error) = resource::read(wrong, &user, &resource::ReadOptions::default(), &limits) {
        println!("refused: {error}");
    }

    // What fits can be filtered by.
    let body = json!({"userName": "ada", (URN): {"number": 7, "doors": ["north"]}});
    let mut ada = resource::read(body, &user, &resource::ReadOptions::default(), &limits)?.object;
    let wanted = filter::parse(&format!(r#"{URN}:number lt 10 and {URN}:doors eq "NORTH""#), &limits)?;
    let wanted = filter::Matcher::new(&wanted, &user)?;
    println!("found: {}", wanted.matches(&ada));

    // Another version: a type can't change, an attribute can go.
    if let Err(error) = first.evolution(&badge(&json!([{"name": "number"}]))?) {
        println!("refused: {error}");
    }
    let second = badge(&json!([{"name": "number", "type": "integer"}, {"name": "colour"}]))?;
    let evolution = first.evolution(&second)?;
    let user = user.with_extension(second, false);
    let changed = resource::conform(&mut ada, &user, &evolution.removed);
    println!("changed: {changed}\n{:#}", Value::Object(ada));
    Ok(())
}
