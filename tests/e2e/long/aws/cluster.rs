//! A cluster of a test's own on moto, with its store there, and whoever works on it.

use std::collections::BTreeMap;

use scaler_lab::{Bridge, Credentials, Kubernetes, Moto};

use crate::world::{Program, Said, environment, fresh};

pub const REGION: &str = "eu-west-1";
pub const BUCKET: &str = "acme-clusters";

/// Any key: nobody logs in.
const PUBLIC_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t\n";

/// Where AWS' own tools look for logins, below a home.
pub const CREDENTIALS: &str = ".aws/credentials";

/// An image that moto knows from the start.
const IMAGE: &str = "ami-12c6146b";

/// A login in the environment: key, secret, token.
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

pub struct Aws {
    pub moto: Moto,
    pub k: &'static Kubernetes,
    pub cluster: String,
    pub pool: String,
    /// In the folder of the cluster file.
    pub program: Program,
    /// On a machine that has no cluster file, and its login as a profile in AWS' own file.
    pub elsewhere: Program,
    _bridge: Bridge,
}

impl Aws {
    pub fn new() -> Aws {
        let k = Kubernetes::shared();
        let moto = Moto::start();
        moto.make_bucket(REGION, BUCKET);
        let bridge = Bridge::start(k, moto.source(REGION));
        let (cluster, pool) = (fresh("aws-"), fresh("p"));
        let program = Program::new(login(k, &moto, &planted()));
        let elsewhere = elsewhere(place(k, &moto));
        let aws = Aws { moto, k, cluster, pool, program, elsewhere, _bridge: bridge };
        aws.write(&aws.file(3));
        aws
    }

    /// The text of a cluster file whose pool has this `min`.
    pub fn file(&self, min: u32) -> String {
        let url = self.moto.url();
        format!(
            "apiVersion: scaler/v1\n\
             kind: Cluster\n\
             name: {cluster}\n\
             provider: aws\n\
             region: {REGION}\n\
             kubernetes: {{ version: 1.36.3 }}\n\
             store: {{ backend: s3, bucket: {BUCKET}, prefix: {cluster}, region: {REGION}, endpoint: '{url}', pathStyle: true }}\n\
             ssh: {{ user: ubuntu, publicKeyFile: key.pub }}\n\
             network:\n  cidr: 10.1.0.0/20\n  zones: [{REGION}a, {REGION}b]\n  private: true\n  adminCidrs: [203.0.113.7/32]\n\
             tags: {{ team: platform }}\n\
             aws: {{ endpoints: {{ ec2: '{url}', sts: '{url}', iam: '{url}', elbv2: '{url}', s3: '{url}' }} }}\n\
             drain: {{ timeout: 90s, totalTimeout: 180s }}\n\
             controlPlane: {{ count: 1, machine: t3.medium, image: {{ id: {IMAGE} }}, provisioning: none }}\n\
             pools:\n  - {{ name: {pool}, machine: t3.large, image: {{ id: {IMAGE} }}, provisioning: none, min: {min}, max: 6 }}\n",
            cluster = self.cluster,
            pool = self.pool,
        )
    }

    /// One more pool of the file, whose machines are to join at boot; it has none yet.
    pub fn pool_at_boot(&self, name: &str) -> String {
        format!("  - {{ name: {name}, machine: t3.large, image: {{ id: {IMAGE} }}, provisioning: boot, count: 0 }}\n")
    }

    pub fn write(&self, text: &str) {
        write(&self.program, text);
    }

    /// Somebody with this login, in a folder with this cluster file.
    pub fn somebody(&self, credentials: &Credentials, text: &str) -> Program {
        let program = Program::new(login(self.k, &self.moto, credentials));
        write(&program, text);
        program
    }

    /// The store as a URL.
    pub fn url(&self) -> String {
        let (cluster, endpoint) = (&self.cluster, self.moto.url());
        format!("s3://{BUCKET}/{cluster}?region={REGION}&endpoint={endpoint}&pathStyle=true")
    }

    /// A change of the pool, agreed to, from the cluster file.
    pub fn scale(&self, command: &str, change: &[&str]) -> Said {
        let mut args = vec![command, "--pool", &self.pool, "--yes"];
        args.extend(change);
        self.program.run(&args)
    }

    pub fn node(&self, number: u32) -> String {
        format!("{}-{}-{number}", self.cluster, self.pool)
    }

    pub fn control_plane(&self) -> String {
        format!("{}-control-plane-1", self.cluster)
    }

    /// An object of the cluster's store.
    pub fn object(&self, key: &str) -> Option<String> {
        self.moto.object(REGION, BUCKET, &format!("{}/{key}", self.cluster))
    }
}

/// A login whose every part can be told from all other text. moto takes whoever it does not know for the account that is
/// there from the start.
pub fn planted() -> Credentials {
    Credentials {
        access_key: "AKIAQMARKERAWSDAYQ34".to_owned(),
        secret_key: "q8marker/of+the-secret-key".to_owned(),
        session_token: "q8marker-of-the-session".to_owned(),
    }
}

fn write(program: &Program, text: &str) {
    let folder = program.folder.path();
    std::fs::write(folder.join("key.pub"), PUBLIC_KEY).expect("a public key");
    std::fs::write(folder.join("cluster.yml"), text).expect("a cluster file");
}

/// The way to the cluster and to AWS, without a login.
fn place(k: &Kubernetes, moto: &Moto) -> BTreeMap<String, String> {
    let mut variables = environment(k.kubeconfig());
    let of_aws = moto.environment(REGION).into_iter().filter(|(name, _)| !KEYS.contains(name));
    variables.extend(of_aws.map(|(name, value)| (name.to_owned(), value)));
    variables
}

/// Whose login is in a file of its home, under a name that its environment tells.
fn elsewhere(variables: BTreeMap<String, String>) -> Program {
    let mut program = Program::new(variables);
    let home = program.folder.path().to_owned();
    let login = planted();
    let (key, secret, token) = (login.access_key, login.secret_key, login.session_token);
    let profile =
        format!("[acme]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\naws_session_token = {token}\n");
    std::fs::create_dir(home.join(".aws")).expect("a folder");
    std::fs::write(home.join(CREDENTIALS), profile).expect("a login");
    program.environment.insert("HOME".to_owned(), home.display().to_string());
    program.environment.insert("AWS_PROFILE".to_owned(), "acme".to_owned());
    program
}

fn login(k: &Kubernetes, moto: &Moto, credentials: &Credentials) -> BTreeMap<String, String> {
    let mut variables = place(k, moto);
    let values = [&credentials.access_key, &credentials.secret_key, &credentials.session_token];
    for (name, value) in KEYS.into_iter().zip(values) {
        if !value.is_empty() {
            variables.insert(name.to_owned(), value.clone());
        }
    }
    variables
}
