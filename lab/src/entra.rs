//! A stand-in of Entra ID, for the logins of Azure that are identities.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::clock::try_wait;
use crate::error::{Doing, LabError, Result};
use crate::places;
use crate::supervised::{Program, Supervised};
use crate::{Azurite, certificate};

const NAME: &str = "entra";

/// Its token service under Microsoft's own name, and the metadata service of a machine: in a network of the test's own
/// alone, beside the encrypted [`Azurite`] that takes its tokens. It is a stand-in because Entra ID is nowhere to be had
/// but in Azure.
pub struct Entra {
    parts: Supervised,
}

impl Entra {
    pub const HOST: &str = "login.microsoftonline.com";
    /// Where that is.
    pub const ADDRESS: &str = "127.0.0.2";
    pub const TENANT: &str = "5f6c2c0e-93a8-4d3b-9a5e-6f1f4d7c1a11";
    /// The one application that it knows.
    pub const CLIENT: &str = "0d6a7f52-1c1e-4b38-8a4f-2b9c6f0e7d22";
    /// Its secret.
    pub const SECRET: &str = "entra-client-secret-of-the-lab";
    /// How each of its tokens ends.
    pub const SIGNATURE: &str = "entra-token-of-the-lab";

    /// Its tokens are good for so many seconds.
    ///
    /// # Panics
    /// When it cannot be started: the message says why.
    #[track_caller]
    pub fn start(azurite: &Azurite, lifetime: u32) -> Self {
        Self::try_start(azurite, lifetime).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start(azurite: &Azurite, lifetime: u32) -> Result<Self> {
        let python = places::program("python3").ok_or_else(|| LabError::new("python3 is not on the PATH"))?;
        let parts = Supervised::new(NAME)?;
        let folder = parts.folder();
        for (from, name) in certificate::files(azurite.certificate()).iter().zip(["host.crt", "host.key"]) {
            std::fs::copy(from, folder.join(name)).doing(format_args!("copying {}", from.display()))?;
        }
        let settings = json!({
            "tenant": Self::TENANT, "client": Self::CLIENT, "secret": Self::SECRET, "signature": Self::SIGNATURE,
            "assertion": folder.join("assertion"), "lifetime": lifetime,
        });
        std::fs::write(folder.join("settings.json"), settings.to_string()).doing("writing its settings")?;
        let script = places::entra().display().to_string();
        let az = format!("#!/bin/sh\nexec {} {script} {} az \"$@\"\n", python.display(), folder.display());
        let (bin, file) = (folder.join("bin"), folder.join("bin/az"));
        std::fs::create_dir(&bin).doing("making a folder for az")?;
        std::fs::write(&file, az).doing("writing az")?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).doing("writing az")?;
        let args = vec![script, folder.display().to_string()];
        parts.start(NAME, Program { path: python, args, log: parts.log(NAME) })?;
        let entra = Self { parts };
        entra.assert_by("the-first-assertion");
        try_wait("Entra ID to listen", || {
            entra.parts.check(NAME)?;
            Ok(TcpStream::connect((Self::ADDRESS, 443)).ok().map(drop))
        })?;
        Ok(entra)
    }

    /// The file of a federated credential; what it held before is no longer valid.
    #[track_caller]
    pub fn assert_by(&self, assertion: &str) -> PathBuf {
        let file = self.parts.folder().join("assertion");
        std::fs::write(&file, assertion).expect("an assertion can be written");
        file
    }

    /// A folder with an `az` that is logged in, for a `PATH`.
    pub fn az(&self) -> PathBuf {
        self.parts.folder().join("bin")
    }

    /// How many tokens it gave, by how they were asked for (`secret`, `assertion`, `machine`, `az`) and by the program
    /// that did, as that calls itself.
    #[track_caller]
    pub fn issued(&self) -> BTreeMap<(String, String), usize> {
        let text = std::fs::read_to_string(self.parts.folder().join("issued")).unwrap_or_default();
        let mut issued = BTreeMap::new();
        for line in text.lines() {
            let one: Value = serde_json::from_str(line).expect("a line of the stand-in is JSON");
            let field = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            *issued.entry((field("by"), field("client"))).or_default() += 1;
        }
        issued
    }
}
