// Sequence diagrams that can be read.
//
// The themes of MkDocs and Zensical let mermaid scale a diagram down to the width of the column, and draw it
// where no style sheet of a page reaches. So this looks at each one as it is drawn: it keeps its text at a size
// that can be read and lets the rest scroll, keeps the names of its participants in view, and gives it a name.
// It makes each message a link to its section, opens the tab that holds what a link leads to, and marks pages with
// wide tables, for docgen.css. Load it behind mermaid; without it diagrams are drawn, too, only smaller. What it
// leaves out: what is in a diagram, and the style of the page around (docgen.css).
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
    const name = svg.querySelector(':scope > title')?.textContent || headingOf(host) || document.title;
    svg.setAttribute('aria-label', name);
    const messages = messagesIn(svg);
    const command = commandOf(host, messages);
    const links = linkMessages(messages, command);
    linkFolds(svg, command);
    root.addEventListener('click', follow); // which tells the document of no more than the diagram
    // What nobody sees, in a tab that is not open, has no size: it is measured when it is first seen.
    let isMeasured = false;
    const see = () => {
      if (host.clientWidth === 0) return;
      if (!isMeasured) {
        isMeasured = true;
        root.prepend(names(svg));
        widen(links);
      }
      fit(host, least, name);
    };
    see();
    new ResizeObserver(see).observe(host);
  }

  /** A second row of the participants' names, which stays where it is while the diagram scrolls. */
  function names(svg) {
    const { x, y, width } = svg.viewBox.baseVal;
    const all = [...svg.querySelectorAll('.actor-top')].map((box) => [box.parentNode, box.parentNode.getBBox()]);
    // A participant that a message creates has its name further down.
    const first = Math.min(...all.map(([, box]) => box.y + box.height));
    const top = all.filter(([, box]) => box.y < first);
    const boxes = top.map(([box]) => box);
    const bottom = Math.max(0, ...top.map(([, box]) => box.y + box.height));
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

  /** The messages that have a number: their texts, and what mermaid drew of each. */
  function messagesIn(svg) {
    return [...svg.querySelectorAll('.sequenceNumber')].map((number) => {
      const parts = partsOf(number);
      const text = parts.filter(isText).map(({ textContent }) => textContent).join('');
      return { number: number.textContent, text: withoutSpaces(text), parts };
    });
  }

  /** Makes each message that has a section a link to it: its line, its text and its number. Gives the links. */
  function linkMessages(messages, command) {
    return messages.filter((message) => isReached(command.sections.get(message))).map((message) => {
      const link = linkTo(command.sections.get(message), 'docgen-message');
      message.parts.at(-1).after(link);
      link.append(...message.parts);
      markNumber(link);
      return link;
    });
  }

  /** Has a link take clicks a little around what is drawn of its message, too. */
  function widen(links) {
    // All are measured first: a browser lays out a diagram anew after each change.
    const boxes = links.map((link) => link.getBBox());
    for (const [index, { x, y, width, height }] of boxes.entries()) {
      const area = { x: x - 4, y: y - 4, width: width + 8, height: height + 8, class: 'docgen-area' };
      links[index].prepend(element('rect', area, '', links[index].namespaceURI));
    }
  }

  /**
   * The command that a diagram is of: `sections`, the headings of its sections by the messages that they are about, and
   * `headings`, all of it that begin with a number, by that.
   *
   * A message and the heading of its section have the same number and say the same. A page may hold several commands,
   * each with messages of the same numbers. Numbers go up in the sections of one; where one comes again, another
   * command begins. A diagram is of the command that says most of what it says.
   */
  function commandOf(host, messages) {
    const empty = () => ({ sections: new Map(), headings: new Map() });
    const commands = [];
    let last;
    for (const heading of document.querySelectorAll(':is(h2, h3, h4, h5, h6)[id]')) {
      const [numbers, said] = readHeading(heading);
      const about = messagesOf(numbers, said, messages);
      const known = commands.at(-1)?.sections;
      const isAgain = (message) => known.has(message) && known.get(message) !== last;
      if (about.length > 0 && (!known || about.some(isAgain))) commands.push(empty());
      if (commands.length === 0 || numbers.length === 0) continue;
      const { sections, headings } = commands.at(-1);
      for (const message of about) if (!sections.has(message)) sections.set(message, heading);
      if (about.length > 0) last = heading;
      if (!headings.has(numbers[0])) headings.set(numbers[0], heading);
    }
    const most = Math.max(...commands.map(({ sections }) => sections.size));
    const alike = commands.filter(({ sections }) => sections.size === most);
    const isBefore = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
    const start = ({ sections }) => sections.values().next().value;
    const next = alike.find((command) => isBefore(host, start(command)));
    // Of two that say the same, it is of the next one below it, unless another diagram is nearer to that.
    const isBetween = (other) => isBefore(host, other) && isBefore(other, start(next));
    if (next && alike.length > 1 && [...document.querySelectorAll('.mermaid')].some(isBetween)) return empty();
    return next ?? alike.at(-1) ?? empty();
  }

  /** The numbers that a heading begins with, and what it says of them: `(7),(10) GET /`. */
  function readHeading(heading) {
    const own = [...heading.childNodes].filter((part) => !part.matches?.('.headerlink'));
    const text = withoutSpaces(own.map(({ textContent }) => textContent).join(''));
    const [marks] = /^(\(\d+\),?)*/.exec(text);
    return [marks.match(/\d+/g) ?? [], text.slice(marks.length)];
  }

  /** The messages that a heading is about: `(7) GET /`, `(8) 200 OK`, and both of them `(7),(8) GET /`. */
  function messagesOf([first, ...others], said, messages) {
    if (said === '') return [];
    const ofFirst = messages.filter(({ number }) => number === first);
    const about = ofFirst.filter(({ text }) => says(said, text));
    if (about.length < ofFirst.length) return about;
    return [...about, ...messages.filter(({ number, text }) => others.includes(number) && statusOf(text))];
  }

  /** Whether a heading says what a message says, which shows variables for values, and need not tell a status' path. */
  function says(heading, message) {
    const [its, own] = [heading, statusOf(message) ?? message].map((text) => text.split('?')[0].split('/'));
    const isSame = (part, at) => part === its[at] || (at > 0 && at < its.length && /\{.+\}/.test(part));
    return own.every(isSame) && (own.length === its.length || own.length === 1 && statusOf(message));
  }

  /** The status that a message tells, and what is behind it, which may be a path: of `Response: 200 OK`, too. */
  function statusOf(message) {
    return /^(?:[^/]*:)?(\d{3}(?!\d).*)$/.exec(message)?.[1];
  }

  /** Makes a note whose text begins with the number of a step a link to its section: `(28)-(55) inside`. */
  function linkFolds(svg, command) {
    const messages = [...svg.querySelectorAll('a.docgen-message')];
    const yOf = (part) => Number(part.querySelector('.sequenceNumber, rect').getAttribute('y'));
    for (const text of svg.querySelectorAll('g > .noteText')) {
      const section = command.headings.get(/^\s*\((\d+)\)/.exec(text.textContent)?.[1]);
      if (!isReached(section)) continue;
      const note = text.parentNode;
      const link = linkTo(section, 'docgen-fold');
      // Mermaid draws all notes first; a keyboard comes by in the order of what a reader sees.
      const y = yOf(note);
      (messages.find((message) => yOf(message) > y) ?? note).before(link);
      link.append(note);
    }
  }

  /** Whether a link to this heading leads there: a page may include what another one has, anchors and all. */
  function isReached(heading) {
    return heading !== undefined && document.getElementById(heading.id) === heading;
  }

  function linkTo(heading, name) {
    return element('a', { href: `#${encodeURIComponent(heading.id)}`, class: name }, '', 'http://www.w3.org/2000/svg');
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
    for (let at = number.previousElementSibling; at?.matches('.messageText, line, path'); at = at.previousElementSibling) {
      if (isText(parts[0]) && !isText(at)) break;
      parts.unshift(at);
    }
    return parts;
  }

  function isText(part) {
    return part.matches('.messageText');
  }

  function withoutSpaces(text) {
    return text.replace(/\s+/g, '');
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

  /** Opens the tabs that hold what a fragment of a URL names, and gives that if one was shut. Details open by themselves. */
  function uncover(fragment) {
    let name = fragment.slice(1);
    try { name = decodeURIComponent(name); } catch { /* as it is typed */ }
    const target = document.getElementById(name);
    let covered;
    for (let tab = target?.closest('.tabbed-block'); tab; tab = tab.parentElement.closest('.tabbed-block')) {
      const place = [...tab.parentElement.children].indexOf(tab);
      const choice = tab.parentElement.parentElement.querySelectorAll(':scope > input')[place];
      if (!choice || choice.checked) continue;
      choice.click(); // as a reader, so that the theme sees it
      covered = target;
    }
    return covered;
  }

  /** A click on a link within the page: its tab is open before the browser goes there. */
  function follow({ target }) {
    const link = target.closest?.('a[href^="#"]')?.getAttribute('href');
    if (link) uncover(link);
  }

  /** A page that was opened at a place of it, by a link from elsewhere or by the way back. */
  function arrive() {
    uncover(location.hash)?.scrollIntoView();
  }

  /** Marks a page whose tables want the width of the window. */
  function mark() {
    const isWide = document.querySelector('th:is(.docgen-overview, .docgen-facts)') !== null;
    document.body.classList.toggle('docgen-wide', isWide);
  }

  // Where the theme loads a page in place of another one, it tells of each.
  const begin = () => { mark(); arrive(); };
  if (window.document$?.subscribe) {
    window.document$.subscribe(begin);
  } else {
    document.addEventListener('DOMContentLoaded', begin);
  }
  window.addEventListener('hashchange', arrive);
  document.addEventListener('click', follow);

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
