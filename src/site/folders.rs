//! Capture folders on disk: finding them, and reading what one is made of.
//!
//! Finding stats every file once and reads none, so that a run with nothing to do
//! costs little more than the walk. What this leaves out: what the files mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::capture::Capture;
use super::file_state::{Digest, Stat};
use super::named_files::NamedFiles;
use super::page_path::PagePath;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{Entry, LARGEST_TEXT, Listed, Root, is_hidden, not_regular};
use crate::render::templates::UserTemplate;
use crate::settings::{CAPTURE_FILES, Layer, Layout, Located, docs_of_a_capture};
use crate::text_file::decode;

/// The names of a capture's own trace.
pub(super) const TRACES: [&str; 2] = ["trace.har", "trace.log"];

/// Those of [`CAPTURE_FILES`] that make a folder a capture's.
pub(super) const OF_A_CAPTURE: [&str; 3] = ["capture.toml", "trace.har", "trace.log"];

/// The file that makes a folder a report's.
pub(super) const REPORT: &str = "report.toml";

/// The file that makes a folder an index's.
pub(super) const INDEX: &str = "index.toml";

/// The file that holds settings for all captures below it.
pub const SHARED_SETTINGS: &str = "docgen.toml";

/// How many `docgen.toml` files may be above each other: each capture reads all that are above it.
const MOST_SETTINGS: usize = 64;

/// The own page of a folder that has one: an index's, a report's, or a capture's in the layout of its settings.
pub(super) fn page_of(root: &Root, folder: &Folder) -> PagePath {
    if folder.file(INDEX).is_some() {
        return PagePath::index_of(&folder.path);
    }
    if folder.file(REPORT).is_some() {
        return PagePath::own(&folder.path, Layout::Page);
    }
    let settings = Capture::settings(root, folder);
    PagePath::own(&folder.path, settings.map(|settings| settings.layout).unwrap_or_default())
}

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
    /// The files of [`CAPTURE_FILES`] that it holds, and its report's or index's, sorted by name.
    pub files: Vec<Found>,
    /// The `docgen.toml` files above it, from the root down.
    pub shared: Vec<Arc<SharedSettings>>,
}

/// A `docgen.toml`, which is read once for all captures below it.
#[derive(Debug)]
pub struct SharedSettings {
    /// The file.
    pub(super) found: Found,
    read: OnceLock<Result<(Digest, Layer)>>,
}

impl SharedSettings {
    /// What it says.
    ///
    /// # Errors
    /// Where it cannot be read or is wrong.
    pub(crate) fn layer(&self, root: &Root) -> Result<&Layer> {
        self.read(root).map(|(_, layer)| layer)
    }

    /// Its digest, and what it says.
    pub(super) fn read(&self, root: &Root) -> Result<&(Digest, Layer)> {
        let read = || {
            let bytes = root.read(&self.found.path, LARGEST_TEXT)?;
            let digest = Digest::of(&bytes);
            let layer = Layer::parse(&self.found.path, &decode(&self.found.path, bytes)?)?;
            let is_of_all =
                root.below(&self.found.path).is_some_and(|below| below == Path::new(SHARED_SETTINGS));
            match layer.docs() {
                Some(docs) if !is_of_all => Err(docs_of_a_capture(docs)),
                _ => Ok((digest, layer)),
            }
        };
        self.read.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

impl Folder {
    /// The file of this name, if the folder holds it.
    pub fn file(&self, name: &str) -> Option<&Found> {
        self.files.iter().find(|file| file.name() == name)
    }

    /// Its own files, then those above it.
    pub(super) fn all_files(&self) -> impl Iterator<Item = &Found> {
        self.files.iter().chain(self.shared.iter().map(|shared| &shared.found))
    }
}

/// The capture folders below a root, and why others cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Captures {
    /// Those that can be read, in the order of their paths.
    pub(crate) folders: Vec<Folder>,
    /// The folders with a report, in the order of their paths.
    pub(crate) reports: Vec<Folder>,
    /// The folders with an index, in the order of their paths.
    pub(crate) indexes: Vec<Folder>,
    /// What is wrong with the others, and what was not looked at.
    pub(crate) errors: Vec<Error>,
    /// Paths of captures that cannot be read.
    failed: BTreeSet<String>,
    /// Paths of folders below which nobody knows what there is.
    unknown: BTreeSet<String>,
    /// How many folders have a name that no page can have.
    odd: usize,
    /// Links that may lead to folders, by the path that those would have.
    passed_over: BTreeMap<String, PathBuf>,
    /// Every `docgen.toml`, by its folder's path.
    shared: BTreeMap<String, Arc<SharedSettings>>,
    /// Page sources in folders without a trace or settings, by the folder's path.
    pub(super) sources_alone: BTreeMap<String, PathBuf>,
}

impl Captures {
    /// The `docgen.toml` files above a capture of this path, from the root down.
    pub(crate) fn shared_above(&self, path: &str) -> Vec<Arc<SharedSettings>> {
        if self.shared.is_empty() {
            return Vec::new();
        }
        ancestors(path).filter_map(|above| self.shared.get(above).cloned()).collect()
    }

