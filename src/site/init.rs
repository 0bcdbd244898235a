//! docgen added to a site that is there, or a first site where there is none.
//!
//! A second run changes nothing. What is a person's is never written over: a configuration only gets lines added
//! (`site_config`), another file of docgen's is renewed where it is still as docgen wrote it, and left
//! alone where it is not. What this leaves out: what pages need of a configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::builder_config::{MOST_PARENTS, read_configs, with_parents};
use super::capture::Capture;
use super::file_state::Digest;
use super::folders;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::own_folder::OwnFolder;
use crate::files::whole::StagingFolder;
use crate::files::{LARGEST_TEXT, Root};
use crate::page::command_line;
use crate::render::drawing::expect_drawable;
use crate::schema::SchemaOf;
use crate::settings::{DiagramFormat, Layout, Settings};
use crate::site_config::{Config, DOCS, MERMAID, Pages, SCRIPT, STYLE};

const STYLE_SHEET: &str = include_str!("../../docs/assets/stylesheets/docgen.css");
const OWN_SCRIPT: &str = include_str!("../../docs/assets/javascripts/docgen.js");
const MERMAID_PACKED: &[u8] = include_bytes!("../../assets/mermaid.min.js.gz");
const MKDOCS_YML: &str = include_str!("../../assets/init/mkdocs.yml");
const ZENSICAL_TOML: &str = "[project]\nsite_name = \"{{ site_name }}\"\n";
const INDEX: &str = include_str!("../../assets/init/index.md");
const SETTINGS: &str = include_str!("../../assets/init/docgen.toml");
const NAV: &str = include_str!("../../assets/init/nav.yml");
const LANGUAGE: &str = include_str!("../../assets/init/overrides/partials/language.html");
const TAPLO: &str = include_str!("../../assets/init/taplo.toml");
const WORKFLOW: &str = include_str!("../../assets/init/workflow.yml");

/// The path of the first capture.
const HELLO_PATH: &str = "hello";
/// A first capture, to see how one looks: its files by name.
const HELLO: [(&str, &str); 4] = [
    ("capture.toml", include_str!("../../assets/init/captures/hello/capture.toml")),
    ("output.txt", include_str!("../../assets/init/captures/hello/output.txt")),
    ("page.md", include_str!("../../assets/init/captures/hello/page.md")),
    ("trace.har", include_str!("../../assets/init/captures/hello/trace.har")),
];

/// The configuration of a site that has none.
const MKDOCS: &str = "mkdocs.yml";

/// Where GitHub reads a workflow.
const WORKFLOW_FILE: &str = ".github/workflows/docs.yml";

/// The file in docgen's own folder that says which files of a site it wrote: a line a file, with a digest.
const WRITTEN: &str = "site";

/// What to make, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The site's folder, the one with its configuration.
    pub site: PathBuf,
    /// The path of the folder of the captures from there.
    pub captures: String,
    /// Whether docgen's plugin for MkDocs and ProperDocs is there to be named.
    pub has_plugin: bool,
    /// How many threads look at captures that are there.
    pub jobs: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Started {
    /// The files that were made.
    pub made: Vec<PathBuf>,
    /// The files of a person's that got lines added.
    pub completed: Vec<PathBuf>,
    /// The files of docgen's that were renewed.
    pub renewed: Vec<PathBuf>,
    /// How many files were as they should be.
    pub unchanged: usize,
    /// What is left for a person to do.
    pub left: Vec<Error>,
    /// The folder of the captures, and that of the pages.
    pub folders: (PathBuf, PathBuf),
}

