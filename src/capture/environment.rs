//! What a command's environment says, and what docgen makes of it.
//!
//! An `openrc` is a shell script that sets variables, written by Horizon or by
//! hand. It is read here, not run: a capture that came in a pull request must not
//! get to run what it likes before anybody looked. What it leaves out: the rest of
//! the shell. A line that is not understood is an error with its place.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::UpstreamProxy;
use crate::error::{Error, ErrorKind, Place};
use crate::redact::Rules;

/// Variables that would keep a command from using the proxy.
pub(crate) const REMOVED: [&str; 3] = ["no_proxy", "NO_PROXY", "REQUEST_METHOD"];

/// Variables that make a command do the same in every run, unless its environment says otherwise: the order
/// of keys in what Python and Perl send follows from a seed.
pub const REPEATABLE: [(&str, &str); 2] = [("PYTHONHASHSEED", "0"), ("PERL_HASH_SEED", "0")];

/// Variables that name the proxy.
const PROXY: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Variables that name a file of certificates to trust.
const CERTIFICATES: [&str; 18] = [
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "OS_CACERT",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
    "HTTPS_CA_FILE",
    "BUNDLE_SSL_CA_CERT",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "NIX_SSL_CERT_FILE",
    "RCLONE_CA_CERT",
    "VAULT_CACERT",
];

/// Variables that make a client heed the others.
const HEED: [&str; 2] = ["NODE_USE_ENV_PROXY", "PERL_LWP_ENV_PROXY"];

/// The variable that names wget's settings, and what they are called in the home folder.
const WGETRC: (&str, &str) = ("WGETRC", ".wgetrc");

/// The settings that make wget trust the certificates in `file`: it knows no variable for them.
/// `None` where the user has settings, which would not be read beside them.
pub(crate) fn wgetrc(env: &[(OsString, OsString)], file: &Path) -> Option<String> {
    let value = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let own = value("HOME").is_some_and(|home| Path::new(home).join(WGETRC.1).exists());
    (value(WGETRC.0).is_none() && !own).then(|| format!("ca_certificate = {}\n", file.display()))
}

/// The variables that make a command use the proxy at `url` and trust the certificates in `file`;
/// `wgetrc` is the file of wget's settings, where there is one for it.
pub(crate) fn added(url: &str, file: &Path, wgetrc: Option<&Path>) -> Vec<(String, OsString)> {
    let proxy = PROXY.iter().map(|name| ((*name).to_owned(), OsString::from(url)));
    let certificates = CERTIFICATES.iter().map(|name| ((*name).to_owned(), file.as_os_str().to_owned()));
    let heed = HEED.iter().map(|name| ((*name).to_owned(), "1".into()));
    let wgetrc = wgetrc.map(|file| (WGETRC.0.to_owned(), file.as_os_str().to_owned()));
    proxy.chain(certificates).chain(heed).chain(wgetrc).collect()
}

/// The files of certificates that an environment names, and that exist.
pub(crate) fn named_certificates(env: &[(OsString, OsString)]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = env
        .iter()
        .filter(|(name, _)| CERTIFICATES.iter().any(|known| name == known))
        .map(|(_, value)| PathBuf::from(value))
        .filter(|file| file.exists())
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The variables of an environment that are secret by their names, with their values.
pub(crate) fn secrets<'e>(
    env: &'e [(OsString, OsString)],
    rules: &Rules,
) -> impl Iterator<Item = (&'e str, &'e str)> {
    let pairs = env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    pairs.filter(|(name, _)| rules.is_secret_variable(name))
}

/// Whether a program, a path or a name in this environment, runs with the rights of another user.
pub(crate) fn gains_rights(program: &str, env: &[(OsString, OsString)]) -> bool {
    let gains = |file: &Path| file.metadata().is_ok_and(|file| file.permissions().mode() & 0o6000 != 0);
    if program.contains('/') {
        return gains(Path::new(program));
    }
    let paths = env.iter().find(|(name, _)| name == "PATH").map_or(&[][..], |(_, paths)| paths.as_bytes());
    let mut files =
        paths.split(|&byte| byte == b':').map(|folder| Path::new(OsStr::from_bytes(folder)).join(program));
    files.find(|file| file.exists()).is_some_and(|file| gains(&file))
}

