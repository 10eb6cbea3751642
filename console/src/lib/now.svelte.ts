// This browser's clock, once a second, for everything that says how long ago something was.
class Clock {
  ms = $state(Date.now());
}
export const clockNow = new Clock();
setInterval(() => {
  if (document.visibilityState === 'visible') clockNow.ms = Date.now();
}, 1000);
