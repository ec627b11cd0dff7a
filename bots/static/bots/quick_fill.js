"use strict";

// Fills the form of a new sender with everything that is known in advance; account SID and token stay empty.
document.addEventListener("DOMContentLoaded", () => {
  const data = document.getElementById("known-senders");
  if (!data) return;
  const known = JSON.parse(data.textContent);

  const put = (name, value) => {
    const field = document.getElementById(`id_${name}`);
    if (!field) return;
    field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  document.querySelectorAll("[data-quick-fill]").forEach((button) => {
    button.addEventListener("click", () => {
      put("restaurant", "");
      Object.entries(known[Number(button.dataset.quickFill)].fields).forEach(([name, value]) => put(name, value));
      document.getElementById("id_account_sid").focus();
    });
  });
});
