//! What a maintainer says about their captures: `docgen.toml` and `capture.toml`.
//!
//! A file is a [`Layer`]; the layers from the captures' root down to one capture
//! are resolved into [`Settings`], the nearest winning key by key. As typed and
//! as resolved are two types, so that nothing downstream has to ask whether a
//! default was applied. What this leaves out: finding and reading the files,
//! which the caller does, and resolving labels, which needs a trace.
//!
//! ```
//! use docgen::settings::{Layer, Layout, Settings};
//!
//! let far = Layer::parse("captures/docgen.toml".as_ref(), "layout = 'page'\nlocale = 'ko'\n")?;
//! let near = Layer::parse("captures/x/capture.toml".as_ref(), "locale = 'en'\n")?;
//! let settings = Settings::resolve(&[far, near]);
//! assert_eq!((settings.layout, settings.locale.as_str()), (Layout::Page, "en"));
//!
//! let error = Layer::parse("capture.toml".as_ref(), "layuot = 'page'\n").unwrap_err();
//! assert_eq!(error.help(), Some("did you mean `layout`?"));
//! # Ok::<(), docgen::Error>(())
//! ```

pub mod capture_toml;
mod hole_word;
pub mod index_toml;
mod layout;
mod loopback;
pub mod report_toml;
mod suite;

pub use hole_word::{HoleWord, Shows};
pub use layout::{Layout, OwnTitles, PageFile, Traits};
pub use loopback::Loopback;
pub(crate) use suite::references_of;
pub use suite::{At, Export, From, Reference, Suite, UsedIn};

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::error::{Error, ErrorKind, Place, Result, TextIndex};
use crate::text::filled;
use crate::toml_file;
use crate::trace::UrlRule;
use suite::TypedExport;

/// The files of a capture folder that docgen reads: settings, facts and prose. Others are the maintainer's own.
pub const CAPTURE_FILES: [&str; 7] =
    ["body.md", "capture.toml", "diagram.md", "output.txt", "page.md", "trace.har", "trace.log"];

/// A value with the place where it was written, for messages about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

/// The settings of one capture, with every default applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The page's title; without one the capture's path serves.
    pub title: Option<String>,
    /// One paragraph below the title.
    pub description: Option<String>,
    /// The command as typed, with `{name}` for a variable of `vars`.
    pub command: Option<String>,
    /// How the pages are laid out.
    pub layout: Layout,
    /// Whether any file says how.
    pub is_layout_said: bool,
    /// The language of what docgen itself writes: the name of a phrase file.
    pub locale: String,
    /// Where the locale was written, if it was.
    pub locale_place: Option<Place>,
    /// The profile's name, or the path of its file (relative paths are already resolved).
    pub profile: Option<Located<String>>,
    /// The release whose documentation is linked to.
    pub release: Option<String>,
    /// A link to the command's reference, instead of the profile's.
    pub reference: Option<String>,
    /// Whether paths show their query; `None` leaves it to the layout.
    pub query: Option<bool>,
    /// Whether an exchange is shown as a `curl` command, too.
    pub curl: bool,
    /// Whether sections have anchors and steps are links to them; `None` leaves it to the layout.
    pub links: Option<bool>,
    /// Whether a page begins with front matter: title, description and language; `None` leaves it to the layout.
    pub front_matter: Option<bool>,
    /// As what the page holds its diagrams.
    pub diagram: DiagramFormat,
    /// Where that was written, if it was.
    pub diagram_place: Option<Place>,
    /// The title of the output block, instead of one made from the command's format.
    pub output_title: Option<String>,
    /// Under which path the site finds the page's snippets, instead of the page's own.
    pub snippet_prefix: Option<String>,
    /// Folders with the user's own templates, the nearest first.
    pub templates: Vec<Located<PathBuf>>,
    /// What a path shows instead of a value.
    pub vars: Vec<(String, String)>,
    /// The environment that the command is shown (and run) with.
    pub env: Vec<(String, String)>,
    /// Names of exchanges.
    pub labels: Vec<(String, Located<String>)>,
    /// The diagram's participants, in order.
    pub participants: Vec<Participant>,
    /// Where participants send their requests to while captures are made.
    pub ports: Vec<Port>,
    /// Exchanges to leave out of the page.
    pub filters: Vec<Filter>,
    /// Whether the profile's own noise is left out too.
    pub noise: bool,
    /// Boxes around runs of messages.
    pub groups: Vec<Group>,
    /// Notes beside messages.
    pub notes: Vec<Note>,
    /// The `launch.json` block's own fields.
    pub launch: Launch,
    /// What the pages say in place of a phrase: key and phrase.
    pub phrases: Vec<(String, String)>,
    /// How the command is run to be recorded.
    pub capture: Capture,
    /// What is secret besides what docgen knows to be.
    pub redact: Redact,
    /// What differs from run to run besides what docgen knows to.
    pub volatile: Volatile,
    /// Paths of captures that are recorded before this one, if both are.
    pub needs: Vec<Located<String>>,
    /// The values that it gives to others.
    pub exports: Vec<Export>,
    /// The values of others that it uses, in its command, then its variables, then its environment.
    pub references: Vec<Reference>,
}

