//! The page of an IdP, made from its contract and nothing else: what it sends, what becomes of it, how it is set up.
//! It is public and holds nothing of any tenant.

mod dialect;
pub mod document;
mod rules;

use std::collections::BTreeSet;

use lockstep_core::mapping::StandardAttribute;

use crate::detect::Strength;
use crate::provider::{Call, Demand, Does, Mapping, Provider, Refused, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};
use crate::{PROVIDERS, attributes, contracts};

pub use document::Page;
use document::{Block, Item, Span, Text, text};

/// The page of an IdP.
#[must_use]
pub fn of(provider: &'static Provider) -> Page {
    let mut page = Page { slug: Some(provider.slug), title: provider.name.to_owned(), blocks: Vec::new() };
    page.blocks.push(Block::Paragraph(introduction(provider)));
    page.list("setup", "Set it up", setup(&provider.setup));
    page.table(
        "authentication",
        "How it shows who it is",
        &["scheme", "what to know", "seen in"],
        authentication(provider),
    );
    page.list("sends", "What it sends", dialect::sentences(provider));
    page.table("mapping", "Its default mapping", &["its attribute", "SCIM attribute"], mapping(provider));
    let heads: &'static [&'static str] = match provider.mapping {
        [] => &["attribute", "SCIM attribute"],
        _ => &["attribute", "SCIM attribute", "by its default mapping"],
    };
    page.table("reads", "What your application reads", heads, reads(provider));
    page.table(
        "needs",
        "What it needs in answers",
        &["call", "needs", "otherwise", "seen in"],
        needs(provider),
    );
    page.table(
        "refused",
        "What it does when it is refused",
        &["call", "answer", "then", "seen in"],
        reactions(provider),
    );
    page.list("repairs", "What Lockstep makes of it", repairs(provider));
    page.list("rules", "Rules that differ", rules::sentences(provider));
    page.list("quirks", "Quirks", provider.quirks.iter().map(|quirk| quirk_item(provider, quirk)).collect());
    page.list("know", "Good to know", points(provider.notes));
    page.list("signs", "By what it is recognized", signs(provider));
    page.list("sources", "Sources", sources(provider));
    page
}

/// The list of all pages.
#[must_use]
pub fn index() -> Page {
    let rows = PROVIDERS.iter().map(|provider| {
        let types: Vec<String> = provider.directory_types.iter().map(|kind| format!("`{kind}`")).collect();
        let proven = provider.quirks.iter().filter(|quirk| quirk.proven == Basis::Source).count();
        vec![
            vec![Span::Contract(provider.name.to_owned(), provider.slug)],
            text(&format!("`{}`", provider.slug)),
            text(&types.join(", ")),
            text(&format!("{} of {}", proven, provider.quirks.len())),
        ]
    });
    let unwritten: Vec<String> = contracts::UNWRITTEN.iter().map(|kind| format!("`{kind}`")).collect();
    Page {
        slug: None,
        title: "Identity providers".to_owned(),
        blocks: vec![
            Block::Paragraph(text(
                "What each identity provider sends, what Lockstep makes of it, how it is set up and by what it is \
                 recognized. These pages are made from the contracts: what stands here is what the server does.",
            )),
            Block::Paragraph(text(
                "A directory is made by its type; one of the type `generic scim v2.0` may also name the contract.",
            )),
            Block::Table(
                &["identity provider", "contract", "directory type", "quirks seen on the wire"],
                rows.collect(),
            ),
            Block::Paragraph(text(&format!(
                "Directories of these types have no contract of their own and the generic one: {}.",
                unwritten.join(", ")
            ))),
        ],
    }
}

/// The page for an address below `/idp` that is none: what there is instead.
#[must_use]
pub fn unknown(slug: &str) -> Page {
    let near = PROVIDERS.iter().find(|provider| {
        let asked = slug.to_ascii_lowercase();
        !asked.is_empty() && (provider.slug.starts_with(&asked) || asked.starts_with(provider.slug))
    });
    let known = PROVIDERS.iter().map(|provider| Item {
        anchor: None,
        text: vec![
            Span::Contract(provider.name.to_owned(), provider.slug),
            Span::Plain(" ".to_owned()),
            Span::Code(provider.slug.to_owned()),
        ],
    });
    let mut blocks = vec![Block::Paragraph(vec![
        Span::Plain("No contract is called ".to_owned()),
        // As much of it as could be a name.
        Span::Code(slug.chars().take(40).collect()),
        Span::Plain(".".to_owned()),
    ])];
    if let Some(provider) = near {
        blocks.push(Block::Paragraph(vec![
            Span::Plain("Is it ".to_owned()),
            Span::Contract(provider.name.to_owned(), provider.slug),
            Span::Plain("?".to_owned()),
        ]));
    }
    blocks.push(Block::Paragraph(text("These are:")));
    blocks.push(Block::List(known.collect()));
    Page { slug: Some(""), title: "No such page".to_owned(), blocks }
}

