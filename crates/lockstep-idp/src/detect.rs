//! Whose traffic it is that a directory gets, by what it shows. Must not know any IdP: each lists its own signs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::PROVIDERS;
use crate::provider::Provider;
use crate::repair::Request;

/// A request as it arrived, as far as it tells who sent it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a question")]
pub struct Arrival<'a> {
    /// Before any repair.
    pub request: &'a Request,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// Whether there is a header of this name.
    pub has_header: &'a dyn Fn(&str) -> bool,
    /// The directory's last requests, newest last, as method and resource type: `POST /Users`, `GET /Users/{id}`; a
    /// search with the attribute that its filter begins with: `GET /Users?userName`.
    pub earlier: &'a VecDeque<String>,
}

/// Something by which an IdP is recognized.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// Stable name, such as `user-agent`.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// How much it proves.
    pub strength: Strength,
    /// Whether a request shows it.
    pub seen: fn(&Arrival<'_>) -> bool,
    /// Where it was seen.
    pub source: &'static str,
}

/// How much a sign proves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Others do so too.
    Weak,
    /// Few others do so.
    Strong,
    /// Nobody else does so.
    Certain,
}

impl Strength {
    /// How many weak signs it outweighs.
    fn points(self) -> u32 {
        match self {
            Self::Weak => 1,
            Self::Strong => 3,
            Self::Certain => 100,
        }
    }
}

/// So many points, of one sign that is certain or of several that are not, make an IdP worth suggesting.
const POINTS_TO_SUGGEST: u32 = 4;

/// How many requests are remembered for their order.
const EARLIER: usize = 4;

/// What the requests of one directory have shown. Bounded: by the signs that there are, and the last few requests.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    shown: BTreeMap<&'static str, BTreeMap<&'static str, &'static Sign>>,
    earlier: VecDeque<String>,
    habits: BTreeSet<Habit>,
    told: Option<(&'static str, bool)>,
}

/// Something that an IdP does by habit, which advice may depend on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Habit {
    /// Users are changed by PUT.
    PutsUsers,
    /// Users are changed by PATCH.
    PatchesUsers,
    /// Groups are changed by PUT.
    PutsGroups,
    /// Groups are changed by PATCH.
    PatchesGroups,
    /// Users are deleted.
    DeletesUsers,
}

/// What one more request showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Noted {
    /// Whose this request looks like, where that is not the directory's IdP.
    pub looks_like: Option<&'static str>,
    /// Which IdP all of them together show, where that is news.
    pub news: Option<Finding>,
    /// What the IdP was seen to do.
    pub habits: BTreeSet<Habit>,
}

/// Another IdP than the directory's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its short name.
    pub slug: &'static str,
    /// Nobody else sends this, and nothing speaks for another one.
    pub certain: bool,
    /// What was seen, in words.
    pub signs: Vec<&'static str>,
}

/// The headers that tell who sent a request.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a question")]
pub struct Headers<'a> {
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// Whether there is a header of this name.
    pub has: &'a dyn Fn(&str) -> bool,
}

impl Headers<'_> {
    /// None.
    pub const NONE: Self = Self { user_agent: None, content_type: None, accept: None, has: &|_| false };
}

impl Evidence {
    /// Takes one more request of a directory that is held to `current`.
    pub fn note(&mut self, current: &Provider, request: &Request, headers: Headers<'_>) -> Noted {
        let Headers { user_agent, content_type, accept, has: has_header } = headers;
        let earlier = &self.earlier;
        let arrival = Arrival { request, user_agent, content_type, accept, has_header, earlier };
        let mut best: Option<(Strength, &'static str)> = None;
        let mut own = None;
        for provider in PROVIDERS {
            for sign in provider.signs.iter().filter(|sign| (sign.seen)(&arrival)) {
                self.shown.entry(provider.slug).or_default().insert(sign.name, sign);
                if provider.slug == current.slug {
                    own = own.max(Some(sign.strength));
                } else if best.is_none_or(|(strength, _)| sign.strength > strength) {
                    best = Some((sign.strength, provider.slug));
                }
            }
        }
        self.habits.extend(habit(request));
        self.earlier.push_back(summary(request));
        if self.earlier.len() > EARLIER {
            self.earlier.pop_front();
        }
        let looks_like = best.filter(|(strength, _)| *strength > Strength::Weak && Some(*strength) > own);
        Noted {
            looks_like: looks_like.map(|(_, slug)| slug),
            news: self.news(current),
            habits: self.habits.clone(),
        }
    }

    /// What was told last could not be kept: it is news again.
    pub fn untell(&mut self) {
        self.told = None;
    }

    /// The one IdP that has more for it than the directory's own and any other, where that was not told yet.
    fn news(&mut self, current: &Provider) -> Option<Finding> {
        let mut points: Vec<(u32, &'static str)> = self
            .shown
            .iter()
            .map(|(slug, signs)| (signs.values().map(|sign| sign.strength.points()).sum(), *slug))
            .collect();
        points.sort_unstable();
        let (most, slug) = points.pop()?;
        let is_alone = points.last().is_none_or(|(next, _)| *next < most);
        if slug == current.slug || !is_alone || most < POINTS_TO_SUGGEST {
            return None;
        }
        let signs = self.shown.get(slug)?;
        let is_certain = |signs: &BTreeMap<_, &'static Sign>| {
            signs.values().any(|sign| sign.strength == Strength::Certain)
        };
        let certain = is_certain(signs)
            && self.shown.iter().filter(|(other, _)| **other != slug).all(|(_, signs)| !is_certain(signs));
        if self.told == Some((slug, certain)) {
            return None;
        }
        self.told = Some((slug, certain));
        Some(Finding { slug, certain, signs: signs.values().map(|sign| sign.what).collect() })
    }
}

fn habit(request: &Request) -> Option<Habit> {
    let users = request.path.to_ascii_lowercase().contains("/users/");
    let groups = request.path.to_ascii_lowercase().contains("/groups/");
    match request.method.as_str() {
        "PUT" if users => Some(Habit::PutsUsers),
        "PATCH" if users => Some(Habit::PatchesUsers),
        "PUT" if groups => Some(Habit::PutsGroups),
        "PATCH" if groups => Some(Habit::PatchesGroups),
        "DELETE" if users => Some(Habit::DeletesUsers),
        _ => None,
    }
}

/// What a request asks, without ids and values.
fn summary(request: &Request) -> String {
    let mut parts = request.path.split('/').filter(|part| !part.is_empty());
    let (kind, rest) = (parts.next().unwrap_or_default(), parts.next());
    let filter = request.query.iter().find(|(name, _)| name.eq_ignore_ascii_case("filter"));
    let attribute = filter.and_then(|(_, text)| text.split_whitespace().next());
    let bounded = |text: &str| text.chars().take(40).collect::<String>();
    let (kind, method) = (bounded(kind), &request.method);
    match (rest, attribute) {
        (Some(_), _) => format!("{method} /{kind}/{{id}}"),
        (None, Some(attribute)) => format!("{method} /{kind}?{}", bounded(attribute)),
        (None, None) => format!("{method} /{kind}"),
    }
}

#[cfg(test)]
mod tests;
