//! What the fuzz targets do with their input.
//!
//! Each takes any bytes, and panics where docgen does what it never may: panic itself, or break what it
//! promises. cargo-fuzz looks for such bytes (`fuzz_targets/`), and the test `fuzz_corpus` runs all that
//! were kept. What this leaves out: what a target's input should look like, which `corpus/` shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docgen::Error;
use docgen::import::{HandWritten, TextFile};
use docgen::import::{Surroundings, documents_calls, import as import_page};
use docgen::page::{Input, Page, Phrases, Source, source::Part};
use docgen::profile::Profile;
use docgen::render::templates::{Templates, UserTemplate};
use docgen::settings::{Layer, Layout, Settings};
use docgen::site::drafts::{self, Location};
use docgen::site::{Options, check::check, render};
use docgen::source::{self, har, requestshook_writer};
use docgen::trace::{KnownFrom, Trace};

/// A target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("readers", readers),
    ("page_source", page_source),
    ("settings", settings),
    ("templates", templates),
    ("site", site),
    ("import", import),
];

/// A trace of any format, or of none.
///
/// What was read is the same when it is written and read again, as HAR and as a log.
pub fn readers(data: &[u8]) {
    let read = source::read(Path::new("trace.log"), data.to_vec());
    told(&read.diagnostics);
    told(&source::read(Path::new("trace.har"), data.to_vec()).diagnostics);

    let mut trace = Trace { gaps: Vec::new(), ..read.trace };
    let again = source::read(Path::new("trace.har"), har::write::write(&trace).into_bytes());
    assert_eq!(again.trace, trace, "{:?}", again.diagnostics);

    // By what a log says of an answer, it may be one to another URL; only an id would tell, and not all have one.
    for response in trace.exchanges.iter_mut().filter_map(|exchange| exchange.response.as_mut()) {
        response.url = None;
    }
    let (shown, log) = requestshook_writer::rewrite(trace);
    let again = source::read(Path::new("trace.log"), log.as_bytes().to_vec());
    let numbers =
        |trace: &Trace| trace.exchanges.iter().filter(|exchange| exchange.response.is_some()).count();
    // Not all bodies are what their headers say of them: what a log then loses is told. And one that quotes a
    // log, and whose length nobody says, is two entries.
    let requests = shown.exchanges.iter().filter(|exchange| exchange.known_from != KnownFrom::Response);
    let messages = requests.count() + numbers(&shown);
    let is_quoted = log.matches("\n### (").count() > messages;
    if again.diagnostics.is_empty() && !is_quoted {
        assert_eq!(again.trace.exchanges.len(), shown.exchanges.len(), "{log}");
        assert_eq!(numbers(&again.trace), numbers(&shown), "{log}");
    }

    let read = source::read_as_log(Path::new("trace.log"), data.to_vec());
    assert!(read.log.is_some());
}

/// A page source, as `page.md` of a small capture.
///
/// Its parts are all of it, and what `docgen update` makes of it is no longer changed by it.
pub fn page_source(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Source::parse("page.md", &*text) {
        Ok(source) => {
            let spans = source.parts.iter().map(|part| match part {
                Part::Text(span) | Part::Braces(span) | Part::Gone { span, .. } => span.clone(),
                Part::Hole(hole) => hole.span.clone(),
            });
            let end = spans.fold(0, |end, span| {
                assert_eq!(end, span.start);
                span.end
            });
            assert_eq!(end, text.len());
        }
        Err(errors) => told(&errors),
    }
    let settings = "layout = \"page\"\n[label]\nlist = \"s GET /v2/images\"\nmake = \"s POST /v2/images\"\n";
    in_site(&[("a/capture.toml", settings.as_bytes()), ("a/trace.log", LOG.as_bytes()), ("a/page.md", data)]);
}

/// A settings file; the same text as a profile, and as a file of phrases.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let file = Path::new("capture.toml");
    match Layer::parse(file, &text) {
        Ok(layer) => {
            let once = Settings::resolve(std::slice::from_ref(&layer));
            let twice = Settings::resolve(&[layer.clone(), layer]);
            assert_eq!((&once.labels, &once.vars, &once.env), (&twice.labels, &twice.vars, &twice.env));
            let _ = laid_out(&Templates::new(BTreeMap::new()).expect("the defaults compile"), &once);
        }
        Err(error) => told(&[error]),
    }
    let _ = Profile::from_toml(file, &text).map_err(|error| told(&[error]));
    let _ = Phrases::parse(file, &text).map_err(|error| told(&[error]));
}

/// A template of the user's, in place of one that stands in all others.
pub fn templates(data: &[u8]) {
    let text: Arc<str> = String::from_utf8_lossy(data).into();
    for name in ["snippets/index.md", "snippets/heading.md"] {
        let user = UserTemplate { file: PathBuf::from(name), text: text.clone() };
        let made = Templates::new(BTreeMap::from([(name.to_owned(), user)]));
        let settings = Settings { layout: Layout::Snippets, locale: "en".into(), ..Settings::default() };
        if let Err(errors) = made.map_err(|error| vec![error]).and_then(|made| laid_out(&made, &settings)) {
            told(&errors);
        }
    }
}

