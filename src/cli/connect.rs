//! From a loaded cluster file to the ports that workflows use. The only file of the command line that names adapters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::args::{Change, Target};
use super::load::{self, Loaded};
use super::plan_file::SavedPlan;
use super::write_count::Edited;
use crate::adapters::clock::SystemClock;
use crate::adapters::cloud::{Aws, Bucket, Sandbox, login};
use crate::adapters::kubernetes::{self, Access};
use crate::adapters::process::{Environment, Host, Program, TemporaryFolder};
use crate::adapters::store;
use crate::adapters::terraform::{ERRORED_STATE, Options as TerraformOptions, TerraformCli};
use crate::adapters::tools::HostTools;
use crate::model::failure::Result;
use crate::model::file::{ClusterFile, StoreSpec};
use crate::model::provider::Provider;
use crate::model::record::Source;
use crate::model::store_url;
use crate::ops::ports::probe::{BucketProbe, CloudProbe};
use crate::ops::ports::{Clock, Cloud, Event, Kubernetes, Ports, Store};
use crate::ops::record;
use crate::ops::task::{Options, Task};

/// A cluster that can be worked on.
pub struct Cluster {
    pub ports: Ports,
    pub task: Task,
    pub tools: HostTools,
    pub probes: Probes,
    /// Terraform's folders, unless `--work-dir` names one. Goes with this value.
    _work: Option<TemporaryFolder>,
}

/// What only `doctor` asks.
pub struct Probes {
    pub cloud: Option<Arc<dyn CloudProbe>>,
    pub bucket: Option<Arc<dyn BucketProbe>>,
}

/// Terraform's own patience with its lock: ours is held already, so only a left-over can be in the way.
const TERRAFORM_LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the cluster that the command line names.
pub async fn open(app: &App, target: &Target, change: Option<&Change>) -> Result<Cluster> {
    let (loaded, store) = load::load(app, target).await?;
    finish(app, target, change, loaded, store).await
}

/// Opens the cluster of a PLAN file.
pub async fn open_saved(app: &App, target: &Target, change: &Change, saved: &SavedPlan) -> Result<Cluster> {
    let loaded = load::of_saved(app, target, saved)?;
    finish(app, target, Some(change), loaded, None).await
}

/// Opens the cluster of a cluster file whose text is about to be changed.
pub async fn open_text(app: &App, target: &Target, change: &Change, edited: &Edited) -> Result<Cluster> {
    let loaded = load::of_text(app, target, edited.path.clone(), edited.text.clone())?;
    finish(app, target, Some(change), loaded, None).await
}

/// Opens the same cluster with the cluster file of an operation that was not finished.
pub async fn reopen(app: &App, target: &Target, cluster: &Cluster, source: Source) -> Result<Cluster> {
    let loaded = load::of_source(app, target, source, &cluster.task)?;
    finish(app, target, None, loaded, Some(cluster.ports.store.clone())).await
}

/// The machine's own clock.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The store that a URL names; a relative folder counts from `folder`.
pub fn store_spec(url: &str, folder: &Path) -> Result<StoreSpec> {
    Ok(match store_url::parse(url)? {
        StoreSpec::Local { path } => StoreSpec::Local { path: load::utf8(&folder.join(path))? },
        other => other,
    })
}

/// The folder of a local store, absolute; empty for others.
pub fn store_folder(app: &App, spec: &StoreSpec, folder: &Path) -> Result<String> {
    match spec {
        StoreSpec::Local { path } => load::utf8(&app.settings.path(folder, path)),
        _ => Ok(String::new()),
    }
}

/// The store alone, for a cluster that has no file at hand.
pub async fn store(app: &App, spec: &StoreSpec) -> Result<Arc<dyn Store>> {
    store::open(spec, &store::Options { folder: app.settings.folder.clone(), ..Default::default() }).await
}

/// The store of the cluster that the command line names. No tool, login or cluster is asked.
pub async fn open_store(app: &App, target: &Target) -> Result<Arc<dyn Store>> {
    if let Some(url) = &target.cluster {
        return store(app, &store_spec(url, &app.settings.folder)?).await;
    }
    let loaded = load::from_file(app, target)?;
    of_file(&loaded).await
}

async fn of_file(loaded: &Loaded) -> Result<Arc<dyn Store>> {
    let file = &loaded.file;
    let options = store::Options {
        folder: PathBuf::from(&loaded.store_folder),
        profile: file.aws.profile.clone(),
        s3_endpoint: file.aws.endpoints.get("s3").cloned(),
    };
    store::open(&absolute(&file.store, &loaded.store_folder), &options).await
}

