#!/usr/bin/env python3
"""The manifests of Kubernetes, the image's recipe and the compose files, held against the tools that read them.

    tests/manifests.py TOOLS      all checks; TOOLS is the folder into which `scripts/test manifests` installs

kubectl's own kustomize renders, the schemas of two Kubernetes versions and of the custom resources judge, checkov
looks for weaknesses, hadolint reads the Dockerfile, docker compose reads the compose files, promtool the scrapes, and
the real binary the configurations. Each kind of judge is first shown something wrong, and must refuse it.
"""

import glob
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

import page
from page import ROOT, check

OLDEST, NEWEST = "1.30.0", "1.37.0"
CUSTOM = {"HTTPRoute", "ExternalSecret", "ServiceMonitor", "PrometheusRule"}
LARGEST = 262144  # bytes that an object may have for `kubectl apply`, which keeps the whole of it in an annotation
SKIPPED = {
    "CKV_K8S_11": "a limit of cpu throttles, and a throttled node is late with signals; it has requests and a limit of memory",
    "CKV_K8S_15": "tags are not moved, and a registry that is away must keep no pod from starting",
    "CKV_K8S_35": "the configuration reads secrets from the environment; they are typed so that they never print",
    "CKV_K8S_40": "PostgreSQL and Valkey of the development overlay run as the user of their images; the platform's is checked here",
    "CKV_K8S_43": "the overlay names a tag; `kustomize edit set image` writes the digest of what was built",
    "CKV_DOCKER_2": "the image has nothing that could ask; Kubernetes probes, and compose waits for the migration",
}


class Tools:
    """Where the judges are."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def run(self, *command, text=None, env=()):
        command = [os.path.join(self.folder, command[0]), *command[1:]] if "/" in command[0] else list(command)
        return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **dict(env)})

    def render(self, folder):
        """What `kubectl kustomize` makes of a folder."""
        made = self.run("bin/kubectl", "kustomize", folder)
        if made.returncode:
            raise SystemExit(f"{folder} cannot be rendered: {made.stderr}")
        return [it for it in yaml.safe_load_all(made.stdout) if it]

    def everything(self, way):
        """The production overlay with every component that goes together, and one way in."""
        names = [os.path.basename(path) for path in sorted(glob.glob(os.path.join(ROOT, "k8s/components/*")))]
        taken = [name for name in names if name not in {"ingress", "gateway", "models"} - {way}]
        with open(os.path.join(ROOT, "k8s/overlays/production/kustomization.yaml")) as file:
            overlay = yaml.safe_load(file)
        up = os.path.join("..", "..", "k8s")
        overlay["resources"] = [f"{up}/base", "network-policy.yaml"]
        overlay["components"] = [f"{up}/components/{name}" for name in taken]
        return self.overlay("everything-" + way, overlay)

    def production(self, name, **literals):
        """The production overlay, in a cluster that calls things otherwise."""
        with open(os.path.join(ROOT, "k8s/overlays/production/kustomization.yaml")) as file:
            overlay = yaml.safe_load(file)
        up = os.path.join("..", "..", "k8s")
        overlay["resources"] = [f"{up}/base", "network-policy.yaml"]
        overlay["components"] = [f"{up}/components/gateway"]
        cluster = next(it for it in overlay["configMapGenerator"] if it["name"] == "touchstone-cluster")
        known = dict(it.split("=") for it in cluster["literals"])
        strange = {key.replace("_", "-"): value for key, value in literals.items()}
        if not strange.keys() <= known.keys():
            raise SystemExit(f"the production overlay says nothing of {strange.keys() - known.keys()}")
        cluster["literals"] = [f"{key}={value}" for key, value in {**known, **strange}.items()]
        return self.overlay(name, overlay)

    def overlay(self, name, kustomization):
        """An overlay of our own beside the files of production."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "kustomization.yaml"), "w") as file:
            yaml.safe_dump(kustomization, file)
        for beside in ("config.toml", "network-policy.yaml"):
            shutil.copy(os.path.join(ROOT, "k8s/overlays/production", beside), folder)
        return self.render(os.path.relpath(folder, ROOT))


def named(things, kind, name="touchstone"):
    found = [it for it in things if it["kind"] == kind and it["metadata"]["name"] == name]
    return found[0] if found else None


def copied(thing):
    return json.loads(json.dumps(thing))


