// Sequence diagrams that can be read.
//
// The themes of MkDocs and Zensical let mermaid scale a diagram down to the width of the column, and draw it
// where no style sheet of a page reaches. So this looks at each one as it is drawn: it keeps its text at a size
// that can be read and lets the rest scroll, keeps the names of its participants in view, and gives it a name.
// It also marks pages with wide tables, for docgen.css. Load it behind mermaid; without it diagrams are drawn, too,
// only smaller. What it leaves out: what is in a diagram, and the style of the page around (docgen.css).
(() => {
  'use strict';

  // The size below which no text of a diagram is drawn, in CSS pixels.
  const SMALLEST_TEXT = 11;

  const STYLE = `
    svg.docgen { display: block; margin: 0 auto; height: auto; max-width: none !important;
      width: clamp(var(--docgen-least), 100%, var(--docgen-most)); }
    .docgen-names { position: sticky; top: var(--docgen-names-top, 0); height: 0; z-index: 1; }
    .docgen-names .docgen-ground { fill: var(--md-default-bg-color, #fff); stroke: none; }
    /* Newer mermaids call their markers by the diagram, which the themes' colours for them do not. */
    marker[id$="arrowhead"] path { fill: var(--md-mermaid-sequence-message-line-color, #333) !important; }
    marker[id$="crosshead"] path { stroke: var(--md-mermaid-sequence-message-line-color, #333) !important; }
    marker[id$="sequencenumber"] circle { fill: var(--md-mermaid-sequence-message-line-color, #333) !important; }
    .sequenceNumber { fill: var(--md-default-bg-color, #fff) !important; font-size: 13px !important; }
    marker[id$="sequencenumber-link"] circle { fill: var(--md-typeset-a-color, #4051b5) !important; }
    a:is(.docgen-message, .docgen-fold) { text-decoration: none; }
    a.docgen-message .docgen-area { fill: transparent; stroke: none; }
    a.docgen-message:is(:hover, :focus-visible) .docgen-area {
      fill: color-mix(in srgb, var(--md-typeset-a-color, #4051b5) 12%, transparent); }
    a.docgen-fold rect.note { stroke: var(--md-typeset-a-color, #4051b5) !important; }
    a.docgen-fold:is(:hover, :focus-visible) rect.note {
      fill: color-mix(in srgb, var(--md-typeset-a-color, #4051b5) 12%, var(--md-default-bg-color, #fff)) !important; }
    a:is(.docgen-message, .docgen-fold):focus-visible { outline: 2px solid var(--md-accent-fg-color, #526cfe); outline-offset: 2px; }
    line.actor-line { stroke: var(--md-default-fg-color--light, #666) !important; }
    /* A text stands on the lines of participants that it crosses. */
    .messageText { paint-order: stroke; stroke: var(--md-default-bg-color, #fff) !important; stroke-width: 5px !important; }
    /* … and has no spot around it on a coloured ground. */
    svg.docgen:has(rect.rect) .messageText { stroke-width: 2px !important; }
    @media print {
      .docgen-names { display: none; }
      svg.docgen { width: min(100%, var(--docgen-most)); }
      .messageText { stroke: none !important; }
    }`;

  /** What is done with a diagram once it is in the page; `root` is all that can be seen of it. */
  function dress(root) {
    const host = root.host ?? root;
    const svg = root.querySelector('svg[aria-roledescription="sequence"]');
    if (!svg || svg.classList.contains('docgen')) return;
    const { width } = svg.viewBox.baseVal;
    const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim() !== '');
    if (width === 0 || texts.length === 0) return;
    root.prepend(element('style', {}, STYLE));
    const sizes = texts.map((text) => parseFloat(getComputedStyle(text).fontSize));
    const least = width * Math.min(1, SMALLEST_TEXT / Math.min(...sizes));
    host.style.setProperty('--docgen-most', `${width}px`);
    host.style.setProperty('--docgen-least', `${least}px`);
    for (const attribute of ['width', 'height']) svg.removeAttribute(attribute);
    svg.classList.add('docgen');
    root.prepend(names(svg));
    const sections = sectionsOf(host);
    linkMessages(svg, sections);
    linkFolds(svg, sections);
    const name = svg.querySelector(':scope > title')?.textContent || headingOf(host) || document.title;
    svg.setAttribute('aria-label', name);
    new ResizeObserver(() => fit(host, least, name)).observe(host);
  }

  /** A second row of the participants' names, which stays where it is while the diagram scrolls. */
  function names(svg) {
    const { x, y, width } = svg.viewBox.baseVal;
    const boxes = [...svg.querySelectorAll('.actor-top')].map((box) => box.parentNode);
    const bottom = Math.max(0, ...boxes.map((box) => box.getBBox()).map((box) => box.y + box.height));
    const height = bottom - y + 4;
    const row = svg.cloneNode(false);
    row.setAttribute('viewBox', `${x} ${y} ${width} ${height}`);
    for (const attribute of ['id', 'role', 'aria-roledescription', 'aria-labelledby', 'aria-describedby']) {
      row.removeAttribute(attribute);
    }
    row.setAttribute('id', svg.id); // mermaid's own style of a diagram asks for it
    row.append(element('rect', { x, y, width, height, class: 'docgen-ground' }, '', svg.namespaceURI));
    row.append(...boxes.map((box) => box.cloneNode(true)));
    row.querySelectorAll('[id]').forEach((copy) => copy.removeAttribute('id'));
    const sticky = element('div', { class: 'docgen-names', 'aria-hidden': 'true' }, '');
    sticky.append(row);
    return sticky;
  }

  /** The anchors of the sections about messages, by the numbers that their headings begin with: `(7),(10) GET /`. */
  function sectionsOf(host) {
    const sections = new Map();
    for (const heading of document.querySelectorAll(':is(h2, h3, h4, h5, h6)[id]')) {
      const [numbers] = /^\s*(\(\d+\),?)*/.exec(heading.textContent);
      const isBelow = host.compareDocumentPosition(heading) & Node.DOCUMENT_POSITION_FOLLOWING;
      for (const [, number] of numbers.matchAll(/\((\d+)\)/g)) {
        // Where a page holds several commands, the diagram of one stands above its sections.
        const known = sections.get(number);
        if (!known || (isBelow && !known.isBelow)) sections.set(number, { id: heading.id, isBelow });
      }
    }
    return sections;
  }

  /** Makes a message a link to its section: its line, its text and its number, and a little around them. */
  function linkMessages(svg, sections) {
    const numbers = [...svg.querySelectorAll('.sequenceNumber')];
    const links = numbers.filter(({ textContent }) => sections.has(textContent)).map((number) => {
      const href = `#${encodeURIComponent(sections.get(number.textContent).id)}`;
      const link = element('a', { href, class: 'docgen-message' }, '', svg.namespaceURI);
      number.after(link);
      link.append(...partsOf(number));
      return link;
    });
    for (const link of links) markNumber(link);
    // All are measured first: a browser lays out a diagram anew after each change.
    const boxes = links.map((link) => link.getBBox());
    for (const [index, { x, y, width, height }] of boxes.entries()) {
      const area = { x: x - 4, y: y - 4, width: width + 8, height: height + 8, class: 'docgen-area' };
      links[index].prepend(element('rect', area, '', svg.namespaceURI));
    }
  }

  /** Makes a note whose text begins with the number of a step a link to its section: `(28)-(55) inside`. */
  function linkFolds(svg, sections) {
    const messages = [...svg.querySelectorAll('a.docgen-message')];
    const topOf = (part) => Number(part.querySelector('rect').getAttribute('y'));
    for (const text of svg.querySelectorAll('g > .noteText')) {
      const section = sections.get(/^\s*\((\d+)\)/.exec(text.textContent)?.[1]);
      if (!section) continue;
      const note = text.parentNode;
      const href = `#${encodeURIComponent(section.id)}`;
      const link = element('a', { href, class: 'docgen-fold' }, '', svg.namespaceURI);
      // Mermaid draws all notes first; a keyboard comes by in the order of what a reader sees.
      const top = topOf(note);
      (messages.find((message) => topOf(message) > top) ?? note).before(link);
      link.append(note);
    }
  }

  /** Has the disc of a link's number a colour of its own; mermaid draws all discs of a diagram as one marker. */
  function markNumber(link) {
    const line = link.querySelector('line[marker-start]');
    const id = /#([^)]*sequencenumber)\)/.exec(line?.getAttribute('marker-start'))?.[1];
    const marker = id && link.ownerSVGElement.querySelector(`marker[id="${id}"]`);
    if (!marker) return;
    const own = `${id}-link`;
    if (marker.nextElementSibling?.id !== own) {
      const copy = marker.cloneNode(true);
      copy.id = own;
      marker.after(copy);
    }
    line.setAttribute('marker-start', line.getAttribute('marker-start').replace(id, own));
  }

  /** What mermaid drew of the message that has this number, in its order: lines of text, the arrow, the number. */
  function partsOf(number) {
    const parts = [number];
    const isText = (part) => part.matches('.messageText');
    for (let at = number.previousElementSibling; at?.matches('.messageText, line, path'); at = at.previousElementSibling) {
      if (isText(parts[0]) && !isText(at)) break;
      parts.unshift(at);
    }
    return parts;
  }

  /** Has a diagram that is wider than its column scroll in a box of its own, which a keyboard reaches. */
  function fit(host, least, name) {
    const isWide = least > host.clientWidth + 1;
    host.classList.toggle('docgen-diagram', true);
    host.classList.toggle('docgen-diagram--wide', isWide);
    if (isWide) {
      host.setAttribute('tabindex', '0');
      host.setAttribute('role', 'region');
      host.setAttribute('aria-label', name);
    } else {
      for (const attribute of ['tabindex', 'role', 'aria-label']) host.removeAttribute(attribute);
    }
  }

  /** The text of the heading above a diagram. */
  function headingOf(host) {
    for (let at = host; at && at !== document.body; at = at.previousElementSibling ?? at.parentElement) {
      if (/^H[1-6]$/.test(at.tagName)) return at.firstChild?.textContent.trim();
    }
    return undefined;
  }

  function element(name, attributes, text, namespace = 'http://www.w3.org/1999/xhtml') {
    const made = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  }

  /** Has mermaid hand over each diagram that it has drawn; Material asks for it by another name. */
  function watch(mermaid) {
    if (!mermaid?.render || mermaid.render.isWatched) return mermaid;
    const { render } = mermaid;
    mermaid.render = async (...asked) => {
      const drawn = await render.apply(mermaid, asked);
      const bind = (root) => {
        drawn.bindFunctions?.(root);
        try { dress(root); } catch (error) { console.warn('docgen.js:', error); }
      };
      return { ...drawn, bindFunctions: bind, fn: bind };
    };
    mermaid.render.isWatched = true;
    return mermaid;
  }

  /** Marks a page whose tables want the width of the window. */
  function mark() {
    const isWide = document.querySelector('th:is(.docgen-overview, .docgen-facts)') !== null;
    document.body.classList.toggle('docgen-wide', isWide);
  }

  // Where the theme loads a page in place of another one, it tells of each.
  if (window.document$?.subscribe) {
    window.document$.subscribe(mark);
  } else {
    document.addEventListener('DOMContentLoaded', mark);
  }

  let current = window.mermaid;
  if (current?.render) {
    watch(current);
  } else {
    // The theme loads it later, and looks first whether it is there.
    Object.defineProperty(window, 'mermaid', {
      configurable: true,
      get: () => current,
      set: (mermaid) => { current = watch(mermaid); },
    });
  }
})();
