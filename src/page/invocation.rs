//! What a command line is about: the program that it runs, without what prepares it.
//!
//! `set -e; cd work && OS_CLOUD=lab timeout 60 openstack image list | jq .` is about `openstack image list`.
//! This reads just enough of the shell's language (POSIX, Shell Command Language) to find that out, for a
//! title. What it leaves out: expansions, here-documents, and being right about every script; a title is
//! the maintainer's to change.

/// Words that begin a clause of the shell's and are followed by a command.
const KEYWORDS: [&str; 9] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{"];

/// Programs that run another, named after their own options.
const WRAPPERS: [&str; 14] = [
    "builtin", "command", "doas", "env", "exec", "ionice", "nice", "nohup", "setsid", "stdbuf", "sudo",
    "time", "timeout", "xargs",
];

/// Options of wrappers that have a value of their own behind them.
const WRAPPER_VALUES: [&str; 11] = ["-u", "-g", "-n", "-k", "-s", "-i", "-o", "-e", "-c", "-C", "-I"];

/// Programs that run a line of the shell's.
const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// What only prepares or decorates, and the shell's own words that no command follows.
const PREPARATIONS: [&str; 54] = [
    ".", ":", "[", "[[", "alias", "break", "case", "cat", "cd", "chmod", "continue", "cp", "declare", "done",
    "echo", "esac", "eval", "exit", "export", "false", "fi", "for", "function", "hash", "in", "kill", "let",
    "ln", "local", "mkdir", "mktemp", "mv", "popd", "printf", "pushd", "read", "readonly", "return", "rm",
    "select", "set", "shift", "shopt", "sleep", "source", "test", "touch", "trap", "true", "typeset",
    "ulimit", "umask", "unset", "wait",
];

/// The words of what a command runs, its program first and without its folder; none where nothing can be told.
pub fn words(command: &[String], is_shell: bool) -> Vec<String> {
    match (is_shell, command) {
        (true, [line]) => simple_commands(line)
            .into_iter()
            .filter_map(|words| unwrapped(&words))
            .find(|words| !PREPARATIONS.contains(&&*words[0]))
            .map(of_shell)
            .unwrap_or_default(),
        _ => of_shell(unwrapped(command).unwrap_or_default()),
    }
}

/// What `sh -c LINE` is about, or else the words themselves.
fn of_shell(words: Vec<String>) -> Vec<String> {
    match &words[..] {
        [shell, option, line, ..]
            if SHELLS.contains(&shell.as_str()) && option.starts_with('-') && option.ends_with('c') =>
        {
            self::words(std::slice::from_ref(line), true)
        }
        _ => words,
    }
}

/// The words without assignments and wrappers before the program.
fn unwrapped(words: &[String]) -> Option<Vec<String>> {
    let is_before = |word: &&String| is_assignment(word) || KEYWORDS.contains(&word.as_str());
    let mut words = words.iter().skip_while(is_before).peekable();
    loop {
        let program = words.next().filter(|word| !word.trim().is_empty())?;
        let name = program.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(program);
        if !WRAPPERS.contains(&name) || words.peek().is_none() {
            return Some(std::iter::once(name.to_owned()).chain(words.cloned()).collect());
        }
        while let Some(option) = words.next_if(|word| {
            // A duration, a priority.
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            word.starts_with('-') || is_assignment(word) || is_number
        }) {
            if WRAPPER_VALUES.contains(&option.as_str()) {
                words.next();
            }
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| crate::settings::is_identifier(name))
}

/// The simple commands of a line of the shell's, those in `$(…)` too, each in its words. One whose quotes do
/// not match is left out.
fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut current = String::new();
    let mut quote = None;
    let mut chars = line.chars().peekable();
    let mut end = |current: &mut String| {
        let command = std::mem::take(current);
        // `name=$` is what is left of `name=$(…)`.
        let words = shlex::split(command.trim_end_matches('$')).unwrap_or_default();
        if !words.is_empty() {
            commands.push(words);
        }
    };
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) => {
                if c == open {
                    quote = None;
                }
                current.push(c);
                if open == '"' && c == '\\' {
                    current.extend(chars.next());
                }
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                current.push(c);
            }
            (None, '\\') => match chars.next() {
                // The line goes on.
                Some('\n') => current.push(' '),
                next => {
                    current.push(c);
                    current.extend(next);
                }
            },
            (None, '#') if current.is_empty() || current.ends_with(char::is_whitespace) => {
                while chars.next_if(|&c| c != '\n').is_some() {}
            }
            // `2>&1` and `&>file` end no command.
            (None, '&') if current.ends_with(['>', '<']) || chars.peek() == Some(&'>') => current.push(c),
            (None, '(') if chars.peek() == Some(&')') => {
                // The name of a function, whose body follows.
                chars.next();
                current.clear();
            }
            (None, ';' | '&' | '|' | '\n' | '(' | ')' | '`') => end(&mut current),
            (None, c) => current.push(c),
        }
    }
    end(&mut current);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_line(line: &str) -> String {
        words(&[line.to_owned()], true).join(" ")
    }

    #[test]
    fn a_line_is_about_its_first_program() {
        for (line, expected) in [
            ("openstack image list | jq .", "openstack image list"),
            ("set -e; cd work && openstack image list", "openstack image list"),
            ("# first\nexport A=b\nOS_CLOUD=lab /usr/bin/openstack token issue", "openstack token issue"),
            ("sudo -u glance timeout -k 5 60 env -i A=b glance image-list", "glance image-list"),
            (
                "token=$(openstack token issue -f value); curl -H \"X: $token\" h",
                "openstack token issue -f value",
            ),
            ("if ! curl -s h; then exit 1; fi", "curl -s h"),
            ("for n in 1 2 3; do wget h/$n 2>&1; done", "wget h/$n 2>&1"),
            ("get() { curl -s \"$1\"; }; get h", "curl -s $1"),
            ("(curl -s h &> log)", "curl -s h &> log"),
            ("cat body.json | curl -d @- h", "curl -d @- h"),
            ("echo 'a; b' \"c | d\"; aws s3 ls", "aws s3 ls"),
            ("curl \\\n  -s h", "curl -s h"),
            ("time", "time"),
            (". ./run.sh", ""),
            ("echo 'it", ""),
            ("", ""),
        ] {
            assert_eq!(of_line(line), expected, "{line}");
        }
    }

    #[test]
    fn words_are_no_line() {
        let words = |line: &str| words(&shlex::split(line).unwrap(), false).join(" ");
        assert_eq!(words("env A=b ./bin/tool list"), "tool list");
        assert_eq!(words("echo 'a; b'"), "echo a; b");
        assert_eq!(words("bash -ec 'cd x; curl -s h'"), "curl -s h");
        assert_eq!(words("sh script.sh"), "sh script.sh");
        assert_eq!(words("nice -n 5 openstack x"), "openstack x");
        assert_eq!(words("''"), "");
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read(line in "[a-z $=;|&()'\"`\\\\#\n<>]{0,40}") {
            of_line(&line);
        }
    }
}
