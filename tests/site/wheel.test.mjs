// The sites that scripts/try-wheel made with the wheel, in a browser: diagrams and tabs show, nothing comes from
// outside, and a search for a path finds its page.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { drawnDiagrams, launch, open } from './browser.mjs';
import { serve } from './site.mjs';

const SCREENSHOTS = '.build/screenshots';
const PAGES = { new: ['hello/', 'compute/server-list/'], old: ['hello/'] };
const BUILDERS = { mkdocs: '.build/mkdocs', properdocs: '.build/properdocs', zensical: 'site' };

const isMade = existsSync('.build/wheel/new/site/hello/index.html');
const browser = isMade && await launch();
after(() => browser && browser.close());
mkdirSync(SCREENSHOTS, { recursive: true });

for (const [site, urls] of Object.entries(PAGES)) {
  for (const [builder, folder] of Object.entries(BUILDERS)) {
    describe(`${site} site, ${builder}`, { skip: !isMade && 'scripts/try-wheel makes it' }, () => {
      let server;
      before(async () => { server = await serve(join('.build/wheel', site, folder)); });
      after(() => server.close());

      for (const url of urls) {
        test(url, async () => {
          const { page, problems } = await open(browser, server.origin, url);
          const generator = await page.locator('meta[name=generator]').getAttribute('content');
          assert.match(generator, new RegExp(builder, 'i'));
          const [diagram] = await drawnDiagrams(page, 1);
          assert.ok(diagram.messages.some((text) => text.includes('GET /')), diagram.messages.join(', '));
          assert.deepEqual(diagram.numbers.slice(0, 2), ['1', '2']);
          const tabs = page.locator('.tabbed-set').first();
          const blocks = tabs.locator('> .tabbed-content > .tabbed-block');
          assert.deepEqual([await blocks.nth(0).isVisible(), await blocks.nth(1).isVisible()], [true, false]);
          await page.screenshot({ path: `${SCREENSHOTS}/wheel-${site}-${builder}-${url.split('/').at(-2)}.png`, fullPage: true });
          assert.deepEqual(problems, []);
          await page.close();
        });
      }

      test('a search for a path', { skip: site === 'old' && 'it has no such page' }, async () => {
        const { page } = await open(browser, server.origin, '');
        await page.keyboard.press('/'); // both themes open their search on it
        await page.keyboard.type('/v2.1/servers', { delay: 20 });
        const found = page.locator('a[href*="compute/server-list"]').filter({ visible: true });
        await found.first().waitFor({ timeout: 20_000 });
        await page.close();
      });
    });
  }
}
