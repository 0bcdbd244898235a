// Anchors outlive a recording: another exchange in front gives every step another number, and each address that led to
// a section before leads to the section of the same call. By both builders, whose addresses are their own, in all
// layouts, with labels and without. DOCGEN names another program than target/release/docgen.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch, open } from './browser.mjs';
import { serve, siteConfig, sites } from './site.mjs';

const DOCGEN = resolve(process.env.DOCGEN ?? 'target/release/docgen');
const PROJECT = resolve('.build/anchors');
const CAPTURE = 'captures/openstack/server/create';
// A step as headings and lists have it: (1), (1)-(2), (1),(2).
const STEPS = /\(\d+\)([-,] ?\(\d+\))*/g;

const LAYOUTS = ['exchanges', 'page', 'snippets'];
// With labels and prose, which `docgen new` writes.
const DRAFTED = LAYOUTS.map((layout) => `${layout}-drafted`);
const NAMES = [...LAYOUTS, ...DRAFTED];

makeProject();
const recorded = build('recorded', (entries) => entries);
const renumbered = build('renumbered', (entries) => [inFrontOf(entries[0]), ...entries]);
const browser = await launch();
after(() => browser.close());

sites(recorded).forEach(({ name: builder, root }, index) => {
  describe(builder, () => {
    const servers = [];
    before(async () => {
      servers.push(await serve(root), await serve(sites(renumbered)[index].root));
    });
    after(() => Promise.all(servers.map((server) => server.close())));

    for (const name of NAMES) {
      test(name, async () => {
        const [old, now] = await Promise.all(servers.map(({ origin }) => sections(origin, `${name}/`)));
        assert.ok(old.length >= 32, `only ${old.length} sections`);
        const said = new Map(now.map(({ id, text }) => [id, text]));
        for (const { id, text } of old) assert.equal(unnumbered(said.get(id) ?? ''), unnumbered(text), `#${id} is another section`);
        assert.notDeepEqual(now.find(({ id }) => id === old.at(-1).id).text, old.at(-1).text, 'the numbers are the same');
        const ids = new Set(old.map(({ id }) => id));
        const added = now.filter(({ id }) => !ids.has(id));
        assert.ok(added.length > 0 && added.every(({ id }) => id.includes('put-in-front')), JSON.stringify(added));
      });
    }
  });
});

/** The sections of steps of a page, by their addresses. */
async function sections(origin, url) {
  const { page, problems } = await open(browser, origin, url, { javaScriptEnabled: false });
  const found = await page.locator('.md-content :is(h2, h3, h4, h5)').evaluateAll((all) => all.map(({ id, childNodes }) => ({
    id, text: [...childNodes].filter((node) => !node.classList?.contains('headerlink')).map(({ textContent }) => textContent).join('').trim(),
  })));
  assert.deepEqual(problems, []);
  await page.close();
  return found.filter(({ text }) => /^\(\d+\)/.test(text));
}

function unnumbered(heading) {
  return heading.replace(STEPS, '').trim();
}

/** A call that no recording has. */
function inFrontOf(entry) {
  const startedDateTime = new Date(Date.parse(entry.startedDateTime) - 1000).toISOString();
  const request = { ...entry.request, url: entry.request.url.replace(/^(\w+:\/\/[^/]+).*/, '$1/identity/put-in-front') };
  return { ...entry, startedDateTime, request };
}

/** The site with a recording of these entries; where it is. */
function build(name, recording) {
  const project = join(PROJECT, name);
  const trace = JSON.parse(readFileSync(join(CAPTURE, 'trace.har'), 'utf8'));
  trace.log.entries = recording(trace.log.entries);
  cpSync(join(PROJECT, 'model'), project, { recursive: true });
  for (const capture of NAMES) writeFileSync(join(project, 'captures', capture, 'trace.har'), JSON.stringify(trace));
  docgen(project, 'update', ...DRAFTED.map((capture) => `captures/${capture}`));
  docgen(project, 'render', 'captures', 'docs');
  execFileSync('scripts/build-site', [project], { stdio: ['ignore', 'ignore', 'inherit'] });
  return project;
}

function docgen(folder, ...words) {
  execFileSync(DOCGEN, words, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

function makeProject() {
  rmSync(PROJECT, { recursive: true, force: true });
  const model = join(PROJECT, 'model');
  cpSync('docs/assets', join(model, 'docs/assets'), { recursive: true });
  writeFileSync(join(model, 'docs/index.md'), '# Anchors\n');
  writeFileSync(join(model, 'mkdocs.yml'), siteConfig());
  mkdirSync(join(model, 'captures'));
  writeFileSync(join(model, 'captures/docgen.toml'), 'locale = "en"\nprofile = "openstack"\nlinks = true\nnoise = false\n');
  const settings = readFileSync(join(CAPTURE, 'capture.toml'), 'utf8');
  for (const name of NAMES) {
    const folder = join(model, 'captures', name);
    cpSync(CAPTURE, folder, { recursive: true });
    writeFileSync(join(folder, 'capture.toml'), settings.replace(/^layout = .*$/m, `layout = "${name.replace('-drafted', '')}"`));
  }
  for (const name of DRAFTED) docgen(model, 'new', `captures/${name}`);
}
