//! Every call of a port that changes something outside.

/// Names them once, so that none is left out of the list.
macro_rules! changes {
    ($($change:ident = $told:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Change { $($change),* }

        impl Change {
            pub const ALL: &[Change] = &[$(Change::$change),*];

            pub fn told(self) -> &'static str {
                match self { $(Change::$change => $told),* }
            }
        }
    };
}

changes! {
    Put = "Store::put",
    Delete = "Store::delete",
    Purge = "Store::purge",
    BreakStateLock = "Store::break_state_lock",
    Plan = "Terraform::plan",
    Apply = "Terraform::apply",
    Import = "Terraform::import",
    Untaint = "Terraform::untaint",
    PatchNode = "Kubernetes::change_node",
    Label = "Kubernetes::change_labels",
    Evict = "Kubernetes::evict",
    DeleteNode = "Kubernetes::delete_node",
    IssueToken = "Kubernetes::issue_token",
    RevokeToken = "Kubernetes::revoke_token",
    Play = "Provisioner::play",
}

impl Change {
    /// It comes only where machines are logged in to; the matrix' join by themselves.
    pub fn is_of_provisioning(self) -> bool {
        matches!(self, Change::IssueToken | Change::RevokeToken | Change::Purge | Change::Play)
    }
}
