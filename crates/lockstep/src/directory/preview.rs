//! What a change of a mapping would do, user by user. The whole directory is looked at, however large it is; the first
//! users that would change are shown, and all are counted.

use clap::Args;
use serde_json::Value;

use crate::progress;
use crate::remote::{Query, Remote, Thing, text};
use crate::terminal::{self, Ink, Paint, plain};

/// Users that one request looks at.
const STEP: &str = "1000";

#[derive(Debug, Args)]
pub(super) struct PreviewOptions {
    /// How many of the users that would change are shown; all are counted
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Show all of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// Prints what `body` would change at a directory's mapping.
pub(super) async fn print(
    remote: &Remote,
    is_json: bool,
    options: &PreviewOptions,
    directory: &Thing,
    mapping: &str,
    body: &Value,
) -> anyhow::Result<()> {
    let path = ["directories", directory.id(), mapping, "preview"];
    let mut query = Query::default().with("limit", STEP);
    let paint = Paint::for_stdout();
    let bar = progress::count("users", 0);
    let wanted = if options.all { usize::MAX } else { options.limit };
    let (mut found, mut examined) = (0_usize, 0);
    let total = loop {
        let page = remote.post_page(&path, &query, body).await?;
        let count = |name: &str| page.rest.get(name).and_then(Value::as_u64).unwrap_or_default();
        examined += count("examined");
        let total = count("total");
        bar.set_length(total);
        bar.set_position(examined);
        let shown = page.data.iter().take(wanted.saturating_sub(found));
        let told: String = shown.map(|user| if is_json { user.line() } else { block(user, paint) }).collect();
        found += page.data.len();
        let is_read = told.is_empty() || bar.suspend(|| terminal::write(&told))?;
        match page.after {
            Some(after) if is_read => query = query.with("after", after),
            _ => break total,
        }
    };
    bar.finish_and_clear();
    let left = found.saturating_sub(wanted);
    if is_json {
        if left > 0 {
            eprintln!("{left} more would change: --all shows them");
        }
        return Ok(());
    }
    let more = if left > 0 { format!(" ({left} not shown: --all)") } else { String::new() };
    terminal::write(&format!("{found} of {} users would change{more}\n", total.max(examined)))?;
    Ok(())
}

/// One user: each value before and after.
fn block(user: &Thing, paint: Paint) -> String {
    let name =
        if user.text("email").is_empty() { user.text("directory_user_id") } else { user.text("email") };
    let id = paint.with(Ink::Dim, &plain(user.text("directory_user_id")));
    let mut told = format!("{}  {id}\n", paint.with(Ink::Bold, &plain(name)));
    let mut line = |name: &str, before: &str, after: &str| {
        let (before, after) = (paint.with(Ink::Bad, &plain(before)), paint.with(Ink::Good, &plain(after)));
        told.push_str(&["  ", &plain(name), ": ", &before, " → ", &after, "\n"].concat());
    };
    for (name, change) in
        user.fields().get("custom_attributes").and_then(Value::as_object).into_iter().flatten()
    {
        let value = |side: &str| change.get(side).map_or_else(|| "null".to_owned(), Value::to_string);
        line(name, &value("before"), &value("after"));
    }
    if let Some(change) = user.fields().get("roles").filter(|roles| !roles.is_null()) {
        let slugs = |side: &str| {
            let roles = change.get(side).and_then(Value::as_array).into_iter().flatten();
            let slugs: Vec<&str> = roles.map(|role| text(role, "slug")).collect();
            if slugs.is_empty() { "none".to_owned() } else { slugs.join(", ") }
        };
        line("roles", &slugs("before"), &slugs("after"));
    }
    for left in user.fields().get("attributes_left_out").and_then(Value::as_array).into_iter().flatten() {
        let words = format!("  left out: {} ({})\n", plain(text(left, "name")), plain(text(left, "reason")));
        told.push_str(&paint.with(Ink::Told, &words));
    }
    told
}
