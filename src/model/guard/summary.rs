//! What an allowed plan will do, for the table that a person sees.

use std::collections::BTreeMap;
use std::fmt;

/// What Terraform will do in one stack, all of it allowed. Holds addresses, never values.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Addresses.
    pub creates: Vec<String>,
    /// Addresses.
    pub deletes: Vec<String>,
    /// Address → the top-level attributes that change in place.
    pub updates: BTreeMap<String, Vec<String>>,
    /// Address → what happened to it beside Terraform: `update`, `delete`. For information: what Terraform makes of it is
    /// among the above.
    pub drift: BTreeMap<String, String>,
    /// Outputs whose values change.
    pub outputs: usize,
}

impl Summary {
    /// Nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.creates.is_empty() && self.deletes.is_empty() && self.updates.is_empty() && self.outputs == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (count, verb) in
            [(self.creates.len(), "create"), (self.deletes.len(), "destroy"), (self.updates.len(), "change")]
        {
            if count > 0 {
                parts.push(format!("{verb} {count}"));
            }
        }
        if parts.is_empty() { f.write_str("no change") } else { f.write_str(&parts.join(", ")) }
    }
}
