//! No switch is there for nothing: a contract that a rule takes care of fails where that rule is what it is elsewhere.

use lockstep_core::rules::Rule;
use lockstep_idp::{MetBy, PROVIDERS};
use lockstep_play::{Contract, Runner};
use lockstep_testkit::TestApp;

use crate::contracts::target;

async fn passes_without(slug: &str, contract: &Contract, rule: Rule) -> bool {
    let app = TestApp::start().await.without_rules(&[rule]);
    let target = target(&app, slug).await;
    let mut runner = Runner::new(&target).without_repairs();
    runner.play(contract, &mut |_| ()).await.expect("the server answers").is_passed()
}

#[tokio::test]
async fn a_contract_fails_without_the_rule_that_it_is_about() {
    let mut idle = Vec::new();
    for provider in PROVIDERS {
        let contracts = lockstep_play::contracts(provider.slug).expect("every contract can be read");
        for quirk in provider.quirks {
            let MetBy::Rule(name) = quirk.met_by else { continue };
            let Some(rule) = Rule::parse(name) else {
                idle.push(format!("{}: no rule is called {name}", quirk.id));
                continue;
            };
            let file = format!("{}/{}", provider.slug, quirk.contract);
            let contract =
                contracts.iter().find(|contract| contract.file == file).expect("the contract is there");
            if passes_without(provider.slug, contract, rule).await {
                idle.push(format!("{}: {file} passes without {name}", quirk.id));
            }
        }
    }
    assert!(idle.is_empty(), "\n{}", idle.join("\n"));
}
