//! Playing the playbooks over a hand-written inventory.

use std::path::{Path, PathBuf};
use std::process::Command;

use scaler_lab::{Host, Hosts};
use serde_json::{Map, Value, json};

/// Strings that come from a cluster file are data: Ansible must not look into them.
fn write(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(_) => format!("!unsafe {value}"),
        Value::Array(items) => format!("[{}]", list(items.iter().map(write).collect())),
        Value::Object(fields) => {
            format!(
                "{{{}}}",
                list(fields.iter().map(|(key, value)| format!("{}: {}", json!(key), write(value))).collect())
            )
        }
        other => other.to_string(),
    }
}

/// The controller's side: a folder with inventory, secrets and Ansible's configuration.
pub struct Plays {
    pub folder: tempfile::TempDir,
    pub variables: Map<String, Value>,
    control_planes: Vec<(Host, Value)>,
    workers: Vec<(Host, Value)>,
}

/// One run of `ansible-playbook`.
pub struct Played {
    pub code: Option<i32>,
    /// All that it said.
    pub text: String,
    pub events: Vec<Value>,
}

impl Played {
    /// A number of the last line, such as `changed` of a host.
    pub fn count(&self, host: &str, what: &str) -> i64 {
        let last = self.events.last().unwrap_or_else(|| panic!("no events; Ansible says:\n{}", self.text));
        assert_eq!(last["event"], "stats", "{}", self.text);
        last["hosts"][host][what].as_i64().unwrap_or_else(|| panic!("no {what} of {host} in {last}"))
    }

    /// Hosts that the run is about.
    pub fn hosts(&self) -> Vec<&str> {
        let last = self.events.last().unwrap();
        last["hosts"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// Why a host failed.
    pub fn reason(&self, host: &str) -> String {
        let failed = |event: &&Value| {
            event["event"] == "result"
                && event["host"] == host
                && ["failed", "unreachable"].iter().any(|status| event["status"] == *status)
                && event["handled"] == false
        };
        let last =
            self.events.iter().rev().find(failed).unwrap_or_else(|| panic!("{host} did not fail:\n{}", self.text));
        last["message"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }
}

impl Plays {
    pub fn new(hosts: &Hosts) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let variables = json!({
            "ansible_user": Hosts::USER, "ansible_ssh_private_key_file": hosts.key(),
            "ansible_python_interpreter": "/usr/bin/python3",
            "scaler_cluster": "demo", "scaler_kubernetes_version": "1.36.3", "scaler_pod_cidr": "10.244.0.0/16",
            "scaler_packages_mirror": hosts.mirror(), "scaler_join_file": path("join.json"),
            "scaler_kubeconfig_file": path("kubeconfig"), "scaler_join_timeout": 90, "scaler_connect_timeout": 90,
        });
        let Value::Object(variables) = variables else { unreachable!("it is written above") };
        let config = "[defaults]\ncallbacks_enabled = scaler_events\nforks = 20\nhost_key_checking = True\n\
            [ssh_connection]\npipelining = True\n";
        std::fs::write(folder.path().join("ansible.cfg"), config).unwrap();
        Self { folder, variables, control_planes: Vec::new(), workers: Vec::new() }
    }

    pub fn control_plane(&mut self, host: &Host, variables: Value) {
        self.control_planes.push((host.clone(), variables));
    }

    pub fn worker(&mut self, host: &Host, variables: Value) {
        self.workers.push((host.clone(), variables));
    }

    pub fn secrets(&self, secrets: &Value) {
        self.write_secret("join.json", &secrets.to_string());
    }

    fn write_secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn inventory(&self) -> String {
        let group = |hosts: &[(Host, Value)]| {
            let host = |(host, more): &(Host, Value)| {
                let mut all = json!({
                    "ansible_host": host.address(), "scaler_node": host.name(), "scaler_address": host.address(),
                    "scaler_provider_id": format!("sandbox:///z1/m-{}", host.name()),
                });
                all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                format!("        {}: {}\n", host.name(), write(&all))
            };
            hosts.iter().map(host).collect::<String>()
        };
        let variables = write(&Value::Object(self.variables.clone()));
        let control_planes = group(&self.control_planes);
        let workers = group(&self.workers);
        format!(
            "all:\n  vars: {variables}\n  children:\n    control_plane:\n      hosts:\n{control_planes}    workers:\n      hosts:\n{workers}"
        )
    }

    pub fn play(&self, args: &[&str]) -> Played {
        let path = self.folder.path();
        std::fs::write(path.join("inventory.yml"), self.inventory()).unwrap();
        let all = self.control_planes.iter().chain(&self.workers);
        let known: String =
            all.filter(|(host, _)| host.check().is_ok()).map(|(host, _)| host.known_hosts_line()).collect();
        std::fs::write(path.join("known_hosts"), known).unwrap();
        let events = path.join("events");
        let _ = std::fs::remove_file(&events); // of the run before
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks/site.yml");
        let ssh = format!(
            "-o UserKnownHostsFile={}/known_hosts -o ConnectTimeout=5 -o ControlMaster=auto -o ControlPersist=30s",
            path.display()
        );
        let output = Command::new(scaler_lab::ansible().join("ansible-playbook"))
            .args(["--inventory", "inventory.yml"])
            .args(args)
            .arg(site)
            .current_dir(path)
            .env("ANSIBLE_CONFIG", path.join("ansible.cfg"))
            .env("ANSIBLE_HOME", path.join("home"))
            .env("ANSIBLE_SSH_ARGS", ssh)
            // A socket's path may have 108 bytes.
            .env("ANSIBLE_SSH_CONTROL_PATH_DIR", path.join("c"))
            .env("SCALER_EVENTS", &events)
            // The playbooks' folder stays as it is.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let lines = std::fs::read_to_string(&events).unwrap_or_default();
        let events = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Played { code: output.status.code(), text, events }
    }

    /// What the cluster says, by the kubeconfig that `access` brought.
    #[track_caller]
    pub fn kubectl(&self, args: &[&str]) -> Value {
        let mut command = Command::new(scaler_lab::tools().join("kubectl"));
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(args).args(["--output", "json"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// `kubectl drain`; whether it came to its end.
    pub fn drain(&self, node: &str) -> bool {
        let mut command = Command::new(scaler_lab::tools().join("kubectl"));
        command.arg("--kubeconfig").arg(self.kubeconfig());
        command.args(["drain", node, "--ignore-daemonsets", "--force", "--timeout=60s"]).status().unwrap().success()
    }

    /// Waits until this node is Ready.
    #[track_caller]
    pub fn wait_ready(&self, node: &str) -> Value {
        scaler_lab::wait_for(&format!("{node} to be Ready"), || {
            let found = self.kubectl(&["get", "node", node]);
            let conditions = found["status"]["conditions"].as_array()?;
            let ready = conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True");
            ready.then_some(found)
        })
    }
}
