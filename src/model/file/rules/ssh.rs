//! How another host is reached by SSH, and known again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::names::{LABEL, dns_label, login};
use crate::model::file::read::{Wrong, wrong};

/// A public host key that is none of any host's.
pub const EXAMPLE_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUm";

/// `[user@]host[:port]`, the host by name or IPv4 address.
pub fn ssh_host(text: &str) -> Result<String, Wrong> {
    let help = "write `host`, `user@host` or `user@host:port`";
    let (user, host, port) = parts(text);
    if let Some(user) = user {
        login(user).map_err(|error| wrong(error.label, help))?;
    }
    let good_host = !host.is_empty() && host.split('.').all(|label| dns_label(&label.to_lowercase(), 1, LABEL).is_ok());
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    match good_host && good_port {
        true => Ok(text.to_owned()),
        false => Err(wrong("this is not a host that SSH could go to", help)),
    }
}

/// The host of such a text.
pub fn host_of(text: &str) -> &str {
    parts(text).1
}

fn parts(text: &str) -> (Option<&str>, &str, Option<&str>) {
    let (user, rest) = text.split_once('@').map_or((None, text), |(user, rest)| (Some(user), rest));
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    (user, host, port)
}

/// A public host key as `/etc/ssh/ssh_host_*_key.pub` has it, without its comment.
pub fn host_key(text: &str) -> Result<String, Wrong> {
    let help = "write the first two words of the host's /etc/ssh/ssh_host_ed25519_key.pub";
    let mut words = text.split_ascii_whitespace();
    let (Some(kind), Some(key)) = (words.next(), words.next()) else {
        return Err(wrong("this is not a type and a key", help));
    };
    match BASE64.decode(key).is_ok_and(|bytes| begins_with(&bytes, kind)) {
        true => Ok(format!("{kind} {key}")),
        false => Err(wrong("this is not a public key of its type", help)),
    }
}

/// A key tells its type once more at its begin, after that text's length (RFC 4253, section 6.6).
fn begins_with(key: &[u8], kind: &str) -> bool {
    let Some((length, rest)) = key.split_first_chunk() else { return false };
    u32::from_be_bytes(*length) as usize == kind.len() && rest.len() > kind.len() && rest.starts_with(kind.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (good, host) in [
            ("bastion", "bastion"),
            ("ubuntu@bastion.example.com", "bastion.example.com"),
            ("root@10.0.0.1:2222", "10.0.0.1"),
            ("Bastion.example.com:22", "Bastion.example.com"),
        ] {
            assert!(ssh_host(good).is_ok(), "{good}");
            assert_eq!(host_of(good), host);
        }
        for bad in ["", "@host", "a b", "host:0", "host:99999", "-oProxyCommand=x", "u@-x", "$(id)@h", "host;id"] {
            assert!(ssh_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn host_keys() {
        assert_eq!(host_key(EXAMPLE_KEY).unwrap(), EXAMPLE_KEY);
        assert_eq!(host_key(&format!(" {EXAMPLE_KEY}  root@bastion ")).unwrap(), EXAMPLE_KEY);
        let other = EXAMPLE_KEY.replace("ssh-ed25519 ", "ssh-rsa ");
        for bad in
            ["", "ssh-ed25519", &EXAMPLE_KEY[12..], &other, "ssh-ed25519 AAAA", "ssh-ed25519 ÄÄÄ", &EXAMPLE_KEY[..32]]
        {
            assert!(host_key(bad).is_err(), "{bad}");
        }
    }
}
