//! The page of all commands, from their definition for clap.
//!
//! What this leaves out: which options exclude each other, which clap knows and tells nobody; its own message
//! says so when they meet.

use std::fmt::Write;

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command};

use crate::render::escape;

/// The page, of the program's whole definition.
pub(super) fn page(mut program: Command) -> String {
    program.build();
    let commands = shown_commands(&program);
    let mut page = format!(
        "# Commands\n\n{}\n\nThis is what `docgen help` says of every command; `docgen reference commands` prints it for \
         the docgen that you have.\n\n| Command | Does |\n| --- | --- |\n",
        about(&program)
    );
    for command in &commands {
        let name = name(command);
        let _ = writeln!(page, "| [`{name}`](#{}) | {} |", name.replace(' ', "-"), about(command));
    }
    page += "\n## Options of every command\n";
    page += &options(program.get_arguments().filter(|option| !option.is_positional()));
    page += &help_text(program.get_after_help());
    for command in commands {
        let is_part = command.get_bin_name().is_some_and(|name| name.split(' ').count() > 2);
        let _ = write!(
            page,
            "\n{} {}\n\n{}\n\n{}",
            if is_part { "###" } else { "##" },
            name(command),
            about(command),
            fence("text", command.clone().render_usage().to_string().trim_start_matches("Usage: "))
        );
        let own = || command.get_arguments().filter(|argument| !is_of_every_command(argument));
        page += &arguments(own().filter(|argument| argument.is_positional()));
        page += &options(own().filter(|argument| !argument.is_positional()));
        page += &help_text(command.get_after_help());
    }
    page
}

/// The commands that a help shows, each before its own.
fn shown_commands(parent: &Command) -> Vec<&Command> {
    let is_shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    let with_own = |command| std::iter::once(command).chain(shown_commands(command));
    parent.get_subcommands().filter(is_shown).flat_map(with_own).collect()
}

fn is_of_every_command(argument: &Arg) -> bool {
    argument.is_global_set() || ["help", "version"].contains(&argument.get_id().as_str())
}

/// The words that call a command.
fn name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

fn arguments<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    table("Argument", arguments.filter(|argument| !argument.is_hide_set()).map(row))
}

fn options<'a>(options: impl Iterator<Item = &'a Arg>) -> String {
    table("Option", options.filter(|option| !option.is_hide_set()).map(row))
}

/// A table of two columns with a blank line before it; nothing without rows.
fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { format!("\n| {head} | Says |\n| --- | --- |\n{rows}") }
}

fn row(argument: &Arg) -> String {
    let values: Vec<&str> =
        argument.get_value_names().unwrap_or_default().iter().map(clap::builder::Str::as_str).collect();
    let takes_value = argument.is_positional() || argument.get_action().takes_values();
    let value = takes_value.then(|| values.join(" "));
    let mut forms: Vec<String> = Vec::new();
    forms.extend(argument.get_short().map(|short| format!("-{short}")));
    forms.extend(argument.get_long().map(|long| format!("--{long}")));
    let last = match (forms.pop(), value) {
        (Some(option), Some(value)) => format!("{option} {value}"),
        (Some(option), None) => option,
        (None, value) => value.unwrap_or_default(),
    };
    forms.push(last);
    let forms: Vec<String> = forms.iter().map(|form| escape::code(form)).collect();

    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    // What clap is not told, since it depends on where docgen runs, stands in the help.
    let (help, told) = match help.strip_suffix(']').and_then(|help| help.split_once(" [default: ")) {
        Some((help, default)) => (help, Some(prose(default))),
        None => (help.as_str(), None),
    };
    let mut says = sentence(help);
    if takes_value {
        says += &choices(&argument.get_possible_values());
    }
    let known = argument.get_default_values().iter().map(|value| escape::code(&value.to_string_lossy()));
    for default in known.filter(|_| takes_value).chain(told) {
        let _ = write!(says, " Without it: {default}.");
    }
    format!("| {} | {says} |\n", forms.join(", "))
}

/// The values that an argument may have, with what they mean where that is told.
fn choices(values: &[PossibleValue]) -> String {
    let shown = || values.iter().filter(|value| !value.is_hide_set());
    let meaning = |value: &PossibleValue| {
        let help = value.get_help()?;
        Some(format!(" {}: {}", escape::code(value.get_name()), sentence(&help.to_string())))
    };
    let meanings: Option<String> = shown().map(meaning).collect();
    match meanings {
        Some(meanings) => meanings,
        None => {
            let names: Vec<String> = shown().map(|value| escape::code(value.get_name())).collect();
            format!(" One of {}.", names.join(", "))
        }
    }
}

/// What a command does.
fn about(command: &Command) -> String {
    sentence(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// A help text with its full stop, which clap leaves off.
pub(super) fn sentence(help: &str) -> String {
    let text = prose(help);
    if text.is_empty() || text.ends_with(['.', ':', '?']) { text } else { text + "." }
}

/// What stands below a help: paragraphs, and indented lines, which are what somebody types.
fn help_text(text: Option<&StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut page = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut typed: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.starts_with("  ") && !typed.is_empty() {
            let _ = write!(page, "\n{}", fence("text", &typed.join("\n")));
            typed.clear();
        }
        match line.strip_prefix("  ") {
            None if !line.is_empty() => paragraph.push(line),
            found => {
                if !paragraph.is_empty() {
                    let _ = writeln!(page, "\n{}", prose(&paragraph.join(" ")));
                    paragraph.clear();
                }
                typed.extend(found);
            }
        }
    }
    page
}

fn fence(language: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("``` {language}\n{}\n```\n", lines.join("\n"))
}

/// The text of a help on one line of Markdown: what is in backticks is code there as well, and all else text.
pub(super) fn prose(text: &str) -> String {
    let mut shown = String::new();
    for (at, part) in text.split('`').enumerate() {
        match at % 2 {
            0 => part.chars().for_each(|c| match c {
                '<' => shown += "&lt;",
                '*' | '[' | ']' | '|' | '\\' => shown.extend(['\\', c]),
                _ => shown.push(c),
            }),
            _ => shown += &escape::code(part),
        }
    }
    shown
}
