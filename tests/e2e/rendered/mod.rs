//! What `scaler render` writes, as Terraform itself sees it.

mod folder;
mod foundation;
mod planned;
mod routes;
mod stacks;
