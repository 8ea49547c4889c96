//! A scaler's Terraform adapter in a folder of its own, with a backend in that folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scaler::adapters::process::{Environment, Host};
use scaler::adapters::terraform::{Options, TerraformCli};
use scaler::model::failure::Failure;
use scaler::model::names::StackId;
use scaler::model::state::State;
use scaler::ops::interrupts::{Interrupter, channel};
use scaler::ops::ports::terraform::{Applied, PlanMode, Stack, Terraform};
use scaler::ops::ports::{Event, Progress};

use super::support::{SUPERVISOR, boot, lease, wait_until};

pub const LONG: Duration = Duration::from_secs(600);

#[derive(Default)]
pub struct Events(pub Mutex<Vec<Event>>);

impl Progress for Events {
    fn tell(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A scaler with a folder of its own.
pub struct Rig {
    pub root: PathBuf,
    pub cli: TerraformCli,
    pub interrupter: Interrupter,
    pub events: Arc<Events>,
}

/// What else a rig may have.
#[derive(Default)]
pub struct Extra<'a> {
    pub path: Option<&'a Path>,
    pub variables: &'a [(&'a str, &'a str)],
    pub lock_timeout: Duration,
}

pub fn rig_with(root: &Path, work: &str, extra: &Extra) -> Rig {
    let own = [("TF_CLI_CONFIG_FILE", "/no/such/file")].into_iter().chain(extra.variables.iter().copied());
    let variables = std::env::vars_os().chain(own.map(|(name, value)| (name.into(), value.into())));
    let variables: BTreeMap<_, _> = variables.collect();
    let host = Arc::new(Host::new(Environment::clean(variables).0).supervised_by(SUPERVISOR));
    let (interrupter, interrupts) = channel();
    let events = Arc::new(Events::default());
    let cli = TerraformCli::new(Options {
        host,
        path: extra.path.map(Path::to_owned),
        flavour: None,
        work_dir: root.join(work),
        lock_timeout: extra.lock_timeout,
        interrupts,
        progress: Arc::clone(&events) as Arc<dyn Progress>,
    });
    Rig { root: root.to_owned(), cli, interrupter, events }
}

/// With this tool and nothing else.
pub fn rig(root: &Path, tool: &Path) -> Rig {
    rig_with(root, "work", &Extra { path: Some(tool), ..Extra::default() })
}

pub fn id() -> StackId {
    StackId::Pool("w".into())
}

impl Rig {
    pub fn stack(&self, main: &str) -> Stack {
        let path = self.root.join("x.tfstate");
        let backend = serde_json::json!({ "terraform": { "backend": { "local": { "path": path } } } });
        let files = [("main.tf", main.as_bytes().to_vec()), ("backend.tf.json", backend.to_string().into_bytes())];
        Stack { id: id(), files: files.map(|(name, bytes)| (name.to_owned(), bytes)).into() }
    }

    pub async fn init(&self, main: &str) {
        assert_eq!(self.cli.init(&self.stack(main), None).await, Ok(String::new()));
    }

    pub async fn apply(&self, mode: PlanMode) -> Result<Applied, Failure> {
        let plan = self.cli.plan(&id(), mode, None).await?;
        let (lease, _hand) = lease(boot().after(LONG));
        self.cli.apply(plan, &lease).await
    }

    pub async fn done(&self, mode: PlanMode) -> State {
        match self.apply(mode).await {
            Ok(Applied::Done) => self.state().expect("a state"),
            other => panic!("{other:?}"),
        }
    }

    /// What Terraform has written.
    pub fn state(&self) -> Option<State> {
        let text = std::fs::read(self.root.join("x.tfstate")).unwrap_or_default();
        scaler::model::state::parse(&text).expect("a state that can be read")
    }

    /// Waits until an apply of [`SLOW`] is in the middle.
    pub async fn wait_until_slow(&self) {
        let path = self.root.join("slow");
        tokio::task::spawn_blocking(move || wait_until(|| path.exists().then_some(()))).await.unwrap();
    }

    pub fn locked(&self) -> bool {
        self.root.join(".x.tfstate.lock.info").exists()
    }
}

pub const NODES: &str = r#"
    variable "names" { default = ["d-w-1", "d-w-2"] }
    resource "terraform_data" "node" {
      for_each = toset(var.names)
      input    = { name = each.key }
    }
    output "made" { value = { for name, node in terraform_data.node : name => node.output.name } }
"#;

/// Hangs in the middle until it is interrupted. `FOLDER` stands for a folder in which the file `slow` then is.
pub const SLOW: &str = r#"
    resource "terraform_data" "first" { input = "x" }
    resource "terraform_data" "slow" {
      input = terraform_data.first.id
      provisioner "local-exec" { command = "touch FOLDER/slow; exec sleep 1000" }
    }
"#;

pub fn slow(root: &Path) -> String {
    SLOW.replace("FOLDER", root.to_str().unwrap())
}
