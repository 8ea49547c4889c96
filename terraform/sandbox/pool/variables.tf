# Names and texts are not checked here as a cloud's module would: this module must carry any text unharmed.

variable "cluster" {
  description = "The cluster this pool belongs to."
  type = object({
    name   = string
    id     = string
    region = string
  })
  nullable = false
}

variable "pool" {
  description = "The pool's name."
  type        = string
  nullable    = false
}

variable "foundation" {
  description = "The output `foundation` of the foundation stack, as it is."
  type = object({
    network_id = string
    subnets    = map(string) # zone => subnet of its nodes
    key_name   = string
  })
  nullable = false
}

variable "register" {
  description = "The folder where machines live: `<id>.json` each, and `<id>.terminated` beside those that are gone."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.register, "/")
    error_message = "register must be an absolute path: stacks run in folders of their own, and share it."
  }
}

variable "tags" {
  description = "Tags for the machines. The module's own (`Name`, `scaler:…`) win over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "nodes" {
  description = "The pool's machines by node name. Everything here is fixed when a node is made: to change it, make a new node."
  type = map(object({
    zone    = string
    image   = string
    machine = string
    disk = object({
      size_gib = number
      type     = optional(string, "gp3")
    })
    capacity        = optional(string, "on-demand")
    subnet          = optional(string) # default: the foundation's subnet of the zone
    public_address  = optional(bool, false)
    key_name        = optional(string) # default: the foundation's key
    user_data       = optional(string, "")
    operation       = optional(string, "")
    private_address = optional(string)      # a sandbox gives none by itself: whoever starts the hosts knows theirs
    adopted         = optional(bool, false) # imported into the state, and not made by it
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for node in values(var.nodes) : contains(["on-demand", "spot"], node.capacity)])
    error_message = "A node's capacity must be \"on-demand\" or \"spot\"."
  }
}
