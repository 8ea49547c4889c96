//! Results as people read them, and as documents.

mod doctor;
mod done;
mod findings;
mod history;
mod plan;
mod settled;
mod status;

pub use doctor::doctor;
pub use done::done;
pub use history::{list as history, one as generation};
pub use plan::{document as plan_document, text as plan};
pub use settled::{text as settled, wanted as to_settle};
pub use status::text as status;
