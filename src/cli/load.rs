//! From what the command line names to a task: the cluster file, the files that it names, the store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::app::App;
use super::args::Target;
use super::assets;
use super::connect;
use super::plan_file::SavedPlan;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{self, ClusterFile, Set, StoreSpec};
use crate::model::provider::Provider;
use crate::model::record::{Record, Source, StoredFile};
use crate::ops::ports::Store;
use crate::ops::record;
use crate::ops::task::Task;
use crate::render::{Assets, Backend};

/// The cluster file where none is named.
const USUAL_FILE: &str = "cluster.yml";

/// A cluster as the command line names it.
pub struct Loaded {
    pub file: ClusterFile,
    pub source: Source,
    pub backend: Backend,
    pub assets: Assets,
    /// The folder that relative paths of the file count from.
    pub folder: PathBuf,
    /// Where the file lies, unless it came from the store.
    pub path: Option<PathBuf>,
    /// The local store's folder, absolute; empty for others.
    pub store_folder: String,
    /// The sandbox's register, absolute; empty for others.
    pub register: String,
    pub ssh_public_key: String,
}

/// Reads the cluster file, or the stored one.
pub async fn load(app: &App, target: &Target) -> Result<(Loaded, Option<std::sync::Arc<dyn Store>>)> {
    match &target.cluster {
        Some(url) => {
            let (loaded, store) = from_store(app, target, url).await?;
            Ok((loaded, Some(store)))
        }
        None => Ok((from_file(app, target)?, None)),
    }
}

/// The cluster file alone, checked; what it names is not read.
pub fn file_only(app: &App, target: &Target) -> Result<ClusterFile> {
    let (path, text) = cluster_file(app, target)?;
    parse(app, &path, &text, &target.sets)
}

/// The cluster file alone, and the folder that its relative paths count from.
pub fn file_and_folder(app: &App, target: &Target) -> Result<(ClusterFile, PathBuf)> {
    let (path, text) = cluster_file(app, target)?;
    let file = parse(app, &path, &text, &target.sets)?;
    Ok((file, path.parent().unwrap_or(Path::new("/")).to_owned()))
}

/// Reads the cluster file and what it names. No network.
pub fn from_file(app: &App, target: &Target) -> Result<Loaded> {
    let (path, text) = cluster_file(app, target)?;
    of_text(app, target, path, text)
}

/// The cluster file that a PLAN was made from, as it was then.
pub fn of_saved(app: &App, target: &Target, saved: &SavedPlan) -> Result<Loaded> {
    let source = &saved.plan.source;
    let file = parse(app, Path::new("the cluster file in the plan"), &source.cluster_file, &source.sets)?;
    let folder = if saved.folder.is_dir() { saved.folder.clone() } else { app.settings.folder.clone() };
    let register = register(app, &file, &folder)?;
    complete(
        app,
        target,
        Parts {
            file,
            text: source.cluster_file.clone(),
            files: source.files.clone(),
            folder,
            path: None,
            register,
            sets: source.sets.clone(),
        },
    )
}

fn register(app: &App, file: &ClusterFile, folder: &Path) -> Result<String> {
    match file.provider {
        Provider::Sandbox => utf8(&app.settings.path(folder, &file.sandbox.register)),
        _ => Ok(String::new()),
    }
}

fn cluster_file(app: &App, target: &Target) -> Result<(PathBuf, String)> {
    let path = target.file.clone().unwrap_or_else(|| PathBuf::from(USUAL_FILE));
    let path = app.settings.folder.join(path);
    let text = read(&path, "the cluster file").map_err(|failure| {
        if target.file.is_some() {
            return failure;
        }
        failure.hint("name it with -f FILE, or the cluster with --cluster URL").hint("`scaler init` writes a first one")
    })?;
    Ok((path, text))
}

/// A cluster file whose text is known. What it names is read.
pub fn of_text(app: &App, target: &Target, path: PathBuf, text: String) -> Result<Loaded> {
    let file = parse(app, &path, &text, &target.sets)?;
    refuse_azure(&file)?;
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    let mut files = BTreeMap::new();
    for named in file::named_files(&file) {
        let text = read(&app.settings.path(&folder, &named.path), &format!("the file of `{}`", named.field))?;
        files.insert(named.path, stored(text));
    }
    let register = register(app, &file, &folder)?;
    complete(app, target, Parts { file, text, files, folder, path: Some(path), register, sets: target.sets.clone() })
}