/// As what a page holds its diagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiagramFormat {
    /// The text of mermaid, which draws it in the reader's browser.
    #[default]
    Mermaid,
    /// A drawing, whose messages are links. The program has to be built with the feature `svg`.
    Svg,
}

impl DiagramFormat {
    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            DiagramFormat::Mermaid => "mermaid",
            DiagramFormat::Svg => "svg",
        }
    }
}

/// How a command is run to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capture {
    /// Whether a shell runs the command, as one line.
    pub shell: Option<bool>,
    /// The folder it runs in, from the settings file's own; if not given, the one that docgen runs in.
    pub dir: Option<PathBuf>,
    /// A file that it reads as standard input; if not given, it reads nothing.
    pub stdin: Option<PathBuf>,
    /// An openrc file whose variables it gets. The file is read and not run, and no page shows it.
    pub env_file: Option<PathBuf>,
    /// The exit status that is expected; 0 if not given.
    pub exit: Option<i32>,
    /// How many seconds it may take; if not given, as many as it likes.
    pub time_limit: Option<u64>,
    /// Whether a recording is kept in which a server broke off, or that is not all that happened.
    pub allow_broken: Option<bool>,
    /// Whether connections that go past the proxy are looked for; they are if not given.
    pub watch: Option<bool>,
    /// Whether any certificate of a server is taken; docgen warns of it.
    pub insecure: Option<bool>,
    /// Files or folders with more certificates to trust.
    pub certificates: Option<Vec<PathBuf>>,
    /// How many bytes of a body are kept; 1048576 if not given. Of a longer one, its length and digest are kept too.
    pub body_limit: Option<usize>,
    /// Hosts whose requests are passed on and not recorded.
    pub ignore_hosts: Option<Vec<String>>,
    /// Captures that are recorded before it.
    #[schemars(with = "Option<Vec<String>>")]
    pub needs: Option<Vec<toml::Spanned<String>>>,
    /// Whether a request that is nested in another is taken to be sent by who received that; if not given,
    /// where the process that sent it serves.
    pub infer_senders: Option<bool>,
}

/// What is secret besides what docgen knows to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Redact {
    /// Names of header fields.
    pub headers: Vec<String>,
    /// Names of what is secret anywhere: members, elements, fields, variables, options.
    pub keys: Vec<String>,
    /// Names whose values are no secrets, whatever docgen thinks.
    pub except: Vec<String>,
    /// JSON pointers into bodies.
    pub pointers: Vec<String>,
    /// Regular expressions.
    pub patterns: Vec<String>,
}

/// What differs from run to run besides what docgen knows to, and what of that does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Volatile {
    /// Names of header fields whose values are not compared.
    pub headers: Vec<String>,
    /// JSON pointers to values in bodies that are not compared; `*` stands for any one member or index.
    pub pointers: Vec<String>,
    /// Regular expressions of values that are made anew: an old one always has the same new one.
    pub patterns: Vec<String>,
    /// What is compared as it is.
    pub except: Except,
}

/// What is compared as it is, whatever it looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Except {
    /// Names of header fields.
    pub headers: Vec<String>,
    /// JSON pointers to values in bodies; `*` stands for any one member or index.
    pub pointers: Vec<String>,
    /// Names of the kinds that docgen knows, such as `uuid`; a wrong one lists all.
    pub kinds: Vec<String>,
}

