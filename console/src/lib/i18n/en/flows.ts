// English texts of the page flows.
export const flows = {
  'flows.title': 'Flows',
};
