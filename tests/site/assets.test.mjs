// What `docgen init` gives to sites is what is tested here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

test('the mermaid that docgen carries is the one of package.json', () => {
  const carried = gunzipSync(readFileSync('assets/mermaid.min.js.gz'));
  assert.ok(carried.equals(readFileSync('node_modules/mermaid/dist/mermaid.min.js')));
});

// With one of the whole page or of a paragraph, a browser styles a long page anew for each of its lines.
test('the style sheet asks only tables, drawings and blocks of code what they hold', () => {
  const style = readFileSync('docs/assets/stylesheets/docgen.css', 'utf8').replace(/\/\*[^]*?\*\//g, '');
  const asked = [...style.matchAll(/([^\s,{}]*?):has\(/g)].map(([, subject]) => subject);
  assert.ok(asked.length > 10);
  const others = asked.filter((subject) => !/^(table|tr|\.md-typeset__table|code\[data-md-copying\]|\.docgen-svg|a:not\()/.test(subject));
  assert.deepEqual(others, []);
});