impl Volatile {
    /// Adds what another one says: rules add up.
    pub fn extend(&mut self, other: &Volatile) {
        self.headers.extend_from_slice(&other.headers);
        self.pointers.extend_from_slice(&other.pointers);
        self.patterns.extend_from_slice(&other.patterns);
        self.except.headers.extend_from_slice(&other.except.headers);
        self.except.pointers.extend_from_slice(&other.except.pointers);
        self.except.kinds.extend_from_slice(&other.except.kinds);
    }
}

/// A participant of the diagram, as a maintainer names it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// The id that messages use.
    pub id: String,
    /// What the diagram shows; without one, the profile's label or the id.
    #[serde(default)]
    pub label: Option<String>,
    /// Other names under which logs know it.
    #[serde(default)]
    pub names: Vec<String>,
    /// The URLs that it serves.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub urls: Vec<UrlRule>,
    /// Where the recording proxy takes what it sends.
    #[serde(default)]
    #[schemars(with = "Option<Loopback>")]
    pub listen: Option<toml::Spanned<Loopback>>,
    /// Whether it sends requests itself; where it does not, no sender that was inferred is it.
    #[serde(default)]
    pub sends: Option<bool>,
}

/// A port of the recording proxy: what comes in there is sent by one participant.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// The participant's id.
    pub participant: String,
    /// Where the proxy listens.
    pub address: Loopback,
    /// Where the settings say so.
    pub place: Place,
}

/// Which exchanges to leave out; every key given has to match. `*` stands for any run of characters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The sender's id or name.
    #[serde(default)]
    pub from: Option<String>,
    /// The receiver's id or name.
    #[serde(default)]
    pub to: Option<String>,
    /// The method.
    #[serde(default)]
    pub method: Option<String>,
    /// The path, without its query.
    #[serde(default)]
    pub path: Option<String>,
}

/// A box around a run of messages.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What mermaid draws.
    pub kind: GroupKind,
    /// The box's title, or for `rect` the colour after the word (`rgb(240, 240, 255)`).
    #[serde(default)]
    pub title: String,
    /// The colour of a `rect`, as mermaid reads it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub color: Option<toml::Spanned<String>>,
    /// A label or a selector: the box begins with its request.
    #[schemars(with = "String")]
    pub first: toml::Spanned<String>,
    /// A label or a selector: the box ends with its response; `first` alone without one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub last: Option<toml::Spanned<String>>,
    /// The file that has these keys.
    #[serde(skip)]
    pub origin: Option<Origin>,
}

impl Group {
    /// The labels or selectors of the exchanges that it begins and ends with.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first).chain(&self.last).map(|name| name.get_ref().as_str())
    }
}

/// The kinds of box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Optional messages.
    Opt,
    /// Repeated messages.
    Loop,
    /// A coloured background.
    Rect,
}

impl GroupKind {
    /// Mermaid's keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            GroupKind::Opt => "opt",
            GroupKind::Loop => "loop",
            GroupKind::Rect => "rect",
        }
    }
}

/// A note beside a message.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What it says; `{name}` shows a variable.
    pub text: String,
    /// Where: `right of glance`, `left of glance`, `over client,glance`.
    #[schemars(with = "String")]
    pub position: toml::Spanned<String>,
    /// A label or a selector. The note comes after the response, or with `.request` behind the name
    /// after the request.
    #[schemars(with = "String")]
    pub after: toml::Spanned<String>,
    /// The file that has these keys.
    #[serde(skip)]
    pub origin: Option<Origin>,
}

impl Note {
    /// The label or selector of the exchange that it comes after.
    pub fn name(&self) -> &str {
        let after = self.after.get_ref();
        after.strip_suffix(".request").or(after.strip_suffix(".response")).unwrap_or(after)
    }
}

/// The fields of the `launch.json` block that are not the command's own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// The program to start.
    #[serde(default)]
    pub program: Option<String>,
    /// Whether the block is shown; without this, it is where the profile asks for it or another of these keys is set.
    #[serde(default)]
    pub show: Option<bool>,
    /// The configuration's type.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What comes before the title in the configuration's name.
    #[serde(default)]
    pub prefix: Option<String>,
}

/// A settings file, kept so that an error can show its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The file, as the user named it.
    pub file: Arc<Path>,
    /// Its content.
    pub text: Arc<str>,
    index: Arc<TextIndex>,
}

impl Origin {
    fn new(file: &Path, text: &str) -> Origin {
        Origin { file: file.into(), text: text.into(), index: TextIndex::of(text).into() }
    }

