//! A page as blocks and spans, and its two forms: Markdown for the repository, HTML for the server. Knows no IdP.

use std::fmt::Write as _;

/// One page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The contract that it is about; `None`: it is the index.
    pub slug: Option<&'static str>,
    /// Its title.
    pub title: String,
    /// What stands on it, below the title.
    pub blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// The heading of a section, with its anchor.
    Heading(&'static str, &'static str),
    /// The heading of a part of a section, with its anchor.
    Subheading(String, Text),
    /// Sentences.
    Paragraph(Text),
    /// What is typed or answered, line by line.
    Listing(String),
    /// Points in no order.
    List(Vec<Item>),
    /// Points in order.
    Steps(Vec<Item>),
    /// A table: names of its columns, and its rows.
    Table(&'static [&'static str], Vec<Vec<Text>>),
}

/// A point of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// By what others link to it.
    pub anchor: Option<String>,
    /// What it says.
    pub text: Text,
}

/// Text in pieces.
pub type Text = Vec<Span>;

/// A piece of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Span {
    /// Words.
    Plain(String),
    /// What is said first.
    Strong(String),
    /// What is typed or sent.
    Code(String),
    /// Words that lead to a web page.
    Link(String, String),
    /// Words that lead to an anchor of this page.
    Here(String, String),
    /// Words that lead to the page of a contract.
    Contract(String, &'static str),
    /// A file in `contracts/`: folder and file.
    File(&'static str, &'static str),
}

/// Text with what stands between backticks as code.
#[must_use]
pub fn text(words: &str) -> Text {
    let parts = words.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts
        .map(
            |(at, part)| if at % 2 == 1 { Span::Code(part.to_owned()) } else { Span::Plain(part.to_owned()) },
        )
        .collect()
}

impl Page {
    /// As Markdown, for a file in `docs/idp/`.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", escape_markdown(&self.title));
        for block in &self.blocks {
            out.push('\n');
            match block {
                Block::Heading(anchor, title) => {
                    let _ = writeln!(out, "<a id=\"{anchor}\"></a>\n\n## {}", escape_markdown(title));
                }
                Block::Subheading(anchor, title) => {
                    let _ = writeln!(out, "<a id=\"{anchor}\"></a>\n\n### {}", markdown(title));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "{}", markdown(text));
                }
                Block::Listing(lines) => {
                    let _ = writeln!(out, "```\n{lines}\n```");
                }
                Block::List(items) => items.iter().for_each(|item| markdown_item(&mut out, "-", item)),
                Block::Steps(items) => {
                    for (number, item) in (1..).zip(items) {
                        markdown_item(&mut out, &format!("{number}."), item);
                    }
                }
                Block::Table(head, rows) => {
                    let _ = writeln!(out, "| {} |", head.join(" | "));
                    let _ = writeln!(out, "|{}", " --- |".repeat(head.len()));
                    for row in rows {
                        let cells: Vec<String> =
                            row.iter().map(|cell| markdown(cell).replace('|', "\\|")).collect();
                        let _ = writeln!(out, "| {} |", cells.join(" | "));
                    }
                }
            }
        }
        out
    }

    /// As a whole document of HTML, without scripts. Links are relative: `/idp` and `/idp/{slug}` may lie anywhere.
    #[must_use]
    pub fn html(&self) -> String {
        // What is one level below `/idp`, and what is `/idp` itself, as seen from this page.
        let (below, index) = if self.slug.is_some() { ("", "../idp") } else { ("idp/", "idp") };
        let title = escape_html(&self.title);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <link rel=\"stylesheet\" href=\"{below}style.css\">\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the text</a>\n"
        );
        if self.slug.is_some() {
            let _ = writeln!(out, "<nav><a href=\"{index}\">All identity providers</a></nav>");
        }
        let _ = writeln!(out, "<main id=\"main\">\n<h1>{title}</h1>");
        for block in &self.blocks {
            match block {
                Block::Heading(anchor, title) => {
                    let _ = writeln!(out, "<h2 id=\"{anchor}\">{}</h2>", escape_html(title));
                }
                Block::Subheading(anchor, title) => {
                    let (anchor, title) = (escape_html(anchor), html(title, below));
                    let _ = writeln!(out, "<h3 id=\"{anchor}\">{title}</h3>");
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "<p>{}</p>", html(text, below));
                }
                Block::Listing(lines) => {
                    // What is wider than the screen is scrolled by itself, also by keyboard.
                    let lines = escape_html(lines);
                    let _ = writeln!(out, "<pre class=\"wide\" tabindex=\"0\"><code>{lines}</code></pre>");
                }
                Block::List(items) => html_list(&mut out, "ul", items, below),
                Block::Steps(items) => html_list(&mut out, "ol", items, below),
                Block::Table(head, rows) => html_table(&mut out, head, rows, below),
            }
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }
}

fn markdown_item(out: &mut String, mark: &str, item: &Item) {
    let anchor = item.anchor.as_ref().map(|anchor| format!("<a id=\"{anchor}\"></a>")).unwrap_or_default();
    let _ = writeln!(out, "{mark} {anchor}{}", markdown(&item.text));
}

fn markdown(text: &[Span]) -> String {
    text.iter()
        .map(|span| match span {
            Span::Plain(words) => escape_markdown(words),
            Span::Strong(words) => format!("**{}**", escape_markdown(words)),
            Span::Code(words) => format!("`{words}`"),
            Span::Link(words, to) => format!("[{}](<{to}>)", escape_markdown(words)),
            Span::Here(words, anchor) => format!("[{}](#{anchor})", escape_markdown(words)),
            Span::Contract(words, slug) => format!("[{}]({slug}.md)", escape_markdown(words)),
            Span::File(folder, file) => format!("[{folder}/{file}](../../contracts/{folder}/{file})"),
        })
        .collect()
}

/// Words as words: nothing in them is a sign of Markdown or of HTML.
fn escape_markdown(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for character in words.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn html_list(out: &mut String, element: &str, items: &[Item], below: &str) {
    let _ = writeln!(out, "<{element}>");
    for item in items {
        let anchor = item.anchor.as_ref().map(|anchor| format!(" id=\"{anchor}\"")).unwrap_or_default();
        let _ = writeln!(out, "<li{anchor}>{}</li>", html(&item.text, below));
    }
    let _ = writeln!(out, "</{element}>");
}

fn html_table(out: &mut String, head: &[&str], rows: &[Vec<Text>], below: &str) {
    // What is wider than the screen is scrolled by itself, also by keyboard.
    out.push_str("<div class=\"wide\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>\n<tr>");
    for name in head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape_html(name));
    }
    out.push_str("</tr>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", html(cell, below));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

fn html(text: &[Span], below: &str) -> String {
    text.iter()
        .map(|span| match span {
            Span::Plain(words) => escape_html(words),
            Span::Strong(words) => format!("<strong>{}</strong>", escape_html(words)),
            Span::Code(words) => format!("<code>{}</code>", escape_html(words)),
            Span::Link(words, to) => format!("<a href=\"{}\">{}</a>", escape_html(to), escape_html(words)),
            Span::Here(words, anchor) => format!("<a href=\"#{anchor}\">{}</a>", escape_html(words)),
            Span::Contract(words, slug) => format!("<a href=\"{below}{slug}\">{}</a>", escape_html(words)),
            Span::File(folder, file) => format!("<code>contracts/{folder}/{file}</code>"),
        })
        .collect()
}

fn escape_html(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
