//! The same inputs to lockstep-scim and to the published SCIM crates; prints Markdown tables.
//! Each case runs in a child process with a bound on time and memory, so that a crash is an outcome.

mod process;
mod report;
mod subject;

use std::io::Read;

use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// What a thread of an asynchronous runtime has by default, and so what a request has.
const STACK_BYTES: usize = 2 << 20;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["child", name] => child(name),
        [] => {
            print!("{}", report::report()?);
            Ok(())
        }
        ["--write", path] => write_below_marker(path, &report::report()?),
        _ => Err("usage: scim-crates [--write FILE]".into()),
    }
}

/// One case: the task comes by standard input, the answer goes to standard output.
fn child(name: &str) -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let task: Value = serde_json::from_str(&text)?;
    let subject = subject::all()
        .into_iter()
        .find(|subject| subject.name() == name)
        .ok_or_else(|| format!("no subject `{name}`"))?;
    let worker = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || subject::answer(&*subject, &task).to_string())?;
    match worker.join() {
        Ok(answer) => println!("{answer}"),
        Err(_) => std::process::exit(process::PANICKED),
    }
    Ok(())
}

/// Keeps what people wrote above the marker and puts the tables below it.
fn write_below_marker(path: &str, tables: &str) -> Result<(), Failure> {
    const MARKER: &str = "<!-- Below: printed by compare/scim-crates. -->\n";
    let page = std::fs::read_to_string(path)?;
    let (above, _) =
        page.split_once(MARKER).ok_or_else(|| format!("{path} has no line `{}`", MARKER.trim()))?;
    std::fs::write(path, format!("{above}{MARKER}\n{tables}"))?;
    Ok(())
}
