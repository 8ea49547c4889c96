"""A stand-in of Entra ID's token service, as far as clients ask it for tokens of Azure Storage.

It issues tokens of a short life to whoever proves to be the one application that it knows: by the application's secret, by
the assertion that is in a file at the moment (a federated credential; one that was replaced is refused), or by asking from
the machine itself (the instance metadata service). Each token that it gives is noted in a file. What it answers:

- https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
- https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
- https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token

A token is a JWT whose signature is a plain text. Azurite checks issuer, audience and time, and no signature.

    entra_server.py FOLDER          serves, with `host.crt`, `host.key` and `settings.json` in that folder
    entra_server.py FOLDER az ...   answers as `az` does
"""

import base64
import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SERVICE = ("127.0.0.2", 443)
METADATA = ("169.254.169.254", 80)
DEFAULT = "/.default"

folder = Path(sys.argv[1])
settings = json.loads((folder / "settings.json").read_text())


def issue(audience, by, client):
    """Gives a token, and notes who asked for it and how."""
    now = int(time.time())
    tenant = settings["tenant"]
    claims = {
        "aud": audience.removesuffix(DEFAULT).rstrip("/"),
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now - 1,
        "nbf": now - 1,
        "exp": now + settings["lifetime"],
        "appid": settings["client"],
        "tid": tenant,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    with (folder / "issued").open("a") as issued:
        issued.write(json.dumps({"by": by, "client": client}) + "\n")
    return ".".join([*encoded, settings["signature"]]), now + settings["lifetime"]


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def agent(self):
        return self.headers.get("User-Agent", "")

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        field = {name: values[0] for name, values in form.items()}
        if self.path != f"/{settings['tenant']}/oauth2/v2.0/token" or field.get("client_id") != settings["client"]:
            return self.refuse("unauthorized_client", "AADSTS700016: there is no such application in this tenant")
        if "client_assertion" in field:
            by, given, wanted = "assertion", field["client_assertion"], Path(settings["assertion"]).read_text().strip()
        else:
            by, given, wanted = "secret", field.get("client_secret"), settings["secret"]
        if given != wanted:
            return self.refuse("invalid_client", f"AADSTS7000215: the {by} is not valid")
        token, _ = issue(field["scope"].split()[0], by, self.agent())
        life = settings["lifetime"]
        self.answer(200, {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})

    def refuse(self, error, description):
        self.answer(401, {"error": error, "error_description": description, "error_codes": [int(description[6:].split(":")[0])]})

    def do_GET(self):
        url = urlsplit(self.path)
        at = f"https://login.microsoftonline.com/{settings['tenant']}"
        if url.path == f"/{settings['tenant']}/v2.0/.well-known/openid-configuration":
            ends = {"authorization_endpoint": f"{at}/oauth2/v2.0/authorize", "token_endpoint": f"{at}/oauth2/v2.0/token"}
            return self.answer(200, {**ends, "issuer": f"{at}/v2.0"})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        asks = url.path.rstrip("/") == "/metadata/identity/oauth2/token" and self.headers.get("Metadata") == "true"
        if not asks or self.server.server_address != METADATA:
            return self.answer(404, {"error": "not_found"})
        token, ends = issue(query["resource"], "machine", self.agent())
        life = str(settings["lifetime"])
        self.answer(
            200,
            {
                "access_token": token,
                "client_id": settings["client"],
                "expires_in": life,
                "expires_on": str(ends),
                "not_before": str(int(time.time()) - 1),
                "resource": query["resource"],
                "token_type": "Bearer",
            },
        )

    def log_message(self, *_):
        pass


def az(args):
    if args[:2] == ["account", "get-access-token"]:
        named = dict(zip(args, args[1:]))
        token, ends = issue(named.get("--scope") or named["--resource"], "az", "az")
        local = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(ends))
        told = {"accessToken": token, "expiresOn": local, "expires_on": ends, "tokenType": "Bearer"}
        return {**told, "subscription": settings["tenant"], "tenant": settings["tenant"]}
    if args[:2] == ["account", "show"]:
        return {"id": settings["tenant"], "tenantId": settings["tenant"], "environmentName": "AzureCloud", "isDefault": True, "user": {"name": "ada@acme.example", "type": "user"}}
    if args[:1] == ["version"]:
        return {"azure-cli": "2.80.0", "azure-cli-core": "2.80.0", "extensions": {}}
    sys.exit(f"the stand-in of az does not know: {' '.join(args)}")


def serve():
    servers = [ThreadingHTTPServer(address, Asked) for address in (SERVICE, METADATA)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.crt", folder / "host.key")
    servers[0].socket = context.wrap_socket(servers[0].socket, server_side=True)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if sys.argv[2:3] == ["az"]:
    print(json.dumps(az(sys.argv[3:])))
else:
    serve()
