# The machines of one pool, and nothing else: no data source, nothing random, no provisioner.
# `for_each` goes by node name, so that any node can leave without moving another.

locals {
  tags = merge(var.tags, {
    "scaler:cluster-id" = var.cluster.id
    "scaler:cluster"    = var.cluster.name
    "scaler:pool"       = var.pool
    "scaler:role"       = "worker"
  })
}

resource "aws_instance" "node" {
  for_each = var.nodes

  ami               = each.value.image
  instance_type     = each.value.machine
  availability_zone = each.value.zone
  # An empty zone is answered by the precondition below, with a better text than a failing index.
  subnet_id                   = each.value.subnet != null ? each.value.subnet : lookup(var.foundation.subnets, each.value.zone, null)
  associate_public_ip_address = each.value.public_address
  vpc_security_group_ids      = [var.foundation.node_security_group_id]
  key_name                    = each.value.key_name != null ? each.value.key_name : var.foundation.key_name

  # Null on machines that join in another way.
  iam_instance_profile = each.value.instance_profile

  # As it is; the provider encodes it, and keeps only its hash. An empty text would differ from what EC2 returns.
  user_data = each.value.user_data != "" ? each.value.user_data : null
  # Never replace a machine for its user-data. A change in place is harmful too: it stops the machine.
  user_data_replace_on_change = false

  # A shutdown from inside must not terminate the machine. EC2 refuses "stop" for one-time spot requests.
  instance_initiated_shutdown_behavior = each.value.capacity == "spot" ? null : "stop"

  root_block_device {
    volume_type           = each.value.disk.type
    volume_size           = each.value.disk.size_gib
    encrypted             = true
    delete_on_termination = true
    # Not `volume_tags`: that would also claim the volumes which a CSI driver attaches later.
    tags = merge(local.tags, { Name = each.key, "scaler:node" = each.key, "scaler:operation" = each.value.operation })
  }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # One hop: pods behind the node's bridge do not reach the machine's credentials.
    http_put_response_hop_limit = 1
  }

  dynamic "instance_market_options" {
    for_each = each.value.capacity == "spot" ? ["spot"] : []

    content {
      market_type = "spot"

      spot_options {
        # A persistent request would bring back a machine that nobody asked for.
        spot_instance_type             = "one-time"
        instance_interruption_behavior = "terminate"
      }
    }
  }

  tags = merge(local.tags, { Name = each.key, "scaler:node" = each.key, "scaler:operation" = each.value.operation })

  lifecycle {
    # How a machine was made is no reason to change or replace it later, if it reads differently then:
    # - a stopped machine has no public address;
    # - a spot request's record, which need not outlive the request;
    # - an imported one does not know this setting of Terraform's own;
    # - someone may have put it into another security group, to quarantine it.
    ignore_changes = [
      associate_public_ip_address,
      instance_market_options,
      user_data_replace_on_change,
      vpc_security_group_ids,
    ]

    precondition {
      condition     = !startswith(each.value.image, "unresolved:")
      error_message = "Node ${each.key}: the image ${jsonencode(each.value.image)} was rendered offline and has no id yet. Render with access to the cloud, or name an image by its id."
    }

    precondition {
      condition     = each.value.subnet != null || contains(keys(var.foundation.subnets), each.value.zone)
      error_message = "Node ${each.key}: the foundation has no subnet in zone ${each.value.zone}. It has: ${join(", ", keys(var.foundation.subnets))}."
    }
  }
}
