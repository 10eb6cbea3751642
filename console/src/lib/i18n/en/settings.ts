// English texts of the page settings.
export const settings = {
  'settings.suppressions': 'Muted alerts',
};
