// Diagrams that can be read, and links that lead somewhere: on pages of few messages, of 64 and of 250, and one
// whose participants have long names, by both builders. At what size text is drawn, what stays in view, what is on
// paper, what a keyboard and a screen reader find, and whether each number of a step and each message leads to its
// section: on pages of several commands, of diagrams by hand and of tabs, too, to the right one or nowhere.
//
// Screenshots, and a PDF of short pages, go to .build/screenshots. DOCGEN names another program than
// target/release/docgen.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { SMALLEST, assertMessageLeads, contrastsIn, launch, open, seriousViolations, textSizes, useScheme } from './browser.mjs';
import { serve, siteConfig, sites } from './site.mjs';

const DOCGEN = resolve(process.env.DOCGEN ?? 'target/release/docgen');
const PROJECT = resolve('.build/diagrams');
const SCREENSHOTS = '.build/screenshots';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['show', 'server', 'many', 'long', 'parts'];
// By the second builder, whose theme is much the same.
const SAMPLE = ['show', 'parts', 'many'];
// What takes a minute of a page of a thousand blocks is looked at on these.
const SHORT = ['show', 'long'];
// Of text, and of what is drawn (WCAG 2.2, 1.4.3 and 1.4.11).
const [TEXT, GRAPHICS] = [4.5, 3];
// A page source whose diagram and sections are in tabs that are not open.
const TABS = `# {{ title }}

| Step |
| --- |
| {{ show_image }} |

=== "Text"

    A tab.

=== "Drawing"

    {{ diagram }}

A paragraph.

=== "Other"

    Another tab.

=== "Sections"

    {{ rest }}
`;
// A diagram that docgen has not made, with what mermaid knows, among headings that begin with numbers.
const HAND = `# Hand

### (1) Install

### (3) 200 images

### (1999) was a year

\`\`\` mermaid
sequenceDiagram
  autonumber
  box Purple Two
  participant A
  participant B
  end
  A->>B: Hello<br/>two<br/>lines
  activate B
  B->>B: thinks
  loop every minute
    B-->>-A: fine
  end
  Note over A,B: note
  autonumber off
  A->>B: no number
  autonumber 10
  A-)B: at some time
  A-xB: ${' '}
  A->>B: GET /x/{id}<br/>/members?a=b
  alt one
    B->>A: GET /y
  else other
    B->>A: POST /y
  end
  create participant C
  B->>C: made
  B<<->>A: both<br/>ways
\`\`\`

### (1) Hello

### (2) thinks

### (12) GET /x/12/members { #여기 }

### (13) GET /other

### (14) PATCH /y

### (15) mad

### (16) both ways
`;

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
        const { page, problems } = await open(browser, server.origin, `${name}/`);
        await page.setViewportSize({ width: 1280, height: 900 });
        await drawn(page);
        await t.test('text is large enough', async () => {
          for (const [text, size] of await textSizes(page)) assert.ok(size >= SMALLEST, `${text} is drawn at ${size} px`);
        });
        await t.test('names stay in view', () => assertNamesStay(page));
        await t.test('a keyboard scrolls what is wider than the page', () => assertKeyboard(page));
        await t.test('every link leads somewhere', () => assertLinks(page));
        await t.test('every message leads to its section', () => assertMessages(page));
        await t.test('colours', async () => {
          for (const scheme of ['default', 'slate']) {
            await useScheme(page, scheme);
            const found = await contrasts(page);
            for (const [what, contrast] of Object.entries(found)) {
              const least = what.startsWith('text') ? TEXT : GRAPHICS;
              assert.ok(contrast >= least, `${what} in ${scheme}: ${contrast}`);
            }
            if (SHORT.includes(name)) assert.deepEqual(await seriousViolations(page, AXE), [], scheme);
            await shot(page, `${site.name}-${name}-${scheme}`);
          }
          await useScheme(page, 'default');
        });
        await t.test('a phone shows it without a scroll bar of the page', async () => {
          await page.setViewportSize({ width: 390, height: 844 });
          await page.waitForTimeout(300);
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(beyond <= 1, `${beyond} px too wide`);
          await shot(page, `${site.name}-${name}-phone`);
          await page.setViewportSize({ width: 1280, height: 900 });
        });
        await t.test('paper holds every participant', async () => {
          await assertPrints(page);
          if (!SHORT.includes(name)) return;
          await page.pdf({ path: `${SCREENSHOTS}/diagrams-${site.name}-${name}.pdf`, format: 'A4' });
        });
        assert.deepEqual(problems, []);
        await page.close();
      });
    }

    test('what is in a tab can be read and reached', async () => {
      const { page, problems } = await open(browser, server.origin, 'tabs/');
      await drawn(page);
      await page.getByText('Drawing', { exact: true }).click();
      await assertNamesStay(page);
      await assertMessages(page);
      const isSeen = () => page.locator('#show-image').isVisible();
      assert.ok(await isSeen(), 'the message has not opened the tab of its section');
      for (const link of [page.locator('td a[href="#show-image"]'), page.locator('.mermaid a[href="#show-image"]')]) {
        await page.getByText('Other', { exact: true }).click();
        assert.ok(!await isSeen());
        await link.scrollIntoViewIfNeeded();
        await link.click();
        assert.ok(await isSeen(), 'a link has not opened the tab of what it leads to');
      }
      // Whoever comes from elsewhere sees it too.
      const { page: other } = await open(browser, server.origin, 'tabs/#show-image');
      await other.waitForFunction(() => { const { top } = document.querySelector(':target').getBoundingClientRect(); return top > 0 && top < innerHeight; });
      assert.deepEqual(problems, []);
      await other.close();
      await page.close();
    });

    test('a message leads to the section of its own command, or nowhere', async () => {
      const all = (count) => Array.from({ length: count }, (_, index) => String(index + 1));
      const expected = {
        'two/': [{ Show: all(8) }, { Create: all(10) }],
        // Anchors of the first six are those of the other command.
        'same/': [{ Show: all(8) }, { nowhere: all(6), Create: ['7', '8', '9', '10'] }],
        // The same command twice: below its own diagram, and below both.
        'again/': [{ First: all(8) }, { Second: all(8) }],
        'unclear/': [{ nowhere: all(8) }, { First: all(8) }],
        'hand/': [{ nowhere: ['1', '3', '10', '11', '13', '14', '15'], Hand: ['2', '12', '16'] }],
      };
      for (const [url, diagrams] of Object.entries(expected)) {
        const { page, problems } = await open(browser, server.origin, url);
        await drawn(page);
        assert.deepEqual(await targets(page), diagrams, url);
        assert.deepEqual(problems, []);
        await page.close();
      }
    });
  });
}

