// Reads the page again every few seconds and puts in what has moved. Without it the page is whole, and stands still.
(() => {
  "use strict";
  const every = Number(document.currentScript.dataset.every) * 1000;
  const announceEvery = 60000;
  let wait = every, timer = 0, announced = Date.now();

  function isInUse(part) {
    const selection = document.getSelection();
    const isSelected = selection && !selection.isCollapsed && selection.containsNode(part, true);
    return isSelected || part.contains(document.activeElement) || part.querySelector("details[open]");
  }

  function putIn(page) {
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const old = document.getElementById(fresh.id);
      if (old && !isInUse(old) && old.innerHTML !== fresh.innerHTML) {
        old.replaceChildren(...document.adoptNode(fresh).childNodes);
        for (const name of ["data-said", "data-stale"]) {
          if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
        }
      }
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

  async function read() {
    timer = 0;
    if (document.hidden) return;
    const asOf = document.getElementById("as-of");
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      putIn(new DOMParser().parseFromString(await answer.text(), "text/html"));
      announce();
      wait = every;
    } catch {
      asOf.textContent = asOf.dataset.stale;
      wait = Math.min(wait * 2, 60000);
    }
    timer = setTimeout(read, wait);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden && !timer) read(); });
  timer = setTimeout(read, wait);
})();
