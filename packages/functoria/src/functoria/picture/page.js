"use strict";
(function () {
  const drawings = Array.from(document.querySelectorAll("svg.picture"));
  const prefix = "#device-";
  let chosen = null;

  function reached(drawing, start, from, to) {
    // What is not taken is only followed from what is itself not taken.
    const origin = boxOf(drawing, start);
    const dead = origin ? origin.classList.contains("dead") : false;
    const edges = new Map();
    for (const edge of drawing.querySelectorAll(".edge[data-from]")) {
      if (dead || !edge.classList.contains("dead")) {
        const end = edge.dataset[from];
        if (!edges.has(end)) edges.set(end, []);
        edges.get(end).push(edge);
      }
    }
    const seen = new Set([start]);
    const found = [];
    for (const id of seen) {
      for (const edge of edges.get(id) || []) {
        found.push(edge);
        seen.add(edge.dataset[to]);
      }
    }
    seen.delete(start);
    return { boxes: seen, edges: found };
  }

  function boxOf(drawing, id) {
    return boxes(drawing).find((box) => box.dataset.id === id);
  }

  function boxes(drawing) {
    return Array.from(drawing.querySelectorAll(".box"));
  }

  function light(id) {
    for (const drawing of drawings) {
      for (const part of drawing.querySelectorAll(".self, .needed, .user")) {
        part.classList.remove("self", "needed", "user");
      }
      const known = id === null ? undefined : boxOf(drawing, id);
      drawing.classList.toggle("choosing", known !== undefined);
      if (known === undefined) continue;
      const needed = reached(drawing, id, "from", "to");
      const users = reached(drawing, id, "to", "from");
      for (const edge of needed.edges) {
        edge.classList.add("needed");
        edge.parentNode.append(edge);
      }
      for (const edge of users.edges) edge.classList.add("user");
      for (const box of boxes(drawing)) {
        box.classList.toggle("needed", needed.boxes.has(box.dataset.id));
        box.classList.toggle("user", users.boxes.has(box.dataset.id));
      }
      known.classList.add("self");
    }
  }

  function choose(id) {
    chosen = id;
    light(id);
    for (const article of document.querySelectorAll("article.self")) {
      article.classList.remove("self");
    }
    const article = id === null ? null : document.getElementById("device-" + id);
    if (article) article.classList.add("self");
  }

  function linked(target) {
    const link = target.closest("a[href^='" + prefix + "']");
    return link ? link.getAttribute("href").slice(prefix.length) : null;
  }

  function beside(box, key) {
    // The nearest box in the direction of the key, those of other rows first for up and down.
    const here = box.getBoundingClientRect();
    const sideways = key === "ArrowLeft" || key === "ArrowRight";
    const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    let best = null;
    let least = Infinity;
    for (const other of boxes(box.ownerSVGElement)) {
      const there = other.getBoundingClientRect();
      const across = (there.left + there.right - here.left - here.right) / 2;
      const down = there.top - here.top;
      const ahead = sign * (sideways ? across : down);
      const aside = Math.abs(sideways ? down : across);
      const distance = ahead + 3 * aside;
      if (ahead > 2) {
        if (least > distance) {
          best = other;
          least = distance;
        }
      }
    }
    return best;
  }

  document.documentElement.classList.add("js");
  document.addEventListener("click", (event) => {
    const id = linked(event.target);
    if (id !== null) {
      event.preventDefault();
      history.replaceState(null, "", prefix + id);
      choose(id);
    } else if (event.target.closest("svg.picture")) {
      choose(null);
    }
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest(".box");
    if (event.key === "Escape") {
      choose(null);
    } else if (box ? event.key.startsWith("Arrow") : false) {
      const next = beside(box, event.key);
      if (next) {
        event.preventDefault();
        next.focus();
      }
    }
  });
  for (const drawing of drawings) {
    for (const box of boxes(drawing)) {
      box.addEventListener("pointerenter", () => light(box.dataset.id));
      box.addEventListener("pointerleave", () => light(chosen));
      box.addEventListener("focus", () => light(box.dataset.id));
      box.addEventListener("blur", () => light(chosen));
    }
  }
  window.addEventListener("hashchange", fromAddress);
  fromAddress();

  function fromAddress() {
    const hash = decodeURIComponent(location.hash);
    if (hash.startsWith(prefix)) choose(hash.slice(prefix.length));
  }
})();
