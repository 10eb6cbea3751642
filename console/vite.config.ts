import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { sizes } from './build/sizes.js';

// In development the API is asked of a running program: ANOMALYZER=http://127.0.0.1:PORT.
const program = process.env['ANOMALYZER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte(), sizes()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': program } },
});
