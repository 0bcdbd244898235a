//! The texts of a settings file, each with its bytes, and the edits that rename what they name.
//!
//! What this leaves out: the disk, and what the settings mean for a capture.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::name::Renaming;
use crate::edit::{Edit, edited};
use crate::toml_file::string;

/// A text of a settings file, or a key of it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The keys above it and its own; members of lists have those of the list.
    pub(super) path: Vec<String>,
    /// The text; of a key its name.
    pub(super) text: String,
    /// Its bytes in the file, quotes included.
    pub(super) span: Range<usize>,
    /// Whether it is a key.
    pub(super) is_key: bool,
}

impl Said {
    /// Its keys, for a match.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// Whether it is the key of a label.
    pub(super) fn is_label(&self) -> bool {
        self.is_key && matches!(self.keys().as_slice(), ["label", _])
    }

    /// The edits of the file that make these of the text. No other byte changes, save where an escape
    /// stands for some of what is to.
    pub(super) fn edits(&self, file: &str, of_text: &[Edit]) -> Vec<Edit> {
        if of_text.is_empty() {
            return Vec::new();
        }
        let raw = &file[self.span.clone()];
        let by = |edit: &Edit, by: usize| Edit::new(edit.start + by..edit.end + by, edit.new.clone());
        if let Some(at) = raw.find(&self.text) {
            return of_text.iter().map(|edit| by(edit, self.span.start + at)).collect();
        }
        let made = edited(&self.text, of_text);
        let in_raw: Option<Vec<Edit>> = of_text.iter().map(|edit| self.in_raw(raw, edit)).collect();
        // An escape may stand for the same as what is written elsewhere: what is read again tells.
        match in_raw.filter(|in_raw| read(&edited(raw, in_raw)).as_ref() == Some(&made)) {
            Some(in_raw) => in_raw.iter().map(|edit| by(edit, self.span.start)).collect(),
            None => vec![Edit::new(self.span.clone(), string(&made))],
        }
    }

    /// An edit of the text as one of how it is written: of the same part, counted from the beginning.
    fn in_raw(&self, raw: &str, edit: &Edit) -> Option<Edit> {
        let old = &self.text[edit.start..edit.end];
        let nth = self.text.match_indices(old).position(|(at, _)| at == edit.start)?;
        let (at, _) = raw.match_indices(old).nth(nth)?;
        Some(Edit::new(at..at + old.len(), edit.new.clone()))
    }
}

/// What a value of TOML says, if it is a text.
fn read(raw: &str) -> Option<String> {
    let text = format!("value = {raw}");
    let table = DeTable::parse(&text).ok()?;
    table.get_ref().get("value")?.get_ref().as_str().map(str::to_owned)
}

/// All texts and keys of a settings file, which is TOML.
pub(super) fn all_said(text: &str) -> Vec<Said> {
    let mut said = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        of_table(table.get_ref(), &[], &mut said);
    }
    said
}

fn of_table(table: &DeTable<'_>, above: &[String], said: &mut Vec<Said>) {
    for (key, value) in table {
        let mut path = above.to_vec();
        path.push(key.get_ref().to_string());
        let name = key.get_ref().to_string();
        said.push(Said { path: path.clone(), text: name, span: key.span(), is_key: true });
        of_value(value, &path, said);
    }
}

fn of_value(value: &toml::Spanned<DeValue<'_>>, path: &[String], said: &mut Vec<Said>) {
    match value.get_ref() {
        DeValue::String(text) => {
            said.push(Said {
                path: path.to_vec(),
                text: text.to_string(),
                span: value.span(),
                is_key: false,
            });
        }
        DeValue::Array(values) => values.iter().for_each(|value| of_value(value, path, said)),
        DeValue::Table(table) => of_table(table, path, said),
        _ => {}
    }
}

/// The edits that rename a label in a settings file: its own key, and what names it.
pub(super) fn of_label(text: &str, old: &str, new: &str) -> Vec<Edit> {
    let renaming = Renaming::Label { old, new };
    let said = all_said(text);
    let edits = said.iter().flat_map(|said| {
        let of_text = match said.keys().as_slice() {
            ["label", _] if said.is_key && said.text == old => vec![Edit::new(0..old.len(), new)],
            _ if said.is_key => Vec::new(),
            keys => of_exchange(&renaming, keys, &said.text),
        };
        said.edits(text, &of_text)
    });
    edits.collect()
}

/// The edits of a text that may name an exchange.
fn of_exchange(renaming: &Renaming<'_>, keys: &[&str], text: &str) -> Vec<Edit> {
    match keys {
        // A selector; no label is one.
        ["label", _] if text.contains(' ') => renaming.of_exchange(text),
        ["group", "first" | "last"] | ["note", "after"] | ["export", _, "from"] => renaming.of_exchange(text),
        _ => Vec::new(),
    }
}

