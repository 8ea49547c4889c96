"""moto's server, with three things that AWS does and moto 5.2 does not.

Of many conditional writes of one object that come at once, one is carried out ("How to prevent object overwrites with
conditional writes", S3). moto looks, and writes afterwards, in a thread a request: two can both find their condition true.
Here requests about objects take turns.

A RunInstances that comes a second time with its client token makes no second machine ("Ensuring idempotency in Amazon
EC2 API requests"). Clients rely on it: they send a request again whose answer was lost.

The answer to GetBucketVersioning is a VersioningConfiguration ("Response Syntax" there); moto calls it something else, and
clients that read it by its name find nothing.
"""

import sys
import threading

from moto.ec2.models.instances import InstanceBackend
from moto.s3.responses import S3Response
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


def get_bucket_versioning(self):
    status = self.backend.get_bucket_versioning(self.bucket_name)
    told = f"<Status>{status}</Status>" if status else ""
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<VersioningConfiguration xmlns="{space}">{told}</VersioningConfiguration>'


S3Response.get_bucket_versioning = get_bucket_versioning

objects = threading.RLock()


def in_turn(respond):
    def responds(self, *args, **kwargs):
        with objects:
            return respond(self, *args, **kwargs)

    return responds


# The request has been read by then: a slow sender keeps nobody waiting.
S3Response._key_response = in_turn(S3Response._key_response)
S3Response._bucket_response = in_turn(S3Response._bucket_response)
sys.exit(main())
