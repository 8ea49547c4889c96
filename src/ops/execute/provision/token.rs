//! The bootstrap tokens of an operation.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::bootstrap::BootstrapToken;
use crate::model::failure::Result;
use crate::model::journal::Entry;
use crate::ops::identity;
use crate::ops::lease::Lease;
use crate::ops::ports::{Event, Ports};

use super::super::session::Session;

/// How long a token is valid if nobody ends it: longer than any run of the playbooks, and no longer than an hour.
const VALID: SignedDuration = SignedDuration::from_mins(60);

impl Session<'_> {
    /// A new token, not valid anywhere yet; the journal announces it.
    pub(super) async fn announce_token(&self) -> Result<BootstrapToken> {
        let token = BootstrapToken::of_random(std::array::from_fn(|_| self.ports.clock.random() as u8));
        self.note(Entry::TokenIssuing { token: token.id.clone() }).await?;
        Ok(token)
    }

    /// A new token, made valid in the cluster.
    pub(super) async fn issue_token(&self) -> Result<BootstrapToken> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let token = self.announce_token().await?;
        let expires = self.ports.clock.now() + VALID;
        let issue = async || kubernetes.issue_token(&token, &self.operation, expires).await;
        if let Err(failure) = self.patiently(self.restart(), issue).await {
            self.lease.check()?;
            // Its answer may be what was lost.
            self.revoke_tokens().await?;
            return Err(failure);
        }
        Ok(token)
    }

    /// Ends every token of this operation that may be valid still, those that could not be ended before among them.
    pub(in super::super) async fn revoke_tokens(&self) -> Result<()> {
        let open = {
            let journal = self.journal.lock().await;
            journal.status().map(|status| status.tokens().clone()).unwrap_or_default()
        };
        let Some(known) = &self.record.kube_system_uid else { return Ok(()) };
        for token in revoke(&self.ports, &self.lease, known, &open).await? {
            self.note(Entry::TokenRevoked { token }).await?;
        }
        Ok(())
    }
}

/// Returns those that have ended. One that cannot be ended ends by itself within the hour, and the journal says that it is
/// open. `cluster`: the UID of its namespace kube-system.
pub async fn revoke(ports: &Ports, lease: &Lease, cluster: &str, tokens: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for token in tokens {
        lease.check()?;
        let revoked = async {
            let kubernetes = ports.kubernetes.clone()?;
            // That there is no such token in another cluster ends none.
            identity::same(kubernetes.as_ref(), cluster).await?;
            kubernetes.revoke_token(token).await
        };
        match revoked.await {
            Ok(()) => ended.push(token.clone()),
            Err(failure) => {
                let text = format!("the bootstrap token {token} could not be ended, and does so by itself: {failure}");
                ports.progress.tell(Event::Warning { text });
            }
        }
    }
    Ok(ended)
}