/// The edits that rename a participant in a settings file: its id, and what names it. With `keeps_old`, the old
/// id is one of its other names; the new one is none any more.
pub(super) fn of_participant(text: &str, old: &str, new: &str, keeps_old: bool) -> Vec<Edit> {
    let renaming = Renaming::Participant { old, new };
    let said = all_said(text);
    let edits = said.iter().filter(|said| !said.is_key).flat_map(|said| {
        let of_text = match said.keys().as_slice() {
            ["participant", "id"] | ["filter", "from" | "to"] => renaming.of_participant(&said.text),
            ["note", "position"] => renaming.of_position(&said.text),
            keys => of_exchange(&renaming, keys, &said.text),
        };
        said.edits(text, &of_text)
    });
    let mut edits: Vec<Edit> = edits.collect();
    let table = DeTable::parse(text).ok();
    let participants = table.as_ref().and_then(|table| table.get_ref().get("participant"));
    for participant in participants.and_then(|all| all.get_ref().as_array()).into_iter().flatten() {
        let Some(keys) = participant.get_ref().as_table() else { continue };
        let id = keys.get("id").filter(|id| id.get_ref().as_str() == Some(old));
        if let Some(id) = id {
            let names = keys.iter().find(|(key, _)| key.get_ref() == "names");
            let names = names.map(|(key, names)| (key.span().start..names.span().end, names));
            edits.extend(of_names(text, id.span(), names, [old, new], keeps_old));
        }
    }
    edits
}

