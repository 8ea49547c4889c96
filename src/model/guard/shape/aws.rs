//! The modules for AWS.

use super::{Facts, ModuleShape, Repeat, plain};

pub(super) const FACTS: Facts = Facts {
    config_key: "aws",
    full_names: &["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"],
    sources: &["hashicorp/aws"],
    configuration: &[
        "allowed_account_ids",
        "endpoints",
        "profile",
        "region",
        "retry_mode",
        "max_retries",
        "s3_use_path_style",
        "skip_credentials_validation",
        "skip_metadata_api_check",
        "skip_region_validation",
        "skip_requesting_account_id",
    ],
    pool_machine: "aws_instance.node",
    control_plane_machine: "aws_instance.control_plane",
    machine_tags: &["tags", "tags_all", "root_block_device.*.tags", "root_block_device.*.tags_all"],
    adoption: &[],
    other_tags: &["tags", "tags_all"],
    joins: &["aws_iam_instance_profile.join", "aws_iam_role.join", "aws_iam_role_policy.join"],
    join_policy: Some("aws_iam_role_policy.join"),
};

pub(super) fn pool() -> ModuleShape {
    let node = plain(Repeat::ForEach(Some("var.nodes".into())));
    ModuleShape { resources: [("aws_instance.node".to_owned(), node)].into() }
}

pub(super) fn foundation() -> ModuleShape {
    let one = [
        "aws_internet_gateway.main",
        "aws_key_pair.ssh",
        "aws_security_group.control_plane",
        "aws_security_group.node",
        "aws_vpc.main",
    ];
    let each = [
        ("aws_eip.gateway", Some("local.gateway_zones")),
        ("aws_iam_instance_profile.join", Some("local.join_pools")),
        ("aws_iam_role.join", Some("local.join_pools")),
        ("aws_iam_role_policy.join", Some("local.join_pools")),
        ("aws_instance.control_plane", Some("var.control_plane.nodes")),
        ("aws_lb.api", Some("local.balancers")),
        ("aws_lb_listener.api", Some("local.balancers")),
        ("aws_lb_target_group.api", Some("local.balancers")),
        ("aws_lb_target_group_attachment.api", Some("local.balancer_targets")),
        ("aws_nat_gateway.main", Some("local.gateway_zones")),
        ("aws_route.gateway", Some("local.gateway_zones")),
        ("aws_route.node", Some("local.zones")),
        ("aws_route_table.gateway", Some("local.gateway_zones")),
        ("aws_route_table.node", Some("local.zones")),
        ("aws_route_table_association.gateway", Some("local.gateway_zones")),
        ("aws_route_table_association.node", Some("local.zones")),
        ("aws_security_group.api", Some("local.balancers")),
        ("aws_subnet.gateway", Some("local.gateway_zones")),
        ("aws_subnet.node", Some("local.zones")),
        ("aws_vpc_security_group_egress_rule.api", Some("local.balancers")),
        ("aws_vpc_security_group_egress_rule.member", Some("local.members")),
        ("aws_vpc_security_group_ingress_rule.allow", None),
        ("aws_vpc_security_group_ingress_rule.api_admin", Some("local.balancer_admins")),
        ("aws_vpc_security_group_ingress_rule.api_member", None),
        ("aws_vpc_security_group_ingress_rule.control_plane_admin", None),
        ("aws_vpc_security_group_ingress_rule.control_plane_api", Some("local.balancers")),
        ("aws_vpc_security_group_ingress_rule.member", Some("local.member_rules")),
        ("aws_vpc_security_group_ingress_rule.ssh", None),
    ];
    let mut resources: std::collections::BTreeMap<_, _> =
        one.into_iter().map(|address| (address.to_owned(), plain(Repeat::One))).collect();
    resources.extend(each.map(|(address, over)| (address.to_owned(), plain(Repeat::ForEach(over.map(str::to_owned))))));
    ModuleShape { resources }
}
