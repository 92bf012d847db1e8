// Hears what has moved, reads the page again, and changes what is otherwise now and nothing else: whoever is at a place
// in it stays there. Where nothing is to be heard it reads every few seconds. Without it the page is whole, and stands still.
(() => {
  "use strict";
  const { every, events, about } = document.currentScript.dataset;
  const often = Number(every) * 1000, seldom = 30000, longest = 60000, announceEvery = 60000;
  let stream = null, hears = false, timer = 0, due = 0, failures = 0, announced = Date.now();
  let reading = false, again = false, took = 0, ended = Date.now();

  // A row is known by its heading, whatever came before it; a thing in a list by the name that it was given.
  function key(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
    return `${node.nodeName} ${node.id || node.dataset.key || node.querySelector(":scope > th, :scope > dt")?.textContent || ""}`;
  }

  function mend(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.data = fresh.data;
      return;
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name); // what the reader opened stays open
    }
    mendChildren(old, fresh);
  }

  function mendChildren(old, fresh) {
    const left = grouped(old.childNodes), pairs = new Map();
    for (const one of fresh.childNodes) pairs.set(one, left.get(key(one))?.shift());
    for (const gone of left.values()) gone.forEach((one) => one.remove());
    let at = old.firstChild;
    for (const [one, match] of pairs) {
      if (!match) {
        old.insertBefore(document.adoptNode(one), at);
      } else {
        if (match === at) at = at.nextSibling;
        else move(match, old, at);
        mend(match, one);
      }
    }
  }

  function grouped(nodes) {
    const found = new Map();
    for (const one of nodes) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
    return found;
  }

  function move(node, parent, before) {
    const held = node.contains(document.activeElement) ? document.activeElement : null;
    parent.insertBefore(node, before);
    held?.focus({ preventScroll: true });
  }

  // Text that is being marked is not pulled from under the hand.
  function isMarked(part) {
    const marked = document.getSelection();
    return marked && !marked.isCollapsed && marked.containsNode(part, true);
  }

  function putIn(page) {
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const old = document.getElementById(fresh.id);
      if (old && !isMarked(old)) mend(old, fresh);
    }
  }

  // One sentence at most once a minute: nobody wants to be read a chart.
  function announce() {
    if (Date.now() - announced < announceEvery) return;
    const said = document.getElementById("said");
    const text = document.querySelector("[data-said]")?.dataset.said;
    if (said && text && said.textContent !== text) {
      said.textContent = text;
      announced = Date.now();
    }
  }

  function readIn(ms) {
    if (timer && due <= Date.now() + ms) return;
    clearTimeout(timer);
    due = Date.now() + ms;
    timer = setTimeout(read, ms);
  }

  // A page of one thing follows it, with a fifth of its time spent on reading; one of many things takes its ease.
  const rest = () => Math.max(0, ended + (about ? 4 * took : often) - Date.now());

  async function read() {
    timer = 0;
    if (document.hidden) return;
    if (reading) {
      again = true;
      return;
    }
    const began = Date.now(), asOf = document.getElementById("as-of");
    reading = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      putIn(new DOMParser().parseFromString(await answer.text(), "text/html"));
      announce();
      failures = 0;
    } catch {
      asOf.textContent = asOf.dataset.stale;
      failures += 1;
    }
    reading = false;
    ended = Date.now();
    took = ended - began;
    readIn(failures ? Math.min(often * 2 ** failures, longest) : again ? rest() : hears ? seldom : often);
    again = false;
  }

  function hear({ type, data }) {
    if (!about || type !== "points") return readIn(about ? often : rest());
    const { subject } = JSON.parse(data);
    if (`${subject.kind}:${subject.id ?? subject[subject.kind]}` === about) readIn(rest());
  }

  // Only while someone looks: a browser opens few connections to one server, and other tabs need them.
  function listen() {
    if (stream || document.hidden || !events || !window.EventSource) return;
    stream = new EventSource(events);
    for (const type of ["points", "source", "alert"]) stream.addEventListener(type, hear);
    stream.onopen = () => {
      hears = true;
      readIn(often); // what came between the page and this is told to nobody
    };
    stream.onerror = () => {
      hears = false;
      readIn(often);
      if (stream.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(listen, longest);
      }
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
      hears = false;
    } else {
      listen();
      readIn(0);
    }
  });
  listen();
  readIn(often);
})();
