//! `kubectl proxy` on a Unix socket that only we can reach.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use http::Uri;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::Client;
use kube::client::Body;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tower::{ServiceBuilder, service_fn};
use tracing::warn;

use super::Cluster;
use crate::adapters::process::{Child, Program, Run, TemporaryFolder};
use crate::model::failure::{Failure, Kind, Result};

/// Which cluster, as kubectl's options say it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
}

/// A running `kubectl proxy`, started again whenever it ends by itself. Stops it when dropped.
pub struct Proxy {
    keeper: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What a proxy is started with.
struct Door {
    kubectl: Program,
    access: Access,
    socket: PathBuf,
    /// 0700, so that nobody else on the machine gets our login.
    folder: TemporaryFolder,
}

/// How long kubectl may take to open its socket: an exec plugin may ask a cloud for a token first.
const START: Duration = Duration::from_secs(30);

/// How long to wait before a proxy that ended is started again.
const AGAIN: Duration = Duration::from_millis(500);

/// Starts a proxy and connects to it. That the server answers is for the first request to find out.
pub async fn connect(kubectl: &Program, access: &Access) -> Result<Arc<Cluster>> {
    if let Some(path) = &access.kubeconfig
        && !path.is_file()
    {
        return Err(Failure::new(Kind::Failed, format!("there is no kubeconfig at {}", path.display()))
            .hint("name it in the cluster file's `access`, or with --kubeconfig"));
    }
    let folder = TemporaryFolder::new(kubectl.host(), "scaler-kubectl-", None)
        .map_err(|failure| failure.context("there is no place for kubectl's socket"))?;
    let kubectl = kubectl.clone();
    let redactor = kubectl.redactor().clone();
    let socket = folder.path().join("api.sock");
    let client = client(socket.clone());
    let door = Door { kubectl, access: access.clone(), socket, folder };
    let child = door.open().await?;
    let keeper = tokio::spawn(door.keep_open(child));
    let title = match &access.kubeconfig {
        Some(path) => format!("the cluster of {}", path.display()),
        None => "the cluster of kubectl's own configuration".to_owned(),
    };
    Ok(Arc::new(Cluster { client, title, redactor, _proxy: Proxy { keeper } }))
}

/// The cluster behind a proxy that somebody else has started.
#[cfg(test)]
pub fn through(socket: PathBuf) -> Arc<Cluster> {
    let keeper = tokio::spawn(std::future::pending());
    let (title, redactor) = ("the cluster".to_owned(), crate::model::redact::Redactor::default());
    Arc::new(Cluster { client: client(socket), title, redactor, _proxy: Proxy { keeper } })
}

impl Door {
    async fn open(&self) -> Result<Child> {
        let run = Run::new(&self.kubectl).args(arguments(&self.access, &self.socket)).holds(self.folder.path());
        let mut child = run.stop_time(Duration::from_secs(2)).spawn().await?;
        let ready =
            tokio::time::timeout(START, child.wait_line(|_, line| line.contains("Starting to serve").then_some(())));
        match ready.await {
            Ok(Ok(())) => Ok(child),
            Ok(Err(failure)) => Err(failure.context("kubectl cannot open a way to the cluster")),
            Err(_) => Err(Failure::failed("kubectl did not open a way to the cluster")
                .because(format!("it took longer than {} s", START.as_secs()))
                .hint("a login program in the kubeconfig may wait for an answer: try `kubectl get nodes`")),
        }
    }

    /// A drain of hours must not end because somebody killed kubectl. Requests fail meanwhile, and are sent again by
    /// whoever may do that.
    async fn keep_open(self, mut child: Child) {
        loop {
            let ended = child.ended().await;
            warn!(ended = %ended.map_or_else(|failure| failure, |finished| finished.failure()), "kubectl proxy is started again");
            // It does not listen where a file is in its way.
            let _ = std::fs::remove_file(&self.socket);
            child = loop {
                tokio::time::sleep(AGAIN).await;
                match self.open().await {
                    Ok(child) => break child,
                    Err(failure) => warn!(%failure, "kubectl proxy"),
                }
            };
        }
    }
}

pub fn arguments(access: &Access, socket: &Path) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> = vec!["proxy".into(), "--append-server-path".into()];
    let option = |name: &str, value: &std::ffi::OsStr| {
        let mut option = std::ffi::OsString::from(name);
        option.push(value);
        option
    };
    arguments.push(option("--unix-socket=", socket.as_os_str()));
    if let Some(path) = &access.kubeconfig {
        arguments.push(option("--kubeconfig=", path.as_os_str()));
    }
    if let Some(context) = &access.context {
        arguments.push(option("--context=", context.as_ref()));
    }
    arguments
}

/// kube's client over the socket. The proxy adds server and login to what arrives; the host is only a form.
fn client(socket: PathBuf) -> Client {
    let connector = service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(socket).await?)) }.boxed()
    });
    let http = HttpClient::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .map_request(|mut request: http::Request<Body>| {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            if let Ok(uri) = format!("http://localhost{path}").parse() {
                *request.uri_mut() = uri;
            }
            request
        })
        .service(http);
    Client::new(service, "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_is_told_where_to_listen_and_whom_to_ask() {
        let access = Access { kubeconfig: Some("/k".into()), context: Some("c".into()) };
        assert_eq!(
            arguments(&access, Path::new("/s")),
            ["proxy", "--append-server-path", "--unix-socket=/s", "--kubeconfig=/k", "--context=c"]
        );
    }
}
