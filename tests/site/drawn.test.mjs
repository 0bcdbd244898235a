// Diagrams that docgen drew ahead, as a reader has them: by both builders, in a browser that runs no script of the
// page. At what size text is drawn, what stays in view, what is on paper, what a keyboard, a screen reader and a search
// find, whether each message leads to its section, wherever on it a reader clicks, in the colours of both schemes; those
// of a report to the row that tells of them. And with the site's scripts: that they leave drawings alone.
//
// Screenshots go to .build/screenshots. DOCGEN names another program than target/release/docgen, with the feature `svg`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SMALLEST, assertMessageLeads, contrastsIn, launch, open, seriousViolations, useScheme } from './browser.mjs';
import { serve, siteConfig, sites } from './site.mjs';

const DOCGEN = resolve(process.env.DOCGEN ?? 'target/release/docgen');
const PROJECT = resolve('.build/drawn');
const SCREENSHOTS = '.build/screenshots';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// Prose around parts of a diagram; one whose messages are no links; one of 64 messages; one of 250.
const PAGES = ['prose', 'plain', 'exchanges', 'many'];
// By the second builder, whose theme is much the same.
const SAMPLE = ['prose', 'exchanges'];
// What takes a minute of a page of a thousand blocks is looked at on these.
const SHORT = ['prose', 'plain'];
// The messages that lead somewhere, and what a reader may click of one.
const MESSAGES = '.docgen-svg a:has(text.docgen-message)';
const PARTS = { line: 'path.docgen-message', head: '.docgen-head', text: 'text.docgen-message', number: 'rect.docgen-number' };
// Of text, and of what is drawn (WCAG 2.2, 1.4.3 and 1.4.11).
const [TEXT, GRAPHICS] = [4.5, 3];

makeProject();
execFileSync(DOCGEN, ['render', 'captures', 'docs'], { cwd: PROJECT, stdio: ['ignore', 'ignore', 'inherit'] });
execFileSync('scripts/build-site', [PROJECT], { stdio: ['ignore', 'ignore', 'inherit'] });
mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await launch();
after(() => browser.close());

