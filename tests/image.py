#!/usr/bin/env python3
"""The image, built by the Dockerfile's own last stage and run, where no container engine and no registry is at hand.

    tests/image.py TOOLS MADE      as root, beside `scripts/services`, in a network namespace with 10.244.0.7

MADE is what the Dockerfile's stage `build` makes: its folder `image`, from tests/stages.py or scripts/image-root.
buildah follows the Dockerfile's last stage with it, podman runs what came of it as the production overlay says, and
scripts/sbom lists what is in it.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

import manifests
import page
import pod
from page import ROOT, check


CYCLONEDX = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
with open(sys.argv[2]) as file:
    sys.exit(str(JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(file.read()) or "") or None)
"""


class Store:
    """Images and containers of this test alone."""

    def __init__(self, home):
        self.words = ["--root", os.path.join(home, "images"), "--runroot", os.path.join(home, "run")]

    def do(self, tool, *words, cwd=ROOT):
        done = subprocess.run([tool, *self.words, *words], capture_output=True, text=True, cwd=cwd)
        if done.returncode:
            raise SystemExit(f"{tool} {words[0]}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout.strip()


def built(store, made):
    """By the Dockerfile as it is: the stage `build` is a folder here."""
    store.do("buildah", "build", "--pull-never", "--isolation", "chroot", "--build-context", f"build={made}", "--tag", "touchstone", ".")


def entries(root):
    """What lies below a folder: its files, and its folders in which nothing lies."""
    found = {}
    for folder, folders, names in os.walk(root):
        for path in (os.path.join(folder, name) for name in names + folders):
            if os.path.islink(path) or not os.path.isdir(path) or not os.listdir(path):
                found[os.path.relpath(path, root)] = os.lstat(path)
    return found


def named_libraries(mounted, binary):
    """The loader and the libraries that a binary names, and those that they name, wherever they lie."""
    def read(path, *flags):
        return subprocess.run(["readelf", "--wide", *flags, path], capture_output=True, text=True, check=True).stdout

    names = {os.path.basename(it) for it in re.findall(r"program interpreter: ([^]]+)]", read(binary, "--program-headers"))}
    there = {os.path.basename(it): os.path.join(mounted, it) for it in entries(mounted) if ".so" in it}
    ask = [binary]
    while ask:
        for name in re.findall(r"\(NEEDED\).*\[(.+)]", read(ask.pop(), "--dynamic")):
            if name not in names:
                names.add(name)
                ask += [there[name]] if name in there else []
    return names


def holds(store):
    """Nothing but what is named here; answers with each file's hash."""
    container = store.do("buildah", "from", "--pull-never", "localhost/touchstone")
    mounted = store.do("buildah", "mount", container)
    inside = entries(mounted)
    libraries = {it for it in inside if re.match(r"(usr/)?lib(64)?/", it)}
    wanted = named_libraries(mounted, os.path.join(mounted, "touchstone"))
    got = {os.path.basename(it) for it in libraries}
    check(f"its libraries are those that the binary names: {', '.join(sorted(got))}", got == wanted and len(got) == len(libraries) > 0, got ^ wanted)
    models = {"models/" + it for it in entries(os.path.join(ROOT, "models"))}
    expected = {"touchstone", "etc/ssl/certs/ca-certificates.crt", "data", "tmp"} | models | libraries
    check("beside them it holds the binary, the models, the authorities, /data, /tmp and nothing else", set(inside) == expected, set(inside) ^ expected)
    odd = [name for name, it in inside.items() if it.st_mode & 0o6000 or not (stat.S_ISREG(it.st_mode) or stat.S_ISDIR(it.st_mode))]
    check("nothing in it makes somebody another, or is a device or a link", not odd, odd)
    whole = {os.path.relpath(path, mounted): os.lstat(path) for folder, folders, names in os.walk(mounted) for path in (os.path.join(folder, name) for name in folders + names)}
    loose = {name for name, it in whole.items() if it.st_uid or it.st_gid or it.st_mode & 0o22}
    check("nobody but root may write anywhere but in /data and /tmp", loose == {"data", "tmp"} and inside["data"].st_uid == 65532 and stat.S_IMODE(inside["tmp"].st_mode) == 0o1777, loose)
    check("everybody may read all of it", all(it.st_mode & 0o4 for it in whole.values()))
    hashes = {}
    for name in inside:
        if name not in ("data", "tmp"):
            with open(os.path.join(mounted, name), "rb") as file:
                hashes["/" + name] = hashlib.file_digest(file, "sha256").hexdigest()
    mib = lambda names: sum(inside[name].st_size for name in names) / (1 << 20)
    print(f"   {mib(inside):.1f} MiB: the binary {mib(['touchstone']):.1f}, the models {mib(models):.1f}, the libraries {mib(libraries):.1f}")
    for name in sorted(inside):
        print(f"   {inside[name].st_size:>10} /{name}")
    store.do("buildah", "rm", container)
    return hashes


def listed(tools, made, hashes):
    """The list of what it is made of, by the command that an operator runs, held against the image and Cargo.lock."""
    path = os.path.join(os.path.dirname(made), "touchstone.cdx.json")
    sbom = lambda root: subprocess.run([os.path.join(ROOT, "scripts/sbom"), root], capture_output=True, text=True, env={**os.environ, "PATH": f"{tools.folder}/cargo/bin:{os.environ['PATH']}"})
    done = sbom(os.path.join(made, "image", "root"))
    check(f"the binary lists what it is made of, in {os.path.relpath(path, ROOT)}", done.returncode == 0, done.stderr[-600:])
    if done.returncode:
        return
    with open(path, "w") as file:
        file.write(done.stdout)
    bill = json.loads(done.stdout)
    valid = subprocess.run([os.path.join(tools.folder, "sbom/bin/python"), "-c", CYCLONEDX, bill["specVersion"], path], capture_output=True, text=True)
    check(f"CycloneDX {bill['specVersion']} knows every field of the list", valid.returncode == 0, valid.stdout[-600:] + valid.stderr[-600:])
    crates = {(it["name"], it["version"]) for it in bill["components"] if it.get("purl", "").startswith("pkg:cargo/")}
    with open(os.path.join(ROOT, "Cargo.lock"), "rb") as file:
        locked = {(it["name"], it["version"]) for it in tomllib.load(file)["package"]}
    check(f"its {len(crates)} crates are of Cargo.lock", crates and crates <= locked, crates - locked)
    known = {name: version for name, version in locked if name in ("actix-web", "sqlx", "tokio", "touchstone-domain", "zxcvbn")}
    check("and those that everybody knows are among them", len(known) == 5 and set(known.items()) <= crates, set(known.items()) - crates)
    tree = subprocess.run(["cargo", "tree", "--locked", "--package", "touchstone", "--edges", "normal", "--prefix", "none", "--format", "{p}"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    linked = {(name, version) for name, version in re.findall(r"^(\S+) v(\S+)", tree, re.MULTILINE)} - {("touchstone", bill["metadata"]["component"]["version"])}
    check(f"none is left out: cargo links {len(linked)}, build and macros apart", linked and linked <= crates, linked - crates)
    files = {it["name"]: it["hashes"][0]["content"] for it in bill["components"] if it["type"] == "file"}
    check("its files are the image's, byte for byte", files == hashes, set(files.items()) ^ set(hashes.items()))
    packages = {it["name"]: it["version"] for it in bill["components"] if it.get("purl", "").startswith("pkg:deb/")}
    check(f"and the system's packages are named: {', '.join(f'{name} {version}' for name, version in sorted(packages.items()))}", {"ca-certificates", "libc6"} <= set(packages), packages)
    with tempfile.TemporaryDirectory() as root:
        shutil.copy("/bin/true", os.path.join(root, "touchstone"))
        check("a binary that lists nothing is refused", sbom(root).returncode != 0)


def begun(pid):
    """When a process began, on the monotonic clock, to a hundredth of a second."""
    with open(f"/proc/{pid}/stat") as file:
        ticks = int(file.read().rsplit(") ", 1)[1].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") + (time.monotonic() - time.clock_gettime(time.CLOCK_BOOTTIME))


class Asking(threading.Thread):
    """Asks until it is ready, and remembers when that was."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ready = None

    def run(self):
        end = time.monotonic() + 60
        while self.ready is None and time.monotonic() < end:
            if pod.get(f"http://{pod.POD}:9464/readyz", {}, 1)[0] == 200:
                self.ready = time.monotonic()
            else:
                time.sleep(0.005)


def runs(store, tools, home, redis_url):
    things = tools.render("k8s/overlays/production")
    template = manifests.named(things, "Deployment")["spec"]["template"]
    container = template["spec"]["containers"][0]
    secrets = {"store-url": pod.database(), "redis-url": redis_url, "accounts-secret": "s" * 64}
    kept = next(it["data"] for it in things if it["kind"] == "ConfigMap" and "config.toml" in it["data"])
    config, data = os.path.join(home, "config.toml"), os.path.join(home, "data")
    with open(config, "w") as file:
        file.write(kept["config.toml"])
    os.mkdir(data)
    os.chown(data, 65532, 65532)
    common = [
        "--runtime", shutil.which("runc") or "runc", "run", "--pull=never", "--network=host", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges",
        # Root of a sandbox may not be allowed to raise limits.
        "--ulimit=nofile=16384:16384", "--ulimit=nproc=4096:4096", "--log-driver=k8s-file",
        f"--volume={config}:/etc/touchstone/config.toml:ro", f"--volume={data}:/data", "--tmpfs=/tmp",
    ]
    unnamed, told = list(common), pod.environment(container, things, secrets)
    common += [f"--env={key}={value}" for key, value in told.items()]
    shell = subprocess.run(["podman", *store.words, *common, "--rm", "--entrypoint", "/bin/sh", "localhost/touchstone", "-c", "true"], capture_output=True, text=True)
    check("there is no shell in it", shell.returncode in (126, 127), shell.stderr)
    job = manifests.named(things, "Job", "touchstone-migrate")["spec"]["template"]["spec"]["containers"][0]
    said = store.do("podman", *common, "--rm", "localhost/touchstone", *job["args"])
    check("it migrates, without a root to write to", said.endswith("is up to date"), said[-300:])
    took = []
    for life in range(5):
        # Asked from before it begins: podman itself takes its time until it says who began.
        asking = Asking()
        asking.start()
        node = store.do("podman", *common, "--detach", "localhost/touchstone", *container["args"])
        pid = int(store.do("podman", "inspect", "--format", "{{.State.Pid}}", node))
        asking.join()
        ready = asking.ready is not None
        took.append((asking.ready - begun(pid)) * 1000 if ready else float("inf"))
        if life == 0:
            with open(f"/proc/{pid}/status") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            check("it becomes ready on PostgreSQL", ready, store.do("podman", "logs", node)[-600:])
            check("as nobody in particular, without capabilities, behind seccomp", set(status["Uid"].split()) == {"65532"} and int(status["CapEff"], 16) == 0 and status["Seccomp"] == "2", status)
        store.do("podman", "stop", "--time", "60", node)
        code = store.do("podman", "inspect", "--format", "{{.State.ExitCode}}", node)
        check(f"life {life + 1} ends with 0 at SIGTERM", code == "0", code)
        store.do("podman", "rm", node)
    believes(store, home, unnamed, told, container["args"])
    check(f"from its start to ready it takes less than a second: {', '.join(f'{it:.0f}' for it in took)} ms", max(took) < 1000, took)


def believes(store, home, common, environment, words):
    """Redis by TLS: the image's authorities are believed, and nobody else."""
    authority, key, cert = (os.path.join(home, name) for name in ("authority.pem", "key.pem", "cert.pem"))
    openssl = lambda *words: subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *words], check=True, capture_output=True)
    openssl("-subj", "/CN=somebody who vouches", "-keyout", key + "-of-authority", "-out", authority)
    openssl("-subj", "/CN=redis", "-CA", authority, "-CAkey", key + "-of-authority", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert)
    tls = subprocess.Popen(["redis-server", "--port", "0", "--tls-port", "6390", "--bind", "127.0.0.1", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority, "--tls-auth-clients", "no", "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL, cwd="/")
    try:
        env = [f"--env={key}={value}" for key, value in {**environment, "TOUCHSTONE__REDIS__URL": "rediss://127.0.0.1:6390"}.items()]
        for more, status, what in (([f"--volume={authority}:/etc/ssl/certs/ca-certificates.crt:ro"], '"ready"', "one of its authorities vouches for"), ([], '"degraded"', "nobody vouches for")):
            node = store.do("podman", *common, *env, *more, "--detach", "localhost/touchstone", *words)
            answer = lambda: pod.get(f"http://{pod.POD}:9464/readyz", {}, 1)[1]
            came = pod.until(lambda: status in answer(), 30)
            check(f"a Redis by TLS that {what} makes it {status}", came, answer())
            store.do("podman", "stop", "--time", "60", node)
            store.do("podman", "rm", node)
    finally:
        tls.terminate()
        tls.wait()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tools, made = manifests.Tools(sys.argv[1]), os.path.abspath(sys.argv[2])
    home = tempfile.mkdtemp(prefix="touchstone-image-")
    store, redis = Store(home), pod.Redis()
    try:
        built(store, made)
        listed(tools, made, holds(store))
        runs(store, tools, home, "redis://127.0.0.1:6379")
    finally:
        redis.stop()
        subprocess.run(["podman", *store.words, "rm", "--all", "--force"], capture_output=True)
        subprocess.run(["buildah", *store.words, "rm", "--all"], capture_output=True)
        shutil.rmtree(home, ignore_errors=True)
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


if __name__ == "__main__":
    main()
