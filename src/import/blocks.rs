//! What is around the messages of a page: command, debugger's configuration, output, reference.

use std::ops::Range;

use serde::Deserialize;

use super::Document;
use super::facts::Facts;
use super::scan::info_parts;
use crate::page::Command;
use crate::profile::Profile;

/// The blocks that a page has.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) title: Option<String>,
    pub(super) command: Option<CommandBlock>,
    pub(super) launch: Option<LaunchBlock>,
    pub(super) output: Option<OutputBlock>,
    pub(super) reference: Option<ReferenceLink>,
    /// Fences with commands that were not taken for the page's, and their programs.
    pub(super) housekeeping: Vec<(usize, String)>,
}

/// The fence with the command.
#[derive(Debug)]
pub(super) struct CommandBlock {
    /// Its index in the outline.
    pub(super) fence: usize,
    /// The command without `$`.
    pub(super) typed: String,
    /// How many lines of the fence's content are the command.
    pub(super) lines: usize,
    pub(super) title: Option<String>,
}

/// The fence with `launch.json`.
#[derive(Debug)]
pub(super) struct LaunchBlock {
    pub(super) fence: usize,
    pub(super) title: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) program: Option<String>,
    pub(super) env: Vec<(String, String)>,
}

/// What the command printed.
#[derive(Debug)]
pub(super) struct OutputBlock {
    pub(super) fence: usize,
    /// The lines of the page that it is in.
    pub(super) lines: Range<usize>,
    pub(super) text: String,
    pub(super) title: Option<String>,
}

/// The link to where the command is documented.
#[derive(Debug)]
pub(super) struct ReferenceLink {
    pub(super) range: Range<usize>,
    pub(super) url: String,
    /// The release that the URL names, where the profile made it.
    pub(super) release: Option<String>,
    pub(super) is_known: bool,
}

/// Finds the blocks of the page.
pub(super) fn find(document: &Document<'_>, facts: &Facts<'_>, profile: Option<&Profile>) -> Blocks {
    let Document { lines, outline, .. } = document;
    let text = lines.text;
    let first_heading = outline.headings.iter().find(|heading| heading.level == 1);
    let mut blocks = Blocks {
        title: first_heading
            .map(|heading| text[heading.text.clone()].trim_end().to_owned())
            .or_else(|| front_matter_title(text)),
        ..Blocks::default()
    };
    let taken: std::collections::HashSet<usize> = facts
        .sections
        .iter()
        .filter(|section| section.document == 0)
        .flat_map(|section| [section.headers, section.body])
        .chain(facts.diagrams.all.iter().filter(|diagram| diagram.document == 0).map(|diagram| diagram.fence))
        .flatten()
        .collect();
    for (at, fence) in outline.fences.iter().enumerate() {
        if taken.contains(&at) {
            continue;
        }
        let (language, options) = info_parts(&text[fence.info.clone()], fence.info.start);
        let title = options
            .iter()
            .find(|option| option.name == "title")
            .map(|option| text[option.value.clone()].to_owned());
        let content: Vec<&str> =
            fence.content().map(|line| dedented(lines.get(line), fence.indent)).collect();
        if blocks.command.is_none()
            && let Some((typed, count)) = command(&content, language)
        {
            if let Some(program) = housekeeping(&typed, blocks.title.as_deref()) {
                blocks.housekeeping.push((at, program.to_owned()));
                continue;
            }
            let rest = fence.open + 1 + count..fence.close;
            if blocks.output.is_none() && content[count..].iter().any(|line| !line.trim().is_empty()) {
                blocks.output = Some(output(&content[count..], rest, at, None));
            }
            blocks.command = Some(CommandBlock { fence: at, typed, lines: count, title });
        } else if blocks.launch.is_none()
            && let Some(found) = launch(&content.join("\n"), title.as_deref())
        {
            blocks.launch = Some(LaunchBlock { fence: at, title, ..found });
        } else if blocks.output.is_none()
            && is_output(document, fence.open, title.as_deref())
            && !content.is_empty()
        {
            blocks.output = Some(output(&content, fence.content(), at, title));
        }
    }
    blocks.reference = reference(document, &blocks, profile);
    blocks
}

