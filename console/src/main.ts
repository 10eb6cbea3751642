// Starts the console: who is here, in which language, then the page.
import './styles/tokens.css';
import './styles/base.css';
import './styles/menu.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startLanguage } from './lib/i18n.svelte';
import { startRouter } from './lib/router.svelte';
import { loadSession } from './lib/session.svelte';

startRouter();
void Promise.allSettled([startLanguage(), loadSession()]).then(() => {
  const target = document.getElementById('app');
  if (target) mount(App, { target });
});
