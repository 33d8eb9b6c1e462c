// Checks the contract by Redocly's strictest rules, and that nothing in it is unused: lint.js <openapi.yaml>

import { createConfig, lint } from "@redocly/openapi-core";

const rules = { "no-unused-components": "error" } as const;
const config = await createConfig({ extends: ["recommended-strict"], rules });
const problems = await lint({ ref: process.argv[2] ?? "", config });
for (const { ruleId, message, location } of problems) {
    console.error(`${location[0]?.pointer}: ${message} (${ruleId})`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
