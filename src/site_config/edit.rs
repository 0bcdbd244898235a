//! What pages need, added to a configuration's text.
//!
//! Text is only put in, never taken out, so that no comment and no order of a person's is lost; what comes of it
//! is read again, and taken only where all that was said is still said and what was lacking no longer is. Where
//! a configuration is written in another form than the usual ones, nothing is added: what to write is told.

use super::Config;
use super::needs::{AWESOME_NAV, FENCE, Need, Setting, Wanted, What, entry, item};
use super::tree::{Node, Value};

/// The configuration's text with what is needed; `None` where that is not for docgen to add.
pub(super) fn added(config: &Config<'_>, need: &Need) -> Option<String> {
    let made = if config.is_toml { in_toml(config, need) } else { in_yaml(config, need) }?;
    let made =
        if config.text.contains("\r\n") { made.replace("\r\n", "\n").replace('\n', "\r\n") } else { made };
    let read = Config::parse(config.file, &made).ok()?;
    // An option of several may be what was added: the next one comes in its turn.
    (read.root.keeps(&config.root) && need.lack(&read).is_none()).then_some(made)
}

/// Lines with an indent before each.
pub(super) fn lines_of(indent: &str, lines: &str) -> String {
    lines.lines().map(|line| format!("{indent}{line}\n")).collect()
}

fn in_yaml(config: &Config<'_>, need: &Need) -> Option<String> {
    let (text, root) = (config.text, &config.root);
    match &need.what {
        What::Extension { name, options } => {
            in_named_list(config, "markdown_extensions", name, options, config.extension(name))
        }
        What::Plugin { name, options } => in_plugins(config, name, options),
        What::FolderNames { has_plugin: true } => in_plugins(config, AWESOME_NAV, &[]),
        What::Item { key, item } => in_list(text, root, key, &format!("- {item}\n")),
        What::NoPage(part) => match root.get("exclude_docs") {
            None => Some(at_the_end(text, &need.text(config))),
            Some(patterns) => {
                let (above, indent) = line_before(text, patterns.span.end);
                let is_block =
                    patterns.text()?.contains('\n') && !indent.is_empty() && !above.contains("exclude_docs");
                is_block.then(|| behind(text, patterns.span.end, &format!("{indent}{part}\n")))
            }
        },
        // For MkDocs it is a package that may not be there.
        What::FolderNames { has_plugin: false } | What::Theme | What::NoPlugin(_) => None,
    }
}

/// A plugin with options.
fn in_plugins(config: &Config<'_>, name: &str, options: &[Setting]) -> Option<String> {
    let plugins = config.root.get("plugins");
    let found = plugins.and_then(|plugins| super::named(plugins, name));
    let made = in_named_list(config, "plugins", name, options, found)?;
    // Where nothing is said of plugins the search is on, and goes where something is.
    let is_first = plugins.is_none() && name != "search";
    Some(if is_first { made.replacen("plugins:\n", "plugins:\n  - search\n", 1) } else { made })
}

/// A name with options in a list of such names.
fn in_named_list(
    config: &Config<'_>,
    key: &str,
    name: &str,
    options: &[Setting],
    found: Option<(&Node, Option<&Node>)>,
) -> Option<String> {
    let text = config.text;
    let all = config.root.get(key);
    let Some((node, given)) = found else {
        return match all.map(|all| (&all.value, &all.span)) {
            // Names with options are a map as well.
            Some((Value::Map(entries), span)) => {
                let (above, indent) = line_before(text, entries.first()?.0.span.start);
                let lines = lines_of(&indent, &entry(name, options));
                above.trim().is_empty().then(|| behind(text, span.end, &lines))
            }
            _ => in_list(text, &config.root, key, &item(name, options)),
        };
    };
    let (_, indent) = line_before(text, node.span.start);
    let is_map = all.is_some_and(|all| matches!(all.value, Value::Map(_)));
    let inner = format!("{indent}{}", if is_map { "  " } else { "      " });
    match given.map(|given| (&given.value, given)) {
        // A name alone: its options go below it.
        None => {
            let lines: String = options.iter().map(|option| lines_of(&inner, &option.yaml())).collect();
            let open = format!("{}:{}", &text[..node.span.end], &text[node.span.end..]);
            Some(behind(&open, node.span.end + 1, &lines))
        }
        Some((Value::Null, _)) => {
            let lines: String = options.iter().map(|option| lines_of(&inner, &option.yaml())).collect();
            Some(behind(text, node.span.end, &lines))
        }
        Some((Value::Map(entries), given)) => {
            let (_, inner) = line_before(text, entries.first()?.0.span.start);
            let mut made = text.to_owned();
            for option in options {
                let fences = given.get(option.key).map(|value| &value.value);
                match (fences, &option.value) {
                    (None, _) => made = behind(&made, given.span.end, &lines_of(&inner, &option.yaml())),
                    (Some(Value::List(fences)), Wanted::MermaidFence) => {
                        let last = fences.last()?;
                        let (_, indent) = line_before(text, last.span.start);
                        made = behind(&made, last.span.end, &lines_of(&indent, FENCE));
                    }
                    _ => {}
                }
            }
            Some(made)
        }
        _ => None,
    }
}