/** Of each diagram the numbers of its messages by what they lead to: by the title above the section, or nowhere. */
function targets(page) {
  return page.evaluate(() => {
    const titles = [...document.querySelectorAll('h1, h2')];
    const titleOf = (heading) => titles.findLast((title) => title.compareDocumentPosition(heading) & Node.DOCUMENT_POSITION_FOLLOWING);
    return [...document.querySelectorAll('.mermaid')].map(({ shadowRoot }) => {
      const found = {};
      for (const number of shadowRoot.querySelectorAll('.sequenceNumber')) {
        const href = number.closest('a')?.getAttribute('href');
        const heading = href && document.getElementById(decodeURIComponent(href.slice(1)));
        (found[heading ? titleOf(heading).firstChild.textContent : 'nowhere'] ??= []).push(number.textContent);
      }
      return found;
    });
  });
}

/** Waits until all diagrams of a page are drawn. */
async function drawn(page) {
  await page.waitForFunction(() => {
    const hosts = [...document.querySelectorAll('.mermaid')];
    return hosts.length > 0 && hosts.every((host) => host.shadowRoot?.querySelector('svg.docgen'));
  });
}

/** Where a diagram is scrolled to its middle, the names of its participants are still on the screen. */
async function assertNamesStay(page) {
  const host = page.locator('.mermaid').first();
  const inside = await host.evaluate((host) => {
    host.scrollIntoView({ block: 'center' });
    host.scrollTop = (host.scrollHeight - host.clientHeight) / 2;
    const { top, bottom } = host.getBoundingClientRect();
    const isTall = host.scrollHeight > host.clientHeight || bottom - top > innerHeight;
    return { isTall };
  });
  await page.waitForTimeout(200);
  const tops = await host.evaluate((host) => [...host.shadowRoot.querySelectorAll('.docgen-names .actor-top')].map((box) => {
    const { top, bottom } = box.getBoundingClientRect();
    return [top, bottom, innerHeight];
  }));
  assert.ok(tops.length >= 3, 'no names');
  if (inside.isTall) for (const [top, bottom, height] of tops) assert.ok(top >= 0 && bottom <= height, `${top} to ${bottom} of ${height}`);
}

async function assertKeyboard(page) {
  const host = page.locator('.mermaid').first();
  const { isWide, tabIndex, name } = await host.evaluate((host) => ({
    isWide: host.scrollWidth > host.clientWidth + 1, tabIndex: host.tabIndex, name: host.getAttribute('aria-label'),
  }));
  assert.equal(tabIndex, isWide ? 0 : -1);
  if (!isWide) return;
  assert.ok(name, 'no name');
  await host.evaluate((host) => host.scrollTo(0, 0));
  await host.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((host) => host.scrollLeft > 0, await host.elementHandle());
}

