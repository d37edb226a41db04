//! What follows a server goes on through its restarts: says once that nobody answers, asks again with growing pauses, and
//! says once that it is back.

use std::time::Duration;

use crate::exit::{Exit, Failure};

/// How long between two questions for what is new.
const PAUSE: Duration = Duration::from_secs(1);
/// How long between two questions to a server that does not answer, at most.
const PAUSE_MAX: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub(crate) struct Follow {
    failures: u32,
}

impl Follow {
    /// Takes what a question came to: an error is given back only where asking again will not mend it.
    pub(crate) fn heard(&mut self, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        match outcome {
            Ok(()) => {
                if self.failures > 0 {
                    eprintln!("the server answers again");
                }
                self.failures = 0;
                Ok(())
            }
            Err(error) if Failure::exit_of(&error) == Exit::Failed => {
                if self.failures == 0 {
                    eprintln!("{error}; trying again (nothing is lost: it goes on where it was)");
                }
                self.failures = self.failures.saturating_add(1);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// How long to wait before the next question.
    pub(crate) fn pause(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.saturating_sub(1));
        PAUSE.saturating_mul(doubled).min(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_nobody_answers_and_other_errors_end_it() {
        let mut follow = Follow::default();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            follow.heard(Err(anyhow::anyhow!("no answer"))).unwrap();
            pauses.push(follow.pause().as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
        follow.heard(Ok(())).unwrap();
        assert_eq!(follow.pause(), PAUSE);
        assert!(follow.heard(Err(Failure::new(Exit::Denied, "wrong key").into())).is_err());
    }
}
