//! No switch is there for nothing: a contract that a rule takes care of fails where that rule is what it is elsewhere.

use lockstep_core::rules::{Rule, Rules};
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

#[tokio::test]
async fn each_rule_that_a_contract_has_otherwise_than_others_is_shown_by_one_of_its_files() {
    let mut idle = Vec::new();
    // `strict_rfc` is what the others are measured against; how a token may come is shown by the server's own tests.
    let elsewhere_shown = [Rule::BareTokens, Rule::BasicCredentials];
    for provider in PROVIDERS.iter().filter(|provider| provider.slug != "strict_rfc") {
        let (here, elsewhere) = ((provider.rules)(), Rules::default());
        let contracts = lockstep_play::contracts(provider.slug).expect("every contract can be read");
        let differs = |rule: &Rule| here.holds(*rule) != elsewhere.holds(*rule);
        for rule in Rule::ALL.into_iter().filter(differs).filter(|rule| !elsewhere_shown.contains(rule)) {
            let mut shown = false;
            for contract in &contracts {
                shown = shown || !passes_without(provider.slug, contract, rule).await;
            }
            if !shown {
                idle.push(format!("{}: nothing shows {}", provider.slug, rule.as_str()));
            }
        }
    }
    assert!(idle.is_empty(), "\n{}", idle.join("\n"));
}
