// Our JSON Schema validator, through `leanmcp schema validate --jsonl`, against ajv's 2020-12 mode on generated schemas and instances.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { bin } from '../support/process.mjs';

const pairs = Number(process.env.PAIRS ?? 5000);

// A small generator with a seed, so that a failure can be run again.
let state = Number(process.env.SEED ?? 20260728);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;
const names = ['a', 'b', 'c', 'foo', 'é', 'a/b'];
// Multiples of numbers that binary holds exactly: on others ajv divides doubles, where the specification means numbers
// (Validation, section 6.2.1).
const numbers = [0, 1, -1, 2, 3.5, 0.25, 10, 1e6, -7, 4294967296, 9007199254740991];
const strings = ['', 'a', 'ab', 'abc', 'foo', 'é', '😀', 'a b', '12'];
const patterns = ['^a', 'b$', '^[a-c]+$', '\\d+', 'foo|bar', '^.{2}$'];

function instance(depth) {
  const kind = below(depth > 0 ? 8 : 5);
  switch (kind) {
    case 0: return null;
    case 1: return chance(0.5);
    case 2: case 3: return pick(numbers);
    case 4: return pick(strings);
    case 5: case 6: return Array.from({ length: below(4) }, () => instance(depth - 1));
    default: {
      const out = {};
      for (let i = below(4); i > 0; --i) out[pick(names)] = instance(depth - 1);
      return out;
    }
  }
}

function some(depth, make) {
  return Array.from({ length: 1 + below(3) }, () => make(depth));
}

function named(depth) {
  const out = {};
  for (let i = 1 + below(3); i > 0; --i) out[pick(names)] = schema(depth);
  return out;
}

