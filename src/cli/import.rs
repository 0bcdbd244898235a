//! `docgen import`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON, Trust, recording, status};
use crate::error::{Error, ErrorKind, Place, Result, counted};
use crate::files::{Listed, Root, is_hidden};
use crate::import::{
    HandWritten, Imported, Surroundings, TextFile, curl_page, documents_calls, import, refusal, write,
};
use crate::redact::{Tally, redact};
use crate::render::templates::Templates;
use crate::settings::Settings;
use crate::site::WrittenPages;
use crate::site::folders::{self, root_above, settings_above, user_templates};
use crate::site::named_files::NamedFiles;
use crate::source;
use crate::text_file::{decode, read_recording};

/// Make captures of pages that were written by hand, or of logs
#[derive(Debug, Args)]
#[command(after_help = "\
A page becomes a capture folder: what its sections print goes into trace.har, its sentences into
page.md, and `docgen render` gives the page back, byte for byte. What cannot be understood stays
text and is listed with its line. A page that includes its diagram and its messages as snippets is
imported with them.

Examples:
  docgen import docs/openstack/image/show.md captures/openstack/image/show
  docgen import docs/openstack/image/list/index.md captures/openstack/image/list
  docgen import docs captures                   every page below docs that documents calls
  docgen import trace.har captures/openstack/image/show   a trace, with its secrets replaced")]
pub(super) struct Import {
    /// The page, a folder of pages, or a trace: HAR, or a log that docgen reads
    page: PathBuf,
    /// The capture's folder; for a folder of pages, the folder of the captures
    capture: PathBuf,
    /// Of a page: the docs folder, below which its snippets are read [default: found from the page]
    #[arg(long, value_name = "FOLDER")]
    docs: Option<PathBuf>,
    /// Replace captures that are there already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    trust: Trust,
    /// Of a trace: write tokens and passwords as they are, unredacted
    #[arg(long)]
    keep_secrets: bool,
}

