//! Results as people read them, and as documents.

mod doctor;
mod done;
mod findings;
mod history;
mod homestead;
mod images;
mod plan;
mod prune;
mod relocate;
mod settled;
mod status;
mod unlock;

pub use doctor::doctor;
pub use done::done;
pub use history::{list as history, one as generation};
pub use homestead::text as homestead;
pub use images::{built as built_images, list as images, prune as prune_images};
pub use plan::{document as plan_document, text as plan};
pub use prune::text as prune;
pub use relocate::text as relocate;
pub use settled::{text as settled, wanted as to_settle};
pub use status::text as status;
pub use unlock::text as unlock;