async fn finish(
    app: &App,
    target: &Target,
    change: Option<&Change>,
    loaded: Loaded,
    store: Option<Arc<dyn Store>>,
) -> Result<Cluster> {
    let file = &loaded.file;
    let (environment, dropped) = Environment::clean(app.settings.environment.clone());
    if !dropped.is_empty() {
        let text = format!("not passed on to tools, because they change what these do: {}", dropped.join(", "));
        app.progress.tell(Event::Warning { text });
    }
    let access = access(app, target, &loaded);
    let secrets = kubernetes::secrets(&access, &environment);
    let host = Arc::new(Host::new(environment).knowing(secrets));
    let store = match store {
        Some(store) => store,
        None => of_file(&loaded).await?,
    };
    // Which flavour of Terraform to look for first; a record that cannot be read is for the workflow to report.
    let flavour = match record::load(store.as_ref()).await {
        Ok(Some((record, _))) => record.terraform.map(|pin| pin.flavour),
        _ => None,
    };
    let mut probes = Probes { cloud: None, bucket: bucket(file).await };
    let cloud: Arc<dyn Cloud> = match file.provider {
        Provider::Sandbox => Arc::new(Sandbox::new(&loaded.register, &file.region)),
        _ => {
            let login = login(&file.region, file.aws.profile.as_deref()).await;
            let aws = Arc::new(Aws::new(&login, &file.region, &file.aws.endpoints));
            probes.cloud = Some(aws.clone());
            aws
        }
    };
    let (work_dir, work) = work_dir(app, target, &host)?;
    let terraform = TerraformCli::new(TerraformOptions {
        host: host.clone(),
        path: file.tools.terraform.as_ref().map(|path| app.settings.path(&loaded.folder, path)),
        flavour,
        work_dir,
        lock_timeout: TERRAFORM_LOCK_TIMEOUT,
        interrupts: app.interrupts.clone(),
        progress: app.progress.clone(),
    });
    let kubernetes = reach(app, &host, &loaded, &access).await;
    let ports = app.between.ports(Ports {
        store,
        cloud,
        terraform: Arc::new(terraform),
        kubernetes,
        clock: clock(),
        progress: app.progress.clone(),
    });
    let tools = programs(app, host, &loaded);
    Ok(Cluster { ports, task: task(app, target, change, loaded), tools, probes, _work: work })
}

/// The bucket of the store, to be looked at.
async fn bucket(file: &ClusterFile) -> Option<Arc<dyn BucketProbe>> {
    let StoreSpec::S3 { bucket, region, endpoint, path_style, .. } = &file.store else { return None };
    let region = region.as_ref().unwrap_or(&file.region);
    let login = login(region, file.aws.profile.as_deref()).await;
    let endpoint = endpoint.as_ref().or(file.aws.endpoints.get("s3"));
    Some(Arc::new(Bucket::new(&login, bucket, Some(region), endpoint.map(String::as_str), *path_style)))
}

fn programs(app: &App, host: Arc<Host>, loaded: &Loaded) -> HostTools {
    let tools = &loaded.file.tools;
    let path = |text: &Option<String>| text.as_ref().map(|text| app.settings.path(&loaded.folder, text));
    HostTools {
        host,
        kubectl: path(&tools.kubectl),
        ansible_playbook: path(&tools.ansible_playbook),
        packer: path(&tools.packer),
    }
}

fn absolute(spec: &StoreSpec, folder: &str) -> StoreSpec {
    match spec {
        StoreSpec::Local { .. } => StoreSpec::Local { path: folder.to_owned() },
        other => other.clone(),
    }
}

fn work_dir(app: &App, target: &Target, host: &Host) -> Result<(PathBuf, Option<TemporaryFolder>)> {
    if let Some(dir) = &target.work_dir {
        return Ok((app.settings.folder.join(dir), None));
    }
    let dir = TemporaryFolder::new(host, "scaler-work-", Some(ERRORED_STATE))
        .map_err(|failure| failure.context("there is no place for Terraform's files"))?;
    Ok((dir.path().to_owned(), Some(dir)))
}

/// How kubectl logs in: the option before the cluster file, and that before kubectl's own ways.
fn access(app: &App, target: &Target, loaded: &Loaded) -> Access {
    let access = &loaded.file.access;
    let kubeconfig = match (&target.kubeconfig, &access.kubeconfig) {
        (Some(path), _) => Some(app.settings.folder.join(path)),
        (None, Some(path)) => Some(app.settings.path(&loaded.folder, path)),
        (None, None) => None,
    };
    Access { kubeconfig, context: access.context.clone() }
}

/// The way to the cluster.
async fn reach(app: &App, host: &Arc<Host>, loaded: &Loaded, access: &Access) -> Result<Arc<dyn Kubernetes>> {
    let explicit = loaded.file.tools.kubectl.as_ref().map(|path| app.settings.path(&loaded.folder, path));
    let kubectl = Program::find(host, "kubectl", explicit.as_deref())?;
    Ok(kubernetes::connect(&kubectl, access).await?)
}

fn task(app: &App, target: &Target, change: Option<&Change>, loaded: Loaded) -> Task {
    let pod = app.settings.text("POD_NAMESPACE").zip(app.settings.text("POD_NAME"));
    Task {
        file: loaded.file,
        source: loaded.source,
        sets: target.sets.clone(),
        backend: loaded.backend,
        assets: loaded.assets,
        ssh_public_key: loaded.ssh_public_key,
        register: loaded.register,
        folder: loaded.folder,
        holder: app.settings.holder(),
        options: Options {
            lock_timeout: change.map(|change| change.lock_timeout).unwrap_or_default(),
            join_timeout: change.map(|change| change.join_timeout).unwrap_or_default(),
            partial: change.is_some_and(|change| change.partial),
            own_pod: pod.map(|(namespace, name)| format!("{namespace}/{name}")),
        },
    }
}
