//! Where drains are tried out: a cluster in memory, a clock that is moved, and a witness that remembers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::model::drain::samples;
use crate::model::drain::{Cordon, CordonState};
use crate::model::failure::{Failure, Result};
use crate::model::file::DrainSpec;
use crate::model::kubernetes::{Budget, Node, Pod};
use crate::model::lock::Holder;
use crate::model::names::{NodeName, OperationId};
use crate::ops::drain::{Drained, Drainer, Obstacle, Victim, Witness};
use crate::ops::interrupts::{Interrupter, Interrupts, channel};
use crate::ops::lease::{Lease, Standing};
use crate::ops::ports::{BootInstant, Clock, Event, Progress};
use crate::ops::testing::VirtualClock;
use crate::ops::testing::kubernetes::{Controller, Done, Living, MemoryKubernetes, World};

pub const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

pub struct Stage {
    pub clock: Arc<VirtualClock>,
    pub kubernetes: MemoryKubernetes,
    pub interrupter: Interrupter,
    interrupts: Interrupts,
    pub standing: watch::Sender<Standing>,
    lease: Lease,
    pub diary: Diary,
    operation: OperationId,
    pub rules: DrainSpec,
    pub keep_going: bool,
}

/// Witness and progress in one.
#[derive(Default)]
pub struct Diary {
    pub lines: Mutex<Vec<String>>,
    pub events: Mutex<Vec<Event>>,
    /// The line that cannot be written.
    pub refuses: Mutex<Option<String>>,
}

