"use strict";

// A form is sent once: further clicks do nothing while its answer is on the way, which Twilio may delay.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.ariaBusy === "true") event.preventDefault();
  else form.ariaBusy = "true";
});

// Who comes back to a page finds its forms as they were before they were sent.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[aria-busy]").forEach((form) => { form.ariaBusy = null; });
});
