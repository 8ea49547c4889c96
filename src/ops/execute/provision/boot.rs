//! Machines that join by themselves at their first boot: each finds a bootstrap token of its own in its join file.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::SignedDuration;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::join_file::{self, JoinFile};
use crate::model::journal::{Entry, JoinOffer, WayIn};
use crate::model::names::NodeName;
use crate::ops::identity;
use crate::ops::lease::Lease;
use crate::ops::ports::{BootInstant, Condition, Event, Ports, Put};

use super::super::session::Session;
use super::Newcomers;

/// How much longer than the join deadline a token is valid if nobody ends it.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

impl Session<'_> {
    /// Lets these machines join, until [`Session::withdraw`]. Returns those that cannot, and why.
    pub(super) async fn offer(&mut self, nodes: &Newcomers) -> Result<BTreeMap<NodeName, Failure>> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let (until, known) = (self.restart(), self.known_cluster()?);
        self.patiently(until, async || identity::same(kubernetes.as_ref(), known).await).await?;
        let entrance = self.patiently(until, async || kubernetes.entrance().await).await?;
        sweep(&self.ports, &self.lease).await?;
        let mut tokens = BTreeMap::new();
        let mut joins = BTreeMap::new();
        for (node, machine) in nodes {
            let role = self.node(node).and_then(|record| record.join.as_ref());
            let (Some(role), Some(machine)) = (role, machine) else { continue };
            let token = BootstrapToken::of_random(std::array::from_fn(|_| self.ports.clock.random() as u8));
            let file = join_file::key(&role.role_id, machine);
            joins.insert(node.clone(), JoinOffer { token: token.id.clone(), file });
            tokens.insert(node.clone(), token);
        }
        if joins.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.note(Entry::JoinOffering { joins: joins.clone() }).await?;
        let mut failed = BTreeMap::new();
        let until = self.restart();
        for (node, token) in &tokens {
            if let Err(failure) = self.let_in(node, token, &joins[node].file, &entrance, until).await {
                self.lease.check()?;
                let failure = failure.with_kind(Kind::Partial).context(format!("{node} was not let into the cluster"));
                failed.insert(node.clone(), failure);
            }
        }
        self.withdraw(|node| failed.contains_key(node)).await?;
        Ok(failed)
    }

    /// The token first: nobody is to find one that is not valid.
    async fn let_in(
        &self,
        node: &NodeName,
        token: &BootstrapToken,
        file: &str,
        entrance: &Entrance,
        until: BootInstant,
    ) -> Result<()> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let expires = self.ports.clock.now() + self.task.options.join_timeout + MARGIN;
        self.patiently(until, async || kubernetes.issue_token(token, &self.operation, expires).await).await?;
        self.lease.check()?;
        self.write_file(file, JoinFile { node, entrance, token }.text().into()).await?;
        if let Err(lost) = self.lease.check() {
            // It was on its way for long, and whoever has the lock now may have looked before it came. The token is theirs
            // to end; the file is nobody's.
            let _ = self.ports.store.purge(file).await;
            return Err(lost);
        }
        Ok(())
    }

    /// A machine that is to go as one that never joined finds nothing to join by any more. Its token was ended by the
    /// operation that had made it.
    pub(in super::super) async fn close_way_in(&self, node: &NodeName) -> Result<WayIn> {
        if !self.at_boot(node) {
            return Ok(WayIn::NeverIssued);
        }
        sweep(&self.ports, &self.lease).await?;
        Ok(WayIn::TokenDeleted)
    }

    async fn write_file(&self, file: &str, text: Bytes) -> Result<()> {
        for _ in 0..2 {
            if let Put::Written(_) = self.ports.store.put(file, text.clone(), Condition::Absent).await? {
                return Ok(());
            }
            // Our own earlier try, or one of a dead run's that was on its way for long: either may go.
            self.lease.check()?;
            self.ports.store.purge(file).await?;
        }
        Err(Failure::failed(format!("the join file `{file}` is written by somebody else too"))
            .hint("see who else writes to the store"))
    }

    /// Takes back what these may join by. What cannot be taken back is told; the journal then says that it is open.
    pub(in super::super) async fn withdraw(&self, whose: impl Fn(&NodeName) -> bool) -> Result<()> {
        let open = {
            let journal = self.journal.lock().await;
            journal.status().map(|status| status.offers().clone()).unwrap_or_default()
        };
        let open: BTreeMap<NodeName, JoinOffer> = open.into_iter().filter(|(node, _)| whose(node)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let nodes = take_back(&self.ports, &self.lease, &open).await?;
        if nodes.is_empty() {
            return Ok(());
        }
        self.note(Entry::JoinWithdrawn { nodes }).await
    }
}

/// Ends the tokens and removes the files, whether or not they were made. Returns those of which nothing is left.
pub async fn take_back(ports: &Ports, lease: &Lease, open: &BTreeMap<NodeName, JoinOffer>) -> Result<Vec<NodeName>> {
    let mut gone = Vec::new();
    for (node, JoinOffer { token, file }) in open {
        lease.check()?;
        let ended = match &ports.kubernetes {
            Ok(kubernetes) => kubernetes.revoke_token(token).await,
            Err(unreachable) => Err(unreachable.clone()),
        };
        if let Err(failure) = &ended {
            let text = format!("the bootstrap token {token} could not be ended, and does so by itself: {failure}");
            ports.progress.tell(Event::Warning { text });
        }
        lease.check()?;
        if purge(ports, file).await && ended.is_ok() {
            gone.push(node.clone());
        }
    }
    Ok(gone)
}

/// Removes the join files that earlier operations could not: under the lock nobody else has any.
pub async fn sweep(ports: &Ports, lease: &Lease) -> Result<()> {
    let left: BTreeSet<String> = ports.store.list(join_file::FOLDER).await?.into_iter().collect();
    for file in left {
        lease.check()?;
        purge(ports, &file).await;
    }
    Ok(())
}

/// Whether no version of it is left.
async fn purge(ports: &Ports, file: &str) -> bool {
    let Err(failure) = ports.store.purge(file).await else { return true };
    let text = format!(
        "the join file `{file}` in the store {} could not be removed with all its versions: {failure}. Its token ends all \
         the same. The next operation that lets machines join tries again; by hand, for a bucket: aws s3api \
         list-object-versions --bucket BUCKET --prefix PREFIX/{file}, and delete-object for each version",
        ports.store.url()
    );
    ports.progress.tell(Event::Warning { text });
    false
}
