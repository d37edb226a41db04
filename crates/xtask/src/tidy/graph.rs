//! Who may depend on whom, read from `cargo metadata`: the arrows between our crates, what pure crates may not
//! reach, who owns a driver, which packages and licences may not be there at all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::spdx::is_permissive;
use super::{Hit, Rule};
use crate::repo::Repo;

pub(super) const RULES: &[Rule<Packages>] = &[
    Rule {
        name: "1 scim, core and idp do no IO",
        mend: "return a value that says what to do; the store and the server do it",
        check: pure_crates,
    },
    Rule {
        name: "the arrows between our crates",
        mend: "the graph is in ARCHITECTURE.md; a new arrow is a decision: write it down, then add it to `ARROWS`",
        check: arrows,
    },
    Rule {
        name: "one owner for each engine",
        mend: "go through the owner's crate; see `OWNED`",
        check: owners,
    },
    Rule {
        name: "one cryptographic provider, no OpenSSL",
        mend: "choose the features that use aws-lc-rs; `cargo tree -i NAME` shows who brings it",
        check: unwanted,
    },
    Rule { name: "permissive licences", mend: "take another package", check: licences },
    Rule {
        name: "packages come from the registry",
        mend: "a git source can't be fetched everywhere and can change under us",
        check: sources,
    },
];

/// Our crates and the ones of ours that each may use; a crate that is not here is new and wants a place.
const ARROWS: &[(&str, &[&str])] = &[
    ("lockstep-scim", &[]),
    ("lockstep-core", &["lockstep-scim"]),
    ("lockstep-idp", &["lockstep-core", "lockstep-scim"]),
    ("lockstep-store", &["lockstep-core", "lockstep-scim"]),
    ("lockstep-store-sqlite", &["lockstep-store", "lockstep-core", "lockstep-scim"]),
    ("lockstep-store-postgres", &["lockstep-store", "lockstep-core", "lockstep-scim"]),
    ("lockstep-server", &["lockstep-idp", "lockstep-store", "lockstep-core", "lockstep-scim"]),
    ("lockstep-play", &["lockstep-idp", "lockstep-scim"]),
    (
        "lockstep",
        &[
            "lockstep-server",
            "lockstep-store-sqlite",
            "lockstep-store-postgres",
            "lockstep-play",
            "lockstep-idp",
            "lockstep-store",
            "lockstep-core",
            "lockstep-scim",
        ],
    ),
    (
        "lockstep-testkit",
        &[
            "lockstep-server",
            "lockstep-store-sqlite",
            "lockstep-store-postgres",
            "lockstep-play",
            "lockstep-idp",
            "lockstep-store",
            "lockstep-core",
            "lockstep-scim",
        ],
    ),
    ("xtask", &[]),
];

const PURE: &[&str] = &["lockstep-scim", "lockstep-core", "lockstep-idp"];

/// What does IO, directly or far below.
const IO: &[&str] = &["tokio", "axum", "hyper", "reqwest", "rusqlite", "tokio-postgres", "socket2", "mio"];

/// Packages that only these crates of ours may name.
const OWNED: &[(&str, &[&str])] = &[
    ("rusqlite", &["lockstep-store-sqlite"]),
    ("tokio-postgres", &["lockstep-store-postgres"]),
    ("axum", &["lockstep-server", "lockstep", "lockstep-testkit"]),
];

const UNWANTED: &[&str] = &["ring", "openssl", "openssl-sys", "native-tls", "sqlx", "rust-crypto"];

/// A package, as far as the rules look at it.
#[derive(Default)]
struct Package {
    name: String,
    ours: bool,
    source: String,
    licence: String,
    /// Ids of what it is built with.
    normal: Vec<String>,
}

pub(super) struct Packages {
    by_id: BTreeMap<String, Package>,
    /// Names of all that is compiled. The resolved graph also names what no feature switches on.
    built: BTreeSet<String>,
}

