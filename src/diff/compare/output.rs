//! What a command printed: tables cell by cell, JSON and assignments by name, the rest line by line.
//!
//! The tables are those of cliff, which prints most of OpenStack's: how wide a column is follows from what
//! is in it.

use std::borrow::Cow;

use super::super::change::{Side, What};
use super::super::minted::Name;
use super::super::tree::Tree;
use super::{Differ, Here, Shown, Values};

/// Two outputs, as they are compared.
pub(in super::super) enum Outputs<'o> {
    Json(Tree<'o>, Tree<'o>),
    /// Lines of `name="value"`.
    Assignments(Tree<'o>, Tree<'o>),
    /// Tables with tables, and what stands between with what stands between.
    Blocks(Vec<(Block<'o>, Block<'o>)>),
    Lines,
}

impl<'o> Outputs<'o> {
    pub(in super::super) fn of(old: &'o str, new: &'o str) -> Outputs<'o> {
        if let (Some(old), Some(new)) = (Tree::parse(old), Tree::parse(new)) {
            return Outputs::Json(old, new);
        }
        if let (Some(old), Some(new)) = (assignments(old), assignments(new)) {
            return Outputs::Assignments(old, new);
        }
        let (olds, news) = (blocks(old), blocks(new));
        let is_alike = |(old, new): (&Block<'_>, &Block<'_>)| {
            matches!((old, new), (Block::Table(_), Block::Table(_)) | (Block::Lines(_), Block::Lines(_)))
        };
        if olds.len() != news.len() || !olds.iter().zip(&news).all(is_alike) {
            return Outputs::Lines;
        }
        Outputs::Blocks(olds.into_iter().zip(news).collect())
    }
}

/// A stretch of an output.
pub(in super::super) enum Block<'o> {
    Table(Table<'o>),
    Lines(&'o str),
}

/// A table with a line of names above its rows.
pub(in super::super) struct Table<'o> {
    pub(in super::super) text: &'o str,
    pub(in super::super) columns: Vec<&'o str>,
    pub(in super::super) rows: Vec<Vec<Cow<'o, str>>>,
}

impl Differ<'_, '_> {
    /// Compares what two runs of a command printed.
    pub(in super::super) fn output(&mut self, old: &str, new: &str) {
        self.here = Here { side: Some(Side::Output), ..Here::default() };
        if old == new {
            self.texts_differ(Name::None, false, old, new);
            return;
        }
        match Outputs::of(old, new) {
            Outputs::Json(old, new) => self.trees(What::Output, &old, &new),
            Outputs::Assignments(old, new) => {
                self.here.table = Some(String::new());
                self.trees(What::Output, &old, &new);
            }
            Outputs::Lines => self.lines(What::Output, old, new),
            Outputs::Blocks(pairs) => {
                let tables = pairs.iter().filter(|pair| matches!(pair.0, Block::Table(_))).count();
                let mut number = 0;
                for pair in &pairs {
                    match pair {
                        (Block::Table(old), Block::Table(new)) => {
                            number += 1;
                            let prefix = if tables > 1 { format!("table {number}: ") } else { String::new() };
                            self.here.table = Some(prefix);
                            self.tables(old, new);
                            self.here.table = None;
                        }
                        (Block::Lines(old), Block::Lines(new)) => self.lines(What::Output, old, new),
                        _ => {}
                    }
                }
            }
        }
    }

    fn tables(&mut self, old: &Table<'_>, new: &Table<'_>) {
        let prefix = self.here.table.clone().unwrap_or_default();
        let (a, b) = (old.tree(&new.columns), new.tree(&old.columns));
        // A column is told once, and not in each row.
        for (of, others, is_new) in [(old, new, false), (new, old, true)] {
            for column in of.columns.iter().filter(|column| !others.columns.contains(column)) {
                let cells: Vec<&str> = of.cells(column).collect();
                let cells = cells.join("\n");
                let value = Some(Shown::Text(&cells));
                let values =
                    if is_new { Values { old: None, new: value } } else { Values { old: value, new: None } };
                self.change(
                    What::Output,
                    Some(format!("{prefix}column {column}")),
                    Name::Key(column),
                    values,
                );
            }
        }
        self.trees(What::Output, &a, &b);
    }
}

impl<'o> Table<'o> {
    /// The columns that `others` has too: a record for a table of fields and values, else a list of records.
    pub(in super::super) fn tree(&self, others: &[&str]) -> Tree<'o> {
        if self.is_record() {
            let member = |row: &Vec<Cow<'o, str>>| (row[0].clone(), Tree::String(row[1].clone()));
            return Tree::Object(self.rows.iter().map(member).collect()).sorted();
        }
        let row = |row: &Vec<Cow<'o, str>>| {
            let cells = self.columns.iter().zip(row).filter(|(column, _)| others.contains(column));
            let member = |(column, cell): (&&'o str, &Cow<'o, str>)| {
                (Cow::Borrowed(*column), Tree::String(cell.clone()))
            };
            Tree::Object(cells.map(member).collect()).sorted()
        };
        Tree::List(self.rows.iter().map(row).collect())
    }

    pub(in super::super) fn is_record(&self) -> bool {
        self.columns == ["Field", "Value"] || self.columns == ["Property", "Value"]
    }

    fn cells(&self, column: &str) -> impl Iterator<Item = &str> {
        let at = self.columns.iter().position(|other| *other == column);
        self.rows.iter().filter_map(move |row| at.and_then(|at| row.get(at)).map(|cell| &**cell))
    }
}

