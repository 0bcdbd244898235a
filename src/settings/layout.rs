//! The layouts, in one table.
//!
//! Whatever is otherwise in one layout than in another, and is no template, is a field of its
//! [`Traits`]: settings, pages, templates, holes, the disk and import ask it there. So a further layout
//! is an entry here, a folder of templates, and their functions (`render::layouts`). What this leaves out:
//! how a page looks.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::HoleWord;

/// How a capture's pages are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One file.
    Page,
    /// `index.md`, which includes `diagram.md`, `body.md` and `log.md`.
    #[default]
    Snippets,
    /// One file with a section an exchange, folded where it is long.
    Exchanges,
}

/// What is a layout's own.
#[derive(Debug)]
pub struct Traits {
    /// Its name in settings, which is also the folder of its templates.
    pub name: &'static str,
    /// The files of a page. A capture's own page is the one that is made from `page.md`.
    pub files: &'static [PageFile],
    /// The page source that holds the sections of the messages.
    pub sections: &'static str,
    /// The key of the phrase that heads them.
    pub sections_heading: &'static str,
    /// Whether paths show their query where no setting says otherwise.
    pub shows_query: bool,
    /// Whether its pages tell how exchanges stand to each other: who caused whom, what is repeated, where
    /// values are from.
    pub relates: bool,
    /// Whether sections have anchors and steps are links to them, where no setting says otherwise.
    pub links: bool,
    /// Whether its pages have front matter, where no setting says otherwise.
    pub front_matter: bool,
    /// The word of the hole that shows all exchanges at once: where links from sections lead back to.
    pub overview: HoleWord,
    /// Whether a response has a section of its own, beside that of its request.
    pub parts_exchanges: bool,
    /// Whether its templates number the lines of all fences, so that a hole has not to ask for it.
    pub numbers_lines: bool,
    /// Whether a body's fence is in the language of the body.
    pub tells_language: bool,
    /// The keys of phrases, beside those of all layouts, that a page by hand shows: of the word before
    /// a response's arrow, of the title of the command's block, and of the debugger's.
    pub own_titles: OwnTitles,
}

/// The keys of phrases that only some layouts have.
#[derive(Debug)]
pub struct OwnTitles {
    /// Of the word before a status in the diagram.
    pub response: Option<&'static str>,
    /// Of the command's block.
    pub command: &'static str,
    /// Of the block with the debugger's configuration.
    pub launch: Option<&'static str>,
}

/// A file of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct PageFile {
    /// Its name in the folder of the capture's name; empty for the file of that name itself.
    pub ending: &'static str,
    /// Its template, in the folder of the layout.
    pub template: &'static str,
    /// The page source that it may be made from instead.
    pub source: Option<&'static str>,
}

static PAGE: Traits = Traits {
    name: "page",
    files: &[PageFile { ending: "", template: "page", source: Some("page.md") }],
    sections: "page.md",
    sections_heading: "exchanges_heading",
    shows_query: true,
    relates: false,
    links: false,
    front_matter: false,
    overview: HoleWord::Diagram,
    parts_exchanges: true,
    numbers_lines: false,
    tells_language: true,
    own_titles: OwnTitles {
        response: Some("response"),
        command: "command_title",
        launch: Some("launch_title"),
    },
};

static SNIPPETS: Traits = Traits {
    name: "snippets",
    files: &[
        PageFile { ending: "body.md", template: "body", source: Some("body.md") },
        PageFile { ending: "diagram.md", template: "diagram", source: Some("diagram.md") },
        PageFile { ending: "index.md", template: "index", source: Some("page.md") },
        PageFile { ending: "log.md", template: "log", source: None },
    ],
    sections: "body.md",
    sections_heading: "messages_heading",
    shows_query: false,
    relates: false,
    links: false,
    front_matter: false,
    overview: HoleWord::Diagram,
    parts_exchanges: true,
    numbers_lines: true,
    tells_language: false,
    own_titles: OwnTitles { response: None, command: "console_title", launch: None },
};

static EXCHANGES: Traits = Traits {
    name: "exchanges",
    files: &[PageFile { ending: "", template: "exchanges", source: Some("page.md") }],
    sections: "page.md",
    sections_heading: "exchanges_heading",
    shows_query: false,
    relates: true,
    links: true,
    front_matter: true,
    overview: HoleWord::Overview,
    parts_exchanges: false,
    numbers_lines: false,
    tells_language: true,
    own_titles: OwnTitles { response: None, command: "command_title", launch: None },
};

impl Layout {
    /// All of them.
    pub const ALL: &'static [Layout] = &[Layout::Page, Layout::Snippets, Layout::Exchanges];

    /// The files of all of them.
    pub fn files() -> impl Iterator<Item = &'static PageFile> {
        Layout::ALL.iter().flat_map(|layout| layout.traits().files)
    }

    /// What is its own.
    pub fn traits(self) -> &'static Traits {
        match self {
            Layout::Page => &PAGE,
            Layout::Snippets => &SNIPPETS,
            Layout::Exchanges => &EXCHANGES,
        }
    }

    /// The name in settings, which is also the folder of its templates.
    pub fn name(self) -> &'static str {
        self.traits().name
    }
}

impl PageFile {
    /// Whether it is made from this page source.
    pub fn is_of(&self, source: &Path) -> bool {
        self.source.is_some_and(|name| source.file_name().is_some_and(|found| found == name))
    }
}

impl Traits {
    /// The file that is the capture's own page: the others are parts of it.
    pub fn main(&self) -> &'static PageFile {
        self.files.iter().find(|file| file.source == Some("page.md")).unwrap_or(&self.files[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_whole() {
        for layout in Layout::ALL {
            let traits = layout.traits();
            let named: Layout = serde::Deserialize::deserialize(serde::de::value::StrDeserializer::<
                serde::de::value::Error,
            >::new(traits.name))
            .unwrap();
            assert_eq!(named, *layout);
            assert_eq!(traits.main().source, Some("page.md"), "{}", traits.name);
            let sections = traits.files.iter().filter(|file| file.source == Some(traits.sections));
            assert_eq!(sections.count(), 1, "{}", traits.name);
        }
    }
}