for (const site of sites(PROJECT)) {
  describe(site.name, () => {
    let server;
    before(async () => { server = await serve(site.root); });
    after(() => server.close());

    for (const name of site.name === 'mkdocs' ? PAGES : SAMPLE) {
      test(name, async (t) => {
        const { page, problems } = await open(browser, server.origin, `${name}/`, { javaScriptEnabled: false });
        await page.setViewportSize({ width: 1280, height: 900 });
        await t.test('every message has its text and its number', () => assertWhole(page, name));
        await t.test('text is large enough', async () => {
          for (const width of [1280, 390]) {
            await page.setViewportSize({ width, height: 900 });
            for (const [text, size] of await sizes(page)) assert.ok(size >= SMALLEST, `${text} is drawn at ${size} px, ${width} wide`);
          }
          await page.setViewportSize({ width: 1280, height: 900 });
        });
        await t.test('names stay in view', () => assertNamesStay(page));
        await t.test('every message leads to its section', () => assertLinks(page, name));
        await t.test('a phone shows it without a scroll bar of the page', async () => {
          await page.setViewportSize({ width: 390, height: 844 });
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(beyond <= 1, `${beyond} px too wide`);
          await shot(page, `${site.name}-${name}-phone`);
          await page.setViewportSize({ width: 1280, height: 900 });
        });
        await t.test('paper holds every participant', () => assertPrints(page));
        assert.deepEqual(problems, []);
        await page.close();
      });

      test(`${name}, with the site's scripts`, async (t) => {
        const { page, problems } = await open(browser, server.origin, `${name}/`);
        await page.setViewportSize({ width: 1280, height: 900 });
        for (const scheme of ['default', 'slate']) {
          await t.test(`colours of ${scheme}`, async () => {
            await useScheme(page, scheme);
            for (const [what, contrast] of Object.entries(await contrasts(page, name))) {
              assert.ok(contrast >= (what.startsWith('text') ? TEXT : GRAPHICS), `${what}: ${contrast}`);
            }
            if (SHORT.includes(name)) assert.deepEqual(await seriousViolations(page, AXE), []);
            await shot(page, `${site.name}-${name}-${scheme}`);
            if (name !== 'plain') await assertLights(page, `${site.name}-${name}-${scheme}`);
          });
        }
        await t.test('a keyboard reaches what scrolls', () => assertKeyboard(page));
        assert.deepEqual(problems, []);
        await page.close();
      });
    }

    test('messages of a report lead to what tells of them', async () => {
      const { page, problems } = await open(browser, server.origin, 'report/');
      await page.setViewportSize({ width: 1280, height: 900 });
      const found = await page.evaluate(() => {
        const step = (text) => /\((?:\d+→)?\d+\)/.exec(text)?.[0];
        const messages = [...document.querySelectorAll('.docgen-svg text.docgen-message')];
        return messages.map((text) => {
          const link = text.closest('a');
          const row = link && document.getElementById(link.getAttribute('href').slice(1));
          return { text: text.textContent, step: step(text.textContent), row: row?.textContent, isLinked: link !== null };
        });
      });
      const linked = found.filter(({ isLinked }) => isLinked);
      // What stayed leads nowhere; what changed does, and a call that came, with its answer.
      assert.deepEqual(found.filter(({ text }) => /^[±+−]/.test(text)), linked);
      assert.ok(linked.length >= 3 && linked.length < found.length, JSON.stringify(found));
      for (const { text, step, row } of linked.filter(({ text }) => !/^[+−].*Response/.test(text))) {
        assert.ok(row?.includes(step), `${text} leads to ${row}`);
      }
      assert.ok(linked.some(({ text, row }) => /^\+.*Response/.test(text) && row));
      await assertMessageLeads(page, MESSAGES, PARTS);
      // The table is in a tab, and a reader may have opened the other one.
      await page.getByText('Added calls', { exact: true }).click();
      assert.ok(!await page.locator('td:target').isVisible());
      await page.locator(MESSAGES).first().click();
      assert.ok(await page.locator('td:target').isVisible(), 'the message has not opened the tab of the table');
      assert.deepEqual(problems, []);
      assert.deepEqual(await seriousViolations(page, AXE), []);
      await page.close();
    });

    test('a search finds what is in a drawing', async () => {
      const { page } = await open(browser, server.origin, '');
      await page.keyboard.press('/'); // both themes open their search on it
      await page.keyboard.type('/only/in/the/drawing', { delay: 20 });
      const found = page.locator('[class*=search] a[href*="plain/"], dialog a[href*="plain/"], a[href*="plain/"][href*="?h="]');
      await found.first().waitFor({ state: 'visible', timeout: 30_000 });
      await page.close();
    });
  });
}

/** The drawings of a page have all that its messages say, once, and the numbers from 1 on. */
async function assertWhole(page, name) {
  const { numbers, texts, foreign } = await page.evaluate(() => {
    const of = (selector) => [...document.querySelectorAll(`.docgen-svg ${selector}`)].map(({ textContent }) => textContent.trim());
    const known = ['svg', 'desc', 'a', 'rect', 'path', 'polygon', 'text'];
    const all = [...document.querySelectorAll('.docgen-svg *')];
    return { numbers: of('text.docgen-number').map(Number), texts: of('text.docgen-message'), foreign: all.filter(({ localName }) => !known.includes(localName)).map(({ outerHTML }) => outerHTML) };
  });
  assert.deepEqual(foreign, []);
  assert.equal(numbers.length, texts.length);
  const last = { prose: 8, plain: 8, many: 250 }[name];
  if (last) assert.deepEqual(new Set(numbers), new Set(Array.from({ length: last }, (_, index) => index + 1)));
  assert.ok(texts.every((text) => /^([A-Z]+ \/|Response: |\d{3} |응답)/.test(text)), texts.join('\n'));
}

/** Every text of the drawings, with the size at which it is drawn. */
function sizes(page) {
  return page.evaluate(() => [...document.querySelectorAll('.docgen-svg text')].map((text) => {
    const size = parseFloat(getComputedStyle(text).fontSize) * Math.abs(text.getScreenCTM().a);
    return [text.textContent, Math.round(size * 100) / 100];
  }));
}

