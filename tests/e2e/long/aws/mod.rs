//! A cluster on AWS: Terraform's own provider, moto's EC2 and S3, real Nodes.

mod adopted;
mod agreement;
mod cluster;
mod day;
mod evictions;
mod first;
mod guarded;
mod images;
mod joining;
mod leftovers;
mod network;
mod policies;
mod profile;
mod refusals;
mod secrets;
