// Text that breaks Markdown, fences, tabs, snippets, templates or mermaid, all the way: from a trace, through
// `docgen render`, both builders and mermaid, to what a reader sees in a browser. All layouts, and a report.
//
// All cases are exchanges of one page, so that one that breaks out of its block spoils its neighbours too.
// DOCGEN names another program than target/release/docgen.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

import { drawings, drawnDiagrams, launch, open } from './browser.mjs';
import { serve, siteConfig, sites } from './site.mjs';

const DOCGEN = process.env.DOCGEN ?? 'target/release/docgen';
const PROJECT = resolve('.build/hostile');

// Where a case names no path, header, body or reason, it has a harmless one of its own.
const CASES = [
  { name: 'backticks', body: 'before\n```\ninside\n```\n````` json\n~~~\nafter' },
  { name: 'backticks alone', body: '``````````' },
  { name: 'backticks in a header', header: '``` ` ```` `' },
  { name: 'snippet markers', body: '--8<-- "index.md"\n  --8<-- "nowhere.md"\n;--8<-- "index.md"\n--8<--\nindex.md\n--8<--\n-8<- "x"' },
  { name: 'a snippet section', body: '# --8<-- [start:x]\ntext\n# --8<-- [end:x]' },
  { name: 'template syntax', body: '{{ page.title }} {% raw %} {# gone #} \\{{ x }} ${y}', header: '{{ 7 * 7 }} {% if %}' },
  { name: 'HTML', body: '<script>document.title = "owned"</script><b>&lt;&amp;</b><!-- gone -->\n</code></pre></div>', header: '<img src=x onerror=alert(1)> &amp;' },
  { name: 'tabs and admonitions', body: '=== "Other"\n    inside\n!!! note "x"\n    y\n??? z' },
  { name: 'headings and rules', body: '# Heading\n## (1) GET /\n---\n- item\n1. item\n> quote\n| a | b |\n| - | - |' },
  { name: 'log heads', body: '### (a) REQ >>> (b) : GET http://x/\nHost: x\n\nnone\n\n### (a) RESP <<< (b) : 200 OK GET http://x/' },
  { name: 'none as content', body: 'none' },
  { name: 'attribute lists and symbols', body: '{ .class #id } :smile: ~x~ ^b^ ==x== __x__ $1$ [a](b) ![c](d) *e* <https://f>', header: '{: .x } *a* _b_' },
  { name: 'quotes in a path', path: '/a"b"c' },
  { name: 'both quotes in a path', path: `/a"b'c"d` },
  { name: 'both quotes in a reason', reason: `It's "fine"` },
  { name: 'mermaid in a path', path: '/a;b;c%20d/{id}/%%{init}%%/e' },
  { name: 'an arrow in a path', path: '/a->>b:c-->>d' },
  { name: 'HTML in a path', path: '/<b>x</b>/&lt;&amp;' },
  { name: 'Markdown in a path', path: '/1/2/*a*/_b_/__c__/`d`/[e](f)/~g~/:smile:/$1$/^h^/==i==/\\*/{ j }' },
  { name: 'cells of a table in a path', path: '/a|b/|c|', reason: 'a | b |' },
  { name: 'mermaid in a reason', reason: 'OK; #1 #35; %%{x}%% <br> end' },
  { name: 'wrap in a reason', reason: 'wrap: nowrap: x' },
  { name: 'writing from right to left', body: 'abc \u202edef\u202c \u05d0\u05d1 \u200f x', header: 'a \u05d0\u05d1 b', loose: true },
  { name: 'colours', body: 'a \u001b[31mred\u001b[0m z', loose: true },
  { name: 'control bytes', body: 'a\u0000b\u0002c\u0003d\u0008e\u007ff\u0085g\u2028h\u000bi\u000cj', loose: true },
  { name: 'indent and tabs', body: '    four\n\ttab\n\n\n  two' },
  { name: 'the placeholders of mermaid', path: '/ﬂ°°35¶ß' },
  { name: 'characters beyond 16 bits', body: '𝒳 🛰 한글 é', path: '/한글/🛰' },
].map((one, index) => ({ path: `/case/${index}`, header: `harmless ${index}`, body: `harmless ${index}`, reason: 'OK', ...one }));

