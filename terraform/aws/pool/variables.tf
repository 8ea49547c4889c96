variable "cluster" {
  description = "The cluster this pool belongs to. `id` is random and never changes; machines are found by it."
  type = object({
    name   = string
    id     = string
    region = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9][-a-z0-9]{1,18}[a-z0-9]$", var.cluster.name))
    error_message = "cluster.name must be a DNS label of 3 to 20 characters."
  }

  validation {
    condition     = length(var.cluster.id) >= 6
    error_message = "cluster.id must have at least 6 characters: it is what tells two clusters of the same name apart."
  }
}

variable "pool" {
  description = "The pool's name."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.pool) > 0
    error_message = "pool must not be empty."
  }
}

variable "foundation" {
  description = "The output `foundation` of the foundation stack, as it is."
  type = object({
    vpc_id                 = string
    subnets                = map(string) # zone => subnet of its nodes
    node_security_group_id = string
    key_name               = string
  })
  nullable = false
}

variable "tags" {
  description = "Tags for everything in this stack. The module's own (`Name`, `scaler:…`) win over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "nodes" {
  description = "The pool's machines by node name. Everything here is fixed when a node is made: to change it, make a new node."
  type = map(object({
    zone    = string
    image   = string # an AMI's id
    machine = string # an instance type
    disk = object({
      size_gib = number
      type     = optional(string, "gp3")
    })
    capacity       = optional(string, "on-demand")
    subnet         = optional(string) # default: the foundation's subnet of the zone
    public_address = optional(bool, false)
    key_name       = optional(string) # default: the foundation's key
    user_data      = optional(string, "")
    operation      = optional(string, "")
    # Of a machine that joins at boot: it may read its join file by it.
    instance_profile = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.nodes) : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))])
    error_message = "A node's name must be a DNS label: lower-case letters, digits and hyphens, at most 63."
  }

  validation {
    condition     = alltrue([for node in values(var.nodes) : contains(["on-demand", "spot"], node.capacity)])
    error_message = "A node's capacity must be \"on-demand\" or \"spot\"."
  }

  validation {
    condition     = alltrue([for node in values(var.nodes) : contains(["gp2", "gp3"], node.disk.type)])
    error_message = "A node's disk.type must be \"gp3\" or \"gp2\"."
  }

  validation {
    condition     = alltrue([for node in values(var.nodes) : node.disk.size_gib >= 1 && floor(node.disk.size_gib) == node.disk.size_gib])
    error_message = "A node's disk.size_gib must be a whole number of GiB."
  }
}
