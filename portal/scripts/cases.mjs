// The scenario files of the repository as a module: which cases try which rule. They are data of the program and change with it,
// so they are read when the portal is built.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const NAME = 'virtual:scenario-cases';
const ROOT = path.resolve(import.meta.dirname, '../../scenarios');

/** The cases of one file: `- id:`, `title:` and `rules: [...]` stand on lines of their own. */
export function casesOf(file, text) {
  const cases = [];
  for (const line of text.split('\n')) {
    const id = /^\s+- id:\s*(\S+)/.exec(line)?.[1];
    if (id !== undefined) cases.push({ id, title: '', file, rules: [] });
    const last = cases.at(-1);
    if (last === undefined) continue;
    const title = /^\s+title:\s*(.+)$/.exec(line)?.[1];
    if (title !== undefined && last.title === '')
      last.title = title.replace(/^(['"])(.*)\1$/, '$2').replaceAll("''", "'");
    const rules = /^\s+rules:\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (rules !== undefined && last.rules.length === 0) last.rules = rules.split(',').map(rule => rule.trim());
  }
  return cases;
}

function files() {
  return ['', 'own'].flatMap(folder =>
    readdirSync(path.join(ROOT, folder))
      .filter(name => name.endsWith('.yaml'))
      .sort()
      .map(name => path.posix.join(folder, name)),
  );
}

/** A Vite plugin that answers `virtual:scenario-cases` with every case that names a rule. */
export function scenarioCases() {
  return {
    name: 'scenario-cases',
    resolveId(id) {
      return id === NAME ? `\0${NAME}` : null;
    },
    load(id) {
      if (id !== `\0${NAME}`) return null;
      const cases = files().flatMap(file => casesOf(file, readFileSync(path.join(ROOT, file), 'utf8')));
      return `export default ${JSON.stringify(cases.filter(one => one.rules.length > 0))}`;
    },
  };
}
