//! Stories of a company, written once and played by every IdP that can. Each ends with the state and the events that
//! must have come of it. Must not know any IdP, nor whose server it is.

mod judge;

use lockstep_idp::Provider;
use lockstep_idp::dialect::{Deactivate, Dialect, Find, Update};
use serde::Serialize;

use crate::company::{Company, Dice};
use crate::idp::{Faults, Finding, Idp, Pace, Weight};
use crate::speech::Attribute;
use crate::target::Target;

/// A story.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Story {
    /// Short name, for the command line.
    pub name: &'static str,
    /// What happens.
    pub title: &'static str,
    plot: Plot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plot {
    FirstSync,
    Joiner,
    Mover,
    Leaver,
    Rehire,
    Rename,
    EmailSwap,
    DuplicateEmail,
    GroupRename,
    LargeGroup,
    NestedGroup,
    RetryStorm,
    BrokenCycle,
    PutToPatch,
}

const fn story(name: &'static str, title: &'static str, plot: Plot) -> Story {
    Story { name, title, plot }
}

/// Every story, in the order in which they are played.
pub static STORIES: &[Story] = &[
    story(
        "first-sync",
        "everybody and every group for the first time, then a cycle without a change",
        Plot::FirstSync,
    ),
    story("joiner", "somebody begins and joins a group", Plot::Joiner),
    story("mover", "another name, department, manager and group", Plot::Mover),
    story("leaver", "somebody is deactivated, and removed 30 days later", Plot::Leaver),
    story("rehire", "somebody comes back under the same externalId", Plot::Rehire),
    story("rename", "a userName changes", Plot::Rename),
    story("email-swap", "two people swap their e-mail addresses", Plot::EmailSwap),
    story("duplicate-email", "two people share an e-mail address", Plot::DuplicateEmail),
    story("group-rename", "a group gets another name", Plot::GroupRename),
    story(
        "large-group",
        "a group with five times as many members as the first sync has users",
        Plot::LargeGroup,
    ),
    story("nested-group", "a group becomes a member of another", Plot::NestedGroup),
    story("retry-storm", "every call is sent twice, in parallel and out of order", Plot::RetryStorm),
    story("broken-cycle", "a cycle breaks in the middle and is resumed", Plot::BrokenCycle),
    story("put-to-patch", "the IdP is switched from PUT to PATCH", Plot::PutToPatch),
];

/// The story of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// How a story is played.
#[derive(Clone, Copy, Debug)]
pub struct Play<'p> {
    /// Who plays.
    pub provider: &'static Provider,
    /// In which of its ways of speaking.
    pub dialect: Dialect,
    /// By which everything is drawn.
    pub seed: u64,
    /// People of the first sync.
    pub users: usize,
    /// Groups of the first sync.
    pub groups: usize,
    /// Members of the large group.
    pub members: usize,
    /// What goes wrong on the way, in every story.
    pub faults: Faults,
    /// How fast requests follow each other.
    pub pace: &'p Pace,
    /// What was made stays.
    pub keeps: bool,
}

/// What came of a story.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Outcome {
    /// Its name.
    pub story: &'static str,
    /// What happens in it.
    pub title: &'static str,
    /// Why it was not played; empty where it was.
    pub left_out: &'static str,
    /// Requests that were sent, not counting those that looked at the outcome.
    pub requests: usize,
    /// Answers that the IdP makes something else of, and what else is worth telling.
    pub findings: Vec<Finding>,
    /// How users, groups and memberships differ from what they should be at the end of a step.
    pub state: Vec<String>,
    /// How the events do; nothing where the server has none.
    pub events: Vec<String>,
    /// Resources that could not be deleted afterwards.
    pub left_behind: usize,
    /// The server stopped answering.
    pub is_unreachable: bool,
}

