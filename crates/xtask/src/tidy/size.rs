//! Long functions and long files: listed, because a reader should look at them; never a failure, because a split
//! that has no name from the domain makes it worse.

use super::file::File;

const FUNCTION_LINES: usize = 70;
const FILE_LINES: usize = 600;

pub(super) fn notes(files: &[File]) -> Vec<String> {
    let rust = || files.iter().filter(|file| file.is_rust());
    let functions = rust().flat_map(|file| {
        long_functions(file)
            .into_iter()
            .map(|(line, name, length)| (length, format!("{}:{line} {name}", file.path)))
    });
    let files = rust()
        .map(|file| (file.shipped().count(), file.path.clone()))
        .filter(|(length, _)| *length > FILE_LINES);
    let mut notes = list(&format!("functions of more than {FUNCTION_LINES} lines"), functions.collect());
    notes.extend(list(&format!("files of more than {FILE_LINES} lines before their tests"), files.collect()));
    notes
}

fn list(title: &str, mut found: Vec<(usize, String)>) -> Vec<String> {
    if found.is_empty() {
        return Vec::new();
    }
    found.sort_by(|a, b| b.cmp(a));
    let mut lines = vec![format!("  to look at: {} {title}", found.len())];
    lines.extend(found.iter().map(|(length, place)| format!("    {length:>5}  {place}")));
    lines
}

/// Line, name and length of what is long. Formatted code closes a function at the indentation that opened it.
fn long_functions(file: &File) -> Vec<(usize, String, usize)> {
    let mut open: Option<(usize, usize, String)> = None;
    let mut long = Vec::new();
    for (number, line) in file.shipped() {
        let indentation = line.len() - line.trim_start().len();
        if let Some((start, depth, name)) = &open {
            if indentation == *depth && line.trim() == "}" {
                let length = number - start + 1;
                if length > FUNCTION_LINES {
                    long.push((*start, name.clone(), length));
                }
                open = None;
            } else if indentation == *depth && line.trim_end().ends_with(';') {
                // A declaration without a body.
                open = None;
            }
        } else if let Some(name) = function_name(line)
            && !line.ends_with('}')
            && !line.ends_with(';')
        {
            open = Some((number, indentation, name.to_owned()));
        }
    }
    long
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let qualifier =
        |word: &str| matches!(word, "const" | "async" | "unsafe" | "extern") || word.starts_with("pub");
    if !before.split_whitespace().all(|word| qualifier(word) || word.ends_with(')')) {
        return None;
    }
    after.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, lines: usize) -> String {
        format!("    pub(crate) async fn {name}<T>(\n{}    }}\n", "        a();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_is_listed_and_a_short_one_is_not() {
        let text = format!("impl A {{\n{}{}}}\n", function("short", 70), function("long", 71));
        let file = File::new("crates/a/src/b.rs", text);
        assert_eq!(long_functions(&file), [(72, "long".to_owned(), 71)]);
        let declared = File::new("a.rs", format!("    fn a(\n    ) -> B;\n{}", function("short", 70)));
        assert_eq!(long_functions(&declared), []);
    }

    #[test]
    fn a_long_file_is_listed_without_its_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // a\n".repeat(600));
        assert!(notes(&[File::new("crates/a/src/b.rs", tests)]).is_empty());
        assert_eq!(notes(&[File::new("crates/a/src/b.rs", "// a\n".repeat(601))]).len(), 2);
    }
}