    /// The place of a span of the file.
    pub fn place(&self, span: std::ops::Range<usize>) -> Place {
        self.index.place(&*self.file, &self.text, span.start, span.end)
    }
}

/// One settings file, as typed.
#[derive(Clone, Debug)]
pub struct Layer {
    typed: Typed,
    origin: Origin,
    suite: Option<Suite>,
    docs: Option<Located<PathBuf>>,
    exports: Vec<Export>,
    references: Vec<Reference>,
}

impl Layer {
    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.origin.file
    }

    /// Reads the content of a `docgen.toml` or `capture.toml`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] with the place of what is no TOML, no known key, or no value for its key.
    pub fn parse(file: &Path, text: &str) -> Result<Layer> {
        let origin = Origin::new(file, text);
        let mut typed: Typed = toml_file::from_text(file, text)?;
        for group in typed.group.iter_mut().flatten() {
            group.origin = Some(origin.clone());
        }
        for note in typed.note.iter_mut().flatten() {
            note.origin = Some(origin.clone());
        }
        for (name, selector) in &typed.label {
            if !is_identifier(name) {
                return Err(Error::new(
                    ErrorKind::Setting,
                    format!("`{name}` cannot name an exchange: a label is letters, digits and `_`, and begins with a letter"),
                )
                .at(origin.place(selector.span())));
            }
            if HoleWord::named(name).is_some() {
                return Err(Error::new(
                    ErrorKind::Setting,
                    format!("`{name}` cannot name an exchange: in a page source it means something else"),
                )
                .at(origin.place(selector.span()))
                .hint(format!("call it `{name}_1`, or by what it does")));
            }
        }
        let suite = typed.suite.as_ref().map(|suite| suite.get_ref().located(&origin));
        let export = |(name, export): &(String, toml::Spanned<TypedExport>)| {
            export.get_ref().located(name, origin.place(export.span()))
        };
        let exports = typed.export.iter().map(export).collect::<Result<Vec<_>>>()?;
        let is_shared = file.file_name().is_some_and(|name| name == "docgen.toml");
        let misplaced = |message: &str, place: Place, hint: &str| {
            Err(Error::new(ErrorKind::Setting, message).at(place).hint(hint))
        };
        let docs = typed
            .docs
            .as_ref()
            .map(|docs| Located { value: docs.get_ref().clone(), place: origin.place(docs.span()) });
        if let (Some(docs), false) = (&docs, is_shared) {
            return Err(docs_of_a_capture(docs));
        }
        match (&typed.suite, exports.first()) {
            (Some(suite), _) if !is_shared => misplaced(
                "a suite is of a folder: `[suite]` belongs into its docgen.toml",
                origin.place(suite.span()),
                "what one capture needs is said by `needs`, below `[capture]`",
            ),
            (_, Some(export)) if is_shared => misplaced(
                "an export is of one capture: `[export]` belongs into its capture.toml",
                export.place.clone(),
                "a value for all captures of a folder is one of `[vars]`",
            ),
            _ => Ok(Layer { references: references(&typed, &origin), typed, origin, suite, docs, exports }),
        }
    }

    /// What it says of the captures below its folder as they are recorded together.
    pub fn suite(&self) -> Option<&Suite> {
        self.suite.as_ref()
    }

    /// The folder of the pages, as it is written: from the file's own.
    pub fn docs(&self) -> Option<&Located<PathBuf>> {
        self.docs.as_ref()
    }

    /// What it says differs from run to run.
    pub fn volatile(&self) -> &Volatile {
        &self.typed.volatile
    }

    /// The ports of its participants.
    fn ports(&self) -> impl Iterator<Item = Port> {
        self.typed.participant.iter().flatten().filter_map(|participant| {
            let listen = participant.listen.as_ref()?;
            Some(Port {
                participant: participant.id.clone(),
                address: *listen.get_ref(),
                place: self.origin.place(listen.span()),
            })
        })
    }

    fn folder(&self) -> &Path {
        self.origin.file.parent().unwrap_or(Path::new(""))
    }
}

impl Settings {
    /// The folders with the user's own templates, the nearest first.
    pub fn template_dirs(&self) -> Vec<PathBuf> {
        self.templates.iter().map(|dir| dir.value.clone()).collect()
    }

