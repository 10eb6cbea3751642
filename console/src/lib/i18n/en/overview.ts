// English texts of the page overview.
export const overview = {
  'overview.title': 'Overview',
};