/// The tables of an output, and what stands between.
fn blocks(output: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < output.len() {
        let end = output[at..].find('\n').map_or(output.len(), |end| at + end + 1);
        if !is_border(&output[at..end]) {
            at = end;
            continue;
        }
        let is_of_table = |line: &str| line.starts_with(['|', '+']);
        let mut upto = at;
        for line in output[at..].split_inclusive('\n').take_while(|line| is_of_table(line)) {
            upto += line.len();
        }
        if let Some(table) = table(&output[at..upto]) {
            blocks.extend((start < at).then(|| Block::Lines(&output[start..at])));
            blocks.push(Block::Table(table));
            start = upto;
        }
        at = upto;
    }
    blocks.extend((start < output.len()).then(|| Block::Lines(&output[start..])));
    blocks
}

fn is_border(line: &str) -> bool {
    let line = line.trim_end();
    line.len() > 2
        && line.starts_with("+-")
        && line.ends_with('+')
        && line.bytes().all(|byte| b"+-".contains(&byte))
}

fn table(text: &str) -> Option<Table<'_>> {
    let mut lines = text.lines();
    let border = lines.next()?.trim_end();
    let columns = cells(lines.next()?, border)?;
    is_border(lines.next()?).then_some(())?;
    let mut table = Table { text, columns, rows: Vec::new() };
    let is_record = table.is_record();
    for line in lines.filter(|line| !is_border(line)) {
        let row = cells(line, border)?;
        match table.rows.last_mut() {
            // A cell of several lines.
            Some(above) if is_record && row[0].is_empty() => {
                above[1] = Cow::Owned(format!("{}\n{}", above[1], row[1]));
            }
            _ => table.rows.push(row.into_iter().map(Cow::Borrowed).collect()),
        }
    }
    Some(table)
}

/// The cells of a line of a table with this border.
fn cells<'l>(line: &'l str, border: &str) -> Option<Vec<&'l str>> {
    let line = line.trim_end();
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    let count = border.matches('+').count() - 1;
    let by_bars: Vec<&str> = inner.split('|').map(str::trim).collect();
    if by_bars.len() == count {
        return Some(by_bars);
    }
    // A cell holds a bar itself: the border tells where the columns end, if no letter is wide.
    let starts: Vec<usize> = border.match_indices('+').map(|(at, _)| at).collect();
    let at = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let is_bar = |&column: &usize| line[at(column)..].starts_with('|');
    starts
        .iter()
        .all(is_bar)
        .then(|| starts.windows(2).map(|ends| line[at(ends[0]) + 1..at(ends[1])].trim()).collect())
}

/// Lines of `name="value"`, as cliff's `shell` format writes them.
fn assignments(output: &str) -> Option<Tree<'_>> {
    let assignment = |line| {
        let (name, value) = str::split_once(line, '=')?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        is_name.then_some((Cow::Borrowed(name), Tree::String(Cow::Borrowed(value))))
    };
    let members: Vec<_> = output.lines().map(assignment).collect::<Option<_>>()?;
    (!members.is_empty()).then(|| Tree::Object(members).sorted())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(output: &str) -> Vec<String> {
        let show = |block: &Block<'_>| match block {
            Block::Table(table) => table.tree(&table.columns).to_json(),
            Block::Lines(lines) => format!("{lines:?}"),
        };
        blocks(output).iter().map(show).collect()
    }

    #[test]
    fn a_table_is_read_by_its_cells() {
        let record = "+-------+---------+\n| Field | Value   |\n+-------+---------+\n| b     | 1       |\n|       | 2       |\n| a     | x | y   |\n+-------+---------+\n";
        assert_eq!(shown(&format!("note\n{record}")), [r#""note\n""#, r#"{"a": "x | y", "b": "1\n2"}"#]);
        let list =
            "+----+------+\n| ID | Name |\n+----+------+\n| 1  | 값   |\n| 2  |      |\n+----+------+\n";
        assert_eq!(shown(list), [r#"[{"ID": "1", "Name": "값"}, {"ID": "2", "Name": ""}]"#]);
        let broken = "+----+\n| a\n+----+\n";
        assert_eq!(shown(broken), [format!("{broken:?}")]);
    }

    #[test]
    fn assignments_are_read_by_their_names() {
        let tree = assignments("b=\"1\"\na=\"x=y\"\n").unwrap();
        assert_eq!(tree.to_json(), r#"{"a": "x=y", "b": "1"}"#);
        assert_eq!(assignments("a=1\n"), None);
    }
}
