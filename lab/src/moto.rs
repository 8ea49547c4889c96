//! An AWS on loopback.

mod ec2;
mod s3;

use std::path::Path;

use serde_json::Value;

pub use ec2::{Instance, InstanceState};

use crate::bridge::{Machine, MachineState, Machines};
use crate::clock::try_wait;
use crate::error::Result;
use crate::http::{Endpoint, Headers, exchange};
use crate::kubernetes::free_ports;
use crate::places;
use crate::proxy::{FaultProxy, Recorded};
use crate::supervised::{Program, Supervised};

const NAME: &str = "moto";

/// What a client of [`Moto`] signs with. moto does not check signatures, but
/// tells the account by the key.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    /// Empty for the account that is there from the start.
    pub session_token: String,
}

/// moto's server, with EC2, IAM, STS and S3, behind a [`FaultProxy`].
/// It forgets everything when it is dropped.
pub struct Moto {
    parts: Supervised,
    direct: Endpoint,
    proxy: FaultProxy,
}

impl Moto {
    /// # Panics
    /// When it cannot be started: the message says why.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Moto::start`], for a caller that wants the error.
    ///
    /// # Errors
    /// When moto is missing or does not start.
    pub fn try_start() -> Result<Self> {
        let parts = Supervised::new(NAME)?;
        let [port] = free_ports()?;
        let (path, script) = places::moto()?;
        let program = Program {
            path,
            args: vec![
                script.display().to_string(),
                "-H".to_owned(),
                "127.0.0.1".to_owned(),
                "-p".to_owned(),
                port.to_string(),
            ],
            log: parts.log(NAME),
        };
        parts.start(NAME, program)?;
        let direct = Endpoint { address: format!("127.0.0.1:{port}"), trust: None, headers: Headers::default() };
        try_wait("moto to answer", || {
            parts.check(NAME)?;
            Ok(exchange(&direct, "GET", "/moto-api/", "", &[]).ok().filter(crate::Answer::is_success).map(drop))
        })?;
        let proxy = FaultProxy::before(&direct.address);
        Ok(Self { parts, direct, proxy })
    }

    /// The endpoint of every service (`AWS_ENDPOINT_URL`), through the proxy.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// The proxy before it: faults, and the record of requests.
    pub fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// Every request so far, in order; those of this handle are not among them.
    pub fn requests(&self) -> Vec<Recorded> {
        self.proxy.requests()
    }

    /// A folder of this lab's own; it goes with it.
    pub fn folder(&self) -> &Path {
        self.parts.folder()
    }

    /// Those of the account that is there from the start, 123456789012.
    pub fn credentials(&self) -> Credentials {
        Credentials { access_key: "test".to_owned(), secret_key: "test".to_owned(), session_token: String::new() }
    }

    /// Those of another account (twelve digits).
    #[track_caller]
    pub fn account(&self, id: &str) -> Credentials {
        ec2::assume(&self.direct, id).unwrap_or_else(|error| panic!("{error}"))
    }