impl Page {
    fn list(&mut self, anchor: &'static str, title: &'static str, items: Vec<Item>) {
        if items.is_empty() {
            return;
        }
        self.blocks.push(Block::Heading(anchor, title));
        self.blocks.push(if anchor == "setup" { Block::Steps(items) } else { Block::List(items) });
    }

    fn table(
        &mut self,
        anchor: &'static str,
        title: &'static str,
        head: &'static [&'static str],
        rows: Vec<Vec<Text>>,
    ) {
        if !rows.is_empty() {
            self.blocks.push(Block::Heading(anchor, title));
            self.blocks.push(Block::Table(head, rows));
        }
    }
}

fn introduction(provider: &Provider) -> Text {
    let own: Vec<String> = provider.directory_types.iter().map(|kind| format!("`{kind}`")).collect();
    let kind = if own.is_empty() {
        format!(
            "There is no directory type of its own: make one of the type `{}` with the contract `{}`.",
            crate::GENERIC_TYPE,
            provider.slug
        )
    } else {
        format!("Directory type: {}. Contract: `{}`.", own.join(", "), provider.slug)
    };
    text(&format!(
        "{kind} This page is made from the contract; what is marked unproven was put together from a description and \
         not seen on the wire."
    ))
}

fn points(sentences: &[&str]) -> Vec<Item> {
    sentences.iter().map(|sentence| Item { anchor: None, text: text(sentence) }).collect()
}

fn point(words: &str) -> Item {
    Item { anchor: None, text: text(words) }
}

fn setup(setup: &Setup) -> Vec<Item> {
    let mut items = Vec::new();
    if !setup.place.is_empty() {
        items.push(point(&format!("Open {}.", setup.place)));
    }
    items.extend(points(setup.steps));
    if !setup.endpoint_field.is_empty() {
        items.push(point(&format!(
            "The directory's `scim_endpoint` belongs into the field \"{}\".",
            setup.endpoint_field
        )));
    }
    if !setup.token_field.is_empty() {
        items.push(point(&format!("Its `bearer_token` belongs into the field \"{}\".", setup.token_field)));
    }
    items
}

fn authentication(provider: &Provider) -> Vec<Vec<Text>> {
    let rows = provider.authentication.iter();
    rows.map(|way| vec![text(scheme(way.scheme)), text(way.note), vec![source(way.source)]]).collect()
}

fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::BearerToken => "bearer token",
        Scheme::ClientCredentials => "OAuth 2.0 client credentials",
        Scheme::AuthorizationCode => "OAuth 2.0 authorization code (not offered here)",
        Scheme::OwnTokens => "tokens that it issues itself",
        Scheme::Basic => "HTTP Basic",
        Scheme::Header => "a header of its own",
        Scheme::Nothing => "nothing (never accepted)",
    }
}

fn mapping(provider: &Provider) -> Vec<Vec<Text>> {
    let row = |from: &str, to: &str| vec![text(from), vec![Span::Code(to.to_owned())]];
    provider.mapping.iter().map(|mapping| row(mapping.from, mapping.to)).collect()
}