// What the command printed: all bodies that can be shown as they are.
const PRINTED = CASES.filter(({ loose }) => !loose).map(({ body }) => body).join('\n');

// Drawn by mermaid, and ahead.
const LAYOUTS = ['page', 'snippets', 'page-svg', 'snippets-svg'];
const EXCHANGES = ['exchanges', 'exchanges-svg'];
const REPORTS = ['report', 'report-svg'];

makeProject();
execFileSync(DOCGEN, ['render', join(PROJECT, 'captures'), join(PROJECT, 'docs')], { stdio: ['ignore', 'inherit', 'inherit'] });
execFileSync('scripts/build-site', [PROJECT], { stdio: ['ignore', 'ignore', 'inherit'] });
const browser = await launch();
after(() => browser.close());

for (const site of sites(PROJECT)) {
  for (const layout of LAYOUTS) {
    describe(`${site.name}, ${layout}`, async () => {
      const { tabSets, headings, blocks, messages, problems, title } = await look(site, layout);

      test('nothing breaks out of its place', () => {
        assert.equal(tabSets.length, 2 * CASES.length);
        assert.equal(messages.length, 2 * CASES.length);
        assert.equal(headings.length, 2 * CASES.length);
        assert.deepEqual(problems, []);
        assert.ok(!title.includes('owned'), 'a script of a body ran');
      });

      test('what the command printed', () => {
        assert.ok(blocks.some((block) => plain(block).includes(plain(PRINTED))), 'no block shows it');
      });

      if (layout.startsWith('snippets')) {
        test('the full log', () => {
          const log = plain(blocks.at(-1));
          for (const { body } of CASES.filter(({ loose }) => !loose)) assert.ok(log.includes(plain(body)), `the log lacks ${body}`);
        });
      }

      CASES.forEach(({ name, path, header, body, reason, loose }, index) => {
        test(name, () => {
          const [request, response] = [tabSets[2 * index], tabSets[2 * index + 1]];
          const shown = loose ? assertInOrder : assertSame;
          assertHasLine(request.header, `X-Case: ${header}`);
          shown(request.body, body);
          shown(response.body, body);
          assertTitle(request.title, path);
          assertTitle(response.title, reason);
          assert.equal(spaced(headings[2 * index]), `(${2 * index + 1}) POST ${path}`);
          assert.ok(headings[2 * index + 1].includes(reason), `the heading ${headings[2 * index + 1]} lacks ${reason}`);
          assert.equal(spaced(messages[2 * index]), `POST ${path}`);
          assert.ok(spaced(messages[2 * index + 1]).includes(spaced(reason)), `the arrow ${messages[2 * index + 1]} lacks ${reason}`);
        });
      });
    });
  }
}

