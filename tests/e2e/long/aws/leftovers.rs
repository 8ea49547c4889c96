//! What of a cluster is in AWS.

use std::collections::BTreeSet;

use super::cluster::{Aws, REGION};

/// Calls that list things, by service. Their answers hold a thing's tags, or a name with the cluster's in it.
const LISTS: [(&str, &str); 12] = [
    ("ec2", "DescribeVpcs"),
    ("ec2", "DescribeSubnets"),
    ("ec2", "DescribeRouteTables"),
    ("ec2", "DescribeInternetGateways"),
    ("ec2", "DescribeNatGateways"),
    ("ec2", "DescribeAddresses"),
    ("ec2", "DescribeSecurityGroups"),
    ("ec2", "DescribeSecurityGroupRules"),
    ("ec2", "DescribeKeyPairs"),
    ("ec2", "DescribeVolumes"),
    ("elasticloadbalancing", "DescribeLoadBalancers"),
    ("elasticloadbalancing", "DescribeTargetGroups"),
];

impl Aws {
    /// The lists that hold something of the cluster.
    pub fn holding(&self) -> BTreeSet<&'static str> {
        let (id, name) = (self.cluster_id(), format!("api-{}-", self.cluster));
        let holds = |(service, action): &&(&str, &str)| {
            let answer = self.moto.call(REGION, service, &[("Action", action)]);
            living(&answer).any(|item| item.contains(&id) || item.contains(&name))
        };
        LISTS.iter().filter(holds).map(|(_, action)| *action).collect()
    }

    /// Every list holds something: what [`Aws::holding`] finds empty later was there.
    #[track_caller]
    pub fn assert_all_there(&self) {
        assert_eq!(self.holding(), LISTS.iter().map(|(_, action)| *action).collect());
    }
}

/// The things of a list, without NAT gateways that are deleted: AWS lists these for an hour.
fn living(answer: &str) -> impl Iterator<Item = &str> {
    answer.split("<natGatewayId>").filter(|item| !item.contains("<state>deleted</state>"))
}
