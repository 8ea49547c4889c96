//! The death matrix where machines do not join by themselves: they are logged in to by the playbooks, or boot and look for
//! their join file. Its points are those that the other scenarios do not have. `make test` has some of these deaths in
//! `provisioning/killed.rs` and `provisioning/leave.rs`.

use std::collections::BTreeSet;

use scaler_lab::wait_for;
use serde_json::Value;

use super::case::{LATER, Stage, mortal};
use super::points::spread;
use super::{Scenario, TOLD, TOLD_EACH, result, tell, wanted};
use crate::long::provisioning::boot::AtBoot;
use crate::long::provisioning::cluster::{Bare, is_ready, program};
use crate::long::provisioning::cut_off::nothing_runs;
use crate::world::{BUCKET, Program, REGION, Said, World};

/// How many cases of each way are played where nobody says how many.
const SAMPLE: usize = 1;

/// What is done when death comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Grow,
    Shrink,
}

impl Way {
    const ALL: [Way; 2] = [Way::Grow, Way::Shrink];
}

type Case = super::case::Case<Way>;

/// A cluster whose machines have to be let in. Its first worker is there.
trait Ground {
    /// What the ports can change here, and nowhere else in the matrix.
    const CHANGES: &'static [&'static str];

    fn make() -> Self;
    fn program(&self) -> &Program;
    fn url(&self) -> String;
    fn record(&self) -> Value;
    /// What the cluster says of something, asked as its admin.
    fn ask(&self, path: &str) -> Value;
    /// The hosts that are there, by name.
    fn hosts(&self) -> BTreeSet<String>;
    /// Nobody can join any more.
    fn assert_no_way_in(&self);

    fn workers(&self) -> BTreeSet<String> {
        let nodes = self.record()["pools"]["workers"]["nodes"].as_object().cloned().unwrap_or_default();
        nodes.keys().cloned().collect()
    }

    /// Nodes by name, and whether they are Ready.
    fn nodes(&self) -> BTreeSet<(String, bool)> {
        let nodes = self.ask("/api/v1/nodes");
        let of = |node: &Value| (node["metadata"]["name"].as_str().expect("a name").to_owned(), is_ready(node));
        nodes["items"].as_array().expect("a list").iter().map(of).collect()
    }

    /// The program that dies where it is told to.
    fn mortal(&self, way: Way, orders: &[(&str, &str)]) -> Said {
        let args = match way {
            Way::Grow => ["scale-up", "--pool", "workers", "--to", "2", "--yes"],
            Way::Shrink => ["scale-down", "--pool", "workers", "--to", "1", "--yes"],
        };
        mortal(self.program(), orders, &args)
    }

    fn prepare(&self, way: Way) {
        let (before, args) = match way {
            Way::Grow => (1, ["scale-down", "--pool", "workers", "--to", "1", "--yes"]),
            Way::Shrink => (2, ["scale-up", "--pool", "workers", "--to", "2", "--yes"]),
        };
        if self.workers().len() != before {
            self.program().run(&args).ends(0);
        }
    }

    /// What is told of an undisturbed run.
    fn listed(&self, way: Way) -> String {
        self.prepare(way);
        let log = self.program().folder.path().join(format!("{way:?}"));
        self.mortal(way, &[("SCALER_MORTAL_LOG", &log.display().to_string())]).ends(0);
        std::fs::read_to_string(&log).expect("a list of points")
    }

    /// True if it died where that was ordered.
    fn play(&self, case: &Case) -> bool {
        self.prepare(case.scenario);
        let said = self.mortal(case.scenario, &case.orders());
        let died = said.code == -1;
        assert!(died || said.code == 0, "{case}: {}", said.stderr);
        nothing_runs(self.program());

        // Another person's place, with nothing but the store's URL and two logins.
        let elsewhere = program(self.program().environment.clone());
        let (url, kubeconfig) = (self.url(), self.program().folder.path().join("kubeconfig").display().to_string());
        let by_the_store = |args: &[&str]| {
            let place = ["--yes", "--cluster", &url, "--kubeconfig", &kubeconfig];
            mortal(&elsewhere, &[LATER], &[args, &place].concat())
        };
        let said = by_the_store(&["resume"]);
        assert!([0, 6].contains(&said.code), "{case}: {}", said.stderr);
        if said.code == 6 {
            by_the_store(&["provision"]).ends(0);
        }
        by_the_store(&["resume"]).ends(0).says("Nothing to resume");
        self.in_order();
        died
    }

    /// Record, machines and Nodes are the same, all are Ready, and nothing is left to do or to join by.
    fn in_order(&self) {
        let workers = self.workers();
        assert!((1..=2).contains(&workers.len()), "{workers:?}");
        let all: BTreeSet<String> = std::iter::once(self.control_plane()).chain(workers).collect();
        wait_for("the hosts to be those of the record", || (self.hosts() == all).then_some(()));
        let ready: BTreeSet<(String, bool)> = all.into_iter().map(|name| (name, true)).collect();
        let nodes = self.nodes();
        assert_eq!(nodes, ready, "the Nodes, and whether they are Ready");
        self.assert_no_way_in();
        self.program().run(&["plan", "--detailed-exitcode"]).ends(0);
    }

    fn control_plane(&self) -> String {
        let nodes = self.record()["controlPlane"]["nodes"].as_object().cloned().unwrap_or_default();
        nodes.keys().next().expect("a control plane").clone()
    }
}