    /// Every `docgen.toml`, with its folder's path.
    pub(super) fn settings_of_folders(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.shared.iter().map(|(path, shared)| (path.as_str(), shared.found.path.as_path()))
    }

    /// The folders that have a page: captures', reports' and indexes'.
    pub(super) fn all(&self) -> impl Iterator<Item = &Folder> {
        self.folders.iter().chain(&self.reports).chain(&self.indexes)
    }

    /// The captures' own pages, in the order of [`folders`](Self::folders). Reads their settings.
    pub(super) fn capture_pages(&self, root: &Root) -> Vec<PagePath> {
        self.folders.iter().map(|folder| page_of(root, folder)).collect()
    }

    /// The pages that the navigation of a site may name: those of all folders, without parts; `captures` are the
    /// [`capture_pages`](Self::capture_pages).
    pub(super) fn pages(&self, root: &Root, captures: &[PagePath]) -> BTreeSet<String> {
        let others = self.reports.iter().chain(&self.indexes).map(|folder| page_of(root, folder));
        captures.iter().map(PagePath::to_string).chain(others.map(|page| page.to_string())).collect()
    }

    /// Whether there is none, not even one that cannot be read.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty()
            && self.reports.is_empty()
            && self.indexes.is_empty()
            && self.errors.is_empty()
            && self.passed_over.is_empty()
    }

    /// How many cannot be read, a folder of unknown content counted as one.
    pub(super) fn failed(&self) -> usize {
        self.failed.len() + self.unknown.len() + self.odd
    }

    /// Whether a page may be one of a capture that cannot be read.
    pub(super) fn keeps(&self, page: &PagePath) -> bool {
        page.captures().any(|capture| self.is_left_out(capture))
    }

    /// Whether the capture of this path cannot be read.
    pub(super) fn is_left_out(&self, capture: &str) -> bool {
        self.failed.contains(capture)
            || ancestors(capture)
                .any(|above| self.unknown.contains(above) || self.passed_over.contains_key(above))
    }

    /// What to say of links that were not followed. Where one has the place of pages that docgen wrote, a
    /// person has to act.
    pub(super) fn not_followed<'a>(&self, pages: impl Iterator<Item = &'a PagePath>) -> Vec<Error> {
        let captures = pages.flat_map(PagePath::captures);
        let above: BTreeSet<&str> = captures.flat_map(ancestors).collect();
        let told = self.passed_over.iter().filter_map(|(path, link)| {
            let is_lost = above.contains(&**path);
            // A template or profile, of which somebody else speaks.
            let is_named_as_file = path.ends_with(".toml") || path.ends_with(".md");
            let message =
                format!("`{}` is a symbolic link, and docgen looks for captures behind none", link.display());
            let error = if is_lost { Error::new } else { Error::warning };
            let error = error(ErrorKind::Io, message).at(Place::file(link));
            let error = error.hint("put the folder in its place, or have docgen render it on its own");
            (is_lost || !is_named_as_file).then_some(error)
        });
        told.collect()
    }

    /// Whether the source of a page is there, and no trace to make it from.
    pub(super) fn has_source(&self, page: &PagePath) -> bool {
        page.captures().any(|capture| self.sources_alone.contains_key(capture))
    }
}

