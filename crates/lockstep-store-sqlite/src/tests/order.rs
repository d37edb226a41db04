//! The order in which what waits is taken, whatever waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::command::{Command, Envelope, Terms};
use lockstep_core::id::{DirectoryNumber, LocalId, RequestId, UserId};
use lockstep_core::rules::Rules;
use lockstep_core::version::Precondition;
use lockstep_scim::patch::{self, Patch};
use lockstep_scim::{Definition, Limits};
use lockstep_store::conformance::kit::object;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::queue::Job;
use crate::waiting::{Entry, TURN_WEIGHT_MAX, Turn, Waiting};

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a handful of them, in a test")]
enum Happens {
    Enters { directory: u32, command: Command },
    JobEnters { removal: bool },
    IsTaken,
}

fn patched(op: &str, members: &Value) -> Patch {
    let operation = json!({ "op": op, "path": "members", "value": members });
    let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": [operation] });
    patch::parse(&raw, &Definition::group(), &patch::PatchOptions::default(), &Limits::default()).unwrap()
}

fn happens() -> impl Strategy<Value = Happens> {
    let user = || (1..6_u64).prop_map(LocalId);
    let group = || (11..14_u64).prop_map(LocalId);
    let members = || {
        (vec(1..6_u64, 1..4), prop::sample::select(&[1_usize, 1, 1, 1, 1, 1, 1, 800, 2_000][..])).prop_map(
            |(users, repeated)| {
                let member = |user: &u64| {
                    let id = UserId { directory: DirectoryNumber(1), local: LocalId(*user) };
                    json!({ "value": id.to_string() })
                };
                users.iter().cycle().take(users.len() * repeated).map(member).collect::<Value>()
            },
        )
    };
    let command = prop_oneof![
        4 => Just(Command::CreateUser(object(json!({ "userName": "new" })))),
        4 => (user(), any::<bool>()).prop_map(|(user, active)| {
            Command::ReplaceUser(user, object(json!({ "userName": "ada", "active": active })), Precondition::None)
        }),
        3 => user().prop_map(|user| Command::DeleteUser(user, Precondition::None)),
        4 => (group(), members(), any::<bool>()).prop_map(|(group, members, joins)| {
            let patch = patched(if joins { "add" } else { "remove" }, &members);
            Command::PatchGroup(group, patch, Precondition::None)
        }),
        1 => group().prop_map(|group| Command::DeleteGroup(group, Precondition::None)),
        1 => group().prop_map(Command::EndGroup),
        1 => prop::bool::weighted(0.2).prop_map(|deletes| {
            if deletes { Command::DeleteDirectory } else { Command::ChangeDirectory { name: None, state: None, settings: Vec::new(), contract: None, credential_header: None } }
        }),
    ];
    prop_oneof![
        6 => (1..3_u32, command).prop_map(|(directory, command)| Happens::Enters { directory, command }),
        1 => any::<bool>().prop_map(|removal| Happens::JobEnters { removal }),
        2 => Just(Happens::IsTaken),
    ]
}

fn job() -> Job {
    Job { write: Box::new(|_| Ok(false)), answer: Box::new(|_| {}) }
}

/// Everything that entered, by its request, and everything that was taken, by turns.
#[derive(Default)]
struct Seen {
    entered: Vec<Envelope>,
    turns: Vec<Vec<Envelope>>,
}