    /// The settings with values for those of other captures that they use, by
    /// [what stands between the braces](Reference::text). A value that is not given leaves its braces.
    pub fn with_exports(mut self, values: &HashMap<String, String>) -> Settings {
        let fill = |text: &mut String| {
            let with_value = |name: &str| Some(values.get(name)?.into());
            *text = filled(text, with_value);
        };
        for used in &self.references {
            match &used.used_in {
                UsedIn::Command => self.command.iter_mut().for_each(fill),
                UsedIn::Var(name) => of(&mut self.vars, name).for_each(fill),
                UsedIn::Env(name) => of(&mut self.env, name).for_each(fill),
            }
        }
        self
    }

    /// What the layers say together, given from the farthest (the captures' root) to the nearest.
    /// A key of a nearer file wins; the tables `vars`, `env` and `label` are merged key by key.
    pub fn resolve<L: Borrow<Layer>>(layers: &[L]) -> Settings {
        let layers = || layers.iter().map(L::borrow);
        let mut settings = Settings { locale: "en".into(), noise: true, ..Settings::default() };
        for layer in layers() {
            let typed = &layer.typed;
            fn set<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
                if from.is_some() {
                    to.clone_from(from);
                }
            }
            set(&mut settings.title, &typed.title);
            set(&mut settings.description, &typed.description);
            set(&mut settings.command, &typed.command.as_ref().map(|command| command.get_ref().clone()));
            set(&mut settings.release, &typed.release);
            set(&mut settings.reference, &typed.reference);
            set(&mut settings.query, &typed.query);
            set(&mut settings.links, &typed.links);
            set(&mut settings.front_matter, &typed.front_matter);
            set(&mut settings.output_title, &typed.output_title);
            set(&mut settings.snippet_prefix, &typed.snippet_prefix);
            set(&mut settings.launch.show, &typed.launch.show);
            set(&mut settings.launch.program, &typed.launch.program);
            set(&mut settings.launch.kind, &typed.launch.kind);
            set(&mut settings.launch.prefix, &typed.launch.prefix);
            let (to, from) = (&mut settings.capture, &typed.capture);
            let path = |path: &Option<PathBuf>| path.as_ref().map(|path| layer.folder().join(path));
            set(&mut to.shell, &from.shell);
            set(&mut to.dir, &path(&from.dir));
            set(&mut to.stdin, &path(&from.stdin));
            set(&mut to.env_file, &path(&from.env_file));
            set(&mut to.exit, &from.exit);
            set(&mut to.time_limit, &from.time_limit);
            set(&mut to.allow_broken, &from.allow_broken);
            set(&mut to.watch, &from.watch);
            set(&mut to.insecure, &from.insecure);
            set(
                &mut to.certificates,
                &from
                    .certificates
                    .as_ref()
                    .map(|all| all.iter().map(|one| layer.folder().join(one)).collect()),
            );
            set(&mut to.body_limit, &from.body_limit);
            set(&mut to.ignore_hosts, &from.ignore_hosts);
            set(&mut to.needs, &from.needs);
            if let Some(needs) = &from.needs {
                settings.needs = suite::located(needs, &layer.origin);
            }
            set(&mut to.infer_senders, &from.infer_senders);
            // Rules add up: a nearer file cannot make a secret public.
            settings.redact.headers.extend(typed.redact.headers.iter().cloned());
            settings.redact.keys.extend(typed.redact.keys.iter().cloned());
            settings.redact.except.extend(typed.redact.except.iter().cloned());
            settings.redact.pointers.extend(typed.redact.pointers.iter().cloned());
            settings.redact.patterns.extend(typed.redact.patterns.iter().cloned());
            settings.volatile.extend(&typed.volatile);
            settings.layout = typed.layout.unwrap_or(settings.layout);
            settings.is_layout_said |= typed.layout.is_some();
            settings.noise = typed.noise.unwrap_or(settings.noise);
            settings.curl = typed.curl.unwrap_or(settings.curl);
            if let Some(diagram) = &typed.diagram {
                settings.diagram = *diagram.get_ref();
                settings.diagram_place = Some(layer.origin.place(diagram.span()));
            }
            if let Some(locale) = &typed.locale {
                settings.locale.clone_from(locale.get_ref());
                settings.locale_place = Some(layer.origin.place(locale.span()));
            }
            if let Some(profile) = &typed.profile {
                let name = profile.get_ref();
                let value = if name.ends_with(".toml") {
                    layer.folder().join(name).to_string_lossy().into_owned()
                } else {
                    name.clone()
                };
                settings.profile = Some(Located { value, place: layer.origin.place(profile.span()) });
            }
            if let Some(templates) = &typed.templates {
                let value = layer.folder().join(templates.get_ref());
                let place = layer.origin.place(templates.span());
                settings.templates.insert(0, Located { value, place });
            }
            if let Some(participants) = &typed.participant {
                settings.participants.clone_from(participants);
            }
            // A capture that names its participants does not close the ports of all.
            for port in layer.ports() {
                settings.ports.retain(|known| known.participant != port.participant);
                settings.ports.push(port);
            }
            if let Some(filters) = &typed.filter {
                settings.filters.clone_from(filters);
            }
            if let Some(groups) = &typed.group {
                settings.groups.clone_from(groups);
            }
            if let Some(notes) = &typed.note {
                settings.notes.clone_from(notes);
            }
        }
        let typed = || layers().map(|layer| &layer.typed);
        let plain = |(name, value): &(String, toml::Spanned<String>)| (name.clone(), value.get_ref().clone());
        settings.vars = merged(typed().flat_map(|typed| &typed.vars).map(plain));
        settings.phrases = merged(typed().flat_map(|typed| &typed.phrases).cloned());
        settings.env = merged(typed().flat_map(|typed| &typed.env).map(plain));
        settings.exports = merged(
            layers().flat_map(|layer| &layer.exports).map(|export| (export.name.clone(), export.clone())),
        )
        .into_iter()
        .map(|(_, export)| export)
        .collect();
        settings.references = used(&layers().collect::<Vec<_>>());
        settings.labels = merged(layers().flat_map(|layer| {
            layer.typed.label.iter().map(|(name, selector)| {
                let place = layer.origin.place(selector.span());
                (name.clone(), Located { value: selector.get_ref().clone(), place })
            })
        }));
        settings
    }
}