/// Opens the folder of the captures.
///
/// # Errors
/// [`ErrorKind::Io`] where there is none.
pub(crate) fn open(captures: &Path) -> Result<Root> {
    Root::open(captures).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            let error = match captures.symlink_metadata() {
                Ok(_) => format!("`{}` is no folder", captures.display()),
                Err(_) => format!("there is no folder `{}`", captures.display()),
            };
            Error::new(ErrorKind::Io, error).hint(
                "name the folder that holds the captures; `docgen capture CAPTURES PATH -- COMMAND` makes the first",
            )
        }
        _ => Error::io("read", captures, error),
    })
}

/// The traces of the captures in a folder, which may be one itself, in the order of their paths.
///
/// # Errors
/// [`ErrorKind::Io`] where the folder, or one in it, cannot be read, or holds no trace.
pub fn traces(folder: &Path) -> Result<Vec<PathBuf>> {
    let root = open(folder)?;
    let mut captures = find(&root, None)?;
    if !captures.errors.is_empty() {
        return Err(captures.errors.swap_remove(0));
    }
    let trace =
        |folder: &Folder| TRACES.iter().find_map(|name| folder.file(name)).map(|found| found.path.clone());
    let traces: Vec<PathBuf> = captures.folders.iter().filter_map(trace).collect();
    if traces.is_empty() {
        let message = format!("there is no trace below `{}`", folder.display());
        return Err(Error::new(ErrorKind::Io, message).hint("a capture's is called trace.har or trace.log"));
    }
    Ok(traces)
}

