//! Where one set of tabs ends and another begins.
//!
//! Sites join tabs (`=== "Title"`) that only blank lines part into one set. What two holes print of
//! two messages is two sets, of which the second begins with `===!`. A hole for one tab goes on the
//! set in front of it where that is its own message's, or the author's. What this leaves out: tabs
//! that the author writes by hand, which stay as they are, and those inside one hole's text.

use crate::sequence::Side;

/// A message, as tabs belong to it: the index of its exchange in the trace, and the side.
pub(super) type Owner = (usize, Side);

/// The set of tabs that ends a text.
pub(crate) struct TabSet<'p> {
    /// Where the line of its first tab begins.
    pub(crate) start: usize,
    titles: Vec<&'p str>,
}

impl<'p> TabSet<'p> {
    /// The set that a tab behind `before` would join, where `before` ends with the indent of that tab.
    pub(crate) fn at_end(before: &'p str) -> Option<TabSet<'p>> {
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let own = Line::of(&before[line_start..]);
        if !own.text.is_empty() {
            return None;
        }
        let mut set: Option<TabSet<'_>> = None;
        let mut end = line_start;
        while end > 0 {
            let start = before[..end - 1].rfind('\n').map_or(0, |end| end + 1);
            let line = Line::of(&before[start..end]);
            end = start;
            if line.text.is_empty() || (line.quotes == own.quotes && line.columns > own.columns) {
                continue;
            }
            let Some(tab) =
                tab_of(line.text).filter(|_| line.quotes == own.quotes && line.columns == own.columns)
            else {
                break;
            };
            let set = set.get_or_insert_with(|| TabSet { start, titles: Vec::new() });
            set.start = start;
            set.titles.push(tab.title);
            if tab.is_first {
                break;
            }
        }
        set
    }

    /// Whether one of its tabs has the title of the tab with which `text` begins.
    pub(crate) fn has_title_of(&self, text: &str) -> bool {
        tab_of(first_line(text)).is_some_and(|tab| self.titles.contains(&tab.title))
    }
}

/// The tabs that holes have printed so far, by where they begin in the page.
#[derive(Default)]
pub(super) struct TabHoles(Vec<(usize, Option<Owner>)>);

impl TabHoles {
    /// `text`, which a hole prints behind `before`, as the beginning of a set of its own if it would
    /// join one to which it does not belong. `owner` is the message of a hole for one tab.
    pub(super) fn parted(&mut self, before: &str, text: &str, owner: Option<Owner>) -> Option<String> {
        let tab = tab_of(first_line(text))?;
        let set = TabSet::at_end(before);
        self.0.push((before.len(), owner));
        let set = set.filter(|_| !tab.is_first)?;
        let others = self.0.iter().rev().skip(1).take_while(|(at, _)| *at >= set.start);
        let goes_on = owner.is_some()
            && !set.titles.contains(&tab.title)
            && others.into_iter().all(|(_, other)| *other == owner);
        (!goes_on).then(|| text.replacen(MARK, "===!", 1))
    }
}

const MARK: &str = "===";

/// The line of a tab.
struct Tab<'t> {
    title: &'t str,
    /// Whether it says by itself that it begins a set.
    is_first: bool,
}

fn tab_of(line: &str) -> Option<Tab<'_>> {
    let behind = line.strip_prefix(MARK)?;
    let title = behind.trim_start_matches(['!', '+']);
    let flags = &behind[..behind.len() - title.len()];
    let title = title.strip_prefix(' ')?.trim_start_matches(' ').strip_prefix('"')?.trim_end();
    Some(Tab { title: title.strip_suffix('"')?, is_first: flags.contains('!') })
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

/// A line without its indent and the marks of quotes.
struct Line<'t> {
    quotes: usize,
    /// How far in its text stands, behind the last mark.
    columns: usize,
    text: &'t str,
}

impl Line<'_> {
    fn of(line: &str) -> Line<'_> {
        let text = line.trim_start_matches([' ', '\t', '>']);
        let (mut quotes, mut columns) = (0, 0);
        for mark in line[..line.len() - text.len()].chars() {
            match mark {
                '>' => (quotes, columns) = (quotes + 1, 0),
                '\t' => columns += TAB_STOP - columns % TAB_STOP,
                _ => columns += 1,
            }
        }
        Line { quotes, columns, text: text.trim_end() }
    }
}

const TAB_STOP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const A: Option<Owner> = Some((0, Side::Request));
    const B: Option<Owner> = Some((0, Side::Response));
    const HEADER: &str = "=== \"Header\"\n    h\n";
    const BODY: &str = "=== \"Body\"\n    b\n";

    /// What holes print one after another, with `between` behind each but the last.
    fn page(holes: &[(&str, Option<Owner>)], between: &str) -> String {
        let (mut page, mut printed) = (String::new(), TabHoles::default());
        for (text, owner) in holes {
            let text = printed.parted(&page, text, *owner).unwrap_or_else(|| (*text).to_owned());
            page.push_str(&text);
            page.push_str(between);
        }
        page
    }

    fn sets(page: &str) -> usize {
        page.matches("===!").count() + 1
    }

    #[test]
    fn tabs_of_two_messages_are_two_sets() {
        let both = format!("{HEADER}    \n{BODY}");
        for between in ["", "\n", "\n \n\n"] {
            assert_eq!(sets(&page(&[(&both, None), (&both, None)], between)), 2, "{between:?}");
            assert_eq!(sets(&page(&[(HEADER, A), (HEADER, B)], between)), 2);
            assert_eq!(sets(&page(&[(HEADER, A), (BODY, B)], between)), 2);
            assert_eq!(sets(&page(&[(HEADER, A), (BODY, A), (HEADER, A), (BODY, A)], between)), 2);
            assert_eq!(sets(&page(&[(HEADER, A), (BODY, A), (&both, None), (BODY, B)], between)), 3);
        }
    }

    #[test]
    fn tabs_of_one_message_are_one_set() {
        assert_eq!(page(&[(HEADER, A), (BODY, A)], "\n"), format!("{HEADER}\n{BODY}\n"));
        assert_eq!(page(&[(BODY, A), (HEADER, A)], ""), format!("{BODY}{HEADER}"));
    }

    #[test]
    fn only_what_would_be_joined_is_parted() {
        let parted = |before: &str, owner| TabHoles::default().parted(before, HEADER, owner).is_some();
        for before in [
            "=== \"A\"\n    a\n\n",
            "!!! note\n    === \"A\"\n        a\n\n\n    ",
            "> ===+ \"A\"\n>     a\n>\n> ",
        ] {
            assert!(parted(before, None), "{before:?}");
            assert!(!parted(before, A), "a tab more for what the author began: {before:?}");
        }
        for before in [
            "",
            "text\n\n",
            "=== \"A\"\n    a\n\ntext\n\n",
            "=== \"A\"\n    a\n    ",
            "=== \"A\"\n    === \"B\"\n        b\n\ntext\n    ",
            "    === \"A\"\n        a\n\n",
            "``` text\n=== \"A\"\n    a\n```\n",
            "=== \"A\"\n    a\n\nbeside ",
        ] {
            assert!(!parted(before, None), "{before:?}");
        }
    }
}
