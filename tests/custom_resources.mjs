// Resources of operators, held against the models that are made of their own definitions: values by the models, and
// field names by their types.
//   node tests/custom_resources.mjs FOLDER < resources.json     FOLDER has the models among its node_modules
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const packages = {
  "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
  "external-secrets.io/v1": "@kubernetes-models/external-secrets/external-secrets.io/v1",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
};
const [folder, resources] = [resolve(process.argv[2]), JSON.parse(readFileSync(0, "utf8"))];

let typed = "";
for (const [index, resource] of resources.entries()) {
  const from = `${packages[resource.apiVersion]}/${resource.kind}`;
  const model = await import(pathToFileURL(resolve(folder, "node_modules", `${from}.js`)));
  new model[resource.kind](resource).validate();
  typed += `import type { I${resource.kind} as Kind${index} } from "${from}";\n`;
  typed += `export const resource${index}: Kind${index} = ${JSON.stringify(resource, null, 1)};\n`;
}
const file = resolve(folder, `resources-${process.pid}.mts`);
writeFileSync(file, typed);
const tsc = resolve(folder, "node_modules/typescript/bin/tsc");
const done = spawnSync(process.execPath, [tsc, "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", file], { encoding: "utf8" });
rmSync(file);
process.stdout.write(done.stdout);
process.exit(done.status ?? 1);