/// A whole site: files, each behind a line `=== NAME`.
///
/// What was rendered is as it should be: rendering again changes nothing, and `--check` finds nothing.
pub fn site(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut name = "";
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("=== ") {
            Some(named) => name = named.trim(),
            None => files.entry(name).or_default().push_str(line),
        }
    }
    let files: Vec<(&str, &[u8])> =
        FILES.iter().filter_map(|name| Some((*name, files.get(name)?.as_bytes()))).collect();
    in_site(&files);
}

/// The files that a site may have here.
const FILES: [&str; 12] = [
    "docgen.toml",
    "a/capture.toml",
    "a/trace.log",
    "a/trace.har",
    "a/page.md",
    "a/body.md",
    "a/diagram.md",
    "a/output.txt",
    "a/b/capture.toml",
    "a/b/trace.log",
    "a/b/page.md",
    "t/snippets/heading.md",
];

/// A page written by hand. What is imported gives it back, which import itself makes sure of.
pub fn import(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let page = HandWritten::of(TextFile::new("page.md", &*text));
    if !documents_calls(&page) {
        return;
    }
    let templates = Arc::new(Templates::new(BTreeMap::new()).expect("the defaults compile"));
    match import_page(&page, &Surroundings { path: "a".into(), layers: Vec::new(), templates }) {
        Ok(imported) => told(&imported.notices),
        Err(errors) => told(&errors),
    }
}

/// Renders these files, below the captures' folder, and looks at all that docgen says and does to them.
fn in_site(files: &[(&str, &[u8])]) {
    if files.iter().any(|(name, text)| name.ends_with(".toml") && names_files(&String::from_utf8_lossy(text)))
    {
        return;
    }
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let captures = folder.path().join("captures");
    for (name, content) in files {
        let file = captures.join(name);
        fs::create_dir_all(file.parent().expect("it is below the captures")).expect("it can be made");
        fs::write(file, content).expect("it can be written");
    }
    fs::create_dir_all(&captures).expect("it can be made");
    let docs = folder.path().join("docs");
    let options = Options {
        captures: captures.clone(),
        docs,
        jobs: 1,
        check: false,
        force: false,
        prune: false,
        trusted: Vec::new(),
    };
    rendered(&options);
    let _ = check(&options).map(|findings| told(&findings)).map_err(|error| told(&[error]));

    let location = Location { root: captures, path: "a".into() };
    let _ = drafts::new(&location, &[]).map_err(|errors| told(&errors));
    let updated =
        || drafts::update(&location, &[]).map(|report| report.files).map_err(|errors| told(&errors));
    if updated().is_ok() {
        assert_eq!(updated().unwrap_or_default(), [""; 0].map(PathBuf::from));
    }
    rendered(&options);
}

/// Whether settings name files: they might be anywhere on this machine.
fn names_files(settings: &str) -> bool {
    let named =
        |line: &str| ["templates", "profile", "\\", "dir", "file"].iter().any(|key| line.contains(key));
    let harmless = ["templates = \"t\"", "profile = \"openstack\""];
    settings.lines().any(|line| named(line) && !harmless.contains(&line.trim()))
}

fn rendered(options: &Options) {
    let Ok(report) = render(options, &|_, _| {}) else { return };
    told(&report.errors);
    let again = render(options, &|_, _| {}).expect("it could be rendered before");
    assert_eq!(again.files, [""; 0].map(PathBuf::from), "rendered again, files change");
    let checked = render(&Options { check: true, ..options.clone() }, &|_, _| {}).expect("as before");
    assert!(checked.stale.is_empty(), "{:?}", checked.stale);
}

/// The page of a small trace.
fn laid_out(templates: &Templates, settings: &Settings) -> Result<(), Vec<Error>> {
    let phrases = templates.phrases("en").map_err(|error| vec![error])?;
    let read = source::read(Path::new("trace.log"), LOG.as_bytes().to_vec());
    let log = Arc::new(read.log.expect("it is a log"));
    let input = Input {
        path: "a",
        settings,
        profile: None,
        phrases: &phrases,
        trace: &read.trace,
        trace_file: "trace.log",
        log: &log,
        output: Some("+--+\n| ok |\n+--+\n"),
    };
    let page = Arc::new(Page::new(&input)?);
    templates.lay_out(&page, |_| true).map(drop).map_err(|error| vec![error])
}

/// What an error says has to be sayable.
fn told(errors: &[Error]) {
    for error in errors {
        assert!(!error.to_string().is_empty());
    }
}

const LOG: &str = "
### (c) REQ >>> (s) : GET http://h:9292/v2/images?limit=2
Accept: */*
X-Requestshook-Request-Id: 1

none


### (c) RESP <<< (s) : 200 OK GET http://h:9292/v2/images?limit=2
Content-Type: application/json
X-Requestshook-Request-Id: 1

{
  \"images\": [
    {
      \"id\": \"42\",
      \"file\": \"/v2/images/42/file\"
    }
  ]
}


### (c) REQ >>> (s) : POST http://h:9292/v2/images
Content-Type: application/json
X-Requestshook-Request-Id: 2

{\"name\": \"x\"}


### (c) RESP <<< (s) : 201 Created POST http://h:9292/v2/images
Location: http://h:9292/v2/images/43
X-Requestshook-Request-Id: 2

none

";
