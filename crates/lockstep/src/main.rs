//! The `lockstep` program: reads what was asked, does it, and says once what went wrong.

mod backup;
mod check;
mod cli;
mod config;
mod dev;
mod machine;
mod master_key;
mod progress;
mod proof;
mod request_target;
mod requests;
mod restore;
mod serve;
mod simulate;
mod terminal;
mod verify;
mod wire;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let done = match cli.command {
        cli::Command::Serve(options) => serve::run(&options),
        cli::Command::Dev(options) => dev::run(&options),
        cli::Command::Simulate(options) => simulate::run(&options),
        cli::Command::Check(options) => check::run(&options),
        cli::Command::Verify(options) => verify::run(&options),
        cli::Command::Backup(options) => backup::run(&options),
        cli::Command::Restore(options) => restore::run(&options),
        cli::Command::Requests(command) => requests::run(&command),
        cli::Command::Config => {
            terminal::write(config::REFERENCE).map(|_| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    done.unwrap_or_else(|error| {
        // The chain once, here; what a cause repeats of its effect is not said twice.
        let mut text = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
        }
        eprintln!("lockstep: {text}");
        ExitCode::from(1)
    })
}