/// What [`is_identifier`] says, as a regular expression.
const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The error about a folder of pages that is named for a part of the captures only.
pub(crate) fn docs_of_a_capture(docs: &Located<PathBuf>) -> Error {
    Error::new(ErrorKind::Setting, "all captures have one folder of pages")
        .at(docs.place.clone())
        .hint("`docs` belongs into the docgen.toml in the folder of all captures")
}

/// Whether `name` can be used as a name in a hole.
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The values of this name.
fn of<'p>(pairs: &'p mut [(String, String)], name: &'p str) -> impl Iterator<Item = &'p mut String> {
    pairs.iter_mut().filter(move |(other, _)| other == name).map(|(_, value)| value)
}

/// The values of captures that a file uses.
fn references(typed: &Typed, origin: &Origin) -> Vec<Reference> {
    let command = typed.command.iter().map(|command| (UsedIn::Command, command));
    let vars = typed.vars.iter().map(|(name, value)| (UsedIn::Var(name.clone()), value));
    let env = typed.env.iter().map(|(name, value)| (UsedIn::Env(name.clone()), value));
    let mut references = Vec::new();
    for (used_in, value) in command.chain(vars).chain(env) {
        for (range, capture, export) in suite::references_of(value.get_ref()) {
            let (within, text) = (value.span(), &value.get_ref()[range]);
            // An escape may write it otherwise in the file.
            let span = origin.text[within.clone()]
                .find(text)
                .map_or(within.clone(), |at| within.start + at..within.start + at + text.len());
            references.push(Reference {
                capture: capture.to_owned(),
                export: export.to_owned(),
                used_in: used_in.clone(),
                place: origin.place(span),
            });
        }
    }
    references
}

/// The values of captures that the settings use which win.
fn used(layers: &[&Layer]) -> Vec<Reference> {
    if layers.iter().all(|layer| layer.references.is_empty()) {
        return Vec::new();
    }
    let says = |layer: &Layer, used_in: &UsedIn| {
        let named = |pairs: &[(String, toml::Spanned<String>)], name: &str| {
            pairs.iter().any(|(other, _)| other == name)
        };
        match used_in {
            UsedIn::Command => layer.typed.command.is_some(),
            UsedIn::Var(name) => named(&layer.typed.vars, name),
            UsedIn::Env(name) => named(&layer.typed.env, name),
        }
    };
    let mut used = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let wins = |used_in: &UsedIn| !layers[at + 1..].iter().any(|nearer| says(nearer, used_in));
        used.extend(layer.references.iter().filter(|reference| wins(&reference.used_in)).cloned());
    }
    used.sort_by_key(|reference| match reference.used_in {
        UsedIn::Command => 0,
        UsedIn::Var(_) => 1,
        UsedIn::Env(_) => 2,
    });
    used
}

