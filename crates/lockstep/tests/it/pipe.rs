//! Standard output that nobody reads any more, as before `| head`.

use std::process::{Command, Stdio};

#[test]
fn who_stops_reading_breaks_nothing() {
    for words in [
        &["config"][..],
        &["--help"],
        &["completions", "bash"],
        &["man"],
        &["simulate", "--list"],
        &["dev", "--exit", "--listen", "127.0.0.1:0"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let done = command.args(words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && !told.contains("panicked"), "{words:?}: {told}");
    }
}
