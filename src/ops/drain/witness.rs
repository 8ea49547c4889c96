use async_trait::async_trait;

use crate::model::failure::Result;
use crate::model::names::NodeName;

/// Who is told of each step, in the order of the steps; the journal. What a step speaks of is done only after it
/// returned, and an error ends the work before that.
#[async_trait]
pub trait Witness: Send + Sync {
    /// About to mark the node unschedulable. Again, if what was read of the node had changed meanwhile.
    async fn cordoning(&self, node: &NodeName, uid: &str, was_unschedulable: bool) -> Result<()>;

    /// The node carries this operation's cordon; it may have done so before.
    async fn cordoned(&self, node: &NodeName, uid: &str) -> Result<()>;

    /// About to ask the node's pods to leave, if there are any that must.
    async fn draining(&self, node: &NodeName) -> Result<()>;

    /// Found empty by two consistent lists, and cordoned all the time.
    async fn drained(&self, node: &NodeName, uid: &str) -> Result<()>;

    /// The node is not empty, and it ends here.
    async fn blocked(&self, node: &NodeName, reasons: &[String]) -> Result<()>;
}