/// Each name once, in the order in which they first come, with its last value.
fn merged<T>(pairs: impl Iterator<Item = (String, T)>) -> Vec<(String, T)> {
    let mut merged: Vec<(String, T)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, value) in pairs {
        match places.get(&name) {
            Some(&at) => merged[at].1 = value,
            None => {
                places.insert(name.clone(), merged.len());
                merged.push((name, value));
            }
        }
    }
    merged
}

/// The keys of a settings file, with what editors say of them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    /// The page's title; without one the capture's path serves.
    title: Option<String>,
    /// One paragraph below the title.
    description: Option<String>,
    /// The command as typed. `{name}` stands for a variable of `[vars]`, `{path/of/capture.name}` for a value that another capture exports.
    #[schemars(with = "Option<String>")]
    command: Option<toml::Spanned<String>>,
    /// How the pages are laid out; `snippets` if not given.
    layout: Option<Layout>,
    /// The language of what docgen itself writes: `en`, `ko`, or the name of a phrase file of yours; `en` if not given.
    #[schemars(with = "Option<String>")]
    locale: Option<toml::Spanned<String>>,
    /// What is known of the system: `openstack`, or the path of a file from this one.
    #[schemars(with = "Option<String>")]
    profile: Option<toml::Spanned<String>>,
    /// The release whose documentation is linked to.
    release: Option<String>,
    /// A link to the command's reference, in place of the profile's.
    reference: Option<String>,
    /// Whether paths show their query; if not given, in the layout `page` only.
    query: Option<bool>,
    /// Whether exchanges have a tab with the request as a command of curl, in the layout `exchanges`.
    curl: Option<bool>,
    /// Whether numbers of steps lead to their sections, and those back to the diagram; if not given, in the layout `exchanges`.
    links: Option<bool>,
    /// Whether pages begin with front matter (title, description and language), for names in the navigation and for search engines; if not given, in the layout `exchanges`.
    front_matter: Option<bool>,
    /// As what pages hold their diagrams; `mermaid` if not given.
    #[schemars(with = "Option<DiagramFormat>")]
    diagram: Option<toml::Spanned<DiagramFormat>>,
    /// The title of the block with what the command printed.
    output_title: Option<String>,
    /// Under which path the site finds the page's snippets, in place of the page's own.
    snippet_prefix: Option<String>,
    /// A folder with templates of your own, from this file.
    #[schemars(with = "Option<PathBuf>")]
    templates: Option<toml::Spanned<PathBuf>>,
    /// Whether the calls are left out that the profile calls noise; they are if not given.
    noise: Option<bool>,
    /// What a path shows in place of a value: name and value.
    #[serde(deserialize_with = "in_order")]
    #[schemars(with = "BTreeMap<String, String>")]
    vars: Vec<(String, toml::Spanned<String>)>,
    /// The environment that the command is shown and run with.
    #[serde(deserialize_with = "in_order")]
    #[schemars(with = "BTreeMap<String, String>")]
    env: Vec<(String, toml::Spanned<String>)>,
    /// Names of exchanges for page sources: name and selector, such as `glance GET /v2/images`.
    #[serde(deserialize_with = "in_order")]
    #[schemars(with = "BTreeMap<String, String>")]
    label: Vec<(String, toml::Spanned<String>)>,
    /// The diagram's participants, in order.
    participant: Option<Vec<Participant>>,
    /// Exchanges to leave out of the page.
    filter: Option<Vec<Filter>>,
    /// Boxes around messages.
    group: Option<Vec<Group>>,
    /// Notes beside messages.
    note: Option<Vec<Note>>,
    /// The debugger's configuration.
    launch: Launch,
    /// How the command is run to be recorded.
    capture: Capture,
    /// What is secret, besides what docgen knows to be.
    redact: Redact,
    /// What differs from run to run, besides what docgen knows to.
    volatile: Volatile,
    /// Captures that are recorded together.
    #[schemars(with = "Option<suite::TypedSuite>")]
    suite: Option<toml::Spanned<suite::TypedSuite>>,
    /// The folder of the pages, from this file: in the docgen.toml of all captures.
    #[schemars(with = "Option<PathBuf>")]
    docs: Option<toml::Spanned<PathBuf>>,
    /// Values that this capture gives to others.
    #[serde(deserialize_with = "in_order")]
    #[schemars(with = "BTreeMap<String, TypedExport>")]
    export: Vec<(String, toml::Spanned<TypedExport>)>,
    /// What the pages say in place of a phrase of docgen's own: key and phrase.
    #[serde(deserialize_with = "in_order")]
    #[schemars(with = "BTreeMap<String, String>")]
    phrases: Vec<(String, String)>,
}

