//! The Kubernetes version.

use semver::Version;

use crate::model::file::read::{Wrong, wrong};

/// The oldest minor version: the first whose kubeadm, kubelet and API this program was made for.
const OLDEST_MINOR: u64 = 29;

/// A release as packages are named after it: major, minor and patch, without a `v`.
pub fn kubernetes(text: &str) -> Result<Version, Wrong> {
    if let Some(plain) = text.strip_prefix('v').filter(|plain| Version::parse(plain).is_ok()) {
        return Err(wrong("a `v` stands before it", format!("write `{plain}`")));
    }
    let version = match Version::parse(text) {
        Ok(version) => version,
        Err(_) if Version::parse(&format!("{text}.0")).is_ok() => {
            let help =
                format!("write the patch number too, for example `{text}.0`: new nodes must get what the others have");
            return Err(wrong("the patch number is missing", help));
        }
        Err(_) => return Err(wrong("this is not a version", "write for example `1.36.3`")),
    };
    if !version.pre.is_empty() || !version.build.is_empty() {
        let plain = Version::new(version.major, version.minor, version.patch);
        return Err(wrong("this is not a plain release", format!("packages exist for releases only: write `{plain}`")));
    }
    if version.major != 1 || version.minor < OLDEST_MINOR {
        let help = format!("write 1.{OLDEST_MINOR}.0 or newer");
        return Err(wrong("this version is not supported", help));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(kubernetes("1.36.3"), Ok(Version::new(1, 36, 3)));
        for (bad, help) in [
            ("v1.36.3", "write `1.36.3`"),
            ("1.36", "write the patch number too, for example `1.36.0`: new nodes must get what the others have"),
            ("1.28.9", "write 1.29.0 or newer"),
            ("2.0.0", "write 1.29.0 or newer"),
            ("1.36.0-rc.1", "packages exist for releases only: write `1.36.0`"),
            ("latest", "write for example `1.36.3`"),
            ("1.036.3", "write for example `1.36.3`"),
            ("99999999999999999999.1.1", "write for example `1.36.3`"),
        ] {
            assert_eq!(kubernetes(bad).unwrap_err().help, help, "{bad}");
        }
    }
}
