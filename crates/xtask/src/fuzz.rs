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

/// For how long each of its two parts may go on asking.
const SECONDS_MAX: &str = "60";

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
        let (seed, mut asked) = (seed()?, Vec::new());
        // A walk makes what it asks for, and looks whether it is there as long as it must be.
        for (name, phases, known) in
            [("requests", "examples,coverage,fuzzing", known(&served)?), ("walks", "stateful", String::new())]
        {
            let home = repo.target.join("ci/fuzz").join(name);
            fs::create_dir_all(&home)?;
            let settings = home.join("schemathesis.toml");
            fs::write(
                &settings,
                format!("[checks]\npositive_data_acceptance.expected-statuses = {REFUSALS}\n{known}"),
            )?;
            let mut command = repo.command(&tool, &["--config-file"]);
            command
                .arg(&settings)
                .args(["run", &format!("http://{}/openapi.json", served.address)])
                .args(["--header", &format!("Authorization: Bearer {}", served.api_key)])
                .args(["--phases", phases, "--checks", "all", "--max-time", SECONDS_MAX, "--seed", &seed])
                .args(["--continue-on-failure", "--warnings", "off", "--no-color"])
                .current_dir(&home);
            let ran = repo.run(&format!("fuzz-{name}"), &mut command)?;
            if !ran.ok {
                return Ok(Outcome::Failed(format!("SEED={seed} repeats it\n{}", ran.output)));
            }
            let count = ran.output.lines().rfind(|line| line.contains(" generated")).unwrap_or_default();
            asked.push(format!("{name}: {}", count.trim()));
        }
        Ok(Outcome::Passed(format!("{}, SEED={seed}", asked.join("; "))))
    });
}

/// What is there to be asked for: an organization and a directory, which these requests do not delete.
fn known(served: &Served) -> Result<String> {
    let mut out = String::new();
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
