//! The files that settings name: templates, profiles.
//!
//! Settings may come from a stranger, and an error about a file shows a line of it. So they name files below
//! the captures only, or below the folder of the outermost `docgen.toml` above those, or in a folder that the
//! user trusts by name. What this leaves out: what the files say.

use std::path::{Path, PathBuf};

use super::folders::SHARED_SETTINGS;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;

/// The folders in which settings may name files.
#[derive(Debug)]
pub(crate) struct NamedFiles {
    /// The project's own folder first.
    roots: Vec<Root>,
}

impl NamedFiles {
    /// Those for settings below `captures`, with folders that the user trusts.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where one is no folder.
    pub(crate) fn new(captures: &Path, trusted: &[PathBuf]) -> Result<NamedFiles> {
        let open = |path: &Path| Root::open(path).map_err(|error| Error::io("read", path, error));
        let mut roots = vec![open(&outermost(captures))?];
        for folder in trusted {
            roots.push(open(folder)?);
        }
        Ok(NamedFiles { roots })
    }

    /// The folder that a file is below.
    pub(crate) fn root_of(&self, file: &Path) -> Option<&Root> {
        self.roots.iter().find(|root| root.below(file).is_some())
    }

    /// The folder that a file is below; `place` is where a setting names the file.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where it is below none.
    pub(crate) fn expect_root_of(&self, file: &Path, place: &Place) -> Result<&Root> {
        self.root_of(file).ok_or_else(|| {
            let own = crate::files::or_here(self.roots[0].path()).display();
            Error::new(
                ErrorKind::Setting,
                format!("`{}` is not below `{own}`, and is not read", file.display()),
            )
            .at(place.clone())
            .hint(
                "put it below the folder of the outermost docgen.toml; or name its folder: `--trust FOLDER`",
            )
        })
    }

    /// An error about what a file says. Of a file that is not of the project itself, nothing is repeated.
    pub(crate) fn discreet(&self, file: &Path, error: Error) -> Error {
        if self.roots[0].below(file).is_some() {
            return error;
        }
        let message = format!("`{}` is not what the setting needs", file.display());
        let line = error.place().map(|place| format!("; line {}", place.line)).unwrap_or_default();
        Error::new(error.kind(), message).at(Place::file(file)).hint(format!(
            "what it says is not shown, since it is not below `{}`{line}",
            crate::files::or_here(self.roots[0].path()).display()
        ))
    }
}

/// The folder of the outermost `docgen.toml`, from `captures` up through folders that hold one.
fn outermost(captures: &Path) -> PathBuf {
    let has_settings = |folder: &Path| folder.join(SHARED_SETTINGS).is_file();
    let Ok(absolute) = std::path::absolute(crate::files::or_here(captures)) else {
        return captures.to_owned();
    };
    match absolute.ancestors().take_while(|folder| has_settings(folder)).last() {
        Some(outermost) if outermost != absolute => outermost.to_owned(),
        _ => captures.to_owned(),
    }
}
