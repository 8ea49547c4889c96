use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::look::{AT_ONCE, Claims};
use super::outcome::{Drained, Obstacle};
use super::{Drainer, interrupted, passing};
use crate::model::drain::{Action, Deadline, Hold, Queue, Victim};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{Eviction, Pod};
use crate::model::names::NodeName;
use crate::ops::ports::Event;

const STEP: &str = "drain";

impl Drainer<'_> {
    /// Sees every pod off that must leave the victims, which are cordoned by now, and waits until each is empty or its
    /// time is over. One end a victim, in the order in which they came. An API server that is away is waited for.
    pub async fn drain_all(&self, victims: &[Victim]) -> Result<Vec<Result<Drained, Obstacle>>> {
        let nodes = match victims {
            [one] => one.node.clone(),
            _ => format!("{} nodes", victims.len()),
        };
        let title = format!("draining {nodes}");
        self.progress.tell(Event::StepStarted { step: STEP.to_owned(), title: title.clone() });
        let ended = self.run(victims).await;
        let why = match &ended {
            Ok(ends) => ends.iter().find_map(|end| end.as_ref().err()).map(ToString::to_string),
            Err(failure) => Some(failure.to_string()),
        };
        self.progress.tell(match why {
            None => Event::StepDone { step: STEP.to_owned(), title: format!("drained {nodes}") },
            Some(why) => Event::StepFailed { step: STEP.to_owned(), title, why },
        });
        ended
    }

    async fn run(&self, victims: &[Victim]) -> Result<Vec<Result<Drained, Obstacle>>> {
        let mut queue = Queue::new(
            victims.to_vec(),
            self.rules.clone(),
            self.operation.clone(),
            self.keep_going,
            self.clock.boot().0,
        );
        let mut run = Run { drainer: self, claims: Claims::new(), begun: BTreeSet::new(), ends: Vec::new() };
        while !queue.finished() {
            self.uninterrupted()?;
            self.lease.check()?;
            run.see(&mut queue).await?;
            let mut evictions = Vec::new();
            let mut until = None;
            for action in queue.next(self.clock.boot().0) {
                match action {
                    Action::Evict { node, pod } => evictions.push((node, pod)),
                    Action::Waiting { node, hold } => self.tell_waiting(&node, &hold),
                    Action::Drained { victim } => run.drained(victim).await?,
                    Action::Blocked { victim, holds, deadline } => run.blocked(victim, holds, deadline).await?,
                    Action::Wait { until: then } => until = Some(then),
                }
            }
            run.evict(&mut queue, evictions).await?;
            if let Some(until) = until {
                self.sleep(until.saturating_sub(self.clock.boot().0)).await?;
            }
        }
        Ok(run.ends)
    }

    fn tell_waiting(&self, node: &str, hold: &Hold) {
        self.progress.tell(match &hold.pod {
            Some(pod) => Event::Waiting { node: NodeName::from_text(node), pod: pod.clone(), on: hold.why.to_string() },
            None => Event::StepNote { step: STEP.to_owned(), note: format!("{node}: {hold}") },
        });
    }
}

struct Run<'a> {
    drainer: &'a Drainer<'a>,
    claims: Claims,
    /// Nodes whose drain the witness knows of.
    begun: BTreeSet<String>,
    ends: Vec<Result<Drained, Obstacle>>,
}

impl Run<'_> {
    /// Takes one look.
    async fn see(&mut self, queue: &mut Queue) -> Result<()> {
        let drainer = self.drainer;
        let watched = queue.watched();
        for one in &watched {
            if self.begun.insert(one.node.clone()) {
                drainer.witness.draining(&NodeName::from_text(one.node.clone())).await?;
            }
        }
        let look = tokio::select! {
            biased;
            look = drainer.look(&watched, &mut self.claims) => look,
            () = drainer.interrupts.first() => return Err(interrupted()),
        };
        match look {
            Ok(look) => queue.observe(look, drainer.clock.boot().0),
            Err(failure) if passing(&failure) => queue.unreachable(failure.to_string()),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Asks for evictions side by side. All are answered before it returns, also when one of them breaks the work off.
    async fn evict(&self, queue: &mut Queue, evictions: Vec<(String, Box<Pod>)>) -> Result<()> {
        let mut answers = stream::iter(evictions)
            .map(|(node, pod)| async move {
                let answer = self.ask(&node, &pod).await;
                (pod, answer)
            })
            .buffer_unordered(AT_ONCE);
        let mut broken = None;
        while let Some((pod, answer)) = answers.next().await {
            match answer {
                Ok(answer) => queue.answered(&pod.uid, &answer, self.drainer.clock.boot().0),
                Err(failure) => broken = broken.or(Some(failure)),
            }
        }
        broken.map_or(Ok(()), Err)
    }

    async fn ask(&self, node: &str, pod: &Pod) -> Result<Eviction> {
        self.drainer.lease.check()?;
        let answer = match self.drainer.kubernetes.evict(pod).await {
            // Whether it was accepted shows in the next look; asking again harms nobody.
            Err(failure) if passing(&failure) => return Ok(Eviction::Later(failure.to_string())),
            answer => {
                answer.map_err(|failure: Failure| failure.context(format!("{} could not be evicted", pod.title())))?
            }
        };
        if answer == Eviction::Accepted {
            self.drainer.progress.tell(Event::Evicted { node: NodeName::from_text(node), pod: pod.title() });
        }
        Ok(answer)
    }

    async fn drained(&mut self, victim: Victim) -> Result<()> {
        let name = NodeName::from_text(victim.node.clone());
        self.drainer.witness.drained(&name, &victim.uid).await?;
        self.drainer.progress.tell(Event::Drained { node: name });
        self.ends.push(Ok(Drained(victim)));
        Ok(())
    }

    async fn blocked(&mut self, victim: Victim, holds: Vec<Hold>, deadline: Option<Deadline>) -> Result<()> {
        let obstacle = Obstacle { victim, holds, deadline };
        self.drainer.witness.blocked(&obstacle.node(), &obstacle.reasons()).await?;
        self.ends.push(Err(obstacle));
        Ok(())
    }
}
