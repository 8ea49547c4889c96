//! Ways into the cluster for machines, and rights.

use std::time::Duration;

use super::Grounds;
use crate::model::bootstrap::BootstrapToken;
use crate::model::kubernetes::{JOINING, RIGHTS};
use crate::model::names::OperationId;

pub async fn all(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let token = BootstrapToken::of_random(std::array::from_fn(|at| at as u8 * 7));
    let operation = OperationId::from_text("op-1");
    // Long after any clock of a cluster under test.
    let expires = "2100-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(1);
    cluster.revoke_token(&token.id).await.unwrap();
    for _ in 0..2 {
        cluster.issue_token(&token, &operation, expires).await.unwrap();
        assert!(grounds.has_token(&token.id).await);
    }
    for _ in 0..2 {
        cluster.revoke_token(&token.id).await.unwrap();
        assert!(!grounds.has_token(&token.id).await);
    }
    for right in RIGHTS.iter().chain(JOINING) {
        assert!(cluster.can_i(right).await.unwrap(), "{right}");
    }
}
