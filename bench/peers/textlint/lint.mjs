// textlint with the rule prh, and prh alone, as a peer (see bench/peers/__init__.py): one warm process, library calls.
// The rule reads its phrases anew for every document, so all texts are one document of as many paragraphs: its best case.
// Phrases are regular expressions without case and with word borders.
// Each phrase is a rule, as people write them: one rule with all of them is ten times slower under Node.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { TextlintKernel } from "@textlint/kernel";
import textPlugin from "@textlint/textlint-plugin-text";
import prhRule from "textlint-rule-prh";
import { fromYAML } from "prh";

const require = createRequire(import.meta.url);
const unwrapped = (module) => module.default ?? module;
const escaped = (phrase) => phrase.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
const pattern = (phrase) => `/\\b${escaped(phrase)}\\b/i`;
// prh reports nothing where the text is as expected already; no text holds this.
const expected = "\u2026";

// JSON is YAML
const rules = (phrases) =>
  JSON.stringify({ version: 1, rules: phrases.map((phrase) => ({ expected, pattern: pattern(phrase) })) });

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (told) => process.stdout.write(JSON.stringify(told) + "\n");
const given = JSON.parse((await lines.next()).value);
const contents = rules(given.phrases);

const kernel = new TextlintKernel();
const document = given.texts.join("\n\n");
const options = {
  ext: ".txt",
  plugins: [{ pluginId: "text", plugin: unwrapped(textPlugin) }],
  rules: [{ ruleId: "prh", rule: unwrapped(prhRule), options: { ruleContents: [contents] } }],
};
const engine = fromYAML("", contents);

async function linted() {
  const result = await kernel.lintText(document, options);
  return result.messages.map((message) => [message.line, message.message.split(" => ")[0]]);
}

async function alone() {
  return given.texts.map((text) => engine.makeChangeSet("", text).diffs.map((diff) => diff.matches[0]));
}

const once = given.tool === "textlint" ? linted : alone;
await once();
const version = (name) => require(`${name}/package.json`).version;
tell({
  versions: `@textlint/kernel ${version("@textlint/kernel")}, textlint-rule-prh ${version("textlint-rule-prh")}, ` +
    `prh ${version("prh")}, Node.js ${process.versions.node}`,
});
for await (const line of lines) {
  if (JSON.parse(line).ask === "round") {
    const before = process.cpuUsage();
    await once();
    const used = process.cpuUsage(before);
    tell({ cpu_s: (used.user + used.system) / 1e6 });
  } else {
    tell({ found: await once() });
  }
}
