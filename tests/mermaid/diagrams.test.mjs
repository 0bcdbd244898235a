// mermaid accepts every diagram under docs/ and draws it whole; and the reader itself can tell.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MAX_CHARACTERS, diagramsOf, filesOf, read } from './diagrams.mjs';

const messages = ({ events }) => events.filter(({ kind }) => kind === 'message');

test('mermaid accepts every diagram under docs/', async (context) => {
  const diagrams = filesOf('docs').flatMap((file) => diagramsOf(file, 'docs'));
  assert.ok(diagrams.length > 0, 'docs/ holds no diagram');
  for (const { file, line, text } of diagrams) {
    await context.test(`${file}:${line}`, async () => {
      const { participants, events } = await read(text);
      assert.ok(participants.length > 0 && events.length > 0, 'the diagram is empty');
      assert.ok(text.length <= MAX_CHARACTERS, `${text.length} characters: a page shows an error instead`);
    });
  }
});

test('what mermaid read comes back as a reader sees it', async () => {
  const { participants, events } = await read([
    'sequenceDiagram',
    'autonumber',
    'participant P1 as glance-api: #35;1',
    'client->>P1: GET /a#35;b#59;c?d=%20&e={id} #lt;b#gt;',
    'Note right of P1: status: queued',
    'opt only #35;1',
    'P1-->>client: 200 OK',
    'end',
  ].join('\n'));
  assert.deepEqual(participants, [{ id: 'P1', text: 'glance-api: #1' }, { id: 'client', text: 'client' }]);
  assert.deepEqual(events, [
    { kind: 'message', number: 1, from: 'client', to: 'P1', reply: false, text: 'GET /a#b;c?d=%20&e={id} <b>' },
    { kind: 'note', placement: 'right', from: 'P1', to: 'P1', text: 'status: queued' },
    { kind: 'opt', text: 'only #1' },
    { kind: 'message', number: 2, from: 'P1', to: 'client', reply: true, text: '200 OK' },
    { kind: 'end' },
  ]);
});

test('what mermaid drops or refuses is told', async () => {
  const one = async (line) => messages(await read(`sequenceDiagram\n${line}`));
  assert.equal((await one('a->>b: kept # dropped'))[0].text, 'kept');
  assert.equal((await one('a->>b: kept %%{x}%% too'))[0].text, 'kept  too');
  await assert.rejects(one('a->>b: a;b c'), /Parse error/);
  await assert.rejects(one('end->>b: hi'), /Parse error/);
});

test('numbers are those that autonumber draws', async () => {
  const lines = ['a->>b: hidden', 'autonumber 10 5', 'a->>b: x', 'b-->>a: y', 'autonumber off', 'a->>b: z', 'autonumber', 'a->>b: w'];
  const numbers = messages(await read(['sequenceDiagram', ...lines].join('\n'))).map(({ number }) => number);
  assert.deepEqual(numbers, [null, 10, 15, null, 25]);
});