    /// All instances of a region, in every state that moto remembers.
    #[track_caller]
    pub fn instances(&self, region: &str) -> Vec<Instance> {
        ec2::instances(&self.direct, region).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What an instance was given for its first boot.
    #[track_caller]
    pub fn user_data(&self, region: &str, id: &str) -> String {
        ec2::user_data(&self.direct, region, id).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes a machine without Terraform's doing, and gives its id.
    #[track_caller]
    pub fn run_instance(&self, region: &str, tags: &[(&str, &str)]) -> String {
        ec2::run_instance(&self.direct, region, tags).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Ends a machine without Terraform's doing.
    #[track_caller]
    pub fn terminate(&self, region: &str, id: &str) {
        self.act(region, "TerminateInstances", id);
    }

    #[track_caller]
    pub fn stop(&self, region: &str, id: &str) {
        self.act(region, "StopInstances", id);
    }

    #[track_caller]
    pub fn resume(&self, region: &str, id: &str) {
        self.act(region, "StartInstances", id);
    }

    #[track_caller]
    fn act(&self, region: &str, action: &str, id: &str) {
        self.call(region, "ec2", &[("Action", action), ("InstanceId.1", id)]);
    }

    /// Any request of EC2's, Elastic Load Balancing's, IAM's or STS's query protocol, for what has no method here; gives its XML.
    #[track_caller]
    pub fn call(&self, region: &str, service: &str, params: &[(&str, &str)]) -> String {
        ec2::query(&self.direct, region, service, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes a bucket in a region.
    #[track_caller]
    pub fn make_bucket(&self, region: &str, bucket: &str) {
        s3::make_bucket(&self.direct, region, bucket).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The text of an object; None where there is none.
    #[track_caller]
    pub fn object(&self, region: &str, bucket: &str, key: &str) -> Option<String> {
        s3::object(&self.direct, region, bucket, key).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Writes an object beside the program, also over one that is there.
    #[track_caller]
    pub fn put_object(&self, region: &str, bucket: &str, key: &str, text: &str) {
        s3::put_object(&self.direct, region, bucket, key, text).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The keys of a bucket's objects, up to a thousand.
    #[track_caller]
    pub fn keys(&self, region: &str, bucket: &str) -> Vec<String> {
        s3::keys(&self.direct, region, bucket).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What it says of a bucket, as XML: `versioning`, `encryption`, `lifecycle` and the like.
    #[track_caller]
    pub fn ask_bucket(&self, region: &str, bucket: &str, what: &str) -> String {
        s3::ask(&self.direct, region, bucket, what).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Forgets everything.
    #[track_caller]
    pub fn reset(&self) {
        let done = exchange(&self.direct, "POST", "/moto-api/reset", "", &[]);
        done.unwrap_or_else(|error| panic!("{error}"));
    }

    /// All that moto knows, by service and kind: its own view, for questions that EC2's API has no answer to.
    #[track_caller]
    pub fn everything(&self) -> Value {
        let answer = exchange(&self.direct, "GET", "/moto-api/data.json", "", &[]);
        answer.map_or_else(|error| panic!("{error}"), |answer| answer.json())
    }

    /// What a process that shall use this AWS needs in its environment.
    pub fn environment(&self, region: &str) -> Vec<(&'static str, String)> {
        let credentials = self.credentials();
        vec![
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_key),
            ("AWS_REGION", region.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// For a [`Bridge`](crate::Bridge): the machines of one region.
    pub fn source(&self, region: &str) -> MotoMachines {
        MotoMachines { endpoint: self.direct.clone(), region: region.to_owned() }
    }
}

/// A region's instances, for a [`Bridge`](crate::Bridge).
pub struct MotoMachines {
    endpoint: Endpoint,
    region: String,
}

impl Machines for MotoMachines {
    fn list(&self) -> Result<Vec<Machine>> {
        let instances = ec2::instances(&self.endpoint, &self.region)?;
        Ok(instances.into_iter().map(|instance| machine(instance, &self.region)).collect())
    }
}

fn machine(instance: Instance, region: &str) -> Machine {
    let tag = |name: &str| instance.tags.get(name).cloned().unwrap_or_default();
    Machine {
        node: tag("scaler:node"),
        pool: tag("scaler:pool"),
        control_plane: tag("scaler:role") == "control-plane",
        provider: "aws",
        address: instance.private_ip.clone(),
        zone: instance.zone.clone(),
        region: region.to_owned(),
        kind: instance.kind.clone(),
        state: match instance.state {
            InstanceState::Running => MachineState::Running,
            InstanceState::Terminated | InstanceState::ShuttingDown => MachineState::Gone,
            InstanceState::Pending | InstanceState::Stopping | InstanceState::Stopped => MachineState::Stopped,
        },
        id: instance.id,
    }
}