def schema_faults(tools, things):
    """What the schemas have against these, in both versions and for the custom ones."""
    faults = []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all([it for it in things if it["kind"] not in CUSTOM], file)
        file.flush()
        for version in (OLDEST, NEWEST):
            done = tools.run("manifests/bin/kubernetes-validate", "-k", version, "--strict", "--quiet", file.name)
            if done.returncode:
                faults.append(f"{version}: {(done.stdout + done.stderr)[-600:]}")
    custom = [it for it in things if it["kind"] in CUSTOM]
    if custom:
        done = tools.run("manifests/node_modules/.bin/node", "tests/custom_resources.mjs", os.path.join(tools.folder, "manifests"), text=json.dumps(custom))
        if done.returncode:
            faults.append((done.stdout + done.stderr)[-600:])
    return faults


def schemas(tools, rendered):
    for name, things in rendered.items():
        faults = schema_faults(tools, things)
        check(f"Kubernetes {OLDEST} and {NEWEST} know every field of `{name}`", not faults, faults)
    whole = [copied(it) for it in rendered["everything, by a gateway"]]
    for kind, field, wrong in (
        ("Deployment", "readynessProbe", lambda it: it["spec"]["template"]["spec"]["containers"][0].update(readynessProbe={})),
        ("HTTPRoute", "hostName", lambda it: it["spec"].update(hostName=[])),
        ("HTTPRoute", "/spec/hostnames", lambda it: it["spec"].update(hostnames="signals.example.org")),
        ("ExternalSecret", "/spec/data", lambda it: it["spec"].update(data=7)),
        ("ExternalSecret", "refreshEvery", lambda it: it["spec"].update(refreshEvery="1h")),
        ("ServiceMonitor", "endPoints", lambda it: it["spec"].update(endPoints=[])),
        ("ServiceMonitor", "selector", lambda it: it["spec"].pop("selector")),
        ("PrometheusRule", "expression", lambda it: it["spec"]["groups"][0]["rules"][0].update(expression="up")),
        ("PrometheusRule", "for", lambda it: it["spec"]["groups"][0]["rules"][0].update({"for": "a while"})),
    ):
        planted = copied(named(whole, kind) or next(it for it in whole if it["kind"] == kind))
        wrong(planted)
        faults = schema_faults(tools, [planted])
        check(f"and a {kind} that is wrong in {field} is refused for it", faults and all(field in fault for fault in faults), faults)


def weaknesses(tools, things):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "all.yaml"), "w") as file:
            yaml.safe_dump_all([it for it in things if it["kind"] not in CUSTOM], file)
        with open(os.path.join(ROOT, "Dockerfile")) as source, open(os.path.join(folder, "Dockerfile"), "w") as file:
            file.write(source.read())
        done = tools.run("checkov/bin/checkov", "-d", folder, "--framework", "kubernetes", "dockerfile", "--skip-download", "--compact", "--quiet", "-o", "json", "--skip-check", ",".join(SKIPPED))
    reports = json.loads(done.stdout)
    reports = reports if isinstance(reports, list) else [reports]
    failed = [f'{it["check_id"]} {it["check_name"]}: {it["resource"]}' for report in reports for it in report.get("results", {}).get("failed_checks", [])]
    passed = sum(report["summary"]["passed"] for report in reports)
    return failed, passed


