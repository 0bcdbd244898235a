//! Tables in what a command printed, as cliff writes them, which prints most of OpenStack's.
//!
//! A border of `+` and `-` above and below the names of the columns, and cells between bars. What this
//! leaves out: what the cells mean.

use std::borrow::Cow;

/// A stretch of an output.
pub(crate) enum Block<'o> {
    Table(Table<'o>),
    Lines(&'o str),
}

/// A table with a line of names above its rows.
pub(crate) struct Table<'o> {
    /// All of it, as it was printed.
    pub(crate) text: &'o str,
    /// The names of the columns.
    pub(crate) columns: Vec<&'o str>,
    /// The cells of the rows.
    pub(crate) rows: Vec<Vec<Cow<'o, str>>>,
}

impl<'o> Table<'o> {
    /// Whether each row is a field and its value.
    pub(crate) fn is_record(&self) -> bool {
        self.columns == ["Field", "Value"] || self.columns == ["Property", "Value"]
    }

    /// The cells of the column of this name.
    pub(crate) fn cells(&self, column: &str) -> impl Iterator<Item = &str> {
        let at = self.columns.iter().position(|other| *other == column);
        self.rows.iter().filter_map(move |row| at.and_then(|at| row.get(at)).map(|cell| &**cell))
    }
}

/// The tables of an output, and what stands between.
pub(crate) fn blocks(output: &str) -> Vec<Block<'_>> {
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
