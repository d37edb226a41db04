//! The API against a program that makes requests up from its description, right ones and wrong ones, and holds each
//! answer against it: no 5xx, no status, type, field or header that is not described, nothing accepted that the
//! description forbids, nothing answered without a key.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use crate::judges::{Served, seed, serve, text_field};
use crate::prepare::Prepared;
use crate::repo::Repo;
use crate::report::{Outcome, Report};

/// For how long it may go on asking.
const SECONDS_MAX: &str = "120";

/// What may be answered to what the description allows, besides success. A schema does not say all: whether a name is
/// free, a time is still to come, or an expression of a path has a meaning is known to the server alone.
const REFUSALS: &str = "[\"2xx\", \"400\", \"401\", \"403\", \"404\", \"409\", \"413\", \"422\", \"429\"]";

pub(crate) fn run(repo: &Repo, prepared: &Prepared, report: &mut Report) {
    report.step("fuzz: the API", || {
        let Some(tool) = prepared.tool("schemathesis") else {
            return Ok(Outcome::Skipped("no schemathesis in the Python environment".to_owned()));
        };
        let built = repo.run("build", &mut repo.cargo(&["build", "--quiet", "--package", "lockstep"]))?;
        if !built.ok {
            return Ok(Outcome::Failed(built.output));
        }
        let served = serve(repo, "fuzz")?;
        let settings = repo.target.join("ci/fuzz/schemathesis.toml");
        fs::write(&settings, configuration(&served)?)?;
        let (seed, at) = (seed()?, served.address);
        let mut command = repo.command(tool, &["--config-file"]);
        command
            .arg(&settings)
            .args(["run", &format!("http://{at}/openapi.json")])
            .args(["--header", &format!("Authorization: Bearer {}", served.api_key)])
            .args(["--checks", "all", "--max-time", SECONDS_MAX, "--seed", &seed])
            .args(["--continue-on-failure", "--warnings", "off", "--no-color"])
            .current_dir(repo.target.join("ci/fuzz"));
        let ran = repo.run("fuzz-schemathesis", &mut command)?;
        Ok(if ran.ok {
            let asked = ran.output.lines().rfind(|line| line.contains(" generated")).unwrap_or_default();
            Outcome::Passed(format!("{}, SEED={seed}", asked.trim()))
        } else {
            Outcome::Failed(format!("SEED={seed} repeats it\n{}", ran.output))
        })
    });
}

/// What is there to be asked for: an organization and a directory, which nobody deletes meanwhile.
fn configuration(served: &Served) -> Result<String> {
    let mut out = format!("[checks]\npositive_data_acceptance.expected-statuses = {REFUSALS}\n");
    let directory = text_field(&served.directory, "id")?;
    let organization = text_field(&served.directory, "organization_id")?;
    for (root, id) in [("directories", directory), ("organizations", organization)] {
        let _ = write!(
            out,
            "\n[[operations]]\ninclude-path-regex = \"^/{root}/[{{]id[}}]\"\nexclude-method = \"DELETE\"\n\
             parameters = {{ \"path.id\" = \"{id}\" }}\n"
        );
    }
    Ok(out)
}
