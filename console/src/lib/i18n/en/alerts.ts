// English texts of the page alerts.
export const alerts = {
  'alerts.title': 'Alerts',
};