def security(tools, rendered):
    for name, things in rendered.items():
        failed, passed = weaknesses(tools, things)
        check(f"checkov finds no weakness in `{name}` ({passed} of its checks)", not failed and passed > 100, failed)
    planted = copied(rendered["production"])
    container = named(planted, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {"privileged": True}
    failed, _ = weaknesses(tools, planted)
    found = {it.split()[0] for it in failed}
    check("and a privileged container is found", {"CKV_K8S_16", "CKV_K8S_20", "CKV_K8S_22"} <= found, failed)


def selected(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def told(thing, key):
    """Every value that stands under this key, however deep."""
    if isinstance(thing, list):
        return [found for it in thing for found in told(it, key)]
    if isinstance(thing, dict):
        return [found for name, it in thing.items() for found in ([it] if name == key else told(it, key))]
    return []


def templates(things):
    """The pods that there will be, by whoever makes them."""
    made = {it["metadata"]["name"]: it["spec"] for it in things if it["kind"] in {"Deployment", "Job"}}
    made |= {it["metadata"]["name"]: it["spec"]["jobTemplate"]["spec"] for it in things if it["kind"] == "CronJob"}
    return {name: spec["template"] for name, spec in made.items()}


def operations():
    with open(os.path.join(ROOT, "docs/OPERATIONS.md")) as file:
        return file.read()


def told_keys():
    """The keys of the Secret `touchstone`, as the installation says them: those that are needed, and the others."""
    block = operations().split("create secret generic touchstone \\")[1].split("```")[0]
    block = block.split("kubectl")[0]
    needed = set(re.findall(r"--from-literal=([a-z-]+)=", block))
    others = re.search(r"# and, if you like: (.*)", block)[1]
    return needed, set(others.split(", "))


def belongs(name, things):
    """Whatever names another thing names one that is there."""
    pods = templates(things)
    node = pods["touchstone"]
    container = node["spec"]["containers"][0]
    labels = node["metadata"]["labels"]
    ports = {port["name"] for port in container["ports"]}
    service = named(things, "Service")
    check(f"`{name}`: the Service finds the node and no other pod", [pod for pod, it in pods.items() if selected(service["spec"]["selector"], it["metadata"]["labels"])] == ["touchstone"])
    check(f"`{name}`: its ports are the pod's", {port["targetPort"] for port in service["spec"]["ports"]} == ports, ports)
    for policy in (it for it in things if it["kind"] == "NetworkPolicy" and it["metadata"]["name"].startswith("touchstone")):
        chosen = {pod for pod, it in pods.items() if selected(policy["spec"]["podSelector"]["matchLabels"], it["metadata"]["labels"])}
        everybody = policy["metadata"]["name"] in {"touchstone-database", "touchstone-names"}
        wanted = {"touchstone", "touchstone-migrate", "touchstone-command"} if everybody else {"touchstone"}
        check(f"`{name}`: the policy {policy['metadata']['name']} is about {', '.join(sorted(wanted))}", chosen == wanted, chosen)
        asked = {port["port"] for rule in policy["spec"].get("ingress", []) for port in rule["ports"]}
        check(f"`{name}`: and its doors are the pod's", asked <= ports, asked)
    maps = {it["metadata"]["name"]: it for it in things if it["kind"] == "ConfigMap"}
    kept = {it["metadata"]["name"]: it.get("stringData") or it.get("data") for it in things if it["kind"] == "Secret"}
    for pod, template in pods.items():
        used = {(it["name"], it.get("key")) for it in told(template, "configMap") + told(template, "configMapKeyRef")}
        lacking = [(of, key) for of, key in used if of not in maps or key and key not in maps[of]["data"]]
        check(f"`{name}`: the ConfigMaps of {pod} are there", not lacking, lacking)
        asked = told(template, "secretKeyRef")
        if kept:
            lacking = [it for it in asked if not it.get("optional") and it["key"] not in kept.get(it["name"], {})]
            check(f"`{name}`: the secrets of {pod} are in the Secret that the overlay makes", not lacking, lacking)
        if pod.startswith("touchstone"):
            check(f"`{name}`: the secrets of {pod} are one Secret's", len({it["name"] for it in asked}) == 1, asked)
            further = [it["secretRef"] for it in template["spec"]["containers"][0].get("envFrom", [])]
            check(f"`{name}`: and {pod} may be told more about channels", further == [{"name": "touchstone-channels", "optional": True}], further)
            world = {it["name"]: it.get("value") for it in template["spec"]["containers"][0]["env"]}.get("TOUCHSTONE_CONFIG")
            there = {f'{it["mountPath"]}/config.toml' for it in template["spec"]["containers"][0]["volumeMounts"] if it["name"] == "config"}
            check(f"`{name}`: every command in {pod} has its configuration", {world} == there and "--config" not in template["spec"]["containers"][0]["args"], world)
    needed, others = told_keys()
    ours = [it for pod, template in pods.items() if pod.startswith("touchstone") for it in told(template, "secretKeyRef")]
    asked = {it["key"] for it in ours if not it.get("optional")}
    check(f"`{name}`: the installation names the keys that are needed", needed == asked, needed ^ asked)
    asked = {it["key"] for it in ours if it.get("optional")}
    check(f"`{name}`: and those that may be left out", others == asked, others ^ asked)
    budget, scaler, monitor = named(things, "PodDisruptionBudget"), named(things, "HorizontalPodAutoscaler"), named(things, "ServiceMonitor")
    if budget:
        check(f"`{name}`: the budget is the node's", selected(budget["spec"]["selector"]["matchLabels"], labels))
    if scaler:
        check(f"`{name}`: the autoscaler owns the number of nodes", scaler["spec"]["scaleTargetRef"]["name"] == "touchstone" and "replicas" not in named(things, "Deployment")["spec"])
    else:
        spec = named(things, "Deployment")["spec"]
        check(f"`{name}`: there is one node, and the old one ends before the new one begins", spec["replicas"] == 1 and spec["strategy"] == {"type": "Recreate"})
    if monitor:
        check(f"`{name}`: the monitor finds the Service and a port of it", selected(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]) and monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]})
    host = next(it["data"]["host"] for key, it in maps.items() if key.startswith("touchstone-site"))
    for kind, path in (("Ingress", lambda it: {it["spec"]["rules"][0]["host"], *it["spec"]["tls"][0]["hosts"]}), ("HTTPRoute", lambda it: set(it["spec"]["hostnames"]))):
        way = named(things, kind)
        if way:
            check(f"`{name}`: the {kind} is for the host that the node knows", path(way) == {host}, path(way))
    way = named(things, "HTTPRoute")
    if way:
        limits = {path["path"]["value"]: rule.get("timeouts", {}).get("request") for rule in way["spec"]["rules"] for path in rule["matches"]}
        check(f"`{name}`: streams and files of everything take as long as they take, and all else a minute", limits == {"/v1/stream": "0s", "/v1/exports": "0s", "/": "60s"}, limits)
    secret = named(things, "ExternalSecret")
    if secret:
        # One key that is named and not there, and the operator makes no Secret at all.
        spec = secret["spec"]
        check(f"`{name}`: the example brings whatever is there, and insists on nothing that is optional", "data" not in spec and spec["dataFrom"] == [{"extract": {"key": "touchstone"}}] and spec["target"]["name"] == "touchstone", spec)


