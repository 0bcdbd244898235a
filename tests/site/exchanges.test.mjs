// Pages that tell exchange by exchange, in a real browser: every number of a step leads to a section, every section
// back to its row of the table, and a phone shows the table as a list.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { drawnDiagrams, launch, open } from './browser.mjs';
import { pages, serve, sites } from './site.mjs';

const SCREENSHOTS = '.build/screenshots';
const PHONE = { width: 390, height: 844 };

const browser = await launch();
after(() => browser.close());
mkdirSync(SCREENSHOTS, { recursive: true });

const found = pages().filter(({ file }) => readFileSync(`docs/${file}`, 'utf8').includes('.docgen-overview }'));
test('the site has such a page', () => assert.ok(found.length > 0));

for (const site of sites()) {
  describe(site.name, () => {
    let server;
    before(async () => { server = await serve(site.root); });
    after(() => server.close());

    for (const { file, url, diagrams } of found) {
      const shot = `${SCREENSHOTS}/${site.name}-${url.replace(/\/$/, '').replaceAll('/', '-')}`;

      test(`${file}: numbers lead to sections, and those back`, async () => {
        const { page, problems } = await open(browser, server.origin, url);
        await drawnDiagrams(page, diagrams.length);
        const { rows, sections, lost } = await page.locator('.md-content').evaluate((content) => {
          const links = [...content.querySelectorAll('a[href*="#"]')].map((link) => new URL(link.getAttribute('href'), location.href)).filter(({ pathname }) => pathname === location.pathname);
          const isSection = (heading) => /^\(\d+\)/.test(heading.textContent);
          return {
            rows: [...content.querySelectorAll('table:has(th.docgen-overview) tbody tr')].map((row) => row.cells[0].querySelector('a')?.hash),
            sections: [...content.querySelectorAll('h3, h4')].filter(isSection).map((heading) => ({
              hash: `#${heading.id}`,
              back: [...heading.nextElementSibling.querySelectorAll('a')].map(({ hash }) => document.getElementById(hash.slice(1))?.matches('th.docgen-overview, td')
                && document.getElementById(hash.slice(1)).querySelector('a')?.hash).find(Boolean),
            })),
            lost: links.filter(({ hash }) => hash !== '' && document.getElementById(decodeURIComponent(hash.slice(1))) === null).map(({ hash }) => hash),
          };
        });
        assert.deepEqual(lost, []);
        assert.ok(rows.length > 0);
        assert.deepEqual(rows, sections.map(({ hash }) => hash));
        assert.deepEqual(sections.filter(({ hash, back }) => back !== hash), [], 'sections without a way back to their row');
        const folds = await page.evaluate(() => {
          const roots = [...document.querySelectorAll('.mermaid')].map(({ shadowRoot }) => shadowRoot);
          const texts = [document, ...roots].flatMap((root) => [...root.querySelectorAll('.noteText, text.docgen-note')]);
          return texts.map((text) => {
            const href = text.closest('a')?.getAttribute('href');
            return [text.textContent, href && document.getElementById(href.slice(1)).textContent];
          });
        });
        const isNested = (await page.locator('table:has(th.docgen-overview)').textContent()).includes('↳');
        assert.equal(folds.length > 0, isNested);
        for (const [text, heading] of folds) assert.ok(heading?.startsWith(/^\(\d+\)/.exec(text)[0]), `${text} leads to ${heading}`);
        await page.locator('table:has(th.docgen-overview) tbody a').last().click();
        await page.waitForFunction((heading) => {
          const { top } = document.querySelector(heading).getBoundingClientRect();
          return top >= 0 && top < innerHeight;
        }, rows.at(-1));
        await page.locator(`${rows.at(-1)} + p a[href$="-row"]`).click();
        await page.waitForFunction(() => {
          const row = document.querySelector('td:target');
          const { x, y, height } = row?.getBoundingClientRect() ?? {};
          return row && document.elementFromPoint(x + 2, y + height / 2)?.closest('td') === row;
        });
        assert.deepEqual(problems, []);
        await page.close();
      });

      test(`${file}: on a phone`, async () => {
        const { page } = await open(browser, server.origin, url);
        await page.setViewportSize(PHONE);
        const table = page.locator('table:has(th.docgen-overview)');
        const displays = await table.evaluate((table) => [table, table.rows[1], table.rows[1].cells[2]].map((one) => getComputedStyle(one).display));
        assert.deepEqual(displays, ['block', 'block', 'block']);
        const { overflow, wide } = await page.evaluate(() => ({
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          wide: [...document.querySelectorAll('table:has(th.docgen-overview) td')].filter((cell) => cell.getBoundingClientRect().right > innerWidth).length,
        }));
        assert.ok(overflow <= 0, 'the page scrolls sideways');
        assert.equal(wide, 0, 'cells are wider than the screen');
        await table.scrollIntoViewIfNeeded();
        await page.screenshot({ path: `${shot}-phone.png` });
        await page.close();
      });
    }
  });
}
