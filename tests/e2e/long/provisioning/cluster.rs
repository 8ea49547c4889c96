//! A cluster whose machines are hosts that answer to SSH, and that nobody has made yet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use scaler_lab::{Host, HostBridge, Hosts, Login, Sandbox, ansible, terraform_config, tools};
use serde_json::Value;

use crate::gates::put;
use crate::secrets::search::Search;
use crate::world::{Program, Said, fresh};

pub struct Bare {
    /// Dropped before the hosts.
    pub bridge: HostBridge,
    pub hosts: Hosts,
    pub sandbox: Sandbox,
    pub program: Program,
    pub cluster: String,
}

/// The program with the lab's tools and Ansible, a home of its own, and these variables.
pub fn program(mut environment: BTreeMap<String, String>) -> Program {
    let path = [tools(), ansible()].into_iter();
    let path = std::env::join_paths(path.chain(std::env::split_paths(&std::env::var_os("PATH").expect("a PATH"))));
    environment.insert("PATH".to_owned(), path.expect("a PATH").to_string_lossy().into_owned());
    environment.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    if let Some(config) = terraform_config() {
        environment.insert("TF_CLI_CONFIG_FILE".to_owned(), config.display().to_string());
    }
    let mut program = Program::new(environment);
    let home = program.folder.path().join("home");
    std::fs::create_dir(&home).expect("a home folder");
    program.environment.insert("HOME".to_owned(), home.display().to_string());
    program
}

/// Looks at the arguments of all that this program starts from now on, here and on the machines.
pub fn search(program: &Program) -> Search {
    // Whatever might be told a token runs for longer.
    Search::through(vec![program.folder.path().to_owned()], Vec::new(), Duration::from_millis(100))
}

/// What is to be read on a host of what was written there since it was made.
pub fn all_that_is_kept(host: &Host) -> String {
    let folders = "/etc/kubernetes /etc/scaler /root /home /run /tmp /var/lib/kubelet /var/log /var/tmp";
    let ran = host.run(&["sh", "-c", &format!("find {folders} -type f -size -1024k -exec cat '{{}}' +; true")]);
    assert!(ran.stdout.contains("apiVersion"), "{ran:?}");
    ran.stdout
}

