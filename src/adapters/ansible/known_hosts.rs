//! Host keys as OpenSSH keeps them (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), under the names of nodes.

use std::collections::BTreeMap;

use crate::model::names::NodeName;

/// The name under which the host to go through is known. No node's name has a dot.
pub const JUMP: &str = "ssh.jump";

/// Keys, each as `TYPE BASE64`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostKeys {
    pub nodes: BTreeMap<NodeName, Vec<String>>,
    /// Those of the host to go through.
    pub jump: Vec<String>,
}

/// The file's text.
pub fn write(keys: &HostKeys) -> String {
    let nodes = keys.nodes.iter().flat_map(|(node, keys)| keys.iter().map(move |key| format!("{node} {key}\n")));
    nodes.chain(keys.jump.iter().map(|key| format!("{JUMP} {key}\n"))).collect()
}

/// The keys in a file's text. Lines that are of nobody, or marked, are passed over.
pub fn read(text: &str) -> HostKeys {
    let mut keys = HostKeys::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(host), Some(kind), Some(key)) = (words.next(), words.next(), words.next()) else { continue };
        if host.starts_with(['#', '@', '|']) {
            continue;
        }
        let of_host = match host {
            JUMP => &mut keys.jump,
            node => keys.nodes.entry(NodeName::from_text(node)).or_default(),
        };
        let key = format!("{kind} {key}");
        if !of_host.contains(&key) {
            of_host.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again_without_what_is_not_ours() {
        let nodes =
            BTreeMap::from([(NodeName::from_text("d-w-1"), vec!["ssh-ed25519 AAAA".to_owned(), "ssh-rsa BB".into()])]);
        let keys = HostKeys { nodes, jump: vec!["ssh-rsa EE".into()] };
        let text = write(&keys);
        assert_eq!(text, "d-w-1 ssh-ed25519 AAAA\nd-w-1 ssh-rsa BB\nssh.jump ssh-rsa EE\n");
        let more =
            format!("# note\n@revoked d-w-1 ssh-rsa CC\n|1|aa|bb ssh-rsa DD\nbroken\n{text}d-w-1 ssh-rsa BB comment\n");
        assert_eq!(read(&more), keys);
    }
}
