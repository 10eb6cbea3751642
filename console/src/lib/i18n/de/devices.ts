// German texts of the page Devices.
export const devices = {
  'devices.title': 'Geräte',
};