/** Links within the page lead to an element of it; those of steps to a heading of their number, and that one back. */
async function assertLinks(page) {
  const { dangling, steps, wrong } = await page.evaluate(() => {
    const links = [...document.querySelectorAll('article a[href^="#"], nav a[href^="#"]')]
      .filter((link) => !link.hash.startsWith('#__codelineno'));
    const target = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const isStep = (link) => link.closest('article') && !link.closest('h1,h2,h3') && /^\(?\d+\)?$/.test(link.textContent);
    const steps = links.filter(isStep);
    const wrong = steps.filter((link) => {
      const heading = target(link);
      const has = heading?.textContent.includes(`(${link.textContent.replace(/[()]/g, '')})`);
      return !has || !heading.querySelector('a[href="#diagram"]');
    });
    const of = (links) => links.map((link) => link.outerHTML);
    return { dangling: of(links.filter((link) => link.hash.length > 1 && !target(link))), steps: steps.length, wrong: of(wrong) };
  });
  assert.deepEqual(dangling, []);
  assert.deepEqual(wrong, []);
  assert.ok(steps > 0, 'no step is a link');
}

/** A message leads to the heading that has its number, and has what mermaid drew of it, once. */
async function assertMessages(page) {
  const { numbers, wrong, beside } = await page.evaluate(() => {
    const roots = [...document.querySelectorAll('.mermaid')].map(({ shadowRoot }) => shadowRoot);
    const all = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
    const messages = all('a.docgen-message').map((link) => {
      const of = (selector) => [...link.querySelectorAll(selector)].map(({ textContent }) => textContent);
      const heading = document.getElementById(decodeURIComponent(link.getAttribute('href').slice(1)));
      return { text: of('.messageText').join(' '), numbers: of('.sequenceNumber'), lines: of('[class^="messageLine"]').length, heading: heading.textContent };
    });
    const isWrong = ({ text, numbers, lines, heading }) => numbers.length !== 1 || lines !== 1 || text === '' || !heading.includes(`(${numbers})`);
    return {
      numbers: all('.sequenceNumber').length,
      wrong: messages.filter(isWrong),
      beside: all('.messageText, .sequenceNumber').filter((part) => !part.closest('a')).map(({ outerHTML }) => outerHTML),
    };
  });
  assert.ok(numbers > 0);
  assert.deepEqual(wrong, []);
  assert.deepEqual(beside, []);
  const parts = { line: '[class^="messageLine"]', text: '.messageText', number: '.sequenceNumber' };
  await assertMessageLeads(page, '.mermaid a.docgen-message', parts);
}

/** How what is drawn stands out from the page. */
function contrasts(page) {
  return contrastsIn(page, '.mermaid', {
    'text of a message': ['.messageText', 'fill'],
    'text of a name': ['text.actor > tspan', 'fill', 'rect.actor-top', 'fill'],
    'text of a number': ['.sequenceNumber', 'fill', 'marker[id$="sequencenumber-link"] circle', 'fill'],
    arrow: ['.messageLine0', 'stroke'],
    arrowhead: ['marker[id$="arrowhead"] path', 'fill'],
    'a participant\'s line': ['line.actor-line', 'stroke'],
    'a participant\'s box': ['rect.actor-top', 'stroke'],
  });
}

/** On paper every participant is within the page, and the diagram is not cut by a box that scrolls. */
async function assertPrints(page) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 720, height: 1000 });
  await page.waitForTimeout(300);
  const found = await page.evaluate(() => [...document.querySelectorAll('.mermaid')].map((host) => {
    const names = [...host.shadowRoot.querySelectorAll('svg.docgen text.actor')].filter((text) => text.getClientRects().length > 0);
    const out = names.map((text) => text.getBoundingClientRect()).filter(({ left, right }) => left < 0 || right > innerWidth);
    return { names: names.length, out: out.length, cut: Math.max(host.scrollHeight - host.clientHeight, host.scrollWidth - host.clientWidth) };
  }));
  for (const { names, out, cut } of found) {
    assert.ok(names >= 3);
    assert.equal(out, 0, 'a participant is beside the paper');
    assert.ok(cut <= 1, `${cut} px are cut off`);
  }
  await page.emulateMedia({ media: null });
}

