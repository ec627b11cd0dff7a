"use strict";
/* The desk: pages work without this file. With it they stay fresh, keep their place and lose no draft.
   A frame of the socket is only a hint: what is shown always comes from the server's pages. */
(() => {
  const byId = (id) => document.getElementById(id);
  const open = () => document.querySelector(".thread")?.dataset.conversation;
  const isVisible = () => document.visibilityState === "visible";
  document.documentElement.classList.add("js");

  /* ---- keyed swap: nodes that did not change stay, with their focus, selection and place ---- */

  const LISTS = new Set(["rows", "messages", "board"]);

  function merge(list, fresh) {
    for (const { name, value } of fresh.attributes) if (name !== "class") list.setAttribute(name, value);
    const kept = new Set();
    const added = [];
    let here = list.firstElementChild;
    for (const next of [...fresh.children]) {
      const known = byId(next.id)?.parentNode === list ? byId(next.id) : null;
      let node = known || next;
      if (!known) { noticed(list, null, next); added.push(next); }
      else if (!known.isEqualNode(next)) {
        noticed(list, known, next);
        if (known === here) here = known.nextElementSibling;
        replace(known, next);
        if (next.nextElementSibling !== here) list.insertBefore(next, here);
        added.push(next);
        kept.add(next);
        continue;
      }
      if (node === here) here = here.nextElementSibling;
      else list.insertBefore(node, here);
      kept.add(node);
    }
    for (const node of [...list.children]) if (!kept.has(node)) node.remove();
    return added;
  }

  function replace(known, next) {
    const hadFocus = known.contains(document.activeElement);
    known.replaceWith(next);
    if (hadFocus) next.querySelector("a, button")?.focus({ preventScroll: true });
    return [next];
  }

  function patch(fresh) {
    const known = byId(fresh.id);
    if (!known) return [];
    if (LISTS.has(fresh.id)) return merge(known, fresh);
    return known.isEqualNode(fresh) ? [] : replace(known, fresh);
  }

  /* ---- the thread's place ---- */

  let mustStick = false, wasAtBottom = true;
  const isAtBottom = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

  function keepingPlace(change) {
    const box = byId("scroller");
    if (!box) return change();
    const stick = mustStick || isAtBottom(box);
    const top = box.getBoundingClientRect().top;
    const seen = [...box.querySelectorAll(".message")].find((m) => m.getBoundingClientRect().bottom > top);
    const at = seen?.getBoundingClientRect().top;
    const result = change();
    const still = seen && byId(seen.id);
    if (stick) { box.scrollTop = box.scrollHeight; mustStick = false; }
    else if (still) box.scrollTop += still.getBoundingClientRect().top - at;
    return result;
  }

  const resized = new ResizeObserver(([{ target }]) => { if (wasAtBottom) target.scrollTop = target.scrollHeight; });

  function watch(box) {
    resized.disconnect();
    wasAtBottom = true;
    resized.observe(box);
    box.addEventListener("scroll", () => { wasAtBottom = isAtBottom(box); }, { passive: true });
  }

  htmx.defineExtension("keyed", {
    isInlineSwap: (style) => style === "keyed",
    // A target that has left the page was that of another search or another thread: its answer comes too late.
    handleSwap: (style, target, fragment) =>
      style === "keyed" && (target.isConnected ? keepingPlace(() => [...fragment.children].flatMap(patch)) : []),
  });

  /* ---- what is new is said ---- */

  function noticed(list, before, after) {
    if (list.id === "rows") {
      const grew = Number(after.dataset.unread) > Number(before?.dataset.unread || 0);
      const isOpen = after.id === `c-${open()}`;
      if (grew && (!isOpen || !isVisible())) toast(`${after.dataset.name}: ${after.querySelector(".said").innerText.trim()}`);
    } else if (list.id === "messages" && !before && after.matches(".message.in")) {
      byId("said").textContent = after.querySelector(".bubble").innerText;
    }
  }

  function toast(words, isBad = false) {
    const note = document.createElement("p");
    note.className = isBad ? "toast bad" : "toast";
    note.dir = "auto";
    note.textContent = words.length > 140 ? `${words.slice(0, 140)}…` : words;
    byId("toasts").append(note);
    setTimeout(() => note.remove(), isBad ? 8000 : 5000);
  }

  function retitle() {
    const unread = Number(byId("rows")?.dataset.unread || 0);
    const thread = document.querySelector(".thread");
    const bare = thread ? `${thread.dataset.title} · Sufrah` : document.title.replace(/^\(\d+\) /, "");
    document.title = unread && byId("rows") ? `(${unread}) ${bare}` : bare;
  }

  /* ---- fetch again what has changed ---- */

  const due = new Set();
  const SHOWN_IN = { list: "rows", thread: "messages", orders: "board" };
  let timer = null;

  function refresh(...names) {
    names.forEach((name) => due.add(name));
    timer ??= setTimeout(() => {
      timer = null;
      const now = [...due].filter((name) => !byId(SHOWN_IN[name])?.classList.contains("htmx-request"));
      now.forEach((name) => { due.delete(name); htmx.trigger(document.body, `sufrah:${name}`); });
      if (due.size) refresh();
    }, 120);
  }

  const refreshAll = () => refresh("list", "thread", "orders");

  function heard({ type, data }) {
    if (type === "ready") { pause = FIRST_PAUSE; isLive = true; showLive(); refreshAll(); return; }
    if (type === "refetch") { refreshAll(); return; }
    if (data?.restaurantId && data.restaurantId !== byId("main").dataset.restaurant) return;
    if (type.startsWith("order.")) refresh("orders");
    else if (type.startsWith("message.") || type.startsWith("conversation.")) {
      refresh("list");
      if (data.conversationId === open()) refresh("thread");
    }
  }

  /* ---- the socket ---- */

  const FIRST_PAUSE = 500, LONGEST_PAUSE = 20000;
  let socket = null, isLive = false, pause = FIRST_PAUSE, again = null;

  function connect() {
    clearTimeout(again);
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.onmessage = ({ data }) => {
      try { heard(JSON.parse(data)); } catch (error) { console.warn("A frame could not be read", error); }
    };
    socket.onclose = () => {
      isLive = false;
      showLive();
      again = setTimeout(connect, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
  }

  function showLive() {
    const sign = byId("live");
    sign.hidden = false;
    sign.classList.toggle("off", !isLive);
    const words = isLive ? sign.dataset.on : sign.dataset.off;
    if (sign.querySelector(".words").textContent !== words) sign.querySelector(".words").textContent = words;
  }

  setInterval(() => { if (isVisible() || !isLive) refreshAll(); }, 15000);
  document.addEventListener("visibilitychange", () => { if (isVisible()) { refreshAll(); seen(); } });
  window.addEventListener("online", () => { if (!isLive) connect(); });
  window.addEventListener("pagehide", () => { if (socket) { socket.onclose = null; socket.close(); } });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { connect(); refreshAll(); } });
  document.body.addEventListener("sufrah:changed", refreshAll);

  /* ---- a thread on the screen has been read ---- */

  function seen() {
    if (isVisible() && Number(byId("messages")?.dataset.unread) > 0 && byId("seen")) htmx.trigger(byId("seen"), "sufrah:seen");
  }

  /* ---- what was typed is kept until it is sent ---- */

  const draftOf = (box) => `draft:${box.form.dataset.draft}`;
  const sent = new WeakMap();

  function restore() {
    const box = byId("text");
    if (!box) return;
    box.value = box.value || sessionStorage.getItem(draftOf(box)) || "";
    fit(box);
  }

  function keep(box) {
    if (box.value) sessionStorage.setItem(draftOf(box), box.value);
    else sessionStorage.removeItem(draftOf(box));
  }

  function fit(box) {
    if (CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  }

  document.addEventListener("input", ({ target }) => { if (target.id === "text") { keep(target); fit(target); } });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
    const writes = event.target.id === "text" && event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!writes || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    if (event.target.value.trim()) event.target.form.requestSubmit();
  });

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  }

  document.addEventListener("click", ({ target }) => closeMenus(target.closest?.("details.menu")));

  /* Threads are opened without a new page, so the place to come back to is known only now. */
  document.addEventListener("submit", ({ target }) => {
    if (target.matches("form.language")) target.elements.next.value = location.pathname + location.search;
  });

  /* ---- htmx ---- */

  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    const { elt, parameters, headers } = detail;
    headers["Sufrah-Restaurant"] = byId("main").dataset.restaurant;
    if (elt.id === "rows" || elt.id === "board") {
      const last = [...elt.querySelectorAll("[data-cursor]")].pop();
      if (last) parameters.set("until", last.dataset.cursor);
    }
    if (elt.closest("#list") && open()) parameters.set("open", open());
    if (elt.id === "messages") {
      const first = elt.querySelector("[data-code]");
      if (first) parameters.set("since", first.dataset.code);
    }
    if (elt.id === "reply") sent.set(elt, parameters.get("text"));
  });

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (elt.id === "order" && requestConfig.verb === "get" && elt.querySelector("details[open]")) event.preventDefault();
  });

  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "reply" || detail.xhr.status !== 200) return;
    const box = detail.target.querySelector("textarea");
    const words = sent.get(detail.target) || "";
    box.value = box.value.startsWith(words) ? box.value.slice(words.length) : box.value;
    keep(box);
    mustStick = true;
  });

  document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id === "thread") opened();
    if (detail.target.id === "reply") restore();
    retitle();
    seen();
  });

  function opened() {
    document.querySelectorAll(".line[aria-current]").forEach((line) => line.removeAttribute("aria-current"));
    byId(`c-${open()}`)?.querySelector(".line").setAttribute("aria-current", "page");
    settle();
    if (!matchMedia("(pointer: coarse)").matches) byId("text")?.focus();
  }

  function settle() {
    restore();
    const box = byId("scroller");
    if (box) { box.scrollTop = box.scrollHeight; watch(box); }
    retitle();
  }

  const isAsked = (detail) => detail.elt.id !== "seen" && (detail.requestConfig.verb !== "get" || detail.requestConfig.triggeringEvent?.type === "click");

  document.body.addEventListener("htmx:responseError", ({ detail }) => {
    if (!isAsked(detail)) return;
    const words = byId("toasts").dataset;
    toast({ 403: words.forbidden, 404: words.gone }[detail.xhr.status] || words.failed, true);
  });

  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(trouble, ({ detail }) => {
      if (isAsked(detail)) toast(byId("toasts").dataset.offline, true);
    });
  }

  settle();
  seen();
  connect();
})();
