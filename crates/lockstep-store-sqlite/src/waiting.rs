//! In which order what waits is taken, and how much of it at once.
//!
//! A removal goes ahead of everything but what was asked before it of the same users and groups: that moves in front of
//! it. So two commands that name the same are always taken in the order in which they came.

use std::collections::{HashMap, VecDeque};

use lockstep_core::command::{Command, Envelope, Touched};
use lockstep_core::id::DirectoryNumber;

use crate::queue::{Job, Reply};

/// How much one turn does at most, by [`Command::weight`]; a command that is heavier by itself has a turn of its own.
pub(crate) const TURN_WEIGHT_MAX: usize = 5_000;

/// A command that waits.
pub(crate) struct Asked {
    pub(crate) envelope: Envelope,
    pub(crate) reply: Reply,
    touched: Touched,
    weight: usize,
}

pub(crate) enum Entry {
    Command(Box<Asked>),
    Job(Job),
}

/// What the lane does next.
pub(crate) enum Turn {
    Commands(Vec<(Envelope, Reply)>),
    Job(Job),
    /// Nothing was asked for a while.
    Idle,
    Stop,
}

#[derive(Default)]
pub(crate) struct Waiting {
    /// Removals, each behind what must go before it.
    removals: VecDeque<Entry>,
    others: VecDeque<Entry>,
    /// Whether the last turn took removals only while others waited: then the next one takes others too.
    others_next: bool,
    /// Tests want everything in one turn.
    #[cfg(test)]
    pub(crate) together: bool,
}

impl Entry {
    pub(crate) fn command(envelope: Envelope, reply: Reply) -> Self {
        let touched = envelope.command.touches(envelope.directory);
        let weight = envelope.command.weight();
        Self::Command(Box::new(Asked { envelope, reply, touched, weight }))
    }

    /// Whether it shares a turn with nothing.
    fn goes_alone(&self) -> bool {
        match self {
            Self::Command(asked) => matches!(asked.envelope.command, Command::EndGroup(_) | Command::Sweep),
            Self::Job(_) => true,
        }
    }

    fn alone(self) -> Turn {
        match self {
            Self::Command(asked) => Turn::Commands(vec![(asked.envelope, asked.reply)]),
            Self::Job(job) => Turn::Job(job),
        }
    }

    /// What it names, where it is a command of this directory.
    fn touched_in(&self, directory: DirectoryNumber) -> Option<&Touched> {
        match self {
            Self::Command(asked) if asked.envelope.directory == directory => Some(&asked.touched),
            Self::Command(_) | Self::Job(_) => None,
        }
    }
}

impl Waiting {
    pub(crate) fn count(&self) -> usize {
        self.removals.len() + self.others.len()
    }

    pub(crate) fn enter(&mut self, entry: Entry, removal: bool) {
        if !removal {
            self.others.push_back(entry);
            return;
        }
        if let Entry::Command(asked) = &entry {
            self.bring_forward(asked.envelope.directory, &asked.touched);
        }
        self.removals.push_back(entry);
    }

    /// Lets those among the others who name any of this, and those before them who name any of theirs, go before what
    /// is about to enter.
    fn bring_forward(&mut self, directory: DirectoryNumber, touched: &Touched) {
        let concerns = |entry: &Entry, touched: &Touched| {
            entry.touched_in(directory).is_some_and(|own| own.overlaps(touched))
        };
        let Some(last) = self.others.iter().rposition(|entry| concerns(entry, touched)) else { return };
        let mut touched = touched.clone();
        let behind = self.others.split_off(last + 1);
        let mut stay = VecDeque::new();
        let mut go = VecDeque::new();
        for entry in std::mem::take(&mut self.others).into_iter().rev() {
            if concerns(&entry, &touched) {
                if let Some(own) = entry.touched_in(directory) {
                    touched.join(own);
                }
                go.push_front(entry);
            } else {
                stay.push_front(entry);
            }
        }
        stay.extend(behind);
        self.others = stay;
        self.removals.extend(go);
    }

