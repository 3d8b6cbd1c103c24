// Keeps a page up to date: asks for it again, and changes what has changed, so that the focus, what
// is selected and how far something is scrolled all stay.
"use strict";
(() => {
  const attributes = (old, now) => {
    for (const { name } of [...old.attributes]) if (!now.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of now.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  };
  const become = (old, now) => {
    if (old.nodeName !== now.nodeName || old.id !== now.id) return old.replaceWith(now.cloneNode(true));
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    attributes(old, now);
    const wanted = [...now.childNodes];
    while (old.childNodes.length > wanted.length) old.lastChild.remove();
    wanted.forEach((child, number) =>
      number < old.childNodes.length ? become(old.childNodes[number], child) : old.append(child.cloneNode(true)));
  };
  const tails = () => [...document.querySelectorAll("[data-tail]")];
  const toEnd = (element) => { element.scrollTop = element.scrollHeight; };
  const main = document.getElementById("main"), gone = document.getElementById("gone");
  const refresh = async () => {
    const every = Number(main.dataset.every);
    if (!every) return;
    if (!document.hidden) try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(20000) });
      if (answer.status === 401) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const ended = tails().filter((one) => one.scrollHeight - one.scrollTop - one.clientHeight < 24);
      become(main, page.getElementById("main"));
      ended.forEach(toEnd);
      gone.hidden = true;
    } catch { gone.hidden = false; }
    setTimeout(refresh, every * 1000);
  };
  document.addEventListener("pointerover", (event) => {
    const said = event.target.closest?.(".hit")?.querySelector("title").textContent;
    const reading = event.target.closest?.("figure")?.querySelector(".reading");
    if (said && reading) reading.textContent = said;
  });
  tails().forEach(toEnd);
  setTimeout(refresh, 1000 * Number(main.dataset.every));
})();
