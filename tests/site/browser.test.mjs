// The built sites in a real browser: diagrams are drawn with the text that went in, large enough to read,
// tabs work, and nothing is fetched from anywhere but the site.
//
// Screenshots go to .build/screenshots. CHROMIUM names another browser than the one on the path.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { read } from '../mermaid/diagrams.mjs';
import { SMALLEST, drawnDiagrams, launch, open, textSizes } from './browser.mjs';
import { pages, serve, sites } from './site.mjs';

const SCREENSHOTS = '.build/screenshots';

const browser = await launch();
after(() => browser.close());
mkdirSync(SCREENSHOTS, { recursive: true });

for (const site of sites()) {
  describe(site.name, () => {
    let server;
    before(async () => { server = await serve(site.root); });
    after(() => server.close());

    // By the second builder, whose theme is much the same, those with something to draw.
    const seen = pages().filter(({ diagrams }) => site.name === 'mkdocs' || diagrams.length > 0);
    for (const { file, url, diagrams } of seen) {
      test(file, async () => {
        const { page, problems } = await open(browser, server.origin, url);
        const drawn = await drawnDiagrams(page, diagrams.length).catch((error) => { throw new Error(`${error.message} ${problems.join(', ')}`); });
        for (const [index, { text }] of diagrams.entries()) {
          const messages = (await read(text)).events.filter(({ kind }) => kind === 'message');
          assert.deepEqual(drawn[index].messages, messages.map((message) => message.text));
          const numbered = messages.filter(({ number }) => number !== null);
          assert.deepEqual(drawn[index].numbers, numbered.map(({ number }) => String(number)));
          if (text.includes('themeCSS')) {
            // What is new and what is gone have colours of their own, which the theme would take away.
            const colours = [...text.matchAll(/^ *rect (.*)$/gm)].map(([, colour]) => colour);
            assert.deepEqual(drawn[index].backgrounds.toSorted(), colours.toSorted());
          }
        }
        for (const [text, size] of await textSizes(page)) assert.ok(size >= SMALLEST, `${text} is drawn at ${size} px`);
        const screenshot = `${SCREENSHOTS}/${site.name}-${url.replace(/\/$/, '').replaceAll('/', '-') || 'index'}`;
        if (drawn.length > 0) await page.locator('div.mermaid').first().scrollIntoViewIfNeeded();
        await page.screenshot({ path: `${screenshot}.png` });
        if (await assertTabsWork(page)) await page.screenshot({ path: `${screenshot}-tabs.png` });
        assert.deepEqual(problems, []);
        await page.close();
      });
    }

    test('some page has a diagram and tabs', async () => {
      const { file, url } = pages().find(({ file, diagrams }) => diagrams.length > 0 && readFileSync(`docs/${file}`, 'utf8').includes('=== "'))
        ?? assert.fail('no page has a diagram and tabs');
      const { page } = await open(browser, server.origin, url);
      assert.ok(await page.locator('.tabbed-set').count() > 0, `${file} has no tabs`);
      await page.close();
    });
  });
}

// The first set of several tabs: its first tab is shown, and a click on the second shows that one instead. Gives
// whether there is one.
async function assertTabsWork(page) {
  const tabs = page.locator('.tabbed-set:has(> .tabbed-labels > label:nth-child(2))').first();
  if (await tabs.count() === 0) return false;
  const [first, second] = [0, 1].map((index) => tabs.locator('> .tabbed-content > .tabbed-block').nth(index));
  assert.deepEqual([await first.isVisible(), await second.isVisible()], [true, false]);
  await tabs.locator('> .tabbed-labels > label').nth(1).click();
  await second.waitFor({ state: 'visible', timeout: 5000 });
  assert.equal(await first.isVisible(), false);
  return true;
}