for (const [site, layout] of sites(PROJECT).flatMap((site) => EXCHANGES.map((layout) => [site, layout]))) {
  describe(`${site.name}, ${layout}`, async () => {
    const { tabSets, headings, messages, tables, foreign, problems, title } = await lookAtExchanges(site, layout);

    test('nothing breaks out of its place', () => {
      assert.deepEqual(problems, []);
      assert.ok(!title.includes('owned'), 'a script ran');
      assert.equal(foreign, 0, 'an element was made of what was captured');
      assert.equal(headings.length, CASES.length);
      assert.equal(messages.length, 2 * CASES.length);
      for (const { labels } of tabSets) assert.deepEqual(labels, ['Request', 'Response', 'curl']);
      assert.deepEqual(tables.map(({ rows }) => rows.length), [CASES.length + 1, CASES.length + 1]);
      for (const { rows } of tables) assert.equal(new Set(rows.map((row) => row.length)).size, 1, 'rows of several lengths');
    });

    CASES.forEach(({ name, path, header, body, reason, loose }, index) => {
      test(name, () => {
        const [request, response, curl] = tabSets[index].tabs;
        assertHasLine(request.code[0], `X-Case: ${header}`);
        assertHasLine(response.code[0], `X-Case: ${header}`);
        assertTitle(response.title, reason);
        (loose ? assertInOrder : assertSame)(request.code[1], body);
        if (!loose) assert.ok(plain(curl.code[0]).includes(plain(body).split('\n').at(-1).replaceAll("'", "'\\''")), `curl: ${curl.code[0]}`);
        assert.equal(spaced(headings[index]), `(${2 * index + 1}),(${2 * index + 2}) POST ${path}`);
        const [overview, waterfall] = tables.map(({ rows }) => rows[index + 1]);
        assert.equal(overview[2], `POST ${path}`);
        assert.equal(overview[3], `200 ${spaced(reason)}`);
        assert.ok(waterfall[1].endsWith(`POST ${path}`));
        assert.equal(spaced(messages[2 * index]), `POST ${path}`);
      });
    });
  });
}

for (const [site, report] of sites(PROJECT).flatMap((site) => REPORTS.map((report) => [site, report]))) {
  describe(`${site.name}, ${report}`, async () => {
    const { headings, labels, blocks, cells, widths, diagrams, problems, title, foreign } = await lookAtReport(site, report);

    test('nothing breaks out of its place', () => {
      assert.deepEqual(problems, []);
      assert.ok(!title.includes('owned'), 'a script ran');
      assert.equal(foreign, 0, 'an element was made of what was captured');
      assert.deepEqual(headings, ['added', 'changed']);
      assert.deepEqual(labels, [['Changes', 'Added calls'], ['Changes']]);
      assert.ok(widths.every((all) => new Set(all).size === 1), `rows of several lengths: ${JSON.stringify(widths)}`);
    });

    test('one diagram a command', () => {
      const [added, changed] = diagrams.map(({ messages }) => messages.map(spaced));
      assert.equal(added.length, 2 + 2 * CASES.length);
      assert.equal(changed.length, 2 * CASES.length);
      CASES.forEach(({ path }, index) => {
        assert.equal(added[2 + 2 * index], `+ (${2 * index + 3}) POST ${path}`);
        assert.equal(changed[2 * index], `± (${2 * index + 1}) POST ${path}`);
      });
    });

    CASES.forEach(({ name, header, body, loose }) => {
      test(name, () => {
        if (loose) return;
        assert.ok(cells.includes(spaced(header)), `no cell says ${header}`);
        assert.ok(blocks.some((block) => plain(block) === plain(body)), 'no block shows the body');
      });
    });
  });
}

// The diagrams of a page, whoever drew them.
function diagramsOf(page, name, count) {
  return name.endsWith('-svg') ? drawings(page) : drawnDiagrams(page, count);
}

// What a reader sees of a page that tells exchange by exchange.
async function lookAtExchanges(site, layout) {
  const server = await serve(site.root);
  try {
    const { page, problems } = await open(browser, server.origin, `${layout}/`);
    const [{ messages }] = await diagramsOf(page, layout, 1);
    await page.screenshot({ path: `.build/screenshots/hostile-${site.name}-${layout}.png` });
    return {
      messages,
      tabSets: await page.locator('.tabbed-set').evaluateAll((sets) => sets.map((set) => ({
        labels: [...set.querySelectorAll(':scope > .tabbed-labels label')].map(({ textContent }) => textContent),
        tabs: [...set.querySelectorAll(':scope > .tabbed-content > .tabbed-block')].map((block) => ({
          code: [...block.querySelectorAll('pre code')].map(({ textContent }) => textContent),
          title: block.querySelector('.filename')?.textContent,
        })),
      }))),
      headings: await page.locator('.md-content h3').evaluateAll((all) => all.map(({ childNodes }) =>
        [...childNodes].filter((node) => !node.classList?.contains('headerlink')).map(({ textContent }) => textContent).join(''))),
      tables: (await page.locator('.md-content table').evaluateAll((tables) => tables.map(({ rows }) => ({ rows: [...rows].map((row) => [...row.cells].map(({ textContent }) => textContent)) }))))
        .map(({ rows }) => ({ rows: rows.map((row) => row.map(spaced)) })),
      foreign: await page.locator('.md-content').evaluate((content) => content.querySelectorAll('script, img, b, i, em, article del, a[href^="javascript"]').length),
      problems,
      title: await page.title(),
    };
  } finally {
    await server.close();
  }
}

