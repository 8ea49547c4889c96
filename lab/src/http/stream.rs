//! A connection, plain or with TLS at either end.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::error::{Doing, Result};

/// The lab's CA, and the key with which a proxy shows itself as the API server.
#[derive(Clone)]
pub(crate) struct Trust {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Trust {
    /// Reads what `lab-kubernetes certificates` wrote.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::of_files(&folder.join("ca.crt"), &folder.join("server.crt"), &folder.join("server.key"))
    }

    /// An authority, and a certificate with its key.
    pub fn of_files(authority: &Path, server: &Path, key: &Path) -> Result<Self> {
        let certificate =
            |file: &Path| CertificateDer::from_pem_file(file).doing(format_args!("reading {}", file.display()));
        let key = PrivateKeyDer::from_pem_file(key).doing(format_args!("reading {}", key.display()))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate(authority)?).doing("trusting the lab's CA")?;

        let provider = Arc::new(default_provider());
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .doing("setting TLS up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .doing("setting TLS up")?
            .with_no_client_auth()
            .with_single_cert(vec![certificate(server)?], key)
            .doing("using a server's certificate")?;
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Client(Box<StreamOwned<ClientConnection, TcpStream>>),
    Server(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// Connects to `host:port`, with TLS where there is a trust.
pub(crate) fn connect(address: &str, trust: Option<&Trust>) -> io::Result<Stream> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let Some(trust) = trust else { return Ok(Stream::Plain(socket)) };
    let name = address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let tls = ClientConnection::new(Arc::clone(&trust.client), name).map_err(io::Error::other)?;
    Ok(Stream::Client(Box::new(StreamOwned::new(tls, socket))))
}

/// Takes an accepted connection on, with TLS where there is a trust.
pub(crate) fn accept(socket: TcpStream, trust: Option<&Trust>) -> io::Result<Stream> {
    socket.set_nodelay(true)?;
    let Some(trust) = trust else { return Ok(Stream::Plain(socket)) };
    let tls = ServerConnection::new(Arc::clone(&trust.server)).map_err(io::Error::other)?;
    Ok(Stream::Server(Box::new(StreamOwned::new(tls, socket))))
}

impl Stream {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Client(tls) => &tls.sock,
            Self::Server(tls) => &tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Client(tls) => tls.read(buffer),
            Self::Server(tls) => tls.read(buffer),
        };
        match read {
            // A peer that leaves without TLS's goodbye; HTTP's own framing tells whether anything is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            other => other,
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(data),
            Self::Client(tls) => tls.write(data),
            Self::Server(tls) => tls.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Client(tls) => tls.flush(),
            Self::Server(tls) => tls.flush(),
        }
    }
}
