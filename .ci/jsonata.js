// Parses every JSONata expression of a workflow's definition, which asl-validator does not.
const jsonata = require("jsonata");
const { readFileSync } = require("node:fs");

let count = 0;
let failures = 0;

function visit(value, path) {
  if (typeof value === "string" && value.startsWith("{%")) {
    count += 1;
    try {
      jsonata(value.slice(2, -2));
    } catch (error) {
      failures += 1;
      console.error(`${path}: ${error.message}\n  ${value}`);
    }
  } else if (value !== null && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}/${key}`);
  }
}

visit(JSON.parse(readFileSync(process.argv[2], "utf8")), "");
console.log(`${count} JSONata expressions, ${failures} of them cannot be parsed`);
process.exitCode = failures === 0 ? 0 : 1;