// What a reader sees of the report.
async function lookAtReport(site, report) {
  const server = await serve(site.root);
  try {
    const { page, problems } = await open(browser, server.origin, `${report}/`);
    const diagrams = await diagramsOf(page, report, 2);
    const texts = (selector) => page.locator(`.md-content ${selector}`).evaluateAll((all) => all.map(({ textContent }) => textContent));
    await page.screenshot({ path: `.build/screenshots/hostile-${site.name}-${report}.png` });
    return {
      diagrams,
      headings: await page.locator('.md-content h3').evaluateAll((all) => all.map(({ firstChild }) => firstChild.textContent)),
      labels: await page.locator('.tabbed-set').evaluateAll((sets) => sets.map((set) => [...set.querySelectorAll(':scope > .tabbed-labels label')].map(({ textContent }) => textContent))),
      blocks: await texts('pre code'),
      cells: (await texts('td')).map(spaced),
      widths: await page.locator('.md-content table').evaluateAll((tables) => tables.filter(({ className }) => !className.includes('highlight')).map(({ rows }) => [...rows].map((row) => row.cells.length))),
      foreign: await page.locator('.md-content').evaluate((content) => content.querySelectorAll('script, img, b, i, em, article del').length),
      problems,
      title: await page.title(),
    };
  } finally {
    await server.close();
  }
}

// What a reader sees of a page.
async function look(site, layout) {
  const server = await serve(site.root);
  try {
    const { page, problems } = await open(browser, server.origin, `${layout}/`);
    const [{ messages }] = await diagramsOf(page, layout, 1);
    const tabSets = await page.locator('.tabbed-set').evaluateAll((sets) => sets.map((set) => {
      const [header, body] = [...set.querySelectorAll(':scope > .tabbed-content > .tabbed-block')];
      const text = (block, selector) => [...block.querySelectorAll(selector)].map(({ textContent }) => textContent).join('\n');
      return { header: text(header, 'pre code'), body: text(body, 'pre code'), title: text(header, '.filename') };
    }));
    const headings = await page.locator('.md-content h3').evaluateAll((all) => all.map(({ childNodes }) =>
      [...childNodes].filter((node) => !node.classList?.contains('headerlink')).map(({ textContent }) => textContent).join('')));
    const blocks = await page.locator('pre code').evaluateAll((all) => all.map(({ textContent }) => textContent));
    await page.screenshot({ path: `.build/screenshots/hostile-${site.name}-${layout}.png` });
    return { tabSets, headings, blocks, messages, problems, title: await page.title() };
  } finally {
    await server.close();
  }
}

function assertSame(shown, text) {
  assert.equal(plain(shown), plain(text));
}

// Tabs come out as spaces, and blanks at the end are nobody's text.
function plain(text) {
  return text.replace(/\t/g, '    ').replace(/[ \t]+$/gm, '').replace(/\n+$/, '');
}

// What cannot be shown may come out as anything that can: the rest is there, in order.
function assertInOrder(shown, text) {
  let at = 0;
  for (const part of text.split(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]+/)) {
    const found = shown.indexOf(part, at);
    assert.ok(found >= 0, `${JSON.stringify(shown)} lacks ${JSON.stringify(part)}`);
    at = found + part.length;
  }
}