/** Where a drawing is scrolled to its middle, the names of its participants are still on the screen. */
async function assertNamesStay(page) {
  const host = page.locator('.docgen-svg').first();
  await host.evaluate((host) => {
    host.scrollIntoView({ block: 'center' });
    host.scrollTop = (host.scrollHeight - host.clientHeight) / 2;
  });
  const boxes = await host.evaluate((host) => {
    const frame = host.getBoundingClientRect();
    return [...host.querySelectorAll('.docgen-names rect.docgen-actor')].map((box) => {
      const { top, bottom } = box.getBoundingClientRect();
      return top >= frame.top - 1 && bottom <= frame.bottom + 1 && top >= 0 && bottom <= innerHeight;
    });
  });
  assert.ok(boxes.length >= 3, 'no names');
  assert.ok(boxes.every((isInView) => isInView), 'names are out of view');
}

/** A message leads to the heading that has its number, a note to that of the first step that it names. */
async function assertLinks(page, name) {
  const { messages, wrong } = await page.evaluate(() => {
    const links = [...document.querySelectorAll('.docgen-svg a')];
    const wrong = links.filter((link) => {
      const heading = document.getElementById(decodeURIComponent(link.getAttribute('href').slice(1)));
      const number = link.querySelector('text.docgen-number')?.textContent ?? /^\((\d+)\)/.exec(link.querySelector('text.docgen-note').textContent)[1];
      return !heading?.textContent.includes(`(${number})`);
    });
    return { messages: links.length, wrong: wrong.map(({ outerHTML }) => outerHTML) };
  });
  assert.deepEqual(wrong, []);
  assert.equal(messages > 0, name !== 'plain');
  if (name !== 'plain') await assertMessageLeads(page, MESSAGES, PARTS);
}

/** The message below the pointer, and the one that a keyboard is at, are told at sight. */
async function assertLights(page, name) {
  const link = page.locator(MESSAGES).first();
  await link.evaluate((link) => link.scrollIntoView({ block: 'center', inline: 'center' }));
  const at = await link.evaluate((link) => {
    const { left, top, width, height } = link.querySelector('path.docgen-message').getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  });
  await page.mouse.move(...at);
  const hovered = await contrastsIn(page, '.docgen-svg', {
    'text below the pointer': ['a:hover text.docgen-message', 'fill', 'a:hover .docgen-area', 'fill'],
    'arrow below the pointer': ['a:hover path.docgen-message', 'stroke', 'a:hover .docgen-area', 'fill'],
    'head below the pointer': ['a:hover .docgen-head', 'fill', 'a:hover .docgen-area', 'fill'],
  });
  await page.screenshot({ path: `${SCREENSHOTS}/drawn-${name}-hover.png` });
  const area = await link.evaluate((link) => getComputedStyle(link.querySelector('.docgen-area')).fill);
  assert.notEqual(area, 'none');
  await page.mouse.move(1, 1);
  await focusFirst(page);
  const focused = await contrastsIn(page, '.docgen-svg', { outline: ['a:focus-visible', 'outlineColor'] });
  for (const [what, contrast] of Object.entries({ ...hovered, ...focused })) {
    assert.ok(contrast >= (what.startsWith('text') ? TEXT : GRAPHICS), `${what}: ${contrast}`);
  }
}

async function assertKeyboard(page) {
  assert.ok(await focusFirst(page), 'nothing of it takes the focus');
}

/** Gives the focus to the first that takes it in a drawing, as a keyboard does; whether it has it then. */
async function focusFirst(page) {
  const first = page.locator('.docgen-svg').first();
  await first.evaluate((host) => (host.querySelector('a') ?? host).focus());
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Tab');
  return first.evaluate((host) => document.activeElement === (host.querySelector('a') ?? host));
}

/** How what is drawn stands out from the page. */
function contrasts(page, name) {
  const parts = {
    'text of a message': ['text.docgen-message', 'fill'],
    'text of a name': ['text.docgen-actor', 'fill', 'rect.docgen-actor', 'fill'],
    'text of a number': ['text.docgen-number', 'fill', 'rect.docgen-number', 'fill'],
    'an arrow': ['path.docgen-message', 'stroke'],
    'an arrowhead': ['path.docgen-head', 'fill'],
    'a participant\'s line': ['path.docgen-life', 'stroke'],
    'a participant\'s box': ['rect.docgen-actor', 'stroke'],
  };
  if (name === 'exchanges') {
    parts['text of a note'] = ['text.docgen-note', 'fill', 'rect.docgen-note', 'fill'];
    parts['a note'] = ['rect.docgen-note', 'stroke'];
  }
  return contrastsIn(page, '.docgen-svg', parts);
}