impl Outcome {
    /// Whether the server was right.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        let harmless = self.findings.iter().all(|finding| finding.weight == Weight::Told);
        harmless && self.state.is_empty() && self.events.is_empty() && !self.is_unreachable
    }

    fn new(story: &Story) -> Self {
        Self {
            story: story.name,
            title: story.title,
            left_out: "",
            requests: 0,
            findings: Vec::new(),
            state: Vec::new(),
            events: Vec::new(),
            left_behind: 0,
            is_unreachable: false,
        }
    }
}

/// Differences of one kind that are told; beyond, they are counted.
const TOLD: usize = 20;
/// Cycles after which everything should be done.
const CYCLES: usize = 5;
/// Of these, those that faults meet.
const CYCLES_WITH_FAULTS: usize = 2;

/// A story under way.
struct Stage<'t, T> {
    target: &'t T,
    idp: Idp<'t, T>,
    company: Company,
    /// The company as it was last looked at.
    before: Company,
    dice: Dice,
    faults: Faults,
    /// People are looked at one by one at the end of each step.
    looks_at_people: bool,
    cursor: Option<String>,
    last_number: Option<u64>,
    state: Vec<String>,
    events: Vec<String>,
    tell: &'t (dyn Fn(usize) + Sync),
    pace: &'t Pace,
}

/// Why this IdP does not play this story; empty where it does.
#[must_use]
pub fn left_out(story: &Story, dialect: &Dialect) -> &'static str {
    let by_address = |find: Find| match find {
        Find::By(names) => names.iter().any(|name| Attribute::of(name) == Some(Attribute::Email)),
        Find::Never | Find::List => false,
    };
    match story.plot {
        Plot::GroupRename | Plot::LargeGroup | Plot::NestedGroup if dialect.groups.is_none() => {
            "this IdP does not push groups"
        }
        Plot::DuplicateEmail if by_address(dialect.find_user) => {
            "this IdP looks users up by e-mail address, and would take the two for one itself"
        }
        _ => "",
    }
}

/// Plays a story. Tells how many requests were sent as it goes.
pub async fn play<T: Target>(
    target: &T,
    story: &Story,
    play: &Play<'_>,
    tell: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(story);
    outcome.left_out = left_out(story, &play.dialect);
    if !outcome.left_out.is_empty() {
        return Ok(outcome);
    }
    let (people, groups) = match story.plot {
        Plot::FirstSync => (play.users, play.groups),
        Plot::LargeGroup => (play.members, 0),
        Plot::RetryStorm => (20.min(play.users), 3.min(play.groups)),
        Plot::BrokenCycle => (12.min(play.users), 2.min(play.groups)),
        _ => (8, 2),
    };
    let tag = format!("lockstep-{}-{}", story.name, play.seed);
    // A lone number as seed would be one of many small ones.
    let mut dice = Dice::new(play.seed);
    let company = Company::new(&tag, dice.roll(), people, groups);
    let mut stage = Stage {
        target,
        idp: Idp::new(target, play.provider, play.dialect, play.pace),
        before: Company { tag, ..Company::default() },
        company,
        dice,
        faults: Faults { seed: play.seed, ..play.faults },
        looks_at_people: story.plot != Plot::LargeGroup,
        cursor: None,
        last_number: None,
        state: Vec::new(),
        events: Vec::new(),
        tell,
        pace: play.pace,
    };
    stage.skip_events().await?;
    let told = stage.tell(story.plot).await;
    outcome.requests = stage.idp.calls();
    outcome.is_unreachable = stage.idp.is_unreachable();
    if !play.keeps {
        outcome.left_behind = stage.idp.clean_up().await;
    }
    outcome.findings = stage.idp.take_findings();
    outcome.state = bounded(stage.state);
    outcome.events = bounded(stage.events);
    if !outcome.is_unreachable {
        told?;
    }
    Ok(outcome)
}

