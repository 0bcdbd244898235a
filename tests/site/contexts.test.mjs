// What was captured is data wherever a page source puts it: every field that a hole prints, in every context
// that Markdown has, by both builders, with the extensions that sites use. In the browser, no script runs, the
// elements of each place are those that a harmless text has there, and a reader sees the text as it was captured.
//
// A place that cannot hold a text is refused by docgen, with its line; then the block is left out, and only the
// places named in REFUSING may do that. What is known to be otherwise is in KNOWN.
//
// Drawings of such texts stand where a block may, on a page of their own each: see DRAWN.
//
// By default only the kinds of text in SAMPLE are looked at, which have every field in every context;
// DOCGEN_CONTEXTS=every looks at each kind, DOCGEN_CONTEXTS=edits,comment at these two. DOCGEN names another program than target/release/docgen.

import assert from 'node:assert/strict';
import { spawnSync, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

import { launch, open } from './browser.mjs';
import { serve, siteConfig, sites } from './site.mjs';

const DOCGEN = resolve(process.env.DOCGEN ?? 'target/release/docgen');
const PROJECT = resolve('.build/contexts');

// Besides those of docgen's own site, which are the last list of its settings.
const EXTENSIONS = [
  'abbr', 'def_list', 'footnotes', 'pymdownx.betterem', 'pymdownx.caret', 'pymdownx.critic', 'pymdownx.emoji',
  'pymdownx.keys', 'pymdownx.magiclink', 'pymdownx.mark', 'pymdownx.progressbar', 'pymdownx.smartsymbols',
  'pymdownx.tasklist', 'pymdownx.tilde',
];
const MORE_SETTINGS = `  - pymdownx.arithmatex:
      generic: true
validation:
  links:
    not_found: ignore
    unrecognized_links: ignore
    absolute_links: ignore
    anchors: ignore
`;

const RUN = 'window.ran=1';
const ALL_KINDS = {
  harmless: 'harmless7',
  script: `<script>${RUN}</script>`,
  image: `<img src=x onerror="${RUN}">`,
  svg: `<svg onload=${RUN}><style>`,
  frame: `</code></pre></div><iframe srcdoc="<script>parent.${RUN}</script>">`,
  comment: '<!-- gone',
  cdata: '<![CDATA[ <? gone',
  closing: '--> </script> </details> ]]>',
  link: `[a](javascript:${RUN})`,
  picture: '![a](https://elsewhere.invalid/x.png)',
  scheme: `javascript:${RUN}//`,
  autolink: '<https://elsewhere.invalid> https://elsewhere.invalid www.elsewhere.invalid a@elsewhere.invalid',
  quotes: `" onmouseover="${RUN}" x="`,
  apostrophes: `' onmouseover='${RUN}' x='`,
  attributes: `{onclick=${RUN} .gone #gone}`,
  colons: `{: onclick=${RUN} }`,
  emphasis: '*a* _b_ **c** __d__ ~e~ ~~f~~ ^g^ ==h== ++ctrl+x++ a',
  edits: '{++i++} {--j--} {~~k~>l~~} {>>m<<}',
  symbols: ':smile: (c) (tm) +/- 1/2 --> c/o =/=',
  formula: `$x$ $$\\href{javascript:${RUN}}{x}$$ \\(y\\) \\[z\\]`,
  mermaid: `%%{init: {"x": 1}}%% click A href "javascript:${RUN}" #9829; end; a`,
  backtick: '` a `` b ``` c',
  fence: '``` js',
  tildes: '~~~ js',
  heading: '# a',
  item: '- a',
  number: '1. a',
  quote: '> a',
  table: '| a | b | - |',
  rule: '---',
  underline: '===',
  tab: '=== "a"',
  admonition: '!!! note "a"',
  details: '???+ note "a"',
  block: '/// note | a',
  footnote: '[^1] [^1]: a [a]: b *[c]: d [TOC]',
  snippet: '--8<-- "index.md"',
  snippet_end: '8<-- "index.md"',
  section: 'x --8<-- [start:a]',
  jinja: '{{ 7 * 7 }} {% raw %} {# a #}',
  entity: '&lt;b&gt; &#60;i&#62; &amp',
  backslash: 'a\\',
  bang: 'a!',
  definition: ':   a',
  task: '[ ] a [x] b',
  all: `<img src=x onerror="${RUN}"> [a](javascript:${RUN}) \`b\` *c* {onclick=${RUN}} | $x$ :smile: &lt; \\`,
};
// With every field; the other kinds only with OFTEN.
const WHOLE = ['harmless', 'quotes', 'all'];
const SAMPLE = ['scheme', 'snippet', 'snippet_end', 'all'];
const KINDS = chosen(process.env.DOCGEN_CONTEXTS);

// `@` is the hole. The blocks of a page are told apart by the paragraphs before them.
const CONTEXTS = {
  'prose': 'a @ b',
  'a paragraph': '@',
  'beside a word': 'a@b',
  'beside another hole': '@@',
  'behind a code span': '`a`@',
  'behind a bang': '!@(a)',
  'in brackets': '[@](https://example.invalid/)',
  'before brackets': '@[a](https://example.invalid/)',
  'a heading': '#### a @',
  'a whole heading': '#### @',
  'an item': '- @',
  'a number': '1. @',
  'a quote': '> @',
  'a cell': '| a | b |\n| - | - |\n| @ | c |',
  'emphasis': '*a @ b* **@**',
  'a code span': '`@`',
  'a long code span': '`` @ ``',
  'words in code': '`a @ b`',
  'two in code': '`@ @`',
  'a fence': '```\n@\n```',
  'a fence of tildes': '~~~\n@\n~~~',
  'a line of a fence': '```\na: @\n```',
  'dashes in a fence': '```\n--@\n```',
  'dashes': '--@',
  'a fence in a quote': '> ```\n> @\n> ```',
  'a fence in an item': '- a\n\n    ```\n    @\n    ```',
  'a title of a fence': '``` text title="@"\na\n```',
  'indented code': '    a @',
  'a title': '!!! note "a @"\n    b',
  'a folded title': '??? note "@"\n    b',
  'a folded body': '??? note "b"\n    @',
  'a tab': '===! "@"\n    b',
  'a body of a tab': '===! "b"\n    @',
  'a destination': '[a](https://example.invalid/@)',
  'a whole destination': '[a](@)',
  'a link title': '[a](https://example.invalid/ "@")',
  'HTML': '<div>@</div>',
  'HTML of several lines': '<div>\n\n@\n\n</div>',
  'HTML in a line': 'a <b>@</b>',
  'a value of HTML': 'a <span title="@">b</span>',
  'a link of HTML': 'a <a href="@">b</a>',
  'a comment': 'a\n\n<!-- @ -->',
};

// Where a diagram that is drawn ahead may stand: a block of its own, at any depth.
const DRAWN = {
  'a paragraph': '@',
  'below a paragraph': 'a\n@',
  'an item': '- a\n\n    @',
  'an item of an item': '1. a\n    - b\n\n        @',
  'a quote': '> @',
  'an admonition': '!!! note "a"\n    @',
  'a folded body': '??? note "a"\n\n    @',
  'a tab': '===! "a"\n    @\n\n=== "b"\n\n    c',
  'a tab in an admonition in an item': '- a\n\n    !!! note "b"\n\n        === "c"\n\n            @',
};

// Where the text is not shown by itself.
const UNSEEN = ['a destination', 'a whole destination', 'a link title', 'a value of HTML', 'a link of HTML', 'a comment'];
// Where docgen may refuse a text.
const REFUSING = [
  'a fence', 'a fence of tildes', 'a fence in a quote', 'a fence in an item', 'dashes in a fence', 'words in code',
  'a long code span', 'indented code', 'a whole destination', 'a link of HTML',
];

// What builders make of a text where it cannot be kept from them: neither a script nor a link. An entry that is
// no longer needed fails.
const KNOWN = [
  {
    kind: 'edits',
    why: 'pymdownx.critic, which no site has by default, reads the source before code is found, and has no escape there',
    contexts: [
      'a code span', 'a long code span', 'words in code', 'two in code', 'a fence', 'a fence of tildes', 'a line of a fence',
      'dashes in a fence', 'a fence in a quote', 'a fence in an item', 'a title of a fence',
    ],
    // It is shown as code.
    fields: ['page_title'],
  },
  {
    kind: 'comment',
    why: 'Python-Markdown takes `<!--` in a code span for the begin of a comment, and wraps HTML behind it in a paragraph',
    contexts: ['HTML', 'HTML of several lines'],
    fields: [],
  },
];

const FIELDS = {
  value: 'value(x.response, "/name")',
  header: 'value(x.response, "X-Case")',
  reason: 'x.response.reason',
  verb: 'x.response.verb',
  title: 'x.request.title',
  summary: 'x.request.summary',
  url: 'x.request.url',
  path: 'x.request.path',
  raw_path: 'x.request.raw_path',
  query: 'x.request.query',
  client: 'x.request.client',
  server: 'x.request.server',
  var: 'var.v',
  body: 'x.request.body',
  raw_body: 'x.request.raw_body',
  headers: 'x.request.headers',
  part: 'part(x.request.body, 1)',
  output: 'output.text',
  command: 'command.line',
  command_text: 'command.text',
  reference: 'reference.text',
  page_title: 'title',
  seen: 'seen.release',
  seen_time: 'seen.time',
  heading: 'heading(x.response)',
};
// With every kind of text; the other fields only with WHOLE.
const OFTEN = ['value', 'reason', 'body', 'page_title'];

const BLOCKS = Object.keys(FIELDS).flatMap((field) => Object.keys(CONTEXTS).map((context) => ({ field, context })));

const refused = makeProject();
execFileSync('scripts/build-site', [PROJECT], { stdio: ['ignore', 'ignore', 'inherit'] });
const browser = await launch();
after(() => browser.close());

test('only places that cannot hold a text refuse it', () => {
  // A heading is Markdown, not text: where none is read, it is refused.
  const others = refused.filter(({ context, field }) => !REFUSING.includes(context) && field !== 'heading');
  assert.deepEqual(others, []);
  // Of the harmless texts, only a title and headers are refused as links, which they are not.
  const links = ['a whole destination', 'a link of HTML'];
  const harmless = refused.filter(({ kind, context, field }) => kind === 'harmless' && !links.includes(context) && field !== 'heading');
  assert.deepEqual(harmless, []);
});

for (const site of sites(PROJECT)) {
  describe(site.name, async () => {
    const server = await serve(site.root);
    after(() => server.close());
    const usual = await look(server, 'harmless');
    for (const kind of Object.keys(KINDS)) {
      test(kind, async () => {
        const seen = kind === 'harmless' ? usual : await look(server, kind);
        assert.equal(seen.ran, undefined, 'a script of the trace ran');
        assert.deepEqual(seen.problems, []);
        const { contexts, fields } = KNOWN.find((one) => one.kind === kind) ?? { contexts: [], fields: [] };
        const unmet = new Set([...contexts, ...fields]);
        const wrong = [];
        for (const [at, block] of BLOCKS.entries()) {
          if (!isOn(kind, block.field) || refused.some((one) => one.kind === kind && one.at === at)) continue;
          const fault = faultOf(kind, block, seen.blocks[at], usual.blocks[at]);
          if (fault === undefined) continue;
          unmet.delete(block.context);
          unmet.delete(block.field);
          const isHarmless = seen.blocks[at]?.elements.every((name) => !name.includes('['));
          const isKnown = contexts.includes(block.context) || fields.includes(block.field);
          if (!isKnown || !isHarmless) wrong.push(`${block.field} in ${block.context}: ${fault}`);
        }
        assert.deepEqual(wrong, []);
        assert.deepEqual([...unmet], [], 'these are right now: take them out of KNOWN');
      });
    }
  });
}

for (const site of sites(PROJECT)) {
  describe(`${site.name}, drawn ahead`, async () => {
    const server = await serve(site.root);
    after(() => server.close());
    const usual = await look(server, 'harmless_drawn');
    for (const kind of Object.keys(KINDS)) {
      test(kind, async () => {
        const { blocks, problems, ran } = kind === 'harmless' ? usual : await look(server, `${kind}_drawn`);
        assert.equal(ran, undefined, 'a script of the trace ran');
        assert.deepEqual(problems, []);
        const alone = drawnOf(blocks[0]);
        // Names above and below, two messages with their numbers, which lead to their sections.
        assert.deepEqual([alone.filter((name) => name === 'text').length, alone.filter((name) => name === 'a').length], [8, 2]);
        for (const [at, context] of Object.keys(DRAWN).entries()) {
          assert.deepEqual(blocks[at].elements, usual.blocks[at].elements, context);
          assert.deepEqual(drawnOf(blocks[at]), alone, context);
          assert.ok(plain(blocks[at].text).includes(plain(KINDS[kind])), `${context}: ${blocks[at].text}`);
        }
      });
    }
  });
}

// What a block has of a drawing.
function drawnOf({ elements }) {
  return elements.filter((name) => ['svg', 'a', 'text', 'rect', 'path', 'polygon', 'desc'].includes(name));
}

// What is wrong with a block, or undefined.
function faultOf(kind, { field, context }, found, usual) {
  if (found === undefined || usual === undefined) return 'no block';
  const [is, should] = [elements(found, field), elements(usual, field)];
  if (is !== should) return `${is} for ${should}: ${found.html}`;
  // A heading is Markdown that docgen writes.
  const isSeen = UNSEEN.includes(context) || field === 'heading' || plain(found.text).includes(plain(textOf(kind, field, context)));
  return isSeen ? undefined : found.text;
}

// The kinds by name, with the harmless one that the others are compared with.
function chosen(names) {
  if (names === 'every') return ALL_KINDS;
  const kinds = names?.split(',') ?? SAMPLE;
  for (const kind of kinds) assert.ok(kind in ALL_KINDS, `DOCGEN_CONTEXTS: no kind of text is named ${kind}`);
  return Object.fromEntries(['harmless', ...kinds].map((kind) => [kind, ALL_KINDS[kind]]));
}

function isOn(kind, field) {
  return OFTEN.includes(field) || WHOLE.includes(kind);
}

// What a reader sees of one of the blocks.
function textOf(kind, field, context) {
  let text = KINDS[kind];
  // A command that goes on is joined with its next line.
  if (field === 'command') text = text.replace(/\\$/, '');
  if (field === 'command_text') text = `$ ${text}`;
  // A quoted option of a fence has no escape for its quote.
  return context === 'a title of a fence' ? text.replaceAll('"', '%22') : text;
}

// A title of code is one, whatever it would mean.
function elements({ elements }, field) {
  const kept = field === 'page_title' || field === 'heading' ? elements.filter((name) => name !== 'CODE') : elements;
  return kept.join(' ');
}

// Blanks run together; a `;` keeps a snippet marker from being one.
function plain(text) {
  return text.replace(/[\s\u00a0]+/g, '').replace(/;+(?=-+8<-)/g, '');
}

async function look(server, kind) {
  const { page, problems } = await open(browser, server.origin, `${kind}/`);
  await page.waitForTimeout(50);
  const blocks = await page.locator('article').evaluate((article) => {
    const blocks = {};
    let current;
    for (const node of article.children) {
      const mark = node.tagName === 'P' && /^block(\d+)$/.exec(node.textContent.trim());
      if (mark) {
        current = blocks[mark[1]] = { elements: [], text: '', html: '' };
      } else if (current) {
        // Neither the colours of code nor what the themes add.
        const others = 'pre *, .headerlink, .tabbed-labels a, nav, nav *, .md-clipboard, .md-code__nav, .md-code__nav *';
        const all = [node, ...node.querySelectorAll('*')].filter((one) => !one.matches(others));
        const links = ['href', 'src', 'srcdoc', 'action', 'formaction', 'data', 'xlink:href'];
        const isHarmful = ({ name, value }) => name.startsWith('on') || (links.includes(name) && /^\s*(javascript|data|vbscript):/i.test(value));
        const harmful = (one) => [...one.attributes].filter(isHarmful).map(({ name }) => `[${name}]`).join('');
        current.elements.push(...all.map((one) => one.tagName + harmful(one)));
        current.text += node.textContent;
        current.html += node.outerHTML.slice(0, 300);
      }
    }
    return blocks;
  });
  const ran = await page.evaluate(() => window.ran);
  await page.close();
  return { blocks, problems, ran };
}

// Writes captures and renders them; what is refused is left out, and given back.
function makeProject() {
  rmSync(PROJECT, { recursive: true, force: true });
  cpSync('docs/assets', join(PROJECT, 'docs/assets'), { recursive: true });
  writeFileSync(join(PROJECT, 'docs/index.md'), '# Contexts\n');
  writeFileSync(join(PROJECT, 'mkdocs.yml'), `${siteConfig()}${EXTENSIONS.map((name) => `  - ${name}\n`).join('')}${MORE_SETTINGS}`);
  const left = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, new Set()]));
  const refused = [];
  for (const kind of Object.keys(KINDS)) {
    writeCapture(kind);
    writeCapture(`${kind}_drawn`, KINDS[kind], 'diagram = "svg"\nlinks = true\n');
    const blocks = Object.values(DRAWN).map((context, at) => `block${at}\n\n${context.replace('@', '{{ diagram }}')}\n`);
    // The sections that messages lead to are behind the last block.
    const page = ['# Drawings', ...blocks, `block${blocks.length}`, '{{ rest }}'].join('\n\n');
    writeFileSync(join(PROJECT, 'captures', `${kind}_drawn`, 'page.md'), `${page}\n`);
  }
  // What docgen notes of a run, on this machine alone.
  const ran = (text) => ({ result: 'recorded', seen: { at: text, release: text } });
  const captures = Object.fromEntries(Object.entries(KINDS).map(([kind, text]) => [kind, ran(text)]));
  mkdirSync(join(PROJECT, 'captures/.docgen'), { recursive: true });
  writeFileSync(join(PROJECT, 'captures/.docgen/last-run.json'), JSON.stringify({ captures }));
  for (let round = 0; round < 3; round += 1) {
    const lines = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, writeSource(kind, left[kind])]));
    const { stderr, status } = spawnSync(DOCGEN, ['render', 'captures', 'docs'], { cwd: PROJECT, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status === 0) return refused;
    for (const [, kind, line] of stderr.matchAll(/--> captures\/(\w+)\/page\.md:(\d+):/g)) {
      const at = lines[kind]?.[line - 1] ?? assert.fail(stderr);
      if (left[kind].has(at)) continue;
      left[kind].add(at);
      refused.push({ kind, at, ...BLOCKS[at] });
    }
    if (round === 2) throw new Error(`docgen refuses too much:\n${stderr.slice(0, 4000)}`);
  }
}