impl Diary {
    fn write(&self, line: String) -> Result<()> {
        if self.refuses.lock().unwrap().as_ref() == Some(&line) {
            return Err(Failure::failed("the journal could not be written"));
        }
        self.lines.lock().unwrap().push(line);
        Ok(())
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

#[async_trait]
impl Witness for Diary {
    async fn cordoning(&self, node: &NodeName, _: &str, was_unschedulable: bool) -> Result<()> {
        self.write(format!("cordoning {node}{}", if was_unschedulable { " again" } else { "" }))
    }

    async fn cordoned(&self, node: &NodeName, _: &str) -> Result<()> {
        self.write(format!("cordoned {node}"))
    }

    async fn draining(&self, node: &NodeName) -> Result<()> {
        self.write(format!("draining {node}"))
    }

    async fn drained(&self, node: &NodeName, uid: &str) -> Result<()> {
        self.write(format!("drained {node} {uid}"))
    }

    async fn blocked(&self, node: &NodeName, reasons: &[String]) -> Result<()> {
        self.write(format!("blocked {node}: {}", reasons.join("; ")))
    }
}

impl Progress for Diary {
    fn tell(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

impl Stage {
    /// Nodes `a`, `b` and `c`, all empty.
    pub fn new() -> Stage {
        let clock = Arc::new(VirtualClock::default());
        let kubernetes = MemoryKubernetes::new(clock.clone());
        for name in ["a", "b", "c"] {
            kubernetes.world().nodes.insert(name.to_owned(), samples::node(name));
        }
        let (standing, held) = watch::channel(Standing::Held { deadline: BootInstant(Duration::MAX) });
        let holder = Holder {
            user: "ada".to_owned(),
            host: "h".to_owned(),
            login: String::new(),
            pid: 1,
            command: "scaler scale-down".to_owned(),
            version: "0".to_owned(),
        };
        let lease = Lease::new(1, holder, held, clock.clone());
        let (interrupter, interrupts) = channel();
        Stage {
            clock,
            kubernetes,
            interrupter,
            interrupts,
            standing,
            lease,
            diary: Diary::default(),
            operation: samples::operation(),
            rules: DrainSpec { timeout: seconds(60), total_timeout: seconds(300), ..samples::rules() },
            keep_going: false,
        }
    }

    pub fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.kubernetes.world()
    }

    pub fn drainer(&self) -> Drainer<'_> {
        Drainer {
            kubernetes: &self.kubernetes,
            clock: self.clock.as_ref(),
            progress: &self.diary,
            lease: &self.lease,
            interrupts: &self.interrupts,
            witness: &self.diary,
            operation: &self.operation,
            rules: &self.rules,
            keep_going: self.keep_going,
        }
    }

    /// Lets time pass until the work is done.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.clock.advance(Duration::from_millis(500)) => {}
            }
        }
    }

    pub async fn cordon(&self, nodes: &[&str]) -> Result<Vec<Obstacle>> {
        self.run(self.drainer().cordon_all(&victims(nodes))).await
    }

    pub async fn drain(&self, nodes: &[&str]) -> Result<Vec<Result<Drained, Obstacle>>> {
        self.run(self.drainer().drain_all(&victims(nodes))).await
    }

    /// Cordons, drains and verifies; every node must come out empty.
    pub async fn empty(&self, nodes: &[&str]) {
        assert_eq!(self.cordon(nodes).await.unwrap(), []);
        let ended = self.drain(nodes).await.unwrap();
        assert!(ended.iter().all(Result::is_ok), "{ended:#?}");
        assert_eq!(self.run(self.drainer().verify_empty(&victims(nodes))).await.unwrap(), []);
    }

    /// The same, with a look at everything all the time.
    pub async fn empty_watching(&self, nodes: &[&str], look: impl Fn(&Stage)) {
        let mut work = std::pin::pin!(self.empty(nodes));
        loop {
            tokio::select! {
                biased;
                () = &mut work => return,
                () = tokio::task::yield_now() => look(self),
            }
        }
    }

    pub fn clock_now(&self) -> Duration {
        self.clock.boot().0
    }

    /// Cordons and drains, and returns why the first node that is not empty is not.
    pub async fn obstacle(&self, nodes: &[&str]) -> Vec<String> {
        assert_eq!(self.cordon(nodes).await.unwrap(), []);
        let ended = self.drain(nodes).await.unwrap();
        ended.into_iter().find_map(Result::err).expect("something is in the way").reasons()
    }

    /// A ReplicaSet with its pods on these nodes, and a budget that spares `spare` of them.
    pub fn deploy(&self, name: &str, nodes: &[&str], spare: Option<&str>) {
        let template = Pod { labels: [("app".to_owned(), name.to_owned())].into(), ..samples::pod(name) };
        let controller = Controller {
            kind: "ReplicaSet".to_owned(),
            name: name.to_owned(),
            replicas: nodes.len(),
            template: template.clone(),
            starts: seconds(2),
            made: 100,
        };
        let mut world = self.world();
        for (at, node) in nodes.iter().enumerate() {
            let pod = Pod {
                name: format!("{name}-{at}"),
                uid: format!("uid-{name}-{at}"),
                owner: Some(controller.owner()),
                ..samples::on(node, template.clone())
            };
            world.pods.push(Living::new(pod));
        }
        world.controllers.push(controller);
        if let Some(spare) = spare {
            world.written_budgets.push(spared(name, spare));
        }
    }

    pub fn place(&self, node: &str, pod: Pod) {
        self.world().pods.push(Living::new(samples::on(node, pod)));
    }

    /// A pod is not Ready until then.
    pub fn sicken(&self, at: usize, until: Duration) {
        let mut world = self.world();
        world.pods[at].ready_at = until;
        world.pods[at].pod.ready = false;
    }

    /// The evictions that were granted, as `pod node`.
    pub fn evicted(&self) -> Vec<String> {
        let log = self.world().log.clone();
        log.into_iter()
            .filter_map(|(_, done)| match done {
                Done::Evicted { pod, node, .. } => Some(format!("{pod} {}", node.unwrap_or_default())),
                _ => None,
            })
            .collect()
    }

    pub fn node(&self, name: &str) -> Node {
        self.world().nodes[name].clone()
    }

    /// Which nodes are unschedulable, and that none carries a mark of ours.
    pub fn cordons_left(&self) -> Vec<String> {
        let nodes = self.world().nodes.clone();
        assert!(nodes.values().all(|node| CordonState::of(node) == CordonState::None), "{nodes:#?}");
        nodes.into_values().filter(|node| node.unschedulable).map(|node| node.name).collect()
    }
}

pub fn victims(nodes: &[&str]) -> Vec<Victim> {
    nodes.iter().map(|node| Victim { node: (*node).to_owned(), uid: format!("uid-{node}") }).collect()
}

pub fn spared(name: &str, spare: &str) -> Budget {
    let mut budget = Budget { min_available: None, max_unavailable: Some(spare.to_owned()), ..samples::budget(name) };
    budget.selector.match_labels = [("app".to_owned(), name.to_owned())].into();
    budget
}

/// Another operation's mark.
pub fn foreign_mark() -> String {
    Cordon { operation: OperationId::from_text("op-0"), was_unschedulable: false }.text()
}
