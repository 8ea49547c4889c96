//! The suite on the cluster in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Course, FIELD, Field, Grounds, Rule};
use crate::model::drain::samples;
use crate::model::kubernetes::{Attachment, Budget, Node, Pod, PodPhase};
use crate::ops::ports::{Clock, Kubernetes};
use crate::ops::testing::VirtualClock;
use crate::ops::testing::kubernetes::{Controller, Living, MemoryKubernetes};

struct InMemory {
    clock: Arc<VirtualClock>,
    cluster: MemoryKubernetes,
}

fn template(field: &Field, name: &str) -> Pod {
    Pod {
        namespace: field.namespace.clone(),
        uid: format!("uid-{}-{name}", field.namespace),
        grace_seconds: 1,
        owner: None,
        ..samples::pod(name)
    }
}

#[async_trait]
impl Grounds for InMemory {
    fn cluster(&self) -> &dyn Kubernetes {
        &self.cluster
    }

    async fn field(&self, name: &str, nodes: usize) -> Field {
        let field =
            Field { namespace: name.to_owned(), nodes: (0..nodes).map(|node| format!("{name}-{node}")).collect() };
        let mut world = self.cluster.world();
        for name in &field.nodes {
            let node = Node {
                provider_id: Some(format!("test:///{name}")),
                labels: [(FIELD.to_owned(), field.namespace.clone())].into(),
                last_heartbeat: Some(self.clock.now()),
                created: Some(self.clock.now()),
                ..samples::node(name)
            };
            world.nodes.insert(name.clone(), node);
        }
        field
    }

    async fn bind(&self, field: &Field, name: &str, course: Course) {
        let mut living = Living::new(samples::on(&field.nodes[0], template(field, name)));
        match course {
            Course::Runs => {}
            Course::Lingers => living.takes = None,
            Course::NeverReady => (living.pod.ready, living.ready_at) = (false, Duration::MAX),
            Course::NeverStarts => {
                (living.pod.ready, living.pod.phase, living.takes) = (false, PodPhase::Pending, None);
            }
            Course::Finishes => living.finishes_at = Some(self.clock.boot().0 + Duration::from_secs(1)),
        }
        self.cluster.world().pods.push(living);
    }

    async fn deploy(&self, field: &Field, kind: &str, name: &str, replicas: usize) {
        let node_selector = [(FIELD.to_owned(), field.namespace.clone())].into();
        self.cluster.world().controllers.push(Controller {
            kind: kind.to_owned(),
            name: name.to_owned(),
            replicas,
            template: Pod { node_selector, ..template(field, name) },
            starts: Duration::from_secs(1),
            made: 0,
        });
    }

    async fn budget(&self, field: &Field, name: &str, rule: Rule) {
        let budget = Budget {
            namespace: field.namespace.clone(),
            min_available: rule.min_available.map(str::to_owned),
            max_unavailable: rule.max_unavailable.map(str::to_owned),
            evicts_unhealthy: rule.always_allow,
            ..samples::budget(name)
        };
        self.cluster.world().written_budgets.push(budget);
    }

    async fn attach(&self, field: &Field, volume: &str) {
        let (name, node) = (format!("attached-{volume}"), field.nodes[0].clone());
        self.cluster.world().attachments.push(Attachment { name, node, volume: Some(volume.to_owned()) });
    }

    async fn end(&self, field: &Field) {
        self.cluster.world().end_namespace(&field.namespace);
    }

    async fn has_token(&self, id: &str) -> bool {
        self.cluster.world().tokens.contains_key(id)
    }

    async fn pass(&self) {
        self.clock.advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn the_cluster_in_memory_is_a_cluster() {
    let clock = Arc::new(VirtualClock::default());
    super::all(&InMemory { cluster: MemoryKubernetes::new(clock.clone()), clock }).await;
}
