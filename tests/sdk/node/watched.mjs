// Notes which methods of the SDK are called with which options, and what of the SDK no call has touched.
//
// What must be called is read from the SDK itself: its classes, and the types that it ships. So a new version with a new
// method or option fails until the script calls it or `out_of_scope.json` says why not.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const scopePath = join(dirname(fileURLToPath(import.meta.url)), 'out_of_scope.json');

/** Whether it is one of the client's resources, such as `workos.events`. */
function isRoom(value) {
  return typeof value === 'object' && value !== null && methodsOf(value).length > 0;
}

function methodsOf(room) {
  const prototype = Object.getPrototypeOf(room);
  if (prototype === Object.prototype) return [];
  const described = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return described.filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function').map(([name]) => name);
}

/** The client, whose calls are noted in `calls`: by room and method, the options that were given. */
export function watched(client, calls) {
  const room = (name, target) =>
    new Proxy(target, {
      get(_, method) {
        const found = target[method];
        if (typeof found !== 'function') return found;
        return (...given) => {
          const options = (calls[`${name}.${method}`] ??= new Set());
          for (const value of given) {
            const isOptions = typeof value === 'object' && value !== null;
            for (const option of isOptions ? Object.keys(value) : []) options.add(option);
          }
          return found.apply(target, given);
        };
      },
    });
  return new Proxy(client, {
    get: (_, name) => (isRoom(client[name]) ? room(name, client[name]) : client[name]),
  });
}

/** The options that each method takes, by class and method, as the SDK's own types say. */
function declaredOptions(entry) {
  const folder = dirname(entry);
  const files = readdirSync(folder).filter((file) => file.endsWith('.d.mts'));
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const types = {};
  for (const [, name, base, body] of text.matchAll(/^interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)^\}/gm)) {
    types[name] = { base, own: [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, option]) => option) };
  }
  for (const [, name, option] of text.matchAll(/^type (\w+) = Pick<\w+, '(\w+)'>/gm)) types[name] = { own: [option] };
  const optionsOf = (name) => (types[name] ? [...optionsOf(types[name].base), ...types[name].own] : []);
  const found = {};
  for (const [, name, body] of text.matchAll(/^declare class (\w+) \{\n([\s\S]*?)^\}/gm)) {
    for (const [, method, parameters] of body.matchAll(/^ {2}(\w+)(?:<[^(]*>)?\((.*?)\): Promise/gm)) {
      const named = [...parameters.matchAll(/\w+\??: (\w+)/g)].flatMap(([, type]) => optionsOf(type));
      found[`${name}.${method}`] = named;
    }
  }
  return found;
}

/** What of the SDK was neither called nor stands in `out_of_scope.json`, and what stands there without need. */
export function leftOut(client, calls, entry) {
  const scope = JSON.parse(readFileSync(scopePath, 'utf8'));
  const reasons = Object.assign({}, ...Object.values(scope));
  const declared = declaredOptions(entry);
  const [findings, known] = [[], new Set()];
  for (const roomName of Object.keys(client).filter((name) => isRoom(client[name]))) {
    known.add(roomName);
    if (reasons[roomName]) continue;
    const room = client[roomName];
    for (const method of methodsOf(room)) {
      const name = `${roomName}.${method}`;
      known.add(name);
      if (reasons[name]) {
        if (calls[name]) findings.push(`${name} is called, and stands in out_of_scope.json`);
        continue;
      }
      if (!calls[name]) {
        findings.push(`${name} is never called`);
        continue;
      }
      const options = declared[`${room.constructor.name}.${method}`];
      if (!options) findings.push(`${name}: the SDK's types do not declare it`);
      for (const option of options ?? []) {
        known.add(`${name}(${option})`);
        if (!calls[name].has(option) && !reasons[`${name}(${option})`]) {
          findings.push(`${name} is never called with \`${option}\``);
        }
      }
    }
  }
  const unknown = Object.keys(reasons).filter((name) => !known.has(name));
  return [...findings, ...unknown.map((name) => `out_of_scope.json names ${name}, which is not in the SDK`)];
}

/** Where the SDK looked for a field that was not in the answer: it reads such a one as undefined. */
export function missing(value, path = 'data') {
  if (value === undefined) return [path];
  if (value === null || typeof value !== 'object') return [];
  const name = (key) => (Array.isArray(value) ? path : `${path}.${key}`);
  return Object.entries(value).flatMap(([key, part]) => missing(part, name(key)));
}
