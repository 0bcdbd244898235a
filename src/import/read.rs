//! A hand-written page and the snippets that it includes, read from disk.
//!
//! What a page includes is read below its own docs folder only, through no link that leads out: a page
//! comes from somebody, and its includes must not fetch another file of this machine into a capture. What this leaves out:
//! what the texts say.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;
use crate::files::folder::{self, Change};
use crate::text_file::read_text;

/// A page, as somebody wrote it.
#[derive(Clone, Debug, Default)]
pub struct HandWritten {
    /// The page.
    pub page: TextFile,
    /// The prefix of the page's own snippets, with its `/`, where it includes any.
    pub snippet_prefix: Option<String>,
    /// The snippet with the diagram's messages.
    pub diagram: Option<TextFile>,
    /// The snippet with the sections of the messages.
    pub body: Option<TextFile>,
    /// The snippet with the log.
    pub log: Option<TextFile>,
    /// Includes that could not be read: their bytes in the page, and why.
    pub missing: Vec<(Range<usize>, String)>,
}

/// A file and its content.
#[derive(Clone, Debug, Default)]
pub struct TextFile {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// Its content.
    pub text: String,
    /// Whether `text` stands for one with the line ends of Windows, and has those of Unix.
    pub has_windows_ends: bool,
}

impl TextFile {
    /// The content of a file.
    pub fn new(file: impl Into<PathBuf>, text: impl Into<String>) -> TextFile {
        TextFile { file: file.into(), text: text.into(), has_windows_ends: false }
    }

    fn with_unix_ends(&self) -> TextFile {
        let has_windows_ends = crate::render::holes::has_windows_ends(&self.text);
        let text = if has_windows_ends { self.text.replace("\r\n", "\n") } else { self.text.clone() };
        TextFile { file: self.file.clone(), text, has_windows_ends }
    }
}

impl HandWritten {
    /// Reads a page and its snippets. `docs` is the docs folder; without one it is found from the
    /// page's own place.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where the page cannot be read or is not UTF-8. An include that cannot be
    /// read is no error; it is told in [`HandWritten::missing`].
    pub fn read(file: &Path, docs: Option<&Path>) -> Result<HandWritten> {
        let text = match docs.and_then(|docs| Root::open(docs).ok()).filter(|docs| docs.below(file).is_some())
        {
            Some(docs) => docs.read_text(file)?,
            None => read_text(file)?,
        };
        HandWritten::with_snippets(TextFile::new(file, text), docs)
    }

    /// A page that was read already, with its snippets.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where a snippet of its own cannot be read.
    pub fn with_snippets(page: TextFile, docs: Option<&Path>) -> Result<HandWritten> {
        let file = page.file.clone();
        let mut page = HandWritten::of(page);
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for include in includes(&page.page.text) {
            let (_, name) = include.path.rsplit_once('/').unwrap_or(("", &include.path));
            let is_own = Some(include.prefix()) == page.snippet_prefix.as_deref() && SNIPPETS.contains(&name);
            let found = docs_folder(folder, docs, include.prefix())
                .ok_or_else(|| "the page's docs folder is not known".to_owned())
                .and_then(|docs| find_below(&docs, &include.path));
            match found {
                Ok((docs, found)) if is_own => {
                    let text = docs.read_text(&found)?;
                    let snippet = Some(TextFile::new(found, text));
                    match name {
                        "diagram.md" => page.diagram = snippet,
                        "body.md" => page.body = snippet,
                        _ => page.log = snippet,
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    page.missing.push((include.range, format!("`{}` is not included: {why}", include.path)))
                }
            }
        }
        Ok(page)
    }

    /// A page alone, without its snippets.
    pub fn of(page: TextFile) -> HandWritten {
        let own =
            |include: &Include| SNIPPETS.iter().any(|name| include.path.rsplit('/').next() == Some(name));
        let snippet_prefix =
            includes(&page.text).into_iter().find(own).map(|include| include.prefix().to_owned());
        HandWritten { page, snippet_prefix, ..HandWritten::default() }
    }

    /// The same page, its files with the line ends of Unix.
    pub(super) fn with_unix_ends(&self) -> HandWritten {
        let page = self.page.with_unix_ends();
        let missing = self.missing.iter().map(|(range, why)| {
            // Each line before the place was a byte longer.
            let shorter = if page.has_windows_ends {
                memchr::memchr_iter(b'\r', &self.page.text.as_bytes()[..range.start]).count()
            } else {
                0
            };
            (range.start - shorter..range.end - shorter, why.clone())
        });
        let snippet = |file: &Option<TextFile>| file.as_ref().map(TextFile::with_unix_ends);
        HandWritten {
            missing: missing.collect(),
            snippet_prefix: self.snippet_prefix.clone(),
            diagram: snippet(&self.diagram),
            body: snippet(&self.body),
            log: snippet(&self.log),
            page,
        }
    }

    /// Whether the page includes a snippet of this file's name as its own.
    pub fn includes(&self, name: &str) -> bool {
        let path = self.snippet_prefix.as_deref().map(|prefix| format!("{prefix}{name}"));
        path.is_some_and(|path| includes(&self.page.text).iter().any(|include| include.path == path))
    }
}

/// The snippets of a page in the `snippets` layout.
const SNIPPETS: [&str; 3] = ["diagram.md", "body.md", "log.md"];

/// A line that includes a file: `--8<-- "a/b.md"`.
#[derive(Debug, PartialEq)]
pub(crate) struct Include {
    /// The bytes of the path, in the page.
    pub(crate) range: Range<usize>,
    pub(crate) path: String,
}

impl Include {
    /// The path up to its last `/`, that included.
    fn prefix(&self) -> &str {
        &self.path[..self.path.rfind('/').map_or(0, |slash| slash + 1)]
    }
}

/// The includes of a text, by pymdownx's rule: a marker alone on its line with a quoted path.
pub(crate) fn includes(text: &str) -> Vec<Include> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let line_start = start;
        start += line.len();
        let rest = line.trim();
        let Some(rest) = rest.strip_prefix('-').map(|rest| rest.trim_start_matches('-')) else { continue };
        let Some(rest) = rest.strip_prefix("8<-").map(|rest| rest.trim_start_matches('-')) else { continue };
        let rest = rest.trim_start();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let Some(path) =
            rest[1..].strip_suffix(quote).filter(|path| !path.is_empty() && !path.contains(quote))
        else {
            continue;
        };
        let at = line_start + line.find(path).unwrap_or(0);
        found.push(Include { range: at..at + path.len(), path: path.to_owned() });
    }
    found
}