def reaches(things, pod, port, address=None, namespace=None):
    """Whether the policies let a pod call this port: of an address, or of a pod in another namespace."""
    labels = templates(things)[pod]["metadata"]["labels"]

    def is_meant(to):
        if "ipBlock" in to:
            block = to["ipBlock"]
            return address is not None and ipaddress.ip_address(address) in ipaddress.ip_network(block["cidr"]) and not any(ipaddress.ip_address(address) in ipaddress.ip_network(it) for it in block.get("except", []))
        return namespace is not None and selected(to["namespaceSelector"]["matchLabels"], {"kubernetes.io/metadata.name": namespace})

    rules = [rule for it in things if it["kind"] == "NetworkPolicy" and selected(it["spec"]["podSelector"].get("matchLabels", {}), labels) for rule in it["spec"].get("egress", [])]
    return any(port in {it["port"] for it in rule["ports"]} and ("to" not in rule or any(is_meant(to) for to in rule["to"])) for rule in rules)


def network(tools, production):
    """What may be called: what docs/OPERATIONS.md says of the policies as they are, and as an overlay changes them."""
    outside, inside, cache = {"address": "104.16.0.9"}, {"address": "10.20.30.40"}, {"address": "169.254.20.10"}
    for what, port, to, may in (
        ("names in the cluster", 53, {"namespace": "kube-system"}, True),
        ("names at a cache on the machine", 53, cache, True),
        ("nothing else at that address", 80, cache, False),
        ("nothing of the machine's own", 80, {"address": "169.254.169.254"}, False),
        ("a database inside", 5432, inside, True),
        ("a database outside", 5432, outside, True),
        ("a database at another port", 25060, inside, False),
        ("a Redis", 6379, inside, True),
        ("a collector of traces by HTTP", 4318, {"namespace": "monitoring"}, True),
        ("none by gRPC, which the platform does not speak", 4317, {"namespace": "monitoring"}, False),
        ("venues, channels and Stripe", 443, outside, True),
        ("Binance's stream", 9443, outside, True),
        ("a mail server with TLS", 465, outside, True),
        ("a mail server with STARTTLS", 587, outside, True),
        ("no mail server without TLS", 25, outside, False),
        ("no feed by http://", 80, outside, False),
        ("no feed inside", 443, inside, False),
        ("nor behind a carrier's translation", 443, {"address": "100.64.0.1"}, False),
        ("an address of version 6", 443, {"address": "2606:4700::9"}, True),
        ("but none inside", 443, {"address": "fd00::9"}, False),
    ):
        check(f"the node reaches {what} ({port})", reaches(production, "touchstone", port, **to) == may)
    for pod in ("touchstone-migrate", "touchstone-command"):
        check(f"{pod} reaches the database and names alone", reaches(production, pod, 5432, **inside) and reaches(production, pod, 53, **cache) and not reaches(production, pod, 443, **outside) and not reaches(production, pod, 6379, **inside))
    strange = tools.production("strange", ingress_namespace="traefik", gateway="front", monitoring_namespace="observability", traces_port="9318", database_port="25060", redis_port="25061")
    faults = schema_faults(tools, strange)
    check("a cluster that calls things otherwise is still one", not faults, faults)
    check("its database, its Redis and its collector are reached where they are", reaches(strange, "touchstone", 25060, **inside) and reaches(strange, "touchstone-migrate", 25060, **inside) and reaches(strange, "touchstone", 25061, **inside) and reaches(strange, "touchstone", 9318, namespace="observability"))
    check("and not where they are not", not any((reaches(strange, "touchstone", 5432, **inside), reaches(strange, "touchstone", 6379, **inside), reaches(strange, "touchstone", 4318, namespace="monitoring"))))
    doors = [rule["from"] for rule in named(strange, "NetworkPolicy", "touchstone-doors")["spec"]["ingress"]]
    asked = [it[0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for it in doors]
    check("its ingress and its monitoring come from their namespaces", asked == ["traefik", "observability"], asked)
    check("its gateway is asked by its name", named(strange, "HTTPRoute")["spec"]["parentRefs"][0] | {"name": "front", "namespace": "traefik"} == named(strange, "HTTPRoute")["spec"]["parentRefs"][0])
    check("and what says so is not applied", not [it for it in strange if it["metadata"]["name"].startswith("touchstone-cluster")])
    with open(os.path.join(ROOT, "k8s/overlays/production/network-policy.yaml")) as file:
        text = file.read()
    examples = yaml.safe_load(text.replace("  egress: []\n", "").replace("\n  # ", "\n  "))
    faults = schema_faults(tools, [examples])
    also = [*production, examples]
    check("what the overlay shows as examples can be written", not faults and reaches(also, "touchstone", 80, **outside) and reaches(also, "touchstone", 25, **outside) and reaches(also, "touchstone", 443, **inside) and not reaches(also, "touchstone", 80, **inside), faults)
    rows = re.findall(r"^\| `(touchstone-[a-z]+)` \|", operations(), re.MULTILINE)
    policies = {it["metadata"]["name"] for it in production if it["kind"] == "NetworkPolicy"} - {"default-deny"}
    check("the operations' table has every policy", set(rows) == policies, set(rows) ^ policies)


def ad_hoc(tools, things):
    """The Job that docs/OPERATIONS.md makes of the suspended CronJob, by the words that stand there."""
    template = named(things, "CronJob", "touchstone-command")["spec"]
    check("the command waits to be asked", template["suspend"] is True)
    # As `kubectl create job --from=cronjob/…` does it.
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "epoch-new", "namespace": "touchstone", **template["jobTemplate"]["metadata"]}, "spec": template["jobTemplate"]["spec"]}
    recipe = operations().split("create job epoch-new --from=cronjob/touchstone-command")[1].split("```")[0]
    patch = re.search(r"-p '(\[.*\])'", recipe)[1]
    done = tools.run("bin/kubectl", "patch", "--local", "-f", "-", "--type=json", "-o", "json", "-p", patch, text=json.dumps(job))
    if done.returncode:
        raise SystemExit(f"the Job of the operations cannot be made: {done.stderr}")
    made = json.loads(done.stdout)
    return made


