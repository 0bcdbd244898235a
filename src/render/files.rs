//! The files of a capture's page: those of its page sources, with their holes filled, and those of templates.
//!
//! `site` writes what this makes, and `import` compares it with the page that it read. What this leaves out: where
//! the files go.

use std::collections::HashSet;
use std::sync::Arc;

use super::front_matter;
use super::holes::{Filler, OtherCaptures};
use super::templates::{Content, Templates};
use crate::error::{Error, Result};
use crate::page::{Page, Source, anchor};
use crate::sequence::selector::Scope;
use crate::settings::PageFile;

/// With what the files of a page are made.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) templates: &'a Templates,
    pub(crate) scope: Scope<'a>,
    pub(crate) others: &'a dyn OtherCaptures,
    /// The path below the docs folder of the capture's own page.
    pub(crate) own_path: &'a str,
    /// Labels of sections that are marked as gone.
    pub(crate) gone: &'a HashSet<String>,
}

impl Maker<'_> {
    /// The files of a page that was made for these sources, and their content. The page forgets the sections that
    /// they do not have.
    ///
    /// # Errors
    /// [`ErrorKind::Hole`](crate::ErrorKind::Hole) for every hole that cannot be filled, and errors of templates.
    pub(crate) fn files(
        &self,
        page: &mut Arc<Page>,
        sources: &[Source],
    ) -> Result<Vec<(&'static PageFile, Content)>, Vec<Error>> {
        let traits = page.layout.traits();
        let all: Vec<&Source> = sources.iter().collect();
        if page.overview.is_some() && !sources.is_empty() {
            let made = self.filler(page).sections(&all);
            // What a template lays out has all sections, or the diagram, if its file is the one that does.
            let is_laid_out = |name: &str| !sources.iter().any(|source| source.file.ends_with(name));
            let has_all = is_laid_out(traits.sections);
            let has_overview = made.has_overview()
                || is_laid_out("page.md")
                || anchor::of_writer(sources, traits.overview).is_some();
            let has_section = |exchange, side| has_all || made.has(exchange, side);
            if let Some(page) = Arc::get_mut(page) {
                page.keep_sections(has_section, has_overview);
            }
        }
        let source_of = |file: &PageFile| sources.iter().position(|source| file.is_of(&source.file));
        // What is made from a source needs no template.
        let laid_out = self.templates.lay_out(page, |file| source_of(file).is_none());
        let mut files = laid_out.map_err(|error| vec![error])?;
        if !sources.is_empty() {
            let filled = self.filler(page).fill(&all)?;
            for (source, text) in sources.iter().zip(filled) {
                let file = traits.files.iter().find(|file| file.is_of(&source.file));
                files.extend(file.map(|file| (file, Content::Own(text))));
            }
        }
        if let Some(front) = &page.front_matter {
            for (_, content) in files.iter_mut().filter(|(file, _)| *file == traits.main()) {
                front_matter::put_before(content, front);
            }
        }
        Ok(files)
    }

    fn filler<'p>(&'p self, page: &'p Arc<Page>) -> Filler<'p> {
        Filler::new(page, self.templates, self.scope, self.others, self.own_path, self.gone)
    }
}
