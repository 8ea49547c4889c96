//! One case: a death, and what the next command makes of it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::Command;

use scaler_lab::wait_for;

use super::{Scenario, WorldMaker};
use crate::budget::Counting;
use crate::gates::put;
use crate::world::{Program, Said, World, workload};

pub struct Case<S = Scenario> {
    pub scenario: S,
    pub point: String,
    /// With everything that it started.
    pub tree: bool,
}

impl<S: Copy> Case<S> {
    /// At this point, alone and with all that was started.
    pub fn both(scenario: S, point: &str) -> [Case<S>; 2] {
        [false, true].map(|tree| Case { scenario, point: point.to_owned(), tree })
    }

    /// What the mortal program is told.
    pub fn orders(&self) -> Vec<(&str, &str)> {
        let die = ("SCALER_MORTAL_DIE", self.point.as_str());
        std::iter::once(die).chain(self.tree.then_some(("SCALER_MORTAL_TREE", "1"))).collect()
    }
}

impl<S: fmt::Debug> fmt::Display for Case<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.tree { "the whole tree" } else { "alone" };
        write!(f, "{:?}, {}, {who}", self.scenario, self.point)
    }
}

/// A cluster with pods under a budget, on which one case after the other is played.
pub struct Stage<'a> {
    pub world: World,
    /// Where the pods are: two, of which one at a time may be away.
    pub namespace: String,
    make: WorldMaker<'a>,
    fresh: bool,
    /// A PATH on which a machine is made, and its making fails all the same: what Terraform then would replace.
    breaking: String,
    /// A PATH on which a machine is made, and everything dies before Terraform heard of it: no state has it.
    deadly: String,
}

/// Makes a machine as the sandbox's module asks, and says that it did not.
const BREAK: &str = "#!/bin/sh\nPATH=\"${PATH#*:}\" mv \"$@\"\nexit 1\n";

/// Makes a machine as the sandbox's module asks, and kills all above it, up to the program. Stopped first, so that none
/// of them sees another's end.
const DIE: &str = r#"#!/bin/sh
PATH="${PATH#*:}" mv "$@"
above=''
process=$$
until [ "$(cat /proc/$process/comm)" = mortal ]; do
    process=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$process/status)
    above="$above $process"
done
kill -STOP $above
kill -KILL $above
"#;

/// Longer than anybody waits before taking over.
pub const LATER: (&str, &str) = ("SCALER_MORTAL_LATER", "200");

