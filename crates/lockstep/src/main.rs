//! The `lockstep` program: reads what was asked, does it, and says once what went wrong.

mod backup;
mod check;
mod cli;
mod config;
mod confirm;
mod dev;
mod directory;
mod doctor;
mod events;
mod exit;
mod fields;
mod follow;
mod groups;
mod key;
mod listing;
mod machine;
mod manual;
mod master_key;
mod naming;
mod org;
mod progress;
mod proof;
mod remote;
mod request_target;
mod requests;
mod restore;
mod serve;
mod simulate;
mod table;
mod terminal;
mod times;
mod token;
mod users;
mod verify;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use exit::{Exit, Failure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help that nobody reads to its end is no error.
            let _unread = told.print();
            return if told.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    run(cli.command).unwrap_or_else(|error| {
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
        Failure::exit_of(&error).into()
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(options) => serve::run(&options),
        Command::Dev(options) => dev::run(&options),
        Command::Simulate(options) => simulate::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Backup(options) => backup::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Restore(options) => restore::run(&options),
        Command::Config => {
            terminal::write(&config::reference::file()).map(|_| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::Completions(options) => manual::completions(&options),
        Command::Man(options) => manual::man(&options),
        Command::Org(options) => serve::runtime()?.block_on(org::run(options)),
        Command::Directory(options) => serve::runtime()?.block_on(directory::run(options)),
        Command::Token(options) => serve::runtime()?.block_on(token::run(options)),
        Command::Key(options) => serve::runtime()?.block_on(key::run(options)),
        Command::Users(options) => serve::runtime()?.block_on(users::run(options)),
        Command::Groups(options) => serve::runtime()?.block_on(groups::run(options)),
        Command::Events(options) => serve::runtime()?.block_on(events::run(options)),
        Command::Requests(options) => serve::runtime()?.block_on(requests::run(options)),
    }
}
