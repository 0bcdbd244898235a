//! An index to its page: what all captures of a folder say of themselves, laid out.
//!
//! It is made from what is listed of each capture, which the cache keeps, and not from their traces; so it is
//! made in every run, after them. What this leaves out: what is listed (`page::index`), and how it looks.

use super::Made;
use super::file_state::FileState;
use super::folders::{Folder, INDEX};
use super::page_path::PagePath;
use super::shared::Site;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::page::index::{Index, Listed};
use crate::render::front_matter;
use crate::render::templates::Content;
use crate::settings::Settings;
use crate::settings::index_toml::IndexToml;
use crate::suite::is_below;

impl Site<'_> {
    /// Makes the page of an index; `listed` is what all captures and reports say, in the order of their paths.
    pub(super) fn make_index(
        &self,
        folder: &Folder,
        listed: impl Iterator<Item = Listed>,
    ) -> Result<Made, Vec<Error>> {
        let one = |error| vec![error];
        let mut read: Vec<FileState> = Vec::new();
        let page = PagePath::index_of(&folder.path);
        let (own, settings) = self.index_settings(folder, &mut read).map_err(one)?;
        let templates = self.templates(&settings, &mut read).map_err(one)?;
        let phrases = self.phrases(&settings, &templates, None).map_err(one)?;
        let listed: Vec<Listed> = listed.filter(|listed| is_below(&listed.path, &folder.path)).collect();
        if let Some(other) = listed.iter().find(|listed| listed.page == page.as_str()) {
            let message = format!("the index would be the same file as the page of `{}`", other.path);
            return Err(one(Error::new(ErrorKind::Setting, message)
                .at(Place::file(folder.dir.join(INDEX)))
                .hint("rename the capture, or put the index.toml into a folder above")));
        }
        let name = || folder.path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        let title = own.title.or_else(name).unwrap_or_else(|| phrases.get("index_title").to_owned());
        let index = Index::new(&folder.path, title, own.description, settings.locale, phrases, listed);
        let mut content = Content::Own(templates.lay_out_index(&index).map_err(one)?);
        if settings.front_matter != Some(false) {
            front_matter::put_before(&mut content, &index.front_matter());
        }
        Ok(Made { files: vec![(page, content)], diagnostics: Vec::new(), read, listed: None })
    }

    /// What an index's file says, and the settings above it.
    fn index_settings(&self, folder: &Folder, read: &mut Vec<FileState>) -> Result<(IndexToml, Settings)> {
        if let Some(file) = folder.files.iter().find(|file| file.name() != INDEX) {
            let message = format!("`{}` is in the folder of an index", file.name());
            return Err(Error::new(ErrorKind::Setting, message).at(Place::file(&file.path)).hint(
                "an index lists the captures in the folders below its own: move it to a folder above this one",
            ));
        }
        let file = folder.dir.join(INDEX);
        let own = IndexToml::parse(&file, &self.captures_root.read_text(&file)?)?;
        let settings = self.settings_shared(folder, own.locale.as_ref(), read)?;
        Ok((own, settings))
    }
}

impl Site<'_> {
    /// Whether an index lists a capture.
    pub(super) fn is_listed(&self, folder: &Folder) -> bool {
        self.indexes.iter().any(|index| is_below(&folder.path, &index.path))
    }
}
