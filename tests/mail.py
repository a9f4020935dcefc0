#!/usr/bin/env python3
"""Mails handed to a mail server that others wrote (aiosmtpd), by the real binary.

    tests/mail.py PAYMENTS      all checks; needs aiosmtpd, openssl, a built `touchstone` and the example
                                `payments` of the simulator, by its path

The server takes mails, puts them off, refuses them, and is away; it asks for a password over STARTTLS and over
TLS from the start, with an authority of its own. What arrives is counted. Somebody buys a plan whose renewal
fails, and is written to.
"""

import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

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


def ask(server, path, body, bearer=None):
    request = urllib.request.Request(server.url + path, data=json.dumps(body).encode(), headers={"content-type": "application/json"})
    if bearer:
        request.add_header("authorization", "Bearer " + bearer)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read()


PASSWORD = "correct horse battery staple"


def register(server, address, language="en"):
    return ask(server, "/v1/auth/register", {"email": address, "password": PASSWORD, "language": language})[0]


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


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def authority(folder, name):
    """An authority of its own, and a server on this machine for which it vouches."""
    at = lambda end: os.path.join(folder, f"{name}-{end}")
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign", "-keyout", at("ca.key"), "-out", at("ca.pem"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=mail", "-keyout", at("key.pem"), "-out", at("csr.pem"))
    with open(at("names"), "w") as names:
        names.write("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", at("csr.pem"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("names"), "-out", at("cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(at("cert.pem"), at("key.pem"))
    return at("ca.pem"), context


SMTP_PASSWORD = "lantern-otter/verbena 7"


def with_a_password(server):
    """A mail server that takes nothing without a password, and no password without TLS."""
    folder = tempfile.mkdtemp(prefix="touchstone-mail-")
    ours, context = authority(folder, "ours")
    others, _ = authority(folder, "others")
    shown = []

    def opens(smtp, session, envelope, mechanism, data):
        shown.append((smtp.transport.get_extra_info("ssl_object") is not None, data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"touchstone", SMTP_PASSWORD.encode()), handled=False)

    def serve(post, port, implicit):
        how = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
        controller = Controller(post, hostname="127.0.0.1", port=port, authenticator=opens, auth_required=True, auth_require_tls=not implicit, **how)
        controller.start()
        return controller

    def at(url, ca):
        os.environ["TOUCHSTONE__MAIL__SMTP_URL"], os.environ["TOUCHSTONE__MAIL__CA_FILE"] = url, ca
        server.stop(signal.SIGTERM)
        server.start()

    password = urllib.parse.quote(SMTP_PASSWORD, safe="")
    try:
        for implicit, name in ((False, "over STARTTLS"), (True, "over TLS from the start")):
            post, port = Post(), free_port()
            controller = serve(post, port, implicit)
            where = f"127.0.0.1:{port}" + ("" if implicit else "?tls=required")
            scheme = "smtps" if implicit else "smtp"
            try:
                del shown[:]
                at(f"{scheme}://touchstone:{password}@{where}", ours)
                to = f"tls{int(implicit)}@example.org"
                register(server, to)
                check(f"a mail goes out {name} with a password", until(lambda: post.of(to), 20), (shown, server.words()))
                check("which the server is shown as it is, and never in the clear", shown and all(it == (True, b"touchstone", SMTP_PASSWORD.encode()) for it in shown), shown)
                # Whoever else says that he is the server is told neither the mail nor the password.
                del shown[:]
                for ca, why in ((others, "for which another authority vouches"), ("", "for which none of the usual ones vouches")):
                    before = log(server).count("could not be reached")
                    at(f"{scheme}://touchstone:{password}@{where}", ca)
                    register(server, f"forged{len(ca)}{int(implicit)}@example.org")
                    told = until(lambda: log(server).count("could not be reached") > before, 20)
                    check(f"nothing goes to a server {why} ({name})", told and not shown and not [to for to, _ in post.taken if to.startswith("forged")], (shown, server.words()))
                before = len(log(server))
                at(f"{scheme}://touchstone:wrong-{password}@{where}", ours)
                register(server, f"late{int(implicit)}@example.org")
                told = until(lambda: "said 535" in log(server)[before:], 30)
                check(f"a password that is refused gives no mail up ({name})", told and not counted(server).get("given_up"), server.words())
                at(f"{scheme}://touchstone:{password}@{where}", ours)
                check("which goes out when it is mended", until(lambda: post.of(f"late{int(implicit)}@example.org"), 40), counted(server))
            finally:
                controller.stop()
        server.stop(signal.SIGTERM)
        os.environ["TOUCHSTONE__MAIL__CA_FILE"] = os.path.join(folder, "ours-key.pem")
        refused = subprocess.run([server.binary], cwd=server.home, capture_output=True, text=True, timeout=60)
        check("a file without certificates is refused at the start", refused.returncode != 0 and "mail.ca_file" in refused.stderr, refused.stderr)
        said = log(server)
        check("the password of the mail server stands in no log", SMTP_PASSWORD not in said and password not in said)
    finally:
        os.environ.pop("TOUCHSTONE__MAIL__CA_FILE", None)
        server.stop(signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)


class Till:
    """The payments room of the simulator alone, in a process of its own."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.key, self.signs = self.process.stdout.readline().split()

    def order(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "ok":
            raise SystemExit(f"the till does not do {words!r}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def unpaid(program):
    """Somebody buys a plan with a card that pays once, and never again."""
    till, post, port = Till(program), Post(), free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    os.environ["TOUCHSTONE__MAIL__SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    server = Server("1", {
        "TOUCHSTONE__SIMULATOR__ENABLED": "false",
        "TOUCHSTONE__PAYMENTS__SECRET_KEY": till.key,
        "TOUCHSTONE__PAYMENTS__WEBHOOK_SECRET": till.signs,
        "TOUCHSTONE__PAYMENTS__BASE_URL": till.url,
    }.items())
    try:
        synced = subprocess.run([server.binary, "stripe", "sync"], cwd=server.home, env=dict(os.environ, **server.env), capture_output=True, text=True)
        check("the plans have prices at the till", synced.returncode == 0, synced.stderr)
        server.start()
        till.order(f"webhooks {server.url}/v1/billing/webhook")
        register(server, "olga@example.org", "ru")
        until(lambda: post.of("olga@example.org"), 10)
        link = re.search(r"token=(\S+)", post.of("olga@example.org")[0].get_body(("plain",)).get_content())
        ask(server, "/v1/auth/verify", {"token": link[1]})
        access = json.loads(ask(server, "/v1/auth/login", {"email": "olga@example.org", "password": PASSWORD})[1])["access_token"]
        page = json.loads(ask(server, "/v1/billing/checkout", {"plan": "premium", "period": "month"}, access)[1])["url"]
        opener = urllib.request.build_opener(Stays)
        form = urllib.parse.urlencode({"action": "pay", "email": "olga@example.org", "number": "4000000000000341"}).encode()
        paid = opener.open(urllib.request.Request(page, data=form), timeout=30)
        check("she buys a plan", paid.status == 303, paid.status)
        subjects = lambda: [it["Subject"] for it in post.of("olga@example.org")]
        about = lambda words: until(lambda: [it for it in subjects() if words in it], 30)
        check("and is written to", about("тариф Premium"), subjects())
        till.order(f"pass {8 * 86_400}")
        check("a renewal that fails is told her by mail, in her language", about("не прошла"), subjects())
        failed = [it for it in post.of("olga@example.org") if "не прошла" in it["Subject"]]
        words = failed[0].get_body(("plain",)).get_content() if failed else ""
        check("which says until when the plan goes on, and where to pay", re.search(r"\d{4}-\d\d-\d\d", words) and "/account/plan" in words, words)
        till.order(f"pass {40 * 86_400}")
        check("and so is the end of what nobody paid", about("закончилась"), subjects())
        time.sleep(6)
        check("each of them once", len(subjects()) == len(set(subjects())) == len(set(it["Message-ID"] for it in post.of("olga@example.org"))), subjects())
        said = log(server)
        check("and neither the till's key nor what it signs with stands in the log", till.key not in said and till.signs not in said and "olga@" not in said)
    finally:
        server.stop(signal.SIGTERM)
        controller.stop()
        till.stop()
        shutil.rmtree(server.home, ignore_errors=True)


class Stays(urllib.request.HTTPErrorProcessor):
    """Follows nobody who leads on."""

    def http_response(self, request, response):
        return response

    https_response = http_response


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    post, port = Post(), free_port()
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
        with_a_password(server)
        unpaid(sys.argv[1])
    finally:
        server.stop(signal.SIGTERM)
        controller.stop()
        shutil.rmtree(server.home, ignore_errors=True)
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


if __name__ == "__main__":
    main()