/// An item at the end of a list; the list at the end of the file, where there is none.
fn in_list(text: &str, root: &Node, key: &str, item: &str) -> Option<String> {
    match root.entry(key) {
        None => Some(at_the_end(text, &format!("{key}:\n{}", lines_of("  ", item)))),
        Some((name, Node { value: Value::Null, .. })) => {
            Some(behind(text, name.span.end, &lines_of("  ", item)))
        }
        Some((_, Node { value: Value::List(items), .. })) => {
            let last = items.last()?;
            let (line, indent) = line_before(text, last.span.start);
            line[indent.len()..]
                .starts_with('-')
                .then(|| behind(text, last.span.end, &lines_of(&indent, item)))
        }
        _ => None,
    }
}

/// The line that a byte is in, up to there, and its indent.
fn line_before(text: &str, at: usize) -> (&str, String) {
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
    (line, line[..line.len() - line.trim_start().len()].to_owned())
}

/// The text with lines behind the one that a byte is in.
fn behind(text: &str, at: usize, lines: &str) -> String {
    let end = text[at..].find('\n').map(|end| at + end + 1);
    match end {
        Some(end) => format!("{}{lines}{}", &text[..end], &text[end..]),
        None => format!("{text}\n{lines}"),
    }
}

fn at_the_end(text: &str, lines: &str) -> String {
    let gap = if text.trim().is_empty() { "" } else { "\n" };
    format!(
        "{}{gap}{lines}",
        if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
    )
}

fn in_toml(config: &Config<'_>, need: &Need) -> Option<String> {
    let (text, root) = (config.text, &config.root);
    let table = |kind: &str, name: &str, options: &[Setting], found: Option<(&Node, Option<&Node>)>| {
        let lines = |given: Option<&Node>| -> String {
            options
                .iter()
                .filter(|option| given.and_then(|given| given.get(option.key)).is_none())
                .map(Setting::toml)
                .collect()
        };
        match found {
            // What docgen adds would take Zensical's own extensions away.
            None if kind == "markdown_extensions" && config.has_default_extensions() => None,
            None => Some(at_the_end(text, &need.text(config))),
            Some((_, given)) => {
                let header = format!("[project.{kind}.{name}]");
                behind_line(text, &header, &lines(given))
            }
        }
    };
    match &need.what {
        What::Extension { name, options } => {
            table("markdown_extensions", name, options, config.extension(name))
        }
        What::Plugin { name, options } => table(
            "plugins",
            name,
            options,
            root.get("plugins").and_then(|plugins| super::named(plugins, name)),
        ),
        What::Item { key, item } => match root.get(key) {
            None => behind_line(text, "[project]", &format!("{key} = [\"{item}\"]\n")),
            Some(Node { value: Value::List(items), span }) => {
                let at = items.last().map_or(span.start + 1, |last| last.span.end);
                let comma = if items.is_empty() { "" } else { ", " };
                Some(format!("{}{comma}\"{item}\"{}", &text[..at], &text[at..]))
            }
            _ => None,
        },
        What::NoPage(part) => match root.get("exclude_docs") {
            None => behind_line(text, "[project]", &format!("exclude_docs = \"\"\"\n{part}\n\"\"\"\n")),
            Some(patterns) => {
                let end = patterns.span.end.checked_sub(3)?;
                let is_long =
                    text[..end].ends_with('\n') && ["\"\"\"", "'''"].contains(&&text[end..patterns.span.end]);
                is_long.then(|| format!("{}{part}\n{}", &text[..end], &text[end..]))
            }
        },
        What::FolderNames { .. } => Some(at_the_end(text, &need.text(config))),
        What::Theme | What::NoPlugin(_) => None,
    }
}

/// The text with lines behind the first that is this one.
fn behind_line(text: &str, line: &str, lines: &str) -> Option<String> {
    let is_it = |found: &str| found.split('#').next().unwrap_or_default().trim() == line;
    let mut at = 0;
    for found in text.split_inclusive('\n') {
        if is_it(found) {
            return Some(behind(text, at, lines));
        }
        at += found.len();
    }
    None
}
