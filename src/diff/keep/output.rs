//! What a command printed: the old cells, lines and values where they say the same, and columns as wide as
//! what is in them.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::super::compare::output::{Outputs, tree};
use super::super::minted::{Name, PlaceRule};
use super::super::tree::Tree;
use super::Keeper;
use super::order::in_old_order;
use crate::table::{Block, Table};

impl Keeper<'_, '_> {
    /// What two runs of a command printed.
    pub(super) fn output(&mut self, old: &str, new: &str) -> String {
        let keeper = self.of_output();
        if old == new {
            return keeper.text(Name::None, false, old, new).into_owned();
        }
        match Outputs::of(old, new) {
            Outputs::Json(a, b) => keeper.json((&a, old), (&b, new)),
            Outputs::Assignments(a, b) => keeper.assignments((&a, old), (&b, new)),
            Outputs::Lines => keeper.lines(old, new),
            Outputs::Blocks(pairs) => {
                let each = pairs.iter().map(|pair| match pair {
                    (Block::Table(old), Block::Table(new)) => keeper.table(old, new),
                    (Block::Lines(old), Block::Lines(new)) => keeper.lines(old, new),
                    (_, Block::Table(Table { text: new, .. }) | Block::Lines(new)) => {
                        keeper.translated(new, Name::None, false).into_owned()
                    }
                });
                each.collect()
            }
        }
    }

    /// Lines of `name="value"`.
    fn assignments(&mut self, old: (&Tree<'_>, &str), new: (&Tree<'_>, &str)) -> String {
        let (Tree::Object(olds), Tree::Object(news)) = (old.0, new.0) else { return new.1.to_owned() };
        let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
            (old.1.lines().collect(), new.1.lines().collect());
        let names = |lines: &[&str]| {
            places(lines.iter().map(|line| line.split('=').next().unwrap_or_default()).collect())
        };
        let (old_places, new_places) = (names(&old_lines), names(&new_lines));
        let steps = self.differ.member_steps(olds, news);
        let mut lines = Vec::with_capacity(news.len());
        for (old, new) in in_old_order(&steps, |at| old_places[at], |at| new_places[at]) {
            let (name, value) = &news[new];
            let (name, value) = (name, text_of(value));
            let line = match old {
                Some(old) if self.is_cell_kept(&[name], name, text_of(&olds[old].1), value) => {
                    old_lines[old_places[old]].into()
                }
                _ => format!("{name}=\"{}\"", self.translated(value, Name::Key(name), false)).into(),
            };
            lines.push(line);
        }
        let end = if new.1.ends_with('\n') { "\n" } else { "" };
        let lines: Vec<Cow<'_, str>> = lines;
        lines.join("\n") + end
    }

    /// Whether the old cell stays; `path` is how settings name its place.
    fn is_cell_kept(&mut self, path: &[&str], name: &str, old: &str, new: &str) -> bool {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        let setting = self.differ.kinds.of_pointer(&path);
        setting == PlaceRule::Unread || self.is_kept(Name::Key(name), setting == PlaceRule::Kept, old, new)
    }

    fn table(&mut self, old: &Table<'_>, new: &Table<'_>) -> String {
        let (a, b) = (tree(old, &new.columns), tree(new, &old.columns));
        let mut is_same = old.columns == new.columns;
        let mut rows: Vec<Vec<String>> = Vec::with_capacity(new.rows.len());
        let mut in_order = Vec::new();
        match (&a, &b) {
            (Tree::Object(olds), Tree::Object(news)) => {
                let names = |table: &Table<'_>| places(table.rows.iter().map(|row| &*row[0]).collect());
                let (old_places, new_places) = (names(old), names(new));
                let steps = self.differ.member_steps(olds, news);
                for (a, b) in in_old_order(&steps, |at| old_places[at], |at| new_places[at]) {
                    in_order.push((a.map(|at| old_places[at]), new_places[b]));
                }
            }
            (Tree::List(olds), Tree::List(news)) => {
                let (_, steps) = self.differ.list_steps("", olds, news);
                in_order = in_old_order(&steps, |at| at, |at| at);
            }
            _ => in_order.extend((0..new.rows.len()).map(|at| (None, at))),
        }
        let old_columns: Vec<Option<usize>> =
            new.columns.iter().map(|column| old.columns.iter().position(|other| other == column)).collect();
        is_same &= in_order.len() == old.rows.len();
        for (place, (old_row, new_row)) in in_order.into_iter().enumerate() {
            is_same &= old_row == Some(place);
            let row = &new.rows[new_row];
            let index = new_row.to_string();
            let mut cells = Vec::with_capacity(row.len());
            for (at, cell) in row.iter().enumerate() {
                // The name of a field is what its value goes by.
                let (path, name) = match (&b, at) {
                    (Tree::Object(_), 0) => (vec![], ""),
                    (Tree::Object(_), _) => (vec![&*row[0]], &*row[0]),
                    _ => (vec![&*index, new.columns[at]], new.columns[at]),
                };
                let before = old_row.zip(old_columns[at]).map(|(row, column)| &*old.rows[row][column]);
                match before {
                    Some(before) if self.is_cell_kept(&path, name, before, cell) => {
                        cells.push(before.to_owned())
                    }
                    _ => {
                        is_same = false;
                        cells.push(self.translated(cell, Name::Key(name), false).into_owned());
                    }
                }
            }
            rows.push(cells);
        }
        if is_same {
            return old.text.to_owned();
        }
        match Columns::of(new) {
            Some(columns) => columns.table(new, &rows),
            None => self.lines(old.text, new.text),
        }
    }
}

