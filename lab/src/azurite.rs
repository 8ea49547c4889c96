//! An Azure Blob Storage on loopback.

mod blobs;
mod sas;

use std::net::TcpListener;
use std::path::Path;

use crate::Entra;
use crate::certificate::Certificate;
use crate::clock::try_wait;
use crate::error::{Doing, LabError, Result};
use crate::http::{Endpoint, Headers, exchange};
use crate::kubernetes::free_ports;
use crate::places;
use crate::proxy::FaultProxy;
use crate::supervised::{Program, Supervised};

const NAME: &str = "azurite";

/// The storage account, and its key.
const ACCOUNT: &str = "acmeclusters";
const KEY: &str = "bGFiLWF6dXJpdGUta2V5LXRoYXQtaXMtbm8tc2VjcmV0";

/// Microsoft's own emulator of Blob Storage, with one storage account. It forgets everything when it is dropped.
pub struct Azurite {
    parts: Supervised,
    reached: Reached,
}

enum Reached {
    /// Plain HTTP on a port of its own, behind a proxy; the account is in the path.
    Proxied(FaultProxy),
    /// TLS on port 443; the account is in the host's name.
    Encrypted(Certificate),
}

impl Azurite {
    /// Plain HTTP behind a [`FaultProxy`].
    ///
    /// # Panics
    /// When it cannot be started: the message says why.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start() -> Result<Self> {
        let parts = Supervised::new(NAME)?;
        let [port] = free_ports()?;
        parts.start(NAME, program(&parts, port, &[])?)?;
        let direct = Endpoint { address: format!("127.0.0.1:{port}"), trust: None, headers: Headers::default() };
        let proxy = FaultProxy::before(&direct.address);
        try_wait("Azurite to answer", || {
            parts.check(NAME)?;
            Ok(exchange(&direct, "GET", &format!("/{ACCOUNT}?comp=list"), "", &[]).ok().map(drop))
        })?;
        Ok(Self { parts, reached: Reached::Proxied(proxy) })
    }

    /// TLS on port 443 of 127.0.0.1, as `acmeclusters.blob.core.windows.net`: for a network of the test's own. It takes
    /// the tokens of [`Entra`] too.
    ///
    /// # Panics
    /// When it cannot be started: the message says why.
    #[track_caller]
    pub fn start_encrypted() -> Self {
        Self::try_start_encrypted().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start_encrypted() -> Result<Self> {
        drop(TcpListener::bind("127.0.0.1:443").doing("taking port 443 of 127.0.0.1")?);
        let parts = Supervised::new(NAME)?;
        let certificate = Certificate::make(parts.folder(), &[&Self::host(), Entra::HOST])?;
        let tls = ["--cert", &certificate.file(), "--key", &certificate.key_file(), "--oauth", "basic"];
        let tls = tls.map(str::to_owned);
        parts.start(NAME, program(&parts, 443, &tls)?)?;
        try_wait("Azurite to listen", || {
            parts.check(NAME)?;
            Ok(std::net::TcpStream::connect("127.0.0.1:443").ok().map(drop))
        })?;
        Ok(Self { parts, reached: Reached::Encrypted(certificate) })
    }

    /// The storage account.
    pub fn account(&self) -> &'static str {
        ACCOUNT
    }

    /// The account's key, base64.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// A SAS token for the whole account, without `?`, good for as long as any test will run.
    pub fn sas(&self) -> String {
        self.sas_until("2099-01-01T00:00:00Z")
    }

    /// The same, until then.
    pub fn sas_until(&self, end: &str) -> String {
        sas::account(ACCOUNT, KEY, end)
    }

    /// The host of the account in Azure itself.
    pub fn host() -> String {
        format!("{ACCOUNT}.blob.core.windows.net")
    }

    /// The account's endpoint.
    pub fn url(&self) -> String {
        match &self.reached {
            Reached::Proxied(proxy) => format!("{}/{ACCOUNT}", proxy.url()),
            Reached::Encrypted(_) => format!("https://{}", Self::host()),
        }
    }

    /// The proxy before it: faults, and the record of requests.
    ///
    /// # Panics
    /// Where it speaks TLS: there is none then.
    #[track_caller]
    pub fn proxy(&self) -> &FaultProxy {
        match &self.reached {
            Reached::Proxied(proxy) => proxy,
            Reached::Encrypted(_) => panic!("no proxy stands before an Azurite that speaks TLS"),
        }
    }

    /// The certificate that clients must trust (`SSL_CERT_FILE`).
    ///
    /// # Panics
    /// Where it speaks plain HTTP.
    #[track_caller]
    pub fn certificate(&self) -> &Path {
        match &self.reached {
            Reached::Encrypted(certificate) => certificate.path(),
            Reached::Proxied(_) => panic!("an Azurite that speaks plain HTTP has no certificate"),
        }
    }

    /// A folder of this lab's own; it goes with it.
    pub fn folder(&self) -> &Path {
        self.parts.folder()
    }
}

fn program(parts: &Supervised, port: u16, more: &[String]) -> Result<Program> {
    let node = places::program("node").ok_or_else(|| LabError::new("Node.js is not on the PATH: Azurite needs it"))?;
    let own = [
        format!("AZURITE_ACCOUNTS={ACCOUNT}:{KEY}"),
        node.display().to_string(),
        "--require".to_owned(),
        places::azurite_keeps().display().to_string(),
        places::azurite().display().to_string(),
        "--blobHost".to_owned(),
        "127.0.0.1".to_owned(),
        "--blobPort".to_owned(),
        port.to_string(),
        "--inMemoryPersistence".to_owned(),
        // It refuses versions of the protocol that are newer than itself.
        "--skipApiVersionCheck".to_owned(),
        "--disableTelemetry".to_owned(),
        "--silent".to_owned(),
    ];
    let args = own.into_iter().chain(more.iter().cloned()).collect();
    Ok(Program { path: "/usr/bin/env".into(), args, log: parts.log(NAME) })
}
