# A machine of the sandbox is a file in the register, outside Terraform's state, as a cloud's machine is: so one can be
# there that no state knows, and be found. Its file is named by its id, which Terraform makes; no name from outside
# becomes a path.
#
# The two provisioners are the only ones of all modules. Their commands are constant; every value reaches them through
# the environment, as text that nothing interprets.

locals {
  machines = { for name, node in var.control_plane.nodes : name => {
    name           = name
    cluster        = var.cluster.name
    clusterId      = var.cluster.id
    pool           = "" # control planes are in none
    role           = "control-plane"
    zone           = node.zone
    region         = var.cluster.region
    machine        = node.machine
    capacity       = node.capacity
    operation      = node.operation
    image          = node.image
    privateAddress = node.private_address
    tags = merge(var.tags, {
      Name                = name
      "scaler:cluster-id" = var.cluster.id
      "scaler:cluster"    = var.cluster.name
      "scaler:node"       = name
      "scaler:role"       = "control-plane"
      "scaler:operation"  = node.operation
    })
  } }
}

resource "terraform_data" "control_plane" {
  for_each = var.control_plane.nodes

  # What changes in place: tags, and what a cloud would stop the machine for (its type, disk and user-data).
  input = {
    register         = var.register
    machine          = local.machines[each.key]
    disk             = each.value.disk
    user_data_sha256 = sha256(replace(each.value.user_data, "endpoint.scaler.invalid", local.endpoint.host))
  }

  # What a cloud cannot change of a machine that exists. An import knows nothing but the id, so for one that was
  # adopted these would differ for ever, and replace it. Through JSON because only that makes the untyped null which an
  # imported one has; `null` beside an object has the object's type, and would give the machine another id.
  triggers_replace = jsondecode(each.value.adopted ? "null" : jsonencode({
    zone           = each.value.zone
    image          = each.value.image
    capacity       = each.value.capacity
    subnet         = each.value.subnet != null ? each.value.subnet : lookup(local.subnets, each.value.zone, null)
    public_address = each.value.public_address
    key_name       = each.value.key_name != null ? each.value.key_name : local.key_name
  }))

  lifecycle {
    precondition {
      condition     = !startswith(each.value.image, "unresolved:")
      error_message = "Node ${each.key}: the image ${jsonencode(each.value.image)} was rendered offline and has no id yet. Render with access to the cloud, or name an image by its id."
    }

    precondition {
      condition     = each.value.subnet != null || contains(var.network.zones, each.value.zone)
      error_message = "Node ${each.key}: zone ${each.value.zone} is not among the network's zones: ${join(", ", var.network.zones)}."
    }
  }

  # Beside its place first, then moved: a reader never sees half a file.
  provisioner "local-exec" {
    command = "mkdir -p -- \"$SCALER_REGISTER\" && printf '%s\\n' \"$SCALER_MACHINE\" >\"$SCALER_REGISTER/.$SCALER_ID.new\" && mv -f -- \"$SCALER_REGISTER/.$SCALER_ID.new\" \"$SCALER_REGISTER/$SCALER_ID.json\""
    environment = {
      SCALER_REGISTER = self.input.register
      SCALER_ID       = self.id
      SCALER_MACHINE  = jsonencode(merge(self.input.machine, { id = self.id }))
    }
  }

  # A register that is not there is a cloud that does not answer: this fails then, and the machine stays in the state.
  provisioner "local-exec" {
    when    = destroy
    command = ": >\"$SCALER_REGISTER/$SCALER_ID.terminated\""
    environment = {
      SCALER_REGISTER = self.input.register
      SCALER_ID       = self.id
    }
  }
}
