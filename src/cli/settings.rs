//! What the environment says, read once. Nothing else looks at it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::login;
use crate::model::lock::Holder;

pub struct Settings {
    /// The whole environment, for child processes.
    pub environment: BTreeMap<OsString, OsString>,
    pub folder: PathBuf,
    /// A person can be asked, and reads what is shown.
    pub interactive: bool,
    /// Standard error is a terminal.
    pub live: bool,
    pub arguments: Vec<String>,
    /// The user's name by the system's own list.
    pub login: String,
}

impl Settings {
    pub fn of_process() -> std::io::Result<Settings> {
        let environment: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let user = environment.get(OsStr::new("USER")).and_then(|user| user.to_str()).map(str::to_owned);
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Ok(Settings {
            login: login::name(&passwd, rustix::process::getuid().as_raw(), user),
            environment,
            folder: std::env::current_dir()?,
            interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            live: std::io::stderr().is_terminal(),
            arguments: std::env::args().collect(),
        })
    }

    /// A variable that is set and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.environment.get(OsStr::new(name))?.to_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// All variables that are text, set and not empty.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let texts = self.environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        texts.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A path as a person wrote it: `~/` is the home folder, and a relative one counts from `base`.
    pub fn path(&self, base: &Path, text: &str) -> PathBuf {
        let path = match (text.strip_prefix("~/"), self.text("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => base.join(text),
        };
        // Without the `.` of `./folder`: it would show in every URL and message.
        path.components().collect()
    }

    /// Who runs this, as the lock and the journal will show it.
    pub fn holder(&self) -> Holder {
        let user = self.text("USER").or_else(|| self.text("LOGNAME"));
        Holder {
            user: user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            login: self.login.clone(),
            pid: std::process::id(),
            command: self.command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The command as typed. No option of ours carries a secret, but a `--set` value or a URL might be thought to;
    /// values of `--set` are left out.
    fn command(&self) -> String {
        let mut words = vec!["scaler".to_owned()];
        let mut hide = false;
        for word in self.arguments.iter().skip(1) {
            if hide {
                words.push(word.split('=').next().unwrap_or_default().to_owned() + "=…");
                hide = false;
            } else if let Some(set) = word.strip_prefix("--set=") {
                words.push(format!("--set={}=…", set.split('=').next().unwrap_or_default()));
            } else {
                hide = word == "--set";
                words.push(word.clone());
            }
        }
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str]) -> Settings {
        Settings {
            environment: BTreeMap::from([("HOME".into(), "/home/me".into()), ("EMPTY".into(), "".into())]),
            folder: "/folder".into(),
            interactive: false,
            live: false,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            login: String::new(),
        }
    }

    #[test]
    fn paths_count_from_the_home_or_the_base() {
        let settings = settings(&[]);
        assert_eq!(settings.path(Path::new("/base"), "~/k"), Path::new("/home/me/k"));
        assert_eq!(settings.path(Path::new("/base"), "k"), Path::new("/base/k"));
        assert_eq!(settings.path(Path::new("/base"), "/k"), Path::new("/k"));
        assert_eq!(settings.text("EMPTY"), None);
    }

    #[test]
    fn the_holder_shows_no_value_that_was_set() {
        let settings = settings(&["/x/scaler", "apply", "--set", "tags.a=hidden", "--set=tags.b=hidden", "-y"]);
        assert_eq!(settings.command(), "scaler apply --set tags.a=… --set=tags.b=… -y");
    }
}
