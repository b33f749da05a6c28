"use strict";
document.addEventListener("click", async (event) => {
  const digest = event.target.closest(".digest");
  if (!digest || !navigator.clipboard) return;
  try {
    await navigator.clipboard.writeText(digest.textContent);
    digest.classList.add("copied");
    setTimeout(() => digest.classList.remove("copied"), 1200);
  } catch {
    // Selecting still works: a click selects the whole digest.
  }
});
