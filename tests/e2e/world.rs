//! A cluster of a test's own: its machines, its Nodes, its folder, and the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scaler_lab::{Azurite, Bridge, Client, Kubernetes, Machine, MachineState, Moto, Sandbox, terraform_config, tools};
use serde_json::Value;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A name that no other test of this process uses; it fits a cluster's and a pool's.
pub fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What one run of the program said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Said {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Said {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "`{text}` is not in\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// The program in a folder of its own, with an environment of its own.
pub struct Program {
    pub folder: tempfile::TempDir,
    pub environment: BTreeMap<String, String>,
    said: Mutex<String>,
}

impl Program {
    /// Temporary files go to a folder of its own, so that it can be seen that none stays.
    pub fn new(mut environment: BTreeMap<String, String>) -> Program {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).expect("a folder for temporary files");
        environment.insert("TMPDIR".to_owned(), temporary.display().to_string());
        Program { folder, environment, said: Mutex::default() }
    }

    /// A command that is not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_scaler")), args)
    }

    /// The same of another form of the program.
    pub fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path()).env_clear().envs(&self.environment).stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        let said = Said::of(self.command(args).output().expect("the program starts"));
        let text = format!("{args:?}\n{}\n{}\n", said.stdout, said.stderr);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        said
    }

    /// All that its runs said.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A Deployment on one pool, with a budget that lets `spare` of its pods be away.
pub fn workload(namespace: &str, pool: &str, replicas: u32, spare: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, namespace: {namespace} }}\n\
         spec:\n  replicas: {replicas}\n  selector: {{ matchLabels: {{ app: web }} }}\n\
         \x20 template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec:\n\
         \x20     terminationGracePeriodSeconds: 1\n      nodeSelector: {{ scaler/pool: {pool} }}\n\
         \x20     containers: [{{ name: web, image: web }}]\n---\n\
         apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: web, namespace: {namespace} }}\n\
         spec: {{ maxUnavailable: {spare}, selector: {{ matchLabels: {{ app: web }} }} }}\n"
    )
}

/// Where a world that has its store on S3 has it.
pub const REGION: &str = "eu-west-1";
pub const BUCKET: &str = "acme-clusters";

/// Where a world that has its store in Azure has it.
const CONTAINER: &str = "clusters";

/// An Azurite for the stores of worlds, with their container; one at a time, as it has the port 443 of its network.
pub fn azurite() -> Arc<Azurite> {
    let azurite = Azurite::start_encrypted();
    azurite.make_container(CONTAINER);
    Arc::new(azurite)
}

/// What has a world's store.
enum Store {
    /// The folder `store`.
    Folder,
    S3(Moto),
    /// In a network of the test's own alone: [`scaler_lab::run_apart`].
    Azblob(Arc<Azurite>),
}

/// A cluster of the sandbox provider.
pub struct World {
    pub cluster: String,
    pub pool: String,
    pub sandbox: Sandbox,
    pub bridge: Bridge,
    pub k: &'static Kubernetes,
    pub program: Program,
    /// The tool that the cluster file names.
    pub tool: Option<&'static str>,
    store: Store,
}

impl World {
    /// With one pool, `min: 1`, `max: 6`, and a local store.
    pub fn new() -> World {
        World::of_sandbox(Sandbox::start())
    }

    /// With its machines in this register.
    pub fn of_sandbox(sandbox: Sandbox) -> World {
        World::with(None, Store::Folder, sandbox)
    }

    /// Worked on with `terraform` or `tofu`, which has to be there.
    pub fn of_tool(tool: &'static str) -> World {
        World::with(Some(tool), Store::Folder, Sandbox::start())
    }

    /// With its store on moto's S3.
    pub fn on_s3() -> World {
        let s3 = Moto::start();
        s3.make_bucket(REGION, BUCKET);
        World::with(None, Store::S3(s3), Sandbox::start())
    }

    /// With its store in Azurite, under the name that the storage account has in Azure itself, and a SAS token.
    pub fn on_azblob(azurite: Arc<Azurite>, tool: Option<&'static str>) -> World {
        World::with(tool, Store::Azblob(azurite), Sandbox::start())
    }

    /// The S3 that has its store.
    pub fn s3(&self) -> &Moto {
        match &self.store {
            Store::S3(s3) => s3,
            Store::Folder | Store::Azblob(_) => panic!("this world has its store elsewhere"),
        }
    }