/// For each name, in the order of names, its place.
fn places(names: Vec<&str>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by_key(|at| names[*at]);
    places
}

fn text_of<'t>(tree: &'t Tree<'_>) -> &'t str {
    if let Tree::String(text) = tree { text } else { "" }
}

/// How a table lays its cells out.
struct Columns {
    columns: Vec<Column>,
    /// What stands behind each line.
    line_end: String,
}

#[derive(Clone, Copy)]
struct Column {
    /// Between two bars.
    width: usize,
    /// Whether it is as wide as its widest cell, with a space on either side.
    is_tight: bool,
    header: Align,
    cells: Align,
}

#[derive(Clone, Copy, PartialEq)]
enum Align {
    Left,
    Center,
    Right,
}

impl Columns {
    /// The columns of a table, if it is laid out as they say.
    fn of(table: &Table<'_>) -> Option<Columns> {
        let mut lines = table.text.lines();
        let border = lines.next()?;
        let line_end = border.len() - border.trim_end().len();
        let line_end = border[border.len() - line_end..].to_owned() + "\n";
        let widths: Vec<usize> = border.trim_end().trim_matches('+').split('+').map(str::len).collect();
        let mut raw = Vec::new();
        for line in lines.filter(|line| line.starts_with('|')) {
            let inner = line.trim_end().strip_prefix('|')?.strip_suffix('|')?;
            let cells: Vec<&str> = inner.split('|').collect();
            raw.push(Some(cells).filter(|cells| cells.len() == widths.len())?);
        }
        let (header, rows) = raw.split_first()?;
        let column = |(at, &width): (usize, &usize)| {
            let widest = raw.iter().map(|cells| cells[at].trim().width()).max().unwrap_or(0);
            Column {
                width,
                is_tight: width == widest + 2,
                header: align(header[at]).unwrap_or(Align::Left),
                cells: rows.iter().find_map(|cells| align(cells[at])).unwrap_or(Align::Left),
            }
        };
        let columns = Columns { columns: widths.iter().enumerate().map(column).collect(), line_end };
        let rows: Vec<Vec<String>> =
            table.rows.iter().map(|row| row.iter().map(|cell| cell.clone().into_owned()).collect()).collect();
        (columns.table(table, &rows) == table.text).then_some(columns)
    }

    /// The table with these rows.
    fn table(&self, table: &Table<'_>, rows: &[Vec<String>]) -> String {
        let columns: Vec<Column> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = rows.iter().flat_map(|row| row[at].split('\n'));
                let needed =
                    cells.chain([table.columns[at]]).map(UnicodeWidthStr::width).max().unwrap_or(0) + 2;
                let width = if column.is_tight { needed } else { needed.max(column.width) };
                Column { width, ..*column }
            })
            .collect();
        let border: String = columns.iter().map(|column| format!("+{}", "-".repeat(column.width))).collect();
        let border = format!("{border}+{}", self.line_end);
        let mut text = border.clone();
        let line = |text: &mut String, cells: &[&str], align: &dyn Fn(&Column) -> Align| {
            for (column, cell) in columns.iter().zip(cells) {
                text.push('|');
                push_cell(text, cell, column.width, align(column));
            }
            text.push('|');
            text.push_str(&self.line_end);
        };
        line(&mut text, &table.columns, &|column| column.header);
        text.push_str(&border);
        for row in rows {
            let cells: Vec<Vec<&str>> = row.iter().map(|cell| cell.split('\n').collect()).collect();
            for at in 0..cells.iter().map(Vec::len).max().unwrap_or(1) {
                let cells: Vec<&str> =
                    cells.iter().map(|cell| cell.get(at).copied().unwrap_or_default()).collect();
                line(&mut text, &cells, &|column| column.cells);
            }
        }
        text.push_str(&border);
        // The last line may have no end.
        if !table.text.ends_with('\n') {
            text.truncate(text.trim_end().len());
        }
        text
    }
}

fn push_cell(text: &mut String, cell: &str, width: usize, align: Align) {
    let free = width.saturating_sub(cell.width());
    let before = match align {
        Align::Left => 1,
        Align::Center => free / 2,
        Align::Right => free.saturating_sub(1),
    };
    text.push_str(&" ".repeat(before));
    text.push_str(cell);
    text.push_str(&" ".repeat(free.saturating_sub(before)));
}

/// How a cell is aligned, if it has room to tell.
fn align(cell: &str) -> Option<Align> {
    let inner = cell.trim();
    let before = cell.len() - cell.trim_start().len();
    let behind = cell.len() - cell.trim_end().len();
    if inner.is_empty() || before + behind <= 2 {
        return None;
    }
    Some(match (before, behind) {
        (1, _) => Align::Left,
        (_, 1) => Align::Right,
        _ => Align::Center,
    })
}
