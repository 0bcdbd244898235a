// What `docgen init` gives to sites is what is tested here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

test('the mermaid that docgen carries is the one of package.json', () => {
  const carried = gunzipSync(readFileSync('assets/mermaid.min.js.gz'));
  assert.ok(carried.equals(readFileSync('node_modules/mermaid/dist/mermaid.min.js')));
});