// A fence's title can hold either quote but not both: then any of a quote's kind will do.
function assertTitle(shown, part) {
  const alike = (text) => (/"/.test(part) && /'/.test(part) ? text.replace(/%22|["'\u2018-\u201f\u2032\u2033\uff02\uff07]/g, "'") : text);
  assert.ok(alike(shown).includes(alike(part)), `the title ${shown} lacks ${part}`);
}

function assertHasLine(shown, line) {
  assert.ok(shown.split('\n').includes(line), `${JSON.stringify(shown)} lacks the line ${JSON.stringify(line)}`);
}

// A drawing runs spaces together.
function spaced(text) {
  return text.replace(/[\s\u00a0]+/g, ' ').trim();
}

function makeProject() {
  rmSync(PROJECT, { recursive: true, force: true });
  cpSync('docs/assets', join(PROJECT, 'docs/assets'), { recursive: true });
  writeFileSync(join(PROJECT, 'mkdocs.yml'), siteConfig());
  writeFileSync(join(PROJECT, 'docs/index.md'), '# Hostile text\n');
  mkdirSync('.build/screenshots', { recursive: true });
  const trace = JSON.stringify({ log: { version: '1.2', creator: { name: 'hostile', version: '1' }, entries: CASES.map(entry) } }, null, 2);
  REPORTS.forEach(makeReport);
  for (const layout of [...LAYOUTS, ...EXCHANGES]) {
    const folder = join(PROJECT, 'captures', layout);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'trace.har'), trace);
    writeFileSync(join(folder, 'output.txt'), `${PRINTED}\n`);
    writeFileSync(join(folder, 'capture.toml'), `command = "thing --all"\ntitle = "Hostile text"\nlayout = "${layout.replace('-svg', '')}"\nlocale = "en"\ncurl = true\n${formatOf(layout)}`);
  }
}

function formatOf(name) {
  return name.endsWith('-svg') ? 'diagram = "svg"\n' : '';
}

function makeReport(report) {
  const har = (entries) => JSON.stringify({ log: { version: '1.2', creator: { name: 'hostile', version: '1' }, entries } });
  const harmless = CASES.map(({ path }, index) => entry({ path, header: 'harmless', body: 'harmless', reason: 'OK' }, index));
  const first = { path: '/first', header: 'harmless', body: 'harmless', reason: 'OK' };
  const recordings = {
    'old/changed': harmless,
    'new/changed': CASES.map(entry),
    'old/added': [entry(first, 0)],
    'new/added': [first, ...CASES].map(entry),
  };
  const folder = join(PROJECT, 'captures', report);
  for (const [name, entries] of Object.entries(recordings)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, `${name}.har`), har(entries));
  }
  writeFileSync(join(folder, 'docgen.toml'), formatOf(report));
  writeFileSync(join(folder, 'report.toml'), `title = "Hostile text"\nold = "${report}/old"\nnew = "${report}/new"\n`);
}

function entry({ path, header, body, reason }, index) {
  const message = { httpVersion: 'HTTP/1.1', cookies: [], headers: [{ name: 'Content-Type', value: 'text/plain' }, { name: 'X-Case', value: header }], headersSize: -1, bodySize: -1 };
  return {
    startedDateTime: new Date(Date.UTC(2026, 10, 20) + 10 * index).toISOString(),
    time: 5,
    _from: 'client',
    _to: 'server',
    request: { method: 'POST', url: `http://127.0.0.1:9292${path}`, queryString: [], postData: { mimeType: 'text/plain', text: body }, ...message },
    response: { status: 200, statusText: reason, content: { size: -1, mimeType: 'text/plain', text: body }, redirectURL: '', ...message },
    cache: {},
    timings: { send: 0, wait: 5, receive: 0 },
  };
}