    /// The Azure that has its store.
    pub fn azurite(&self) -> &Azurite {
        match &self.store {
            Store::Azblob(azurite) => azurite,
            Store::Folder | Store::S3(_) => panic!("this world has its store elsewhere"),
        }
    }

    fn with(tool: Option<&'static str>, store: Store, sandbox: Sandbox) -> World {
        let k = Kubernetes::shared();
        let bridge = Bridge::start(k, sandbox.source());
        let (cluster, pool) = (fresh("lab-"), fresh("p"));
        let mut variables = environment(k.kubeconfig());
        let more = match &store {
            Store::Folder => Vec::new(),
            Store::S3(s3) => s3.environment(REGION),
            Store::Azblob(azurite) => vec![
                ("AZURE_STORAGE_SAS_TOKEN", azurite.sas()),
                ("SSL_CERT_FILE", azurite.certificate().display().to_string()),
            ],
        };
        variables.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let program = Program::new(variables);
        let world = World { cluster, pool, sandbox, bridge, k, program, tool, store };
        world.write(&world.file("min: 1, max: 6", ""));
        world
    }

    /// The text of a cluster file; `extra` is appended.
    pub fn file(&self, size: &str, extra: &str) -> String {
        let tools = self.tool.map_or(String::new(), |tool| {
            let path = scaler_lab::program(tool).unwrap_or_else(|| panic!("{tool} is there"));
            format!("tools: {{ terraform: {} }}\n", path.display())
        });
        format!(
            "apiVersion: scaler/v1\n\
             kind: Cluster\n\
             name: {}\n\
             provider: sandbox\n\
             region: local\n\
             kubernetes: {{ version: 1.36.3 }}\n\
             store: {{ {} }}\n\
             network: {{ zones: [local-a, local-b] }}\n\
             sandbox: {{ register: '{}' }}\n\
             drain: {{ timeout: 60s, totalTimeout: 120s }}\n\
             controlPlane: {{ count: 1, machine: small, image: {{ id: base }} }}\n\
             pools:\n  - {{ name: {}, machine: small, image: {{ id: base }}, {size} }}\n{tools}{extra}",
            self.cluster,
            self.store(),
            self.sandbox.register().display().to_string().replace('\'', "''"),
            self.pool,
        )
    }

    fn store(&self) -> String {
        let prefix = &self.cluster;
        match &self.store {
            Store::Folder => "backend: local, path: store".to_owned(),
            Store::S3(s3) => format!(
                "backend: s3, bucket: {BUCKET}, prefix: {prefix}, region: {REGION}, endpoint: '{}', pathStyle: true",
                s3.url()
            ),
            Store::Azblob(azurite) => {
                format!("backend: azblob, account: {}, container: {CONTAINER}, prefix: {prefix}", azurite.account())
            }
        }
    }

    /// The store, as `--cluster` names it.
    pub fn url(&self) -> String {
        match &self.store {
            Store::Folder => format!("file://{}/store", self.folder().display()),
            Store::S3(s3) => {
                let (prefix, endpoint) = (&self.cluster, s3.url());
                format!("s3://{BUCKET}/{prefix}?region={REGION}&endpoint={endpoint}&pathStyle=true")
            }
            Store::Azblob(azurite) => format!("azblob://{}/{CONTAINER}/{}", azurite.account(), self.cluster),
        }
    }

    /// An object of the store, which has to be there.
    #[track_caller]
    pub fn object(&self, key: &str) -> Value {
        let text = self.text(key).unwrap_or_else(|| panic!("the store has no {key}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{key}: {error}: {text}"))
    }

    /// The text of an object of the store; None where there is none.
    pub fn text(&self, key: &str) -> Option<String> {
        match &self.store {
            Store::Folder => std::fs::read_to_string(self.folder().join("store").join(key)).ok(),
            Store::S3(s3) => s3.object(REGION, BUCKET, &format!("{}/{key}", self.cluster)),
            Store::Azblob(azurite) => azurite.blob(CONTAINER, &format!("{}/{key}", self.cluster)),
        }
    }

