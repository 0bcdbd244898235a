//! Capture folders on disk: finding them, and reading what one is made of.
//!
//! Finding stats every file once and reads none, so that a run with nothing to do
//! costs little more than the walk. What this leaves out: what the files mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::file_state::Stat;
use crate::error::{Error, ErrorKind, Result};
use crate::render::templates::UserTemplate;
use crate::settings::{Layout, Located};
use crate::text_file::read_text;

/// The files of a capture folder that docgen reads. Others are the maintainer's own.
pub const FILES: [&str; 7] =
    ["body.md", "capture.toml", "diagram.md", "output.txt", "page.md", "trace.har", "trace.log"];

/// The file that holds settings for all captures below it.
pub const SHARED_SETTINGS: &str = "docgen.toml";

/// A file, as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its path, as the user would name it.
    pub path: PathBuf,
    /// What `stat` said of it.
    pub(super) stat: Stat,
}

impl Found {
    /// The file's name.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// A capture folder.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its path below the captures' root, with `/` between its parts; empty for the root itself.
    pub path: String,
    /// Where it is.
    pub dir: PathBuf,
    /// The files of [`FILES`] that it holds, sorted by name.
    pub files: Vec<Found>,
    /// The `docgen.toml` files above it, from the root down.
    pub shared: Vec<Found>,
}

impl Folder {
    /// The file of this name, if the folder holds it.
    pub fn file(&self, name: &str) -> Option<&Found> {
        self.files.iter().find(|file| file.name() == name)
    }
}

/// All capture folders below `root`, in the order of their paths. Names that begin with a dot
/// are passed over, and symbolic links are not followed.
///
/// # Errors
/// [`ErrorKind::Io`] where a folder cannot be read.
pub fn find(root: &Path) -> Result<Vec<Folder>> {
    if !root.is_dir() {
        let error = match root.symlink_metadata() {
            Ok(_) => format!("`{}` is no folder", root.display()),
            Err(_) => format!("there is no folder `{}`", root.display()),
        };
        return Err(Error::new(ErrorKind::Io, error).hint(
            "name the folder that holds the captures; `docgen capture CAPTURES PATH -- COMMAND` makes the first",
        ));
    }
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    let mut shared: BTreeMap<String, Found> = BTreeMap::new();
    let walk = WalkDir::new(root).into_iter();
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    for entry in walk.filter_entry(visible) {
        let entry = entry.map_err(|error| walk_error(root, error))?;
        let Some(name) = entry.file_name().to_str() else { continue };
        let is_shared = name == SHARED_SETTINGS;
        if entry.file_type().is_dir() || !(is_shared || FILES.contains(&name)) {
            continue;
        }
        let metadata = entry.metadata().map_err(|error| walk_error(entry.path(), error))?;
        if !metadata.is_file() {
            continue;
        }
        let found = Found { stat: Stat::of(&metadata), path: entry.path().to_path_buf() };
        let dir = entry.path().parent().unwrap_or(root);
        let path = relative(root, dir)?;
        if is_shared {
            shared.insert(path, found);
        } else {
            let folder = folders.entry(path).or_insert_with_key(|path| Folder {
                path: path.clone(),
                dir: dir.to_path_buf(),
                files: Vec::new(),
                shared: Vec::new(),
            });
            folder.files.push(found);
        }
    }
    let is_capture = |folder: &Folder| {
        ["capture.toml", "trace.har", "trace.log"].iter().any(|name| folder.file(name).is_some())
    };
    let mut captures: Vec<Folder> = folders.into_values().filter(is_capture).collect();
    for folder in &mut captures {
        folder.files.sort_by(|a, b| a.path.cmp(&b.path));
        if !shared.is_empty() {
            folder.shared = ancestors(&folder.path).filter_map(|above| shared.get(above).cloned()).collect();
        }
    }
    Ok(captures)
}

/// The settings files above a capture folder, from the farthest to the nearest: those of the
/// folders above it that hold a `docgen.toml`, up to the first that holds none.
pub fn settings_above(folder: &Path) -> Result<Vec<PathBuf>> {
    let absolute = std::path::absolute(folder).map_err(|error| Error::io("find", folder, error))?;
    let settings = |folder: &Path| folder.join(SHARED_SETTINGS);
    let nearest = absolute.ancestors().skip(1).find(|folder| settings(folder).is_file());
    let from = nearest.into_iter().flat_map(Path::ancestors).map(settings);
    let mut files: Vec<PathBuf> = from.take_while(|file| file.is_file()).collect();
    files.reverse();
    Ok(files)
}

/// The templates and phrase files in folders of the user's, the nearest folder first, by name.
///
/// # Errors
/// [`ErrorKind::Io`] where a folder or file cannot be read.
pub fn user_templates(dirs: &[Located<PathBuf>]) -> Result<BTreeMap<String, UserTemplate>> {
    let mut templates = BTreeMap::new();
    for Located { value: dir, place } in dirs.iter().rev() {
        if !dir.is_dir() {
            return Err(Error::new(ErrorKind::Io, format!("there is no folder `{}`", dir.display()))
                .at(place.clone())
                .hint("`docgen templates eject --to FOLDER` makes one of the default templates"));
        }
        for entry in WalkDir::new(dir).sort_by_file_name() {
            let entry = entry.map_err(|error| walk_error(dir, error))?;
            let is_template =
                entry.path().extension().is_some_and(|extension| extension == "md" || extension == "toml");
            if !entry.file_type().is_file() || !is_template {
                continue;
            }
            let text = Arc::from(read_text(entry.path())?);
            let file = entry.path().to_path_buf();
            templates.insert(relative(dir, entry.path())?, UserTemplate { file, text });
        }
    }
    Ok(templates)
}

fn walk_error(root: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(root).to_path_buf();
    let cause = error.into_io_error();
    Error::io("read", &path, cause.unwrap_or_else(|| std::io::Error::other("the folder is in itself")))
}

/// `path` below `root`, with `/` between its parts.
fn relative(root: &Path, path: &Path) -> Result<String> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|path| !path.contains(char::is_control)).ok_or_else(|| {
        Error::new(
            ErrorKind::Io,
            format!("`{}` cannot name a page: it is not UTF-8, or has control characters", path.display()),
        )
        .hint("rename it")
    })
}

/// The paths of the folders from the root (``) down to `path` itself.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain((!path.is_empty()).then_some(path.len()));
    std::iter::once("").chain(ends.map(|end| &path[..end]))
}

/// The path, below the docs folder, of a capture's file.
pub(super) fn page_path(capture: &str, layout: Layout, ending: &str) -> String {
    match (layout, capture) {
        (Layout::Page, "") => "index.md".into(),
        (Layout::Page, _) => format!("{capture}.md"),
        (Layout::Snippets, "") => ending.into(),
        (Layout::Snippets, _) => format!("{capture}/{ending}"),
    }
}

/// Whether a file below the docs folder may be one of this capture's.
pub(super) fn is_page_of(page: &str, capture: &str) -> bool {
    page == page_path(capture, Layout::Page, "")
        || ["index.md", "diagram.md", "body.md", "log.md"]
            .iter()
            .any(|ending| page == page_path(capture, Layout::Snippets, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_go_from_the_root_down() {
        assert_eq!(ancestors("a/bc/d").collect::<Vec<_>>(), ["", "a", "a/bc", "a/bc/d"]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
    }
}
