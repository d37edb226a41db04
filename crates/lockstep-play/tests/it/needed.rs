//! No repair is there for nothing: without it, a request of its contract is refused or means something else.

use lockstep_core::command::Terms;
use lockstep_idp::{Provider, Request, repair};
use lockstep_play::Step;
use lockstep_scim::resource::ReadOptions;
use lockstep_scim::{Definition, Limits, filter, patch, resource};

/// A request as text of a contract, as the server would hand it to the repairs.
pub(crate) fn request(step: &Step) -> Request {
    let (path, query) = step.target.split_once('?').unwrap_or((&step.target, ""));
    let mut request = Request::new(&step.method, path);
    query.clone_into(&mut request.raw_query);
    request.query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    request.body = serde_json::from_str(&step.body).ok();
    request
}

/// What the server would understand, or why it refuses.
fn meaning(request: &Request, terms: &Terms) -> String {
    let limits = Limits::default();
    let definition: &Definition = if request.path.contains("Groups") { &terms.group } else { &terms.user };
    let asked = request.query.iter().map(|(name, value)| match name.as_str() {
        "filter" => format!(
            "{:?}",
            filter::parse(value, &limits)
                .and_then(|filter| { filter::check(&filter, definition).map(|()| filter) })
        ),
        _ => format!("{name}={value}"),
    });
    let asked: Vec<String> = asked.collect();
    let body = request.body.clone().map(|body| match request.method.as_str() {
        "PATCH" => format!("{:?}", patch::parse(&body, definition, &terms.rules.patch, &limits)),
        "POST" | "PUT" => format!("{:?}", resource::read(body, definition, &ReadOptions::default(), &limits)),
        _ => String::new(),
    });
    format!("{} {} {asked:?} {body:?}", request.method, request.path)
}

#[test]
fn every_repair_changes_what_its_contract_means() {
    for provider in lockstep_idp::PROVIDERS {
        let terms = Terms::new((provider.rules)());
        for quirk in provider.quirks {
            if let Some(name) = quirk.repair() {
                assert!(
                    is_needed(provider, quirk.contract, name, &terms),
                    "{}: {name} changes nothing",
                    quirk.id
                );
            }
        }
    }
}

fn is_needed(provider: &Provider, contract: &str, name: &str, terms: &Terms) -> bool {
    let file = format!("{}/{contract}", provider.slug);
    let contracts = lockstep_play::contracts(provider.slug).expect("every contract can be read");
    let contract = contracts.iter().find(|contract| contract.file == file).expect("the contract is there");
    let uses = |step: &&Step| step.expect.repairs.iter().any(|used| used == name);
    contract.steps.iter().filter(uses).all(|step| {
        let (mut with, mut without) = (request(step), request(step));
        let notes = repair(provider, &mut with, terms, &[]);
        repair(provider, &mut without, terms, &[name]);
        notes.iter().any(|note| note.repair == name) && meaning(&with, terms) != meaning(&without, terms)
    })
}
