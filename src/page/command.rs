//! The command that a page is about: as typed, and as a debugger's configuration.

use crate::settings::Settings;
use crate::text::{values, with_values};

/// A command as it was typed, on one line or on several.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    typed: String,
}

impl Command {
    /// The command, with the values of the variables for `{name}`.
    pub fn new(typed: &str, vars: &[(String, String)]) -> Command {
        Command { typed: with_values(typed.trim_end(), &values(vars)) }
    }

    /// The command as it was typed, with the values of variables.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The lines as a terminal shows them: a `$` before each command, none before a
    /// comment or a continued line.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        let mut continued = false;
        for line in self.typed.lines() {
            if !shown.is_empty() {
                shown.push('\n');
            }
            if !continued && !line.trim_start().starts_with('#') && !line.trim().is_empty() {
                shown.push_str("$ ");
            }
            shown.push_str(line);
            continued = line.ends_with('\\');
        }
        shown
    }

    /// The first line that is no comment.
    pub fn first_line(&self) -> &str {
        let mut lines = self.typed.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.next().unwrap_or_default().trim_end_matches('\\').trim()
    }

    /// The words of the command as a POSIX shell splits them; `None` where its quotes do not match.
    pub fn words(&self) -> Option<Vec<String>> {
        Some(self.word_lines()?.concat())
    }

    /// The words, line by line as typed. Comments are left out.
    fn word_lines(&self) -> Option<Vec<Vec<String>>> {
        let code: Vec<&str> = self.typed.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let by_line: Option<Vec<Vec<String>>> = code
            .iter()
            .map(|line| shlex::split(line.trim_end().trim_end_matches('\\')))
            .filter(|words| words.as_ref().is_none_or(|words| !words.is_empty()))
            .collect();
        // A quote that spans lines: the whole is one line then.
        by_line.or_else(|| Some(vec![shlex::split(&code.join("\n"))?]))
    }
}

/// The words of a command as settings have them: on a line that a POSIX shell would split so; with a shell, the
/// one word is the line.
pub fn command_line(words: &[String], shell: bool) -> String {
    match (shell, words) {
        (true, [line]) => line.clone(),
        // A NUL byte cannot be in an argument that came from a command line.
        _ => shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" ")),
    }
}

/// A debugger's configuration (`.vscode/launch.json`) that runs the command.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The configuration's name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The program.
    pub program: String,
    /// The arguments, in lines as the command was typed.
    pub arguments: Vec<Vec<String>>,
    /// The environment, in order.
    pub env: Vec<(String, String)>,
}

impl Launch {
    /// The configuration for a command; `None` where it has no words.
    pub fn new(command: &Command, title: &str, settings: &Settings) -> Option<Launch> {
        let mut arguments = command.word_lines()?;
        let program = arguments.first_mut()?;
        if program.is_empty() {
            return None;
        }
        let program = program.remove(0);
        let launch = &settings.launch;
        Some(Launch {
            name: format!("{}{title}", launch.prefix.as_deref().unwrap_or("Python: ")),
            kind: launch.kind.clone().unwrap_or_else(|| "python".into()),
            program: launch.program.clone().unwrap_or_else(|| format!("Scripts/{program}.exe")),
            arguments: arguments.into_iter().filter(|line| !line.is_empty()).collect(),
            env: settings.env.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_typed() {
        let command = Command::new(
            "# first\nopenstack image create \\\n  --public \\\n  {name}\n",
            &[("name".into(), "x".into())],
        );
        assert_eq!(command.shown(), "# first\n$ openstack image create \\\n  --public \\\n  x");
        assert_eq!(command.words().unwrap(), ["openstack", "image", "create", "--public", "x"]);
    }

    #[test]
    fn arguments_break_where_the_command_does() {
        let command = Command::new("openstack image create \\\n  --tag 'a b' \\\n  x", &[]);
        let launch = Launch::new(&command, "t", &Settings::default()).unwrap();
        let lines: Vec<Vec<&str>> =
            launch.arguments.iter().map(|line| line.iter().map(String::as_str).collect()).collect();
        assert_eq!(lines, [vec!["image", "create"], vec!["--tag", "a b"], vec!["x"]]);
    }

    #[test]
    fn a_quote_over_lines_is_kept() {
        let command = Command::new("openstack x --note 'a\nb'", &[]);
        assert_eq!(command.words().unwrap().last().unwrap(), "a\nb");
        assert_eq!(Command::new("a 'b", &[]).words(), None);
    }
}
