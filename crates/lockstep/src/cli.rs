//! The command line: which commands there are. What is said here is what `--help` prints; each command's arguments stand
//! beside what does it.

use clap::{Parser, Subcommand};

use crate::backup::BackupOptions;
use crate::check::{self, CheckOptions};
use crate::dev::DevOptions;
use crate::directory::DirectoryOptions;
use crate::doctor::DoctorOptions;
use crate::events::EventsOptions;
use crate::exit::Exit;
use crate::groups::GroupsOptions;
use crate::key::KeyOptions;
use crate::manual::{CompletionsOptions, ManOptions};
use crate::org::OrgOptions;
use crate::requests::RequestsOptions;
use crate::restore::RestoreOptions;
use crate::serve::{self, ServeOptions};
use crate::simulate::SimulateOptions;
use crate::token::TokenOptions;
use crate::users::UsersOptions;
use crate::verify::VerifyOptions;

/// Lockstep: a directory sync server. Identity providers provision users and groups into it over SCIM 2.0, and your
/// application reads one ordered stream of what happened.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    propagate_version = true,
    after_long_help = Exit::table()
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what Lockstep does: plays Okta's and Entra ID's traffic into a fresh server, then keeps serving
    Dev(DevOptions),
    /// Runs the server
    #[command(after_help = serve::SECRETS_HELP)]
    Serve(ServeOptions),
    /// Makes, shows, changes and deletes organizations
    Org(OrgOptions),
    /// Makes, shows, changes, pauses and deletes directories
    Directory(DirectoryOptions),
    /// Makes, lists and revokes the bearer tokens of a directory's IdP
    Token(TokenOptions),
    /// Makes, lists, rotates and revokes the API keys of applications
    Key(KeyOptions),
    /// Shows users
    Users(UsersOptions),
    /// Shows groups and their members
    Groups(GroupsOptions),
    /// Reads the log of what happened, or follows it
    Events(EventsOptions),
    /// Shows what identity providers sent, what was made of it, and what they were answered
    ///
    /// Asks a running server for its request records.
    Requests(RequestsOptions),
    /// Replays every directory's log against its rows and says what differs
    ///
    /// Also while the server runs on the same database. Exit code 0: every promise holds; 2: something
    /// differs, and what is printed; 1: the database could not be read; 4: it has no such directory.
    Verify(VerifyOptions),
    /// Looks at everything that a server needs, says what is wrong and what to do, and changes nothing
    ///
    /// Takes the flags of `serve`, and works while the server runs and while it does not. Run it as the user that runs the
    /// server. Exit code 0: no problem, though perhaps warnings; 2: there are problems; 1: it could not look.
    Doctor(DoctorOptions),
    /// Copies the server's data of one moment, also while the server runs and writes
    ///
    /// A backup is a folder: the database in one file, the request records, the master key, a manifest, and SHA256SUMS of
    /// all of it. It is written under another name and gets its own once it is whole. Exit code 0: it is there; 1: it is
    /// not, and nothing of it is; 2: with --check, it is there and damaged.
    Backup(BackupOptions),
    /// Proves a backup, and puts it in place of nothing
    ///
    /// Compares every file with its digest, looks through every page and index, and replays every directory's log against
    /// its rows; only then is the copy put where the database is to be. Exit code 0: it is proved, and without --check
    /// restored; 1: it could not be done, and nothing was changed; 2: the backup is damaged, and what is printed.
    Restore(RestoreOptions),
    /// Plays an IdP's traffic against any SCIM server and says what that IdP would mishandle
    ///
    /// What it makes has names that begin with `lockstep-` or hold it, and is deleted afterwards. Exit code 0: the IdP
    /// is served right; 2: something is wrong, and what is printed; 1: it could not be played; 5: no token, or a wrong one.
    Simulate(SimulateOptions),
    /// Tells what any SCIM server gets right and wrong, by the RFCs and, if asked, as one IdP would meet it
    ///
    /// Whatever it makes is named lockstep-check-… and removed again, also after failures and Ctrl-C. Exit code 0: no
    /// MUST is broken; 2: something is broken; 1: it could not run to its end; 5: no token, or a wrong one.
    #[command(after_help = check::TOKEN_HELP)]
    Check(CheckOptions),
    /// Prints the configuration file with every key, its default and what it means
    Config,
    /// Prints the script by which a shell completes what is typed
    #[command(
        after_help = "Example:\n  lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep"
    )]
    Completions(CompletionsOptions),
    /// Prints the manual page, or writes one for each command
    #[command(
        after_help = "Example:\n  lockstep man --dir ~/.local/share/man/man1 && man lockstep-events-tail"
    )]
    Man(ManOptions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_that_lists_exit_codes_has_them_from_the_table() {
        let mut found = 0;
        for command in Cli::command().get_subcommands() {
            let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            let Some((_, codes)) = about.split_once("Exit code ") else { continue };
            for word in codes.split_whitespace().filter_map(|word| word.strip_suffix(':')) {
                let Ok(code) = word.parse::<u8>() else { continue };
                found += 1;
                assert!(Exit::ALL.iter().any(|exit| exit.code() == code), "{}: {code}", command.get_name());
            }
        }
        assert!(found >= 15, "they are read: {found}");
    }
}
