#!/usr/bin/env python3
"""The overlays and the compose files, lived through: the real binary, started as they say.

    tests/pod.py TOOLS      needs to be root in a network namespace of its own, where 10.244.0.7 is an address of its,
                            beside `scripts/services` at port 5432: `scripts/test pod` does so

A container is made with bubblewrap out of what the Dockerfile puts into the image, with the pod's arguments, environment,
user, volumes, read-only root and no capabilities, as the first process of its namespace. The migration comes first, then
the node; what the kubelet does is done to it: probes at the pod's address, the sleep before its end, SIGTERM. The
production overlay is lived through with all that happens to a node, the others from their start to their end.
"""

import base64
import glob
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import manifests
import page
from page import ROOT, check

POD = "10.244.0.7"

# The Secret `touchstone-channels`: the key of a channel that stands in the configuration.
CHANNELS = {"TOUCHSTONE__CHANNELS__DESK-1__KEY": "0123456789-abcdefghij"}


def environment(container, things, secrets, channels=None):
    """What the kubelet would set, in its order, with `$(NAME)` put in: `secrets` is the Secret `touchstone`, `channels`
    that of the channels, where there is one."""
    maps = {it["metadata"]["name"]: it["data"] for it in things if it["kind"] == "ConfigMap"}
    known = {}
    for it in container.get("envFrom", []):
        ref = it["secretRef"]
        if ref["name"] != "touchstone-channels" or channels is None and not ref.get("optional"):
            raise SystemExit(f"the pod would not start: no Secret {ref['name']}")
        known |= channels or {}
    for it in container.get("env", []):
        if "value" in it:
            value = re.sub(r"\$\(([A-Z_]+)\)", lambda found: known.get(found[1], found[0]), it["value"])
        elif "configMapKeyRef" in it["valueFrom"]:
            ref = it["valueFrom"]["configMapKeyRef"]
            value = maps[ref["name"]][ref["key"]]
        else:
            ref = it["valueFrom"]["secretKeyRef"]
            if ref["key"] not in secrets:
                if ref.get("optional"):
                    continue
                raise SystemExit(f"the pod would not start: no {ref['key']} in the Secret {ref['name']}")
            value = secrets[ref["key"]]
        known[it["name"]] = value
    return known


class Image:
    """The image's root, laid out as the Dockerfile does it, with what a runtime puts in the way of names."""

    def __init__(self, binary):
        self.root = tempfile.mkdtemp(prefix="touchstone-image-")
        os.chmod(self.root, 0o755)
        subprocess.run([os.path.join(ROOT, "scripts/image-root"), binary, self.root], check=True)
        for place in ("data", "proc", "dev"):
            os.mkdir(os.path.join(self.root, place))
        self.knows([])
        last = dict(manifests.dockerfile())
        self.entry, self.work = json.loads(last["ENTRYPOINT"]), last["WORKDIR"]
        self.user, self.group = (int(it) for it in last["USER"].split(":"))

    def knows(self, names):
        """Services that it finds by their names; all of them are on this machine."""
        with open(os.path.join(self.root, "etc/hosts"), "w") as file:
            file.write(f"127.0.0.1 localhost {' '.join(names)}\n")


