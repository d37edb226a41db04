//! The pages about identity providers, for anybody who asks: what each sends and what becomes of it. They are made of
//! contracts alone and hold nothing of any tenant. No scripts, and a browser is told so.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use lockstep_idp::page::{self, Page};

use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;

/// Light and dark as the reader has it, one column that fits a phone.
const STYLE: &str = include_str!("pages/style.css");

/// Nothing but our own style, and nobody's frame.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How [`index`] is described.
pub(crate) const INDEX: Operation =
    Operation::new("list_idp_pages", Tag::Server, "The pages about identity providers")
        .shows("text/html", "A page for people.");

/// `GET /idp`: all of them.
pub(crate) async fn index() -> Response {
    rendered(StatusCode::OK, &page::index())
}

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_idp_page", Tag::Server, "The page about an identity provider")
        .about("What it sends and what becomes of it. 404 is a page too, which lists what there is.")
        .shows("text/html", "A page for people.")
        .errors(&[404]);

/// `GET /idp/{slug}`: one of them. 404 lists what there is.
pub(crate) async fn read(named: Result<Path<String>, Problem>) -> Response {
    // What is no text is no page either.
    let slug = named.map_or_else(|_| char::REPLACEMENT_CHARACTER.to_string(), |Path(slug)| slug);
    match lockstep_idp::by_slug(&slug) {
        Some(provider) => rendered(StatusCode::OK, &page::of(provider)),
        None => rendered(StatusCode::NOT_FOUND, &page::unknown(&slug)),
    }
}

/// How [`style`] is described.
pub(crate) const STYLE_SHEET: Operation =
    Operation::new("get_page_style", Tag::Server, "How the pages look").shows("text/css", "A style sheet.");

/// `GET /idp/style.css`.
pub(crate) async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned())
}

/// A page of ours, as it is.
pub(crate) fn shown(page: &Page) -> Response {
    rendered(StatusCode::OK, page)
}

fn rendered(status: StatusCode, page: &Page) -> Response {
    answer(status, "text/html; charset=utf-8", page.html())
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // They change with the program and not otherwise.
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