impl Import {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        if self.page.is_dir() {
            return self.folder(ui);
        }
        let bytes = read_recording(&self.page)?;
        if source::detect(&source::decode(bytes.clone())).is_some() && !looks_like_a_page(&self.page) {
            return self.log(bytes, ui);
        }
        let is_file = self.page.is_file();
        let page = if is_file {
            HandWritten::read(&self.page, self.docs.as_deref())?
        } else {
            // What comes out of a pipe comes once.
            let text = TextFile::new(&self.page, decode(&self.page, bytes)?);
            HandWritten::with_snippets(text, self.docs.as_deref())?
        };
        if !documents_calls(&page) && !looks_like_a_page(&self.page) {
            return Err(Error::new(ErrorKind::UnknownFormat, "this is neither a page nor a trace that docgen reads")
                .at(Place::file(&self.page))
                .hint("a trace is a HAR 1.2 file, or a log of requestshook, requests-observer or an OpenStack client; a page is a .md file"));
        }
        if is_file && WrittenPages::default().holds(&self.page)? {
            return Err(Error::new(ErrorKind::Ownership, "docgen wrote this page itself, from a capture")
                .at(Place::file(&self.page))
                .hint("change its page.md instead, or write one with `docgen new`; a page to import is one that somebody wrote"));
        }
        if !documents_calls(&page) {
            return Err(refusal(&page));
        }
        match self.one(&page, &captures_of(&self.capture), &self.capture) {
            Ok(imported) => {
                ui.notices(&imported.notices);
                ui.say(format_args!("{}: {}", self.capture.display(), summary(&imported)));
                Ok(DONE)
            }
            Err(errors) => {
                ui.errors(&errors);
                Ok(NEEDS_A_PERSON)
            }
        }
    }

    /// Takes in a trace that something else recorded.
    fn log(&self, bytes: Vec<u8>, ui: &Ui) -> Result<u8> {
        let there = ["trace.har", "trace.log"].map(|name| self.capture.join(name));
        let captures = captures_of(&self.capture);
        let root = folders::open(&captures)?;
        if let Some(file) = there.iter().find(|file| root.is_there(file)).filter(|_| !self.force) {
            return Err(Error::new(ErrorKind::Ownership, "a trace is there already")
                .at(Place::file(file))
                .hint("import into another folder, or replace the trace with `--force`"));
        }
        let read = source::read(&self.page, bytes);
        ui.errors(&read.diagnostics);
        if read.trace.exchanges.is_empty() {
            return Err(Error::new(
                ErrorKind::Import,
                "there is no exchange in this log, and nothing was imported",
            )
            .at(Place::file(&self.page)));
        }
        let unkept: usize = read.trace.exchanges.iter().map(|exchange| exchange.web_socket_messages).sum();
        if unkept > 0 {
            ui.say(format_args!(
                "not kept, for a page does not show them: {}",
                counted(unkept, "WebSocket message")
            ));
        }
        let mut tally = Tally::default();
        let trace = if self.keep_secrets {
            recording::warn_of_secrets(ui);
            read.trace
        } else {
            let settings = recording::settings_of(&root, &self.capture)?;
            let redacted = redact(read.trace, "", &recording::rules(&captures, &settings)?);
            tally = redacted.tally;
            redacted.trace
        };
        recording::put(&root, &self.capture, &[("trace.har", &source::har::write::write(&trace))])?;
        ui.detail(format_args!("wrote {}", self.capture.join("trace.har").display()));
        recording::tell_replaced(&tally, ui);
        ui.say(format_args!("{}: {}", self.capture.display(), counted(trace.exchanges.len(), "exchange")));
        Ok(status(&read.diagnostics))
    }

    /// What settings and templates are above a capture folder: those of the folders above that hold
    /// a `docgen.toml`, up to the first that holds none.
    fn surroundings(&self, captures: &Path, folder: &Path) -> Result<Surroundings> {
        let absolute = std::path::absolute(folder).map_err(|error| Error::io("find", folder, error))?;
        let layers = settings_above(&absolute)?;
        let named = NamedFiles::new(&captures_of(captures), &self.trust.folders)?;
        let users = user_templates(&named, &Settings::resolve(&layers).templates)?;
        let root = layers.first().and_then(|layer| layer.file().parent()).or(absolute.parent());
        let path = absolute.strip_prefix(root.unwrap_or(&absolute)).unwrap_or(&absolute);
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        Ok(Surroundings { path: parts.join("/"), layers, templates: Arc::new(Templates::new(users)?) })
    }

    fn one(&self, page: &HandWritten, captures: &Path, folder: &Path) -> Result<Imported, Vec<Error>> {
        let one = |error| vec![error];
        // Settings are looked for from there on up.
        Root::create(captures).map_err(|error| one(Error::io("make", captures, error)))?;
        let imported = import(page, &self.surroundings(captures, folder).map_err(one)?)?;
        write(captures, folder, &imported.files, self.force).map_err(one)?;
        Ok(imported)
    }

    /// Imports every page below a folder to the same path below another.
    fn folder(&self, ui: &Ui) -> Result<u8> {
        let docs = self.docs.as_deref().unwrap_or(&self.page);
        let (mut pages, mut own, mut others, mut failed) = (0, 0, 0, 0);
        let (mut exchanges, mut notices, mut written) = (0, 0, WrittenPages::default());
        let root = folders::open(&self.page)?;
        let (files, errors) = root.files(root.path(), &is_hidden);
        ui.errors(&errors);
        failed += errors.len();
        let (files, odd): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.is_file && !file.is_link);
        for file in odd {
            others += usize::from(is_markdown(&file.path));
            ui.errors(passed_over(&file).as_slice());
        }
        for file in files.into_iter().map(|file| file.path).filter(|file| is_markdown(file)) {
            let read = written.holds(&file).and_then(|is_own| {
                let page = HandWritten::read(&file, Some(docs));
                page.map(|page| (page, is_own))
            });
            let page = match read {
                Ok((_, true)) => {
                    own += 1;
                    continue;
                }
                Ok((page, _)) if !documents_calls(&page) || is_snippet(&root, &file) => {
                    ui.notices(curl_page(&page).as_slice());
                    others += 1;
                    continue;
                }
                Ok((page, _)) => page,
                Err(error) => {
                    ui.errors(&[error]);
                    failed += 1;
                    continue;
                }
            };
            let path = capture_path(&self.page, &file, &page);
            let folder = self.capture.join(&path);
            match self.one(&page, &self.capture, &folder) {
                Ok(imported) => {
                    ui.notices(&imported.notices);
                    ui.say(format_args!("{}: {}", folder.display(), summary(&imported)));
                    pages += 1;
                    exchanges += imported.exchanges;
                    notices += imported.notices.len();
                }
                Err(errors) => {
                    ui.errors(&errors);
                    failed += 1;
                }
            }
        }
        if own > 0 {
            ui.say(format_args!("{} passed over, because docgen wrote them itself", counted(own, "page")));
        }
        ui.say(format_args!(
            "{} imported with {}; {} kept as text; {} passed over; {failed} failed",
            counted(pages, "page"),
            counted(exchanges, "exchange"),
            counted(notices, "place"),
            counted(others, "other file"),
        ));
        Ok(if failed == 0 { DONE } else { NEEDS_A_PERSON })
    }
}

