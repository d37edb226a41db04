//! `lockstep completions` and `lockstep man`: what shells and `man` are told of the command line. All of it is made from
//! the one definition in `cli.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::terminal;

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// For which shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(options: &CompletionsOptions) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "lockstep", &mut script);
    terminal::write(&String::from_utf8(script).context("cannot write the script")?)?;
    Ok(Exit::Done.into())
}

pub(crate) fn man(options: &ManOptions) -> anyhow::Result<ExitCode> {
    let program = complete();
    match &options.dir {
        None => {
            terminal::write(&page(&program)?)?;
        }
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let written = write_pages(&program, folder)?;
            terminal::write(&format!("{written} pages in {}; man -l shows one\n", folder.display()))?;
        }
    }
    Ok(Exit::Done.into())
}

/// The command line with everything that is otherwise added when it is used, each command with the name of its page.
fn complete() -> Command {
    let mut program = Cli::command();
    program.build();
    program
}

fn write_pages(command: &Command, folder: &Path) -> anyhow::Result<usize> {
    let file = folder.join(format!("{}.1", page_name(command)));
    fs::write(&file, page(command)?).with_context(|| format!("cannot write {}", file.display()))?;
    let mut written = 1;
    for below in listed(command) {
        written += write_pages(below, folder)?;
    }
    Ok(written)
}

/// The sub-commands that have a page.
pub(crate) fn listed(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: &Command) -> anyhow::Result<String> {
    let name = page_name(command);
    let page = Man::new(command.clone()).title(name.to_uppercase()).source("Lockstep");
    let mut out = Vec::new();
    page.render(&mut out).context("cannot write the page")?;
    String::from_utf8(out).context("cannot write the page")
}