/// Whether a Node says that it is Ready.
pub fn is_ready(node: &Value) -> bool {
    let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

impl Bare {
    pub fn new() -> Bare {
        let hosts = Hosts::start();
        let sandbox = Sandbox::start();
        let bridge = HostBridge::start(&hosts, sandbox.source());
        let program = program(BTreeMap::from([("USER".to_owned(), "tester".to_owned())]));
        let bare = Bare { bridge, hosts, sandbox, program, cluster: fresh("bare-") };
        bare.write(3);
        bare
    }

    /// The cluster file, with a pool of at least so many machines.
    pub fn write(&self, min: u32) {
        let text = format!(
            "apiVersion: scaler/v1\nkind: Cluster\nname: {}\nprovider: sandbox\n\
             kubernetes: {{ version: 1.36.3, packages: '{}' }}\n\
             access: {{ kubeconfig: ./kubeconfig }}\n\
             store: {{ backend: local, path: store }}\n\
             ssh: {{ user: {}, privateKeyFile: '{}' }}\n\
             sandbox: {{ register: '{}' }}\n\
             drain: {{ timeout: 60s, totalTimeout: 120s }}\n\
             controlPlane: {{ count: 1, machine: small, image: {{ id: base }}, provisioning: ssh }}\n\
             pools:\n  - name: workers\n    machine: small\n    image: {{ id: base }}\n    provisioning: ssh\n    min: {min}\n    max: 9\n\
             \x20   labels: {{ tier: 'web' }}\n    taints: [{{ key: dedicated, value: web, effect: PreferNoSchedule }}]\n    kubelet: {{ maxPods: 33 }}\n",
            self.cluster,
            self.hosts.mirror(),
            Hosts::USER,
            self.hosts.key().display(),
            self.sandbox.register().display(),
        );
        std::fs::write(self.program.folder.path().join("cluster.yml"), text).expect("the cluster file");
    }

    /// The cluster file as it is, but for one text in it.
    #[track_caller]
    pub fn rewrite(&self, from: &str, to: &str) {
        let file = self.program.folder.path().join("cluster.yml");
        let text = std::fs::read_to_string(&file).expect("the cluster file");
        assert!(text.contains(from), "{text}");
        std::fs::write(file, text.replace(from, to)).expect("the cluster file");
    }

    /// From now on each play that is begun is a line of this file.
    pub fn count_plays(&mut self) -> PathBuf {
        let folder = self.program.folder.path().join("ansible");
        std::fs::create_dir(&folder).expect("a folder");
        let (real, plays) = (ansible().join("ansible-playbook"), folder.join("plays"));
        let count = format!("[ \"$1\" = --version ] || echo \"$@\" >>'{}'", plays.display());
        put(&folder.join("ansible-playbook"), &format!("#!/bin/sh\n{count}\nexec '{}' \"$@\"\n", real.display()));
        let path = &self.program.environment["PATH"];
        let path = format!("{}:{path}", folder.display());
        self.program.environment.insert("PATH".to_owned(), path);
        plays
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.program.run(args)
    }

    pub fn node(&self, number: u32) -> String {
        format!("{}-workers-{number}", self.cluster)
    }

    pub fn host(&self, number: u32) -> Host {
        self.hosts.host(&self.node(number))
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.program.folder.path().join("kubeconfig")
    }

    /// What the cluster says of something, asked as its admin.
    pub fn ask(&self, path: &str) -> Value {
        let kubectl = tools().join("kubectl");
        let asked = Command::new(kubectl).args(["get", "--raw", path]).env("KUBECONFIG", self.kubeconfig()).output();
        let asked = asked.expect("kubectl starts");
        assert!(asked.status.success(), "{path}: {}", String::from_utf8_lossy(&asked.stderr));
        serde_json::from_slice(&asked.stdout).expect("an object")
    }

    /// The names of the Nodes that are Ready, sorted.
    pub fn ready(&self) -> Vec<String> {
        let nodes = self.ask("/api/v1/nodes");
        let ready = nodes["items"].as_array().expect("a list").iter().filter(|node| is_ready(node));
        let mut names: Vec<String> =
            ready.map(|node| node["metadata"]["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    pub fn record(&self) -> Value {
        let text = std::fs::read(self.program.folder.path().join("store/cluster.json")).expect("a record");
        serde_json::from_slice(&text).expect("an object")
    }

    /// Nodes and machines of the pool, as the record has them.
    pub fn recorded(&self) -> Vec<String> {
        self.record()["pools"]["workers"]["nodes"].as_object().expect("nodes").keys().cloned().collect()
    }

    /// All that was kept under this name of what Ansible said.
    pub fn kept_logs(&self, what: &str) -> String {
        let logs = self.program.folder.path().join("store/logs");
        let operations = std::fs::read_dir(logs).into_iter().flatten().flatten();
        let files = operations.flat_map(|one| std::fs::read_dir(one.path()).into_iter().flatten().flatten());
        let named = files.filter(|file| file.file_name().to_string_lossy().starts_with(what));
        named.map(|file| std::fs::read_to_string(file.path()).expect("a log")).collect()
    }

    /// How often each worker's host was logged in to.
    pub fn logins(&self) -> BTreeMap<String, usize> {
        let of = |host: &Host| host.logins().iter().filter(|login| matches!(login, Login::Accepted(_))).count();
        self.hosts.all().iter().map(|host| (host.name().to_owned(), of(host))).collect()
    }

    /// The bootstrap tokens that open the cluster, without their ids. kubeadm makes one that opens nothing, by which the
    /// certificates that it keeps for further control planes go after two hours.
    pub fn tokens(&self) -> Vec<String> {
        let secrets =
            self.ask("/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken");
        let opens = |secret: &&Value| secret["data"]["usage-bootstrap-authentication"].is_string();
        let secrets = secrets["items"].as_array().expect("a list").iter().filter(opens);
        let text = |secret: &Value| BASE64.decode(secret["data"]["token-secret"].as_str()?).ok();
        secrets.map(|secret| String::from_utf8(text(secret).expect("a token")).expect("letters")).collect()
    }

    /// No bootstrap token is left in the cluster.
    #[track_caller]
    pub fn assert_no_token(&self) {
        assert_eq!(self.tokens().len(), 0);
    }
}
