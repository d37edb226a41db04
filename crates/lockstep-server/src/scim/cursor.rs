//! The cursors of RFC 9865: where a walk stands and how its directory stood when it began, sealed, so that any server
//! with the same master key can go on. It holds ids, numbers and times only, and opens only for the token that got it,
//! in its directory, with the same question.

use aws_lc_rs::digest::{SHA256, digest};
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, EventId, LocalId};
use lockstep_core::query::Kind;
use lockstep_scim::Error;
use lockstep_store::Store;

use super::walk::Direction;
use crate::auth::ScimCaller;
use crate::limits::CURSOR_TIMEOUT;
use crate::problem::Problem;
use crate::state::AppState;

/// How the directory stood when a walk began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Beginning {
    /// The last event of its log.
    pub(super) event: EventId,
    /// The last id that was given out: what came later is not part of the walk.
    pub(super) last_id: LocalId,
}

/// Where a walk goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cursor {
    pub(super) beginning: Beginning,
    /// The resource from which it goes on.
    pub(super) kind: Kind,
    pub(super) id: LocalId,
    pub(super) direction: Direction,
    /// Whether that resource comes first, rather than what is next to it.
    pub(super) inclusive: bool,
    /// How many resources the walk's pages have.
    pub(super) count: usize,
    pub(super) issued_at: Timestamp,
}

/// What a cursor is bound to besides the server: whose it is and what was asked.
pub(super) struct Binding(Vec<u8>);

impl Binding {
    /// `question` says what is asked, whatever way it was written.
    pub(super) fn new(caller: &ScimCaller, question: &str) -> Self {
        let mut bytes = caller.directory.0.to_be_bytes().to_vec();
        bytes.extend(caller.known_by.identity().to_be_bytes());
        bytes.extend(digest(&SHA256, question.as_bytes()).as_ref());
        Self(bytes)
    }
}

impl Cursor {
    /// The cursor as the client gets it.
    pub(super) fn seal<S: Store>(&self, state: &AppState<S>, binding: &Binding) -> Result<String, Problem> {
        let seed = state.draw_secret()?;
        let sealed = state.keys.cursors.seal(seed, &binding.0, &self.to_bytes());
        sealed.ok_or_else(|| Problem::fault("a cursor could not be sealed"))
    }

    /// The cursor that a client sent. Forged, somebody else's and another question's are refused alike (RFC 9865 §5).
    pub(super) fn open<S: Store>(
        state: &AppState<S>,
        binding: &Binding,
        directory: DirectoryNumber,
        sealed: &str,
    ) -> Result<Self, Error> {
        let opened = state.keys.cursors.open(&binding.0, sealed);
        let cursor = opened.and_then(|bytes| Self::from_bytes(&bytes, directory)).ok_or_else(|| {
            Error::invalid_cursor(
                "the cursor is not one of this search: send `nextCursor` as it was answered, with the same \
                 parameters and token, or begin anew with an empty cursor",
            )
        })?;
        let age = state.clock.now().0.saturating_sub(cursor.issued_at.0);
        if u128::try_from(age).is_ok_and(|age| age > CURSOR_TIMEOUT.as_micros()) {
            return Err(expired("the cursor is too old"));
        }
        Ok(cursor)
    }

    fn to_bytes(self) -> Vec<u8> {
        let flags = u64::from(self.kind == Kind::Group)
            | u64::from(self.direction == Direction::Backwards) << 1
            | u64::from(self.inclusive) << 2;
        let Beginning { event, last_id } = self.beginning;
        let numbers = [
            flags,
            self.id.0,
            self.count as u64,
            self.issued_at.0.cast_unsigned(),
            event.seq,
            event.at.0.cast_unsigned(),
            last_id.0,
        ];
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8], directory: DirectoryNumber) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let numbers: Vec<u64> = numbers.iter().map(|number| u64::from_be_bytes(*number)).collect();
        let [flags, id, count, issued_at, seq, at, last_id] = numbers[..] else { return None };
        let event = EventId { directory, seq, at: Timestamp(at.cast_signed()) };
        Some(Self {
            beginning: Beginning { event, last_id: LocalId(last_id) },
            kind: if flags & 1 == 0 { Kind::User } else { Kind::Group },
            id: LocalId(id),
            direction: if flags & 2 == 0 { Direction::Forwards } else { Direction::Backwards },
            inclusive: flags & 4 != 0,
            count: usize::try_from(count).ok()?,
            issued_at: Timestamp(issued_at.cast_signed()),
        })
    }
}

/// 400 expiredCursor, with how to go on.
pub(super) fn expired(why: &str) -> Error {
    Error::expired_cursor(format!("{why}: begin anew with an empty cursor"))
}
