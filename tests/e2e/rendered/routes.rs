//! Where a planned network's traffic goes out.

use std::collections::BTreeSet;

use super::planned::Planned;

const ZONES: [&str; 2] = ["eu-west-1a", "eu-west-1b"];

/// Machines have addresses of their own, and go out by the internet gateway.
#[track_caller]
pub fn assert_public(plan: &Planned) {
    assert_leads_out(plan, "node", "gateway_id", "aws_internet_gateway.main");
    for kind in ["aws_nat_gateway", "aws_eip"] {
        assert!(plan.all(kind).is_empty(), "{kind}");
    }
    assert_eq!(plan.all("aws_route").len(), ZONES.len());
}

/// Machines go out by their zone's NAT gateway, which stands in a subnet that the internet gateway serves.
#[track_caller]
pub fn assert_private(plan: &Planned) {
    assert_leads_out(plan, "node", "nat_gateway_id", "aws_nat_gateway.main");
    assert_leads_out(plan, "gateway", "gateway_id", "aws_internet_gateway.main");
    assert_eq!(plan.all("aws_route").len(), 2 * ZONES.len());
    assert_eq!(plan.all("aws_nat_gateway").len(), ZONES.len());
    assert_of_its_zone(plan, "aws_nat_gateway", "main", "subnet_id", "aws_subnet.gateway");
    assert_of_its_zone(plan, "aws_nat_gateway", "main", "allocation_id", "aws_eip.gateway");
}

/// In each zone, all that leaves the subnets of this name goes to `target`, by this argument of the route and no other.
#[track_caller]
fn assert_leads_out(plan: &Planned, name: &str, argument: &str, target: &str) {
    let arguments = BTreeSet::from(["route_table_id", "destination_cidr_block", argument]);
    let expected: Vec<_> = ZONES.iter().map(|zone| (*zone, arguments.clone())).collect();
    assert_eq!(plan.set("aws_route", name), expected);
    for (address, route) in plan.all("aws_route") {
        assert_eq!(route["destination_cidr_block"], "0.0.0.0/0", "{address}");
    }
    assert!(plan.references("aws_route", name, argument).contains(target), "aws_route.{name}: {argument}");
    let (table, subnet) = (format!("aws_route_table.{name}"), format!("aws_subnet.{name}"));
    assert_of_its_zone(plan, "aws_route", name, "route_table_id", &table);
    assert_of_its_zone(plan, "aws_route_table_association", name, "route_table_id", &table);
    assert_of_its_zone(plan, "aws_route_table_association", name, "subnet_id", &subnet);
    assert_eq!(plan.set("aws_route_table_association", name).len(), ZONES.len());
}

/// The argument is the resource of that name which has the same key.
#[track_caller]
fn assert_of_its_zone(plan: &Planned, kind: &str, name: &str, argument: &str, of: &str) {
    let references = plan.references(kind, name, argument);
    assert!(references.contains(of) && references.contains("each.key"), "{kind}.{name}: {argument}: {references:?}");
}