/// What stands in `custom_attributes` without any mapping of the directory's, and which of the IdP's attributes fill it.
fn reads(provider: &Provider) -> Vec<Vec<Text>> {
    let row = |attribute: &StandardAttribute| {
        let code = |text: &str| Span::Code(text.to_owned());
        let paths: Vec<Vec<Span>> = attribute.paths.iter().map(|path| vec![code(path)]).collect();
        let fills = |mapping: &&Mapping| attribute.paths.iter().any(|path| fills(mapping.to, path));
        let mut from: Vec<&str> = provider.mapping.iter().filter(fills).map(|mapping| mapping.from).collect();
        // What fills a group, or is the same for everybody, is no attribute of a user's.
        from.retain(|from| !from.ends_with(" of a group") && !from.starts_with('"'));
        from.dedup();
        let from = if from.is_empty() { "not sent by default".to_owned() } else { from.join(", ") };
        vec![vec![code(attribute.name)], paths.join(&Span::Plain(", else ".to_owned())), text(&from)]
    };
    let mut rows: Vec<Vec<Text>> = provider.attributes.iter().map(row).collect();
    if provider.mapping.is_empty() {
        for row in &mut rows {
            row.truncate(2);
        }
    }
    rows
}

/// Whether what a mapping writes is read at a path: it is the same attribute, or a part of it, or the whole of which it
/// is the value.
fn fills(to: &str, path: &str) -> bool {
    let (attribute, sub) = match (path.split_once('['), path.rsplit_once("].")) {
        (Some((attribute, _)), Some((_, sub))) => (attribute, sub),
        _ => (path, ""),
    };
    let path = if sub.is_empty() { attribute.to_owned() } else { format!("{attribute}.{sub}") };
    let rest = to.strip_prefix(path.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])) || path == format!("{to}.value")
}

fn needs(provider: &Provider) -> Vec<Vec<Text>> {
    let needs = provider.needs.iter();
    needs
        .map(|need| {
            vec![text(call(need.call)), demand(need.demand), text(need.otherwise), vec![source(need.source)]]
        })
        .collect()
}

fn demand(demand: Demand) -> Text {
    let words = match demand {
        Demand::Status(statuses) => format!("status {}", any_of(statuses)),
        Demand::Present(pointer) => format!("a value at `{pointer}`"),
        Demand::Is(pointer, value) => format!("`{value}` at `{pointer}`"),
        Demand::Echo(pointer) => format!("what was sent at `{pointer}`, as it was sent"),
        Demand::List(name) => format!("`{name}` as a list, also where it is empty"),
        Demand::EachHas(pointer) => format!("a value at `{pointer}` of each resource"),
        Demand::Body => "a body".to_owned(),
        Demand::Json => "JSON where there is a body, also where it is refused".to_owned(),
        Demand::NoNulls => "no `null` anywhere".to_owned(),
        Demand::ContentType(types) => format!("`Content-Type` {}", types.join(" or ")),
        Demand::Within(milliseconds) => format!("an answer within {milliseconds} ms"),
    };
    text(&words)
}

fn any_of(statuses: &[u16]) -> String {
    let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
    statuses.join(" or ")
}

fn reactions(provider: &Provider) -> Vec<Vec<Text>> {
    let row = |reaction: &crate::provider::Reaction| {
        let to: Vec<String> = reaction.to.iter().map(|refused| refusal(*refused)).collect();
        let mut does = vec![Span::Strong(deed(reaction.does).to_owned())];
        if !reaction.note.is_empty() {
            does.push(Span::Plain(": ".to_owned()));
            does.extend(text(reaction.note));
        }
        vec![text(call(reaction.call)), text(&to.join(", ")), does, vec![source(reaction.source)]]
    };
    provider.reactions.iter().map(row).collect()
}

fn refusal(refused: Refused) -> String {
    match refused {
        Refused::Status(status) => status.to_string(),
        Refused::Client => "another 4xx".to_owned(),
        Refused::Server => "5xx".to_owned(),
        Refused::Timeout => "no answer in time".to_owned(),
    }
}

fn deed(does: Does) -> &'static str {
    match does {
        Does::Retries => "sends it again",
        Does::RetriesNextCycle => "sends it again in its next cycle",
        Does::GivesUp => "gives up until somebody looks",
        Does::Links => "looks the resource up and goes on with it",
        Does::Creates => "makes the resource anew",
        Does::TakesAsDone => "takes it as done",
        Does::Stops => "stops everything for this application",
    }
}

