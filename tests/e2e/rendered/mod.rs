//! What `scaler render` writes for AWS, as Terraform itself sees it.

mod folder;
mod foundation;
mod planned;
mod stacks;