async function shot(page, name) {
  await page.locator('.mermaid').first().evaluate((host) => { host.scrollIntoView({ block: 'center' }); host.scrollTop = 300; });
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${SCREENSHOTS}/diagrams-${name}.png` });
}

// Captures of the project: one with prose, one of 64 messages in both layouts, and two made from that one; and, with
// pages by hand that include them, two short ones.
function makeProject() {
  rmSync(PROJECT, { recursive: true, force: true });
  cpSync('docs/assets', join(PROJECT, 'docs/assets'), { recursive: true });
  writeFileSync(join(PROJECT, 'docs/index.md'), '# Diagrams\n');
  writeFileSync(join(PROJECT, 'mkdocs.yml'), siteConfig());
  mkdirSync(join(PROJECT, 'captures'));
  writeFileSync(join(PROJECT, 'captures/docgen.toml'), 'layout = "page"\nlocale = "en"\nprofile = "openstack"\nlinks = true\nnoise = false\n');
  const show = capture('show', 'captures/openstack/image/show');
  writeFileSync(join(show, 'page.md'), '# {{ title }}\n\n| Step |\n| --- |\n| {{ show_image }} |\n\nSee {{ show_image.response }}.\n\n{{ diagram }}\n\n{{ rest }}\n');
  const server = capture('server', 'captures/openstack/server/create');
  const settings = readFileSync(join(server, 'capture.toml'), 'utf8').replace(/\[\[filter\]\][^[]*/g, '');
  const laidOut = (layout) => settings.replace(/^layout = .*$/m, `layout = "${layout}"`);
  writeFileSync(join(server, 'capture.toml'), laidOut('page'));
  writeFileSync(join(capture('parts', server), 'capture.toml'), laidOut('snippets'));
  const trace = JSON.parse(readFileSync(join(server, 'trace.har'), 'utf8'));
  const { entries } = trace.log;
  const later = (entry, run) => ({ ...entry, startedDateTime: new Date(Date.parse(entry.startedDateTime) + run * 600_000).toISOString() });
  const runs = [0, 1, 2, 3].flatMap((run) => entries.map((entry) => later(entry, run)));
  const plain = 'title = "Many"\ncommand = "openstack server create"\n';
  made('many', trace, runs.slice(0, 125), plain);
  const names = ['openstack-client on the operator\'s own workstation', 'keystone-api (Identity, behind the load balancer)', 'glance-api (Image service, first of three)', 'nova-api (Compute service, first of three)'];
  const participants = ['client', 'keystone', 'glance', 'nova'].map((id, at) => `[[participant]]\nid = "${id}"\nlabel = ${JSON.stringify(names[at])}\n`);
  made('long', trace, entries.slice(0, 10), `title = "Long names"\n${participants.join('')}`);
  writeFileSync(join(capture('tabs', 'captures/openstack/image/show'), 'page.md'), TABS);
  for (const [name, links] of [['linked', true], ['plain', false]]) {
    for (const command of ['show', 'create']) included(`${name}/${command}`, `captures/openstack/image/${command}`, links);
  }
  const byHand = {
    two: ['# Two', diagram('plain/show'), diagram('plain/create'), '## Show', body('plain/show'), '## Create', body('plain/create')],
    same: ['# Same', '## Show { #diagram }', diagram('linked/show'), body('linked/show'), '## Create', diagram('linked/create'), body('linked/create')],
    again: ['# Again', '## First', diagram('plain/show'), body('plain/show'), '## Second', diagram('plain/show'), body('plain/show')],
    unclear: ['# Unclear', diagram('plain/show'), diagram('plain/show'), '## First', body('plain/show'), '## Second', body('plain/show')],
    hand: [HAND],
  };
  for (const [name, parts] of Object.entries(byHand)) writeFileSync(join(PROJECT, `docs/${name}.md`), `${parts.join('\n\n')}\n`);
}

function diagram(capture) {
  return `\`\`\` mermaid\nsequenceDiagram\n  autonumber\n  --8<-- "${capture}/diagram.md"\n\`\`\``;
}

function body(capture) {
  return `--8<-- "${capture}/body.md"`;
}

// A capture of which pages by hand include parts.
function included(name, from, links) {
  const folder = capture(name, from);
  for (const source of ['page.md', 'body.md', 'diagram.md']) rmSync(join(folder, source), { force: true });
  const settings = readFileSync(join(folder, 'capture.toml'), 'utf8').replace(/^(layout|links) = .*\n/gm, '');
  writeFileSync(join(folder, 'capture.toml'), `layout = "snippets"\nlinks = ${links}\n${settings}`);
}

function capture(name, from) {
  const folder = join(PROJECT, 'captures', name);
  cpSync(from, folder, { recursive: true });
  return folder;
}

function made(name, trace, entries, settings) {
  const folder = join(PROJECT, 'captures', name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'trace.har'), JSON.stringify({ log: { ...trace.log, entries } }));
  writeFileSync(join(folder, 'capture.toml'), settings);
}