    /// Writes an object of a folder or of S3 beside the program, as if somebody did it by hand.
    pub fn put(&self, key: &str, text: &str) {
        match &self.store {
            Store::Folder => {
                std::fs::write(self.folder().join("store").join(key), text).expect("the object is written")
            }
            Store::S3(s3) => s3.put_object(REGION, BUCKET, &format!("{}/{key}", self.cluster), text),
            Store::Azblob(_) => panic!("nobody writes there by hand"),
        }
    }

    /// The keys of every object of a folder or of S3, sorted.
    pub fn keys(&self) -> Vec<String> {
        let (mut keys, prefix) = match &self.store {
            Store::Folder => (below(&self.folder().join("store")), String::new()),
            Store::S3(s3) => (s3.keys(REGION, BUCKET), format!("{}/", self.cluster)),
            Store::Azblob(_) => panic!("nobody lists it"),
        };
        keys.retain(|key| key.starts_with(&prefix) && !key.starts_with(".scaler/"));
        keys = keys.into_iter().map(|key| key[prefix.len()..].to_owned()).collect();
        keys.sort();
        keys
    }

    pub fn path(&self) -> PathBuf {
        self.folder().join("cluster.yml")
    }

    pub fn write(&self, text: &str) {
        std::fs::write(self.path(), text).expect("the cluster file");
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.program.run(args)
    }

    pub fn folder(&self) -> &Path {
        self.program.folder.path()
    }

    /// A node of the pool.
    pub fn node(&self, number: u32) -> String {
        format!("{}-{}-{number}", self.cluster, self.pool)
    }

    /// Waits until `count` pods of the namespace are ready.
    pub fn wait_ready(&self, namespace: &str, count: usize) {
        self.k.wait("the workload to be ready", |k| (ready(k, namespace) == count).then_some(()));
    }

    pub fn apply(&self) -> Said {
        self.run(&["apply", "--yes"])
    }

    pub fn record(&self) -> Value {
        self.object("cluster.json")
    }

    /// The names of the workers that the record has.
    pub fn workers(&self) -> Vec<String> {
        let record = self.record();
        let nodes = record["pools"][&self.pool]["nodes"].as_object().cloned().unwrap_or_default();
        nodes.keys().cloned().collect()
    }

    /// The workers' machines that run, by name.
    pub fn running(&self) -> BTreeMap<String, String> {
        let machines = self.sandbox.machines();
        let workers = machines.into_iter().filter(|machine| runs(machine) && machine.node.contains(&self.pool));
        workers.map(|machine| (machine.node, machine.id)).collect()
    }

    /// Names of this test's worker Nodes.
    pub fn nodes(&self) -> Vec<String> {
        let selector = format!("/api/v1/nodes?labelSelector=scaler/pool%3D{}", self.pool);
        let list = self.k.get(&selector);
        let items = list["items"].as_array().expect("a list of nodes");
        items.iter().map(|node| node["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    pub fn unschedulable(&self) -> Vec<String> {
        let selector = format!("/api/v1/nodes?labelSelector=scaler/pool%3D{}", self.pool);
        let list = self.k.get(&selector);
        let items = list["items"].as_array().expect("a list of nodes");
        let cordoned = items.iter().filter(|node| node["spec"]["unschedulable"] == true);
        cordoned.map(|node| node["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// The paths of all files below a folder, relative to it.
pub fn below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("below it").display().to_string());
            }
        }
    }
    found
}

/// How many pods of a namespace are ready.
pub fn ready(k: &Client, namespace: &str) -> usize {
    let list = k.get(&format!("/api/v1/namespaces/{namespace}/pods"));
    let is_ready = |pod: &&Value| {
        let conditions = pod["status"]["conditions"].as_array();
        pod["metadata"]["deletionTimestamp"].is_null()
            && conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
    };
    list["items"].as_array().expect("a list").iter().filter(is_ready).count()
}

/// What the program may see: nothing of the environment of whoever runs the tests.
pub fn environment(kubeconfig: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), format!("{}:{path}", tools().display())),
        ("KUBECONFIG".to_owned(), kubeconfig.display().to_string()),
        ("HOME".to_owned(), "/nonexistent".to_owned()),
        ("USER".to_owned(), "tester".to_owned()),
    ]);
    if let Some(config) = terraform_config() {
        environment.insert("TF_CLI_CONFIG_FILE".to_owned(), config.display().to_string());
    }
    environment
}

pub fn runs(machine: &Machine) -> bool {
    machine.state == MachineState::Running
}
