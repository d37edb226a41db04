//! Runs one case in a child process and says how it ended.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;

/// Exit code of a child whose subject panicked.
pub const PANICKED: i32 = 70;

const TIME: Duration = Duration::from_secs(5);
const ADDRESS_SPACE_KIB: u64 = 2 << 20;

/// How a case ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The subject answered.
    Answer(Value),
    /// A panic, which a server can catch.
    Panicked,
    /// The process is gone, and all other requests with it.
    Aborted(&'static str),
    /// No answer in time.
    TooSlow,
}

/// Runs a task for a subject.
pub fn run(subject: &str, task: &Value) -> Result<Outcome, Failure> {
    run_within(subject, task, TIME)
}

/// The same with another bound on time.
pub fn run_within(subject: &str, task: &Value, time: Duration) -> Result<Outcome, Failure> {
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -c 0 -v {ADDRESS_SPACE_KIB}; exec \"$@\""), "sh"])
        .arg(std::env::current_exe()?)
        .args(["child", subject])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let text = task.to_string();
    // A child that dies early closes the pipe; its end is the outcome.
    let writer = thread::spawn(move || drop(input.write_all(text.as_bytes())));
    let mut output = child.stdout.take().ok_or("no standard output")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let mut errors = child.stderr.take().ok_or("no standard error")?;
    let complaint = thread::spawn(move || {
        let mut bytes = Vec::new();
        errors.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let deadline = Instant::now() + time;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::park_timeout(Duration::from_millis(1));
    };
    writer.join().map_err(|_| "the writer panicked")?;
    let answer = reader.join().map_err(|_| "the reader panicked")??;
    let complaint = complaint.join().map_err(|_| "the reader panicked")??;
    let Some(status) = status else { return Ok(Outcome::TooSlow) };
    match status.code() {
        Some(0) => Ok(Outcome::Answer(serde_json::from_str(&answer)?)),
        Some(PANICKED) => Ok(Outcome::Panicked),
        Some(code) => Err(format!("the child for {subject} ended with {code}: {complaint}").into()),
        None if complaint.contains("overflowed its stack") => Ok(Outcome::Aborted("stack overflow")),
        None if complaint.contains("memory allocation") => Ok(Outcome::Aborted("out of memory")),
        None => Ok(Outcome::Aborted("signal")),
    }
}
