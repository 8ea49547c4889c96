"""What a cloud's machine has around its own programs, for a host of the lab: a stand-in for EC2's metadata service, and as
much of cloud-init as a machine's user-data here needs.

    machine.py MOTO ADDRESS

MOTO is where moto answers, ADDRESS the machine's private one, by which moto is asked which instance it is.
"""

import base64
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

MOTO, ADDRESS = sys.argv[1:]
TOKEN = "q9marker-of-the-metadata"
# moto does not look at a signature, and reads region and service from its scope.
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=none"


def ec2(**params):
    body = urllib.parse.urlencode(dict(params, Version="2016-11-15")).encode()
    with urllib.request.urlopen(urllib.request.Request(MOTO, data=body, headers={"Authorization": SIGNED})) as answer:
        return answer.read().decode()


described = ec2(**{"Action": "DescribeInstances", "Filter.1.Name": "private-ip-address", "Filter.1.Value.1": ADDRESS})
INSTANCE = re.search("<instanceId>(.*?)</instanceId>", described).group(1)
profile = re.search("<iamInstanceProfile>.*?<arn>(.*?)</arn>", described, re.DOTALL)
ROLE = profile and profile.group(1).rsplit("/", 1)[1]
user_data = ec2(Action="DescribeInstanceAttribute", Attribute="userData", InstanceId=INSTANCE)
USER_DATA = base64.b64decode(re.search("<userData>.*?<value>(.*?)</value>", user_data, re.DOTALL).group(1))
LOGIN = {"AccessKeyId": "ASIAOFTHEMACHINE", "SecretAccessKey": "q9marker-of-the-machine", "Token": "q9marker-token"}


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        asked = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.say(200 if self.path == "/latest/api/token" and asked else 400, TOKEN.encode())

    def do_GET(self):
        known = {
            "/latest/user-data": USER_DATA,
            "/latest/meta-data/instance-id": INSTANCE.encode(),
            "/latest/meta-data/local-ipv4": ADDRESS.encode(),
        }
        if ROLE:
            known["/latest/meta-data/iam/security-credentials/"] = ROLE.encode()
            known["/latest/meta-data/iam/security-credentials/" + ROLE] = json.dumps(LOGIN).encode()
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.say(401, b"")
        else:
            self.say(200 if self.path in known else 404, known.get(self.path, b""))

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


subprocess.run(["ip", "address", "add", "169.254.169.254/32", "dev", "lo"], check=True)
server = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Metadata)
threading.Thread(target=server.serve_forever, daemon=True).start()

config = json.loads(USER_DATA.decode().split("\n", 1)[1])
for file in config["write_files"]:
    os.makedirs(os.path.dirname(file["path"]), exist_ok=True)
    with open(file["path"], "w") as out:
        out.write(file["content"])
    os.chmod(file["path"], int(file["permissions"], 8))
with open("/var/log/cloud-init-output.log", "a") as log:
    for command in config.get("runcmd", []):
        subprocess.run(command, stdout=log, stderr=log)
threading.Event().wait()
