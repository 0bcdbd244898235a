// A headless Chromium that reaches nothing but the loopback, and what to look at in its pages.

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Starts the browser. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** Opens a page; gives it and the problems that it has while it is open: requests to elsewhere, errors. */
export async function open(browser, origin, url, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 }, ...options });
  // A page of a thousand blocks takes its time on a busy machine.
  page.setDefaultTimeout(180_000);
  const problems = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('response', (response) => { if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`); });
  await page.route('**', (route) => {
    if (route.request().url().startsWith(`${origin}/`)) return route.continue();
    problems.push(`request to elsewhere: ${route.request().url()}`);
    return route.abort();
  });
  // The theme draws into a closed shadow root, which nobody outside can look into.
  await page.addInitScript(() => {
    const { attachShadow } = Element.prototype;
    Element.prototype.attachShadow = function (options) { return attachShadow.call(this, { ...options, mode: 'open' }); };
  });
  await page.goto(`${origin}/${url}`, { waitUntil: 'load' });
  return { page, problems };
}

/** The least size of text as a diagram is drawn, in CSS pixels, at a width of 1280. */
export const SMALLEST = 11;

/** Every text of docgen's diagrams that the site's script has drawn, with the size at which it is drawn. */
export function textSizes(page) {
  return page.evaluate(() => [...document.querySelectorAll('.mermaid')].flatMap(({ shadowRoot }) => {
    const texts = [...shadowRoot.querySelectorAll('svg.docgen text')].filter((text) => text.textContent.trim() !== '');
    return texts.map((text) => {
      const scale = Math.abs(text.getScreenCTM().a);
      return [text.textContent, Math.round(parseFloat(getComputedStyle(text).fontSize) * scale * 100) / 100];
    });
  }));
}

/** Has a page the colours of a scheme; the theme fades from one to the other, and is waited for. */
export async function useScheme(page, scheme) {
  await page.evaluate(async (scheme) => {
    document.body.setAttribute('data-md-color-scheme', scheme);
    await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
    const fading = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fading.map(({ finished }) => finished));
  }, scheme);
}

/** Waits until that many diagrams are drawn; gives [{messages, numbers, notes}] with their texts, in order, and the colours of backgrounds. */
export async function drawnDiagrams(page, count) {
  const hosts = page.locator('div.mermaid');
  await page.waitForFunction(
    (expected) => [...document.querySelectorAll('div.mermaid')].filter((host) => host.shadowRoot?.querySelector('svg')).length === expected,
    count,
    { timeout: 20_000 },
  );
  return hosts.evaluateAll((elements) => elements.map(({ shadowRoot }) => {
    const texts = (selector) => [...shadowRoot.querySelectorAll(selector)].map(({ textContent }) => textContent);
    const backgrounds = [...shadowRoot.querySelectorAll('rect.rect')].map((rect) => getComputedStyle(rect).fill);
    return { messages: texts('text.messageText'), numbers: texts('text.sequenceNumber'), notes: texts('text.noteText'), backgrounds };
  }));
}

/** What was drawn ahead, in the form of [drawnDiagrams]: nothing has to be waited for. */
export function drawings(page) {
  return page.locator('.docgen-svg').evaluateAll((hosts) => hosts.map((host) => {
    const texts = (name) => [...host.querySelectorAll(`text.docgen-${name}`)].map(({ textContent }) => textContent);
    const backgrounds = [...host.querySelectorAll('rect.docgen-ground')].map((rect) => getComputedStyle(rect).fill);
    return { messages: texts('message'), numbers: texts('number'), notes: texts('note'), backgrounds };
  }));
}

/**
 * What a script, axe-core's, finds wrong and serious in what docgen wrote: [rule, element, how to mend it] each. Code,
 * permalinks, labels of tabs and how a link looks in a text are the theme's.
 */
export async function seriousViolations(page, axe) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(
    { include: ['article'], exclude: ['.highlight', '.headerlink', '.tabbed-labels'] },
    { resultTypes: ['violations'], rules: { 'link-in-text-block': { enabled: false } } },
  ));
  const serious = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  return serious.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]);
}

/**
 * How parts of the first such diagram stand out, by WCAG's contrast: each part is [selector, property] of what is seen,
 * and [selector, property] of what is behind it, if that is not the page.
 */
export function contrastsIn(page, host, parts) {
  return page.evaluate(({ host, parts }) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const pixel = (...colors) => {
      canvas.clearRect(0, 0, 1, 1);
      for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (color) => {
      const [r, g, b] = color.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = getComputedStyle(document.body).backgroundColor;
    const element = document.querySelector(host);
    const color = (selector, property) => getComputedStyle((element.shadowRoot ?? element).querySelector(selector))[property];
    const contrast = ([selector, property, behind, ofBehind]) => {
      const grounds = behind ? [ground, color(behind, ofBehind)] : [ground];
      const [high, low] = [pixel(...grounds, color(selector, property)), pixel(...grounds)].map(light).sort((x, y) => y - x);
      return Math.round((high + 0.05) / (low + 0.05) * 100) / 100;
    };
    return Object.fromEntries(Object.entries(parts).map(([what, part]) => [what, contrast(part)]));
  }, { host, parts });
}

/**
 * A click on any part of the first such message follows its link: on its line, above and below it, and on the parts of
 * it that these selectors name.
 */
export async function assertMessageLeads(page, links, parts) {
  const link = page.locator(links).first();
  await link.evaluate((link) => link.scrollIntoView({ block: 'center', inline: 'center' }));
  const { missed, at, height } = await link.evaluate((link, { line, ...parts }) => {
    const box = link.querySelector(line).getBoundingClientRect();
    const along = (share, beside) => [box.left + box.width * share, box.top + box.height / 2 + beside];
    const middle = ([what, selector]) => {
      const box = link.querySelector(selector)?.getBoundingClientRect();
      return [what, box && [(box.left + box.right) / 2, (box.top + box.bottom) / 2]];
    };
    const points = { line: along(0.4, 0), 'above the line': along(0.2, -4), 'below the line': along(0.7, 4), ...Object.fromEntries(Object.entries(parts).map(middle)) };
    const isMissed = ([, point]) => point && link.getRootNode().elementFromPoint(...point)?.closest('a') !== link;
    return { missed: Object.entries(points).filter(isMissed), at: points.line, height: link.querySelector('.docgen-area').getBoundingClientRect().height };
  }, parts);
  assert.deepEqual(missed, []);
  assert.ok(height >= 24, `what can be clicked is ${height} px high`);
  await page.mouse.click(...at);
  const [hash, href, top] = await link.evaluate((link) => [location.hash, link.getAttribute('href'), document.querySelector(':target')?.getBoundingClientRect().top]);
  assert.equal(hash, href);
  assert.ok(top >= 0 && top < 900, `what it leads to is at ${top} px`);
}