/// Adds to a site what docgen's pages need, and makes one where there is none.
///
/// # Errors
/// [`ErrorKind::Io`] where the folder cannot be read or written, [`ErrorKind::Setting`] where a configuration
/// cannot be read. Nothing is changed by then.
pub fn init(options: &Options) -> Result<Started> {
    let root = Root::create(&options.site).map_err(|error| Error::io("make", &options.site, error))?;
    let captures = Path::new(&options.captures);
    if captures.is_absolute() || captures.components().any(|part| part.as_os_str() == "..") {
        let message = format!("`{}` is not below the site's folder", options.captures);
        return Err(
            Error::new(ErrorKind::Usage, message).hint("name the folder from there: `--captures captures`")
        );
    }
    let files = read_configs(&root)?;
    let parsed = files.iter().map(|(file, text)| Config::parse(file, text.as_str()));
    let configs: Vec<Config<'_>> = parsed.collect::<Result<_>>()?;
    let docs = match configs.first() {
        Some(own) => with_parents(&root, own.clone(), MOST_PARENTS).unwrap_or(own.clone()).docs()?,
        None => DOCS.to_owned(),
    };
    let found = match Root::open(&root.shown(captures)) {
        Ok(opened) => Some((folders::find(&opened, None)?, opened)),
        Err(_) => None,
    };
    let has_captures = found.as_ref().is_some_and(|(found, _)| !found.is_empty());
    let has_parts = found.as_ref().is_some_and(|(found, opened)| has_parts(opened, &found.folders));
    let has_indexes = has_parts || found.as_ref().is_some_and(|(found, _)| !found.indexes.is_empty());
    let mut own_pages = found
        .as_ref()
        .map_or_else(BTreeSet::new, |(found, opened)| found.pages(opened, &found.capture_pages(opened)));
    let docs_root = Root::create(&root.shown(Path::new(&docs)))
        .map_err(|error| Error::io("make", &root.shown(Path::new(&docs)), error))?;
    let own = OwnFolder::of(&docs_root)?;
    let shared = found
        .as_ref()
        .map_or_else(|| Ok(Settings::default()), |(found, opened)| settings_of_first(opened, found));
    let made = has_captures.then(|| has_mermaid(options, &root.shown(captures), docs_root.path())).flatten();
    let has_mermaid = made.unwrap_or_else(|| {
        shared.as_ref().map_or(true, |settings| settings.diagram == DiagramFormat::Mermaid)
    });

    let mut site = Site { root: &root, written: read_written(&own)?, started: Started::default() };
    site.started.folders = (root.shown(captures), root.shown(Path::new(&docs)));
    site.started.left.extend(shared.and_then(|settings| expect_drawable(&settings)).err());
    let name = site_name(&root);
    // One that says nothing is one that somebody is about to write.
    let is_new = configs.iter().all(Config::is_empty);
    let plugin = options.has_plugin.then_some(&*options.captures);
    // Zensical has most of what pages need where its own configuration says nothing of it. For the others, what
    // those of all layouts need. Without the plugin for it, folders with pages are called by them when there are
    // any: `check` says how.
    let has_all = is_new && !configs.iter().any(Config::is_toml);
    let has_indexes = if has_all { plugin.is_some() } else { has_indexes };
    let pages = Pages { docs: &docs, has_parts: has_parts || has_all, has_indexes, has_mermaid, plugin };
    if configs.is_empty() {
        let file = root.shown(Path::new(MKDOCS));
        let (text, left) =
            Config::parse(&file, MKDOCS_YML.replace("{{ site_name }}", &name))?.completed(pages);
        site.make(Path::new(MKDOCS), text.as_bytes())?;
        site.started.left.extend(left);
    }
    if !has_captures {
        own_pages.insert(format!("{HELLO_PATH}.md"));
    }
    for config in &configs {
        let begun = if is_new { begun(config, &name)? } else { config.clone() };
        site.complete(config, &begun, pages)?;
        let whole = with_parents(&root, config.clone(), MOST_PARENTS);
        site.started.left.extend(whole.ok().and_then(|whole| whole.nav_lacks(&own_pages)));
    }
    site.renew(&Path::new(&docs).join(STYLE), STYLE_SHEET.as_bytes())?;
    for script in [SCRIPT, MERMAID] {
        let file = Path::new(&docs).join(script);
        let is_named = configs.iter().any(|config| config.names(script));
        // One that the configuration names, or that is there from before, is wanted all the same.
        if has_mermaid || root.is_there(&root.shown(&file)) || is_named {
            match script {
                MERMAID => site.renew(&file, &unpacked(MERMAID_PACKED)?)?,
                _ => site.renew(&file, OWN_SCRIPT.as_bytes())?,
            }
        }
    }
    for schema in SchemaOf::ALL {
        let file = captures.join("schemas").join(format!("{}.json", schema.name()));
        site.renew(&file, schema.text().as_bytes())?;
    }
    let fill = |text: &str| {
        let build = match configs.first().and_then(|config| config.file().file_stem()?.to_str()) {
            Some("zensical") => "zensical build --strict",
            Some("properdocs") => "properdocs build --strict",
            _ => "mkdocs build --strict",
        };
        let folders = command_line(&[options.captures.clone(), docs.clone()], false);
        let text = text.replace("{{ captures }}", &options.captures).replace("{{ folders }}", &folders);
        text.replace("{{ build }}", build).replace("{{ site_name }}", &name)
    };
    if !has_captures {
        // Over captures that are there it would change their pages.
        let up = "../".repeat(captures.components().count());
        let settings = SETTINGS.replace("{{ docs }}", &format!("{up}{docs}"));
        site.make_if_missing(&captures.join(folders::SHARED_SETTINGS), settings.as_bytes())?;
        for (name, text) in HELLO {
            site.make_if_missing(&captures.join(HELLO_PATH).join(name), text.as_bytes())?;
        }
    }
    if is_new {
        site.make_if_missing(&Path::new(&docs).join("index.md"), fill(INDEX).as_bytes())?;
        if has_all {
            site.make_if_missing(Path::new("overrides/partials/language.html"), LANGUAGE.as_bytes())?;
        }
    }
    site.make_if_missing(&Path::new(&docs).join(".nav.yml"), NAV.as_bytes())?;
    site.make_if_missing(Path::new(".taplo.toml"), fill(TAPLO).as_bytes())?;
    site.make_workflow(&fill(WORKFLOW))?;

    let Site { written, started, .. } = site;
    let lines: String = written.iter().map(|(file, digest)| format!("{file}\t{digest}\n")).collect();
    if own.read(WRITTEN)?.is_none_or(|old| old != lines.as_bytes()) {
        own.put(WRITTEN, lines.as_bytes())?;
    }
    Ok(started)
}

