"use strict";
// The phone: sends what the customer says, asks for what is new, and never shows one message twice.
(() => {
  const POLL = 700, RETRY = 2000, PATIENCE = 15000;
  const $ = (id) => document.getElementById(id);
  const talk = $("talk"), composer = $("composer"), words = $("words"), presence = $("presence"), notice = $("notice");
  const says = composer.dataset;
  const here = Object.fromEntries(["sender", "as", "name"].map((name) => [name, composer.elements[name].value]));
  const token = composer.elements.csrfmiddlewaretoken.value;
  const idle = presence.textContent;
  let since = says.since, typing = says.typing === "1", line = Promise.resolve();
  let timer = 0, busy = false, again = false;

  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const atBottom = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 120;
  const toBottom = () => { talk.scrollTop = talk.scrollHeight; };

  function call(url, options = {}) {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), PATIENCE);
    return fetch(url, { credentials: "same-origin", signal: clock.signal, ...options }).finally(() => clearTimeout(timer));
  }

  function say(text, bad = false) {
    notice.textContent = text;
    notice.hidden = !text;
    notice.classList.toggle("bad", bad);
  }

  // --- what the customer says -------------------------------------------------------------------------------------

  function send(fields, preview) {
    const key = newKey();
    const bubble = $("pending").content.firstElementChild.cloneNode(true);
    bubble.id = `b-${key}`;
    bubble.querySelector(".text").textContent = preview;
    bubble.querySelector(".again").addEventListener("click", () => post(bubble, key, fields));
    post(bubble, key, fields);
  }

  // One after the other, so that messages reach the server in the order in which they were said.
  function post(bubble, key, fields) {
    bubble.dataset.mark = "pending";
    bubble.querySelector(".trouble").hidden = true;
    talk.append(bubble);
    toBottom();
    line = line.then(() => deliver(bubble, key, fields));
  }

  async function deliver(bubble, key, fields) {
    const form = new URLSearchParams({ ...here, ...fields, key });
    if ($("twice").checked) form.set("twice", "1");
    let problem = says.saysUnsent;
    try {
      const answer = await call(composer.action, { method: "POST", body: form, headers: { "X-CSRFToken": token } });
      if (answer.ok) {
        say($("twice").checked ? says.saysTwice : "");
        return look();
      }
      problem = (await answer.json()).error || problem;
    } catch { /* the server is away: the words for it are ready */ }
    if (!bubble.isConnected) return;
    bubble.dataset.mark = "unsent";
    bubble.querySelector(".trouble p").textContent = problem;
    bubble.querySelector(".trouble").hidden = false;
    toBottom();
  }

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = words.value;
    if (!text.trim()) return words.focus();
    words.value = "";
    fit();
    send({ kind: "text", text }, text);
    words.focus();
  });
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
  const fit = () => { words.style.blockSize = "auto"; words.style.blockSize = `${Math.min(words.scrollHeight, 132)}px`; };
  words.addEventListener("input", fit);

  talk.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-choice]");
    if (!button) return;
    button.closest("dialog")?.close();
    const fields = { kind: "tap", message: button.closest(".bubble").dataset.message, choice: button.dataset.choice };
    send(fields, button.dataset.title || button.textContent.trim());
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (!opener) return;
    $(opener.dataset.opens).showModal();
  });
  // A tap beside a sheet or the menu closes it.
  document.addEventListener("click", (event) => {
    if (event.target.matches("dialog")) event.target.close();
    if (!event.target.closest("summary")) $("attach").open = false;
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") $("attach").open = false; });

  $("attach").addEventListener("click", (event) => {
    const kind = event.target.closest("[data-sends]")?.dataset.sends;
    if (!kind) return;
    send({ kind }, kind === "image" ? says.saysPhoto : says.saysVoice);
  });

  // --- places -----------------------------------------------------------------------------------------------------

  const places = $("places"), point = $("point"), nowhere = $("nowhere");
  function share(place) {
    places.close();
    send({ kind: "place", ...place }, `${says.saysPlace}: ${place.label || `${place.latitude}, ${place.longitude}`}`);
  }
  places.addEventListener("click", (event) => {
    const button = event.target.closest(".named-place");
    if (button) share({ ...button.dataset });
  });
  point.addEventListener("submit", (event) => {
    event.preventDefault();
    share({ latitude: point.elements.latitude.value, longitude: point.elements.longitude.value });
  });
  $("here").addEventListener("click", () => {
    const lost = () => { nowhere.textContent = says.saysNowhere; nowhere.hidden = false; };
    if (!navigator.geolocation) return lost();
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      nowhere.hidden = true;
      point.elements.latitude.value = coords.latitude.toFixed(6);
      point.elements.longitude.value = coords.longitude.toFixed(6);
    }, lost, { timeout: 8000 });
  });

  // --- what is new ------------------------------------------------------------------------------------------------

  function show(html) {
    const stick = atBottom();
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const bubbles = [...fresh.content.querySelectorAll(".bubble")];
    for (const bubble of bubbles) {
      $(bubble.id)?.remove();
      talk.append(bubble);
    }
    // What the server does not know yet comes after all that it knows.
    talk.append(...talk.querySelectorAll('[data-mark="pending"], [data-mark="unsent"]'));
    if (stick && bubbles.length) toBottom();
  }

  function mark(marks) {
    for (const [key, [name, label]] of Object.entries(marks)) {
      const bubble = $(`b-${key}`);
      if (!bubble || bubble.dataset.mark === name) continue;
      bubble.dataset.mark = name;
      const sign = bubble.querySelector(".mark");
      sign.textContent = sign.title = label;
    }
  }

  function showTyping(typing) {
    presence.textContent = typing ? says.saysTyping : idle;
    presence.classList.toggle("typing", typing);
  }

  async function read() {
    const answer = await call(`${says.news}?${new URLSearchParams({ ...here, since })}`);
    if (answer.status === 404) return say(says.saysGone, true);
    if (answer.status === 204) return showTyping(typing);
    if (!answer.ok) throw new Error(String(answer.status));
    const news = await answer.json();
    since = news.since;
    typing = news.typing;
    show(news.html);
    mark(news.marks);
    showTyping(typing);
  }

  async function look() {
    clearTimeout(timer);
    if (busy) { again = true; return; }
    if (document.visibilityState !== "visible") return;
    busy = true;
    let pause = POLL;
    try {
      await read();
    } catch {
      presence.textContent = says.saysOffline;
      pause = RETRY;
    }
    busy = false;
    timer = setTimeout(look, again ? 0 : pause);
    again = false;
  }
  document.addEventListener("visibilitychange", look);

  const twice = $("twice");
  twice.checked = sessionStorage.getItem("twice") === "1";
  twice.addEventListener("change", () => sessionStorage.setItem("twice", twice.checked ? "1" : "0"));

  toBottom();
  look();
})();