/// The first of many, and how many more there are.
fn bounded(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(TOLD);
    lines.truncate(TOLD);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

impl<T: Target> Stage<'_, T> {
    async fn tell(&mut self, plot: Plot) -> anyhow::Result<()> {
        match plot {
            Plot::FirstSync => {
                self.idp.test_connection().await;
                self.cycle("the first sync").await?;
                self.cycle("a cycle without a change").await?;
            }
            Plot::Joiner => {
                self.cycle("before").await?;
                let new = self.company.hire(&mut self.dice);
                self.company.group(0, |group| _ = group.members.insert(new));
                self.cycle("somebody joined").await?;
            }
            Plot::Mover => self.mover().await?,
            Plot::Leaver => self.leaver().await?,
            Plot::Rehire => {
                self.leaver().await?;
                self.company.person(6, |person| person.standing = crate::company::Standing::Employed);
                self.company.group(1, |group| _ = group.members.insert(6));
                self.cycle("the same person came back").await?;
            }
            Plot::Rename => {
                self.cycle("before").await?;
                let tag = self.company.tag.clone();
                self.company.person(6, |person| person.user_name = format!("renamed.6.{tag}@example.com"));
                self.cycle("the userName changed").await?;
                self.company.suspend(6);
                self.cycle("who was renamed is deactivated").await?;
            }
            Plot::EmailSwap => self.email_swap().await?,
            Plot::DuplicateEmail => {
                self.cycle("before").await?;
                let new = self.company.hire(&mut self.dice);
                let shared =
                    self.company.people.get(&6).map(|person| person.email.clone()).unwrap_or_default();
                self.company.person(new, |person| person.email = shared);
                self.cycle("somebody joined with the address of another").await?;
                self.company.suspend(6);
                self.cycle("the other is deactivated").await?;
            }
            Plot::GroupRename => {
                self.cycle("before").await?;
                self.company.group(0, |group| group.name = format!("Renamed {}", group.name));
                self.cycle("the group was renamed").await?;
                self.company.group(0, |group| _ = group.members.insert(7));
                self.company.group(1, |group| _ = group.members.remove(&7));
                self.cycle("somebody moved into it").await?;
            }
            Plot::LargeGroup => {
                self.cycle("everybody is there").await?;
                let everybody: Vec<usize> = self.company.people.keys().copied().collect();
                let large = self.company.found_group(&everybody);
                self.cycle("everybody is in the group").await?;
                self.company.group(large, |group| group.members.retain(|number| number % 50 != 7));
                self.cycle("some left it").await?;
            }
            Plot::NestedGroup => {
                self.cycle("before").await?;
                self.company.group(0, |group| _ = group.groups.insert(1));
                self.cycle("a group is in a group").await?;
                self.company.group(0, |group| group.groups.clear());
                self.cycle("it is no more").await?;
            }
            Plot::RetryStorm => self.retry_storm().await?,
            Plot::BrokenCycle => {
                let calls = self.company.people.len();
                self.idp.break_after(calls);
                self.cycle("a cycle that broke among the users, and the next").await?;
                self.change_much();
                self.idp.break_after(3);
                self.cycle("a cycle that broke among the changes, and the next").await?;
            }
            Plot::PutToPatch => self.put_to_patch().await?,
        }
        Ok(())
    }

    async fn mover(&mut self) -> anyhow::Result<()> {
        self.cycle("before").await?;
        self.company.person(6, |person| "Newname".clone_into(&mut person.family_name));
        self.cycle("another name").await?;
        self.company.person(6, |person| {
            "Research".clone_into(&mut person.department);
            "Head of Research".clone_into(&mut person.title);
        });
        self.cycle("another department and title").await?;
        self.company.person(6, |person| person.manager = Some((person.manager.unwrap_or_default() + 1) % 5));
        self.cycle("another manager").await?;
        let is_in = self.company.groups.get(&0).is_some_and(|group| group.members.contains(&6));
        let (from, to) = if is_in { (0, 1) } else { (1, 0) };
        self.company.group(from, |group| _ = group.members.remove(&6));
        self.company.group(to, |group| _ = group.members.insert(6));
        self.cycle("another group").await
    }

    async fn leaver(&mut self) -> anyhow::Result<()> {
        self.cycle("before").await?;
        self.company.suspend(6);
        self.cycle("deactivated").await?;
        self.company.day += 30;
        self.company.remove(6);
        for number in [0, 1] {
            self.company.group(number, |group| _ = group.members.remove(&6));
        }
        self.cycle("30 days later").await
    }

    async fn email_swap(&mut self) -> anyhow::Result<()> {
        self.cycle("before").await?;
        let address = |company: &Company, number: usize| {
            company.people.get(&number).map(|person| person.email.clone()).unwrap_or_default()
        };
        let (one, other) = (address(&self.company, 5), address(&self.company, 6));
        self.company.person(5, |person| person.email = other);
        self.company.person(6, |person| person.email = one);
        self.cycle("the addresses are swapped").await?;
        self.company.suspend(5);
        self.cycle("one of the two is deactivated").await
    }

    async fn retry_storm(&mut self) -> anyhow::Result<()> {
        self.faults = Faults { duplicates: true, reordering: true, percent: 100, ..self.faults };
        self.cycle("the first sync, everything twice").await?;
        self.change_much();
        self.cycle("many changes, everything twice").await
    }

    /// Something of everything.
    fn change_much(&mut self) {
        let people = self.company.people.len();
        for number in (0..people).step_by(3) {
            self.company.person(number, |person| "Director".clone_into(&mut person.title));
        }
        for number in (7..people).step_by(6) {
            self.company.suspend(number);
            for group in self.company.groups.values_mut() {
                group.members.remove(&number);
            }
        }
        let new = self.company.hire(&mut self.dice);
        self.company.group(0, |group| _ = group.members.insert(new));
        self.company.group(1, |group| group.name = format!("New {}", group.name));
    }

    async fn put_to_patch(&mut self) -> anyhow::Result<()> {
        let own = self.idp.speech.dialect;
        let is_put = |dialect: &Dialect| dialect.update_user == Update::Put;
        let known = || std::iter::once(own).chain(own.variants.iter().map(|(_, dialect)| **dialect));
        // What no variant says is what the same IdP does with the other method.
        let put = known().find(is_put).unwrap_or(Dialect {
            update_user: Update::Put,
            deactivate: put_of(own.deactivate),
            ..own
        });
        let patch = known().find(|dialect| !is_put(dialect)).unwrap_or(Dialect {
            update_user: Update::PatchPaths,
            deactivate: if own.deactivate == Deactivate::Put {
                Deactivate::PatchPath
            } else {
                own.deactivate
            },
            ..own
        });
        self.idp.speech.dialect = put;
        self.cycle("before, by PUT").await?;
        self.company.person(6, |person| "Research".clone_into(&mut person.department));
        self.cycle("a change by PUT").await?;
        self.idp.speech.dialect = patch;
        self.company.person(6, |person| "Head of Research".clone_into(&mut person.title));
        self.company.person(7, |person| "Newname".clone_into(&mut person.family_name));
        self.cycle("changes by PATCH").await?;
        self.company.suspend(7);
        self.cycle("a deactivation by PATCH").await
    }

    /// Lets the IdP bring the server to what the company is now, and looks at what came of it.
    async fn cycle(&mut self, step: &str) -> anyhow::Result<()> {
        if self.idp.is_unreachable() || self.pace.is_stopped() {
            return Ok(());
        }
        let mut is_done = false;
        for number in 0..CYCLES {
            self.idp.faults = if number < CYCLES_WITH_FAULTS { self.faults } else { Faults::default() };
            is_done = self.idp.cycle(&self.company, self.tell).await;
            if is_done || self.idp.is_unreachable() || self.pace.is_stopped() {
                break;
            }
        }
        if self.idp.is_unreachable() || self.pace.is_stopped() {
            return Ok(());
        }
        if !is_done {
            self.state
                .push(format!("{step}: after {CYCLES} cycles the IdP still has not got done what it sends"));
        }
        self.judge(step).await?;
        self.before = self.company.clone();
        Ok(())
    }
}

fn put_of(deactivate: Deactivate) -> Deactivate {
    if deactivate == Deactivate::Delete { deactivate } else { Deactivate::Put }
}