/// All capture folders below `root`. Names that begin with a dot are passed over, and so is the folder
/// `passed_over`, a path below it. A link to a file that stays below `root` is that file; one that leads out,
/// and what else is no file, costs the capture, as does a name that no page can have. No link to a folder is
/// followed.
///
/// # Errors
/// [`ErrorKind::Io`] where the root itself cannot be read.
pub(crate) fn find(root: &Root, passed_over: Option<&Path>) -> Result<Captures> {
    let mut captures = Captures::default();
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    // With how many files of settings are above each.
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((below, above)) = pending.pop() {
        let mut inner: Vec<PathBuf> = Vec::new();
        let dir = root.shown(&below);
        let path = match relative(&below) {
            Some(path) => Ok(path),
            None => Err(odd_name(&dir)),
        };
        let entries = match (root.entries(&dir), &path) {
            (Ok(entries), _) => entries,
            (Err(error), _) if below.as_os_str().is_empty() => return Err(error),
            (Err(error), path) => {
                captures.errors.push(error);
                captures.unknown.extend(path.as_ref().ok().cloned());
                continue;
            }
        };
        let mut is_odd = false;
        for entry in entries {
            if entry.name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let is_known =
                |name: &&str| [SHARED_SETTINGS, REPORT, INDEX].contains(name) || CAPTURE_FILES.contains(name);
            let known = entry.name.to_str().filter(is_known);
            let Some(name) = known else {
                if entry.file_type.is_dir() {
                    let below = below.join(&entry.name);
                    inner.extend((Some(&*below) != passed_over).then_some(below));
                } else if entry.file_type.is_symlink() {
                    captures.pass_over(root, &dir.join(&entry.name), path.as_deref().ok());
                }
                continue;
            };
            let Ok(path) = &path else {
                is_odd = true;
                continue;
            };
            let file = dir.join(name);
            let found = match found(root, &entry, file) {
                Ok(found) => found,
                Err(error) => {
                    captures.errors.push(error);
                    let left_out =
                        if name == SHARED_SETTINGS { &mut captures.unknown } else { &mut captures.failed };
                    left_out.insert(path.clone());
                    continue;
                }
            };
            if name == SHARED_SETTINGS {
                let settings = SharedSettings { found, read: OnceLock::new() };
                captures.shared.insert(path.clone(), Arc::new(settings));
            } else {
                let folder = folders.entry(path.clone()).or_insert_with_key(|path| Folder {
                    path: path.clone(),
                    dir: dir.clone(),
                    files: Vec::new(),
                    shared: Vec::new(),
                });
                folder.files.push(found);
            }
        }
        let has_settings = path.as_ref().is_ok_and(|path| captures.shared.contains_key(path));
        let settings = above + usize::from(has_settings);
        if settings > MOST_SETTINGS {
            captures.errors.push(too_many_settings(dir.join(SHARED_SETTINGS)));
            captures.unknown.extend(path.as_ref().ok().cloned());
        } else {
            pending.extend(inner.into_iter().map(|inner| (inner, settings)));
        }
        if let (true, Err(error)) = (is_odd, path) {
            captures.errors.push(error);
            captures.odd += 1;
        }
    }
    captures
        .errors
        .sort_by(|a, b| a.place().map(|place| &place.file).cmp(&b.place().map(|place| &place.file)));
    let is_capture = |folder: &Folder| OF_A_CAPTURE.iter().any(|name| folder.file(name).is_some());
    for mut folder in folders.into_values() {
        if captures.is_left_out(&folder.path) {
            continue;
        }
        let is_made = [REPORT, INDEX].iter().any(|name| folder.file(name).is_some());
        if !is_capture(&folder) && !is_made {
            let source = ["page.md", "body.md", "diagram.md"].iter().find_map(|name| folder.file(name));
            captures.sources_alone.extend(source.map(|source| (folder.path.clone(), source.path.clone())));
            continue;
        }
        folder.files.sort_by(|a, b| a.path.cmp(&b.path));
        folder.shared = captures.shared_above(&folder.path);
        let to = match (folder.file(INDEX), folder.file(REPORT)) {
            (Some(_), _) => &mut captures.indexes,
            (None, Some(_)) => &mut captures.reports,
            (None, None) => &mut captures.folders,
        };
        to.push(folder);
    }
    Ok(captures)
}

fn too_many_settings(file: PathBuf) -> Error {
    let message = format!("more than {MOST_SETTINGS} files of settings are in folders above each other");
    Error::new(ErrorKind::Setting, message)
        .at(Place::file(file))
        .hint("say in one docgen.toml what several of them say; what is below this one is left out")
}

/// A file of a capture, as it was found.
fn found(root: &Root, entry: &Entry, file: PathBuf) -> Result<Found> {
    let metadata = if entry.file_type.is_symlink() {
        let Some(below) = root.below(&file) else { return Err(root.outside(&file)) };
        root.dir().metadata(below).map_err(|error| root.error("read", &file, error))?
    } else {
        entry.metadata().map_err(|error| Error::io("read", &file, error))?
    };
    if !metadata.is_file() {
        return Err(not_regular(&file, metadata.is_dir()));
    }
    Ok(Found { stat: Stat::of(&metadata), path: file })
}

impl Captures {
    /// Notes a link that may lead to a folder of captures: what is below it is not looked at, and its pages
    /// are kept.
    fn pass_over(&mut self, root: &Root, link: &Path, folder: Option<&str>) {
        let name = link.file_name().and_then(|name| name.to_str());
        let (Some(folder), Some(name)) = (folder, name) else { return };
        if root.is_file(link) {
            return;
        }
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        self.passed_over.insert(path, link.to_owned());
    }
}

