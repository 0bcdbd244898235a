// The built sites as files: every page is there, parts of pages are not, and nothing comes from outside.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { built, pages, sites, snippets, urlOf } from './site.mjs';

for (const site of sites()) {
  describe(site.name, () => {
    test('every page is in the site and in its search index', () => {
      const searched = new Set(site.searched().map((location) => location.split('#')[0]));
      for (const { file, url } of pages()) {
        assert.ok(existsSync(join(site.root, url, 'index.html')), `${file} has no page`);
        assert.ok(searched.has(url), `${file} is not in the search index`);
      }
    });

    test('the parts of the snippets layout are in neither', () => {
      assert.ok(snippets().length > 0, 'docs/ holds no page in the snippets layout');
      const searched = site.searched();
      for (const file of snippets()) {
        assert.ok(!existsSync(join(site.root, urlOf(file))), `${file} has a page of its own`);
        assert.ok(!existsSync(join(site.root, file)), `${file} was copied into the site`);
        assert.ok(!searched.some((location) => location.startsWith(urlOf(file))), `${file} is in the search index`);
      }
    });

    test('each page is in its own language', () => {
      const languages = pages().map(({ file, url }) => {
        const [, said] = readFileSync(join('docs', file), 'utf8').match(/^---\n(?:.*\n)*?lang: "?(\w+)"?\n/) ?? [];
        const [, html] = readFileSync(join(site.root, url, 'index.html'), 'utf8').match(/<html lang="(\w+)"/);
        assert.equal(html, said ?? 'en', file);
        return html;
      });
      assert.deepEqual([...new Set(languages)].sort(), ['en', 'ko']);
    });

    test('no page loads a script, a style, a font or an image from elsewhere', () => {
      const loading = /<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc=["']?((?:https?:)?\/\/[^"'\s>]+)/gi;
      const linking = /<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|prefetch|preconnect|icon|modulepreload))[^>]*?\shref=["']?((?:https?:)?\/\/[^"'\s>]+)/gi;
      for (const file of built(site.root, '.html')) {
        const html = readFileSync(file, 'utf8');
        assert.deepEqual([...html.matchAll(loading), ...html.matchAll(linking)].map(([, url]) => url), [], file);
      }
      for (const file of built(site.root, '.css')) {
        const outside = /(?:url\(|@import\s+)["']?((?:https?:)?\/\/[^"')\s]+)/gi;
        assert.deepEqual([...readFileSync(file, 'utf8').matchAll(outside)].map(([, url]) => url), [], file);
      }
    });
  });
}
