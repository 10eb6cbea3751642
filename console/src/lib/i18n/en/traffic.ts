// English texts of the page traffic.
export const traffic = {
  'traffic.title': 'Traffic',
};