/// The edit of a participant's other names: the key with its value, if it has one, and the value alone.
fn of_names(
    text: &str,
    id: Range<usize>,
    names: Option<(Range<usize>, &toml::Spanned<DeValue<'_>>)>,
    [old, new]: [&str; 2],
    keeps_old: bool,
) -> Option<Edit> {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let indent = |at: usize| {
        let line = &text[line_start(at)..at];
        &line[..line.len() - line.trim_start().len()]
    };
    let Some((key, value)) = names else {
        if !keeps_old {
            return None;
        }
        let added = format!("names = [{}]", string(old));
        let is_on_own_line = text[line_start(id.start)..id.start].trim_start().starts_with("id");
        if !is_on_own_line {
            return Some(Edit::new(id.end..id.end, format!(", {added}")));
        }
        let end = line_end(id.end);
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let line = format!("{}{added}", indent(id.start));
        let whole =
            if text[..end].ends_with('\n') { format!("{line}{ending}") } else { format!("{ending}{line}") };
        return Some(Edit::new(end..end, whole));
    };
    let all = value.get_ref().as_array()?;
    let is = |at: usize, name: &str| all.get(at).is_some_and(|one| one.get_ref().as_str() == Some(name));
    let gone = (0..all.len()).find(|&at| is(at, new));
    let is_missing = keeps_old && !(0..all.len()).any(|at| is(at, old));
    let span = |at: usize| all.get(at).map(|one| one.span());
    match (gone, is_missing) {
        (Some(gone), true) => Some(Edit::new(span(gone)?, string(old))),
        (None, true) => Some(match all.len().checked_sub(1).and_then(span) {
            Some(last) => Edit::new(last.end..last.end, format!(", {}", string(old))),
            None => Edit::new(value.span(), format!("[{}]", string(old))),
        }),
        (Some(0), false) if all.len() == 1 => {
            let (start, end) = (line_start(key.start), line_end(key.end));
            let is_alone = text[start..key.start].trim().is_empty() && text[key.end..end].trim().is_empty();
            let comma = text[..key.start].trim_end().strip_suffix(',').map(str::len);
            Some(match (is_alone, comma) {
                (true, _) if text[..end].ends_with('\n') || start == 0 => Edit::new(start..end, ""),
                (true, _) => Edit::new(text[..start].trim_end_matches(['\r', '\n']).len()..end, ""),
                (false, Some(comma)) => Edit::new(comma..key.end, ""),
                (false, None) => Edit::new(value.span(), "[]"),
            })
        }
        (Some(0), false) => Some(Edit::new(span(0)?.start..span(1)?.start, "")),
        (Some(gone), false) => Some(Edit::new(span(gone - 1)?.end..span(gone)?.end, "")),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> String {
        edited(text, &of_label(text, "show", "read"))
    }

    #[test]
    fn each_text_that_names_a_label_changes_and_no_other_byte() {
        let text = "# show\r\ntitle = 'show'\r\n\r\n[label] # show\r\nshow   =  'show GET /show'  # show\r\n\"get\" = \"show GET /x after show\"\r\n\r\n\
                    [[group]]\r\nkind = 'opt'\r\ntitle = 'show'\r\nfirst = \"show\"\r\nlast = '''x GET / after show'''\r\n\
                    [[note]]\r\ntext = 'show'\r\nposition = 'over show'\r\nafter = 'show.request'\r\n\
                    [export]\r\nshow = { from = 'show', pointer = '/show' }\r\n";
        let made = "# show\r\ntitle = 'show'\r\n\r\n[label] # show\r\nread   =  'show GET /show'  # show\r\n\"get\" = \"show GET /x after read\"\r\n\r\n\
                    [[group]]\r\nkind = 'opt'\r\ntitle = 'show'\r\nfirst = \"read\"\r\nlast = '''x GET / after read'''\r\n\
                    [[note]]\r\ntext = 'show'\r\nposition = 'over show'\r\nafter = 'read.request'\r\n\
                    [export]\r\nshow = { from = 'read', pointer = '/show' }\r\n";
        assert_eq!(label(text), made);
    }

    #[test]
    fn a_label_is_found_however_toml_writes_it() {
        for (text, made) in [
            ("label.show = 'x GET /'\n", "label.read = 'x GET /'\n"),
            ("label = { show = 'x GET /' }\n", "label = { read = 'x GET /' }\n"),
            ("[label]\n'show' = 'x GET /'\n", "[label]\n'read' = 'x GET /'\n"),
            ("[label]\na = \"x GET /\\u0061 after show\"\n", "[label]\na = \"x GET /\\u0061 after read\"\n"),
            ("[label]\n\"sho\\u0077\" = 'x GET /'\n", "[label]\n\"read\" = 'x GET /'\n"),
        ] {
            assert_eq!(label(text), made);
        }
    }

    #[test]
    fn escapes_beside_what_changes_stay() {
        for (text, made) in [
            (
                "d = \"\"\"\\\n  \\u0041 [x](a.md),\r\n  \\\"[y](a.md)\\\"\r\n\"\"\"\n",
                "d = \"\"\"\\\n  \\u0041 [x](a.md),\r\n  \\\"[y](b.md)\\\"\r\n\"\"\"\n",
            ),
            ("d = '[x](a.md) [y](a.md)'", "d = '[x](a.md) [y](b.md)'"),
            // Another part is written as what this one is only read as.
            ("d = \"[x](\\u0061.md) [y](a.md)\"\n", "d = \"[x](a.md) [y](b.md)\"\n"),
        ] {
            let said = all_said(text).into_iter().find(|said| !said.is_key).unwrap();
            let last = said.text.rfind("a.md").unwrap();
            let edits = said.edits(text, &[Edit::new(last..last + 1, "b")]);
            assert_eq!(edited(text, &edits), made);
        }
    }

    #[test]
    fn a_participant_keeps_its_old_name_where_a_recording_has_it() {
        for (text, made) in [
            (
                "[[participant]]\r\n  id = 'a' # first\r\n  label = 'a'\r\n[[note]]\r\ntext = 'a'\r\nposition = 'over a,b'\r\nafter = 'a GET /a'\r\n",
                "[[participant]]\r\n  id = 'z' # first\r\n  names = [\"a\"]\r\n  label = 'a'\r\n[[note]]\r\ntext = 'a'\r\nposition = 'over z,b'\r\nafter = 'z GET /a'\r\n",
            ),
            (
                "participant = [{ id = \"a\" }, { id = 'b' }]\n",
                "participant = [{ id = \"z\", names = [\"a\"] }, { id = 'b' }]\n",
            ),
            (
                "[[participant]]\nid = \"a\"\nnames = ['x']\n[[filter]]\nto = 'a'\n",
                "[[participant]]\nid = \"z\"\nnames = ['x', \"a\"]\n[[filter]]\nto = 'z'\n",
            ),
            ("[[participant]]\nid = \"a\"", "[[participant]]\nid = \"z\"\nnames = [\"a\"]"),
            (
                "label = { l = 'b->a GET /' }\n[[participant]]\nlabel = 'x'\nid = 'a'\n",
                "label = { l = 'b->z GET /' }\n[[participant]]\nlabel = 'x'\nid = 'z'\nnames = [\"a\"]\n",
            ),
        ] {
            let there = edited(text, &of_participant(text, "a", "z", true));
            assert_eq!(there, made);
            assert_eq!(edited(&there, &of_participant(&there, "z", "a", false)), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_are_the_same_bytes(
            labels in proptest::collection::vec("(# a\r\n|b[0-9] = '(c|a) GET /a after a'|\"c[0-9]\" = \"a->a GET /\" # a)\r?\n", 0..4),
            names in "(names = \\[('y', )?'x'\\]\n)?",
        ) {
            let text = format!("[label]\na = 'a GET /'\n{}[[participant]]\nid = 'a'\n{names}[[filter]]\nto = 'a'\n", labels.concat());
            if DeTable::parse(&text).is_ok() {
                let there = edited(&text, &of_label(&text, "a", "new_one"));
                proptest::prop_assert!(DeTable::parse(&there).is_ok() && there != text);
                proptest::prop_assert_eq!(&edited(&there, &of_label(&there, "new_one", "a")), &text);
                let there = edited(&text, &of_participant(&text, "a", "new one", true));
                proptest::prop_assert!(DeTable::parse(&there).is_ok() && there != text);
                proptest::prop_assert_eq!(&edited(&there, &of_participant(&there, "new one", "a", false)), &text);
            }
        }
    }
}
