//! What pages need, added to a configuration's text.
//!
//! Text is only put in, never taken out, so that no comment and no order of a person's is lost; what comes of it
//! is read again, and taken only where all that was said is still said and what was lacking no longer is. Where
//! a configuration is written in another form than the usual ones, nothing is added: what to write is told.

use super::Config;
use super::needs::{
    AWESOME_NAV, FENCE, FENCES, Need, Setting, TOML_FENCE, Wanted, What, entry, flow_item, item,
};
use super::tree::{Node, Value};

/// The configuration with what is needed; `None` where that is not for docgen to add.
pub(super) fn added<'a>(config: &Config<'a>, need: &Need) -> Option<Config<'a>> {
    let made = if config.is_toml { in_toml(config, need) } else { in_yaml(config, need) }?;
    let made =
        if config.text.contains("\r\n") { made.replace("\r\n", "\n").replace('\n', "\r\n") } else { made };
    let read = Config::parse(config.file, made).ok()?;
    // An option of several may be what was added: the next one comes in its turn.
    (read.root.keeps(&config.root) && need.lack(&read).is_none()).then_some(read)
}

/// Lines with an indent before each.
pub(super) fn lines_of(indent: &str, lines: &str) -> String {
    lines.lines().map(|line| format!("{indent}{line}\n")).collect()
}

