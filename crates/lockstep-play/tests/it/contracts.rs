//! Every contract and every story is played against the server, in process and over HTTP, each in a directory of its
//! own; and every contract of a repair fails without it.

use axum::body::Body;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt as _;
use lockstep_play::{Contract, HttpTarget, Runner, Target};
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::Value;
use tower::ServiceExt as _;

/// A directory of a server in process.
pub(crate) struct InProcess<'a> {
    app: &'a TestApp,
    client: ScimClient,
}

impl Target for InProcess<'_> {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
        parts.uri = format!("{}{path}", self.client.base).parse()?;
        if !parts.headers.contains_key(AUTHORIZATION) {
            parts.headers.insert(AUTHORIZATION, format!("Bearer {}", self.client.token).parse()?);
        }
        let answer =
            self.app.router.clone().oneshot(http::Request::from_parts(parts, Body::from(body))).await?;
        let (parts, body) = answer.into_parts();
        Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes().to_vec()))
    }

    async fn events_since(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        let kinds = "events=dsync.user.created&events=dsync.user.updated&events=dsync.user.deleted\
                     &events=dsync.group.created&events=dsync.group.updated&events=dsync.group.deleted\
                     &events=dsync.group.user_added&events=dsync.group.user_removed";
        let mut after = after.map(str::to_owned);
        let mut events: Vec<Value> = Vec::new();
        loop {
            let query = after.map_or_else(|| kinds.to_owned(), |after| format!("{kinds}&after={after}"));
            let page = self.app.events(&query).await;
            let Some(last) = page.last().and_then(|event| event.get("id")).and_then(Value::as_str) else {
                return Ok(Some(events));
            };
            after = Some(last.to_owned());
            events.extend(page);
        }
    }

    fn is_patient(&self) -> bool {
        false
    }

    fn variables(&self) -> Vec<(String, String)> {
        let token = &self.client.token;
        vec![("token".to_owned(), token.clone()), ("basic".to_owned(), lockstep_play::basic(token))]
    }
}

pub(crate) async fn target<'a>(app: &'a TestApp, slug: &str) -> InProcess<'a> {
    let organization = app.organization(slug).await;
    let client = app.directory_of(&organization, slug).await;
    InProcess { app, client }
}

/// What failed, one line each.
async fn failures(slug: &str, contracts: &[Contract]) -> Vec<String> {
    let app = TestApp::start().await;
    let mut failures = Vec::new();
    {
        let target = target(&app, slug).await;
        let mut runner = Runner::new(&target);
        for contract in contracts {
            let played = runner.play(contract, &mut |_| ()).await.expect("the server answers");
            failures.extend(played.failures());
        }
    }
    app.finish().await;
    failures
}

async fn play_all(slug: &str) {
    let mut failed = Vec::new();
    for contract in lockstep_play::contracts(slug).expect("every contract can be read") {
        failed.extend(failures(slug, &[contract]).await);
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// A test for each IdP, and one that none is missing.
macro_rules! in_process {
    ($($slug:ident),* $(,)?) => {
        mod in_process {
            $(
                #[tokio::test]
                async fn $slug() {
                    super::play_all(stringify!($slug)).await;
                }
            )*

            #[test]
            fn no_idp_is_missing() {
                let known: Vec<&str> = lockstep_idp::PROVIDERS.iter().map(|provider| provider.slug).collect();
                assert_eq!(known, [$(stringify!($slug)),*]);
            }
        }
    };
}

in_process! {
    okta, entra, google, onelogin, jumpcloud, pingone, pingfederate, cyberark, rippling, sailpoint, keycloak, authentik, rauthy, canaille, auth0, oracle, ibm, oneidentity, ssosync, wso2, cloudflare, generic, strict_rfc, interop,
}

#[tokio::test]
async fn stories() {
    for slug in ["okta", "entra"] {
        let failed = failures(slug, &lockstep_play::story(slug)).await;
        assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    }
}

#[tokio::test]
async fn over_http_on_the_embedded_database() {
    let app = TestApp::start_on_sqlite().await;
    let address = app.serve().await;
    let url = format!("http://{address}");
    let mut failed = Vec::new();
    for provider in lockstep_idp::PROVIDERS {
        for contract in lockstep_play::contracts(provider.slug).expect("every contract can be read") {
            let organization = app.organization(&contract.file).await;
            let client = app.directory_of(&organization, provider.slug).await;
            let target = HttpTarget::new(&format!("{url}{}", client.base), &client.token)
                .expect("a client")
                .with_events(&url, &app.api_key, &client.directory);
            let played = Runner::new(&target).play(&contract, &mut |_| ()).await.expect("the server answers");
            failed.extend(played.failures());
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    app.finish().await;
}

#[tokio::test]
async fn a_contract_fails_without_the_repair_that_it_is_about() {
    let mut idle = Vec::new();
    for provider in lockstep_idp::PROVIDERS {
        let contracts = lockstep_play::contracts(provider.slug).expect("every contract can be read");
        for quirk in provider.quirks {
            let Some(repair) = quirk.repair() else { continue };
            let file = format!("{}/{}", provider.slug, quirk.contract);
            let contract =
                contracts.iter().find(|contract| contract.file == file).expect("the contract is there");
            let app = TestApp::start().await.without_repairs(&[repair]);
            let target = target(&app, provider.slug).await;
            // Names of repairs are not compared: it must fail by what happens.
            let mut runner = Runner::new(&target).without_repairs();
            let played = runner.play(contract, &mut |_| ()).await.expect("the server answers");
            if played.is_passed() {
                idle.push(format!("{}: {file} passes without {repair}", quirk.id));
            }
        }
    }
    assert!(idle.is_empty(), "\n{}", idle.join("\n"));
}
