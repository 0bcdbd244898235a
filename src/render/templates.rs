//! The templates, and what they may call.
//!
//! The defaults are inside the program; a file of the same name in a folder of
//! the user's wins, so that a house style is a small diff. What this leaves out:
//! reading the user's files, which `site` does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, UndefinedBehavior};

use super::escape;
use super::limits::{self, Allowance, Bounded, Fault, Limited, TOO_MUCH};
use super::pieces::PageWriter;
use super::view::{self, BlockView};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::page::{Page, Phrases, phrases};
use crate::settings::{Layout, PageFile};
use crate::text::Text;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// docgen's own filters, each with its description, its name and its function: their list and how they get
/// into an engine.
macro_rules! filters {
    ($($(#[doc = $about:literal])+ $name:literal = $function:expr;)+) => {
        /// Name and description of docgen's own filters.
        pub(super) const FILTERS: &[(&str, &str)] = &[$(($name, concat!($($about),+)),)+];

        fn add_filters(env: &mut Environment<'static>) {
            $(env.add_filter($name, $function);)+
        }
    };
}

/// The templates inside the program: name and content.
pub const EMBEDDED: &[(&str, &str)] = embedded![
    "exchanges/answer.md",
    "exchanges/arrow.md",
    "exchanges/command.md",
    "exchanges/content.md",
    "exchanges/curl.md",
    "exchanges/drawn.md",
    "exchanges/exchange.md",
    "exchanges/exchange_facts.md",
    "exchanges/exchange_heading.md",
    "exchanges/exchange_tabs.md",
    "exchanges/exchanges.md",
    "exchanges/facts.md",
    "exchanges/gap.md",
    "exchanges/inside.md",
    "exchanges/message.md",
    "exchanges/output.md",
    "exchanges/overview.md",
    "exchanges/overview_row.md",
    "exchanges/rest.md",
    "exchanges/sequence.md",
    "exchanges/sequence_part.md",
    "exchanges/waterfall.md",
    "index/entry.md",
    "index/index.md",
    "index/services.md",
    "page/arrow.md",
    "page/arrows.md",
    "page/body_tab.md",
    "page/command.md",
    "page/diagram_parts.md",
    "page/diagram_text.md",
    "page/exchange.md",
    "page/full_log.md",
    "page/gap.md",
    "page/header_tab.md",
    "page/heading.md",
    "page/launch.md",
    "page/message.md",
    "page/output.md",
    "page/page.md",
    "page/participants.md",
    "page/rest.md",
    "page/sequence.md",
    "page/sequence_part.md",
    "page/steps.md",
    "page/tabs.md",
    "page/vars.md",
    "phrases/en.toml",
    "phrases/ko.toml",
    "report/arrow.md",
    "report/changes.md",
    "report/colours.md",
    "report/exchange.md",
    "report/facts.md",
    "report/legend.md",
    "report/report.md",
    "report/sequence.md",
    "report/what.md",
    "snippets/arrow.md",
    "snippets/arrows.md",
    "snippets/body.md",
    "snippets/body_tab.md",
    "snippets/command.md",
    "snippets/diagram.md",
    "snippets/exchange.md",
    "snippets/full_log.md",
    "snippets/gap.md",
    "snippets/header_tab.md",
    "snippets/heading.md",
    "snippets/index.md",
    "snippets/log.md",
    "snippets/message.md",
    "snippets/rest.md",
    "snippets/sequence.md",
    "snippets/sequence_part.md",
    "snippets/tabs.md",
];

/// A template of the user's.
#[derive(Clone, Debug)]
pub struct UserTemplate {
    /// Where it was read from.
    pub file: PathBuf,
    /// Its content.
    pub text: Arc<str>,
}

/// Templates and phrases, ready to lay pages out.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
    users: BTreeMap<String, UserTemplate>,
    /// Those of the user's that say something else than the embedded ones, as the engine has them.
    limited: BTreeMap<String, Limited>,
}

impl Templates {
    /// The embedded templates, with the user's in place of those of the same name.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where one does not compile, or has a name that no
    /// embedded template has.
    pub fn new(users: BTreeMap<String, UserTemplate>) -> Result<Templates> {
        let mut env = Environment::new();
        let whitespace = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("the syntax is the default one");
        env.set_syntax(whitespace);
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_formatter(format_value);
        let mut limited = BTreeMap::new();
        for (name, user) in
            users.iter().filter(|(name, user)| is_template(name) && !is_embedded(name, &user.text))
        {
            let made = limits::limited(&user.text).map_err(|Fault { span, message }| {
                Error::new(ErrorKind::Template, message)
                    .at(Place::span(&user.file, &user.text, span.start, span.end))
                    .hint(EJECT)
            })?;
            limited.insert(name.clone(), made);
        }
        if !limited.is_empty() {
            limits::limit(&mut env);
        }
        add_filters(&mut env);
        let mut templates = Templates { env, users, limited };
        for (name, text) in EMBEDDED.iter().filter(|(name, _)| is_template(name)) {
            if !templates.limited.contains_key(*name) {
                templates.env.add_template(name, text).map_err(|error| templates.error("", &error))?;
            }
        }
        // A file beside the known ones may be an include of theirs.
        for (name, limited) in &templates.limited {
            templates
                .env
                .add_template_owned(name.clone(), limited.text.clone())
                .map_err(|error| templates.error(name, &error))?;
        }
        Ok(templates)
    }

    /// The files that the user's templates were read from.
    pub fn user_files(&self) -> impl Iterator<Item = &std::path::Path> {
        self.users.values().map(|user| user.file.as_path())
    }

    /// The locales that docgen itself speaks.
    pub fn locales() -> impl Iterator<Item = &'static str> {
        let name = |(name, _): &(&'static str, &str)| name.strip_prefix("phrases/")?.strip_suffix(".toml");
        EMBEDDED.iter().filter_map(name)
    }

    /// The phrases of a locale.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where there is no such locale, or its file is wrong.
    pub fn phrases(&self, locale: &str) -> Result<Phrases> {
        let name = format!("phrases/{locale}.toml");
        let embedded = EMBEDDED.iter().find(|(known, _)| *known == name);
        let embedded = embedded.map(|(name, text)| Phrases::parse(name.as_ref(), text)).transpose()?;
        let user = self.users.get(&name).map(|user| Phrases::parse(&user.file, &user.text)).transpose()?;
        match (user, embedded) {
            (Some(user), Some(embedded)) => Ok(embedded.overlaid(user.iter())),
            (Some(phrases), None) | (None, Some(phrases)) => Ok(phrases),
            (None, None) => Err(Error::new(ErrorKind::Setting, format!("there is no locale `{locale}`"))
                .hint(format!(
                    "docgen speaks ko and en; a file `{name}` in your templates folder adds another"
                ))),
        }
    }

    /// The files of a page that are asked for, and their content.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where a template fails.
    pub fn lay_out(
        &self,
        page: &Arc<Page>,
        is_asked_for: impl Fn(&PageFile) -> bool,
    ) -> Result<Vec<(&'static PageFile, Content)>> {
        let writer = PageWriter::new(self, page);
        let files = page.layout.traits().files.iter().filter(|file| is_asked_for(file));
        files.map(|file| Ok((file, writer.file(file)?))).collect()
    }

    /// Whether the user has changed no template of a layout's folder, nor of that of `page`, from
    /// which the others take some.
    pub(super) fn are_default(&self, layout: Layout) -> bool {
        let folders = [layout, Layout::Page].map(Layout::name);
        let is_of_layout =
            |name: &str| name.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder));
        self.users
            .iter()
            .filter(|(name, _)| is_of_layout(name))
            .all(|(name, user)| is_embedded(name, &user.text))
    }

    /// What a template prints: the one of this name in a folder, that of a layout, else in that of the
    /// `page` layout.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where it fails.
    pub(super) fn piece(
        &self,
        folder: &str,
        name: &str,
        context: Value,
        allowance: &Allowance,
    ) -> Result<String> {
        let own = format!("{folder}/{name}.md");
        let is_known = |name: &str| self.env.get_template(name).is_ok();
        let name = if is_known(&own) { own } else { format!("{}/{name}.md", Layout::Page.name()) };
        let error = |error| self.error(&name, &error);
        let mut bytes = Vec::new();
        let to = Bounded::new(&mut bytes, allowance.bytes);
        if self.limited.is_empty() {
            let template = self.env.get_template(&name).map_err(error)?;
            template.render_captured_to(context, to).map_err(error)?;
        } else {
            let mut env = self.env.clone();
            env.set_fuel(Some(allowance.instructions.get()));
            let template = env.get_template(&name).map_err(error)?;
            let made = template.render_captured_to(context, to).map_err(error)?;
            allowance.instructions.set(made.state().fuel_levels().map_or(0, |(_, left)| left));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// An error of minijinja's, with the place in the user's own file. Where it names no template, it is
    /// about the one that was `asked` for.
    fn error(&self, asked: &str, error: &minijinja::Error) -> Error {
        let source = std::error::Error::source(error);
        let too_long = source.and_then(|source| source.downcast_ref::<std::io::Error>());
        // An include that fails says so in each template around it; the innermost knows why.
        let error = innermost(error);
        let name = error.name().unwrap_or(asked);
        let message = match (error.detail(), error.kind()) {
            _ if let Some(too_long) = too_long => too_long.to_string(),
            (_, minijinja::ErrorKind::OutOfFuel) => TOO_MUCH.into(),
            (Some(detail), kind) => format!("{kind}: {detail}"),
            (None, kind) => kind.to_string(),
        };
        let (file, text) = match self.users.get(name) {
            Some(user) => (user.file.clone(), user.text.to_string()),
            None => {
                let text = EMBEDDED.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
                (PathBuf::from(format!("(embedded)/{name}")), text.to_owned())
            }
        };
        let original = |at: usize| self.limited.get(name).map_or(at, |limited| limited.original(at));
        let place = match (error.range(), error.line()) {
            (Some(range), _) => Place::span(file, &text, original(range.start), original(range.end)),
            (None, Some(line)) => {
                let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
                Place::span(file, &text, start, start)
            }
            (None, None) => Place::file(file),
        };
        Error::new(ErrorKind::Template, message).at(place).hint(EJECT)
    }
}

filters! {
    /// Text for a heading or a line of prose: as it is where Markdown leaves it alone, else as a code span.
    "inline" = |text: &Value| escape::inline(&text.to_string()).into_owned();
    /// Text as a code span.
    "code" = |text: &Value| escape::code(&text.to_string());
    /// Text for a label of a diagram.
    "mermaid" = |text: &Value| escape::mermaid(&text.to_string()).into_owned();
    /// Text with its quotes, as the value of a fence's option: `title={{ t.command_title|quoted }}`.
    "quoted" = |text: &Value| escape::quoted(&text.to_string());
    /// Text with its quotes, as the title of an admonition or a tab.
    "titled" = |text: &Value| escape::titled(&text.to_string());
    /// Text as a string of JSON, with its quotes.
    "json" = |text: &Value| escape::json_string(&text.to_string());
    /// A block with so many blanks before each line that is not empty: `{{ message.body|indent(4) }}`.
    "indent" = indent;
    /// A phrase with values for its `{names}`: `{{ t.gap_title|fill(place=entry.place) }}`.
    "fill" = fill;
    /// A link in Markdown, of what has a `text` and a `url`.
    "link" = link;
}

/// The error in the template that is to blame.
fn innermost(error: &minijinja::Error) -> &minijinja::Error {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.map_or(error, innermost)
}

/// What a file of a page holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Text that the trace shares.
    Text(Text),
    /// Text of its own.
    Own(String),
}

