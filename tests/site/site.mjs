// What the tests of the built site share: where it is, which pages it should have, and a server for it.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';

import { diagramsOf, filesOf } from '../mermaid/diagrams.mjs';

/** The sites that scripts/build-site makes of a project: {name, root, locations of all pages in the search index}. */
export function sites(project = '.') {
  return [
    {
      name: 'mkdocs',
      root: join(project, '.build/mkdocs'),
      searched: () => json(join(project, '.build/mkdocs/search/search_index.json')).docs.map(({ location }) => location),
    },
    {
      name: 'zensical',
      root: join(project, 'site'),
      searched: () => json(join(project, 'site/search.json')).items.map(({ location }) => location),
    },
  ];
}

/** The project's mkdocs.yml for a site of other pages, elsewhere: without its `nav`, and without files beside it. */
export function siteConfig() {
  return readFileSync('mkdocs.yml', 'utf8').replace(/^nav:\n(?: .*\n)+/m, '').replace(/^ +custom_dir:.*\n/m, '');
}

const PARTS = ['diagram.md', 'body.md', 'log.md'];

/** The files under `docs` that are parts of a page in the snippets layout, as paths below it. */
export function snippets(docs = 'docs') {
  return markdown(docs).filter((file) => isPart(docs, file));
}

/** The pages under `docs` as [{file, url, diagrams}]. */
export function pages(docs = 'docs') {
  return markdown(docs)
    .filter((file) => !isPart(docs, file))
    .map((file) => ({ file, url: urlOf(file), diagrams: diagramsOf(join(docs, file), docs) }));
}

/** Where a Markdown file's page is, without the leading slash. */
export function urlOf(file) {
  return file.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '/');
}

/** Every file of a built site with this ending. */
export function built(root, ending) {
  return readdirSync(root, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => join(root, name));
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png' };

/** Serves a folder on a free port of the loopback; gives {origin, close}. */
export async function serve(root) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    const file = join(root, path.endsWith('/') ? `${path}index.html` : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

function markdown(docs) {
  return filesOf(docs).filter((file) => file.endsWith('.md')).map((file) => file.slice(docs.length + 1));
}

function isPart(docs, file) {
  return PARTS.some((name) => file.endsWith(`/${name}`)) && existsSync(join(docs, dirname(file), 'index.md'));
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