/// Whether some of the captures have pages that include parts.
pub(super) fn has_parts(root: &Root, captures: &[folders::Folder]) -> bool {
    let layout = |folder| Capture::settings(root, folder).map(|settings| settings.layout);
    captures.iter().any(|folder| layout(folder).is_ok_and(|layout| layout == Layout::Snippets))
}

/// Whether mermaid has something to draw on pages of the captures in a folder; `None` where none can be made.
fn has_mermaid(options: &Options, captures: &Path, docs: &Path) -> Option<bool> {
    let (captures, docs) = (captures.to_owned(), docs.to_owned());
    let asked = super::Options { captures, docs, jobs: options.jobs, check: true, ..Default::default() };
    super::render(&asked, &|_, _| {}).ok().map(|report| report.has_mermaid)
}

/// What the settings above the first capture say of it.
///
/// # Errors
/// Where they cannot be read.
fn settings_of_first(root: &Root, found: &folders::Captures) -> Result<Settings> {
    let shared = found.shared_above(HELLO_PATH);
    let layers: Vec<_> = shared.iter().map(|shared| shared.layer(root)).collect::<Result<_>>()?;
    Ok(Settings::resolve(&layers))
}

/// A configuration that says nothing yet, with what one begins with behind what is there.
fn begun<'a>(config: &Config<'a>, name: &str) -> Result<Config<'a>> {
    let first = if config.is_toml() { ZENSICAL_TOML } else { MKDOCS_YML };
    let first = first.replace("{{ site_name }}", name);
    let there = match config.text().trim_end() {
        "" => config.text().to_owned(),
        comments => format!("{comments}\n\n"),
    };
    Config::parse(config.file(), there + &first)
}

/// The name of a site that has none yet: its folder's.
fn site_name(root: &Root) -> String {
    let absolute = std::path::absolute(crate::files::or_here(root.path())).ok();
    let name = absolute.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ' || c == '.';
    // What stands bare in YAML and is a text there.
    let is_word = |name: &str| ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&name);
    let name = name.filter(|name| name.starts_with(char::is_alphabetic) && name.chars().all(is_plain));
    let name = name.filter(|name| !is_word(&name.to_lowercase()));
    name.unwrap_or_else(|| "Docs".to_owned())
}

/// The topmost folder of the git repository that a site is in, if the site's is another one below, and the path from
/// there.
fn repository_above(root: &Root) -> Option<(PathBuf, String)> {
    let absolute = crate::files::or_here(root.path()).canonicalize().ok()?;
    let top = absolute.ancestors().find(|folder| folder.join(".git").exists())?;
    let below = absolute.strip_prefix(top).ok().filter(|below| !below.as_os_str().is_empty())?;
    Some((top.to_owned(), below.to_str()?.replace(std::path::MAIN_SEPARATOR, "/")))
}

fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::fault().with_source(error))?;
    Ok(bytes)
}

