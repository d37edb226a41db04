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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The beginning of the reference.
    const TITLE: &str = "\
# Every command

Written by a test from the definition that `--help` prints too; do not edit it. What the commands are for:
[command-line.md](command-line.md).
";

    fn guide(file: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(file)
    }

    /// Writes a page where it is another one; whether it was.
    fn is_stale(file: &str, page: &str) -> bool {
        let is_stale = fs::read_to_string(guide(file)).unwrap_or_default() != page;
        if is_stale {
            fs::write(guide(file), page).unwrap();
        }
        is_stale
    }

    /// The command with nothing in it that the environment sets.
    fn anywhere(command: Command) -> Command {
        command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(anywhere)
    }

    fn section(command: &Command, out: &mut String) {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        let help = command.clone().render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(out, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
        for below in listed(command) {
            section(below, out);
        }
    }

    #[test]
    fn the_reference_in_docs_is_what_the_commands_say() {
        let mut program = anywhere(Cli::command());
        program.build();
        let mut page = TITLE.to_owned();
        section(&program, &mut page);
        assert!(!is_stale("command-line-reference.md", &page), "written anew, look at it and commit it");
    }

    #[test]
    fn the_exit_codes_in_docs_are_those_of_the_program() {
        let page = fs::read_to_string(guide("command-line.md")).unwrap();
        let (before, rest) = page.split_once("exit.rs -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end").unwrap();
        let rows = Exit::ALL.map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).join("\n");
        let page = format!("{before}exit.rs -->\n| code | means |\n| ---: | --- |\n{rows}\n<!-- end{after}");
        assert!(!is_stale("command-line.md", &page), "written anew, look at it and commit it");
    }

    #[test]
    fn every_command_and_flag_says_what_it_does() {
        fn visit(command: &Command) {
            for below in listed(command) {
                assert!(below.get_about().is_some(), "{} says nothing", below.get_name());
                for argument in below.get_arguments() {
                    assert!(argument.get_help().is_some(), "{} {}", below.get_name(), argument.get_id());
                }
                visit(below);
            }
        }
        visit(&complete());
    }
}