/// The schema of a settings file: of a `docgen.toml`, which is of many captures, or of a `capture.toml`.
pub(crate) fn schema(generator: &mut SchemaGenerator, is_shared: bool) -> Schema {
    let mut schema = generator.root_schema_for::<Typed>();
    let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
    if let Some(properties) = properties {
        let elsewhere: &[&str] = if is_shared { &["export"] } else { &["suite", "docs"] };
        elsewhere.iter().for_each(|key| drop(properties.remove(*key)));
        if let Some(label) = properties.get_mut("label").and_then(serde_json::Value::as_object_mut) {
            label.insert("propertyNames".into(), serde_json::json!({ "pattern": IDENTIFIER }));
        }
    }
    schema
}

/// A table as pairs, in the order of the file.
pub(crate) fn in_order<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    de: D,
) -> Result<Vec<(String, T)>, D::Error> {
    struct InOrder<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    de.deserialize_map(InOrder(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str) -> Layer {
        Layer::parse(Path::new("captures/docgen.toml"), text).unwrap()
    }

    #[test]
    fn the_nearest_file_wins_key_by_key() {
        let far = layer("locale = 'ko'\nlayout = 'page'\n[vars]\na = '1'\nb = '2'\n");
        let near = layer("layout = 'snippets'\n[vars]\nb = '3'\n");
        let settings = Settings::resolve(&[far, near]);
        assert_eq!((settings.locale.as_str(), settings.layout), ("ko", Layout::Snippets));
        assert_eq!(settings.vars, [("a".into(), "1".into()), ("b".into(), "3".into())]);
    }

    #[test]
    fn ports_stay_where_a_nearer_file_names_participants() {
        let far = layer(
            "[[participant]]\nid = 'a'\nlisten = '127.0.0.1:1'\n[[participant]]\nid = 'b'\nlisten = '127.0.0.1:2'\n",
        );
        let near = layer("[[participant]]\nid = 'b'\nlisten = '127.0.0.1:3'\n[[participant]]\nid = 'a'\n");
        let settings = Settings::resolve(&[far, near]);
        let ports =
            settings.ports.iter().map(|port| (port.participant.as_str(), port.address.address().port()));
        assert_eq!(ports.collect::<Vec<_>>(), [("a", 1), ("b", 3)]);
        assert_eq!(settings.ports[1].place.line, 3);
    }

    #[test]
    fn a_port_for_everybody_is_refused_with_its_line() {
        let text = "[[participant]]\nid = 'a'\nlisten = '0.0.0.0:9301'\n";
        let error = Layer::parse(Path::new("docgen.toml"), text).unwrap_err();
        assert_eq!(error.place().unwrap().line, 3);
        assert!(error.message().contains("loopback"), "{error}");
    }

    #[test]
    fn env_keeps_the_order_of_the_file() {
        let settings = Settings::resolve(&[layer("[env]\nZ = '1'\nA = '2'\n")]);
        assert_eq!(settings.env, [("Z".into(), "1".into()), ("A".into(), "2".into())]);
    }

    #[test]
    fn a_wrong_key_is_named_with_its_place() {
        let error = Layer::parse(Path::new("c/capture.toml"), "title = 'x'\nlayuot = 'page'\n").unwrap_err();
        let place = error.place().unwrap();
        assert_eq!((place.line, place.column), (2, 1));
        assert!(error.message().contains("layuot"), "{error}");
    }

    #[test]
    fn a_label_that_no_hole_could_name_is_an_error() {
        let error =
            Layer::parse(Path::new("capture.toml"), "[label]\n'list-all' = 'glance GET /'\n").unwrap_err();
        assert_eq!(error.place().unwrap().line, 2);
    }
}