async fn from_store(app: &App, target: &Target, url: &str) -> Result<(Loaded, std::sync::Arc<dyn Store>)> {
    let spec = connect::store_spec(url, &app.settings.folder)?;
    let store = connect::store(app, &spec).await?;
    let Some((record, _)) = record::load(store.as_ref()).await? else {
        return Err(Failure::failed(format!("there is no cluster in {}", store.url()))
            .hint("a cluster's record comes with its first `scaler apply -f FILE`"));
    };
    let loaded = of_record(app, target, record, spec, app.settings.folder.clone())?;
    Ok((loaded, store))
}

/// The cluster as a record describes it, in this store. Relative paths of its cluster file count from `folder`.
pub fn of_record(app: &App, target: &Target, record: Record, spec: StoreSpec, folder: PathBuf) -> Result<Loaded> {
    let mut sets = record.source.sets.clone();
    // The same ones once more say nothing new; an `apply` that is repeated would pile them up.
    if !sets.ends_with(&target.sets) {
        sets.extend(target.sets.iter().cloned());
    }
    let mut file = parse(app, Path::new("the stored cluster file"), &record.source.cluster_file, &sets)?;
    file.store = spec;
    let register = if file.provider == Provider::Sandbox { record.account.clone() } else { String::new() };
    complete(
        app,
        target,
        Parts {
            file,
            text: record.source.cluster_file,
            files: record.source.files,
            folder,
            path: None,
            register,
            sets,
        },
    )
}

/// The cluster file that an operation was begun with, for the cluster that a task is about.
pub fn of_source(app: &App, target: &Target, source: Source, task: &Task) -> Result<Loaded> {
    let name = Path::new("the cluster file of the unfinished operation");
    let mut file = parse(app, name, &source.cluster_file, &source.sets)?;
    file.store = task.file.store.clone();
    let Source { cluster_file: text, sets, files } = source;
    let (folder, register) = (task.folder.clone(), task.register.clone());
    complete(app, target, Parts { file, text, files, folder, path: None, register, sets })
}

struct Parts {
    file: ClusterFile,
    text: String,
    files: BTreeMap<String, StoredFile>,
    folder: PathBuf,
    path: Option<PathBuf>,
    register: String,
    sets: Vec<String>,
}

fn complete(app: &App, target: &Target, parts: Parts) -> Result<Loaded> {
    let Parts { file, text, files, folder, path, register, sets } = parts;
    let store_folder = connect::store_folder(app, &file.store, &folder)?;
    let backend = Backend::of_store(&file.store, &file.region, file.aws.profile.as_deref(), &store_folder)?;
    let key = file.ssh.public_key_file.as_ref().and_then(|path| files.get(path));
    let ssh_public_key = key.map(|file| file.text.trim().to_owned()).unwrap_or_default();
    Ok(Loaded {
        source: Source { cluster_file: text, sets, files },
        assets: assets::read(app, target)?,
        file,
        backend,
        folder,
        path,
        store_folder,
        register,
        ssh_public_key,
    })
}

fn parse(app: &App, path: &Path, text: &str, sets: &[String]) -> Result<ClusterFile> {
    let shown = path.strip_prefix(&app.settings.folder).unwrap_or(path);
    let sets: Vec<Set> = sets.iter().map(Set::new).collect();
    file::parse(&shown.to_string_lossy(), text, &sets).map_err(|problems| {
        // The full picture was shown: its one-line form need not follow.
        app.show(&problems.report(app.colors));
        if app.json()
            && let Err(failure) = app.print("", &json!({ "valid": false, "problems": problems.located() }))
        {
            return failure;
        }
        Failure { causes: Vec::new(), ..Failure::from(problems) }
    })
}

fn stored(text: String) -> StoredFile {
    StoredFile { sha256: hex::encode(Sha256::digest(&text)), text }
}

fn read(path: &Path, what: &str) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, what, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(Kind::InvalidFile, format!("{what}, {}, is not text", path.display()))
            .because(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
    })
}

pub fn unreadable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{what}, {}, cannot be read", path.display())).because(error)
}

pub fn utf8(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| Failure::failed(format!("the path {} is not UTF-8", path.display())))
}

fn refuse_azure(file: &ClusterFile) -> Result<()> {
    if file.provider == Provider::Azure {
        return Err(Failure::refused("clusters on Azure cannot be worked on yet: Terraform for Azure is not there")
            .hint("`scaler validate` checks a cluster file for Azure; aws and sandbox can be built"));
    }
    Ok(())
}
