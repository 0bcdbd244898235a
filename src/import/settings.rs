//! The settings that a page by hand shows: its title and language, its command, what it calls participants, the words
//! that it has in place of docgen's own, its front matter.
//!
//! What it says as docgen would say it is no setting. What this leaves out: labels, notes and boxes, which are of
//! exchanges.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::page::front_matter::plain;
use crate::page::{Context, FrontMatter, Phrases, begins_with_front_matter};
use crate::render::escape::{Around, in_context, inline, mermaid, titled};
use crate::render::front_matter;
use crate::render::templates::Templates;
use crate::sequence::Side;
use crate::settings::capture_toml::CaptureToml;
use crate::settings::{Layout, Settings};

use super::diagram::{Statement, statement};
use super::message_line::MessageLine;
use super::read::HandWritten;
use super::{Document, Files, Importer, facts};

impl Importer<'_> {
    /// The settings that the page itself shows.
    pub(super) fn draft(&self, page: &HandWritten) -> CaptureToml {
        let text = self.documents[0].lines.text;
        let blocks = &self.blocks;
        let front = front_matter::read(text);
        let layout = if page.snippet_prefix.is_some() { Layout::Snippets } else { Layout::Page };
        let mut draft = CaptureToml {
            title: self.diagram_title().or_else(|| Some(title(blocks.title.as_deref()?, front.as_ref()))),
            layout,
            locale: self.locale(front.as_ref()),
            profile: self.profile.map(|(name, _)| name.to_owned()),
            snippet_prefix: page.snippet_prefix.clone(),
            vars: self.facts.vars.clone(),
            query: self.facts.shows_query.filter(|shows| *shows != layout.traits().shows_query),
            // A page that has none by hand gets none.
            front_matter: (self.asks_for_front_matter() && !begins_with_front_matter(text)).then_some(false),
            ..CaptureToml::default()
        };
        // What holes print is what the page has: links, or numbers alone.
        let asks_for_links = Settings::resolve(&self.around.layers).links == Some(true);
        draft.links = (asks_for_links != self.links.is_some()).then_some(self.links.is_some());
        draft.command = blocks.command.as_ref().map(|command| {
            self.facts.vars.iter().fold(command.typed.clone(), |typed, (name, value)| {
                if value.len() < 8 { typed } else { typed.replace(value, &format!("{{{name}}}")) }
            })
        });
        if let Some(launch) = &blocks.launch {
            draft.env = launch.env.clone();
            let program = draft.command.as_deref().and_then(|typed| {
                let code = typed.lines().find(|line| !line.trim_start().starts_with('#'))?;
                Some(format!("Scripts/{}.exe", code.split_whitespace().next()?))
            });
            let title = draft.title.clone().unwrap_or_default();
            let prefix = launch.name.as_ref().and_then(|name| name.strip_suffix(&title)).map(str::to_owned);
            let others = [
                ("program", launch.program.clone().filter(|given| Some(given) != program.as_ref())),
                ("type", launch.kind.clone().filter(|kind| kind != "python")),
                ("prefix", prefix.filter(|prefix| prefix != "Python: ")),
            ];
            draft.launch = others.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        }
        if let Some(reference) = &blocks.reference {
            match reference.is_known {
                true => draft.release = reference.release.clone(),
                false => draft.reference = Some(reference.url.clone()),
            }
        }
        let mut known = HashSet::new();
        for main in self.facts.diagrams.whole() {
            let lines = &self.documents[main.document].lines;
            for line in main.lines.clone() {
                if let Statement::Participant { id, label } = statement(lines.get(line))
                    && known.insert(id)
                {
                    draft.participants.push((id.to_owned(), label.map(str::to_owned)));
                }
            }
            // A profile would call these by its own names.
            for id in main.arrows.iter().flat_map(|(_, arrow)| [arrow.from, arrow.to]) {
                if self.profile.is_some() && known.insert(id) {
                    draft.participants.push((id.to_owned(), None));
                }
            }
        }
        draft
    }

    /// The language of the page: that of its front matter or of its links, else that of its letters.
    fn locale(&self, front: Option<&FrontMatter>) -> String {
        let templates = &self.around.templates;
        let is_back = |locale: &&str| {
            let phrases = templates.phrases(locale).ok();
            let back = phrases.as_ref().and_then(|phrases| phrases.find("back_to_diagram")).map(titled);
            back.is_some_and(|back| self.links.is_some_and(|links| links.back.as_ref() == Some(&back)))
        };
        let lang = front.map(|front| &*front.lang).filter(|lang| templates.phrases(lang).is_ok());
        let is_korean = self.documents[0].lines.text.chars().any(|c| matches!(c, '가'..='힣'));
        let by_letters = if is_korean { "ko" } else { "en" };
        lang.or_else(|| Templates::locales().find(is_back)).unwrap_or(by_letters).to_owned()
    }

    /// The title that docgen gives a diagram, which is that of the settings; a page may have another heading.
    fn diagram_title(&self) -> Option<String> {
        let Document { lines, .. } = &self.documents[0];
        let mut lines = self.facts.diagrams.all.iter().flat_map(|diagram| {
            let is_here = diagram.document == 0;
            diagram.lines.clone().filter(move |_| is_here).map(|line| lines.get(line).trim())
        });
        let written = lines.find_map(|line| line.strip_prefix("accTitle: "))?;
        let title = unescaped(written);
        (mermaid(&title) == written).then_some(title)
    }

    /// Keeps a profile from templating paths that the page shows as they are, and from leaving
    /// out what the page shows.
    pub(super) fn settle_paths(&self, draft: &mut CaptureToml) -> Result<(), Vec<Error>> {
        let Some(_) = draft.profile else { return Ok(()) };
        let mut paths = self.paths_of(draft)?;
        if !draft.vars.is_empty() {
            // The profile has names for values of its own, and shows others as they are.
            let typed = self.blocks.command.as_ref().map(|command| command.typed.clone());
            let without = CaptureToml { vars: Vec::new(), command: typed, ..draft.clone() };
            let paths_without = self.paths_of(&without)?;
            if paths_without.alike > paths.alike {
                (*draft, paths) = (without, paths_without);
            }
        }
        let ShownPaths { filtered, raw, templated, .. } = paths;
        if filtered > 0 {
            draft.noise = Some(false);
        }
        if raw > templated {
            draft.profile = None;
            draft.release = None;
            draft.reference = self.blocks.reference.as_ref().map(|reference| reference.url.clone());
        }
        Ok(())
    }

    /// How the paths of headings and arrows are those that the page would show with these settings.
    fn paths_of(&self, draft: &CaptureToml) -> Result<ShownPaths, Vec<Error>> {
        self.with_page(draft, |page, _, _| {
            let mut paths = ShownPaths { filtered: page.filtered, ..ShownPaths::default() };
            for message in &self.facts.messages {
                let exchange = page.exchanges.iter().find(|exchange| exchange.index == message.exchange);
                let shown = exchange.and_then(|exchange| match message.side {
                    Side::Request => Some(&exchange.request),
                    Side::Response => exchange.response.as_ref(),
                });
                let Some(shown) = shown else { continue };
                for target in self.facts.shown(message).iter().filter_map(MessageLine::target) {
                    let is_templated = target == &*shown.path;
                    paths.alike += usize::from(is_templated);
                    if shown.path != shown.raw_path {
                        paths.raw += usize::from(*target == *shown.raw_path);
                        paths.templated += usize::from(is_templated);
                    }
                }
            }
            paths
        })
    }

    /// The words that this page has in place of the phrases.
    pub(super) fn take_phrases(&self, draft: &mut CaptureToml, base: &Phrases) {
        let mut found: Vec<(&str, Vec<String>)> = Vec::new();
        let tabs = |pick: fn(&facts::Section<'_>) -> Option<usize>| {
            let titles = self.facts.sections.iter().filter_map(|section| {
                let document = &self.documents[section.document];
                let tab = document.outline.fences[pick(section)?].tab?;
                Some(document.lines.text[document.outline.tabs[tab].title.clone()].to_owned())
            });
            titles.collect::<Vec<_>>()
        };
        found.push(("header_tab", tabs(|section| section.headers)));
        found.push(("body_tab", tabs(|section| section.body)));
        let word = |message: &facts::Message<'_>| {
            let arrow = message.drawn.filter(|_| message.side == Side::Response)?.arrow;
            let (word, rest) = arrow.text.split_once(": ").unwrap_or(("", arrow.text));
            matches!(MessageLine::of(rest), MessageLine::Response { .. }).then(|| word.to_owned())
        };
        let titles = &draft.layout.traits().own_titles;
        let title = |title: Option<&Option<String>>| title.cloned().flatten().into_iter().collect::<Vec<_>>();
        if let Some(key) = titles.response {
            found.push((key, self.facts.messages.iter().filter_map(word).collect()));
        }
        found.push((titles.command, title(self.blocks.command.as_ref().map(|block| &block.title))));
        if let Some(key) = titles.launch {
            found.push((key, title(self.blocks.launch.as_ref().map(|block| &block.title))));
        }
        for (key, words) in found {
            let Some(most) = most_common(&words) else { continue };
            if most != base.get(key) && !most.contains('{') {
                draft.phrases.push((key.to_owned(), most.to_owned()));
            }
        }
        let title = self.blocks.output.as_ref().and_then(|output| output.title.clone());
        let made =
            self.with_page(draft, |page, _, _| page.output.as_ref().map(|output| output.title.clone()));
        if let (Some(title), Ok(Some(made))) = (title, made)
            && title != made
        {
            draft.output_title = Some(title);
        }
    }

    /// Whether the settings above the capture want front matter.
    fn asks_for_front_matter(&self) -> bool {
        Settings::resolve(&self.around.layers).front_matter == Some(true)
    }

    /// The settings and files that give the page back: where its front matter is the one that docgen puts before
    /// it, without that in the page source.
    pub(super) fn with_front_matter(
        &self,
        draft: &CaptureToml,
        files: &Files,
    ) -> Result<Option<(CaptureToml, Files)>, Vec<Error>> {
        let main = self.documents[0].name;
        let source = files.iter().find(|(name, _)| *name == main).map_or("", |(_, source)| source);
        if let Some(given) = front_matter::read(source) {
            let length = front_matter::written(&given).len();
            let front_matter = (!self.asks_for_front_matter()).then_some(true);
            let without = |(name, source): &(&'static str, String)| {
                let source = if *name == main { &source[length..] } else { source };
                (*name, source.to_owned())
            };
            let files: Files = files.iter().map(without).collect();
            let description = given.description.as_deref().map_or_else(String::new, as_markdown);
            for description in [None, Some(description)] {
                let draft = CaptureToml { front_matter, description, ..draft.clone() };
                if self.comes_back(&draft, &files)? {
                    return Ok(Some((draft, files)));
                }
            }
        }
        Ok(self.comes_back(draft, files)?.then(|| (draft.clone(), files.clone())))
    }
}

