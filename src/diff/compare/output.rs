//! What a command printed: tables cell by cell, JSON and assignments by name, the rest line by line.
//!
//! The tables are those of cliff, which prints most of OpenStack's: how wide a column is follows from what
//! is in it.

use std::borrow::Cow;

use super::super::change::{Side, What};
use super::super::minted::Name;
use super::super::tree::Tree;
use super::{Differ, Here, Shown, Values};
use crate::table::{Block, Table, blocks};

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
        let (a, b) = (tree(old, &new.columns), tree(new, &old.columns));
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

/// The columns that `others` has too: a record for a table of fields and values, else a list of records.
pub(in super::super) fn tree<'o>(table: &Table<'o>, others: &[&str]) -> Tree<'o> {
    if table.is_record() {
        let member = |row: &Vec<Cow<'o, str>>| (row[0].clone(), Tree::String(row[1].clone()));
        return Tree::Object(table.rows.iter().map(member).collect()).sorted();
    }
    let row = |row: &Vec<Cow<'o, str>>| {
        let cells = table.columns.iter().zip(row).filter(|(column, _)| others.contains(column));
        let member =
            |(column, cell): (&&'o str, &Cow<'o, str>)| (Cow::Borrowed(*column), Tree::String(cell.clone()));
        Tree::Object(cells.map(member).collect()).sorted()
    };
    Tree::List(table.rows.iter().map(row).collect())
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
            Block::Table(table) => tree(table, &table.columns).to_json(),
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
