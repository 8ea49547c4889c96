#!/usr/bin/env python3
"""Makes this machine a node of its cluster, once, at its first boot (README.md beside this says what goes in).

It waits for its join file in the store, and then runs `kubeadm join`. Python 3.6 and its library are enough: cloud-init
has them on every machine.
"""

import datetime
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SETTINGS = "/etc/scaler/join.json"
JOINED = "/etc/kubernetes/kubelet.conf"
PATCHES = "/etc/kubernetes/patches"
# In memory, and gone when kubeadm has ended.
CONFIGURATION = "/run/scaler-join.json"
IMDS = "http://169.254.169.254/latest"
FORMAT = 1
# Seconds. One request; one `kubeadm join`, and its own waits; between two looks, at first and at most.
REQUEST, JOIN, RESET, SOON, LATE = 10, 300, 60, 2, 15

# The machine's own, never by way of a proxy.
own = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text):
    print("scaler: " + text, flush=True)


def imds(path, token):
    request = urllib.request.Request(IMDS + "/meta-data/" + path, headers={"X-aws-ec2-metadata-token": token})
    with own.open(request, timeout=REQUEST) as answer:
        return answer.read().decode()


def imds_token():
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    request = urllib.request.Request(IMDS + "/api/token", method="PUT", headers=headers)
    with own.open(request, timeout=REQUEST) as answer:
        return answer.read().decode()


def signed(url, region, login, now):
    """The headers of a GET of an object, signed (AWS' "Signature Version 4", S3's own rules). `now`: in UTC."""
    parts = urllib.parse.urlsplit(url)
    headers = {
        "host": parts.netloc,
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
    }
    if login.get("Token"):
        headers["x-amz-security-token"] = login["Token"]
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in sorted(headers))
    canonical = "\n".join(["GET", parts.path, parts.query, lines, names, headers["x-amz-content-sha256"]])
    scope = "/".join([now.strftime("%Y%m%d"), region, "s3", "aws4_request"])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    key = ("AWS4" + login["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        login["AccessKeyId"], scope, names, signature,
    )
    return headers


def address_of(settings, machine):
    key = settings["bucket"] + "/" + settings["key"] + machine
    return settings["endpoint"].rstrip("/") + "/" + urllib.parse.quote(key, safe="/-._~")


def look(settings):
    """The join file and what this machine is, or None and why there is none yet."""
    try:
        token = imds_token()
        machine = imds("instance-id", token)
        address = imds("local-ipv4", token)
        role = imds("iam/security-credentials/", token).split()[0]
        login = json.loads(imds("iam/security-credentials/" + role, token))
    except (OSError, ValueError, IndexError) as error:
        return None, "the machine's own service does not tell who it is: %s" % error
    # It says so with status 200, such as of a role that was made a moment ago.
    if not login.get("AccessKeyId") or not login.get("SecretAccessKey"):
        return None, "role %s gives this machine no login: %s" % (role, login.get("Code"))
    url = address_of(settings, machine)
    headers = signed(url, settings["region"], login, datetime.datetime.utcnow())
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=REQUEST) as answer:
            found = json.loads(answer.read().decode())
    except urllib.error.HTTPError as error:
        # Without the right to list, S3 says 403 of what is not there.
        return None, "the store answers %d" % error.code
    except (OSError, ValueError) as error:
        return None, "the store cannot be asked: %s" % error
    if found.get("format") != FORMAT or found.get("node") != settings["node"]:
        return None, "the file in the store is not for this machine, or of another format"
    return (found, machine, address), None


def wait(settings):
    until = time.monotonic() + settings["patienceSeconds"]
    pause, told = SOON, None
    while True:
        found, why = look(settings)
        if found:
            return found
        if time.monotonic() + pause > until:
            raise SystemExit("scaler: gave up waiting: " + why)
        if why != told:
            say("waiting for the join file: " + why)
            told = why
        time.sleep(pause)
        pause = min(pause * 1.5, LATE)


def configuration(settings, found, machine, address):
    """kubeadm's JoinConfiguration, as the playbooks' role `join` writes it."""
    labels = ",".join("%s=%s" % pair for pair in sorted(settings["labels"].items()))
    arguments = [("node-labels", labels), ("provider-id", settings["providerId"] + machine), ("node-ip", address)]
    wait_for = "%ds" % JOIN
    return {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": {
            "token": found["token"],
            "apiServerEndpoint": found["endpoint"],
            "caCertHashes": [found["caCertHash"]],
        }},
        "nodeRegistration": {
            "name": settings["node"],
            "kubeletExtraArgs": [{"name": name, "value": value} for name, value in arguments if value],
            "taints": settings["taints"],
        },
        "patches": {"directory": PATCHES},
        "timeouts": {"discovery": wait_for, "tlsBootstrap": wait_for, "kubeletHealthCheck": wait_for},
    }


def write(path, text, mode):
    if os.path.exists(path):
        os.unlink(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)


def run(command, seconds, secrets=()):
    """Whether it went well. What it says is told, without secrets."""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
        )
        code, text = ended.returncode, ended.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        code, text = None, (late.output or b"").decode(errors="replace") + "\nit took longer than %d s" % seconds
    for secret in secrets:
        text = text.replace(secret, "…")
    for line in text.splitlines():
        say(command[0] + ": " + line)
    return code == 0


def join(settings, found, machine, address):
    os.makedirs(PATCHES, exist_ok=True)
    # JSON is YAML. kubeadm lays it over the configuration that the cluster has for all.
    write(PATCHES + "/kubeletconfiguration+merge.yaml", json.dumps(settings["kubelet"]) + "\n", 0o644)
    token = found["token"]
    command = ["kubeadm", "join", "--config", CONFIGURATION]
    for last in (False, True):
        try:
            write(CONFIGURATION, json.dumps(configuration(settings, found, machine, address)), 0o600)
            if run(command, JOIN, (token, token.split(".")[-1])):
                return say("joined %s as %s" % (found["endpoint"], settings["node"]))
        finally:
            if os.path.exists(CONFIGURATION):
                os.unlink(CONFIGURATION)
        if not last:
            say("the first attempt failed: it is taken back, and tried once more")
            run(["kubeadm", "reset", "--force"], RESET)
    run(["journalctl", "--unit=kubelet", "--lines=20", "--no-pager", "--output=cat"], REQUEST)
    raise SystemExit("scaler: %s did not join %s" % (settings["node"], found["endpoint"]))


def main():
    if os.path.exists(JOINED):
        return say("this machine has joined already")
    with open(SETTINGS) as file:
        settings = json.load(file)
    join(settings, *wait(settings))


if __name__ == "__main__":
    sys.exit(main())