// The page source of a kind; gives the block of each of its lines.
function writeSource(kind, left) {
  const lines = ['# Contexts', ''];
  const blocks = [undefined, undefined];
  const put = (at, text) => text.split('\n').forEach((line) => { lines.push(line); blocks.push(at); });
  BLOCKS.forEach(({ field, context }, at) => {
    if (!isOn(kind, field) || left.has(at)) return;
    put(at, `block${at}\n\n${CONTEXTS[context].replaceAll('@', `{{ ${FIELDS[field]} }}`)}\n`);
  });
  writeFileSync(join(PROJECT, 'captures', kind, 'page.md'), `${lines.join('\n')}\n`);
  return blocks;
}

function writeCapture(name, text = KINDS[name], settings = '') {
  const folder = join(PROJECT, 'captures', name);
  mkdirSync(folder, { recursive: true });
  const message = { httpVersion: 'HTTP/1.1', cookies: [], headersSize: -1, bodySize: -1 };
  const plainText = [{ name: 'X-Case', value: text }];
  const entry = {
    startedDateTime: '2026-11-20T00:00:00.000Z', time: 5, _from: text, _to: `${text} `.trim() + '2',
    request: { method: 'POST', url: `http://h/x?${text}`, headers: plainText, queryString: [], postData: { mimeType: 'text/plain', text }, ...message },
    response: { status: 200, statusText: text, headers: plainText, content: { size: -1, mimeType: 'application/json', text: JSON.stringify({ name: text }) }, redirectURL: '', ...message },
    cache: {}, timings: { send: 0, wait: 5, receive: 0 },
  };
  writeFileSync(join(folder, 'trace.har'), JSON.stringify({ log: { version: '1.2', creator: { name: 'contexts', version: '1' }, entries: [entry] } }));
  writeFileSync(join(folder, 'output.txt'), `${text}\n`);
  const quoted = JSON.stringify(text);
  writeFileSync(join(folder, 'capture.toml'), `${settings}layout = "page"\nlocale = "en"\ntitle = ${quoted}\ncommand = ${quoted}\nreference = "https://example.invalid/"\nlaunch.show = false\n[vars]\nv = ${quoted}\n[label]\nx = "s POST /x"\n[[participant]]\nid = "c"\nnames = [${quoted}]\n[[participant]]\nid = "s"\nnames = [${JSON.stringify(`${text}2`)}]\n`);
}