/// The settings files above a capture folder, from the farthest to the nearest: those of the
/// folders above it that hold a `docgen.toml`, up to the first that holds none.
///
/// # Errors
/// [`ErrorKind::Io`] where one cannot be read, [`ErrorKind::Setting`] where one is wrong.
pub(crate) fn settings_above(folder: &Path) -> Result<Vec<Layer>> {
    let absolute = std::path::absolute(folder).map_err(|error| Error::io("find", folder, error))?;
    let settings = |folder: &Path| folder.join(SHARED_SETTINGS);
    let is_there = |file: &PathBuf| file.symlink_metadata().is_ok();
    let nearest = absolute.ancestors().skip(1).find(|folder| is_there(&settings(folder)));
    let from = nearest.into_iter().flat_map(Path::ancestors).map(settings);
    let mut files: Vec<PathBuf> = from.take_while(is_there).collect();
    files.reverse();
    let Some(outermost) = files.first().and_then(|file| file.parent()) else { return Ok(Vec::new()) };
    let root = Root::open(outermost).map_err(|error| Error::io("read", outermost, error))?;
    files.iter().map(|file| Layer::parse(file, &root.read_text(file)?)).collect()
}

/// The folder of all captures that a capture folder is below: the highest one above with a `docgen.toml`,
/// else one that is called `captures`. The folder itself may be missing.
pub(crate) fn root_above(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let has_settings = |folder: &&Path| folder.join(SHARED_SETTINGS).is_file();
    let is_named = |folder: &&Path| folder.file_name().is_some_and(|name| name == "captures");
    let found = absolute.ancestors().filter(has_settings).last();
    found.or(absolute.ancestors().find(is_named)).map(Path::to_owned)
}

/// The templates and phrase files in folders of the user's, the nearest folder first, by name.
///
/// # Errors
/// [`ErrorKind::Io`] where a folder or file cannot be read, [`ErrorKind::Setting`] where settings may not
/// name it.
pub(crate) fn user_templates(
    named: &NamedFiles,
    dirs: &[Located<PathBuf>],
) -> Result<BTreeMap<String, UserTemplate>> {
    let mut templates = BTreeMap::new();
    for Located { value: dir, place } in dirs.iter().rev() {
        let root = named.expect_root_of(dir, place)?;
        if !root.is_dir(dir) {
            let missing = Error::new(ErrorKind::Io, format!("there is no folder `{}`", dir.display()))
                .hint("`docgen templates eject --to FOLDER` makes one of the default templates");
            let error = root.leads_out(dir).unwrap_or(missing);
            return Err(error.at(place.clone()));
        }
        let is_template =
            |file: &Path| file.extension().is_some_and(|ending| ending == "md" || ending == "toml");
        let (files, mut errors) = root.files(dir, &|_| false);
        if let Some(error) = errors.pop() {
            return Err(error);
        }
        for Listed { path: file, is_file, is_link } in files {
            // An editor marks a file that is open with a hidden link that leads nowhere.
            let is_expected = is_file || file.file_name().is_some_and(is_hidden);
            if !is_expected && (is_link || is_template(&file)) {
                let error = root.leads_out(&file).unwrap_or_else(|| not_regular(&file, root.is_dir(&file)));
                return Err(error.hint(
                    "a template is a file below its folder; remove the other, or put the file in its place",
                ));
            }
            if !is_file || !is_template(&file) {
                continue;
            }
            let below = file.strip_prefix(dir).unwrap_or(&file);
            let name = relative(below).ok_or_else(|| odd_name(&file))?;
            let text = Arc::from(root.read_text(&file)?);
            templates.insert(name, UserTemplate { file, text });
        }
    }
    Ok(templates)
}

/// A path with `/` between its parts, if a page can have it.
fn relative(below: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|path| !path.contains(char::is_control))
}

fn odd_name(path: &Path) -> Error {
    Error::new(
        ErrorKind::Io,
        format!(
            "`{}` cannot name a page: it is not UTF-8, or has control characters",
            path.display().to_string().replace('\n', "\\n")
        ),
    )
    .hint("rename it")
}

/// The paths of the folders from the root (``) down to `path` itself.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain((!path.is_empty()).then_some(path.len()));
    std::iter::once("").chain(ends.map(|end| &path[..end]))
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
