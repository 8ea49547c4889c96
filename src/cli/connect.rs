//! From a loaded cluster file to the ports that workflows use. The only file of the command line that names adapters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::args::{Change, Target};
use super::generation::{self, Former};
use super::load::{self, Loaded};
use super::plan_file::SavedPlan;
use super::write_count::Edited;
use crate::adapters::ansible::{AnsibleCli, Options as AnsibleOptions};
use crate::adapters::clock::SystemClock;
use crate::adapters::cloud::{Aws, Bucket, Sandbox, login};
use crate::adapters::kubernetes::{self, Access, FetchedAccess};
use crate::adapters::packer::{Options as PackerOptions, PackerCli};
use crate::adapters::process::{Environment, Host, Program, TemporaryFolder};
use crate::adapters::store::{self, LocalHome};
use crate::adapters::terraform::{ERRORED_STATE, Options as TerraformOptions, TerraformCli};
use crate::adapters::tools::HostTools;
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, StoreSpec};
use crate::model::provider::Provider;
use crate::model::record::Source;
use crate::model::store_url;
use crate::ops::ports::probe::{BucketProbe, CloudProbe};
use crate::ops::ports::{Clock, Cloud, Event, Images, Kubernetes, Ports, Store, StoreHome};
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

/// Opens the cluster as it was in a former generation.
pub async fn open_generation(app: &App, target: &Target, change: &Change, to: u64) -> Result<(Cluster, Former)> {
    let (loaded, store, former) = generation::load(app, target, to).await?;
    Ok((finish(app, target, Some(change), loaded, Some(store)).await?, former))
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
    store::open(spec, &options(app)).await
}

/// How a store is reached of which no cluster file tells more.
fn options(app: &App) -> store::Options {
    store::Options { folder: app.settings.folder.clone(), variables: app.settings.variables(), ..Default::default() }
}

/// The store of the cluster that the command line names. No tool, login or cluster is asked.
pub async fn open_store(app: &App, target: &Target) -> Result<Arc<dyn Store>> {
    if let Some(url) = &target.cluster {
        return store(app, &store_spec(url, &app.settings.folder)?).await;
    }
    let loaded = load::from_file(app, target)?;
    of_file(app, &loaded).await
}

pub async fn of_file(app: &App, loaded: &Loaded) -> Result<Arc<dyn Store>> {
    let file = &loaded.file;
    let options = store::Options {
        folder: PathBuf::from(&loaded.store_folder),
        profile: file.aws.profile.clone(),
        s3_endpoint: file.aws.endpoints.get("s3").cloned(),
        variables: app.settings.variables(),
    };
    store::open(&absolute(&file.store, &loaded.store_folder), &options).await
}

/// Another store than the one that the command line names, reached by the same login; and its whole URL.
pub async fn other_store(app: &App, target: &Target, url: &str) -> Result<(Arc<dyn Store>, String)> {
    let spec = store_spec(url, &app.settings.folder)?;
    let mut options = options(app);
    if target.cluster.is_none() {
        let aws = load::file_only(app, target)?.aws;
        options.profile = aws.profile;
        options.s3_endpoint = aws.endpoints.get("s3").cloned();
    }
    Ok((store::open(&spec, &options).await?, store_url::to_url(&spec)))
}

