/**
 * Deploys Homehail with the CDK.
 *
 * This app includes `infra/template.yaml`, the one description of the platform, as it is, and adds
 * only where each function's built binary lies. Names, routes, roles, parameters and alarms are
 * changed in the template, never here.
 *
 * Context (`-c name=value`):
 *   stack     the stack's name, which also begins the names of queues, bus and timers; `homehail`
 *   binaries  the folder that `infra/build` filled; `target/lambda` of this checkout
 *   template  the template; `infra/template.yaml` of this checkout
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { App, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnFunction } from "aws-cdk-lib/aws-sam";

const repository = resolve(__dirname, "../../..");

const app = new App();
const binaries = resolve(app.node.tryGetContext("binaries") ?? join(repository, "target/lambda"));
const stack = new Stack(app, app.node.tryGetContext("stack") ?? "homehail", {
  description: "Homehail, from infra/template.yaml",
});

const template = new CfnInclude(stack, "Template", {
  templateFile: resolve(app.node.tryGetContext("template") ?? join(repository, "infra/template.yaml")),
});

for (const child of template.node.findAll()) {
  if (child instanceof CfnFunction) {
    useBuiltBinary(child);
  }
}

/** Points a function at its built binary, as the template names it, instead of at its source. */
function useBuiltBinary(lambda: CfnFunction): void {
  const binary: unknown = lambda.cfnOptions.metadata?.BuildProperties?.Binary;
  if (typeof binary !== "string") {
    throw new Error(`${lambda.logicalId} does not name its binary in Metadata.BuildProperties`);
  }
  const folder = join(binaries, binary);
  if (!existsSync(join(folder, "bootstrap"))) {
    throw new Error(`${folder}/bootstrap is missing: run infra/build first`);
  }
  const code = new Asset(lambda, "Binary", { path: folder });
  lambda.codeUri = { bucket: code.s3BucketName, key: code.s3ObjectKey };
}
