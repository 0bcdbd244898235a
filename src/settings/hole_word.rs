//! The words that holes of a page source use themselves.
//!
//! A hole begins with a label or with one of these, and no label may be called as they are. Whoever asks
//! what a word does asks with a `match` that names each of them, so that the compiler tells where a new one
//! is missing. What this leaves out: what they print, which `render::holes` knows.

use std::fmt;

macro_rules! hole_words {
    ($($(#[$about:meta])* $word:ident $name:literal;)*) => {
        /// A word of holes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum HoleWord {
            $($(#[$about])* $word,)*
        }

        impl HoleWord {
            /// All of them, by name.
            pub const ALL: &'static [HoleWord] = &[$(HoleWord::$word,)*];

            /// The word as holes have it.
            pub fn name(self) -> &'static str {
                match self {
                    $(HoleWord::$word => $name,)*
                }
            }

            /// The word of this name, if there is one.
            pub fn named(name: &str) -> Option<HoleWord> {
                match name {
                    $($name => Some(HoleWord::$word),)*
                    _ => None,
                }
            }
        }
    };
}

hole_words! {
    /// A link to the API's reference.
    Api "api";
    /// A line of the diagram.
    Arrow "arrow";
    /// Lines of the diagram.
    Arrows "arrows";
    /// The tab of a body.
    Body "body";
    /// The command.
    Command "command";
    /// The request as a `curl` command.
    Curl "curl";
    /// The profile's description of a step.
    Describe "describe";
    /// The diagram, or a part of it.
    Diagram "diagram";
    /// Both messages of an exchange, with their headings.
    Exchange "exchange";
    /// The page, or an exchange, in one line.
    Facts "facts";
    /// The tab of headers.
    Header "header";
    /// The text of a message's heading.
    Heading "heading";
    /// The diagram of what was sent for an exchange.
    Inside "inside";
    /// A debugger's configuration that runs the command.
    Launch "launch";
    /// The numbers of lines, for a fence's options.
    Lines "lines";
    /// The whole log.
    Log "log";
    /// A message with its heading.
    Message "message";
    /// What the command printed.
    Output "output";
    /// A table of all exchanges.
    Overview "overview";
    /// The path of another capture's page.
    Page "page";
    /// Some lines of headers or of a body.
    Part "part";
    /// The lines of the diagram that declare participants.
    Participants "participants";
    /// Steps from one to another, in two pairs of brackets.
    Range "range";
    /// A link to the command's reference.
    Reference "reference";
    /// What the page shows nowhere else.
    Rest "rest";
    /// When the facts were last seen.
    Seen "seen";
    /// The steps that another capture's page has, too.
    Shared "shared";
    /// Steps from one to another, in one pair of brackets.
    Span "span";
    /// Both tabs of a message.
    Tabs "tabs";
    /// The page's title.
    Title "title";
    /// One value of a body, or of a header.
    Value "value";
    /// The value of a variable.
    Var "var";
    /// A table of all variables.
    Vars "vars";
    /// When each exchange happened.
    Waterfall "waterfall";
}

/// What a hole shows of the messages of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// What its first argument names, with a heading of its own.
    Section,
    /// Headers or a body of what its first argument names, or both.
    Content,
    /// Some lines of the headers or the body that its first argument is.
    Lines,
    /// The heading of what its first argument names.
    Heading,
    /// That another page shows all up to what its option `until` names.
    Shared,
    /// What nothing else shows.
    Rest,
    /// No message.
    Nothing,
}

impl HoleWord {
    /// What a hole of this word shows.
    pub fn shows(self) -> Shows {
        match self {
            HoleWord::Exchange | HoleWord::Message => Shows::Section,
            HoleWord::Body | HoleWord::Header | HoleWord::Tabs => Shows::Content,
            HoleWord::Part => Shows::Lines,
            HoleWord::Heading => Shows::Heading,
            HoleWord::Shared => Shows::Shared,
            HoleWord::Rest => Shows::Rest,
            HoleWord::Api
            | HoleWord::Arrow
            | HoleWord::Arrows
            | HoleWord::Command
            | HoleWord::Curl
            | HoleWord::Describe
            | HoleWord::Diagram
            | HoleWord::Facts
            | HoleWord::Inside
            | HoleWord::Launch
            | HoleWord::Lines
            | HoleWord::Log
            | HoleWord::Output
            | HoleWord::Overview
            | HoleWord::Page
            | HoleWord::Participants
            | HoleWord::Range
            | HoleWord::Reference
            | HoleWord::Seen
            | HoleWord::Span
            | HoleWord::Title
            | HoleWord::Value
            | HoleWord::Var
            | HoleWord::Vars
            | HoleWord::Waterfall => Shows::Nothing,
        }
    }
}

impl fmt::Display for HoleWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_the_order_of_their_names_and_found_by_them() {
        assert!(HoleWord::ALL.is_sorted_by_key(|word| word.name()));
        assert!(HoleWord::ALL.iter().all(|word| HoleWord::named(word.name()) == Some(*word)));
        assert_eq!(HoleWord::named("show"), None);
    }

    /// A word that the guide does not explain, or that no case uses, is as good as none.
    #[test]
    fn each_word_is_in_the_guide_and_in_a_case() {
        let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |file: &std::path::Path| std::fs::read_to_string(file).unwrap_or_default();
        let guide: String = walkdir::WalkDir::new(project.join("docs/guide"))
            .into_iter()
            .flatten()
            .map(|file| read(file.path()))
            .collect();
        let sources = walkdir::WalkDir::new(project.join("tests/cases/holes")).into_iter().flatten();
        let cases: String = sources
            .filter(|file| file.path().extension().is_some_and(|ending| ending == "md"))
            .filter(|file| file.path().components().any(|part| part.as_os_str() == "captures"))
            .map(|file| read(file.path()))
            .collect();
        for word in HoleWord::ALL {
            let is_used = |text: &str| {
                text.split("{{ ").skip(1).any(|hole| {
                    hole.strip_prefix(word.name()).is_some_and(|rest| rest.starts_with([' ', '.', '(']))
                })
            };
            assert!(is_used(&guide), "the guide does not explain `{word}`");
            assert!(is_used(&cases), "no case has `{word}`");
        }
    }
}