impl Ground for Bare {
    const CHANGES: &'static [&'static str] =
        &["Provisioner::play", "Kubernetes::issue_token", "Kubernetes::revoke_token"];

    fn make() -> Bare {
        let bare = Bare::new();
        bare.write(1);
        bare.run(&["apply", "--yes"]).ends(0);
        bare.run(&["kubeconfig"]).ends(0);
        bare
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn url(&self) -> String {
        format!("file://{}/store", self.program.folder.path().display())
    }

    fn record(&self) -> Value {
        let text = std::fs::read(self.program.folder.path().join("store/cluster.json")).expect("a record");
        serde_json::from_slice(&text).expect("an object")
    }

    fn ask(&self, path: &str) -> Value {
        self.ask(path)
    }

    fn hosts(&self) -> BTreeSet<String> {
        self.hosts.all().iter().map(|host| host.name().to_owned()).collect()
    }

    fn assert_no_way_in(&self) {
        self.assert_no_token();
    }
}

impl Ground for AtBoot {
    const CHANGES: &'static [&'static str] = &["Store::purge", "Kubernetes::issue_token", "Kubernetes::revoke_token"];

    fn make() -> AtBoot {
        let at = AtBoot::new();
        // Numbers are never used twice, and nobody knows how many this needs.
        (1..1000).for_each(|number| at.boots(number));
        at.run(&["apply", "--yes"]).ends(0);
        at.run(&["kubeconfig"]).ends(0);
        at
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn url(&self) -> String {
        self.url()
    }

    fn record(&self) -> Value {
        let key = format!("clusters/{}/cluster.json", self.cluster);
        let text = self.cloud.moto().object(REGION, BUCKET, &key).expect("a record");
        serde_json::from_str(&text).expect("an object")
    }

    fn ask(&self, path: &str) -> Value {
        self.ask(path)
    }

    fn hosts(&self) -> BTreeSet<String> {
        self.cloud.hosts().all().iter().map(|host| host.name().to_owned()).collect()
    }

    fn assert_no_way_in(&self) {
        self.assert_no_way_in();
    }
}

#[test]
#[ignore = "each case takes a minute: `make matrix` goes through them"]
fn over_ssh() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    tell(&matrix::<Bare>("joining over SSH"));
}

#[test]
#[ignore = "each case takes a minute: `make matrix` goes through them"]
fn at_boot() {
    scaler_lab::needs!(Hosts, Ansible, Moto, AwsProvider);
    tell(&matrix::<AtBoot>("joining at boot"));
}

fn matrix<G: Ground>(what: &str) -> String {
    let known = of_the_others();
    let mut ground = G::make();
    let logs = Way::ALL.map(|way| (way, ground.listed(way)));
    for change in G::CHANGES {
        let line = format!("did {change}");
        assert!(logs.iter().any(|(_, log)| log.lines().any(|did| did == line)), "{change} comes nowhere: {logs:?}");
    }
    let mut every = Vec::new();
    for (way, log) in &logs {
        for point in log.lines().filter(|line| is_new(&known, line)) {
            every.extend(Case::both(*way, point));
        }
    }
    let cases: Vec<&Case> = match wanted(SAMPLE) {
        None => every.iter().collect(),
        Some(sample) => Way::ALL.into_iter().flat_map(|way| spread(&every, way, sample)).collect(),
    };
    let (mut reached, mut failed) = (0, Vec::new());
    for (number, case) in cases.iter().enumerate() {
        if cases.len() > TOLD_EACH && number % TOLD_EACH == 0 {
            tell(&format!("{TOLD}{what}: {number} of {} cases begun", cases.len()));
        }
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ground.play(case)));
        match played {
            Ok(died) => reached += usize::from(died),
            Err(_) => {
                tell(&format!("{TOLD}{what}: {case}: failed"));
                failed.push(case.to_string());
                ground = G::make();
            }
        }
    }
    result(what, cases.len(), every.len(), reached, &failed)
}

/// The points that a cluster has whose machines are Nodes by themselves, without their numbers.
fn of_the_others() -> BTreeSet<String> {
    let stage = Stage::new(&World::new);
    let logs = [Scenario::Up, Scenario::Down].map(|scenario| stage.listed(scenario));
    logs.iter().flat_map(|log| log.lines()).map(|line| name_of(line).to_owned()).collect()
}

fn is_new(known: &BTreeSet<String>, line: &str) -> bool {
    // Not those in the middle of Terraform's run: what it makes has other names on another provider.
    let is_point = ["before ", "after "].iter().any(|beginning| line.starts_with(beginning));
    is_point && !known.contains(name_of(line))
}

fn name_of(point: &str) -> &str {
    point.rsplit_once(" #").map_or(point, |(name, _)| name)
}