fn play(happens: Vec<Happens>) -> Seen {
    let terms = Arc::new(Terms::new(Rules::default()));
    let (mut waiting, mut seen, mut jobs) = (Waiting::default(), Seen::default(), 0_usize);
    let take = |waiting: &mut Waiting, seen: &mut Seen, jobs: &mut usize| match waiting.take(8) {
        Some(Turn::Commands(commands)) => {
            seen.turns.push(commands.into_iter().map(|(envelope, _)| envelope).collect());
        }
        Some(Turn::Job(_)) => *jobs -= 1,
        Some(Turn::Idle | Turn::Stop) => panic!("it only takes"),
        None => assert_eq!(waiting.count(), 0),
    };
    for happened in happens {
        match happened {
            Happens::Enters { directory, command } => {
                let envelope = Envelope {
                    directory: DirectoryNumber(directory),
                    request: RequestId(seen.entered.len() as u128),
                    terms: terms.clone(),
                    command,
                };
                let removal = envelope.command.is_removal();
                seen.entered.push(envelope.clone());
                waiting.enter(Entry::command(envelope, oneshot::channel().0), removal);
            }
            Happens::JobEnters { removal } => {
                jobs += 1;
                waiting.enter(Entry::Job(job()), removal);
            }
            Happens::IsTaken => take(&mut waiting, &mut seen, &mut jobs),
        }
    }
    while waiting.count() > 0 {
        take(&mut waiting, &mut seen, &mut jobs);
    }
    assert_eq!(jobs, 0);
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_names_the_same_is_taken_in_the_order_in_which_it_came(happens in vec(happens(), 1..60)) {
        let seen = play(happens);
        let taken: Vec<&Envelope> = seen.turns.iter().flatten().collect();
        let ids: BTreeSet<u128> = taken.iter().map(|envelope| envelope.request.0).collect();
        prop_assert_eq!((taken.len(), ids.len()), (seen.entered.len(), seen.entered.len()), "each once");
        let touched: Vec<_> = taken.iter().map(|one| one.command.touches(one.directory)).collect();
        for (at, late) in taken.iter().enumerate() {
            for (before, early) in taken[..at].iter().enumerate() {
                let same = early.directory == late.directory
                    && touched[before].overlaps(&touched[at])
                    // What goes on with a group that is gone names nothing; only the whole directory's end concerns it.
                    && !matches!((&early.command, &late.command), (Command::EndGroup(_), _) | (_, Command::EndGroup(_)));
                prop_assert!(!same || early.request < late.request, "{early:?}\n{late:?}");
            }
        }
        for turn in &seen.turns {
            let weight: usize = turn.iter().map(|envelope| envelope.command.weight()).sum();
            let heaviest = turn.iter().map(|envelope| envelope.command.weight()).max().unwrap_or_default();
            prop_assert!(weight <= TURN_WEIGHT_MAX || weight - heaviest <= TURN_WEIGHT_MAX / 2);
            prop_assert!(turn.len() <= 8);
            prop_assert!(turn.len() == 1 || !turn.iter().any(|one| matches!(one.command, Command::EndGroup(_))));
        }
    }
}

#[test]
fn removals_have_every_other_turn_for_themselves_and_starve_nobody() {
    let terms = Arc::new(Terms::new(Rules::default()));
    let envelope = |request: u128, command: Command| Envelope {
        directory: DirectoryNumber(1),
        request: RequestId(request),
        terms: terms.clone(),
        command,
    };
    let mut waiting = Waiting::default();
    let enter = |waiting: &mut Waiting, envelope: Envelope| {
        let removal = envelope.command.is_removal();
        waiting.enter(Entry::command(envelope, oneshot::channel().0), removal);
    };
    for request in 0..20 {
        enter(&mut waiting, envelope(request, Command::CreateUser(object(json!({ "userName": "new" })))));
    }
    waiting.enter(Entry::Job(job()), false);
    let mut turns = BTreeMap::new();
    let mut others = 0;
    for turn in 0..14_u64 {
        // More removals come than ever fit.
        for index in 0..9 {
            let user = LocalId(100 + 9 * turn + index);
            enter(&mut waiting, envelope(99, Command::DeleteUser(user, Precondition::None)));
        }
        let (removals, rest) = match waiting.take(8).unwrap() {
            Turn::Commands(commands) => {
                let removals = commands.iter().filter(|(envelope, _)| envelope.command.is_removal()).count();
                (removals, commands.len() - removals)
            }
            _ => (0, 1),
        };
        others += rest;
        turns.insert(turn, (removals, rest));
    }
    assert_eq!(others, 21, "{turns:?}");
    for (turn, shares) in turns.iter().take(10) {
        assert_eq!(*shares, if turn % 2 == 0 { (8, 0) } else { (4, 4) });
    }
}
