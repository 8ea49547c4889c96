# The way to the Kubernetes API: one load balancer inside for the nodes, and one that faces the internet for admins.
#
# Why two. A load balancer that faces the internet sees nodes by their public addresses (their own, or the NAT
# gateways'), and a node's own is not known before it is made: to let it in, every pool would have to change the
# foundation. Inside the VPC a security group can name the nodes' group, which holds for nodes to come. So nodes use the
# inner one (`endpoint.host`), admins the outer one (`endpoint.admin_host`), and both names are in the API server's
# certificate (`endpoint.names`). Admins who come from inside (a VPN, a peered network) can use the inner one too, and
# need no outer one: `endpoint.public = false`.
#
# Clients' addresses are not preserved. So the load balancer's own security group decides who gets in; the machines
# admit the load balancer only; and a control plane reaches itself through it, which it could not otherwise
# (kubernetes/kubeadm #1685; "NAT loopback" in Elastic Load Balancing's guide to troubleshooting).
# During `kubeadm init` there is no healthy target yet: let the first control plane resolve the name to itself.

locals {
  balancers = { for name, balancer in {
    nodes  = { wanted = true, internal = true, subnets = tolist([for subnet in aws_subnet.node : subnet.id]) }
    admins = { wanted = var.control_plane.endpoint.public, internal = false, subnets = local.public_subnets }
  } : name => balancer if balancer.wanted && var.control_plane.endpoint.load_balancer }

  # Load balancers' names are the account's and region's, 32 characters at most, and must not begin with "internal-".
  balancer_names = { for name in keys(local.balancers) : name =>
    "api-${var.cluster.name}-${substr(sha256(var.cluster.id), 0, 5)}-${substr(name, 0, 1)}"
  }

  balancer_admins = { for pair in setproduct(keys(local.balancers), local.admin_cidrs) :
    "${pair[0]}/${pair[1]}" => { balancer = pair[0], cidr = pair[1] }
  }

  balancer_targets = { for pair in setproduct(keys(local.balancers), keys(var.control_plane.nodes)) :
    "${pair[0]}/${pair[1]}" => { balancer = pair[0], node = pair[1] }
  }
}

resource "aws_lb" "api" {
  for_each = local.balancers

  name               = local.balancer_names[each.key]
  load_balancer_type = "network"
  internal           = each.value.internal
  subnets            = each.value.subnets
  security_groups    = [aws_security_group.api[each.key].id]
  # A zone without a control plane must reach those of the others.
  enable_cross_zone_load_balancing = true
  tags                             = merge(local.tags, { Name = local.balancer_names[each.key] })

  depends_on = [aws_internet_gateway.main]
}

resource "aws_lb_target_group" "api" {
  for_each = local.balancers

  name               = local.balancer_names[each.key]
  vpc_id             = aws_vpc.main.id
  target_type        = "instance"
  protocol           = "TCP"
  port               = 6443
  preserve_client_ip = "false"
  tags               = merge(local.tags, { Name = local.balancer_names[each.key] })

  # A TCP check, as kubeadm's guide to high availability has it: it holds with anonymous access switched off too.
  health_check {
    protocol            = "TCP"
    port                = "traffic-port"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "api" {
  for_each = local.balancers

  load_balancer_arn = aws_lb.api[each.key].arn
  protocol          = "TCP"
  port              = 6443
  tags              = merge(local.tags, { Name = local.balancer_names[each.key] })

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api[each.key].arn
  }
}

resource "aws_lb_target_group_attachment" "api" {
  for_each = local.balancer_targets

  target_group_arn = aws_lb_target_group.api[each.value.balancer].arn
  target_id        = aws_instance.control_plane[each.value.node].id
  port             = 6443
}

resource "aws_security_group" "api" {
  for_each = local.balancers

  name        = "scaler-${var.cluster.name}-api-${each.key}"
  description = "The Kubernetes API's load balancer for ${each.key}"
  vpc_id      = aws_vpc.main.id
  tags        = merge(local.tags, { Name = "scaler-${var.cluster.name}-api-${each.key}" })
}

# Nodes by their group, to the inner load balancer only: the outer one never sees it.
resource "aws_vpc_security_group_ingress_rule" "api_member" {
  for_each = { for name, group in local.members : name => group if var.control_plane.endpoint.load_balancer }

  security_group_id            = aws_security_group.api["nodes"].id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 6443
  to_port                      = 6443
  tags                         = merge(local.tags, { Name = "nodes/api/${each.key}" })
}

resource "aws_vpc_security_group_ingress_rule" "api_admin" {
  for_each = local.balancer_admins

  security_group_id = aws_security_group.api[each.value.balancer].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = 6443
  to_port           = 6443
  tags              = merge(local.tags, { Name = "${each.value.balancer}/api/admin" })
}

resource "aws_vpc_security_group_egress_rule" "api" {
  for_each = local.balancers

  security_group_id            = aws_security_group.api[each.key].id
  referenced_security_group_id = aws_security_group.control_plane.id
  ip_protocol                  = "tcp"
  from_port                    = 6443
  to_port                      = 6443
  tags                         = merge(local.tags, { Name = "${each.key}/out" })
}

resource "aws_vpc_security_group_ingress_rule" "control_plane_api" {
  for_each = local.balancers

  security_group_id            = aws_security_group.control_plane.id
  referenced_security_group_id = aws_security_group.api[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 6443
  to_port                      = 6443
  tags                         = merge(local.tags, { Name = "control-plane/api/${each.key}" })
}

# Without load balancers, admins come to the machines themselves, by the name that `dns` gives.
resource "aws_vpc_security_group_ingress_rule" "control_plane_admin" {
  for_each = var.control_plane.endpoint.load_balancer ? toset([]) : local.admin_cidrs

  security_group_id = aws_security_group.control_plane.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 6443
  to_port           = 6443
  tags              = merge(local.tags, { Name = "control-plane/api/admin" })
}
