# The control planes. Not `prevent_destroy`: taking a cluster down must need no edit. What may be destroyed is decided
# over the plan.

locals {
  machine_tags = { for name, node in var.control_plane.nodes : name => merge(local.tags, {
    Name               = name
    "scaler:node"      = name
    "scaler:role"      = "control-plane"
    "scaler:operation" = node.operation
  }) }
}

resource "aws_instance" "control_plane" {
  for_each = var.control_plane.nodes

  ami                         = each.value.image
  instance_type               = each.value.machine
  availability_zone           = each.value.zone
  subnet_id                   = each.value.subnet != null ? each.value.subnet : try(aws_subnet.node[each.value.zone].id, null)
  associate_public_ip_address = each.value.public_address
  vpc_security_group_ids      = [aws_security_group.control_plane.id]
  key_name                    = each.value.key_name != null ? each.value.key_name : aws_key_pair.ssh.key_name

  # As it is; the provider encodes it, and keeps only its hash. An empty text would differ from what EC2 returns.
  # The endpoint's name is known only once its load balancer is made; this reserved name stands for it until then.
  user_data = each.value.user_data != "" ? replace(each.value.user_data, "endpoint.scaler.invalid", local.endpoint.host) : null
  # Never replace a machine for its user-data. A change in place is harmful too: it stops the machine.
  user_data_replace_on_change = false

  # A shutdown from inside must not terminate the machine.
  instance_initiated_shutdown_behavior = "stop"

  root_block_device {
    volume_type           = each.value.disk.type
    volume_size           = each.value.disk.size_gib
    encrypted             = true
    delete_on_termination = true
    # Not `volume_tags`: that would also claim the volumes which a CSI driver attaches later.
    tags = local.machine_tags[each.key]
  }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # One hop: pods behind the node's bridge do not reach the machine's credentials.
    http_put_response_hop_limit = 1
  }

  tags = local.machine_tags[each.key]

  lifecycle {
    # How a machine was made is no reason to change or replace it later, if it reads differently then:
    # - a stopped machine has no public address;
    # - an imported one does not know this setting of Terraform's own;
    # - someone may have put it into another security group, to quarantine it.
    ignore_changes = [
      associate_public_ip_address,
      user_data_replace_on_change,
      vpc_security_group_ids,
    ]

    precondition {
      condition     = !startswith(each.value.image, "unresolved:")
      error_message = "Node ${each.key}: the image ${jsonencode(each.value.image)} was rendered offline and has no id yet. Render with access to the cloud, or name an image by its id."
    }

    precondition {
      condition     = each.value.subnet != null || contains(var.network.zones, each.value.zone)
      error_message = "Node ${each.key}: zone ${each.value.zone} is not among the network's zones: ${join(", ", var.network.zones)}."
    }
  }

  # The first boot needs the way out, and what admits its traffic.
  depends_on = [
    aws_route.node,
    aws_route_table_association.node,
    aws_vpc_security_group_egress_rule.member,
  ]
}
