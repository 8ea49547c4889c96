# The shapes are those of the AWS module, so that both take the same values. Names and texts are not checked as a
# cloud's module would: this module must carry any text unharmed.

variable "cluster" {
  description = "The cluster. `id` is random and never changes; everything is found by it."
  type = object({
    name   = string
    id     = string
    region = string
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
  description = "Tags for the network and the machines. The module's own (`Name`, `scaler:…`) win over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "network" {
  description = "The network; in a sandbox only `zones` has an effect."
  type = object({
    cidr        = string
    zones       = list(string)
    private     = optional(bool, false)
    admin_cidrs = optional(list(string), [])
    allow = optional(list(object({
      port     = number
      protocol = optional(string, "tcp")
      from     = string
    })), [])
  })
  nullable = false

  validation {
    condition     = length(var.network.zones) >= 1 && length(distinct(var.network.zones)) == length(var.network.zones)
    error_message = "network.zones must name at least one zone, and each once."
  }
}

variable "ssh_public_key" {
  description = "The public key, in OpenSSH's format. A sandbox only keeps it."
  type        = string
  nullable    = false
}

variable "control_plane" {
  description = "The control planes by node name, with what was fixed when each was made, and where the Kubernetes API listens."
  type = object({
    nodes = map(object({
      zone    = string
      image   = string
      machine = string
      disk = object({
        size_gib = number
        type     = optional(string, "gp3")
      })
      capacity        = optional(string, "on-demand")
      subnet          = optional(string) # default: this stack's subnet of the zone
      public_address  = optional(bool, false)
      key_name        = optional(string) # default: this stack's key
      user_data       = optional(string, "")
      operation       = optional(string, "")
      private_address = optional(string)      # a sandbox gives none by itself: whoever starts the hosts knows theirs
      adopted         = optional(bool, false) # imported into the state, and not made by it
    }))
    endpoint = optional(object({
      dns           = optional(string) # default: 127.0.0.1
      load_balancer = optional(bool, true)
      public        = optional(bool, true)
      port          = optional(number, 6443) # a sandbox's API server may listen anywhere
    }), {})
  })
  nullable = false
}

variable "kubernetes" {
  description = "The pods' addresses. A sandbox only keeps them."
  type = object({
    pod_cidr = string
  })
  nullable = false
}
