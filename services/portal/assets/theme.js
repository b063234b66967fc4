// Loaded in the head, before anything is painted: Tabler's dark theme follows the system's wish.
// Without JavaScript the page stays light.
const wish = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  document.documentElement.dataset.bsTheme = wish.matches ? "dark" : "light";
};
wish.addEventListener("change", follow);
follow();
document.documentElement.classList.add("has-script");