impl<'a> Stage<'a> {
    pub fn new(make: WorldMaker<'a>) -> Stage<'a> {
        Stage::of(make(), make)
    }

    /// With this world to begin with.
    pub fn of(world: World, make: WorldMaker<'a>) -> Stage<'a> {
        mortal(&world.program, &[("SCALER_MORTAL_LOG", &log_of(&world))], &["apply", "--yes"]).ends(0);
        let namespace = world.k.namespace("matrix");
        world.k.apply(&workload(&namespace, &world.pool, 2, 1));
        world.wait_ready(&namespace, 2);
        let [breaking, deadly] = [("breaking", BREAK), ("deadly", DIE)].map(|(name, script)| {
            let bin = world.folder().join(name);
            std::fs::create_dir(&bin).expect("a folder");
            put(&bin.join("mv"), script);
            format!("{}:{}", bin.display(), world.program.environment["PATH"])
        });
        Stage { world, namespace, make, fresh: true, breaking, deadly }
    }

    /// As the scenario finds it.
    pub fn prepare(&self, scenario: Scenario) {
        let (size, way) = match scenario {
            Scenario::Up | Scenario::Broken | Scenario::Recovery => (1, "scale-down"),
            Scenario::Down | Scenario::Labels | Scenario::Destroy => (2, "scale-up"),
        };
        if self.world.workers().len() != size {
            self.world.run(&[way, "--pool", &self.world.pool, "--to", &size.to_string(), "--yes"]).ends(0);
        }
        if scenario == Scenario::Destroy {
            self.let_all_go();
        }
        if scenario == Scenario::Labels {
            self.relabel();
        }
        if scenario == Scenario::Recovery {
            assert_eq!(self.mortal(&[("PATH", &self.deadly)], Scenario::Up).code, -1, "it died");
            self.nobody_works();
        }
    }

    /// Where everything goes, evicted pods find no other node, and nobody is to wait for that.
    pub fn let_all_go(&self) {
        let budget = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets/web", self.namespace);
        self.world.k.patch(&budget, &serde_json::json!({"spec": {"maxUnavailable": "100%"}}));
    }

    /// The cluster file has another label from now on, that no node has.
    fn relabel(&self) {
        let label = self.world.record()["generation"].to_string();
        let taint = "taints: [{ key: matrix, effect: PreferNoSchedule }]";
        self.world.write(&self.world.file(&format!("min: 1, max: 6, labels: {{ matrix: g{label} }}, {taint}"), ""));
    }

    /// Whatever was cut off, the next `apply` of the file gives each node what that says.
    fn is_labelled(&self) {
        self.world.apply().ends(0);
        let file = std::fs::read_to_string(self.world.path()).expect("the cluster file");
        for node in self.world.workers() {
            let node = self.world.k.get(&format!("/api/v1/nodes/{node}"));
            let label = node["metadata"]["labels"]["matrix"].as_str().expect("a label");
            assert!(file.contains(&format!("labels: {{ matrix: {label} }}")), "{label}: {file}");
            let taints = node["spec"]["taints"].as_array().expect("taints");
            assert_eq!(taints.iter().filter(|taint| taint["key"] == "matrix").count(), 1, "{taints:?}");
        }
    }

    /// Goes through a scenario without a death. What the program told of its points since the stage was made.
    pub fn listed(&self, scenario: Scenario) -> String {
        self.prepare(scenario);
        let log = log_of(&self.world);
        let said = self.mortal(&[("SCALER_MORTAL_LOG", &log)], scenario);
        assert_eq!(said.code, scenario.ends(), "{}", said.stderr);
        std::fs::read_to_string(&log).expect("a list of points")
    }

    /// The node that goes is the older one: that has pods.
    pub fn args(&self, scenario: Scenario) -> Vec<String> {
        let (pool, cluster) = (&self.world.pool, &self.world.cluster);
        let text = match scenario {
            Scenario::Up | Scenario::Broken => format!("scale-up --pool {pool} --to 2 --yes"),
            Scenario::Recovery => "resume --yes".to_owned(),
            Scenario::Labels => "apply --yes".to_owned(),
            Scenario::Down => format!("scale-down --pool {pool} --node {} --yes", self.world.workers()[0]),
            Scenario::Destroy => format!("destroy --yes --name {cluster}"),
        };
        text.split(' ').map(str::to_owned).collect()
    }

    /// The mortal program on a scenario.
    pub fn mortal(&self, orders: &[(&str, &str)], scenario: Scenario) -> Said {
        let args = self.args(scenario);
        let more = match scenario {
            Scenario::Broken => Some(("PATH", self.breaking.as_str())),
            Scenario::Recovery => Some(LATER),
            Scenario::Up | Scenario::Down | Scenario::Labels | Scenario::Destroy => None,
        };
        let orders: Vec<_> = orders.iter().copied().chain(more).collect();
        mortal(&self.world.program, &orders, &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// True if it died where that was ordered. Panics where the cluster does not come to its end.
    pub fn play(&mut self, case: &Case, number: usize) -> bool {
        if !self.fresh {
            *self = Stage::new(self.make);
        }
        self.fresh = case.scenario != Scenario::Destroy;
        self.prepare(case.scenario);
        // Until the very end, whoever works and dies. Where everything goes, nothing is asked for.
        let counting = (case.scenario != Scenario::Destroy).then(|| Counting::pods_of(self.world.k, &self.namespace));
        let said = self.mortal(&case.orders(), case.scenario);
        let died = said.code == -1;
        assert!(died || said.code == case.scenario.ends(), "{case}: {}", said.stderr);
        self.nobody_works();
        let elsewhere = self.elsewhere();
        if number % 3 == 2 {
            // The recovery dies too, wherever its second step in the journal is.
            let die = ("SCALER_MORTAL_DIE", "after journal taken-over #1");
            self.by_the_store(&elsewhere, &[LATER, die], &["resume", "--yes"]);
            self.nobody_works();
        }
        match case.scenario {
            Scenario::Destroy => {
                let args = ["destroy", "--yes", "--name", &self.world.cluster];
                let said = self.by_the_store(&elsewhere, &[LATER], &args);
                if said.code == 5 {
                    // All was done, but for the lock, which is nobody's now.
                    said.says("was destroyed");
                    self.by_the_store(&elsewhere, &[LATER], &["resume", "--yes"]).ends(0).says("Nothing to resume");
                } else {
                    said.ends(0);
                }
                self.destroyed();
            }
            Scenario::Labels => {
                self.by_the_store(&elsewhere, &[LATER], &["resume", "--yes"]).ends(0);
                self.is_labelled();
                self.in_order();
            }
            Scenario::Up | Scenario::Down | Scenario::Broken | Scenario::Recovery => {
                self.is_brought_to_its_end(case, number.is_multiple_of(2));
            }
        }
        if let Some(counting) = counting {
            counting.never_below(1);
        }
        died
    }

    /// A command of somebody who has nothing but the store's URL and a login.
    fn by_the_store(&self, elsewhere: &Program, orders: &[(&str, &str)], args: &[&str]) -> Said {
        mortal(elsewhere, orders, &[args, &["--cluster", &self.world.url()]].concat())
    }

    /// The next command, from another folder and home, settles what was left; with `resumed`, that is a `resume`.
    pub fn is_brought_to_its_end(&self, case: &dyn fmt::Display, resumed: bool) {
        let elsewhere = self.elsewhere();
        if resumed {
            let said = self.by_the_store(&elsewhere, &[LATER], &["resume", "--yes"]);
            assert!([0, 6].contains(&said.code), "{case}: {}", said.stderr);
        }
        self.by_the_store(&elsewhere, &[LATER], &["apply", "--yes"]).ends(0);
        // One that ended before it did anything, or when all was done, left a lock that is nobody's.
        self.by_the_store(&elsewhere, &[LATER], &["resume", "--yes"]).ends(0).says("Nothing to resume");
        self.in_order();
    }

    /// Another person's place, with nothing but the store's URL and a login.
    fn elsewhere(&self) -> Program {
        let mut environment = self.world.program.environment.clone();
        environment.insert("USER".to_owned(), "colleague".to_owned());
        Program::new(environment)
    }

    pub fn nobody_works(&self) {
        wait_for("everything of the dead run to be gone", || self.world.processes().is_empty().then_some(()));
    }

    /// Record, machines and Nodes are the same, and nothing is cordoned, locked or left to do.
    pub fn in_order(&self) {
        let world = &self.world;
        world.lock_is_free();
        world.record_equals_the_world();
        assert_eq!(world.unschedulable(), Vec::<String>::new(), "nodes are cordoned");
        // The record counts (-9 before -10), the API server goes by letters.
        let workers = BTreeSet::from_iter(world.workers());
        assert!((1..=2).contains(&workers.len()), "{workers:?}");
        world.k.wait("the Nodes to be the record's", |_| (BTreeSet::from_iter(world.nodes()) == workers).then_some(()));
        world.run(&["plan", "--detailed-exitcode"]).ends(0);
    }

    fn destroyed(&self) {
        let world = &self.world;
        assert!(world.record()["destroyed"] == true, "{}", world.record());
        world.lock_is_free();
        let running: Vec<_> = world.sandbox.machines().into_iter().filter(crate::world::runs).collect();
        assert!(running.is_empty(), "{running:?}");
    }
}

fn log_of(world: &World) -> String {
    world.folder().join("points").display().to_string()
}

pub fn mortal(program: &Program, orders: &[(&str, &str)], args: &[&str]) -> Said {
    let scaler = Path::new(env!("CARGO_BIN_EXE_scaler"));
    let path = scaler.parent().expect("a folder").join("examples/mortal");
    let mut command: Command = program.command_of(&path, args);
    command.envs(orders.iter().copied());
    Said::of(command.output().expect("the mortal program starts"))
}
