"""moto's server, with one thing that EC2 does and moto 5.2 does not.

A RunInstances that comes a second time with its client token makes no second machine ("Ensuring idempotency in Amazon
EC2 API requests"). Clients rely on it: they send a request again whose answer was lost.
"""

import sys
import threading

from moto.ec2.models.instances import InstanceBackend
from moto.server import main

# What moto takes for the token of a request that has none.
NONE = "ABCDE"

run_instances = InstanceBackend.run_instances
reservations = {}
turn = threading.Lock()


def run_instances_once(self, *args, **kwargs):
    token = kwargs.get("client_token", NONE)
    if token == NONE:
        return run_instances(self, *args, **kwargs)
    key = (self.account_id, self.region_name, token)
    with turn:
        if key not in reservations:
            reservations[key] = run_instances(self, *args, **kwargs)
        return reservations[key]


InstanceBackend.run_instances = run_instances_once
sys.exit(main())