impl Packages {
    pub(super) fn read(repo: &Repo) -> Result<Packages> {
        let version = repo.read("rustc", &["-vV"])?;
        let host =
            version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        let arguments = ["metadata", "--format-version", "1", "--filter-platform", host];
        let metadata = serde_json::from_str(&repo.read("cargo", &arguments)?)?;
        let tree =
            ["tree", "--workspace", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"];
        let tree = repo.read("cargo", &tree)?;
        let built = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
        Packages::parse(&metadata, built)
    }

    fn parse(metadata: &Value, built: BTreeSet<String>) -> Result<Packages> {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let members = list(metadata, "workspace_members");
        let mut by_id = BTreeMap::new();
        for package in list(metadata, "packages") {
            let id = text(&package, "id");
            let ours = members.iter().any(|member| member.as_str() == Some(&id));
            let (name, source, licence) =
                (text(&package, "name"), text(&package, "source"), text(&package, "license"));
            by_id.insert(id, Package { name, ours, source, licence, normal: Vec::new() });
        }
        let resolve = metadata.get("resolve").context("`cargo metadata` resolved nothing")?;
        for node in list(resolve, "nodes") {
            let package = by_id.get_mut(&text(&node, "id")).context("a node that is no package")?;
            let built_with =
                |dependency: &Value| list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
            package.normal = list(&node, "deps")
                .iter()
                .filter(|dep| built_with(dep))
                .map(|dep| text(dep, "pkg"))
                .collect();
        }
        Ok(Packages { by_id, built })
    }

    fn ours(&self) -> impl Iterator<Item = (&String, &Package)> {
        self.by_id.iter().filter(|(_, package)| package.ours)
    }

    fn normal<'a>(&'a self, package: &'a Package) -> impl Iterator<Item = &'a Package> {
        package.normal.iter().filter_map(|id| self.by_id.get(id))
    }

    /// For everything below a package: the chain of names that leads there.
    fn below(&self, id: &str) -> Vec<Vec<&str>> {
        let mut seen = BTreeSet::from([id]);
        let mut chains = Vec::new();
        let mut waiting = vec![(id, Vec::new())];
        while let Some((id, chain)) = waiting.pop() {
            let Some(package) = self.by_id.get(id) else { continue };
            let mut chain: Vec<&str> = chain;
            chain.push(&package.name);
            for next in &package.normal {
                if seen.insert(next) {
                    waiting.push((next, chain.clone()));
                }
            }
            chains.push(chain);
        }
        chains
    }
}

fn hit(place: &str, what: String) -> Hit {
    Hit { place: place.to_owned(), line: None, what }
}

fn pure_crates(packages: &Packages) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (id, package) in packages.ours().filter(|(_, package)| PURE.contains(&package.name.as_str())) {
        for chain in packages.below(id) {
            if chain.last().is_some_and(|name| IO.contains(name)) {
                hits.push(hit(&package.name, chain.join(" -> ")));
            }
        }
    }
    hits
}

fn arrows(packages: &Packages) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (_, package) in packages.ours() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            hits.push(hit(&package.name, "a crate that no arrow leads to".to_owned()));
            continue;
        };
        for target in packages.normal(package).filter(|target| target.ours) {
            if !allowed.contains(&target.name.as_str()) {
                hits.push(hit(&package.name, format!("depends on {}", target.name)));
            }
        }
    }
    hits
}

fn owners(packages: &Packages) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (_, package) in packages.ours() {
        for (owned, owners) in OWNED {
            let uses = packages.normal(package).any(|target| target.name == *owned);
            if uses && !owners.contains(&package.name.as_str()) {
                hits.push(hit(&package.name, format!("depends on {owned}")));
            }
        }
    }
    hits
}

fn unwanted(packages: &Packages) -> Vec<Hit> {
    let found = UNWANTED.iter().filter(|name| packages.built.contains(**name));
    found.map(|name| hit("Cargo.lock", format!("`{name}` is built"))).collect()
}

fn licences(packages: &Packages) -> Vec<Hit> {
    let others = packages.by_id.values().filter(|package| !is_permissive(&package.licence));
    others.map(|package| hit(&package.name, format!("licence `{}`", package.licence))).collect()
}

