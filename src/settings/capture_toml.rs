//! The settings of an imported page, and their file.
//!
//! The toml crate reads and this writes: few keys, in the order in which a person would put
//! them. What this leaves out: what the keys mean ([`crate::settings`]).

use std::fmt::Write;

use crate::settings::Layout;
use crate::toml_file::string;

/// A `capture.toml` to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CaptureToml {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) command: Option<String>,
    pub(crate) layout: Layout,
    pub(crate) locale: String,
    pub(crate) profile: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) query: Option<bool>,
    pub(crate) noise: Option<bool>,
    pub(crate) front_matter: Option<bool>,
    pub(crate) links: Option<bool>,
    pub(crate) output_title: Option<String>,
    pub(crate) snippet_prefix: Option<String>,
    pub(crate) vars: Vec<(String, String)>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) launch: Vec<(&'static str, String)>,
    pub(crate) phrases: Vec<(String, String)>,
    /// Id and label.
    pub(crate) participants: Vec<(String, Option<String>)>,
    pub(crate) groups: Vec<Group>,
    pub(crate) notes: Vec<Note>,
}

/// A box of the diagram.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) kind: String,
    pub(crate) title: String,
    /// Labels.
    pub(crate) first: String,
    pub(crate) last: String,
}

/// A note of the diagram.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) position: String,
    /// A label, with `.request` for the message.
    pub(crate) after: String,
}

impl CaptureToml {
    /// The file's content.
    pub(crate) fn to_toml(&self) -> String {
        let mut toml = Toml::default();
        toml.optional("title", self.title.as_deref());
        toml.optional("description", self.description.as_deref());
        toml.optional("command", self.command.as_deref());
        toml.pair("layout", self.layout.name());
        toml.pair("locale", &self.locale);
        toml.optional("profile", self.profile.as_deref());
        toml.optional("release", self.release.as_deref());
        toml.optional("reference", self.reference.as_deref());
        toml.boolean("query", self.query);
        toml.boolean("noise", self.noise);
        toml.boolean("front_matter", self.front_matter);
        toml.boolean("links", self.links);
        toml.optional("output_title", self.output_title.as_deref());
        toml.optional("snippet_prefix", self.snippet_prefix.as_deref());
        toml.table("vars", self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        toml.table("env", self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        toml.table("launch", self.launch.iter().map(|(name, value)| (*name, value.as_str())));
        toml.table("phrases", self.phrases.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        for (id, label) in &self.participants {
            toml.header("[[participant]]");
            toml.pair("id", id);
            toml.optional("label", label.as_deref());
        }
        toml.table("label", self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        for group in &self.groups {
            toml.header("[[group]]");
            toml.pair("kind", &group.kind);
            let title = if group.kind == "rect" { "color" } else { "title" };
            toml.pair(title, &group.title);
            toml.pair("first", &group.first);
            toml.pair("last", &group.last);
        }
        for note in &self.notes {
            toml.header("[[note]]");
            toml.pair("after", &note.after);
            toml.pair("position", &note.position);
            toml.pair("text", &note.text);
        }
        toml.0
    }
}

#[derive(Default)]
struct Toml(String);

impl Toml {
    fn header(&mut self, header: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(header);
        self.0.push('\n');
    }

    fn table<'a>(&mut self, name: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
        for (at, (key, value)) in pairs.enumerate() {
            if at == 0 {
                self.header(&format!("[{name}]"));
            }
            self.pair(key, value);
        }
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.pair(key, value);
        }
    }

    fn boolean(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.line(key, &value.to_string());
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.line(key, &string(value));
    }

    fn line(&mut self, key: &str, value: &str) {
        let is_bare =
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let key = if is_bare { key.to_owned() } else { string(key) };
        writeln!(self.0, "{key} = {value}").expect("a String takes any text");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_string_reads_back(text in any::<String>(), key in any::<String>()) {
            let draft = CaptureToml {
                title: Some(text.clone()),
                locale: "ko".into(),
                vars: vec![(key.clone(), text.clone())],
                ..CaptureToml::default()
            };
            let layer = crate::settings::Layer::parse("capture.toml".as_ref(), &draft.to_toml()).unwrap();
            let settings = crate::settings::Settings::resolve(&[layer]);
            prop_assert_eq!(settings.title, Some(text.clone()));
            prop_assert_eq!(settings.vars, [(key, text)]);
        }
    }
}