/// Whether a file's name says that it is a page: a page may quote a log.
fn looks_like_a_page(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

fn summary(imported: &Imported) -> String {
    let drawn = match imported.drawn {
        0 => String::new(),
        drawn => format!(", {drawn} of them only drawn"),
    };
    let places = match imported.notices.len() {
        0 => String::new(),
        count => format!("; {} kept as text", counted(count, "place")),
    };
    format!("{}{drawn}{places}", counted(imported.exchanges, "exchange"))
}

/// The folder of all captures for one that the user names. Where nothing marks it, or it is not there yet,
/// it is what is there of the folder's own path.
fn captures_of(folder: &Path) -> PathBuf {
    let marked = root_above(folder).filter(|root| root.is_dir());
    let is_there = |above: &&Path| above.is_dir() && !above.as_os_str().is_empty();
    marked.unwrap_or_else(|| folder.ancestors().find(is_there).unwrap_or(Path::new(".")).to_owned())
}

/// Whether a file is Markdown by its name.
fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

/// What to say of a link or a pipe that may stand for pages, and is not looked behind.
fn passed_over(file: &Listed) -> Option<Error> {
    let path = &file.path;
    // What a link leads to is only asked for its kind.
    let is_folder = file.is_link && path.is_dir();
    let what = match (file.is_link, is_folder || is_markdown(path)) {
        (_, false) => return None,
        (true, true) => "a symbolic link",
        (false, true) => "no regular file",
    };
    let message = format!("`{}` is {what}, and is passed over", path.display());
    let error = Error::warning(ErrorKind::Io, message).at(Place::file(path));
    Some(error.hint("import what it leads to by its own name"))
}

/// Whether a file is a snippet of the page beside it.
fn is_snippet(root: &Root, file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(folder) = file.parent().filter(|_| ["diagram.md", "body.md", "log.md"].contains(&name)) else {
        return false;
    };
    let beside = |name_beside: &std::ffi::OsStr| {
        let path = folder.join(name_beside);
        let is_markdown = path.extension().is_some_and(|extension| extension == "md") && path != file;
        is_markdown
            && root
                .read_text(&path)
                .is_ok_and(|text| HandWritten::of(TextFile::new(path, text)).includes(name))
    };
    root.entries(folder).is_ok_and(|entries| entries.iter().any(|entry| beside(&entry.name)))
}

/// The path of a page's capture: its own, or that of its folder where it is made of snippets.
fn capture_path(root: &Path, file: &Path, page: &HandWritten) -> PathBuf {
    let below = file.strip_prefix(root).unwrap_or(file).with_extension("");
    match (page.snippet_prefix.is_some() && below.ends_with("index"), below.parent()) {
        (true, Some(folder)) => folder.to_path_buf(),
        _ => below,
    }
}
