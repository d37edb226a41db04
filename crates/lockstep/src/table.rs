//! Tables and cards for a terminal. A table is as wide as the terminal: it cuts what is long, save ids, which people copy, and
//! leaves out what matters least. In a pipe nothing is cut or left out. Wide characters count as two columns.

use std::fmt::Write as _;

use console::measure_text_width;

use crate::terminal::{self, Ink, Paint, plain};

/// Between two columns.
const GAP: &str = "  ";
/// To what a column may be cut, at least.
const CUT_MIN: usize = 8;
/// Stands where a text was cut.
const CUT: &str = "…";

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    fit: Fit,
}

/// What becomes of a column where the terminal is narrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    /// Long texts are cut.
    Cut,
    /// Nothing: somebody will copy it, or it means nothing when it is cut.
    Whole,
    /// It is left out, the last one first.
    Spare,
}

/// A column of which a long text is cut.
pub(crate) const fn column(title: &'static str) -> Column {
    Column { title, fit: Fit::Cut }
}

/// A column of which nothing is cut.
pub(crate) const fn whole(title: &'static str) -> Column {
    Column { title, fit: Fit::Whole }
}

/// A column that is whole or left out.
pub(crate) const fn spare(title: &'static str) -> Column {
    Column { title, fit: Fit::Spare }
}

/// A text in a table or card, and how it is painted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    ink: Option<Ink>,
}

impl Cell {
    /// A text from outside, so that it must not steer the terminal.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: plain(text), ink: None }
    }

    pub(crate) fn with(mut self, ink: Ink) -> Self {
        self.ink = Some(ink);
        self
    }

    fn painted(&self, paint: Paint, text: &str) -> String {
        match self.ink {
            Some(ink) => paint.with(ink, text),
            None => text.to_owned(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// A table that is written part by part, so that a long one is never in memory as a whole.
pub(crate) struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    /// Which columns are shown; decided with the first part.
    shown: Option<Vec<bool>>,
    width: Option<usize>,
    paint: Paint,
}

impl Table {
    pub(crate) fn for_terminal(columns: &'static [Column]) -> Self {
        Self::new(columns, terminal::width(), Paint::for_stdout())
    }

    fn new(columns: &'static [Column], width: Option<usize>, paint: Paint) -> Self {
        let widths = columns.iter().map(|column| measure_text_width(column.title)).collect();
        Self { columns, widths, shown: None, width, paint }
    }

    /// The next rows as text, below the titles where they are the first.
    pub(crate) fn part(&mut self, rows: &[Vec<Cell>]) -> String {
        for row in rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(measure_text_width(&cell.text));
            }
        }
        let is_first = self.shown.is_none();
        let shown = self.shown.take().unwrap_or_else(|| self.affordable());
        let widths = self.fitted(&shown);
        let mut out = String::new();
        if is_first {
            let titles: Vec<Cell> =
                self.columns.iter().map(|column| Cell::from(column.title).with(Ink::Dim)).collect();
            self.line(&mut out, &titles, &widths, &shown);
        }
        for row in rows {
            self.line(&mut out, row, &widths, &shown);
        }
        self.shown = Some(shown);
        out
    }

    /// The columns for which there is room when all that may be cut is.
    fn affordable(&self) -> Vec<bool> {
        let mut shown = vec![true; self.columns.len()];
        let Some(limit) = self.width else { return shown };
        let least = |shown: &[bool]| {
            let columns = self.columns.iter().zip(&self.widths).zip(shown).filter(|(_, is_shown)| **is_shown);
            let widths = columns.map(|((column, width), _)| match column.fit {
                Fit::Cut => (*width).min(CUT_MIN) + GAP.len(),
                Fit::Whole | Fit::Spare => *width + GAP.len(),
            });
            widths.sum::<usize>().saturating_sub(GAP.len())
        };
        for place in (0..self.columns.len()).rev() {
            let is_spare = self.columns.get(place).is_some_and(|column| column.fit == Fit::Spare);
            if is_spare
                && least(&shown) > limit
                && let Some(is_shown) = shown.get_mut(place)
            {
                *is_shown = false;
            }
        }
        shown
    }

    /// How wide each column is, so that a line fits: the widest that may be cut gives way first.
    fn fitted(&self, shown: &[bool]) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .widths
            .iter()
            .zip(shown)
            .map(|(width, is_shown)| if *is_shown { *width } else { 0 })
            .collect();
        let Some(limit) = self.width else { return widths };
        let gaps = GAP.len() * shown.iter().filter(|is_shown| **is_shown).count().saturating_sub(1);
        loop {
            let total: usize = widths.iter().sum::<usize>() + gaps;
            let cuttable = widths.iter_mut().zip(self.columns).filter(|(_, column)| column.fit == Fit::Cut);
            let widest = cuttable.map(|(width, _)| width).max_by_key(|width| **width);
            match widest {
                Some(widest) if total > limit && *widest > CUT_MIN => *widest -= 1,
                _ => return widths,
            }
        }
    }

    fn line(&self, out: &mut String, row: &[Cell], widths: &[usize], shown: &[bool]) {
        let mut line = String::new();
        let cells = row.iter().zip(widths).zip(self.columns).zip(shown).filter(|(_, is_shown)| **is_shown);
        for (((cell, width), column), _) in cells {
            let text = if column.fit == Fit::Cut { cut(&cell.text, *width) } else { cell.text.clone() };
            let missing = width.saturating_sub(measure_text_width(&text));
            line.push_str(&cell.painted(self.paint, &text));
            line.push_str(&" ".repeat(missing));
            line.push_str(GAP);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// The beginning of a text that fits, and a mark where something is left out.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        if measure_text_width(&shown) + measure_text_width(CUT) > width {
            shown.pop();
            break;
        }
    }
    shown.push_str(CUT);
    shown
}

