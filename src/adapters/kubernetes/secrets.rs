//! The secrets of a kubeconfig, so that no text of kubectl or of an API server carries them on.

use std::path::{Path, PathBuf};

use kube::core::response::StatusCause;
use serde_json::Value;

use super::proxy::Access;
use crate::adapters::process::Environment;
use crate::model::redact::{Redactor, is_secret_variable};

/// Fields of a user that hold a secret (Kubernetes' "kubeconfig (v1)" reference); those of an auth provider are found
/// by their names.
const SECRET_FIELDS: [&str; 6] = ["token", "password", "client-key-data", "id-token", "access-token", "refresh-token"];

/// What kubectl will log in with, as far as it stands in files. One that cannot be read is for kubectl to report.
pub fn of(access: &Access, environment: &Environment) -> Vec<String> {
    let mut secrets = Vec::new();
    for path in files(access, environment) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(config) = serde_saphyr::from_str::<Value>(&text) else { continue };
        let folder = path.parent().unwrap_or(Path::new("/"));
        for user in config["users"].as_array().into_iter().flatten() {
            collect(&user["user"], &mut secrets);
            let token = user["user"]["tokenFile"].as_str().map(|file| std::fs::read_to_string(folder.join(file)));
            secrets.extend(token.and_then(Result::ok).map(|token| token.trim().to_owned()));
        }
    }
    secrets
}

/// As kubectl looks for them.
fn files(access: &Access, environment: &Environment) -> Vec<PathBuf> {
    let home = || Some(Path::new(environment.get("HOME")?).join(".kube/config"));
    match (&access.kubeconfig, environment.get("KUBECONFIG").filter(|list| !list.is_empty())) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(list)) => std::env::split_paths(list).collect(),
        (None, None) => home().into_iter().collect(),
    }
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            // A login program's environment: `{ name: …, value: … }`.
            if let (Some(name), Some(value)) = (value["name"].as_str(), value["value"].as_str())
                && is_secret_variable(name)
            {
                secrets.push(value.to_owned());
            }
            for (name, value) in fields {
                match value.as_str() {
                    // The name of a file is no secret.
                    Some(_) if name == "tokenFile" => {}
                    Some(text) if SECRET_FIELDS.contains(&name.as_str()) || is_secret_variable(name) => {
                        secrets.push(text.to_owned());
                    }
                    _ => collect(value, secrets),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
        _ => {}
    }
}

/// The server's words without what it was told in confidence.
pub fn without(redactor: &Redactor, error: kube::Error) -> kube::Error {
    let kube::Error::Api(mut status) = error else { return error };
    let clean = |text: &mut String| *text = redactor.redact(text).into_owned();
    clean(&mut status.message);
    clean(&mut status.reason);
    let causes = status.details.iter_mut().flat_map(|details| &mut details.causes);
    causes.for_each(|cause: &mut StatusCause| clean(&mut cause.message));
    kube::Error::Api(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_log_in_is_searched_for_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from-a-file\n").unwrap();
        let config = "users:\n- name: a\n  user: { token: plain-token, client-certificate-data: public }\n\
                      - name: b\n  user: { username: me, password: pass-word, tokenFile: token }\n\
                      - name: c\n  user:\n    client-key-data: a-private-key\n    exec:\n      command: login\n\
                      \x20     args: [--region, here]\n      env: [{ name: LOGIN_TOKEN, value: of-the-program }]\n\
                      - name: d\n  user: { auth-provider: { config: { refresh-token: of-the-provider } } }\n";
        let path = folder.path().join("config");
        std::fs::write(&path, config).unwrap();
        let expected =
            ["plain-token", "pass-word", "from-a-file", "a-private-key", "of-the-program", "of-the-provider"];
        let access = Access { kubeconfig: Some(path.clone()), context: None };
        assert_eq!(of(&access, &Environment::default()), expected);
        let list = format!("/nowhere:{}", path.display());
        let (environment, _) = Environment::clean([("KUBECONFIG".into(), list.into())]);
        assert_eq!(of(&Access::default(), &environment), expected);
    }
}