fn call(call: Call) -> &'static str {
    match call {
        Call::Any => "any",
        Call::Discovery => "read what the server can",
        Call::ConnectionTest => "test the connection",
        Call::ListUsers => "list users",
        Call::ListGroups => "list groups",
        Call::FindUser => "find a user",
        Call::FindGroup => "find a group",
        Call::ReadUser => "read a user",
        Call::ReadGroup => "read a group",
        Call::CreateUser => "create a user",
        Call::UpdateUser => "change a user",
        Call::DeactivateUser => "deactivate a user",
        Call::ReactivateUser => "reactivate a user",
        Call::DeleteUser => "delete a user",
        Call::CreateGroup => "create a group",
        Call::UpdateGroup => "change a group",
        Call::AddMembers => "add members",
        Call::RemoveMembers => "remove members",
        Call::DeleteGroup => "delete a group",
    }
}

fn repairs(provider: &'static Provider) -> Vec<Item> {
    let item = |repair: &crate::Repair| {
        let mut words = vec![Span::Strong(repair.name.to_owned()), Span::Plain(": ".to_owned())];
        words.extend(text(repair.why));
        let behind = provider.quirks.iter().filter(|quirk| quirk.repair() == Some(repair.name));
        let links = behind.map(|quirk| Span::Here(quirk.id.to_owned(), anchor(quirk)));
        for link in links {
            words.extend([Span::Plain(" ".to_owned()), link]);
        }
        Item { anchor: Some(repair.name.to_owned()), text: words }
    };
    provider.repairs.iter().map(item).collect()
}

/// By what a quirk is linked to.
fn anchor(quirk: &Quirk) -> String {
    quirk.id.to_ascii_lowercase()
}

fn quirk_item(provider: &'static Provider, quirk: &Quirk) -> Item {
    let mut words = vec![Span::Strong(quirk.id.to_owned()), Span::Plain(format!(" {}. ", quirk.title))];
    if quirk.proven == Basis::Constructed {
        words.extend([Span::Strong("Unproven.".to_owned()), Span::Plain(" ".to_owned())]);
    }
    words.extend(match quirk.met_by {
        MetBy::Repair(name) => {
            vec![Span::Plain("Repaired by ".to_owned()), Span::Here(name.to_owned(), name.to_owned())]
        }
        MetBy::Rule(name) => vec![Span::Plain("Met by the rule ".to_owned()), rules::link(provider, name)],
        MetBy::Rfc => vec![Span::Plain("Met on every directory".to_owned())],
    });
    words.push(Span::Plain(". Shown by ".to_owned()));
    words.push(Span::File(provider.slug, quirk.contract));
    words.push(Span::Plain(". Seen in: ".to_owned()));
    for (at, place) in quirk.sources.iter().enumerate() {
        if at > 0 {
            words.push(Span::Plain("; ".to_owned()));
        }
        words.push(source(place));
    }
    Item { anchor: Some(anchor(quirk)), text: words }
}

fn signs(provider: &Provider) -> Vec<Item> {
    let item = |sign: &crate::detect::Sign| {
        let proof = match sign.strength {
            Strength::Weak => "others do so, too",
            Strength::Strong => "few others do so",
            Strength::Certain => "nobody else does so",
        };
        let mut words = text(sign.what);
        words.push(Span::Plain(format!(" ({proof}). Seen in: ")));
        words.push(source(sign.source));
        Item { anchor: Some(format!("sign-{}", sign.name)), text: words }
    };
    provider.signs.iter().map(item).collect()
}

/// Everything that is not named beside what it shows.
fn sources(provider: &Provider) -> Vec<Item> {
    let places: BTreeSet<&str> = provider.setup.sources.iter().copied().chain([attributes::SOURCE]).collect();
    places.into_iter().map(|place| Item { anchor: None, text: vec![source(place)] }).collect()
}

/// A source as it is written in contracts: an address without its scheme, or `owner/repository:path`, each perhaps with
/// a remark after it.
fn source(place: &str) -> Span {
    let first = place.split([' ', ',', ';']).next().unwrap_or_default().trim_end_matches(':');
    let is_host = |name: &str| name.contains('.') && !name.contains(':');
    let to = match first.split_once(':') {
        Some((repository, path)) if repository.matches('/').count() == 1 && path.contains('.') => {
            Some(format!("https://github.com/{repository}/blob/HEAD/{path}"))
        }
        Some(("https", _)) => Some(first.to_owned()),
        None if first.split('/').next().is_some_and(is_host) => Some(format!("https://{first}")),
        _ => None,
    };
    to.map_or_else(|| Span::Plain(place.to_owned()), |to| Span::Link(place.to_owned(), to))
}

#[cfg(test)]
mod tests;