def recipes(tools, production):
    made = ad_hoc(tools, production)
    faults = schema_faults(tools, [made])
    check("the Job that the operations make is one", not faults, faults)
    pod = made["spec"]["template"]
    check("it begins an epoch", pod["spec"]["containers"][0]["args"][:3] == ["epoch", "new", "--why"], pod["spec"]["containers"][0]["args"])
    check("and nobody takes it for a node", not selected(named(production, "Service")["spec"]["selector"], pod["metadata"]["labels"]))


def watched(tools, things):
    """What the cluster's Prometheus and Grafana are given is what lies in monitoring."""
    rules = {it["metadata"]["name"]: it["spec"] for it in things if it["kind"] == "PrometheusRule"}
    files = {}
    for path in glob.glob(os.path.join(ROOT, "monitoring/rules/*.yml")):
        with open(path) as file:
            files["touchstone-" + os.path.basename(path)[:-4]] = yaml.safe_load(file)
    check("the PrometheusRules say what the rules say (else run monitoring/kubernetes.py)", files and rules == files, [name for name in {*rules, *files} if rules.get(name) != files.get(name)])
    boards = named(things, "ConfigMap", "touchstone-dashboards")
    there = {}
    for path in glob.glob(os.path.join(ROOT, "monitoring/grafana/dashboards/*.json")):
        with open(path) as file:
            there[os.path.basename(path)] = file.read()
    check("the ConfigMap of dashboards holds all of them", there and boards["data"] == there, {*boards["data"]} ^ {*there})
    check("and has the label by which Grafana's sidecar finds it", boards["metadata"]["labels"].get("grafana_dashboard") == "1", boards["metadata"])
    large = {it["metadata"]["name"]: size for it in things if (size := len(json.dumps(it))) > LARGEST * 0.8}
    check("nothing is too large to be applied", not large, large)


