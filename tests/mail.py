#!/usr/bin/env python3
"""Mails handed to a mail server that others wrote (aiosmtpd), by the real binary.

    tests/mail.py          all checks; needs aiosmtpd and a built `touchstone`

The server takes mails, puts them off, refuses them, and is away; what arrives is counted.
"""

import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request

from aiosmtpd.controller import Controller

import page
from page import Server, check


class Post:
    """A mail server's mind."""

    def __init__(self):
        self.tried, self.taken, self.put_off = [], [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            self.tried.append((address, "refused"))
            return f"550 <{address}> is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        to = envelope.rcpt_tos[0]
        self.tried.append((to, message["Message-ID"]))
        if to.startswith("later") and to not in self.put_off:
            self.put_off.add(to)
            return "451 try again later"
        self.taken.append((to, message))
        return "250 taken"

    def of(self, to):
        return [message for address, message in self.taken if address == to]


def register(server, address, language="en"):
    body = json.dumps({"email": address, "password": "correct horse battery staple", "language": language}).encode()
    request = urllib.request.Request(server.url + "/v1/auth/register", data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


def until(holds, cap):
    end = time.monotonic() + cap
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def counted(server):
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'^touchstone_mails_total\{([^}]*)\} (\d+)$', text, re.M)
    return {re.search(r'outcome="([a-z_]+)"', labels)[1]: int(count) for labels, count in found}


def log(server):
    with open(os.path.join(server.home, "log"), errors="replace") as file:
        return re.sub(r"\x1b\[[0-9;]*m", "", file.read())


def taken(server, post):
    check("registering is answered before the mail is out", register(server, "anna@example.org") == 202)
    check("a mail is handed in at once", until(lambda: post.of("anna@example.org"), 10))
    message = post.of("anna@example.org")[0]
    plain = message.get_body(("plain",)).get_content()
    link = re.search(r"^(http://\S+)/verify\?token=(\S+?)\r?$", plain, re.M)
    check("with its words as text and as HTML, and the link whole", link and link[2] in message.get_body(("html",)).get_content(), plain)
    check("from whom the configuration says", message["From"] == "Touchstone <post@touchstone.example>", message["From"])
    check("named by the sender's domain", re.fullmatch(r"<[0-9a-f]{32}@touchstone\.example>", message["Message-ID"]), message["Message-ID"])
    check("and no machine answers it", message["Auto-Submitted"] == "auto-generated")
    register(server, "olga@example.org", "ru")
    until(lambda: post.of("olga@example.org"), 10)
    check("in Russian for whoever wants it", post.of("olga@example.org")[0]["Subject"] == "Подтвердите адрес")
    return link[2]


def put_off(server, post):
    register(server, "later@example.org")
    check("what is put off is tried again", until(lambda: post.of("later@example.org"), 40), post.tried)
    names = [name for to, name in post.tried if to == "later@example.org"]
    check("as the same mail", len(names) == 2 and names[0] == names[1], names)
    time.sleep(6)
    check("and arrives once", len(post.of("later@example.org")) == 1)


def refused(server, post):
    register(server, "nobody@example.org")
    check("what is refused for good is given up", until(lambda: counted(server).get("given_up") == 1, 20), counted(server))
    check("after one attempt, and the log does not repeat the address", len([it for it in post.tried if it[0].startswith("nobody")]) == 1 and "nobody@" not in log(server) and "550" in log(server))


def away(server, controller, post):
    controller.stop()
    register(server, "patient@example.org")
    check("a mail server that is away is told in the log", until(lambda: "could not be reached" in log(server), 20))
    server.stop(signal.SIGTERM)
    controller = Controller(post, hostname="127.0.0.1", port=controller.port)
    controller.start()
    server.start()
    check("and a mail that waits outlives a restart", until(lambda: post.of("patient@example.org"), 40), counted(server))
    check("each of them arrived once", sorted(to for to, _ in post.taken) == sorted(set(to for to, _ in post.taken)))
    return controller


def in_the_clear(server, post, port):
    server.stop(signal.SIGTERM)
    os.environ["TOUCHSTONE__MAIL__SMTP_URL"] = f"smtp://127.0.0.1:{port}?tls=required"
    server.start()
    register(server, "secure@example.org")
    until(lambda: counted(server).get("again"), 20)
    check("where TLS is required nothing goes out without it", counted(server).get("again") == 1 and not post.of("secure@example.org"), counted(server))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    post = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    os.environ["TOUCHSTONE__MAIL__SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    os.environ["TOUCHSTONE__MAIL__FROM"] = "Touchstone <post@touchstone.example>"
    server = Server("1")
    try:
        server.start()
        token = taken(server, post)
        put_off(server, post)
        refused(server, post)
        controller = away(server, controller, post)
        in_the_clear(server, post, port)
        check("no mailed token and no address of mail stands in the log", token not in log(server) and "@example.org" not in log(server))
        check("and no file was written", not os.path.exists(os.path.join(server.home, "data", "mail")))
    finally:
        server.stop(signal.SIGTERM)
        controller.stop()
        shutil.rmtree(server.home, ignore_errors=True)
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


if __name__ == "__main__":
    main()
