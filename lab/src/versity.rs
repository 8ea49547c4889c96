//! A second S3 on loopback, by others than moto's authors.

use std::path::Path;

use crate::clock::try_wait;
use crate::error::{Doing, Result};
use crate::http::{Endpoint, Headers, exchange};
use crate::kubernetes::free_ports;
use crate::places;
use crate::proxy::FaultProxy;
use crate::supervised::{Program, Supervised};

const NAME: &str = "versitygw";

/// Versity's S3 gateway over a folder, behind a [`FaultProxy`]. Unlike moto it checks signatures, and compares and
/// writes in one step. It forgets everything when it is dropped.
pub struct VersityGateway {
    parts: Supervised,
    proxy: FaultProxy,
}

impl VersityGateway {
    /// Of the one login that it knows.
    pub const ACCESS_KEY: &str = "LABACCESSKEY";
    pub const SECRET_KEY: &str = "lab-secret-key";
    /// Its region, the only one.
    pub const REGION: &str = "eu-west-1";

    /// # Panics
    /// When it cannot be started: the message says why.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start() -> Result<Self> {
        let parts = Supervised::new(NAME)?;
        let [port] = free_ports()?;
        let data = parts.folder().join("data");
        std::fs::create_dir(&data).doing(format_args!("making {}", data.display()))?;
        let address = format!("127.0.0.1:{port}");
        let words = ["--access", Self::ACCESS_KEY, "--secret", Self::SECRET_KEY, "--region", Self::REGION, "--quiet"];
        let mut args: Vec<String> = words.map(str::to_owned).into();
        args.extend(["--port".to_owned(), address.clone(), "posix".to_owned(), data.display().to_string()]);
        parts.start(NAME, Program { path: places::versity_gateway()?, args, log: parts.log(NAME) })?;
        let direct = Endpoint { address, trust: None, headers: Headers::default() };
        try_wait("Versity's gateway to answer", || {
            parts.check(NAME)?;
            Ok(exchange(&direct, "GET", "/", "", &[]).ok().map(drop))
        })?;
        Ok(Self { proxy: FaultProxy::before(&direct.address), parts })
    }

    /// The endpoint, through the proxy.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// The proxy before it: faults, and the record of requests.
    pub fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// A folder of this lab's own; it goes with it.
    pub fn folder(&self) -> &Path {
        self.parts.folder()
    }
}
