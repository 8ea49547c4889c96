//! What a cluster is and what may happen to it, as plain values and pure functions.

pub mod adoption;
pub mod azure;
pub mod bootstrap;
pub mod census;
pub mod drain;
pub mod failure;
pub mod file;
pub mod guard;
pub mod history;
pub mod journal;
pub mod kubeconfig;
pub mod kubernetes;
pub mod lock;
pub mod machine;
pub mod names;
pub mod plan;
pub mod provider;
pub mod record;
pub mod redact;
pub mod retention;
pub mod state;
pub mod state_lock;
pub mod store_line;
pub mod store_url;
pub mod user_data;
pub mod victims;