impl UpstreamProxy {
    /// What the variables of an environment say; lower case wins, as everywhere.
    pub fn of(env: &[(OsString, OsString)]) -> UpstreamProxy {
        let value = |name: &str| {
            let found = env.iter().find(|(key, _)| key == OsStr::new(name));
            found.and_then(|(_, value)| value.to_str()).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let either = |lower: &str, upper: &str| value(lower).or_else(|| value(upper));
        UpstreamProxy {
            http: either("http_proxy", "HTTP_PROXY").or_else(|| either("all_proxy", "ALL_PROXY")),
            https: either("https_proxy", "HTTPS_PROXY").or_else(|| either("all_proxy", "ALL_PROXY")),
            no_proxy: either("no_proxy", "NO_PROXY"),
        }
    }
}

/// The variables that an `openrc` sets, in order; `text` is the content of `file`. `known` gives
/// the value of a variable that was set before, for `$NAME` in a value.
///
/// # Errors
/// Each line that is more than `export NAME=VALUE`, `NAME=VALUE`, `unset NAME`, `echo …` or the
/// usual `if [ … ]; then … fi` around them, with its place.
pub fn openrc(
    file: &Path,
    text: &str,
    known: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, Vec<Error>> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    let mut skipping = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let statement = line.trim();
        if skipping {
            skipping = statement != "fi" && !statement.ends_with("; fi") && !statement.ends_with(";fi");
            continue;
        }
        let lookup = |name: &str| {
            let set = variables.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            set.or_else(|| known(name)).unwrap_or_default()
        };
        match parse(statement, lookup) {
            Ok(Statement::Nothing) => {}
            Ok(Statement::Set(name, value)) => variables.push((name, value)),
            Ok(Statement::Unset(name)) => variables.retain(|(key, _)| *key != name),
            Ok(Statement::If { open }) => skipping = open,
            Err(Problem { message, hint }) => {
                let start = start + line.len() - line.trim_start().len();
                let place = Place::span(file, text, start, start + statement.len());
                errors.push(Error::new(ErrorKind::Setting, message).at(place).hint(hint));
            }
        }
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}

enum Statement {
    Nothing,
    Set(String, String),
    Unset(String),
    /// `if`; `open` when its `fi` is on a later line.
    If {
        open: bool,
    },
}

struct Problem {
    message: &'static str,
    hint: &'static str,
}

const NOT_UNDERSTOOD: Problem = Problem {
    message: "this line does more than set a variable, and docgen runs no scripts",
    hint: "write `export NAME=VALUE`, or source the file in your shell before you start docgen and name no env_file",
};

fn parse(statement: &str, lookup: impl Fn(&str) -> String) -> Result<Statement, Problem> {
    if statement.is_empty() || statement.starts_with('#') {
        return Ok(Statement::Nothing);
    }
    let (word, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    match word {
        "echo" | "printf" => return Ok(Statement::Nothing),
        "if" => return Ok(Statement::If { open: !statement.ends_with("fi") }),
        "unset" if is_name(rest.trim()) => return Ok(Statement::Unset(rest.trim().to_owned())),
        "read" => {
            let name = rest.split_whitespace().last().unwrap_or_default();
            if lookup(name).is_empty() {
                return Err(Problem {
                    message: "this line asks for a value, and nobody is there to answer",
                    hint: "set the variable in your environment before you start docgen, or in the file",
                });
            }
            return Ok(Statement::Nothing);
        }
        _ => {}
    }
    let assignment = if word == "export" { rest.trim_start() } else { statement };
    let (name, value) = assignment.split_once('=').ok_or(NOT_UNDERSTOOD)?;
    if !is_name(name) {
        return Err(NOT_UNDERSTOOD);
    }
    Ok(Statement::Set(name.to_owned(), unquote(value, lookup)?))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A word of the shell without its quotes (POSIX, Shell Command Language, sections 2.2 and 2.6.2).
fn unquote(word: &str, lookup: impl Fn(&str) -> String) -> Result<String, Problem> {
    let mut value = String::new();
    let mut rest = word.chars().peekable();
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => value.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (_, '\\') => match rest.next() {
                Some(c) if quote.is_none() || matches!(c, '$' | '`' | '"' | '\\') => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            (_, '`') => return Err(NOT_UNDERSTOOD),
            (_, '$') => match rest.peek() {
                Some('(') => return Err(NOT_UNDERSTOOD),
                Some('{') => {
                    rest.next();
                    let name: String = rest.by_ref().take_while(|&c| c != '}').collect();
                    if !is_name(&name) {
                        return Err(NOT_UNDERSTOOD);
                    }
                    value.push_str(&lookup(&name));
                }
                _ => {
                    let mut name = String::new();
                    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                        name.push(c);
                    }
                    value.push_str(&if name.is_empty() { "$".to_owned() } else { lookup(&name) });
                }
            },
            (None, c) if c.is_whitespace() || c == ';' => {
                let after: String = rest.collect();
                let after = after.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
                return if after.is_empty() || after.starts_with('#') {
                    Ok(value)
                } else {
                    Err(NOT_UNDERSTOOD)
                };
            }
            (None, '|' | '&' | '<' | '>' | '(' | ')') => return Err(NOT_UNDERSTOOD),
            (_, c) => value.push(c),
        }
    }
    match quote {
        None => Ok(value),
        Some(_) => Err(Problem {
            message: "the quote does not end on this line",
            hint: "close it; values of more than one line are not read",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::RuleSpec;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<Error>> {
        openrc(Path::new("openrc"), text, |name| (name == "HOME").then(|| "/root".to_owned()))
    }

    #[test]
    fn what_horizon_writes_is_read() {
        let text = "#!/usr/bin/env bash\n# to use it\nexport OS_AUTH_URL=http://h:5000/v3\nunset OS_TENANT_ID\n\
            export OS_PROJECT_NAME=\"admin\"\nif [ -z \"$OS_USER_DOMAIN_NAME\" ]; then unset OS_USER_DOMAIN_NAME; fi\n\
            echo \"Please enter: \"\nexport OS_PASSWORD='it'\\''s $x'  # comment\nOS_X=a\\ b\n\
            if [ -z \"$A\" ]; then\n  weird stuff\nfi\nexport PATH=\"$HOME/bin:${HOME}/s:$OS_X\"\n";
        let expected = [
            ("OS_AUTH_URL", "http://h:5000/v3"),
            ("OS_PROJECT_NAME", "admin"),
            ("OS_PASSWORD", "it's $x"),
            ("OS_X", "a b"),
            ("PATH", "/root/bin:/root/s:a b"),
        ];
        let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn what_runs_something_is_refused_with_its_place() {
        for line in [
            "export A=$(id)",
            "export A=`id`",
            "source other",
            "A=1 rm x",
            "export A=b; rm x",
            "read -sr PW",
            "A=\"b",
            "A=b|c",
        ] {
            let errors = read(&format!("export B=1\n  {line}\n")).unwrap_err();
            let place = errors[0].place().unwrap();
            assert_eq!((errors.len(), place.line, place.column), (1, 2, 3), "{line}");
            assert!(errors[0].help().is_some());
        }
    }

    #[test]
    fn settings_of_wget_stay_the_users_own() {
        let env = |pairs: &[(&str, &Path)]| -> Vec<(OsString, OsString)> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let home = tempfile::tempdir().unwrap();
        let file = Path::new("/tmp/ca.pem");
        let none = env(&[("HOME", home.path())]);
        assert_eq!(wgetrc(&none, file).unwrap(), "ca_certificate = /tmp/ca.pem\n");
        assert_eq!(wgetrc(&env(&[("WGETRC", file)]), file), None);
        std::fs::write(home.path().join(".wgetrc"), "tries = 1\n").unwrap();
        assert_eq!(wgetrc(&none, file), None);
    }

    #[test]
    fn programs_that_gain_rights_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let env = [("PATH".into(), format!("/no/such:{}", folder.path().display()).into())];
        for (name, mode, gains) in [("plain", 0o755, false), ("user", 0o4755, true), ("group", 0o2755, true)]
        {
            let file = folder.path().join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(gains_rights(name, &env), gains, "{name}");
            assert_eq!(gains_rights(file.to_str().unwrap(), &[]), gains, "{name}");
        }
        assert!(!gains_rights("none-of-these", &env));
    }

    #[test]
    fn the_environment_names_a_proxy() {
        let env = |pairs: &[(&str, &str)]| -> Vec<(OsString, OsString)> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let proxy = UpstreamProxy::of(&env(&[
            ("HTTP_PROXY", "a"),
            ("http_proxy", "b"),
            ("ALL_PROXY", "c"),
            ("NO_PROXY", ""),
        ]));
        assert_eq!(
            (proxy.http.as_deref(), proxy.https.as_deref(), proxy.no_proxy.as_deref()),
            (Some("b"), Some("c"), None)
        );
        let env = env(&[("OS_PASSWORD", "pw"), ("OS_USERNAME", "me"), ("github_token", "t")]);
        let rules = Rules::new("en", &RuleSpec::default()).unwrap();
        assert_eq!(secrets(&env, &rules).collect::<Vec<_>>(), [("OS_PASSWORD", "pw"), ("github_token", "t")]);
    }
}
