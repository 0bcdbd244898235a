//! Where a project has its captures and its pages, for a command that was given neither.
//!
//! A project's `docgen.toml` marks the folder of its captures and names that of its pages. Both are looked
//! for from where the user is, upwards, as git looks for its repository. What this leaves out: whether there
//! is anything in these folders.

use std::path::{Component, Path, PathBuf};

use super::folders::{SHARED_SETTINGS, root_above};
use crate::error::{Error, ErrorKind, Result};
use crate::files::Root;
use crate::settings::Layer;

/// The folder of all captures of the project that `here` is in, named from there where it is below.
///
/// # Errors
/// [`ErrorKind::Usage`] where no folder from `here` upwards has one.
pub fn captures_of(here: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(here).map_err(|error| Error::io("find", here, error))?;
    let below = |folder: &Path| folder.join("captures");
    let has_settings = |folder: &PathBuf| folder.join(SHARED_SETTINGS).is_file();
    let of_above = || absolute.ancestors().map(below).find(has_settings);
    let without_settings = || Some(below(&absolute)).filter(|folder| folder.is_dir());
    // One that is only called `captures` is less sure than one with settings.
    let around = root_above(&absolute);
    let found = around.clone().filter(has_settings).or_else(of_above).or(around).or_else(without_settings);
    match found {
        Some(found) => Ok(shortened(found, &absolute)),
        None => Err(Error::new(ErrorKind::Usage, "no folder of captures is here, or above")
            .hint("name it; a file docgen.toml in a folder `captures` lets every command find it")),
    }
}

/// The folder of the pages that the `docgen.toml` of all captures names.
///
/// # Errors
/// [`ErrorKind::Usage`] where it names none, [`ErrorKind::Setting`] where it names one outside of the folder
/// that holds the captures' own: whoever wrote it does not say where else this machine is written to.
pub fn docs_of(captures: &Path) -> Result<PathBuf> {
    let file = captures.join(SHARED_SETTINGS);
    let none = |hint: String| Error::new(ErrorKind::Usage, "which folder is that of the pages?").hint(hint);
    let root = super::folders::open(captures)?;
    if !root.is_file(&file) {
        return Err(none(format!(
            "name it; or write `docs = \"../docs\"` into a file `{}`, and no command needs it any more",
            file.display()
        )));
    }
    let layer = Layer::parse(&file, &root.read_text(&file)?)?;
    let Some(docs) = layer.docs() else {
        return Err(none(format!("name it; or write `docs = \"../docs\"` into `{}`", file.display())));
    };
    let wrong = |message: String| {
        Error::new(ErrorKind::Setting, message).at(docs.place.clone()).hint(
            "name one below the folder that holds the captures' own: `../docs`; a command takes any other",
        )
    };
    let said = &docs.value;
    let mut parts = said.components();
    let beside = match parts.next() {
        Some(Component::ParentDir) => parts.as_path(),
        _ => return Err(wrong(format!("`{}` is not beside the captures", said.display()))),
    };
    let is_plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    };
    if beside.as_os_str().is_empty() || !beside.components().all(is_plain) {
        return Err(wrong(format!("`{}` cannot be the folder of the pages", said.display())));
    }
    let above = above(captures)?;
    let folder = above.join(beside);
    let project = Root::open(&above).map_err(|error| Error::io("read", &above, error))?;
    match project.leads_out(&folder) {
        Some(error) => Err(error.at(docs.place.clone())),
        None => Ok(folder),
    }
}

/// The folder that holds `captures`, named as the user would.
fn above(captures: &Path) -> Result<PathBuf> {
    let is_named = matches!(captures.components().next_back(), Some(Component::Normal(_)));
    match captures.parent() {
        Some(above) if is_named && above.as_os_str().is_empty() => Ok(PathBuf::from(".")),
        Some(above) if is_named => Ok(above.to_owned()),
        _ => {
            let absolute = captures.canonicalize().map_err(|error| Error::io("find", captures, error))?;
            Ok(absolute.parent().unwrap_or(&absolute).to_owned())
        }
    }
}

/// As short as the user would name it.
fn shortened(folder: PathBuf, here: &Path) -> PathBuf {
    match folder.strip_prefix(here) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => folder,
    }
}
