//! What sshd wrote down.

/// A connection to a host's sshd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Of this user.
    Accepted(String),
    /// It ended before anybody was let in.
    Refused,
}

/// All connections in sshd's log (`LogLevel VERBOSE`), in their order.
pub(super) fn read(log: &str) -> Vec<Login> {
    let mut open: Vec<(String, Option<Login>)> = Vec::new();
    for line in log.lines() {
        if let Some(rest) = line.strip_prefix("Connection from ") {
            open.push((peer(rest), None));
        } else if let Some(rest) = line.strip_prefix("Accepted publickey for ") {
            let user = rest.split(' ').next().unwrap_or_default().to_owned();
            let from = peer(rest.split_once(" from ").map_or("", |(_, from)| from));
            if let Some((_, login)) = open.iter_mut().rev().find(|(known, _)| *known == from) {
                *login = Some(Login::Accepted(user));
            }
        }
    }
    open.into_iter().map(|(_, login)| login.unwrap_or(Login::Refused)).collect()
}

/// `198.18.0.1 port 4711 on …` → `198.18.0.1 port 4711`
fn peer(text: &str) -> String {
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Login, read};

    #[test]
    fn each_connection_is_one_login() {
        let log = "Server listening on 0.0.0.0 port 22.
Connection from 198.18.0.1 port 41 on 198.18.0.10 port 22 rdomain \"\"
Connection from 198.18.0.1 port 42 on 198.18.0.10 port 22 rdomain \"\"
Accepted publickey for ops from 198.18.0.1 port 41 ssh2: ED25519 SHA256:x
Connection closed by authenticating user root 198.18.0.1 port 42 [preauth]
";
        assert_eq!(read(log), [Login::Accepted("ops".to_owned()), Login::Refused]);
    }
}