/// The title that a page's front matter gives it.
fn front_matter_title(text: &str) -> Option<String> {
    let mut lines = text.strip_prefix("---\n")?.lines().take_while(|line| !matches!(*line, "---" | "..."));
    let title = lines.find_map(|line| line.strip_prefix("title:"))?.trim();
    let quoted = ['"', '\''].iter().find_map(|&quote| title.strip_prefix(quote)?.strip_suffix(quote));
    Some(quoted.unwrap_or(title).to_owned()).filter(|title| !title.is_empty() && !title.contains(['"', '\\']))
}

/// A line without so many blanks before it.
pub(super) fn dedented(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[blanks.min(indent)..]
}

/// A command as a terminal shows it at the start of these lines, and how many lines it takes.
fn command(content: &[&str], language: &str) -> Option<(String, usize)> {
    let known = ["bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession", "terminal"];
    let first = content.iter().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
    if !first.starts_with("$ ") || !(known.contains(&language) || language.is_empty() || language == "text") {
        return None;
    }
    let mut typed = String::new();
    let mut continued = false;
    let mut taken = 0;
    let mut length = 0;
    for (at, line) in content.iter().enumerate() {
        let part = match line.strip_prefix("$ ") {
            _ if continued => line,
            Some(part) => part,
            None if line.trim_start().starts_with('#') || line.is_empty() => line,
            None => break,
        };
        if at > 0 {
            typed.push('\n');
        }
        typed.push_str(part);
        continued = line.ends_with('\\');
        // A comment or a blank line is a part of it only where a command follows.
        if !part.is_empty() && !part.trim_start().starts_with('#') || continued {
            (taken, length) = (at + 1, typed.len());
        }
    }
    typed.truncate(length);
    // A command that would be shown otherwise (blanks at its end, say) is not this one.
    let same = Command::new(&typed, &[]).shown() == content[..taken].join("\n");
    same.then_some((typed, taken))
}

/// Programs with which people look after files, sources and packages. A page that is about one of them
/// is titled with it; beside a diagram of other calls it is what somebody does before or after, and
/// nothing that `docgen capture` is to run.
const HOUSEKEEPING: [&str; 52] = [
    ".",
    "apt",
    "apt-get",
    "awk",
    "brew",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cmake",
    "cp",
    "dd",
    "dnf",
    "echo",
    "export",
    "find",
    "git",
    "grep",
    "head",
    "kill",
    "less",
    "ln",
    "ls",
    "make",
    "mkdir",
    "mv",
    "nano",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pipx",
    "pwd",
    "reboot",
    "rm",
    "rmdir",
    "sed",
    "service",
    "shutdown",
    "source",
    "systemctl",
    "tail",
    "tar",
    "touch",
    "unset",
    "unzip",
    "uv",
    "vi",
    "vim",
    "yarn",
    "yum",
];

/// The program that a command runs, if it is one of [`HOUSEKEEPING`] and the page is not about it.
fn housekeeping<'c>(typed: &'c str, title: Option<&str>) -> Option<&'c str> {
    let line = typed.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
    let program = line.split_whitespace().find(|word| *word != "sudo" && !word.contains('='))?;
    let program = program.rsplit('/').next()?;
    let is_title =
        title.is_some_and(|title| title.split(|c: char| !c.is_alphanumeric()).any(|word| word == program));
    (HOUSEKEEPING.contains(&program) && !is_title).then_some(program)
}

#[derive(Deserialize)]
struct LaunchFile {
    request: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    program: Option<String>,
    #[serde(default, deserialize_with = "crate::settings::in_order")]
    env: Vec<(String, String)>,
}

/// A debugger's configuration; the one of `launch.json` is an element of a list, with a comma.
fn launch(content: &str, title: Option<&str>) -> Option<LaunchBlock> {
    if !content.contains("\"program\"") && !title.is_some_and(|title| title.contains("launch.json")) {
        return None;
    }
    let json = content.trim().trim_end_matches(',');
    let file: LaunchFile = serde_json::from_str(json).ok()?;
    (file.request.as_deref() == Some("launch")).then_some(LaunchBlock {
        fence: 0,
        title: None,
        name: file.name,
        kind: file.kind,
        program: file.program,
        env: file.env,
    })
}

