// Runs before the first paint, so that the page never flashes in the wrong theme or density.
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    var language = localStorage.getItem('language');
    if (language) root.lang = language;
  } catch {
    // Storage may be forbidden: the system's theme holds.
  }
})();
