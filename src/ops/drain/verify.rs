use std::time::Duration;

use super::look::Claims;
use super::outcome::Obstacle;
use super::{Drainer, PATIENCE, passing};
use crate::model::drain::{Hold, Look, SETTLE, Victim, Watched, Why, node_hold, remains};
use crate::model::failure::Result;
use crate::ops::ports::BootInstant;

/// How long to wait before an API server that is away is asked again.
const AGAIN: Duration = Duration::from_secs(2);

impl Drainer<'_> {
    /// Looks twice, [`SETTLE`] apart, and returns each victim that is not empty, or that somebody uncordoned. Changes
    /// nothing. An API server that is away is waited for.
    pub async fn verify_empty(&self, victims: &[Victim]) -> Result<Vec<Obstacle>> {
        let watched: Vec<Watched> =
            victims.iter().map(|victim| Watched { node: victim.node.clone(), volumes: true }).collect();
        let mut claims = Claims::new();
        self.uninterrupted()?;
        let deadline = self.clock.boot().after(PATIENCE);
        let first = self.look_by(deadline, &watched, &mut claims).await?;
        self.sleep(SETTLE).await?;
        let second = self.look_by(deadline, &watched, &mut claims).await?;
        let obstacles = victims.iter().filter_map(|victim| {
            let found = [&first, &second].map(|look| self.found(victim, look));
            let holds = found.into_iter().rev().find(|holds| !holds.is_empty())?;
            Some(Obstacle::new(victim, holds))
        });
        Ok(obstacles.collect())
    }

    async fn look_by(&self, deadline: BootInstant, watched: &[Watched], claims: &mut Claims) -> Result<Look> {
        loop {
            match self.look(watched, claims).await {
                Err(failure) if passing(&failure) && self.clock.boot() < deadline => self.sleep(AGAIN).await?,
                looked => return looked,
            }
        }
    }

    fn found(&self, victim: &Victim, look: &Look) -> Vec<Hold> {
        let Some(seen) = look.nodes.get(&victim.node) else { return vec![Hold::node(Why::NodeGone)] };
        match node_hold(seen.node.as_ref(), &victim.uid, self.operation) {
            Some(why) => vec![Hold::node(why)],
            None => remains(&seen.pods, seen.volumes.as_deref().unwrap_or_default(), self.rules, look.at),
        }
    }
}
