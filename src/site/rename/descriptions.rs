//! What settings say of a page in Markdown: `description`, whose links lead from the page that shows it.
//!
//! In a capture.toml that is the capture's page, in a report.toml or index.toml the page of that; what a
//! docgen.toml says is shown by all captures below that say nothing nearer. What this leaves out: which links
//! change.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Work;
use super::settings_text::all_said;
use crate::edit::Edit;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::site::folders::{INDEX, REPORT, page_of};

impl Work<'_> {
    /// Changes the links of descriptions; `links` gives the edits of a text that the page of a path shows.
    pub(super) fn in_descriptions(
        &mut self,
        links: impl Fn(&str, &str) -> Vec<Edit>,
    ) -> Result<(), Vec<Error>> {
        for (file, pages) in self.described().map_err(|error| vec![error])? {
            let text = self.files.text(&file).map_err(|error| vec![error])?;
            let said =
                all_said(&text).into_iter().find(|said| !said.is_key && said.keys() == ["description"]);
            let Some(said) = said else { continue };
            let mut of_pages = pages.iter().map(|page| links(&said.text, page));
            let Some(edits) = of_pages.next() else { continue };
            if of_pages.all(|others| others == edits) {
                self.files.edit(&file, said.edits(&text, &edits));
            } else {
                let message = "no one link is right for all pages that show this description";
                self.left.push(
                    Error::warning(ErrorKind::Link, message)
                        .at(Place::span(&file, &text, said.span.start, said.span.end))
                        .hint("say it in the capture.toml of each"),
                );
            }
        }
        Ok(())
    }

    /// The files that describe pages, with the paths of those.
    fn described(&mut self) -> Result<BTreeMap<PathBuf, Vec<String>>> {
        let mut described: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        let captures = self.captures;
        for folder in captures.all() {
            let own = ["capture.toml", REPORT, INDEX].into_iter().filter_map(|name| folder.file(name));
            let is_capture = folder.file(REPORT).is_none() && folder.file(INDEX).is_none();
            let shared = folder.shared.iter().rev().filter(|_| is_capture).map(|shared| &shared.found);
            // The nearest wins.
            for file in own.chain(shared).map(|found| &found.path) {
                let text = self.files.text(file)?;
                if all_said(&text).iter().any(|said| said.is_key && said.keys() == ["description"]) {
                    let page = page_of(self.root, folder).to_string();
                    described.entry(file.clone()).or_default().push(page);
                    break;
                }
            }
        }
        Ok(described)
    }
}