/// How a page shows paths.
#[derive(Default)]
struct ShownPaths {
    /// How many exchanges the settings leave out.
    filtered: usize,
    /// How many paths are shown as these settings show them.
    alike: usize,
    /// Of those that these settings template, how many are shown as they are, and how many templated.
    raw: usize,
    templated: usize,
}

/// The title of docgen's own front matter, or else what a page's first heading shows: as it is, or, where Markdown
/// would read it otherwise, as code.
fn title(heading: &str, front: Option<&FrontMatter>) -> String {
    let in_code = heading.trim_matches('`');
    let in_code = in_code.strip_prefix(' ').and_then(|text| text.strip_suffix(' ')).unwrap_or(in_code);
    let is_code = in_code != heading && inline(in_code) == heading;
    front.map_or(if is_code { in_code } else { heading }, |front| &front.title).to_owned()
}

/// A label of a diagram without what mermaid takes for characters: `#35;`, `#lt;`.
fn unescaped(label: &str) -> String {
    let mut text = String::new();
    let mut rest = label;
    while let Some((before, behind)) = rest.split_once('#') {
        text.push_str(before);
        let entity = behind.split_once(';').and_then(|(name, behind)| {
            let c = match name {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                number => number.parse().ok().and_then(char::from_u32),
            };
            Some((c?, behind))
        });
        let (c, behind) = entity.unwrap_or(('#', behind));
        text.push(c);
        rest = behind;
    }
    text + rest
}

/// Markdown that says this text.
fn as_markdown(text: &str) -> String {
    if plain(text) == text {
        return text.to_owned();
    }
    let escaped = in_context(text, &Context::Prose, Around { begins_block: true, ..Around::default() });
    escaped.map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

fn most_common(words: &[String]) -> Option<&str> {
    let count = |word: &&String| words.iter().filter(|other| other == word).count();
    let most = words.iter().rev().max_by_key(count)?;
    (count(&most) * 2 > words.len()).then_some(most.as_str())
}
