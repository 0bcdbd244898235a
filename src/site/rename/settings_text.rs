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
    /// stands for some of it.
    pub(super) fn edits(&self, file: &str, of_text: &[Edit]) -> Vec<Edit> {
        if of_text.is_empty() {
            return Vec::new();
        }
        let raw = &file[self.span.clone()];
        match raw.find(&self.text) {
            Some(at) => {
                let start = self.span.start + at;
                of_text
                    .iter()
                    .map(|edit| Edit::new(start + edit.start..start + edit.end, edit.new.clone()))
                    .collect()
            }
            None => vec![Edit::new(self.span.clone(), string(&edited(&self.text, of_text)))],
        }
    }
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
            ("[label]\na = \"x GET /\\u0061 after show\"\n", "[label]\na = \"x GET /a after read\"\n"),
            ("[label]\n\"sho\\u0077\" = 'x GET /'\n", "[label]\n\"read\" = 'x GET /'\n"),
        ] {
            assert_eq!(label(text), made);
        }
    }
}