def dockerfile():
    """The last stage's instructions."""
    with open(os.path.join(ROOT, "Dockerfile")) as file:
        text = file.read().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    start = max(index for index, (word, _) in enumerate(lines) if word == "FROM")
    return [(word, rest) for word, rest in lines[start:]]


def image(tools, production):
    done = tools.run("manifests/bin/hadolint", "Dockerfile")
    check("hadolint has nothing against the Dockerfile", done.returncode == 0, done.stdout)
    done = tools.run("manifests/bin/hadolint", "-", text="FROM debian\nRUN cd /tmp && sudo apt-get install x\n")
    check("and it has against a bad one", done.returncode != 0)
    last = dict(dockerfile())
    spec = named(production, "Deployment")["spec"]["template"]["spec"]
    user = f'{spec["securityContext"]["runAsUser"]}:{spec["securityContext"]["runAsGroup"]}'
    check("the image's user is the pod's", last["USER"] == user, last["USER"])
    check("the image's ports are the pod's", last["EXPOSE"].split() == [str(port["containerPort"]) for port in spec["containers"][0]["ports"]])
    check("the pod keeps the image's entry point", "command" not in spec["containers"][0])
    with open(os.path.join(ROOT, ".dockerignore")) as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    brought = {line[1:] for line in lines if line.startswith("!")}
    manifest = tools.run("cargo", "metadata", "--no-deps", "--offline", "--locked", "--format-version", "1")
    folders = {os.path.relpath(os.path.dirname(it["manifest_path"]), ROOT).split("/")[0] for it in json.loads(manifest.stdout)["packages"]} - {"."}
    check("the build is given every crate", folders <= brought, folders - brought)
    missing = set()
    for path in glob.glob(os.path.join(ROOT, "**/*.rs"), recursive=True):
        short = os.path.relpath(path, ROOT)
        if short.startswith(("target", "fuzz", ".tools")) or "/tests/" in short or short.startswith("tests/"):
            continue
        with open(path) as file:
            live = file.read().split("#[cfg(test)]")[0]
        for inner in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', live):
            there = os.path.relpath(os.path.normpath(os.path.join(os.path.dirname(path), inner)), ROOT)
            if there.split("/")[0] not in brought:
                missing.add(there)
    check("and every file that is built into it", not missing, missing)


SECRETS = {
    "TOUCHSTONE_IMAGE": "registry.example.org/touchstone:0.1.0",
    "SITE_HOST": "signals.example.org",
    "ACCOUNTS_SECRET": "a" * 64,
    "POSTGRES_PASSWORD": "b" * 64,
    "GRAFANA_PASSWORD": "c" * 32,
    "SMTP_URL": "smtps://user:password@mail.example.org:465",
    "CONFIG_FILE": "k8s/overlays/production/config.toml",
}


def compose(tools, *files, env=()):
    named_files = [word for file in files for word in ("-f", file)]
    return tools.run("manifests/bin/docker-compose", "--env-file", "/dev/null", *named_files, "config", "--format", "json", env=env)


