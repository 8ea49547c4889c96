//! What scaler relies on in Kubernetes when it drains nodes, held to the real
//! API server. Where Kubernetes changes, this says so before a drain does.

#[path = "kubernetes_contract/budgets.rs"]
mod budgets;
#[path = "kubernetes_contract/eviction.rs"]
mod eviction;
#[path = "kubernetes_contract/nodes.rs"]
mod nodes;
#[path = "kubernetes_contract/reading.rs"]
mod reading;
#[path = "kubernetes_contract/scene.rs"]
mod scene;
#[path = "kubernetes_contract/termination.rs"]
mod termination;