class Container:
    """A pod's only container, while it runs."""

    def __init__(self, image, template, things, secrets, channels=None):
        self.spec, self.image = template["spec"], image
        self.container = self.spec["containers"][0]
        self.env = environment(self.container, things, secrets, channels)
        self.things, self.secrets = things, secrets
        self.home = tempfile.mkdtemp(prefix="touchstone-pod-")
        os.chmod(self.home, 0o755)
        self.words, self.process = [], None
        security = self.spec["securityContext"]
        self.user, self.group = security["runAsUser"], security["runAsGroup"]
        volumes = {it["name"]: it for it in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            there = os.path.join(self.home, mount["name"])
            if not os.path.isdir(there):
                os.mkdir(there)
                volume = volumes[mount["name"]]
                if "configMap" in volume:
                    kept = manifests.named(things, "ConfigMap", volume["configMap"]["name"])["data"]
                    for name, text in kept.items():
                        with open(os.path.join(there, name), "w") as file:
                            file.write(text)
                else:  # emptyDir and claims belong to the group of the pod
                    os.chown(there, 0, security["fsGroup"])
                    os.chmod(there, 0o2775)
            os.makedirs(image.root + mount["mountPath"], exist_ok=True)
            self.words += ["--ro-bind" if mount.get("readOnly") else "--bind", there, mount["mountPath"]]

    def command(self, args):
        held = self.container["securityContext"]
        if not (held["readOnlyRootFilesystem"] and held["capabilities"] == {"drop": ["ALL"]} and self.spec["securityContext"]["runAsNonRoot"]):
            raise SystemExit("the pod may more than this test lets it")
        env = [word for key, value in self.env.items() for word in ("--setenv", key, value)]
        return [
            "setpriv", f"--reuid={self.user}", f"--regid={self.group}", f"--groups={self.spec['securityContext']['fsGroup']}", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
            "bwrap", "--ro-bind", self.image.root, "/", "--proc", "/proc", "--dev", "/dev", *self.words,
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent", "--cap-drop", "ALL", "--clearenv", *env, "--chdir", self.image.work,
            *self.image.entry, *args,
        ]

    def run(self, args=None, text=None):
        """To its end."""
        return subprocess.run(self.command(args or self.container["args"]), input=text, capture_output=True, text=True, timeout=300)

    def start(self):
        self.log = open(os.path.join(self.home, "log"), "w+")
        reads, writes = os.pipe()
        command = self.command(self.container["args"])
        at = command.index("bwrap") + 1
        self.begun = time.monotonic()
        self.process = subprocess.Popen([*command[:at], "--info-fd", str(writes), *command[at:]], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, pass_fds=[writes])
        os.close(writes)
        with os.fdopen(reads) as info:
            told = info.read()
        if not told:
            raise SystemExit(f"bubblewrap makes no container: {self.said()}")
        self.pid = json.loads(told)["child-pid"]

    def said(self):
        """What it said on both streams: a cluster tells them not apart."""
        with open(os.path.join(self.home, "log")) as log:
            return log.read().splitlines()

    def probe(self, kind):
        """The kubelet's question, at the pod's address: the status, or why there is none."""
        asked = self.container[kind]
        port = next(it["containerPort"] for it in self.container["ports"] if it["name"] == asked["httpGet"]["port"])
        return get(f"http://{POD}:{port}{asked['httpGet']['path']}", {"User-Agent": "kube-probe/1.37"}, asked.get("timeoutSeconds", 1))[0]

    def probe_until(self, kind, good, cap):
        end = time.monotonic() + cap
        while time.monotonic() < end and self.process.poll() is None:
            status = self.probe(kind)
            if (status == 200) == good:
                return True
            time.sleep(0.02)
        return False

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def get(url, headers, timeout=5):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return str(error), ""


def post(url, headers, body):
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def database():
    """A database as docs/OPERATIONS.md has it made: its owner is no superuser."""
    server = os.environ["TOUCHSTONE_TEST_POSTGRES"]
    for words in ("CREATE ROLE pod LOGIN PASSWORD 'pod'", "CREATE DATABASE pod OWNER pod"):
        subprocess.run(["psql", "--quiet", server, "-c", words], check=True)
    port = re.search(r":(\d+)/", server)[1]
    return f"postgres://pod:pod@127.0.0.1:{port}/pod"


def configured(things):
    """The configuration of the overlay, with a channel whose key is elsewhere, and a collector of traces."""
    data = next(it["data"] for it in things if it["kind"] == "ConfigMap" and "config.toml" in it["data"])
    head = "[monitoring]\n"
    if data["config.toml"].count(head) != 1:
        raise SystemExit("the production overlay says nothing of the monitoring")
    data["config.toml"] = data["config.toml"].replace(head, f'{head}traces_url = "http://{POD}:4318"\n') + '[channels.desk-1]\nsource = "webhook"\n'


class Listener(threading.Thread):
    """Somebody who follows the stream until it ends: with a token through the ingress, else on this machine."""

    def __init__(self, host, token):
        super().__init__(daemon=True)
        self.socket = socket.create_connection((POD if token else "127.0.0.1", 8080), timeout=60)
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        ask = f"GET /v1/stream/sse?channels=* HTTP/1.1\r\nHost: {host}\r\n{bearer}\r\n"
        self.socket.sendall(ask.encode())
        self.heard = b""
        self.ended = None

    def run(self):
        while chunk := self.socket.recv(65536):
            self.heard += chunk
        self.ended = time.monotonic()


def until(holds, cap):
    end = time.monotonic() + cap
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def migration(image, things, secrets, channels=None):
    job = Container(image, manifests.named(things, "Job", "touchstone-migrate")["spec"]["template"], things, secrets, channels)
    done = job.run()
    check("the migration's Job brings an empty database up to date", done.returncode == 0 and "applied" in done.stdout and done.stdout.endswith("is up to date\n"), done.stdout[-300:] + done.stderr)
    done = job.run()
    check("and does nothing the second time", done.returncode == 0 and "applied" not in done.stdout, done.stdout + done.stderr)
    job.end()


def speaks_json(what, said, word):
    """Each line is one object, and one of them has the word."""
    plain = [line for line in said if not is_object(line)]
    check(what, not plain and any(word in line for line in said), plain[:3] or said[:3])


def is_object(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def refuses(image, things, secrets):
    """A node that cannot start: whoever reads the logs of the cluster finds why."""
    broken = Container(image, manifests.named(things, "Deployment")["spec"]["template"], things, secrets, CHANNELS)
    broken.env["TOUCHSTONE__HTTP__LISTEN"] = "nowhere"
    done = broken.run()
    said = (done.stdout + done.stderr).splitlines()
    check("a node that cannot start ends with 1", done.returncode == 1 and len(said) == 1, (done.returncode, said))
    speaks_json("and says why in one line of JSON", said, "http.listen")
    broken.end()


def starts(node):
    probe = node.container["startupProbe"]
    node.start()
    begins = node.probe_until("startupProbe", True, probe["periodSeconds"] * probe["failureThreshold"])
    check("the startup probe succeeds", begins, node.said()[-3:])
    ready = node.probe_until("readinessProbe", True, 30)
    took = (time.monotonic() - node.begun) * 1000
    check(f"the readiness probe, too, {took:.0f} ms after the start", ready, node.said()[-3:])
    check("and the liveness probe", node.probe("livenessProbe") == 200)


def speaks(node):
    until(lambda: any('"http.address"' in line for line in node.said()), 10)
    speaks_json("it says where it is in JSON, and nothing else", node.said(), '"http.address"')


def confined(node):
    with open(f"/proc/{node.pid}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    ids = {int(it) for it in (status["Uid"] + "\t" + status["Gid"]).split()}
    check("it is who the manifest says", ids == {node.user}, ids)
    check("it has no capability and gains none", int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1", status)
    with open(f"/proc/{node.pid}/mounts") as file:
        mounts = {line.split()[1]: line.split()[3].split(",")[0] for line in file}
    check("its root cannot be written", mounts["/"] == "ro" and mounts.get("/etc/touchstone", "ro") == "ro" and mounts["/data"] == "rw", mounts)
    owned = sorted(glob.glob(node.home + "/data/**", recursive=True))
    check("nothing was written that would be lost: no secret, no database", not [it for it in owned if it.endswith((".key", ".db"))], owned)


def doors(node, host):
    public = {"Host": host}
    check("the ingress reaches it by the site's name", get(f"http://{POD}:8080/healthz", public)[0] == 200)
    check("and nobody by another: a probe that names the pod's address is refused there", get(f"http://{POD}:8080/healthz", {})[0] == 403)
    status, metrics = get(f"http://{POD}:9464/metrics", {})
    check("Prometheus scrapes the pod without an account", status == 200 and "touchstone_" in metrics, status)
    check("but not through the ingress", get(f"http://{POD}:8080/metrics", public)[0] in (401, 403, 404))
    check("and nothing else is told at that door", get(f"http://{POD}:9464/v1/signals", {})[0] == 404)


def enters(node, host):
    """The first admin, made beside the running node as with `kubectl exec`."""
    password = "correct horse battery staple"
    done = node.run(["admin", "create", "--email", "anna@example.org"], password + "\n")
    check("the first admin is made in the pod", done.returncode == 0, done.stderr)
    said = post(f"http://{POD}:8080/v1/auth/login", {"Host": host}, {"email": "anna@example.org", "password": password})
    return said["access_token"]


def commands(node, host, token):
    """What operators run by `kubectl exec`, without a word of the configuration."""
    done = node.run(["check"])
    check("a command in the pod knows the pod's world", done.returncode == 0 and "simulator" not in done.stdout and "venue     binance" in done.stdout, done.stdout + done.stderr)
    done = node.run(["verify"])
    made = schemas(node.secrets["store-url"])
    check("`verify` in the pod reads the record of the node, and makes no other", done.returncode == 0 and made == {"public"}, (done.stdout + done.stderr, made))
    bare = Container(node.image, {"spec": node.spec}, node.things, node.secrets)
    del bare.env["TOUCHSTONE_CONFIG"]
    done = bare.run(["check"])
    check("without the environment's word it would be another world", "simulator" in done.stdout, done.stdout)
    bare.end()

    def kids():
        return {key["kid"] for key in json.loads(get(f"http://{POD}:8080/.well-known/jwks.json", {"Host": host})[1])["keys"]}

    def believed():
        return get(f"http://{POD}:8080/v1/account", {"Host": host, "Authorization": f"Bearer {token}"})[0]

    former = kids()
    done = node.run(["keys", "rotate"])
    check("`keys rotate` in the pod lets another key sign", done.returncode == 0 and until(lambda: len(kids()) == 2 and former < kids(), 5), (done.stdout + done.stderr, kids()))
    check("and the former one's tokens are believed", believed() == 200)


def schemas(address):
    """Whose tables there are in the database."""
    asked = "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name = 'posts'"
    done = subprocess.run(["psql", "--quiet", "--tuples-only", "--no-align", address, "-c", asked], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def brings(host, key, text):
    """Somebody brings a post to the channel whose key lies in a Secret: the status."""
    request = urllib.request.Request(f"http://{POD}:8080/v1/ingest/desk-1", data=json.dumps({"id": text, "text": text}).encode(), headers={"content-type": "application/json", "Host": host, "X-Touchstone-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class Collector(http.server.BaseHTTPRequestHandler):
    """Where traces go; it keeps the word by which it is asked."""

    shown = []

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Collector.shown.append((self.path, self.headers["authorization"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def told_by_secrets(node, host):
    """What a Secret says of a channel, and of the collector of traces."""
    key = CHANNELS["TOUCHSTONE__CHANNELS__DESK-1__KEY"]
    taken, foreign = brings(host, key, "hello"), brings(host, key[:-1] + "x", "hello")
    # No venue is reached from here, so a post waits, and whoever brings it is asked to send it again.
    check("a channel whose key lies in a Secret knows it", taken == 503, taken)
    check("and no other", foreign == 401, foreign)
    check("the collector is shown the word of its Secret", until(lambda: ("/v1/traces", "Bearer walnut-sleigh") in Collector.shown, 30), Collector.shown)


def without_channels(node):
    """The Secret of the channels is not there: the pod starts, and says whose key is missing."""
    bare = Container(node.image, {"spec": node.spec}, node.things, node.secrets)
    done = bare.run(["check"])
    check("a channel without its Secret is refused by its name", done.returncode == 1 and "channels.desk-1" in done.stderr, done.stderr)
    bare.end()


def restores(tools, image, things, secrets):
    """A new epoch after a restore, by the Job that docs/OPERATIONS.md makes; no node runs."""
    job = Container(image, manifests.ad_hoc(tools, things)["spec"]["template"], things, secrets, CHANNELS)
    done = job.run()
    check("the operations' Job begins a new epoch", done.returncode == 0 and " is over, " in done.stdout, done.stdout + done.stderr)
    job.end()


def another_secret(image, things, secrets, host, token):
    """accounts-secret is changed, as `Rotate keys` says."""
    template = manifests.named(things, "Deployment")["spec"]["template"]
    changed = {**secrets, "accounts-secret": "t" * 64}
    node = Container(image, template, things, changed, CHANNELS)
    done = node.run()
    check("another accounts-secret alone is refused", done.returncode == 1 and "accounts.secret" in done.stderr, done.stderr[-300:])
    node.end()
    for before, what in ((secrets["accounts-secret"], "with the one before it starts, and seals anew"), (None, "and from then on without it")):
        node = Container(image, template, things, changed | ({"accounts-secret-before": before} if before else {}), CHANNELS)
        try:
            node.start()
            ready = node.probe_until("readinessProbe", True, 60)
            asked = get(f"http://{POD}:8080/v1/account", {"Host": host, "Authorization": f"Bearer {token}"})[0]
            check(f"another accounts-secret: {what}; who was logged in stays so", ready and asked == 200, (asked, node.said()[-3:]))
            anew = [line for line in node.said() if "accounts.secret_before" in line]
            check("and it says so", bool(anew) == bool(before) and (not before or json.loads(anew[0])["keys"] == 2), anew)
            check("neither stands in the log", not [it for it in (changed["accounts-secret"], secrets["accounts-secret"]) if it in "\n".join(node.said())])
        finally:
            node.end()


def survives(node, redis):
    redis.stop()
    degraded = until(lambda: "degraded" in get(f"http://{POD}:9464/readyz", {})[1], 30)
    check("without Redis it is degraded, and still ready", degraded and node.probe("readinessProbe") == 200)
    redis.start()
    check("and whole when Redis is back", until(lambda: '"ready"' in get(f"http://{POD}:9464/readyz", {})[1], 30), get(f"http://{POD}:9464/readyz", {}))


def ends(node, host, token=None):
    listener = Listener(host, token)
    listener.start()
    check("somebody listens", until(lambda: b"text/event-stream" in listener.heard, 10), listener.heard[:200])
    time.sleep(node.container["lifecycle"]["preStop"]["sleep"]["seconds"])
    check("nothing changes for him while the endpoints forget the pod", node.probe("readinessProbe") == 200 and listener.ended is None)
    told = time.monotonic()
    os.kill(node.pid, signal.SIGTERM)
    unready = node.probe_until("readinessProbe", False, 5)
    check(f"after SIGTERM readiness is gone within {(time.monotonic() - told) * 1000:.0f} ms, while it drains", unready and node.process.poll() is None)
    lives = node.probe("livenessProbe")
    check("and it lives: a kubelet would not kill it", lives == 200, lives)
    grace = node.spec["terminationGracePeriodSeconds"] - node.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    try:
        code = node.process.wait(grace)
    except subprocess.TimeoutExpired:
        code = "still there"
    took = time.monotonic() - told
    check(f"it ends with 0 within the grace period, after {took:.1f} of {grace} s", code == 0, (code, node.said()[-3:]))
    listener.join(5)
    check("whoever listened was told when to come back", b'"drain"' in listener.heard and b"reconnect_in_ms" in listener.heard and listener.ended, listener.heard[-300:])


class Redis:
    def __init__(self):
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL, cwd="/")
        until(lambda: get("http://127.0.0.1:6379/", {})[0] != "<urlopen error [Errno 111] Connection refused>", 10)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def production(tools, image, redis):
    things = tools.render("k8s/overlays/production")
    host = next(it["data"]["host"] for it in things if it["kind"] == "ConfigMap" and "host" in it["data"])
    secrets = {"store-url": database(), "redis-url": "redis://127.0.0.1:6379", "accounts-secret": "s" * 64, "otlp-headers": "authorization=Bearer walnut-sleigh"}
    configured(things)
    collector = http.server.ThreadingHTTPServer((POD, 4318), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    migration(image, things, secrets, CHANNELS)
    refuses(image, things, secrets)
    node = Container(image, manifests.named(things, "Deployment")["spec"]["template"], things, secrets, CHANNELS)
    try:
        starts(node)
        speaks(node)
        confined(node)
        doors(node, host)
        token = enters(node, host)
        told_by_secrets(node, host)
        commands(node, host, token)
        survives(node, redis)
        ends(node, host, token)
        speaks_json("from its start to its end it spoke nothing but JSON", node.said(), '"stopped"')
        said = "\n".join(node.said())
        check("no secret stands in its log", not [it for it in ("pod:pod@", secrets["accounts-secret"], token, *CHANNELS.values(), "walnut-sleigh") if it in said])
        without_channels(node)
        restores(tools, image, things, secrets)
        another_secret(image, things, secrets, host, token)
    finally:
        node.end()


def emptied(password):
    """A database as the image of PostgreSQL makes it: `touchstone` is superuser and owns one of its name."""
    server = os.environ["TOUCHSTONE_TEST_POSTGRES"]
    words = [f"ALTER ROLE touchstone PASSWORD '{password}'", "DROP DATABASE IF EXISTS touchstone", "CREATE DATABASE touchstone"]
    subprocess.run(["psql", "--quiet", server, *[it for word in words for it in ("-c", word)]], check=True, stderr=subprocess.DEVNULL)
    os.environ["TOUCHSTONE_TEST_POSTGRES"] = re.sub(r"//touchstone:[^@]*@", f"//touchstone:{password}@", server)


def simulates():
    """Whoever sits at this machine may do everything, and the simulator has something to tell."""
    here = "http://127.0.0.1:8080"
    check("it is open to whoever sits at this machine", get(f"{here}/v1/system/actors", {})[0] == 200)
    told = lambda: json.loads(get(f"{here}/v1/events?limit=1", {})[1] or "{}")
    check("and what is simulated is told", until(lambda: told().get("events"), 60), told())
    check("with Redis at its side", until(lambda: '"ready"' in get(f"http://{POD}:9464/readyz", {})[1], 30), get(f"http://{POD}:9464/readyz", {}))


def development(tools, image):
    """The overlay `dev`: its PostgreSQL and its Valkey are found by the names of their Services."""
    things = tools.render("k8s/overlays/dev")
    secrets = {key: base64.b64decode(value).decode() for key, value in manifests.named(things, "Secret", manifests.told(things, "secretKeyRef")[0]["name"])["data"].items()}
    ports = {it["metadata"]["name"]: it["spec"]["ports"][0]["port"] for it in things if it["kind"] == "Service"}
    check("the overlay's Services are where this test has them", ports["postgres"] == 5432 and ports["valkey"] == 6379, ports)
    image.knows(sorted(ports))
    emptied(secrets["postgres-password"])
    migration(image, things, secrets)
    node = Container(image, manifests.named(things, "Deployment")["spec"]["template"], things, secrets)
    try:
        starts(node)
        confined(node)
        simulates()
        ends(node, "localhost:8080")
    finally:
        node.end()


def as_pod(image, service, whole):
    """A service of compose in the words of a pod, as far as both have them; and the ConfigMaps of its own."""
    maps, mounts = [], {}
    for it in service.get("configs", []):
        with open(whole["configs"][it["source"]]["file"]) as file:
            maps.append({"kind": "ConfigMap", "metadata": {"name": it["source"]}, "data": {os.path.basename(it["target"]): file.read()}})
        mounts[it["source"]] = ({"mountPath": os.path.dirname(it["target"]), "readOnly": True}, {"configMap": {"name": it["source"]}})
    for path in [it["target"] for it in service.get("volumes", [])] + [it.split(":")[0] for it in service.get("tmpfs", [])]:
        mounts[path.strip("/")] = ({"mountPath": path}, {"emptyDir": {}})
    container = {
        "args": service["command"],
        "env": [{"name": key, "value": str(value)} for key, value in service["environment"].items()],
        "securityContext": {"readOnlyRootFilesystem": service["read_only"], "capabilities": {"drop": service["cap_drop"]}},
        "volumeMounts": [{"name": name, **mount} for name, (mount, _) in mounts.items()],
    }
    security = {"runAsUser": image.user, "runAsGroup": image.group, "fsGroup": image.group, "runAsNonRoot": image.user != 0}
    return {"spec": {"securityContext": security, "containers": [container], "volumes": [{"name": name, **volume} for name, (_, volume) in mounts.items()]}}, maps


def composed(tools, image, named, files, env):
    """What `docker compose up` starts of ours: the migration to its end, then the platform."""
    whole = json.loads(manifests.compose(tools, *files, env=env).stdout)
    services = whole["services"]
    image.knows(sorted(services))
    emptied(env.get("POSTGRES_PASSWORD", "touchstone"))
    migrating = Container(image, *as_pod(image, services["migrate"], whole), {})
    done = migrating.run()
    check(f"compose in {named}: the migration brings an empty database up to date", done.returncode == 0 and done.stdout.endswith("is up to date\n"), done.stdout[-300:] + done.stderr[-600:])
    node = Container(image, *as_pod(image, services["platform"], whole), {})
    try:
        node.start()
        ready = until(lambda: node.process.poll() is not None or '"ready"' in get(f"http://{POD}:9464/readyz", {})[1], 60) and node.process.poll() is None
        check("the platform becomes ready, on a root that it cannot write, by the names of the services", ready, node.said()[-3:])
        confined(node)
        if named == "development":
            simulates()
        grace = int(services["platform"]["stop_grace_period"].removesuffix("m0s")) * 60
        os.kill(node.pid, signal.SIGTERM)
        check(f"and ends with 0 within {grace} s", node.process.wait(grace) == 0, node.said()[-3:])
    finally:
        node.end()
        migrating.end()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tools = manifests.Tools(sys.argv[1])
    binary = os.environ.get("TOUCHSTONE_BINARY") or os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug", "touchstone")
    image, redis = Image(binary), Redis()
    try:
        production(tools, image, redis)
        development(tools, image)
        composed(tools, image, "development", ("compose.yaml", "compose.override.yaml"), {})
        composed(tools, image, "production", ("compose.yaml", "compose.production.yaml"), manifests.SECRETS)
    finally:
        redis.stop()
        shutil.rmtree(image.root, ignore_errors=True)
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


if __name__ == "__main__":
    main()