def composed(tools, binary):
    done = compose(tools, "compose.yaml", "compose.override.yaml")
    check("docker compose reads the files of development", done.returncode == 0, done.stderr)
    development = json.loads(done.stdout)["services"]
    production = ("compose.yaml", "compose.production.yaml")
    unasked = []
    for name in SECRETS:
        lacking = {key: value for key, value in SECRETS.items() if key != name}
        done = compose(tools, *production, env=lacking)
        if done.returncode == 0 or name not in done.stderr:
            unasked.append(name)
    check(f"production does not start while one of {len(SECRETS)} settings is missing", not unasked, unasked)
    done = compose(tools, *production, env=SECRETS)
    check("docker compose reads the files of production", done.returncode == 0, done.stderr)
    services = json.loads(done.stdout)["services"]
    common = [word for word in ("only-for-development", ":touchstone@", 'PASSWORD": "touchstone"') if word in done.stdout]
    check("nothing that everybody knows is left in production", not common, common)
    for name, service in services.items():
        hard = service.get("cap_drop") == ["ALL"] and "no-new-privileges:true" in service.get("security_opt", [])
        check(f"{name} has no capability that it does not name, and gains none", hard)
        if name != "postgres":
            check(f"{name} has a root that it cannot write", service.get("read_only") is True)
        for port in service.get("ports", []):
            check(f"{name} is reached from this machine alone", port.get("host_ip") == "127.0.0.1", port)
    for files, platform in (("development", development["platform"]), ("production", services["platform"])):
        env = {key: str(value) for key, value in platform["environment"].items()}
        migrating = (development if files == "development" else services)["migrate"]
        check(f"and the migration is of the same image, database and world in {files}", migrating["image"] == platform["image"] and all(migrating["environment"].get(key) == env.get(key) for key in ("TOUCHSTONE__STORE__URL", "TOUCHSTONE_CONFIG")))
        if files == "production":
            targets = {it["target"] for it in platform["configs"]}
            check("every command in a container of production has the configuration", {env["TOUCHSTONE_CONFIG"]} == targets and "--config" not in platform["command"] + migrating["command"], env["TOUCHSTONE_CONFIG"])
            env["TOUCHSTONE_CONFIG"] = os.path.join(ROOT, SECRETS["CONFIG_FILE"])
        done = subprocess.run([binary, "check"], capture_output=True, text=True, env=env)
        world = ("simulator" in done.stdout) == (files == "development")
        check(f"the platform takes what compose tells it in {files}", done.returncode == 0 and world and "PostgreSQL" in done.stdout and "0.0.0.0:8080" in done.stdout, done.stdout + done.stderr)
    done = compose(tools, *production, "compose.alerts.yaml", env=SECRETS)
    check("an Alertmanager is not wired without its configuration", done.returncode and "ALERTMANAGER_CONFIG" in done.stderr, done.stderr)
    done = compose(tools, *production, "compose.alerts.yaml", env={**SECRETS, "ALERTMANAGER_CONFIG": "monitoring/alertmanager.yml"})
    check("docker compose reads it beside the files of production", done.returncode == 0, done.stderr)
    wired = json.loads(done.stdout)["services"]
    alertmanager = wired["alertmanager"]
    hard = alertmanager["cap_drop"] == ["ALL"] and alertmanager["read_only"] and "no-new-privileges:true" in alertmanager["security_opt"]
    check("the Alertmanager is as confined as the others, and no port of it is open", hard and not alertmanager.get("ports"))
    with open(os.path.join(ROOT, "monitoring/alertmanagers.yml")) as file:
        targets = [target for group in yaml.safe_load(file) for target in group["targets"]]
    brought = {volume["target"] for volume in wired["prometheus"]["volumes"]}
    check("and Prometheus is told where it is", targets == ["alertmanager:9093"] and {"/etc/prometheus/alertmanagers.yml", "/etc/prometheus/rules"} <= brought, brought)
    told_of_channels(tools, binary)
    told_for_later(tools)
    done = tools.run("promtool", "check", "config", "monitoring/prometheus.yml")
    check("promtool reads what Prometheus scrapes", done.returncode == 0, done.stdout + done.stderr)


CHANNELS = """# What is secret about channels.
TOUCHSTONE__CHANNELS__DESK-1__KEY='0123456789$abcdef'
"""


def told_for_later(tools):
    """What the guide writes into `.env` is what every later command in that folder is about."""
    with open(os.path.join(ROOT, "docs/OPERATIONS.md")) as file:
        guide = file.read()
    lines = re.search(r"^cat > \.env <<END\n(.*?)^END$", guide, re.DOTALL | re.MULTILINE)[1]
    alerted = re.search(r"^sed -i '(/\^COMPOSE_FILE=.*)' \.env$", guide, re.MULTILINE)[1]
    with tempfile.TemporaryDirectory() as folder:
        for path in glob.glob(os.path.join(ROOT, "compose*.yaml")):
            shutil.copy(path, folder)
        shutil.copytree(os.path.join(ROOT, "monitoring"), os.path.join(folder, "monitoring"))
        shutil.copy(os.path.join(ROOT, "k8s/overlays/production/config.toml"), os.path.join(folder, "touchstone.toml"))
        place = os.path.join(folder, ".env")
        with open(place, "w") as file:
            file.write(re.sub(r"\$\(openssl rand -hex \d+\)", "c" * 64, lines) + "ALERTMANAGER_CONFIG=monitoring/alertmanager.yml\n")

        def services():
            run = subprocess.run([os.path.join(tools.folder, "manifests/bin/docker-compose"), "config", "--format", "json"], capture_output=True, text=True, cwd=folder, env={"PATH": os.environ["PATH"]})
            return json.loads(run.stdout)["services"] if run.returncode == 0 else run.stderr

        usual = services()
        check("a later `docker compose` in the folder of production is about production", "--open-access" not in json.dumps(usual) and "alertmanager" not in usual, usual)
        subprocess.run(["sed", "-i", alerted, place], check=True)
        check("and about its alerts, once somebody is told of them", "alertmanager" in services() and "--open-access" not in json.dumps(services()), services())