fn sources(packages: &Packages) -> Vec<Hit> {
    let others =
        packages.by_id.values().filter(|package| !package.ours && !package.source.starts_with("registry+"));
    others.map(|package| hit(&package.name, format!("source `{}`", package.source))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Packages as `name: [normal dependencies]`; names that begin with `lockstep` are ours.
    fn graph(packages: &[(&str, &[&str])], licence: &str, source: &str) -> Packages {
        let ours = |name: &str| name.starts_with("lockstep");
        let members: Vec<&str> = packages.iter().map(|(name, _)| *name).filter(|name| ours(name)).collect();
        let list: Vec<Value> = packages
            .iter()
            .map(|(name, _)| {
                let (source, licence) =
                    if ours(name) { (Value::Null, "MIT") } else { (json!(source), licence) };
                json!({ "id": name, "name": name, "source": source, "license": licence })
            })
            .collect();
        let nodes: Vec<Value> = packages
            .iter()
            .map(|(name, below)| {
                let normal = below.iter().map(|name| json!({ "pkg": name, "dep_kinds": [{ "kind": null }] }));
                let dev = json!({ "pkg": "tokio", "dep_kinds": [{ "kind": "dev" }] });
                json!({ "id": name, "deps": normal.chain([dev]).collect::<Vec<_>>() })
            })
            .collect();
        let metadata =
            json!({ "workspace_members": members, "packages": list, "resolve": { "nodes": nodes } });
        Packages::parse(&metadata, packages.iter().map(|(name, _)| (*name).to_owned()).collect()).unwrap()
    }

    #[track_caller]
    fn check(name: &str, packages: &[(&str, &[&str])], expected: &[&str]) {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
        let hits = (rule.check)(&graph(packages, "MIT", "registry+somewhere"));
        let found: Vec<String> = hits.into_iter().map(|hit| format!("{}: {}", hit.place, hit.what)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_pure_crate_reaches_no_io_however_far() {
        let name = "1 scim, core and idp do no IO";
        let far: &[(&str, &[&str])] =
            &[("lockstep-core", &["middle"]), ("middle", &["tokio"]), ("tokio", &[])];
        check(name, far, &["lockstep-core: lockstep-core -> middle -> tokio"]);
        // Development dependencies (every package here has tokio for its tests) are free.
        check(name, &[("lockstep-core", &["serde"]), ("serde", &[]), ("tokio", &[])], &[]);
        check(name, &[("lockstep-server", &["tokio"]), ("tokio", &[])], &[]);
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_refused() {
        let name = "the arrows between our crates";
        check(
            name,
            &[("lockstep-scim", &["lockstep-core"]), ("lockstep-core", &[])],
            &["lockstep-scim: depends on lockstep-core"],
        );
        check(
            name,
            &[("lockstep", &["lockstep-testkit"]), ("lockstep-testkit", &[])],
            &["lockstep: depends on lockstep-testkit"],
        );
        check(name, &[("lockstep-new", &[])], &["lockstep-new: a crate that no arrow leads to"]);
        check(name, &[("lockstep-core", &["lockstep-scim"]), ("lockstep-scim", &[])], &[]);
    }

    #[test]
    fn an_engine_has_one_owner() {
        let name = "one owner for each engine";
        check(
            name,
            &[("lockstep-server", &["rusqlite"]), ("rusqlite", &[])],
            &["lockstep-server: depends on rusqlite"],
        );
        check(name, &[("lockstep-store-sqlite", &["rusqlite"]), ("rusqlite", &[])], &[]);
    }

    #[test]
    fn another_cryptographic_provider_is_seen() {
        let name = "one cryptographic provider, no OpenSSL";
        check(
            name,
            &[("lockstep", &["a"]), ("a", &["ring"]), ("ring", &[])],
            &["Cargo.lock: `ring` is built"],
        );
        check(name, &[("lockstep", &["aws-lc-rs"]), ("aws-lc-rs", &[])], &[]);
    }

    #[test]
    fn licences_and_sources_are_checked() {
        let packages: &[(&str, &[&str])] = &[("lockstep", &["a"]), ("a", &[])];
        assert_eq!(licences(&graph(packages, "GPL-3.0-only", "registry+x")).len(), 1);
        assert_eq!(licences(&graph(packages, "", "registry+x")).len(), 1);
        assert_eq!(licences(&graph(packages, "MIT", "registry+x")).len(), 0);
        assert_eq!(sources(&graph(packages, "MIT", "git+somewhere")).len(), 1);
        assert_eq!(sources(&graph(packages, "MIT", "registry+x")).len(), 0);
    }
}
