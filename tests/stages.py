#!/usr/bin/env python3
"""The Dockerfile's stages up to `build`, done on this machine as they are written, where no registry is at hand.

    tests/stages.py FOLDER [PROFILE]      PROFILE in the place of `dist`, e.g. `dev`

FOLDER/STAGE/… becomes what the stage would have below /src and /image. Every RUN is run by a shell for which the rest
of this system is the base image's; what it installs goes into .tools. COPY from the checkout is buildah's, so that
.dockerignore means what it means to an engine: whatever a stage reads and is not given is missed here, too.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from page import ROOT

PLACES = ("src", "image")
TOOLS = os.path.join(ROOT, ".tools", "cargo")


def stages():
    """Each stage's name, what it begins with, and its instructions."""
    with open(os.path.join(ROOT, "Dockerfile")) as file:
        lines = [it for it in file.read().replace("\\\n", " ").splitlines() if it.strip() and not it.startswith("#")]
    found = []
    for word, rest in (line.split(None, 1) for line in lines):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append((name, base, []))
        else:
            found[-1][2].append((word, rest))
    return found


class Stage:
    """A stage's folders, which begin as those of the one that it is made from."""

    def __init__(self, home, name, profile, base):
        self.home, self.profile, self.work = os.path.join(home, name), profile, base.work if base else "/"
        for place in PLACES:
            os.makedirs(os.path.join(self.home, place), exist_ok=True)
            if base:
                shutil.copytree(os.path.join(base.home, place), os.path.join(self.home, place), dirs_exist_ok=True, symlinks=True)

    def there(self, path):
        """Where a path of the stage is on this machine."""
        path = os.path.normpath(os.path.join(self.work, path))
        if path.split("/")[1] not in PLACES:
            raise SystemExit(f"{path} is nothing that a stage makes")
        return self.home + path

    def copy(self, words, others):
        origin = next((it.split("=", 1)[1] for it in words if it.startswith("--from=")), None)
        source, target = [it for it in words if not it.startswith("--")]
        if origin:
            source = others[origin].there(source)
            take = shutil.copytree if os.path.isdir(source) else shutil.copy
            return take(source, self.there(target))
        with tempfile.TemporaryDirectory() as storage:
            buildah = lambda *words: output("buildah", "--root", f"{storage}/images", "--runroot", f"{storage}/run", *words)
            container = buildah("from", "scratch")
            try:
                buildah("copy", "--contextdir", ROOT, "--ignorefile", os.path.join(ROOT, ".dockerignore"), container, os.path.join(ROOT, source), "/")
                return shutil.copytree(buildah("mount", container), self.there(target), dirs_exist_ok=True, symlinks=True)
            finally:
                buildah("rm", container)

    def run(self, command):
        if self.profile != "dist":
            folder = "debug" if self.profile == "dev" else self.profile
            command = command.replace("cargo install", "cargo install --debug") if self.profile == "dev" else command
            command = command.replace("--profile dist", f"--profile {self.profile}").replace("target/dist/", f"target/{folder}/")
        root = []
        for name in sorted(os.listdir("/")):
            path = "/" + name
            if os.path.islink(path):
                root += ["--symlink", os.readlink(path), path]
            elif name not in (*PLACES, "proc", "dev"):
                root += ["--bind", path, path]
        own = [word for place in PLACES for word in ("--bind", os.path.join(self.home, place), "/" + place)]
        env = {key: value for key, value in os.environ.items() if not key.startswith("CARGO_") or key == "CARGO_HOME"}
        env |= {"CARGO_INSTALL_ROOT": TOOLS, "PATH": f"{TOOLS}/bin:{os.environ['PATH']}"}
        print(f"RUN {command}", flush=True)
        done = subprocess.run(["bwrap", *root, *own, "--proc", "/proc", "--dev", "/dev", "--chdir", self.work, "--die-with-parent", "/bin/sh", "-c", command], env=env)
        if done.returncode:
            raise SystemExit(f"`{command}` ends with {done.returncode}")

    def follow(self, instructions, others):
        for word, rest in instructions:
            if word == "WORKDIR":
                self.work = rest
                os.makedirs(self.there("."), exist_ok=True)
            elif word == "COPY":
                self.copy(shlex.split(rest), others)
            elif word == "RUN":
                self.run(rest)
            else:
                raise SystemExit(f"{word} is not known here")


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def main():
    home, profile = os.path.abspath(sys.argv[1]), (sys.argv[2:] or ["dist"])[0]
    made = {}
    for name, base, instructions in stages():
        if base not in made:
            toolchain, here = base.split(":")[1].split("-")[0], output("rustc", "--version").split()[1]
            if not here.startswith(toolchain + "."):
                raise SystemExit(f"the Dockerfile builds with Rust {toolchain}, and here is {here}")
        made[name] = Stage(home, name, profile, made.get(base))
        made[name].follow(instructions, made)
        if name == "build":
            return


if __name__ == "__main__":
    main()