// ajv takes an empty list for `contains` with an explicit `minContains: 1` (against Core, section 10.3.1.3): not generated.
const keywords = [
  (d) => ({ type: chance(0.7) ? pick(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']) : ['string', 'integer'] }),
  () => ({ enum: [instance(1), instance(1), instance(0)].filter((v, i, all) => all.findIndex((w) => JSON.stringify(w) === JSON.stringify(v)) === i) }),
  () => ({ const: instance(1) }),
  () => ({ multipleOf: pick([1, 2, 0.25, 4]) }),
  () => ({ maximum: pick(numbers) }),
  () => ({ minimum: pick(numbers) }),
  () => ({ exclusiveMaximum: pick(numbers) }),
  () => ({ exclusiveMinimum: pick(numbers) }),
  () => ({ maxLength: below(4) }),
  () => ({ minLength: below(3) }),
  () => ({ pattern: pick(patterns) }),
  () => ({ maxItems: below(4) }),
  () => ({ minItems: below(3) }),
  () => ({ uniqueItems: chance(0.8) }),
  () => ({ maxProperties: below(4) }),
  () => ({ minProperties: below(3) }),
  () => ({ required: [pick(names)] }),
  () => ({ dependentRequired: { [pick(names)]: [pick(names)] } }),
  (d) => ({ dependentSchemas: { [pick(names)]: schema(d) } }),
  (d) => ({ contains: schema(d), ...(chance(0.3) ? { minContains: pick([0, 2]) } : {}), ...(chance(0.3) ? { maxContains: below(3) } : {}) }),
  (d) => ({ prefixItems: some(d, schema) }),
  (d) => ({ items: schema(d) }),
  (d) => ({ properties: named(d) }),
  (d) => ({ properties: named(d), additionalProperties: schema(d) }),
  (d) => ({ patternProperties: { [pick(patterns)]: schema(d) } }),
  () => ({ propertyNames: { maxLength: 1 + below(3) } }),
  (d) => ({ allOf: some(d, schema) }),
  (d) => ({ anyOf: some(d, schema) }),
  (d) => ({ oneOf: some(d, schema) }),
  (d) => ({ not: schema(d) }),
  (d) => ({ if: schema(d), then: schema(d), else: schema(d) }),
  (d) => ({ properties: named(d), anyOf: some(d, object_schema), unevaluatedProperties: chance(0.5) ? false : schema(d) }),
  (d) => ({ prefixItems: some(d, schema), anyOf: some(d, array_schema), unevaluatedItems: chance(0.5) ? false : schema(d) }),
  () => ({ $ref: pick(['#/$defs/one', '#/$defs/two', '#three']) }),
];

function object_schema(depth) {
  return { properties: named(depth), ...(chance(0.5) ? { required: [pick(names)] } : {}) };
}
function array_schema(depth) {
  return { prefixItems: some(depth, schema), ...(chance(0.5) ? { minItems: below(3) } : {}) };
}
function schema(depth) {
  if (depth <= 0) return chance(0.2) ? chance(0.5) : { ...pick(keywords.slice(0, 11))(0) };
  const out = {};
  for (let i = 1 + below(2); i > 0; --i) Object.assign(out, pick(keywords)(depth - 1));
  return out;
}

function whole() {
  // Definitions refer to nothing, so that no generated schema can refer to itself on the same instance for ever.
  const plain = () => ({ ...pick(keywords.slice(0, 11))(0), ...pick(keywords.slice(0, 11))(0) });
  return { ...schema(3), $defs: { one: plain(), two: { properties: { a: plain() } }, x: { $anchor: 'three', ...plain() } } };
}

// Strict trees: an extended schema that a dynamic reference must find.
function dynamic() {
  return {
    $id: 'https://example.com/strict', $dynamicAnchor: 'node', $ref: 'tree', unevaluatedProperties: false,
    $defs: { tree: { $id: 'tree', $dynamicAnchor: 'node', type: 'object',
      properties: { a: schema(0), b: { type: 'array', items: { $dynamicRef: '#node' } } } } },
  };
}
function tree(depth) {
  const out = {};
  if (chance(0.6)) out.a = instance(0);
  if (depth > 0 && chance(0.7)) out.b = Array.from({ length: below(3) }, () => tree(depth - 1));
  if (chance(0.15)) out.c = 1;
  return out;
}

const cases = [];
while (cases.length < pairs) {
  const is_tree = cases.length % 20 === 0;
  const s = is_tree ? dynamic() : whole();
  // ajv leaves items that `contains` has matched unevaluated (against Core, section 11.2), and beside `prefixItems` takes
  // an empty list for any `contains` (against Core, section 10.3.1.3).
  const text = JSON.stringify(s);
  if (text.includes('"contains"') && (text.includes('"unevaluatedItems"') || text.includes('"prefixItems"'))) continue;
  for (let i = 0; i < 4; ++i) cases.push({ schema: s, instance: is_tree ? tree(3) : instance(3) });
}
const ran = spawnSync(path.join(bin, 'leanmcp'), ['schema', 'validate', '--jsonl'], { input: cases.map((c) => JSON.stringify(c)).join('\n') + '\n', maxBuffer: 1 << 28 });
const verdicts = ran.stdout.toString().trim().split('\n').map((line) => JSON.parse(line));

let passed = 0;
let failed = 0;
let valid = 0;
let without_verdict = 0;
for (let i = 0; i < cases.length; ++i) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  let expected;
  try {
    expected = ajv.validate(cases[i].schema, cases[i].instance);
  } catch (error) {
    // ajv's own generated code broke; it has no verdict to compare with.
    ++without_verdict;
    continue;
  }
  const got = verdicts[i]?.valid;
  if (expected === true) ++valid;
  if (got === expected) {
    ++passed;
  } else if (++failed <= 10) {
    console.log(`FAIL ajv says ${expected}, we say ${JSON.stringify(verdicts[i])}\n  ${JSON.stringify(cases[i])}`);
  }
}
console.log(`of ${cases.length} pairs ${valid} are valid; ajv has no verdict on ${without_verdict}`);
console.log(`schema differential: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed >= Math.min(2000, cases.length * 0.9) ? 0 : 1);