/// Whether the fence that opens here shows what the command printed: its title or the heading
/// above it says so.
fn is_output(document: &Document<'_>, open: usize, title: Option<&str>) -> bool {
    let says_so = |text: &str| {
        let text = text.to_lowercase();
        ["output", "출력", "결과", "console"].iter().any(|word| text.contains(word))
    };
    if title.is_some_and(|title| says_so(title) || title.ends_with(" format")) {
        return true;
    }
    // The title of the admonition or collapsed block around it.
    let around = (0..open).rev().map(|line| document.lines.get(line)).find(|line| !line.trim().is_empty());
    let is_block = |line: &&str| ["???", "!!!"].iter().any(|sign| line.trim_start().starts_with(sign));
    if around.filter(is_block).is_some_and(says_so) {
        return true;
    }
    let headings = &document.outline.headings;
    let above =
        headings.partition_point(|heading| heading.line < open).checked_sub(1).map(|at| &headings[at]);
    above.is_some_and(|heading| says_so(&document.lines.text[heading.text.clone()]))
}

fn output(content: &[&str], lines: Range<usize>, fence: usize, title: Option<String>) -> OutputBlock {
    let blank_end = content.iter().rev().take_while(|line| line.is_empty()).count();
    let mut text = content[..content.len() - blank_end].join("\n");
    text.push('\n');
    OutputBlock { fence, lines: lines.start..lines.end - blank_end, text, title }
}

fn reference(document: &Document<'_>, blocks: &Blocks, profile: Option<&Profile>) -> Option<ReferenceLink> {
    let typed = blocks.command.as_ref().map(|command| command.typed.as_str()).or(blocks.title.as_deref());
    let words = typed.and_then(|typed| Command::new(typed, &[]).words()).map(|words| words.join(" "));
    let known = |release: Option<&str>| profile?.cli_reference(words.as_deref()?, release);
    let text = known(None).map(|link| link.text);
    for link in &document.outline.links {
        // A release is a part of the URL's path; which one, the profile says by making the same URL.
        let mut releases = std::iter::once(None).chain(link.url.split('/').map(Some));
        let release = releases.find(|release| known(*release).is_some_and(|known| known.url == link.url));
        if let Some(release) = release {
            return Some(ReferenceLink {
                range: link.range.clone(),
                url: link.url.clone(),
                release: release.map(str::to_owned),
                is_known: true,
            });
        }
        let names_command = blocks.title.as_deref().is_some_and(|title| title == link.text)
            || text.as_deref() == Some(link.text.as_str());
        if names_command && link.url.starts_with("http") {
            return Some(ReferenceLink {
                range: link.range.clone(),
                url: link.url.clone(),
                release: None,
                is_known: false,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_its_output_begins() {
        let content = ["# first", "$ openstack image create \\", "  --public x", "+---+", "| a |"];
        let (typed, lines) = command(&content, "console").unwrap();
        assert_eq!((typed.as_str(), lines), ("# first\nopenstack image create \\\n  --public x", 3));
        assert_eq!(command(&["$ a", "", "# b", "$ c", "", "out"], "bash").unwrap().1, 4);
        assert!(command(&["openstack"], "bash").is_none());
        assert!(command(&["$ a"], "python").is_none());
    }

    #[test]
    fn a_command_that_asks_no_server_is_not_the_page_s() {
        assert_eq!(housekeeping("rm -rf build", Some("Log in")), Some("rm"));
        assert_eq!(housekeeping("# first\nsudo /usr/bin/git remote -v", None), Some("git"));
        assert_eq!(housekeeping("git clone http://h/x", Some("What git clone asks")), None);
        assert_eq!(housekeeping("A=1 openstack image list", None), None);
        assert_eq!(housekeeping("curl http://h/", None), None);
    }

    #[test]
    fn front_matter_may_have_the_title() {
        let title = |text| front_matter_title(text);
        assert_eq!(title("---\ntags: [a]\ntitle: \"Log in\"\n---\ntext").as_deref(), Some("Log in"));
        assert_eq!(title("---\ntitle: Log in\n---\n").as_deref(), Some("Log in"));
        assert_eq!(title("---\na: b\n---\ntitle: Log in\n"), None);
        assert_eq!(title("title: Log in\n"), None);
    }

    #[test]
    fn a_configuration_is_read_with_its_comma() {
        let found = launch(
            "{\"request\": \"launch\", \"program\": \"x\", \"env\": {\"B\": \"1\", \"A\": \"2\"}},",
            None,
        )
        .unwrap();
        assert_eq!(found.env, [("B".into(), "1".into()), ("A".into(), "2".into())]);
        assert!(launch("{\"program\": 1}", None).is_none());
    }
}
