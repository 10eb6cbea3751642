// English texts of the page devices.
export const devices = {
  'devices.title': 'Devices',
};