    /// What to do next: as many commands as fit one turn, or one that goes alone. Removals have a turn of their own, so
    /// that they are answered soon; but after such a turn those who waited meanwhile have a part in the next one.
    pub(crate) fn take(&mut self, count_max: usize) -> Option<Turn> {
        if self.count() == 0 {
            return None;
        }
        #[cfg(test)]
        if std::mem::take(&mut self.together) {
            let mut load = Load::default();
            for queue in [&mut self.removals, &mut self.others] {
                load.fill(queue, Room { count: count_max, weight: usize::MAX }, |_| true);
            }
            return Some(Turn::Commands(load.commands));
        }
        let room = Room { count: count_max, weight: TURN_WEIGHT_MAX };
        if self.removals.is_empty() || self.others.is_empty() {
            self.others_next = false;
            let queue = if self.others.is_empty() { &mut self.removals } else { &mut self.others };
            return take_from(queue, room);
        }
        if std::mem::take(&mut self.others_next)
            && let Some(turn) = self.take_both(room)
        {
            return Some(turn);
        }
        self.others_next = true;
        take_from(&mut self.removals, room)
    }

    /// Removals up to half of the room, then others; `None` where no other can be taken before a removal that is left.
    fn take_both(&mut self, room: Room) -> Option<Turn> {
        if self.others.front()?.goes_alone() {
            return self.others.pop_front().map(Entry::alone);
        }
        let mut load = Load::default();
        load.fill(&mut self.removals, Room { count: room.count / 2, weight: room.weight / 2 }, |_| true);
        let removals = load.commands.len();
        // What came after a removal that is left must not overtake it.
        let mut left: HashMap<DirectoryNumber, Touched> = HashMap::new();
        for entry in &self.removals {
            if let Entry::Command(asked) = entry {
                left.entry(asked.envelope.directory)
                    .and_modify(|touched| touched.join(&asked.touched))
                    .or_insert_with(|| asked.touched.clone());
            }
        }
        let free = |asked: &Asked| {
            left.get(&asked.envelope.directory).is_none_or(|touched| !touched.overlaps(&asked.touched))
        };
        load.fill(&mut self.others, room, free);
        if load.commands.len() == removals
            && let Some(Entry::Command(asked)) = self.others.front()
            && free(asked)
        {
            // However heavy: it has waited.
            load.commands.extend(self.others.pop_front().and_then(Entry::into_pair));
        }
        if load.commands.is_empty() { None } else { Some(Turn::Commands(load.commands)) }
    }
}

/// How much may be taken.
#[derive(Clone, Copy)]
struct Room {
    count: usize,
    weight: usize,
}

/// What was taken.
#[derive(Default)]
struct Load {
    commands: Vec<(Envelope, Reply)>,
    weight: usize,
}

impl Load {
    /// Takes from the front what shares a turn, fits, and may go.
    fn fill(&mut self, queue: &mut VecDeque<Entry>, room: Room, may_go: impl Fn(&Asked) -> bool) {
        while let Some(entry) = queue.front()
            && !entry.goes_alone()
            && let Entry::Command(asked) = entry
            && self.commands.len() < room.count
            && self.weight + asked.weight <= room.weight
            && may_go(asked)
        {
            self.weight += asked.weight;
            self.commands.extend(queue.pop_front().and_then(Entry::into_pair));
        }
    }
}

impl Entry {
    fn into_pair(self) -> Option<(Envelope, Reply)> {
        match self {
            Self::Command(asked) => Some((asked.envelope, asked.reply)),
            Self::Job(_) => None,
        }
    }
}

fn take_from(queue: &mut VecDeque<Entry>, room: Room) -> Option<Turn> {
    let mut load = Load::default();
    load.fill(queue, room, |_| true);
    if load.commands.is_empty() {
        // What goes alone, or is heavier than a turn.
        return queue.pop_front().map(Entry::alone);
    }
    Some(Turn::Commands(load.commands))
}
