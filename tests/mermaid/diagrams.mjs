// Finds the mermaid diagrams of Markdown files and tells what mermaid's own parser read in them.
//
//   node tests/mermaid/diagrams.mjs [--base DIR] FILE_OR_FOLDER…
//
// prints a line of JSON for each diagram, in the order of the files' names:
//
//   {"file", "line", "characters",
//    "participants": [{"id", "text"}],
//    "events": [{"kind": "message", "number", "from", "to", "reply", "text"},
//               {"kind": "note", "placement", "from", "to", "text"},
//               {"kind": "opt", "text"}, {"kind": "end"}, …]}
//
// so that what came out can be compared with what went in; texts are as a reader sees them, and numbers
// are those that `autonumber` draws. The exit status is 1 where mermaid refuses a diagram, where it is
// longer than a page may show, and where there was none; standard error says which.
//
// A diagram is a `mermaid` fence, a whole `.mmd` file, or a `diagram.md` without a fence: the messages of
// the snippets layout, which get the two lines that the including page has. Snippet markers inside a
// fence are resolved against --base (default: docs), as the site's builders do.
//
// Both mermaids in use parse each diagram: 11, which MkDocs Material loads, and 12, which Zensical does.
// What this leaves out is drawing: see tests/site/browser.test.mjs.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** mermaid draws an error instead of a longer text, and a page cannot raise this (`maxTextSize`). */
export const MAX_CHARACTERS = 50_000;

/** The Markdown and mermaid files of a folder and all below, sorted by path; a file is itself. */
export function filesOf(path) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => /\.(md|mmd)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** The diagrams of a file as [{file, line, text}]; `line` is that of its first line, from 1. */
export function diagramsOf(file, base) {
  const source = readFileSync(file, 'utf8');
  if (file.endsWith('.mmd')) return [{ file, line: 1, text: source }];
  const fences = mermaidFences(source);
  if (fences.length === 0 && basename(file) === 'diagram.md') {
    return [{ file, line: 1, text: `sequenceDiagram\nautonumber\n${source}` }];
  }
  return fences.map(({ line, text }) => ({ file, line, text: withIncludes(text, base) }));
}

/** What mermaid read: {participants, events}. Throws what mermaid throws. */
export async function read(text) {
  // Without a browser mermaid cannot clean the text alternative of a diagram; what it makes of it, browsers show.
  const drawn = text.replace(/^ *acc(Title|Descr): .*\n/gm, '');
  for (const { mermaid } of await parsers()) await mermaid.parse(drawn);
  // parse leaves what it read in the parser: nothing else hands it out after the same preparation of the text.
  const db = (await parsers())[0].sequence.parser.parser.yy;
  return { participants: participantsOf(db), events: eventsOf(db) };
}

let loaded;

async function parsers() {
  loaded ??= Promise.all(['mermaid', 'mermaid-12'].map(load));
  return loaded;
}

async function load(name) {
  const dist = fileURLToPath(new URL(`../../node_modules/${name}/dist/`, import.meta.url));
  const chunks = join(dist, 'chunks/mermaid.core');
  const sequence = readdirSync(chunks).find((file) => /^sequenceDiagram-\w+\.mjs$/.test(file));
  return {
    mermaid: (await import(join(dist, 'mermaid.core.mjs'))).default,
    sequence: (await import(join(chunks, sequence))).diagram,
  };
}

function participantsOf(db) {
  return [...db.getActors().values()].map(({ name, description }) => ({ id: name, text: shown(description) }));
}

// mermaid's numbers for line types (LINETYPE in its sequenceDb).
const MESSAGES = new Map([[0, false], [1, true], [3, false], [4, true], [5, false], [6, true], [24, false], [25, true], [33, false], [34, true]]);
const GROUPS = new Map([[10, 'loop'], [12, 'alt'], [13, 'else'], [15, 'opt'], [19, 'par'], [20, 'and'], [22, 'rect'], [27, 'critical'], [28, 'option'], [30, 'break'], [32, 'par_over']]);
const ENDS = new Set([11, 14, 16, 21, 23, 29, 31]);
const PLACEMENTS = ['left', 'right', 'over'];
const NOTE = 2;
const AUTONUMBER = 26;

function eventsOf(db) {
  // As mermaid's sequenceRenderer counts: every message does, numbered or not.
  let number = 1;
  let step = 1;
  let visible = false;
  const events = [];
  for (const { type, from, to, message, placement } of db.getMessages()) {
    if (type === AUTONUMBER) {
      number = message.start || number;
      step = message.step || step;
      visible = message.visible;
    } else if (type === NOTE) {
      events.push({ kind: 'note', placement: PLACEMENTS[placement], from, to, text: shown(message) });
    } else if (MESSAGES.has(type)) {
      events.push({ kind: 'message', number: visible ? number : null, from, to, reply: MESSAGES.get(type), text: shown(message) });
      number += step;
    } else if (GROUPS.has(type)) {
      events.push({ kind: GROUPS.get(type), text: shown(message) });
    } else if (ENDS.has(type)) {
      events.push({ kind: 'end' });
    }
  }
  return events;
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

// Before it parses, mermaid turns `#35;` into `ﬂ°°35¶ß` and `#lt;` into `ﬂ°lt¶ß`; when it has drawn, into an entity.
function shown(text) {
  return String(text ?? '')
    .replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/ﬂ°(\w+)¶ß/g, (all, name) => NAMED[name] ?? all);
}

// A fence closes on its own character, count and indent (pymdownx.superfences); what is inside another is text.
function mermaidFences(source) {
  const fences = [];
  let open;
  source.split(/\r?\n/).forEach((line, index) => {
    const [, indent, marks, info] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open && marks === open.marks && indent === open.indent && info.trim() === '') {
      if (open.mermaid) fences.push({ line: open.line, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
    } else if (marks && !info.includes('`')) {
      open = { indent, marks, mermaid: /^\s*mermaid\b/.test(info), line: index + 2, lines: [] };
    }
  });
  return fences;
}

function withIncludes(text, base) {
  return text.replace(/^([ \t]*)--8<-- "([^"\n]+)"[ \t]*$/gm, (_, indent, path) =>
    readFileSync(join(base, path), 'utf8').replace(/\n$/, '').replace(/^/gm, indent));
}

async function main(args) {
  const at = args.indexOf('--base');
  const [, base] = at < 0 ? [, 'docs'] : args.splice(at, 2);
  if (args.length === 0) throw new Error('which files or folders?');
  let count = 0;
  for (const { file, line, text } of args.flatMap(filesOf).flatMap((file) => diagramsOf(file, base))) {
    count += 1;
    const characters = text.length;
    try {
      process.stdout.write(`${JSON.stringify({ file, line, characters, ...(await read(text)) })}\n`);
      if (characters > MAX_CHARACTERS) throw new Error(`${characters} characters, and mermaid draws no more than ${MAX_CHARACTERS}`);
    } catch (error) {
      process.stderr.write(`${file}:${line}: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  if (count === 0) throw new Error('no diagram found');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`diagrams: ${error.message}\n`);
    process.exitCode = 1;
  });
}