def told_of_channels(tools, binary):
    """`channels.env` beside the compose files, which is not there by itself."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("compose.yaml", "compose.production.yaml"):
            shutil.copy(os.path.join(ROOT, name), folder)
        with open(os.path.join(ROOT, SECRETS["CONFIG_FILE"])) as source, open(os.path.join(folder, "touchstone.toml"), "w") as file:
            file.write(source.read() + '[channels.desk-1]\nsource = "webhook"\n')
        with open(os.path.join(folder, "channels.env"), "w") as file:
            file.write(CHANNELS)
        done = compose(tools, *(os.path.join(folder, name) for name in ("compose.yaml", "compose.production.yaml")), env=SECRETS)
        if done.returncode:
            raise SystemExit(f"channels.env: {done.stderr}")
        services = json.loads(done.stdout)["services"]
        for name in ("platform", "migrate"):
            # What `$` means to compose it writes twice.
            env = {key: str(value).replace("$$", "$") for key, value in services[name]["environment"].items()}
            env["TOUCHSTONE_CONFIG"] = os.path.join(folder, "touchstone.toml")
            done = subprocess.run([binary, "check"], capture_output=True, text=True, env=env)
            check(f"{name} has the key of a channel from channels.env", done.returncode == 0 and "/v1/ingest/desk-1" in done.stdout and env["TOUCHSTONE__CHANNELS__DESK-1__KEY"] == "0123456789$abcdef", done.stdout + done.stderr)
            del env["TOUCHSTONE__CHANNELS__DESK-1__KEY"]
            done = subprocess.run([binary, "check"], capture_output=True, text=True, env=env)
            check("and without it nothing starts", done.returncode == 1 and "channels.desk-1" in done.stderr, done.stdout + done.stderr)


def configurations(binary):
    for overlay in ("dev", "production"):
        path = os.path.join(ROOT, f"k8s/overlays/{overlay}/config.toml")
        done = subprocess.run([binary, "--config", path, "check"], capture_output=True, text=True, env={})
        check(f"the platform takes the configuration of `{overlay}`", done.returncode == 0, done.stderr)
    env = {"TOUCHSTONE_CONFIG": path, "TOUCHSTONE__MAIL__SMTP_URL": SECRETS["SMTP_URL"]}
    done = subprocess.run([binary, "check"], capture_output=True, text=True, env=env)
    check("and with a mail server, too", done.returncode == 0 and "simulator" not in done.stdout, done.stdout + done.stderr)
    done = subprocess.run([binary, "check"], capture_output=True, text=True, env=env | {"TOUCHSTONE__MAIL__FROM": "touchstone@localhost"})
    check("which takes no mails of `localhost`", done.returncode == 1 and "mail.from" in done.stderr and "example.org" in done.stderr, done.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write("[http]\nlisten_on = 1\n")
        file.flush()
        done = subprocess.run([binary, "--config", file.name, "check"], capture_output=True, text=True, env={})
        check("and refuses a key that it does not know", done.returncode == 1 and "listen_on" in done.stderr, done.stderr)


def main():
    tools = Tools(sys.argv[1])
    binary = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug", "touchstone")
    rendered = {
        "dev": tools.render("k8s/overlays/dev"),
        "production": tools.render("k8s/overlays/production"),
        "everything, by a gateway": tools.everything("gateway"),
        "everything, by an ingress": tools.everything("ingress"),
    }
    schemas(tools, rendered)
    security(tools, rendered)
    for name, things in rendered.items():
        belongs(name, things)
    network(tools, rendered["production"])
    recipes(tools, rendered["production"])
    watched(tools, rendered["everything, by a gateway"])
    image(tools, rendered["production"])
    configurations(binary)
    composed(tools, binary)
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


if __name__ == "__main__":
    main()