/// The files that docgen wrote, and what it wrote.
fn read_written(own: &OwnFolder) -> Result<BTreeMap<String, Digest>> {
    let bytes = own.read(WRITTEN)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = |line: &str| {
        let (file, digest) = line.split_once('\t')?;
        Some((file.to_owned(), digest.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// A site that is worked on.
struct Site<'a> {
    root: &'a Root,
    /// Files of docgen's by their paths, as it last wrote them.
    written: BTreeMap<String, Digest>,
    started: Started,
}

impl Site<'_> {
    /// Adds to a configuration what it lacks, where it is `begun` so.
    fn complete(&mut self, config: &Config<'_>, begun: &Config<'_>, pages: Pages<'_>) -> Result<()> {
        let file = config.file();
        let is_link = self
            .root
            .dir()
            .symlink_metadata(file.file_name().unwrap_or_default())
            .is_ok_and(|there| there.is_symlink());
        // What is elsewhere too is not docgen's to change.
        if is_link || config.inherits().is_some() {
            let lacks = with_parents(self.root, config.clone(), MOST_PARENTS)
                .map_or_else(|error| vec![error], |config| config.lacks_by_hand(pages));
            if is_link && !lacks.is_empty() {
                let message = "this is a symbolic link, and docgen writes through none";
                self.started.left.push(
                    Error::warning(ErrorKind::Ownership, message)
                        .at(Place::file(file))
                        .hint("write what follows into the file that it leads to"),
                );
            }
            self.started.left.extend(lacks);
            return Ok(());
        }
        let (completed, left) = begun.completed(pages);
        self.started.left.extend(left);
        if completed == config.text() {
            self.started.unchanged += 1;
            return Ok(());
        }
        if self.root.metadata(file).is_some_and(|file| file.permissions().readonly()) {
            let message = "this lacks what pages need, and is read-only";
            self.started.left.push(
                Error::new(ErrorKind::Io, message)
                    .at(Place::file(file))
                    .hint("make it writable, and run this again"),
            );
            return Ok(());
        }
        let below = file.strip_prefix(self.root.path()).unwrap_or(file);
        let put = StagingFolder(self.root.dir()).replace_file(completed.as_bytes(), self.root.dir(), below);
        put.map_err(|error| self.root.error("write", file, error))?;
        self.started.completed.push(file.to_owned());
        Ok(())
    }

    /// Makes a file of docgen's, or renews it where nobody changed it.
    fn renew(&mut self, file: &Path, bytes: &[u8]) -> Result<()> {
        let name = file.to_string_lossy().into_owned();
        let shown = self.root.shown(file);
        let digest = Digest::of(bytes);
        if !self.root.is_there(&shown) {
            self.make(file, bytes)?;
        } else {
            let old = self.root.read(&shown, LARGEST_TEXT)?;
            if old == bytes {
                self.started.unchanged += 1;
            } else if self.written.get(&name) == Some(&Digest::of(&old)) {
                self.put(file, bytes)?;
                self.started.renewed.push(shown);
            } else {
                let message =
                    format!("`{}` is not the one that docgen has, and stays as it is", shown.display());
                self.started.left.push(
                    Error::warning(ErrorKind::Ownership, message)
                        .at(Place::file(shown))
                        .hint("remove it and run this again, for docgen's own"),
                );
                return Ok(());
            }
        }
        self.written.insert(name, digest);
        Ok(())
    }

    /// Makes a file that is a person's from then on.
    fn make_if_missing(&mut self, file: &Path, bytes: &[u8]) -> Result<()> {
        if self.root.is_there(&self.root.shown(file)) {
            self.started.unchanged += 1;
            return Ok(());
        }
        self.make(file, bytes)
    }

    /// Makes the workflow; of a site below the folder of its repository one that works there, once it is where
    /// GitHub reads it.
    fn make_workflow(&mut self, text: &str) -> Result<()> {
        let file = Path::new(WORKFLOW_FILE);
        let Some((top, below)) = repository_above(self.root) else {
            return self.make_if_missing(file, text.as_bytes());
        };
        if top.join(file).is_file() || self.root.is_there(&self.root.shown(file)) {
            self.started.unchanged += 1;
            return Ok(());
        }
        let job = "    runs-on: ubuntu-latest\n";
        let folder = format!("    defaults:\n      run:\n        working-directory: \"{below}\"\n");
        self.make(file, text.replacen(job, &format!("{job}{folder}"), 1).as_bytes())?;
        let message = "GitHub reads workflows in the topmost folder of a repository only";
        let wanted = top.join(file);
        self.started.left.push(
            Error::warning(ErrorKind::Setting, message)
                .at(Place::file(self.root.shown(file)))
                .hint(format!("move it to `{}`: docgen writes nothing above the site", wanted.display())),
        );
        Ok(())
    }

    fn make(&mut self, file: &Path, bytes: &[u8]) -> Result<()> {
        self.put(file, bytes)?;
        self.started.made.push(self.root.shown(file));
        Ok(())
    }

    fn put(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        let put = StagingFolder(self.root.dir()).put_file(bytes, self.root.dir(), file);
        put.map_err(|error| self.root.error("write", &self.root.shown(file), error))
    }
}