fn in_yaml(config: &Config<'_>, need: &Need) -> Option<String> {
    let (text, root) = (config.text.as_str(), &config.root);
    match &need.what {
        What::Extension { name, options } => {
            in_named_list(config, "markdown_extensions", name, options, config.extension(name))
        }
        What::Plugin { name, options } => in_plugins(config, name, options),
        What::FolderNames { has_plugin: true } => in_plugins(config, AWESOME_NAV, &[]),
        What::Item { key, item } => in_list(text, root, key, &format!("- {item}\n"), item),
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
    let text = config.text.as_str();
    let all = config.root.get(key);
    let Some((node, given)) = found else {
        return match all.map(|all| (&all.value, &all.span)) {
            // Names with options are a map as well.
            Some((Value::Map(entries), span)) => {
                let (above, indent) = line_before(text, entries.first()?.0.span.start);
                let lines = lines_of(&indent, &entry(name, options));
                above.trim().is_empty().then(|| behind(text, span.end, &lines))
            }
            _ => in_list(text, &config.root, key, &item(name, options), &flow_item(name, options)),
        };
    };
    let (_, indent) = line_before(text, node.span.start);
    let is_map = all.is_some_and(|all| matches!(all.value, Value::Map(_)));
    let inner = format!("{indent}{}", if is_map { "  " } else { "      " });
    match given.map(|given| (&given.value, given)) {
        // A name alone, in a list on one line.
        None if config
            .root
            .entry(key)
            .is_some_and(|(key, all)| end_on_one_line(text, key, all).is_some()) =>
        {
            let made = flow_item(&text[node.span.clone()], options);
            Some(format!("{}{made}{}", &text[..node.span.start], &text[node.span.end..]))
        }
        // Otherwise its options go below it.
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

/// An item at the end of a list, as it is written in lines or on one; the list at the end of the file, where there
/// is none.
fn in_list(text: &str, root: &Node, key: &str, item: &str, on_one_line: &str) -> Option<String> {
    let Some((name, all)) = root.entry(key) else {
        return Some(at_the_end(text, &format!("{key}:\n{}", lines_of("  ", item))));
    };
    if all.value == Value::Null {
        return Some(behind(text, name.span.end, &lines_of("  ", item)));
    }
    let Value::List(items) = &all.value else { return None };
    if let Some(end) = end_on_one_line(text, name, all) {
        let comma = if items.is_empty() { "" } else { ", " };
        return Some(format!("{}{comma}{on_one_line}{}", &text[..end], &text[end..]));
    }
    let last = items.last()?;
    let (line, indent) = line_before(text, last.span.start);
    line[indent.len()..].starts_with('-').then(|| behind(text, last.span.end, &lines_of(&indent, item)))
}

/// Where the last member of a list in brackets ends; `None` where it is written in lines, or named, or a tag makes
/// something of it.
fn end_on_one_line(text: &str, name: &Node, all: &Node) -> Option<usize> {
    let Value::List(items) = &all.value else { return None };
    let before = text.get(name.span.end..all.span.start)?;
    let is_plain = text[all.span.clone()].starts_with('[') && before.trim() == ":";
    is_plain.then(|| items.last().map_or(all.span.start + 1, |last| last.span.end))
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
    let (text, root) = (config.text.as_str(), &config.root);
    match &need.what {
        // What docgen adds would take Zensical's own extensions away.
        What::Extension { .. } if config.has_default_extensions() => None,
        What::Extension { name, options } => {
            in_toml_names(text, need, root.get("markdown_extensions"), config.extension(name), name, options)
        }
        What::Plugin { name, options } => {
            let all = root.get("plugins");
            in_toml_names(text, need, all, all.and_then(|all| super::named(all, name)), name, options)
        }
        What::FolderNames { .. } => in_toml_names(text, need, root.get("plugins"), None, AWESOME_NAV, &[]),
        What::Item { key, item } => match root.get(key) {
            None => Some(in_project(text, root, &format!("{key} = [\"{item}\"]\n"))),
            Some(all) => in_toml_list(text, all, &format!("\"{item}\"")),
        },
        What::NoPage(part) => match root.get("exclude_docs") {
            None => Some(in_project(text, root, &format!("exclude_docs = \"\"\"\n{part}\n\"\"\"\n"))),
            Some(patterns) => {
                let end = patterns.span.end.checked_sub(3)?;
                let is_long =
                    text[..end].ends_with('\n') && ["\"\"\"", "'''"].contains(&&text[end..patterns.span.end]);
                is_long.then(|| format!("{}{part}\n{}", &text[..end], &text[end..]))
            }
        },
        What::Theme | What::NoPlugin(_) => None,
    }
}

/// A name with options among others, which may be there.
fn in_toml_names(
    text: &str,
    need: &Need,
    all: Option<&Node>,
    found: Option<(&Node, Option<&Node>)>,
    name: &str,
    options: &[Setting],
) -> Option<String> {
    match (found, all.map(|all| (all, &all.value))) {
        (Some((node, given)), _) => in_toml_options(text, node, given, options),
        (None, Some((all, Value::List(_)))) if options.is_empty() => {
            in_toml_list(text, all, &format!("\"{name}\""))
        }
        (None, Some((all, Value::List(_)))) => {
            in_toml_list(text, all, &format!("{{ \"{name}\" = {{ {} }} }}", on_one_line(options)))
        }
        (None, _) => Some(at_the_end(text, &need.toml())),
    }
}

/// Options as they are written between braces.
fn on_one_line(options: &[Setting]) -> String {
    let options: Vec<String> = options.iter().map(|option| option.toml().trim_end().to_owned()).collect();
    options.join(", ")
}

/// Options of a name that is there.
fn in_toml_options(text: &str, name: &Node, given: Option<&Node>, options: &[Setting]) -> Option<String> {
    let Some(given) = given else {
        // A name alone, in a list.
        let made = format!("{{ {} = {{ {} }} }}", &text[name.span.clone()], on_one_line(options));
        return Some(format!("{}{made}{}", &text[..name.span.start], &text[name.span.end..]));
    };
    let Value::Map(entries) = &given.value else { return None };
    if let Some(fences) = given.get(FENCES).filter(|_| options.iter().any(|option| option.key == FENCES)) {
        return in_toml_list(text, fences, TOML_FENCE);
    }
    let is_lacking = |option: &&Setting| given.get(option.key).is_none();
    let lacking: Vec<Setting> = options.iter().filter(is_lacking).cloned().collect();
    // A table is where its header is; one on one line is in braces.
    if !text[given.span.clone()].starts_with('{') {
        return Some(behind(text, given.span.start, &lacking.iter().map(Setting::toml).collect::<String>()));
    }
    let made = on_one_line(&lacking);
    let (at, made) = match entries.iter().map(|(_, value)| value.span.end).max() {
        Some(last) => (last, format!(", {made}")),
        None => (given.span.start + 1, format!(" {made} ")),
    };
    Some(format!("{}{made}{}", &text[..at], &text[at..]))
}

/// A member at the end of a list.
fn in_toml_list(text: &str, all: &Node, item: &str) -> Option<String> {
    let Value::List(items) = &all.value else { return None };
    let at = items.last().map_or(all.span.start + 1, |last| last.span.end);
    let comma = if items.is_empty() { "" } else { ", " };
    Some(format!("{}{comma}{item}{}", &text[..at], &text[at..]))
}

/// A setting of the project: behind the header of its table, or before the first of one that has none.
fn in_project(text: &str, project: &Node, setting: &str) -> String {
    if text[project.span.clone()].starts_with('[') {
        return behind(text, project.span.start, setting);
    }
    match project.entries().iter().map(|(key, _)| key.span.start).min() {
        Some(first) => {
            let start = text[..first].rfind('\n').map_or(0, |end| end + 1);
            // As in `project.site_name`.
            format!("{}{setting}{}", &text[..first], &text[start..])
        }
        None => at_the_end(text, &format!("[project]\n{setting}")),
    }
}