async fn finish(
    app: &App,
    target: &Target,
    change: Option<&Change>,
    loaded: Loaded,
    store: Option<Arc<dyn Store>>,
) -> Result<Cluster> {
    let file = &loaded.file;
    let mut environment = app.settings.environment.clone();
    // Terraform reaches the states as scaler reaches the rest, by a login that it can refresh by itself.
    if let StoreSpec::Azblob { .. } = &file.store {
        store::AzureLogin::choose(|name| app.settings.text(name))?.tell_terraform(&mut environment);
    }
    let (environment, dropped) = Environment::clean(environment);
    if !dropped.is_empty() {
        let text = format!("not passed on to tools, because they change what these do: {}", dropped.join(", "));
        app.progress.tell(Event::Warning { text });
    }
    let access = access(app, target, &loaded);
    let secrets = kubernetes::secrets(&access, &environment);
    let host = Arc::new(Host::new(environment).knowing(secrets));
    let store = match store {
        Some(store) => store,
        None => of_file(app, &loaded).await?,
    };
    // Which flavour of Terraform to look for first; a record that cannot be read is for the workflow to report.
    let flavour = match record::load_any(store.as_ref()).await {
        Ok(Some((record, _))) => {
            record::refuse_moved(store.as_ref(), &record)?;
            record.terraform.map(|pin| pin.flavour)
        }
        _ => None,
    };
    let mut probes = Probes { cloud: None, bucket: probe(app, &loaded).await };
    let (cloud, images): (Arc<dyn Cloud>, Arc<dyn Images>) = match file.provider {
        Provider::Sandbox => {
            let sandbox = Arc::new(Sandbox::new(&loaded.register, &file.region));
            (sandbox.clone(), sandbox)
        }
        _ => {
            let login = login(&file.region, file.aws.profile.as_deref()).await;
            let aws = Arc::new(Aws::new(&login, &file.region, &file.aws.endpoints));
            probes.cloud = Some(aws.clone());
            (aws.clone(), aws)
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
    let ansible_playbook = file.tools.ansible_playbook.as_ref().map(|path| app.settings.path(&loaded.folder, path));
    let image_builder = PackerCli::new(PackerOptions {
        host: host.clone(),
        path: file.tools.packer.as_ref().map(|path| app.settings.path(&loaded.folder, path)),
        ansible_playbook: ansible_playbook.clone(),
        profile: file.aws.profile.clone(),
        work_dir: target.work_dir.as_ref().map(|dir| app.settings.folder.join(dir)),
        progress: app.progress.clone(),
    });
    let provisioner = AnsibleCli::new(AnsibleOptions {
        host: host.clone(),
        path: ansible_playbook,
        private_key: private_key(app, target, &loaded),
        playbooks: loaded.assets.playbooks().clone(),
        work_dir: target.work_dir.as_ref().map(|dir| app.settings.folder.join(dir)),
        progress: app.progress.clone(),
    });
    let kubernetes = reach(app, &host, &loaded, &access).await;
    let door = FetchedAccess::new(host.clone(), kubectl_path(app, &loaded));
    let ports = app.between.ports(Ports {
        store,
        cloud,
        terraform: Arc::new(terraform),
        provisioner: Arc::new(provisioner),
        images,
        image_builder: Arc::new(image_builder),
        kubernetes,
        door: Arc::new(door),
        clock: clock(),
        progress: app.progress.clone(),
    });
    let tools = programs(app, host, &loaded);
    Ok(Cluster { ports, task: task(app, target, change, loaded), tools, probes, _work: work })
}

/// What the store of the cluster lies in, to be looked at.
async fn probe(app: &App, loaded: &Loaded) -> Option<Arc<dyn BucketProbe>> {
    match &loaded.file.store {
        StoreSpec::Local { .. } => Some(Arc::new(LocalHome::new(&loaded.store_folder))),
        StoreSpec::S3 { .. } => {
            bucket(&loaded.file.store, Some(&loaded.file)).await.ok().map(|bucket| Arc::new(bucket) as _)
        }
        // What is wrong with the login is told where the store itself is asked.
        StoreSpec::Azblob { .. } => Some(Arc::new(container(app, &loaded.file.store).ok()?)),
    }
}

/// What the store that the command line names lies in. It need not be there.
pub async fn home(app: &App, target: &Target) -> Result<Arc<dyn StoreHome>> {
    let (spec, file, folder) = match &target.cluster {
        Some(url) => (store_spec(url, &app.settings.folder)?, None, app.settings.folder.clone()),
        None => {
            let (file, folder) = load::file_and_folder(app, target)?;
            (file.store.clone(), Some(file), folder)
        }
    };
    match &spec {
        StoreSpec::Local { .. } => Ok(Arc::new(LocalHome::new(store_folder(app, &spec, &folder)?))),
        StoreSpec::S3 { .. } => Ok(Arc::new(bucket(&spec, file.as_ref()).await?)),
        StoreSpec::Azblob { .. } => Ok(Arc::new(container(app, &spec)?)),
    }
}

/// The container of a store in Azure, as the store itself is reached.
fn container(app: &App, spec: &StoreSpec) -> Result<store::AzblobStore> {
    let StoreSpec::Azblob { account, container, prefix, endpoint } = spec.clone() else {
        return Err(Failure::failed("this store is no container"));
    };
    let login = store::AzureLogin::choose(|name| app.settings.text(name))?;
    store::AzblobStore::new(login, store::AzurePlace { account, container, prefix, endpoint })
}

/// The bucket of a store. A cluster file that names it may say more of the way there.
async fn bucket(spec: &StoreSpec, file: Option<&ClusterFile>) -> Result<Bucket> {
    let StoreSpec::S3 { bucket, prefix, region, endpoint, path_style } = spec else {
        return Err(Failure::failed("this store is no bucket"));
    };
    let aws = file.map(|file| &file.aws);
    let profile = aws.and_then(|aws| aws.profile.as_deref());
    let own = store::login(profile).await;
    let Some(region) = region.clone().or_else(|| own.region().map(ToString::to_string)) else {
        return Err(Failure::failed(format!("the region of the bucket `{bucket}` is not known"))
            .hint("give it as `store.region` of the cluster file, as `?region=…` of a store's URL, or as AWS_REGION"));
    };
    let place = store::Place {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        region: Some(region.clone()),
        endpoint: endpoint.clone().or_else(|| aws.and_then(|aws| aws.endpoints.get("s3").cloned())),
        path_style: *path_style,
    };
    Ok(Bucket::new(&login(&region, profile).await, &place, &region))
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

pub fn absolute(spec: &StoreSpec, folder: &str) -> StoreSpec {
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
    let kubectl = Program::find(host, "kubectl", kubectl_path(app, loaded).as_deref())?;
    Ok(kubernetes::connect(&kubectl, access).await?)
}

/// The key for SSH: the option before the cluster file; without either the agent's.
fn private_key(app: &App, target: &Target, loaded: &Loaded) -> Option<PathBuf> {
    let own = loaded.file.ssh.private_key_file.as_ref().map(|path| app.settings.path(&loaded.folder, path));
    target.ssh_key.as_ref().map(|path| app.settings.folder.join(path)).or(own)
}

fn kubectl_path(app: &App, loaded: &Loaded) -> Option<PathBuf> {
    loaded.file.tools.kubectl.as_ref().map(|path| app.settings.path(&loaded.folder, path))
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
