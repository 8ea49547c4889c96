//! Results as people read them, and as documents.

mod doctor;
mod done;
mod findings;
mod plan;
mod status;

pub use doctor::doctor;
pub use done::done;
pub use plan::{document as plan_document, text as plan};
pub use status::text as status;
