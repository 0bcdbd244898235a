// What a reader does with the project's own site, by both builders: searches it for a path, a header or a field that
// a message has; reads it with a screen reader; prints a page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { drawnDiagrams, launch, open, seriousViolations, useScheme } from './browser.mjs';
import { pages, serve, sites } from './site.mjs';

// What is looked for, and the page that has it; other pages may have it too.
const SEARCHES = [
  ['a path', '/compute/v2.1/servers', 'openstack/server/create/'],
  ['a header', 'Openstack-Image-Import-Methods', 'openstack/image/create/'],
  ['a field of a body', 'availability_zone_hints', 'openstack/server/create/'],
];
// A page of each kind. By the second builder, whose theme is much the same, those that are quick to look at.
const READ = {
  mkdocs: ['openstack/', 'openstack/image/show/', 'openstack/server/create/', 'changes/zed-to-2026.2/'],
  zensical: ['openstack/', 'openstack/image/list/'],
};

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await launch();
after(() => browser.close());

for (const site of sites()) {
  describe(site.name, () => {
    let server;
    before(async () => { server = await serve(site.root); });
    after(() => server.close());

    for (const [what, text, url] of SEARCHES) {
      test(`a search for ${what} finds its page`, async () => {
        const { page } = await open(browser, server.origin, '');
        await page.keyboard.press('/'); // both themes open their search on it
        await page.keyboard.type(text, { delay: 20 });
        const found = page.locator(`[class*=search] a[href*="${url}"], dialog a[href*="${url}"], a[href*="${url}"][href*="?h="]`);
        await found.first().waitFor({ state: 'visible', timeout: 30_000 });
        await page.close();
      });
    }

    for (const url of READ[site.name]) {
      test(`${url} keeps nobody out`, async () => {
        const { page } = await open(browser, server.origin, url);
        await drawnDiagrams(page, pages().find((one) => one.url === url).diagrams.length);
        for (const scheme of ['default', 'slate']) {
          await useScheme(page, scheme);
          assert.deepEqual(await seriousViolations(page, AXE), [], scheme);
        }
        await page.close();
      });
    }
  });
}