/// One thing, a field a line.
pub(crate) struct Card {
    lines: Vec<(String, Cell)>,
    paint: Paint,
}

impl Card {
    pub(crate) fn for_terminal() -> Self {
        Self { lines: Vec::new(), paint: Paint::for_stdout() }
    }

    /// Adds a field; one that is empty is left out.
    pub(crate) fn line(&mut self, name: &str, value: impl Into<Cell>) -> &mut Self {
        let value = value.into();
        if !value.text.is_empty() {
            self.lines.push((plain(name), value));
        }
        self
    }

    pub(crate) fn text(&self) -> String {
        let width = self.lines.iter().map(|(name, _)| measure_text_width(name)).max().unwrap_or_default();
        let mut out = String::new();
        for (name, value) in &self.lines {
            let missing = " ".repeat(width - measure_text_width(name));
            let name = self.paint.with(Ink::Dim, name);
            let _ = writeln!(out, "{name}{missing}{GAP}{}", value.painted(self.paint, &value.text));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[whole("ID"), column("NAME"), column("STATE")];

    fn row(id: &str, name: &str) -> Vec<Cell> {
        vec![id.into(), name.into(), Cell::new("active").with(Ink::Good)]
    }

    #[test]
    fn a_line_fits_the_terminal_and_ids_are_whole() {
        let mut table = Table::new(COLUMNS, Some(34), Paint::plain());
        let long = "A company with a name that is long";
        let text = table.part(&[row("org_0123456789", long), row("org_1", "B")]);
        assert_eq!(
            text,
            "ID              NAME        STATE\norg_0123456789  A company…  active\norg_1           B           active\n"
        );
        let narrow = Table::new(COLUMNS, Some(5), Paint::plain()).part(&[row("org_0123456789", long)]);
        assert!(narrow.contains("org_0123456789  A compa…"), "{narrow}");
    }

    #[test]
    fn what_matters_least_is_left_out_where_there_is_no_room_and_stays_out() {
        const SPARE: &[Column] = &[whole("ID"), column("NAME"), spare("CREATED"), spare("UPDATED")];
        let row =
            |name: &str| ["org_1", name, "2026-11-22 08:05", "2026-11-22 09:15"].map(Cell::from).to_vec();
        for (width, titles) in [
            (None, "ID     NAME           CREATED           UPDATED"),
            (Some(51), "ID     NAME      CREATED           UPDATED"),
            (Some(50), "ID     NAME           CREATED"),
            (Some(20), "ID     NAME"),
        ] {
            let mut table = Table::new(SPARE, width, Paint::plain());
            let text = table.part(&[row("a longer name")]) + &table.part(&[row("b")]);
            assert_eq!(text.lines().next(), Some(titles), "{width:?}");
            assert_eq!(
                text.lines().all(|line| line.ends_with("09:15") || line.ends_with("UPDATED")),
                width != Some(50) && width != Some(20),
                "{text}"
            );
            assert!(width.is_none_or(|width| text.lines().all(|line| line.len() <= width + 2)), "{text}");
        }
    }

    #[test]
    fn in_a_pipe_nothing_is_cut() {
        let long = "x".repeat(500);
        assert!(Table::new(COLUMNS, None, Paint::plain()).part(&[row("org_1", &long)]).contains(&long));
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        let mut table = Table::new(COLUMNS, Some(24), Paint::plain());
        let text = table.part(&[row("o", "山田太郎山田太郎山田太郎"), row("o", "ab")]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "o   山田太郎山…   active");
        assert!(text.lines().all(|line| measure_text_width(line) <= 24), "{text}");
    }

    #[test]
    fn titles_stand_once_and_later_parts_may_be_wider() {
        let mut table = Table::new(COLUMNS, None, Paint::plain());
        let first = table.part(&[row("a", "b")]);
        let second = table.part(&[row("abcdef", "b")]);
        assert!(first.starts_with("ID  NAME") && !second.contains("NAME"), "{first}{second}");
    }

    #[test]
    fn a_card_has_its_values_in_one_column_and_steers_no_terminal() {
        let mut card = Card { lines: Vec::new(), paint: Paint::plain() };
        card.line("name", "x\u{1b}[2J").line("empty", "").line("external id", "y");
        assert_eq!(card.text(), "name         x\u{fffd}[2J\nexternal id  y\n");
    }
}