/** On paper every participant is within the page, and the drawing is not cut by a box that scrolls. */
async function assertPrints(page) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 720, height: 1000 });
  const found = await page.evaluate(() => [...document.querySelectorAll('.docgen-svg')].map((host) => {
    const names = [...host.querySelectorAll('text.docgen-actor')].map((text) => text.getBoundingClientRect());
    const out = names.filter(({ left, right }) => left < 0 || right > innerWidth);
    return { names: names.length, out: out.length, cut: Math.max(host.scrollHeight - host.clientHeight, host.scrollWidth - host.clientWidth) };
  }));
  for (const { names, out, cut } of found) {
    assert.ok(names >= 4);
    assert.equal(out, 0, 'a participant is beside the paper');
    assert.ok(cut <= 1, `${cut} px are cut off`);
  }
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function shot(page, name) {
  await page.locator('.docgen-svg').first().evaluate((host) => { host.scrollIntoView({ block: 'center' }); host.scrollTop = 300; });
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${SCREENSHOTS}/drawn-${name}.png` });
}

function makeProject() {
  rmSync(PROJECT, { recursive: true, force: true });
  cpSync('docs/assets', join(PROJECT, 'docs/assets'), { recursive: true });
  writeFileSync(join(PROJECT, 'docs/index.md'), '# Drawings\n');
  writeFileSync(join(PROJECT, 'mkdocs.yml'), siteConfig());
  mkdirSync(join(PROJECT, 'captures'));
  writeFileSync(join(PROJECT, 'captures/docgen.toml'), 'layout = "page"\nlocale = "en"\nprofile = "openstack"\nlinks = true\nnoise = false\ndiagram = "svg"\n');
  const prose = capture('prose', 'captures/openstack/image/show');
  writeFileSync(join(prose, 'page.md'), '# {{ title }}\n\n!!! note "What it asks"\n\n    {{ diagram(until=show_image.request) }}\n\n{{ diagram }}\n\n{{ rest }}\n');
  const plain = capture('plain', 'captures/openstack/image/show');
  rmSync(join(plain, 'page.md'));
  writeFileSync(join(plain, 'capture.toml'), `links = false\n${readFileSync(join(plain, 'capture.toml'), 'utf8')}\n[[note]]\ntext = "/only/in/the/drawing"\nposition = "right of glance"\nafter = "glance GET /image"\n`);
  const exchanges = capture('exchanges', 'captures/openstack/server/create');
  const trace = JSON.parse(readFileSync(join(exchanges, 'trace.har'), 'utf8'));
  const later = (entry, run) => ({ ...entry, startedDateTime: new Date(Date.parse(entry.startedDateTime) + run * 600_000).toISOString() });
  const runs = [0, 1, 2, 3].flatMap((run) => trace.log.entries.map((entry) => later(entry, run)));
  mkdirSync(join(PROJECT, 'captures/many'));
  writeFileSync(join(PROJECT, 'captures/many/trace.har'), JSON.stringify({ log: { ...trace.log, entries: runs.slice(0, 125) } }));
  writeFileSync(join(PROJECT, 'captures/many/capture.toml'), 'title = "Many"\n');
  report();
}

/** Two recordings, of which the newer one sends another header and one call more. */
function report() {
  const trace = JSON.parse(readFileSync('captures/openstack/image/show/trace.har', 'utf8'));
  const { entries } = trace.log;
  const later = { ...entries.at(-1), startedDateTime: new Date(Date.parse(entries.at(-1).startedDateTime) + 60_000).toISOString() };
  later.request = { ...later.request, method: 'DELETE' };
  const changed = { ...entries[0], request: { ...entries[0].request, headers: [...entries[0].request.headers, { name: 'X-New', value: 'yes' }] } };
  for (const [side, all] of [['old', entries], ['new', [changed, ...entries.slice(1), later]]]) {
    mkdirSync(join(PROJECT, 'captures', side, 'show'), { recursive: true });
    writeFileSync(join(PROJECT, 'captures', side, 'show/trace.har'), JSON.stringify({ log: { ...trace.log, entries: all } }));
  }
  mkdirSync(join(PROJECT, 'captures/report'));
  writeFileSync(join(PROJECT, 'captures/report/report.toml'), 'title = "Report"\nold = "old"\nnew = "new"\n');
}

function capture(name, from) {
  const folder = join(PROJECT, 'captures', name);
  cpSync(from, folder, { recursive: true });
  return folder;
}
