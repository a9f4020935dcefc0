#!/usr/bin/env python3
"""The API against its own description: schemathesis, on the real binary with its simulator.

    tests/api.py SCHEMATHESIS      needs a built `touchstone`

Every operation that `/openapi.json` lists is asked what it allows and what it does not; an answer
that the description does not promise fails, and so does any 5xx it does not promise. Asked by
whoever sits at the machine, by a stranger and by a Pro user; the whole takes five minutes at
most. Everything that is started here is stopped here.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

from page import Server

# The stream answers with a WebSocket, which is no HTTP answer; `tests/stream` holds its promises.
# A socket, a stream without end, and candles, whose `from` and `to` depend on each other and on the present,
# which no description can say.
LEFT_OUT = ["/v1/stream", "/v1/stream/sse", "/v1/markets/{symbol}/candles"]
BUDGET_S = 90

# A change must say which state it is about: without that it is 428, and about a state that is no more 412
# (RFC 6585 and 9110), which the tool does not know.
SETTINGS = """
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404, 406, 415, 422, 428]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 429, "5xx"]
# Whether a text is an address no pattern can say.
[[operations]]
include-name = "POST /v1/channels"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]
# Nor that a follower is either one of the models or one's own.
[[operations]]
include-name = "POST /v1/analytics/what-if"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]
# Nor that a trade's levels lie apart and that a venue lists its pair.
[[operations]]
include-name = "POST /v1/ml/predict"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]
# Nor that a zone has two prices, and that only a correction has trades.
[[operations]]
include-name = "POST /v1/reviews/{id}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]
"""


# What no schema can say of an account: whether a link is alive, a password hard to guess, a text an address.
JUDGED = ["POST /v1/auth/register", "POST /v1/auth/verify", "POST /v1/auth/login", "POST /v1/auth/forgot", "POST /v1/auth/reset",
          "PATCH /v1/account", "POST /v1/account/password", "POST /v1/account/keys", "POST /v1/account/keys/{id}/rotate",
          "POST /v1/billing/webhook", "PATCH /v1/admin/accounts/{id}", "PUT /v1/admin/plans/{id}", "PUT /v1/admin/channels/{id}/owner",
          # No control characters in what owners say.
          "PUT /v1/channels/{id}/words"]
SETTINGS += "".join(f"""
[[operations]]
include-name = "{name}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]
""" for name in JUDGED)

# Accounts alone decide, hashing is quick, and nobody is held up by the limits of his plan.
CLOSED = {
    "TOUCHSTONE__ACCOUNTS__OPEN_ON_THIS_MACHINE": "false", "TOUCHSTONE__ACCOUNTS__ARGON2_MEMORY_KIB": "64",
    "TOUCHSTONE__ACCOUNTS__ARGON2_PASSES": "1", "TOUCHSTONE__PLANS__FREE__REQUESTS_A_MINUTE": "60000",
    "TOUCHSTONE__PLANS__PRO__REQUESTS_A_MINUTE": "60000", "TOUCHSTONE__HTTP__TRUSTED_PROXIES": "127.0.0.1",
}
# Strangers are held to sixty requests a minute for each address, so each question comes from another one.
STRANGERS = """
import itertools
import schemathesis
nth = itertools.count()
@schemathesis.hook
def before_call(context, case, kwargs):
    at = next(nth)
    case.headers["X-Forwarded-For"] = f"198.18.{at // 256 % 256}.{at % 256}"
"""
PASSWORD = "otter kettle marzipan 41"


def main(schemathesis):
    server = Server("50")
    try:
        server.start()
        wait_for_signals(server)
        # Whoever sits at the machine needs no token, so to him none is described.
        described = call(server, "GET", "/openapi.json")
        for item in described["paths"].values():
            for operation in item.values():
                operation["security"] = []
        plain = os.path.join(server.home, "openapi.json")
        with open(plain, "w") as file:
            json.dump(described, file)
        run(schemathesis, server, "whoever sits at the machine", BUDGET_S,
            ["--exclude-checks", "use_after_free,ignored_auth", "--url", server.url], document=plain)
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
    server = Server("50", CLOSED)
    try:
        for email in ["root@example.org", "pro@example.org"]:
            subprocess.run([server.binary, "admin", "create", "--email", email], cwd=server.home, input=PASSWORD + "\n", text=True,
                           env=dict(os.environ, **CLOSED), check=True, stdout=subprocess.DEVNULL)
        server.start()
        root, pro = (log_in(server, email) for email in ["root@example.org", "pro@example.org"])
        me = call(server, "GET", "/v1/account", pro)["id"]
        call(server, "PATCH", f"/v1/admin/accounts/{me}", root, {"role": "user", "granted": "pro"})
        wait_for_signals(server, pro)
        with open(os.path.join(server.home, "strangers.py"), "w") as file:
            file.write(STRANGERS)
        run(schemathesis, server, "strangers", 40, ["--exclude-checks", "use_after_free"], SCHEMATHESIS_HOOKS="strangers")
        # A token lives ten minutes, which is longer than the run; to log out, or to end his own session, would end it.
        # Whoever shows nothing is asked to wait before he is asked who he is, so that is no 401: tests/process/policies.rs
        # holds each address to whom it admits.
        run(schemathesis, server, "a Pro user", 80, ["--exclude-checks", "use_after_free,ignored_auth,missing_required_header", "--exclude-path", "/v1/auth/logout",
                                                     "--exclude-path", "/v1/account/sessions/{id}",
                                                     "--header", f"Authorization: Bearer {pro}"])
        if call(server, "GET", "/v1/account", pro)["allows"]["plan"] != "pro":
            raise SystemExit("FAILED the Pro user is none any more")
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)


def call(server, method, path, token=None, body=None):
    request = urllib.request.Request(server.url + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def log_in(server, email):
    return call(server, "POST", "/v1/auth/login", body={"email": email, "password": PASSWORD})["access_token"]


def wait_for_signals(server, token=None):
    for _ in range(300):
        if len(call(server, "GET", "/v1/signals", token)["signals"]) >= 10:
            return
        time.sleep(0.1)
    raise SystemExit("FAILED the simulator makes no signals")


def run(schemathesis, server, who, budget, more, document=None, **env):
    settings = os.path.join(server.home, "schemathesis.toml")
    with open(settings, "w") as file:
        file.write(SETTINGS)
    said = subprocess.run(
        [schemathesis, "--config-file", settings, "run", document or server.url + "/openapi.json", "--checks", "all",
         # DELETE archives a channel: what was recorded cannot be removed.
         *more, "--seed", "7",
         *(word for path in LEFT_OUT for word in ("--exclude-path", path)), "--max-time", str(budget), "--no-shrink",
         "--max-response-time", "20", "--request-timeout", "30", "--warnings", "off"],
        cwd=server.home, timeout=budget * 2, check=False, env=dict(os.environ, NO_COLOR="1", PYTHONPATH=server.home, **env),
    )
    if said.returncode or server.process.poll() is not None:
        raise SystemExit(f"FAILED the API differs from its description for {who}: see above")
    print(f"ok the API is as it is described for {who}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(os.path.abspath(sys.argv[1]))