/// The docs folder of a page in `folder` that includes snippets by this prefix: the folder that
/// is given, else the one below which the prefix leads to the page's own folder, else the nearest
/// one with the configuration of a site beside it.
fn docs_folder(folder: &Path, given: Option<&Path>, prefix: &str) -> Option<PathBuf> {
    if let Some(given) = given {
        return Some(given.to_path_buf());
    }
    let folder = folder.canonicalize().ok()?;
    let parts: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() && folder.ends_with(parts.iter().collect::<PathBuf>()) {
        return folder.ancestors().nth(parts.len()).map(Path::to_path_buf);
    }
    let is_docs = |folder: &&Path| {
        folder.parent().is_some_and(|above| {
            ["mkdocs.yml", "mkdocs.yaml", "zensical.toml"].iter().any(|name| above.join(name).is_file())
        })
    };
    Some(folder.ancestors().find(is_docs).unwrap_or(&folder).to_path_buf())
}

/// The docs folder, and the file at `path` below it; the error says why there is none.
fn find_below(docs: &Path, path: &str) -> Result<(Root, PathBuf), String> {
    let relative = Path::new(path);
    let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_plain || path.contains('\\') {
        return Err("only files below the docs folder are read".to_owned());
    }
    let file = docs.join(relative);
    let missing = || format!("there is no such file below {}", docs.display());
    let root = Root::open(docs).map_err(|_| missing())?;
    if root.leads_out(&file).is_some() {
        return Err("it leads out of the docs folder".to_owned());
    }
    match root.metadata(&file) {
        Some(metadata) if metadata.is_file() => Ok((root, file)),
        Some(_) => Err("it is no file".to_owned()),
        None => Err(missing()),
    }
}

/// Writes files into a capture folder below `captures`, all or none of those that are in the way.
///
/// # Errors
/// [`ErrorKind::Ownership`] where one of them is there already and `force` is not set;
/// [`ErrorKind::Io`] where one cannot be written.
pub fn write(captures: &Path, folder: &Path, files: &[(&'static str, String)], force: bool) -> Result<()> {
    let known = crate::settings::CAPTURE_FILES;
    let root = Root::create(captures).map_err(|error| Error::io("make", captures, error))?;
    let in_the_way = known.iter().map(|name| folder.join(name)).find(|file| root.is_there(file));
    if let Some(file) = in_the_way.filter(|_| !force) {
        return Err(Error::new(ErrorKind::Ownership, format!("`{}` is there already", file.display()))
            .at(Place::file(&file))
            .hint("import into another folder, or replace the capture with `--force`"));
    }
    // What an earlier import left and this one does not have would be part of the page.
    let gone = known.iter().filter(|name| !files.iter().any(|(written, _)| written == *name));
    let changes: Vec<Change<'_>> = files
        .iter()
        .map(|(name, text)| (*name, Some(text.as_str())))
        .chain(gone.map(|name| (*name, None)))
        .collect();
    folder::change(&root, folder, &changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found() {
        let found = includes("x --8<-- \"no\"\n    --8<-- \"a/b.md\"\n-8<- 'c.md' \n;--8<-- \"d\"\n--8<--\n");
        let paths: Vec<&str> = found.iter().map(|include| include.path.as_str()).collect();
        assert_eq!(paths, ["a/b.md", "c.md"]);
    }

    #[test]
    fn nothing_outside_the_docs_folder_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let docs = dir.path().join("docs");
        std::fs::create_dir_all(docs.join("a")).unwrap();
        std::fs::write(dir.path().join("secret.md"), "s").unwrap();
        std::fs::write(docs.join("a/body.md"), "### (1) GET /a\n").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret.md"), docs.join("a/log.md")).unwrap();
        let page = "--8<-- \"a/body.md\"\n--8<-- \"a/log.md\"\n--8<-- \"a/../../secret.md\"\n--8<-- \"a/diagram.md\"\n";
        std::fs::write(docs.join("a/index.md"), page).unwrap();
        let read = HandWritten::read(&docs.join("a/index.md"), None).unwrap();
        assert!(read.body.is_some() && read.log.is_none() && read.diagram.is_none());
        let why: Vec<&str> = read.missing.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(why.len(), 3, "{why:?}");
        assert!(why[0].contains("leads out") && why[1].contains("only files below"), "{why:?}");
    }
}