impl Content {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Content::Text(text) => text,
            Content::Own(text) => text,
        }
    }

    /// The bytes, copied where they are shared.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.as_bytes().to_vec(),
            Content::Own(text) => text.into_bytes(),
        }
    }
}

const EJECT: &str = "`docgen templates eject` writes the defaults to start from";

/// Whether this is the embedded template of that name.
fn is_embedded(name: &str, text: &str) -> bool {
    EMBEDDED.contains(&(name, text))
}

fn is_template(name: &str) -> bool {
    name.ends_with(".md")
}

/// Writes a block straight to the output, everything else as minijinja does.
fn format_value(
    out: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.downcast_object_ref::<BlockView>() {
        Some(block) => block.0.write(out).map_err(minijinja::Error::from),
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// `block|indent(4)`: the block with so many spaces before each line that is not empty.
fn indent(value: &Value, width: usize) -> Result<Value, minijinja::Error> {
    if width > WIDEST {
        let message = format!("nothing is indented by more than {WIDEST}");
        return Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, message));
    }
    Ok(match value.downcast_object_ref::<BlockView>() {
        Some(block) => view::block(&block.0.indented(width)),
        None => view::block(&crate::page::Block::new(value.to_string().into()).indented(width)),
    })
}

/// By how many blanks something may be indented: Markdown has no use for a tenth of it.
const WIDEST: usize = 100;

