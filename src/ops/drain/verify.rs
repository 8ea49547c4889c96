use super::Drainer;
use super::look::Claims;
use super::outcome::Obstacle;
use crate::model::drain::{Hold, Look, SETTLE, Victim, Watched, Why, node_hold, remains};
use crate::model::failure::Result;

impl Drainer<'_> {
    /// Looks twice, [`SETTLE`] apart, and returns each victim that is not empty, or that somebody uncordoned. Changes
    /// nothing.
    pub async fn verify_empty(&self, victims: &[Victim]) -> Result<Vec<Obstacle>> {
        let watched: Vec<Watched> =
            victims.iter().map(|victim| Watched { node: victim.node.clone(), volumes: true }).collect();
        let mut claims = Claims::new();
        self.uninterrupted()?;
        let first = self.look(&watched, &mut claims).await?;
        self.sleep(SETTLE).await?;
        let second = self.look(&watched, &mut claims).await?;
        let obstacles = victims.iter().filter_map(|victim| {
            let found = [&first, &second].map(|look| self.found(victim, look));
            let holds = found.into_iter().rev().find(|holds| !holds.is_empty())?;
            Some(Obstacle::new(victim, holds))
        });
        Ok(obstacles.collect())
    }

    fn found(&self, victim: &Victim, look: &Look) -> Vec<Hold> {
        let Some(seen) = look.nodes.get(&victim.node) else { return vec![Hold::node(Why::NodeGone)] };
        match node_hold(seen.node.as_ref(), &victim.uid, self.operation) {
            Some(why) => vec![Hold::node(why)],
            None => remains(&seen.pods, seen.volumes.as_deref().unwrap_or_default(), self.rules, look.at),
        }
    }
}
