//! Certificates for hosts that are not on this machine in truth.

use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};
use crate::http::Trust;

/// The files of the certificate that is in the first of them, and of its key.
pub(crate) fn files(certificate: &Path) -> [PathBuf; 2] {
    [certificate.to_owned(), certificate.with_extension("key")]
}

/// A certificate that is its own authority, and its key, as files.
pub(crate) struct Certificate {
    file: PathBuf,
    key_file: PathBuf,
}

impl Certificate {
    /// For these hosts, in `folder`.
    pub fn make(folder: &Path, hosts: &[&str]) -> Result<Self> {
        let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).doing(format_args!("a certificate for {hosts:?}"))?;
        let (file, key_file) = (folder.join("host.crt"), folder.join("host.key"));
        for (file, text) in [(&file, made.cert.pem()), (&key_file, made.signing_key.serialize_pem())] {
            std::fs::write(file, text).doing(format_args!("writing {}", file.display()))?;
        }
        Ok(Self { file, key_file })
    }

    pub fn path(&self) -> &Path {
        &self.file
    }

    pub fn file(&self) -> String {
        self.file.display().to_string()
    }

    pub fn key_file(&self) -> String {
        self.key_file.display().to_string()
    }

    /// What a client of the lab's needs to trust it.
    pub fn trust(&self) -> Result<Trust> {
        Trust::of_files(&self.file, &self.file, &self.key_file)
    }
}