/// `phrase|fill(name=value)`: the phrase with the value for `{name}`.
fn fill(phrase: &str, values: Kwargs) -> Result<String, minijinja::Error> {
    let filled = values.args().map(|name| Ok((name, values.get::<Value>(name)?.to_string())));
    let filled: Vec<(&str, String)> = filled.collect::<Result<_, minijinja::Error>>()?;
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(phrases::fill_all(phrase, &filled))
}

/// `link|link`: a Markdown link.
fn link(link: &Value) -> Result<String, minijinja::Error> {
    let text = link.get_attr("text")?.to_string();
    let url = link.get_attr("url")?.to_string();
    Ok(escape::link(&text, &url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(files: &[(&str, &str)]) -> Templates {
        let user = |text: &str| UserTemplate { file: PathBuf::from("templates"), text: text.into() };
        Templates::new(files.iter().map(|(name, text)| ((*name).to_owned(), user(text))).collect()).unwrap()
    }

    fn embedded(name: &str) -> &'static str {
        EMBEDDED.iter().find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn a_changed_template_is_one_of_every_layout_that_may_use_it() {
        let are_default = |files: &[(&str, &str)]| {
            [Layout::Page, Layout::Snippets].map(|layout| users(files).are_default(layout))
        };
        assert_eq!(are_default(&[]), [true, true]);
        assert_eq!(are_default(&[("page/tabs.md", "x")]), [false, false]);
        assert_eq!(are_default(&[("snippets/tabs.md", "x")]), [true, false]);
        assert_eq!(are_default(&[("snippets/own.md", "x")]), [true, false]);
        assert_eq!(are_default(&[("phrases/en.toml", "body_tab = \"x\"")]), [true, true]);
        let ejected = EMBEDDED.iter().filter(|(name, _)| is_template(name)).copied().collect::<Vec<_>>();
        assert_eq!(are_default(&ejected), [true, true]);
        assert_eq!(are_default(&[("page/tabs.md", embedded("page/gap.md"))]), [false, false]);
    }
}
