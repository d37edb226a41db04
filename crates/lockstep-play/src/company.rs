//! An invented company: people, groups and what changes in them. The stories are told in its terms. Must not know any
//! IdP, SCIM or HTTP.

use std::collections::{BTreeMap, BTreeSet};

/// A company at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Company {
    /// What tells its people and groups from those of others: stands in every name.
    pub tag: String,
    /// Days since the story began.
    pub day: u32,
    /// Everybody who ever worked there.
    pub people: BTreeMap<usize, Person>,
    /// Its groups.
    pub groups: BTreeMap<usize, Group>,
}

/// Somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// By which they sign in.
    pub user_name: String,
    /// What the company itself knows them by; never changes.
    pub external_id: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Address.
    pub email: String,
    /// What they do.
    pub title: String,
    /// Where.
    pub department: String,
    /// Their number in the company's books.
    pub employee_number: String,
    /// Whom they report to.
    pub manager: Option<usize>,
    /// Whether they work there.
    pub standing: Standing,
}

/// Whether somebody works there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// They do.
    Employed,
    /// They may not sign in since this day.
    Suspended(u32),
    /// They may not sign in since the first day and were removed for good on the second.
    Left(u32, u32),
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// What the company itself knows it by.
    pub external_id: String,
    /// Who is in it.
    pub members: BTreeSet<usize>,
    /// The groups in it.
    pub groups: BTreeSet<usize>,
    /// Whether it is gone.
    pub is_gone: bool,
}

const GIVEN: &[&str] = &[
    "Ada", "Bela", "Chidi", "Dara", "Emil", "Femi", "Greta", "Hana", "Idris", "Jana", "Kofi", "Lena", "Mina",
    "Noor", "Otto", "Priya", "Quinn", "Rosa", "Sven", "Tala", "Ugo", "Vera", "Wren", "Xenia", "Yusuf", "Zoé",
];
const FAMILY: &[&str] = &[
    "Abel",
    "Brandt",
    "Castro",
    "D'Angelo",
    "Eriksen",
    "Fofana",
    "Garcia",
    "Haddad",
    "Ito",
    "Jansen",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Nguyen",
    "O'Brien",
    "Petrov",
    "Quist",
    "Rossi",
    "Sørensen",
    "Tanaka",
    "Ueda",
    "Vogel",
    "Weiß",
    "Xu",
    "Yılmaz",
    "Zhou",
];
const DEPARTMENTS: &[&str] = &["Sales", "Engineering", "Finance", "Support", "Legal", "Design"];
const TITLES: &[&str] = &["Analyst", "Engineer", "Designer", "Account Manager", "Counsel"];

/// How many people report to nobody, and so how many managers there are at least.
const HEADS: usize = 5;

impl Company {
    /// A company with so many people and groups, everybody in one group at least. The same for the same seed.
    #[must_use]
    pub fn new(tag: &str, seed: u64, people: usize, groups: usize) -> Self {
        let mut company = Self { tag: tag.to_owned(), ..Self::default() };
        let mut dice = Dice::new(seed);
        for _ in 0..people {
            company.hire(&mut dice);
        }
        for _ in 0..groups {
            company.found_group(&[]);
        }
        if groups > 0 {
            for person in 0..people {
                for number in [person % groups, dice.below(groups)] {
                    if let Some(group) = company.groups.get_mut(&number) {
                        group.members.insert(person);
                    }
                }
            }
        }
        company
    }

    /// Somebody begins.
    pub fn hire(&mut self, dice: &mut Dice) -> usize {
        let number = self.people.len();
        let given = dice.one_of(GIVEN);
        let family = dice.one_of(FAMILY);
        let tag = &self.tag;
        let login: String = format!("{given}.{family}").to_lowercase();
        let login: String =
            login.chars().filter(|letter| letter.is_ascii_lowercase() || *letter == '.').collect();
        let manager = (number >= HEADS).then(|| dice.below(HEADS));
        let person = Person {
            user_name: format!("{login}.{number}.{tag}@example.com"),
            external_id: format!("{tag}-person-{number}"),
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            email: format!("{login}.{number}.{tag}@mail.example.com"),
            title: dice.one_of(TITLES).to_owned(),
            department: dice.one_of(DEPARTMENTS).to_owned(),
            employee_number: format!("{}", 10_000 + number),
            manager,
            standing: Standing::Employed,
        };
        self.people.insert(number, person);
        number
    }

    /// A group begins, with these members.
    pub fn found_group(&mut self, members: &[usize]) -> usize {
        let number = self.groups.len();
        let department = DEPARTMENTS.get(number % DEPARTMENTS.len()).copied().unwrap_or_default();
        let group = Group {
            name: format!("{department} {number} ({})", self.tag),
            external_id: format!("{}-group-{number}", self.tag),
            members: members.iter().copied().collect(),
            groups: BTreeSet::new(),
            is_gone: false,
        };
        self.groups.insert(number, group);
        number
    }

    /// Changes somebody.
    pub fn person(&mut self, number: usize, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.people.get_mut(&number) {
            change(person);
        }
    }

    /// Changes a group.
    pub fn group(&mut self, number: usize, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.get_mut(&number) {
            change(group);
        }
    }

    /// Somebody may not sign in any more.
    pub fn suspend(&mut self, number: usize) {
        let day = self.day;
        self.person(number, |person| person.standing = Standing::Suspended(day));
    }

    /// Somebody is removed for good.
    pub fn remove(&mut self, number: usize) {
        let day = self.day;
        self.person(number, |person| {
            let since = match person.standing {
                Standing::Suspended(since) | Standing::Left(since, _) => since,
                Standing::Employed => day,
            };
            person.standing = Standing::Left(since, day);
        });
    }
}

impl Person {
    /// How they are shown.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// Numbers that look drawn and are the same for the same seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One below a bound; 0 where the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let roll = usize::try_from(self.roll() >> 1).unwrap_or(usize::MAX);
        roll.checked_rem(bound).unwrap_or_default()
    }

    fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        texts.get(self.below(texts.len())).copied().unwrap_or_default()
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_the_same_for_the_same_seed() {
        let company = Company::new("t", 7, 30, 4);
        assert_eq!(company, Company::new("t", 7, 30, 4));
        assert_ne!(company, Company::new("t", 8, 30, 4));
        assert!(company.groups.values().all(|group| !group.members.is_empty()));
        let names: BTreeSet<&str> = company.people.values().map(|person| person.user_name.as_str()).collect();
        assert_eq!(names.len(), 30);
        assert!(names.iter().all(|name| name.ends_with(".t@example.com") && name.is_ascii()));
    }
}
