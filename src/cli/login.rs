//! The user's name as the system's own list of users has it. Terraform names the holder of its lock on a state so
//! (Go's `os/user` without cgo: the list first, then `USER`), and that is how a left-over of ours is told from others'.

/// From the text of `/etc/passwd`; `fallback` where it has no such user.
pub fn name(passwd: &str, uid: u32, fallback: Option<String>) -> String {
    let of_uid = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    of_uid.or(fallback).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_users_comes_before_the_environment() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n";
        let user = || Some("tester".to_owned());
        assert_eq!(name(passwd, 1000, user()), "ann");
        assert_eq!(name(passwd, 0, None), "root");
        assert_eq!(name(passwd, 7, user()), "tester");
        assert_eq!(name("", 7, None), "");
    }
}
